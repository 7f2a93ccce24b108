//! Damage that leaves JSON mostly JSON: other types, huge numbers, deep nesting, keys twice.

use super::{MOST_BYTES, NUMBERS, WORDS, bytes, put, repeats};
use crate::Random;
use std::ops::Range;

/// A value, and the key before it if it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Value {
    key: Option<Range<usize>>,
    value: Range<usize>,
}

/// Damages a JSON text.
pub fn json(data: &mut Vec<u8>, random: &mut Random) {
    let values = values(data);
    if values.is_empty() || random.once_in(10) {
        return bytes(data, random);
    }
    let one = values[random.below(values.len())].clone();
    let other = values[random.below(values.len())].clone();
    let text = data[one.value.clone()].to_vec();
    match random.below(12) {
        0..3 => {
            let new = hostile(random);
            put(data, one.value, new.as_bytes());
        }
        3 => put(data, one.value, &near(&text, random)),
        4 => {
            // A key twice, with another value.
            let Some(key) = one.key else { return put(data, one.value, b"{}") };
            let mut twice = b", ".to_vec();
            twice.extend(&data[key]);
            twice.extend(b": ");
            twice.extend(hostile(random).bytes());
            put(data, one.value.end..one.value.end, &twice);
        }
        5 => {
            let start = one.key.map_or(one.value.start, |key| key.start);
            let end = data[one.value.end..].iter().position(|b| !b.is_ascii_whitespace());
            let comma = end.map(|i| one.value.end + i).filter(|&i| data[i] == b',');
            put(data, start..comma.map_or(one.value.end, |i| i + 1), &[]);
        }
        6 => {
            let new = data[other.value].to_vec();
            put(data, one.value, &new);
        }
        7 => {
            let n = repeats(random);
            let (open, close) = if random.once_in(2) { ("[", "]") } else { ("{\"a\":", "}") };
            let nested = [open.repeat(n).as_bytes(), &text, close.repeat(n).as_bytes()].concat();
            put(data, one.value, &nested);
        }
        8 => {
            let n = repeats(random).min(MOST_BYTES / (text.len() + 1));
            let list = vec![text; n].join(&b","[..]);
            put(data, one.value, &[b"[", list.as_slice(), b"]"].concat());
        }
        9 => {
            let Some(key) = one.key else { return put(data, one.value, b"null") };
            let new = match other.key {
                Some(other) if random.once_in(2) => data[other].to_vec(),
                _ => quoted(random.pick(&WORDS)).into_bytes(),
            };
            put(data, key, &new);
        }
        10 => {
            // One element of a list more.
            put(data, one.value.end..one.value.end, &[b",", text.as_slice()].concat());
        }
        _ => {
            let word = random.pick(&WORDS).repeat(repeats(random).min(5_000));
            put(data, one.value, quoted(&word).as_bytes());
        }
    }
    data.truncate(MOST_BYTES);
}

fn hostile(random: &mut Random) -> String {
    match random.below(10) {
        0..5 => random.pick(&NUMBERS).to_string(),
        5 | 6 => quoted(random.pick(&WORDS)),
        7 => random.pick(&["null", "true", "false", "[]", "{}", "[[]]", "\"\\ud800\""]).to_string(),
        8 => format!("{}", random.next()),
        _ => format!("{}", f64::from_bits(random.next())),
    }
}

/// A number near the one that stands there; otherwise the text with a letter more.
fn near(text: &[u8], random: &mut Random) -> Vec<u8> {
    let known = std::str::from_utf8(text).ok().and_then(|text| text.parse::<i128>().ok());
    match known {
        Some(n) => {
            let by = [-1, 1, n, -n, n * 7, 1 << 20, 1 << 32][random.below(7)];
            (n + by).to_string().into_bytes()
        }
        None => [b"0", text].concat(),
    }
}

fn quoted(text: &str) -> String {
    // Only what JSON itself wants; half of the control characters go in raw.
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out + "\""
}

/// The values of a text that is mostly JSON.
fn values(data: &[u8]) -> Vec<Value> {
    let (mut found, mut open, mut key) = (Vec::new(), Vec::new(), None);
    let mut at = 0;
    while at < data.len() && found.len() < 20_000 {
        let start = at;
        at += 1;
        match data[start] {
            b'{' | b'[' => open.push((key.take(), start)),
            b'}' | b']' => {
                if let Some((key, start)) = open.pop() {
                    found.push(Value { key, value: start..at });
                }
            }
            b'"' => {
                while at < data.len() && data[at] != b'"' {
                    at += if data[at] == b'\\' { 2 } else { 1 };
                }
                at = (at + 1).min(data.len());
                let next = data[at..].iter().find(|b| !b.is_ascii_whitespace());
                match next {
                    Some(b':') => key = Some(start..at),
                    _ => found.push(Value { key: key.take(), value: start..at }),
                }
            }
            b if b.is_ascii_alphanumeric() || b == b'-' => {
                let word = |b: &u8| !(b.is_ascii_alphanumeric() || b"+-.".contains(b));
                at = data[at..].iter().position(word).map_or(data.len(), |i| at + i);
                found.push(Value { key: key.take(), value: start..at });
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_their_keys_are_found() {
        let text = br#"{"a": [1, "x\"y"], "b": {"c": null}}"#;
        let shown: Vec<_> = values(text)
            .into_iter()
            .map(|v| {
                let key = v.key.map(|k| String::from_utf8_lossy(&text[k]).into_owned());
                (key.unwrap_or_default(), String::from_utf8_lossy(&text[v.value]).into_owned())
            })
            .collect();
        let want = [("", "1"), ("", r#""x\"y""#), ("\"a\"", r#"[1, "x\"y"]"#), ("\"c\"", "null")];
        for (i, (key, value)) in want.into_iter().enumerate() {
            assert_eq!((shown[i].0.as_str(), shown[i].1.as_str()), (key, value));
        }
        assert_eq!(shown.len(), 6);
    }

    #[test]
    fn much_of_the_damage_is_still_json() {
        let text = br#"{"a": [1, 2.5, "x"], "b": {"c": null}}"#;
        let mut good = 0;
        for i in 0..500 {
            let mut data = text.to_vec();
            json(&mut data, &mut Random::new(1, "t", i));
            good += u32::from(serde_json::from_slice::<serde_json::Value>(&data).is_ok());
        }
        assert!((250..500).contains(&good), "{good} of 500");
    }
}
