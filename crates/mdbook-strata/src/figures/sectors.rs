//! The corner of a large matrix as memory sees it: every row four sectors of eight floats. What one
//! warp asks for is solid; what comes along because memory hands out whole sectors is pale.

use super::svg::{Anchor, Svg};
use std::fmt::Write;
use std::ops::Range;

/// Elements on a side.
pub(super) const SIDE: usize = 32;
/// Floats in a sector of 32 bytes.
const SECTOR: usize = 8;
const STEP: f64 = 6.0;
/// The size of the drawing.
pub(super) const WIDTH: f64 = STEP * SIDE as f64;

/// 32 by 32 elements at a place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Corner {
    pub x: f64,
    pub y: f64,
}

impl Corner {
    /// Draws it untouched, with a heading and two lines below.
    pub fn draw(&self, svg: &mut Svg, heading: [&str; 2], below: [&str; 2]) {
        svg.text(self.x, self.y - 30.0, Anchor::Start, "strong", heading[0]);
        svg.notes(self.x, self.y - 11.0, Anchor::Start, &[heading[1]]);
        let mut d = String::new();
        for row in 0..SIDE {
            for sector in 0..SIDE / SECTOR {
                let (x, y) = self.at(row, sector * SECTOR);
                let width = STEP * SECTOR as f64 - 2.0;
                let _ = write!(d, "M{} {}h{width}v{}h-{width}Z", x + 1.0, y + 0.5, STEP - 1.0);
            }
        }
        svg.path(&d, "fill-0");
        svg.notes(self.x, self.y + WIDTH + 22.0, Anchor::Start, &below);
    }

    fn at(&self, row: usize, column: usize) -> (f64, f64) {
        (self.x + STEP * column as f64, self.y + STEP * row as f64)
    }

    /// Marks elements of a row, and the sectors they lie in; returns how many those are.
    pub fn touch(&self, svg: &mut Svg, row: usize, columns: Range<usize>, fill: &str) -> usize {
        let sectors = columns.start / SECTOR..columns.end.div_ceil(SECTOR);
        for sector in sectors.clone() {
            let (x, y) = self.at(row, sector * SECTOR);
            let width = STEP * SECTOR as f64 - 2.0;
            svg.rect(x + 1.0, y + 0.5, width, STEP - 1.0, 0.0, &format!("{fill} ghost"));
        }
        let (x, y) = self.at(row, columns.start);
        let width = STEP * columns.len() as f64;
        svg.rect(x + 0.5, y + 0.5, width - 1.0, STEP - 1.0, 0.0, fill);
        sectors.len()
    }

    /// Marks a tile that a whole block asks for; the edge of one that goes to shared memory is violet.
    pub fn others(&self, svg: &mut Svg, rows: Range<usize>, columns: Range<usize>, fill: &str) {
        let (x, y) = self.at(rows.start, columns.start);
        let (width, height) = (STEP * columns.len() as f64, STEP * rows.len() as f64);
        svg.rect(x, y, width, height, 0.0, &format!("{fill} ghost"));
        let edge = if fill == "fill-3" { "fill-3" } else { "fill-4" };
        svg.frame(x - 2.0, y - 2.0, width + 4.0, height + 4.0, 2.0, edge);
    }
}
