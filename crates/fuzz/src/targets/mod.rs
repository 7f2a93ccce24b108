//! What reads files, in this process.

mod checkpoint;
mod exercise;
pub mod kernels;
mod page;
mod text;
mod tokenizer;

pub use checkpoint::tiny;
pub use kernels as kernel_words;

use crate::{Kind, Pack, Random, Target, mutate};

/// The targets of this process.
pub fn all() -> Vec<Target> {
    [
        checkpoint::targets(),
        tokenizer::targets(),
        text::targets(),
        kernels::targets(),
        exercise::targets(),
        page::targets(),
    ]
    .concat()
}

/// A target of this process; the rest is filled in by those that need it.
const INSIDE: Target = Target {
    name: "",
    about: "",
    kind: Kind::Inside,
    run: |_| {},
    seeds: Vec::new,
    mutate: mutate::bytes,
    lacks: || None,
    share: 2,
};

/// Damages a pack in which only JSON and tensors are more than text.
fn pack(data: &mut Vec<u8>, random: &mut Random) {
    mutate::pack(data, random, &mutate::WORDS);
}

/// Text that the terminal may be shown: nothing in it is acted on.
///
/// # Panics
/// A control character that is no line break and no tab.
fn is_harmless(text: &str) {
    let wild = text.chars().find(|&c| c.is_control() && c != '\n' && c != '\t');
    assert!(wild.is_none(), "a control character reaches the terminal: {wild:?}");
}

/// The files of a pack, in a fresh folder.
///
/// # Panics
/// There is no room.
fn laid(pack: &Pack) -> std::path::PathBuf {
    let folder = crate::scratch();
    pack.lay(&folder).unwrap_or_else(|e| panic!("no room for the input: {e}"));
    folder
}
