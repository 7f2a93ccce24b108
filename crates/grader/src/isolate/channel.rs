//! How a judge says its verdict: over a line of its own, each message under a code that only the two
//! ends can make. What an answer prints is never taken for a verdict, and neither is what it manages
//! to write into the line without the key.

use super::bounds::{Bounds, Limits};
use crate::Verdict;
use crate::grade::Job;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::io::{self, BufRead, Read, Write};

/// The longest message that is read.
const LONGEST: u64 = 1 << 20;
/// The most that is listened to, in all.
const MOST: u64 = 16 << 20;

/// What the judge is told: the first line, and the only one.
#[derive(Serialize, Deserialize)]
pub(super) struct Start {
    pub key: String,
    pub job: Job,
    pub bounds: Bounds,
}

/// What a judge says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Said {
    /// What it could hold itself to, before anything of the answer ran.
    Limits(Limits),
    /// What is known so far.
    Known(Verdict),
    /// The end, and the seconds of the timed call.
    Last(Verdict, Option<f64>),
}

/// A key for one judgement.
pub(super) fn new_key() -> io::Result<String> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).map_err(|e| io::Error::other(e.to_string()))?;
    Ok(hex(&bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.chars().map(|c| u8::try_from(c.to_digit(16)?).ok());
    let digits: Vec<u8> = digits.collect::<Option<_>>()?;
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    Some(pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

/// The code of the message with this number.
fn code(key: &str, number: u64, text: &str) -> Option<Hmac<Sha256>> {
    // HMAC takes a key of any length.
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).ok()?;
    mac.update(&number.to_le_bytes());
    mac.update(text.as_bytes());
    Some(mac)
}

/// The judge's end.
pub(super) struct Speaker {
    out: Box<dyn Write + Send>,
    key: String,
    number: u64,
    /// What a line begins with, where it shares its way with what the answer prints.
    mark: &'static str,
}

impl Speaker {
    pub fn new(out: Box<dyn Write + Send>, key: String, mark: &'static str) -> Self {
        Speaker { out, key, number: 0, mark }
    }

    pub fn say(&mut self, said: &Said) {
        let Ok(text) = serde_json::to_string(said) else { return };
        let Some(code) = code(&self.key, self.number, &text) else { return };
        let code = hex(&code.finalize().into_bytes());
        self.number += 1;
        let line = format!("\n{}{code} {text}\n", self.mark);
        // If nobody listens any more there is nobody to tell.
        let _ = self.out.write_all(line.as_bytes()).and_then(|()| self.out.flush());
    }
}

/// The end of the one who waits.
pub(super) struct Listener {
    key: String,
    number: u64,
    mark: &'static str,
}

impl Listener {
    pub fn new(key: String, mark: &'static str) -> Self {
        Listener { key, number: 0, mark }
    }

    /// What a line says, if it is the judge's own.
    pub fn hear(&mut self, line: &str) -> Option<Said> {
        let (given, text) = line.strip_prefix(self.mark)?.split_once(' ')?;
        code(&self.key, self.number, text)?.verify_slice(&unhex(given)?).ok()?;
        self.number += 1;
        serde_json::from_str(text).ok()
    }

    /// Hears lines until nobody speaks any more, or too much was said.
    pub fn listen(mut self, line: impl Read, mut tell: impl FnMut(Said) -> bool) {
        let mut line = io::BufReader::new(line.take(MOST));
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            match (&mut line).take(LONGEST).read_until(b'\n', &mut bytes) {
                Ok(n) if n > 0 => {}
                _ => return,
            }
            let said = std::str::from_utf8(&bytes).ok().and_then(|t| self.hear(t.trim_end()));
            if let Some(said) = said
                && !tell(said)
            {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(key: &str, bytes: &[u8]) -> Vec<Said> {
        let mut all = Vec::new();
        Listener::new(key.into(), "").listen(bytes, |said| {
            all.push(said);
            true
        });
        all
    }

    /// What a speaker with this key sends.
    fn sent(key: &str, list: &[Said]) -> Vec<u8> {
        let (line, there) = io::pipe().unwrap();
        let mut speaker = Speaker::new(Box::new(there), key.into(), "");
        list.iter().for_each(|said| speaker.say(said));
        drop(speaker);
        let mut bytes = Vec::new();
        { line }.read_to_end(&mut bytes).unwrap();
        bytes
    }

    fn passed() -> Said {
        Said::Last(Verdict::Passed { checks: 1 }, None)
    }

    #[test]
    fn only_who_has_the_key_is_believed() {
        let key = new_key().unwrap();
        assert_ne!(key, new_key().unwrap());
        let list = [Said::Limits(Limits::default()), passed()];
        assert_eq!(heard(&key, &sent(&key, &list)), list);
        assert_eq!(heard(&key, &sent(&new_key().unwrap(), &list)), []);
        let plain = format!("strata-verdict {}\n", serde_json::to_string(&passed()).unwrap());
        assert_eq!(heard(&key, plain.as_bytes()), []);
    }

    #[test]
    fn a_message_counts_once_and_in_its_place() {
        let bytes = sent("k", &[passed()]);
        let twice = [&bytes[..], &bytes[..]].concat();
        assert_eq!(heard("k", &twice).len(), 1);
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(heard("k", text.replace("checks\":1", "checks\":2").as_bytes()), []);
        // Noise between the lines, and bytes that are no text, change nothing.
        let noisy = [b"\xff\xfe\n", text.as_bytes()].concat();
        assert_eq!(heard("k", &noisy).len(), 1);
    }

    #[test]
    fn a_flood_is_not_kept() {
        let flood = io::repeat(b'x');
        let mut count = 0;
        Listener::new("k".into(), "").listen(flood, |_| {
            count += 1;
            true
        });
        assert_eq!(count, 0);
    }
}
