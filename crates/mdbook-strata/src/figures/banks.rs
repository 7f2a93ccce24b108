//! Thirty-two banks, and three ways to read them.

use super::svg::{Anchor, Svg};
use std::fmt::Write;

const BANKS: usize = 32;
const STEP: f64 = 6.0;

pub(super) fn draw() -> Svg {
    let text = "Shared memory three times, as a table: its 32 columns are the banks, its rows follow each other \
                in memory. Left, 32 lanes read a row of a tile of 32 by 32: one word from each bank, all in \
                one turn. Middle, they read a column of the same tile: 32 words of bank 0, one after the \
                other, 32 turns. Right, the tile has rows of 33 words: the column now runs diagonally \
                through the table, one word from each bank, one turn.";
    let mut svg = Svg::new("banks", 640.0, 344.0, "Banks of shared memory", text);
    let ways: [(&str, &str, fn(usize) -> usize); 3] = [
        ("a row", "tile[32][32]", |lane| lane),
        ("a column", "tile[32][32]", |lane| 32 * lane),
        ("a column, padded", "tile[32][33]", |lane| 33 * lane),
    ];
    for (i, (name, tile, address)) in ways.into_iter().enumerate() {
        one(&mut svg, 223.0 * i as f64, name, tile, address);
    }
    svg.notes(
        0.0,
        318.0,
        Anchor::Start,
        &["A bank hands out one word at a time.", "Violet: the words that 32 lanes ask for."],
    );
    svg.stack(&[
        [0.0, 0.0, 200.0, 286.0],
        [222.0, 0.0, 200.0, 286.0],
        [445.0, 0.0, 195.0, 286.0],
        [0.0, 304.0, 340.0, 40.0],
    ])
}

fn one(svg: &mut Svg, x: f64, name: &str, tile: &str, address: fn(usize) -> usize) {
    let (top, rows) = (64.0, 32);
    svg.text(x, 18.0, Anchor::Start, "strong", name);
    svg.text(x, 38.0, Anchor::Start, "mono small soft", tile);
    svg.text(x + STEP * 32.0, 56.0, Anchor::End, "small soft", "bank 31");
    svg.text(x, 56.0, Anchor::Start, "small soft", "bank 0");
    let mut d = String::new();
    for bank in 0..BANKS {
        let height = STEP * rows as f64;
        let _ =
            write!(d, "M{} {top}v{height}h{}v-{height}Z", x + 0.5 + STEP * bank as f64, STEP - 1.0);
    }
    svg.path(&d, "fill-0");
    let mut busy = [0; BANKS];
    for at in (0..BANKS).map(address) {
        #[expect(clippy::indexing_slicing, reason = "a remainder of its length")]
        let turns = &mut busy[at % BANKS];
        *turns += 1;
        let (bank, row) = ((at % BANKS) as f64, (at / BANKS) as f64);
        svg.rect(x + STEP * bank, top + STEP * row, STEP, STEP, 0.0, "fill-4");
    }
    let turns = busy.into_iter().max().unwrap_or(0);
    let word = if turns == 1 { "1 turn".into() } else { format!("{turns} turns") };
    svg.text(x, top + STEP * rows as f64 + 24.0, Anchor::Start, "strong", &word);
}
