//! Numbers as people read them.

use std::time::Duration;

/// `12,318,720`.
pub fn count(n: impl TryInto<u128>) -> String {
    let digits = n.try_into().unwrap_or(0).to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The whole part of a number that was measured, for [`count`].
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float becomes the nearest integer that there is, and NaN becomes 0"
)]
pub fn whole(x: f64) -> u64 {
    x as u64
}

/// `3m 05s`, `1h 02m`, `12s`, `0.8s`.
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{:.1}s", time.as_secs_f64()),
        10..60 => format!("{seconds}s"),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h {:02}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d {:02}h", seconds / 86_400, seconds / 3600 % 24),
    }
}

/// A measured time: `812.0 µs`, `4.82 ms`, `1.33 s`.
pub fn time(seconds: f64) -> String {
    match seconds {
        s if s < 1e-3 => format!("{:.1} µs", s * 1e6),
        s if s < 1.0 => format!("{:.2} ms", s * 1e3),
        s => format!("{s:.2} s"),
    }
}

/// `1.5 GiB`.
pub fn bytes(n: u64) -> String {
    let (mut value, mut text) = (n as f64, format!("{n} bytes"));
    for unit in ["KiB", "MiB", "GiB", "TiB"] {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        text = format!("{value:.1} {unit}");
    }
    text
}

/// A loss or a ratio: four significant digits around 1.
pub fn fixed(x: f64) -> String {
    format!("{x:.4}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!([1.2e-6, 4.82e-3, 1.333].map(time), ["1.2 µs", "4.82 ms", "1.33 s"]);
        assert_eq!(count(12_318_720u64), "12,318,720");
        assert_eq!(count(7usize), "7");
        assert_eq!(count(1000u32), "1,000");
        assert_eq!(duration(Duration::from_millis(800)), "0.8s");
        assert_eq!(duration(Duration::from_secs(185)), "3m 05s");
        assert_eq!(duration(Duration::from_secs(3725)), "1h 02m");
        assert_eq!(bytes(3 << 29), "1.5 GiB");
        assert_eq!(bytes(12), "12 bytes");
        assert_eq!(bytes(u64::MAX), "16777216.0 TiB");
        assert_eq!([-1.5, 2.9, f64::NAN, 1e300].map(whole), [0, 2, 0, u64::MAX]);
    }
}
