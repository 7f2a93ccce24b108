//! Bytes as visible characters.
//!
//! A byte-level vocabulary has tokens that are no valid text on their own, yet `tokenizer.json`
//! is text. GPT-2 writes each of the 256 bytes as one visible character: printable Latin-1 bytes
//! stand for themselves, and the others get the characters from U+0100 on. A space becomes `Ġ`,
//! a newline `Ċ`. (Radford et al., *Language Models are Unsupervised Multitask Learners*, 2019,
//! and its `encoder.py`.)

use std::sync::OnceLock;

/// The bytes in the order of the characters that stand for them, which is the order of their
/// ids in a vocabulary we train.
pub(crate) fn alphabet() -> [u8; 256] {
    let mut order = [0; 256];
    let (shown, hidden): (Vec<u8>, Vec<u8>) = (0..=255).partition(|&byte| is_shown(byte));
    for (slot, byte) in order.iter_mut().zip(shown.into_iter().chain(hidden)) {
        *slot = byte;
    }
    order
}

fn is_shown(byte: u8) -> bool {
    matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff)
}

fn characters() -> &'static [char; 256] {
    static CHARACTERS: OnceLock<[char; 256]> = OnceLock::new();
    CHARACTERS.get_or_init(|| {
        let mut characters = ['\u{fffd}'; 256];
        // 68 hidden bytes: U+0100 to U+0143, all of them characters.
        let mut hidden = '\u{100}'..;
        for (place, byte) in characters.iter_mut().zip(0..=255) {
            *place =
                if is_shown(byte) { char::from(byte) } else { hidden.next().unwrap_or(*place) };
        }
        characters
    })
}

/// Bytes as the characters that stand for them.
#[expect(clippy::indexing_slicing, reason = "a byte is below 256")]
pub(crate) fn to_visible(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| characters()[usize::from(byte)]).collect()
}

/// The bytes that a visible text stands for; `None` if a character stands for no byte.
pub(crate) fn from_visible(text: &str) -> Option<Vec<u8>> {
    /// One more than the last character that stands for a byte.
    const END: usize = 0x144;
    static BYTES: OnceLock<[Option<u8>; END]> = OnceLock::new();
    let bytes = BYTES.get_or_init(|| {
        let mut bytes = [None; END];
        for (byte, &character) in (0..=255).zip(characters()) {
            if let Some(place) = bytes.get_mut(character as usize) {
                *place = Some(byte);
            }
        }
        bytes
    });
    text.chars().map(|c| bytes.get(c as usize).copied().flatten()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_its_own_character() {
        let all: Vec<u8> = (0..=255).collect();
        let visible = to_visible(&all);
        assert_eq!(visible.chars().count(), 256);
        assert_eq!(from_visible(&visible), Some(all));
        assert_eq!(to_visible(b"a b\n"), "a\u{120}b\u{10a}");
        assert_eq!(from_visible("a b"), None);
    }

    #[test]
    fn the_alphabet_is_in_the_order_of_its_characters() {
        let order = alphabet().map(|byte| characters()[usize::from(byte)]);
        assert!(order.is_sorted());
        assert_eq!((order[0], order[255]), ('!', '\u{143}'));
    }
}
