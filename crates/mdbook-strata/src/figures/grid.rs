//! A matrix, drawn as cells.

use super::svg::{Anchor, Svg};
use std::ops::Range;

/// Where a matrix stands and how large its cells are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    pub x: f64,
    pub y: f64,
    pub rows: usize,
    pub columns: usize,
    pub side: f64,
}

impl Grid {
    pub fn new(x: f64, y: f64, rows: usize, columns: usize, side: f64) -> Self {
        Grid { x, y, rows, columns, side }
    }

    pub fn width(&self) -> f64 {
        self.side * self.columns as f64
    }

    pub fn height(&self) -> f64 {
        self.side * self.rows as f64
    }

    pub fn right(&self) -> f64 {
        self.x + self.width()
    }

    pub fn bottom(&self) -> f64 {
        self.y + self.height()
    }

    /// The upper left corner of a cell.
    pub fn at(&self, row: usize, column: usize) -> (f64, f64) {
        (self.x + self.side * column as f64, self.y + self.side * row as f64)
    }

    /// The middle of a cell.
    pub fn middle(&self, row: usize, column: usize) -> (f64, f64) {
        let (x, y) = self.at(row, column);
        (x + self.side / 2.0, y + self.side / 2.0)
    }

    /// Draws every cell: its class, and what is written in it.
    pub fn draw(&self, svg: &mut Svg, cell: impl Fn(usize, usize) -> (&'static str, String)) {
        for row in 0..self.rows {
            for column in 0..self.columns {
                let (x, y) = self.at(row, column);
                let (class, text) = cell(row, column);
                svg.cell(x, y, self.side, class, &text);
            }
        }
    }

    /// Draws every cell without a text.
    pub fn fill(&self, svg: &mut Svg, class: impl Fn(usize, usize) -> &'static str) {
        for row in 0..self.rows {
            for column in 0..self.columns {
                let (x, y) = self.at(row, column);
                svg.rect(x, y, self.side, self.side, 2.0, &format!("cell {}", class(row, column)));
            }
        }
    }

    fn place(&self, rows: &Range<usize>, columns: &Range<usize>) -> (f64, f64, f64, f64) {
        let (x, y) = self.at(rows.start, columns.start);
        (x, y, self.side * columns.len() as f64, self.side * rows.len() as f64)
    }

    /// An edge around some cells.
    pub fn frame(&self, svg: &mut Svg, rows: Range<usize>, columns: Range<usize>, class: &str) {
        let (x, y, width, height) = self.place(&rows, &columns);
        svg.frame(x - 1.5, y - 1.5, width + 3.0, height + 3.0, 2.5, class);
    }

    /// A line above: a name, and soft beside it its shape.
    pub fn title(&self, svg: &mut Svg, name: &str, note: &str) {
        svg.text(self.x, self.y - 10.0, Anchor::Start, "strong", name);
        // Names are short: 10 units a letter keeps the note clear of them.
        let x = self.x + 8.0 + 10.0 * name.chars().count() as f64;
        svg.text(x, self.y - 10.0, Anchor::Start, "mono small soft", note);
    }
}
