use super::{MOST_BYTES, put, repeats};
use crate::Random;

/// Damages bytes that may be anything.
pub fn bytes(data: &mut Vec<u8>, random: &mut Random) {
    let range = random.range(data.len());
    match random.below(9) {
        0 if !data.is_empty() => {
            let at = random.below(data.len());
            data[at] ^= 1 << random.below(8);
        }
        1 => data.truncate(random.below(data.len() + 1)),
        2 => put(data, range, &[]),
        3 => {
            let part = data[range.clone()].to_vec();
            put(data, range.end..range.end, &part);
        }
        4 => {
            let part = data[range].to_vec();
            let at = random.below(data.len() + 1);
            put(data, at..at, &part);
        }
        5 => {
            let word = random.next().to_le_bytes();
            put(data, range, &word[..1 + random.below(8)]);
        }
        6 => {
            // Sizes and offsets of binary files, in both orders of bytes.
            let number =
                *[0u64, 1, 0x7f, 0xff, 0x7fff_ffff, 0xffff_ffff, u64::MAX, 1 << 63, 1 << 40]
                    .get(random.below(9))
                    .unwrap_or(&0);
            let number =
                if random.once_in(2) { number.to_le_bytes() } else { number.to_be_bytes() };
            let at = random.below(data.len() + 1);
            let end = (at + 8).min(data.len());
            put(data, at..end, &number);
        }
        7 => {
            let byte = *[0u8, 0xff, 0x80, 0xc0, b'\n', b'"', b'(', b'[']
                .get(random.below(8))
                .unwrap_or(&0);
            let many = vec![byte; repeats(random)];
            put(data, range, &many);
        }
        _ => {
            let at = random.below(data.len() + 1);
            data.insert(at, random.next() as u8);
        }
    }
    data.truncate(MOST_BYTES);
}
