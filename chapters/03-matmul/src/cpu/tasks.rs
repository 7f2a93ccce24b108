//! The result in tiles, one task each.
use super::problem::Row;
use rayon::prelude::*;
use std::mem::take;

/// A rectangle of the result that one thread computes.
pub(super) struct Task<'a> {
    /// First row and first column, within the product.
    pub i: usize,
    pub j: usize,
    pub rows: Vec<Row<'a>>,
}

impl Task<'_> {
    /// Columns of the rectangle.
    pub fn width(&self) -> usize {
        self.rows.first().map_or(0, |row| row.c.len())
    }
}

/// Rows in groups of `height`, each with the memory of its own rows only.
pub(super) fn pieces(rows: Vec<Row<'_>>, height: usize) -> Vec<Vec<Row<'_>>> {
    let mut pieces = Vec::with_capacity(rows.len().div_ceil(height.max(1)));
    let mut rows = rows.into_iter();
    while rows.len() > 0 {
        pieces.push(rows.by_ref().take(height.max(1)).collect());
    }
    pieces
}

/// Splits a product's rows into rectangles of at most `height` by `width`: those of the first columns
/// come first, from top to bottom.
pub(super) fn split(mut rows: Vec<Row<'_>>, height: usize, width: usize) -> Vec<Task<'_>> {
    let n = rows.first().map_or(0, |row| row.c.len());
    let mut tasks = Vec::new();
    for j in (0..n).step_by(width) {
        let columns = rows.iter_mut().map(|row| head(row, width.min(n - j))).collect();
        let tiles = pieces(columns, height).into_iter().enumerate();
        tasks.extend(tiles.map(|(p, rows)| Task { i: p * height, j, rows }));
    }
    tasks
}

/// Takes the first `width` columns off a row.
fn head<'a>(row: &mut Row<'a>, width: usize) -> Row<'a> {
    let (c, rest) = take(&mut row.c).split_at_mut(width);
    row.c = rest;
    let activated = take(&mut row.activated);
    let (activated, rest) = activated.split_at_mut(width.min(activated.len()));
    row.activated = rest;
    let column = row.column;
    row.column += width;
    Row { number: row.number, column, c, activated }
}

/// Runs tasks on all cores, or here if there is only one thread to run them.
pub(super) fn each<T: Send>(tasks: &mut [T], threads: usize, run: impl Fn(&mut T) + Sync + Send) {
    match threads {
        1 => tasks.iter_mut().for_each(run),
        _ => tasks.par_iter_mut().for_each(run),
    }
}
