//! Ladders as data, for whoever lists them.
use crate::{DType, Element, Kernel, Machine, Needs, Precision};

/// A ladder as data: what the parity table, the book and `inspect` list.
#[derive(Clone, Debug)]
pub struct LadderInfo {
    /// The op's name.
    pub op: &'static str,
    /// Its rungs, lowest first.
    pub rungs: Vec<RungInfo>,
}

/// A rung as data.
#[derive(Clone, Debug)]
pub struct RungInfo {
    /// `<n>_<name>`.
    pub name: &'static str,
    /// The machines it stands on.
    pub machines: Vec<Machine>,
    /// Its kernels.
    pub kernels: &'static [&'static Kernel],
    /// What it needs beyond the machine.
    pub needs: Needs,
    /// How exactly it multiplies.
    pub precision: Precision,
    /// Whether its floats are f32 alone, though its kernels could be compiled for 16 bits.
    pub wide: bool,
    /// Whether it makes use of what one machine has and others have not.
    pub native: bool,
}

impl RungInfo {
    /// What it can be asked for: its own precision, and the 16-bit floats that its kernels take as they
    /// are stored.
    pub fn precisions(&self) -> Vec<Precision> {
        let stores = |dtype: DType| {
            let mut elements =
                self.kernels.iter().flat_map(|k| k.signature.bindings).map(|b| b.element);
            // Results may be kept in 16 bits whatever they are made of.
            let taken = |element| element == Element::Stored || element == Element::Of(dtype);
            dtype != DType::F32 && !self.wide && elements.any(taken)
        };
        let serves = |p: &Precision| *p == self.precision || stores(p.dtype());
        Precision::ALL.into_iter().filter(serves).collect()
    }

    /// The number at the front of its name, by which rungs are ordered: 10 comes after 9. Those
    /// without one come first.
    pub fn number(&self) -> u32 {
        rung_number(self.name)
    }
}

/// The number of a rung's name: 3 of `3_tiled`, 0 where there is none.
pub fn rung_number(name: &str) -> u32 {
    name.split('_').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}
