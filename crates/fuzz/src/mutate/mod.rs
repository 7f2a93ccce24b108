//! How a good input is made a bad one: at the level of what it is, and at that of its bytes.

mod bytes;
mod json;
mod packs;
mod tensors;
mod text;

pub use bytes::bytes;
pub use json::json;
pub use packs::{pack, sign};
pub use tensors::tensors;
pub use text::text;

use crate::Random;

/// No input is longer: what is wanted is a fault of few bytes.
pub const MOST_BYTES: usize = 1 << 20;

/// Numbers at which something changes.
pub const NUMBERS: [&str; 40] = [
    "0",
    "1",
    "2",
    "3",
    "7",
    "-1",
    "-2",
    "255",
    "256",
    "257",
    "4095",
    "65535",
    "65536",
    "65537",
    "1048576",
    "1048577",
    "16777215",
    "16777216",
    "16777217",
    "2147483647",
    "2147483648",
    "4294967295",
    "4294967296",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "1e308",
    "-1e308",
    "1e309",
    "1e19",
    "1e-320",
    "2e19",
    "0.5",
    "-0.0",
    "1e9",
    "3.4e38",
    "99999999999999999999999999",
    "0x10",
];

/// Texts at which something changes.
pub const WORDS: [&str; 26] = [
    "",
    " ",
    "\0",
    "\n",
    "\r\n",
    "\t",
    "\u{1b}[2J",
    "\u{1b}]0;x\u{7}",
    "\u{9b}31m",
    "\u{202e}",
    "\u{feff}",
    "é",
    "日本語",
    "😀",
    "\u{301}",
    "../../../x",
    "/dev/zero",
    "NaN",
    "inf",
    "null",
    "%s%n",
    "<script>",
    "\"",
    "\\",
    "{{#",
    "CON",
];

/// A number of repeats: mostly few, sometimes as many as it takes to fill a stack.
pub fn repeats(random: &mut Random) -> usize {
    match random.below(8) {
        0..4 => 1 + random.below(4),
        4 | 5 => 1 + random.below(100),
        6 => 1 + random.below(3_000),
        _ => 1 + random.below(120_000),
    }
}

/// Puts something in the place of a range.
pub fn put(data: &mut Vec<u8>, range: std::ops::Range<usize>, with: &[u8]) {
    data.splice(range, with.iter().copied());
}
