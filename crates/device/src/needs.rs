use crate::{Info, Machine};
use std::fmt;

/// Which NVIDIA cards a rung runs on, by compute capability times ten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Arch {
    /// All of them.
    #[default]
    Any,
    /// This one and all newer ones: what is in the instruction set to stay.
    AtLeast(u32),
    /// This one alone: instructions that the next generation lacks (`sm_90a`).
    Exactly(u32),
}

impl Arch {
    /// Whether a card of this capability will do.
    pub const fn takes(self, compute: u32) -> bool {
        match self {
            Arch::Any => true,
            Arch::AtLeast(least) => compute >= least,
            Arch::Exactly(only) => compute == only,
        }
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Arch::Any => f.write_str("any compute capability"),
            Arch::AtLeast(n) => write!(f, "compute capability {}.{} or newer", n / 10, n % 10),
            Arch::Exactly(n) => write!(f, "compute capability {}.{}", n / 10, n % 10),
        }
    }
}

/// What a rung needs of a device beyond being its machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Subgroup (warp) operations.
    pub subgroups: bool,
    /// Arithmetic in f16.
    pub f16: bool,
    /// Cooperative matrices from WGSL.
    pub cooperative_matrix: bool,
    /// Of an NVIDIA card: which ones.
    pub arch: Arch,
}

impl Needs {
    /// Nothing: a portable rung.
    pub const NONE: Needs =
        Needs { subgroups: false, f16: false, cooperative_matrix: false, arch: Arch::Any };

    /// What of it the device has not, in words; `None` if it has all.
    pub fn lacking(&self, info: &Info) -> Option<String> {
        let caps = &info.caps;
        if self.subgroups && caps.subgroup.0 == 0 {
            return Some("subgroups".into());
        }
        if self.f16 && !caps.f16 {
            return Some("arithmetic in f16".into());
        }
        if self.cooperative_matrix && !caps.cooperative_matrix {
            return Some("cooperative matrices".into());
        }
        let card = info.machine == Machine::Cuda;
        (card && !self.arch.takes(caps.compute)).then(|| {
            let (major, minor) = (caps.compute / 10, caps.compute % 10);
            format!("{} (it has {major}.{minor})", self.arch)
        })
    }
}

/// How exactly a rung multiplies: the format that factors are rounded to on their way into the
/// arithmetic. Sums are f32 in all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Precision {
    /// Nothing is rounded: 24 bits.
    #[default]
    F32,
    /// 11 bits, and f32's range: what tensor cores make of f32.
    Tf32,
    /// 11 bits, and a range that ends at 65,504.
    F16,
    /// 8 bits, and f32's range.
    Bf16,
}

impl Precision {
    /// All, from the most exact down.
    pub const ALL: [Precision; 4] =
        [Precision::F32, Precision::Tf32, Precision::F16, Precision::Bf16];

    /// `f32`, `tf32`, `f16` or `bf16`.
    pub const fn name(self) -> &'static str {
        match self {
            Precision::F32 => "f32",
            Precision::Tf32 => "tf32",
            Precision::F16 => "f16",
            Precision::Bf16 => "bf16",
        }
    }

    /// The largest relative error of rounding to it.
    pub const fn roundoff(self) -> f64 {
        match self {
            Precision::F32 => 1.0 / (1u32 << 24) as f64,
            Precision::Tf32 | Precision::F16 => 1.0 / (1u32 << 11) as f64,
            Precision::Bf16 => 1.0 / (1u32 << 8) as f64,
        }
    }

    /// Whether whoever asked for `asked` may be served in this one: the same, or one that keeps as much
    /// of a number and of its range.
    pub const fn serves(self, asked: Precision) -> bool {
        match asked {
            Precision::F32 => matches!(self, Precision::F32),
            Precision::Tf32 => matches!(self, Precision::F32 | Precision::Tf32),
            Precision::F16 => !matches!(self, Precision::Bf16),
            Precision::Bf16 => !matches!(self, Precision::F16),
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_precision_is_served_by_a_coarser_one() {
        for asked in Precision::ALL {
            assert!(asked.serves(asked) && Precision::F32.serves(asked));
            for other in Precision::ALL {
                assert!(!other.serves(asked) || other.roundoff() <= asked.roundoff());
            }
        }
        assert!(!Precision::F16.serves(Precision::Bf16), "its range is smaller");
        assert!(!Precision::Tf32.serves(Precision::F32));
    }

    #[test]
    fn instructions_that_do_not_stay_need_their_card() {
        let cards = [80, 90, 100];
        let takes = |arch: Arch| cards.map(|card| arch.takes(card));
        assert_eq!(takes(Arch::Any), [true; 3]);
        assert_eq!(takes(Arch::AtLeast(90)), [false, true, true]);
        assert_eq!(takes(Arch::Exactly(90)), [false, true, false]);
        assert_eq!(Arch::Exactly(90).to_string(), "compute capability 9.0");
    }
}
