//! The parity table: op by rung by precision by device, each cell a verdict.

mod print;
mod run;

pub use run::{Filter, run};
pub(crate) use run::{refused, verdict};

use serde::Serialize;

/// One verdict.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Cell {
    /// Every comparison was within its tolerance.
    Pass {
        /// The largest share of its tolerance that any element used, 0 to 1.
        share: f64,
        /// How many comparisons.
        checks: usize,
    },
    /// Something was wrong.
    Fail {
        /// What, for a person.
        report: String,
    },
    /// NVRTC compiled the rung's kernels; there is no card to run them.
    Compiles {
        /// How many images.
        images: usize,
    },
    /// The rung does not stand on this machine.
    Absent,
    /// It could not be tried.
    Skipped {
        /// Why.
        reason: String,
    },
}

/// A device, or the reason why there is none.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Column {
    /// `cpu`, `cuda:0`, `wgpu:1`; only the machine's name where there is no device.
    pub name: String,
    /// Who it is; `None` where there is none.
    pub device: Option<String>,
    /// Why nothing ran there: the device is missing, or a compiler.
    pub skipped: Option<String>,
    /// How long the column took, in seconds.
    pub seconds: f64,
}

/// One rung of one op in one precision.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The op.
    pub op: &'static str,
    /// The rung.
    pub rung: &'static str,
    /// How exactly: what the rung rounds factors to, or the 16-bit floats that it is given.
    pub precision: &'static str,
    /// A verdict for each column.
    pub cells: Vec<Cell>,
}

/// Every op, on every rung, on every device.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Table {
    /// The devices.
    pub columns: Vec<Column>,
    /// The rungs.
    pub rows: Vec<Row>,
    /// Ops of the ladders that have no case: nobody checks them.
    pub unchecked: Vec<&'static str>,
}

/// A failing cell, for messages.
#[derive(Clone, Copy, Debug)]
pub struct Failing<'a> {
    /// The op.
    pub op: &'static str,
    /// The rung.
    pub rung: &'static str,
    /// How exactly.
    pub precision: &'static str,
    /// The device.
    pub device: &'a str,
    /// What was wrong.
    pub report: &'a str,
}

impl Table {
    /// The failing cells.
    pub fn failures(&self) -> impl Iterator<Item = Failing<'_>> {
        self.rows.iter().flat_map(|row| {
            row.cells.iter().zip(&self.columns).filter_map(|(cell, column)| match cell {
                Cell::Fail { report } => {
                    let Row { op, rung, precision, .. } = *row;
                    Some(Failing { op, rung, precision, device: &column.name, report })
                }
                _ => None,
            })
        })
    }

    /// Machines that are missing, each with its reason.
    pub fn skipped(&self) -> impl Iterator<Item = (&str, &str)> {
        self.columns.iter().filter_map(|c| Some((c.name.as_str(), c.skipped.as_deref()?)))
    }

    /// Whether nothing failed and no op is without a case.
    pub fn passed(&self) -> bool {
        self.unchecked.is_empty() && self.failures().next().is_none()
    }
}
