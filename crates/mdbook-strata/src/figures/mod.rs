//! The figures, one file each: drawn by code, kept in `book/figures/out/`.
//!
//! A colour means the same in all of them: `fill-1` what is read, or stands on the left (A, x, a
//! query); `fill-2` what stands on the right (B, keys and values, a row that is broadcast); `fill-3`
//! results; `fill-4` what is pointed at: the shared memory, the lines of memory that are touched,
//! gradients, the newest thing. `fill-0` is all the rest, and `ghost` what is not there, not now, or
//! comes along unasked.

mod arena;
mod attention;
mod banks;
mod block;
mod bpe;
mod broadcast;
mod causal;
mod diamond;
mod flash_tiles;
mod fusion;
mod gelu;
mod grid;
mod hierarchy;
mod kv_cache;
pub(crate) mod labels;
mod launch;
mod layernorm_backward;
mod layernorm_rows;
mod map_register;
mod maps;
mod matmul;
mod matmul_backward;
mod occupancy;
pub(crate) mod plot;
mod reduce_tree;
mod schedule;
mod sectors;
mod shapes;
mod softmax_online;
mod stories;
mod strides;
pub mod svg;
mod tape;
mod tiles;
mod training_loop;
mod transpose;
mod unbroadcast;

use crate::fault::{Error, Problem};
use crate::tree::Tree;
use std::fs;
use std::path::Path;
use svg::Svg;

/// A figure: its name in `{{#figure name}}`, and what draws it.
pub struct Figure {
    /// Its name.
    pub name: &'static str,
    /// Draws it.
    pub draw: fn() -> Svg,
}

/// Every figure there is.
pub const FIGURES: [Figure; 33] = [
    Figure { name: "arena", draw: arena::draw },
    Figure { name: "attention", draw: attention::draw },
    Figure { name: "banks", draw: banks::draw },
    Figure { name: "block", draw: block::draw },
    Figure { name: "bpe", draw: bpe::draw },
    Figure { name: "broadcast", draw: broadcast::draw },
    Figure { name: "causal", draw: causal::draw },
    Figure { name: "diamond", draw: diamond::draw },
    Figure { name: "flash-tiles", draw: flash_tiles::draw },
    Figure { name: "fusion", draw: fusion::draw },
    Figure { name: "gelu", draw: gelu::draw },
    Figure { name: "grid", draw: launch::draw },
    Figure { name: "hierarchy", draw: hierarchy::draw },
    Figure { name: "kv-cache", draw: kv_cache::draw },
    Figure { name: "layernorm-backward", draw: layernorm_backward::draw },
    Figure { name: "layernorm-rows", draw: layernorm_rows::draw },
    Figure { name: "map-coalesced", draw: maps::coalesced },
    Figure { name: "map-naive", draw: maps::naive },
    Figure { name: "map-register", draw: map_register::draw },
    Figure { name: "map-tiled", draw: maps::tiled },
    Figure { name: "matmul", draw: matmul::draw },
    Figure { name: "matmul-backward", draw: matmul_backward::draw },
    Figure { name: "occupancy", draw: occupancy::draw },
    Figure { name: "reduce-tree", draw: reduce_tree::draw },
    Figure { name: "schedule", draw: schedule::draw },
    Figure { name: "softmax-online", draw: softmax_online::draw },
    Figure { name: "stories", draw: stories::draw },
    Figure { name: "strides", draw: strides::draw },
    Figure { name: "tape", draw: tape::draw },
    Figure { name: "tiles", draw: tiles::draw },
    Figure { name: "training-loop", draw: training_loop::draw },
    Figure { name: "transpose", draw: transpose::draw },
    Figure { name: "unbroadcast", draw: unbroadcast::draw },
];

/// The bytes of a figure's file; the largest has 30 kB.
pub(crate) const MOST: u64 = 4 << 20;

/// The figure of that name.
pub fn draw(name: &str) -> Option<Svg> {
    FIGURES.iter().find(|figure| figure.name == name).map(|figure| (figure.draw)())
}

/// Draws all figures into their files, where they are not so already.
///
/// # Errors
/// A file cannot be written.
pub fn write(book: &Path) -> Result<(), Error> {
    let folder = book.join("figures/out");
    fs::create_dir_all(&folder).map_err(Error::file(&folder))?;
    for figure in &FIGURES {
        let (file, svg) = (folder.join(format!("{}.svg", figure.name)), (figure.draw)());
        let svg = svg.stand_alone();
        // Writing what is there already would wake those who watch.
        if strata_files::read_text(&file, MOST).ok().as_ref() != Some(&svg) {
            strata_files::write(&file, svg.as_bytes())?;
        }
    }
    Ok(())
}

/// Figures whose file is not what the code draws.
pub fn stale(tree: &Tree, book: &Path) -> Vec<Problem> {
    let stale = |figure: &&Figure| {
        let file = book.join("figures/out").join(format!("{}.svg", figure.name));
        let text = strata_files::read_text(&file, MOST).unwrap_or_default().replace("\r\n", "\n");
        text != (figure.draw)().stand_alone()
    };
    let problem = |figure: &Figure| Problem {
        file: tree.relative(&book.join("figures/out").join(format!("{}.svg", figure.name))),
        line: 1,
        what: "it is not what the code draws now".into(),
    };
    FIGURES.iter().filter(stale).map(problem).collect()
}

#[cfg(test)]
mod tests;
