//! Damage to safetensors files: eight bytes of length, a JSON head, the numbers.

use super::{MOST_BYTES, bytes, json};
use crate::Random;

/// Damages a safetensors file: mostly its head, mostly with the length put right again.
pub fn tensors(data: &mut Vec<u8>, random: &mut Random) {
    let Some((mut head, mut body)) = parts(data) else { return bytes(data, random) };
    match random.below(8) {
        0 => return bytes(data, random),
        1 => bytes(&mut body, random),
        2 => {
            // A tensor's name, with what a terminal would act on.
            let name = random.below(head.len().max(1));
            let at = head[name.min(head.len())..].iter().position(|&b| b == b'"');
            if let Some(at) = at {
                let at = name + at + 1;
                head.splice(at..at, *b"\\u001b[2J");
            }
        }
        _ => json(&mut head, random),
    }
    let length = match random.below(10) {
        0 => random.next(),
        1 => head.len() as u64 + 1,
        _ => head.len() as u64,
    };
    *data = [&length.to_le_bytes()[..], &head, &body].concat();
    data.truncate(MOST_BYTES);
}

fn parts(data: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let length = u64::from_le_bytes(*data.first_chunk::<8>()?);
    let end = usize::try_from(length).ok()?.checked_add(8)?;
    Some((data.get(8..end)?.to_vec(), data[end..].to_vec()))
}
