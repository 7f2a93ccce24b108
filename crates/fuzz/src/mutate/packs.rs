//! Damage to a pack of files: to one of them, or to what there is.

use super::{bytes, json, tensors, text};
use crate::{Pack, Random};
use sha2::{Digest, Sha256};

/// Damages a pack: mostly one of its files, by what its name says it is.
pub fn pack(data: &mut Vec<u8>, random: &mut Random, words: &[&str]) {
    let mut pack = Pack::parse(data);
    if pack.files.is_empty() || random.once_in(40) {
        return bytes(data, random);
    }
    let (at, other) = (random.below(pack.files.len()), random.below(pack.files.len()));
    match random.below(24) {
        0 => drop(pack.files.remove(at)),
        1 => pack.files[at].1 = pack.files[other].1.clone(),
        2 => pack.files[at].1.clear(),
        _ => {
            let (name, content) = &mut pack.files[at];
            match name.rsplit('.').next() {
                Some("json") => json(content, random),
                Some("safetensors") => tensors(content, random),
                _ => text(content, random, words),
            }
        }
    }
    *data = pack.bytes();
}

/// Puts the checksums of a checkpoint's `trainer.json` right, so that the damage to the other files
/// is looked at and not only found: `NAME_sha256` is that of `NAME.safetensors` or `NAME.json`.
pub fn sign(data: &mut Vec<u8>) {
    let mut pack = Pack::parse(data);
    let mut trainer = pack.text("trainer.json");
    let mut from = 0;
    while let Some(at) = trainer[from..].find("_sha256\"").map(|at| from + at) {
        from = at + "_sha256\"".len();
        let stem = trainer[..at].rsplit('"').next().unwrap_or_default().to_string();
        let names = [format!("{stem}.safetensors"), format!("{stem}.json")];
        let Some(content) = names.iter().find_map(|name| pack.get(name)) else { continue };
        let digest = Sha256::digest(content).iter().map(|b| format!("{b:02x}")).collect::<String>();
        let rest = &trainer[from..];
        let Some(open) = rest.find('"').filter(|&i| rest[..i].trim() == ":") else { continue };
        let Some(close) = rest[open + 1..].find('"') else { continue };
        trainer.replace_range(from + open + 1..from + open + 1 + close, &digest);
    }
    for (name, content) in &mut pack.files {
        // Where it is not UTF-8, that is the damage.
        if name == "trainer.json" && std::str::from_utf8(content).is_ok() {
            *content = trainer.clone().into_bytes();
        }
    }
    *data = pack.bytes();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_put_right() {
        let trainer = r#"{"model_sha256": "00", "config_sha256":"", "other_sha256": "keep"}"#;
        let pack = Pack::default().with("trainer.json", trainer).with("config.json", "");
        let mut data = pack.with("model.safetensors", "").bytes();
        sign(&mut data);
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let text = Pack::parse(&data).text("trainer.json");
        assert_eq!(text.matches(empty).count(), 2, "{text}");
        assert!(text.contains("keep"));
    }
}
