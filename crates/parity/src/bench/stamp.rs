//! When, of which commit, on what: without these a number means nothing.

use serde::Serialize;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};
use strata_ml::device::Info;

/// Who was measured.
#[derive(Clone, Debug, Serialize)]
pub struct DeviceStamp {
    /// `cpu`, `cuda` or `wgpu`.
    pub machine: &'static str,
    /// The name its maker gave it.
    pub name: String,
    /// Driver or instruction set, with version.
    pub driver: String,
}

/// What makes a measurement repeatable.
#[derive(Clone, Debug, Serialize)]
pub struct Stamp {
    /// The day, in UTC: `2026-01-31`.
    pub date: String,
    /// The commit, with `+` where files were changed since; `None` outside a clone.
    pub commit: Option<String>,
    /// Strata's version.
    pub version: &'static str,
    /// The device.
    pub device: DeviceStamp,
}

impl Stamp {
    /// A stamp of now.
    pub fn now(info: &Info) -> Self {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
        let device = DeviceStamp {
            machine: info.machine.name(),
            name: info.name.clone(),
            driver: info.driver.clone(),
        };
        let (date, version) = (date(seconds), env!("CARGO_PKG_VERSION"));
        Stamp { date, commit: commit(), version, device }
    }
}

fn commit() -> Option<String> {
    let git = |args: &[&str]| {
        let output = Command::new("git").args(args).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_string())
    };
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    let changed = git(&["status", "--porcelain", "--untracked-files=no"])?;
    Some(if changed.is_empty() { commit } else { commit + "+" })
}

/// The day that so many seconds after 1970 lie in (Hinnant, "chrono-compatible low-level date
/// algorithms": years that begin in March, so that the leap day comes last).
fn date(seconds: u64) -> String {
    let days = seconds / 86_400 + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month) =
        (day - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    let year = era * 400 + year + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn days_have_their_names() {
        let day = 86_400;
        for (days, name) in [
            (0, "1970-01-01"),
            (58, "1970-02-28"),
            (59, "1970-03-01"),
            (789, "1972-02-29"),
            (11_016, "2000-02-29"),
            (20_484, "2026-01-31"),
            (47_540, "2100-02-28"),
            (47_541, "2100-03-01"),
        ] {
            assert_eq!(date(days * day + 5), name);
        }
    }
}
