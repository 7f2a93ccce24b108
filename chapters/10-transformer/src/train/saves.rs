use crate::checkpoint::RunFolder;
use crate::{Error, Result};
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;
use web_time::Instant;

/// How often a run is saved, beside its end.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum SaveEvery {
    /// After ten seconds, then after twice as long each time, up to two minutes: a run that is
    /// killed early has lost little, and a long one spends little on it.
    #[default]
    Growing,
    /// Every so many steps.
    Steps(u64),
    /// Every so many seconds.
    Seconds(f64),
}

impl SaveEvery {
    /// The first time and the longest time of [`Growing`](Self::Growing).
    const FIRST: Duration = Duration::from_secs(10);
    const LONGEST: Duration = Duration::from_secs(120);

    /// Checks the number.
    ///
    /// # Errors
    /// Zero, or more than any run has.
    pub fn validate(self) -> Result<Self> {
        let fail = |text: String| Err(Error::Value(text));
        match self {
            SaveEvery::Steps(n) if n == 0 || n > u64::from(u32::MAX) => {
                fail(format!("save every {n} steps: it must be 1 to 4,294,967,295"))
            }
            SaveEvery::Seconds(s) if !(s > 0.0 && s <= 60.0 * 60.0 * 24.0 * 365.0) => {
                fail(format!("save every {s} seconds: it must be above 0 and at most a year"))
            }
            good => Ok(good),
        }
    }
}

impl FromStr for SaveEvery {
    type Err = String;

    /// `500` (steps), `30s`, `2m`, `1h`.
    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let wrong =
            || format!("{text:?} is neither a number of steps (500) nor a time (30s, 2m, 1h)");
        let units = [('s', 1.0), ('m', 60.0), ('h', 3600.0)];
        let time = units.into_iter().find_map(|(c, unit)| Some((text.strip_suffix(c)?, unit)));
        let every = match time {
            None => SaveEvery::Steps(text.parse().map_err(|_| wrong())?),
            Some((number, unit)) => {
                let number: f64 = number.parse().map_err(|_| wrong())?;
                SaveEvery::Seconds(number * unit)
            }
        };
        every.validate().map_err(|error| error.to_string())
    }
}

/// Where a run is saved, and how often.
#[derive(Debug)]
pub struct Saves {
    /// The folder, which nobody else saves to meanwhile.
    pub folder: RunFolder,
    /// How often.
    pub every: SaveEvery,
}

impl Saves {
    /// Saves into a folder, as often as suits most runs.
    ///
    /// # Errors
    /// Another run has it; it cannot be written.
    pub fn to(folder: &Path) -> Result<Self> {
        Ok(Saves { folder: RunFolder::open(folder)?, every: SaveEvery::default() })
    }
}

/// When the next save is due.
#[derive(Debug)]
pub(super) struct Due {
    every: SaveEvery,
    wait: Duration,
    last: Instant,
    step: u64,
}

impl Due {
    pub fn new(every: SaveEvery, step: u64) -> Self {
        let wait = match every {
            SaveEvery::Seconds(s) => Duration::try_from_secs_f64(s).unwrap_or(SaveEvery::LONGEST),
            _ => SaveEvery::FIRST,
        };
        Due { every, wait, last: Instant::now(), step }
    }

    /// Is it, after so many steps?
    pub fn is_now(&self, step: u64) -> bool {
        match self.every {
            SaveEvery::Steps(n) => step.saturating_sub(self.step) >= n,
            _ => self.last.elapsed() >= self.wait,
        }
    }

    /// It was tried; whether it went well does not matter, the next try has its time.
    pub fn tried(&mut self, step: u64) {
        if self.every == SaveEvery::Growing {
            self.wait = (2 * self.wait).min(SaveEvery::LONGEST);
        }
        self.last = Instant::now();
        self.step = step;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_and_times_are_read() {
        let read = |text: &str| text.parse::<SaveEvery>();
        assert_eq!(read("500"), Ok(SaveEvery::Steps(500)));
        assert_eq!(read("30s"), Ok(SaveEvery::Seconds(30.0)));
        assert_eq!(read("1.5m"), Ok(SaveEvery::Seconds(90.0)));
        assert_eq!(read("1h"), Ok(SaveEvery::Seconds(3600.0)));
        for wrong in ["", "0", "0s", "-1", "-1s", "NaNs", "infh", "1e99h", "s", "5d", "ü", "1 s"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn saves_become_due() {
        let mut due = Due::new(SaveEvery::Steps(3), 10);
        assert!(!due.is_now(12) && due.is_now(13));
        due.tried(13);
        assert!(!due.is_now(15) && due.is_now(16));
        let mut due = Due::new(SaveEvery::Growing, 0);
        let waits: Vec<u64> = (0..6)
            .map(|_| {
                let wait = due.wait.as_secs();
                due.tried(0);
                wait
            })
            .collect();
        assert_eq!(waits, [10, 20, 40, 80, 120, 120]);
    }
}
