//! When, of which commit, on what: without these a number means nothing.

use serde::Serialize;
use std::time::{SystemTime, UNIX_EPOCH};
use strata_ml::device::{Info, Machine, cpu};

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

/// The commit that this binary was built from, by twelve of its digits; with `-dirty` where the sources
/// were changed since, and `unknown` where it was built outside a clone.
pub const COMMIT: &str = env!("STRATA_COMMIT");

/// What makes a measurement repeatable.
#[derive(Clone, Debug, Serialize)]
pub struct Stamp {
    /// The day, in UTC: `2026-01-31`.
    pub date: String,
    /// The commit that was measured, as [`COMMIT`] says it.
    pub commit: &'static str,
    /// Strata's version.
    pub version: &'static str,
    /// The device.
    pub device: DeviceStamp,
    /// A remark: what else the machine was doing, say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Stamp {
    /// A stamp of now.
    pub fn now(info: &Info, note: Option<String>) -> Self {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
        let device = DeviceStamp {
            machine: info.machine.name(),
            name: match info.machine {
                Machine::Cpu => format!("{}, {}", cpu::processor(), info.name),
                _ => info.name.clone(),
            },
            driver: info.driver.clone(),
        };
        let (date, version) = (date(seconds), env!("CARGO_PKG_VERSION"));
        Stamp { date, commit: COMMIT, version, device, note }
    }
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
