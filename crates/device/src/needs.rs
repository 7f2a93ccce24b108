use crate::{DType, Error, Info, Machine, Result};
use std::fmt;
use std::str::FromStr;

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

/// All of it in words, nothing where nothing is needed.
impl fmt::Display for Needs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arch = (self.arch != Arch::Any).then(|| self.arch.to_string());
        let needed = [
            self.subgroups.then(|| "subgroups".into()),
            self.f16.then(|| "arithmetic in f16".into()),
            self.cooperative_matrix.then(|| "cooperative matrices".into()),
            arch,
        ];
        f.write_str(&needed.into_iter().flatten().collect::<Vec<String>>().join(", "))
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

    /// What tensors are kept in where this is asked for: the 16-bit floats themselves, else f32.
    pub const fn dtype(self) -> DType {
        match self {
            Precision::F32 | Precision::Tf32 => DType::F32,
            Precision::F16 => DType::F16,
            Precision::Bf16 => DType::BF16,
        }
    }

    /// What `STRATA_PRECISION` asks for, where there is an environment and it says something.
    ///
    /// # Errors
    /// It names none.
    pub fn of_environment() -> Result<Option<Self>> {
        let name = std::env::var_os("STRATA_PRECISION").filter(|name| !name.is_empty());
        name.map(|name| name.to_string_lossy().parse()).transpose()
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
        f.pad(self.name())
    }
}

impl FromStr for Precision {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Precision::ALL.into_iter().find(|precision| precision.name() == text);
        found.ok_or_else(|| Error::UnknownPrecision { given: text.into() })
    }
}

/// The card that tensor cores need: those of before it have no bf16, and multiply in another way.
const TENSOR_CORES: Arch = Arch::AtLeast(80);

impl Info {
    /// Whether the device has this precision: all have f32; NVIDIA cards of compute capability 8.0 and
    /// newer all four; adapters with cooperative matrices f16. A processor has bf16: it stores in it what
    /// a card would, and multiplies in f32.
    pub const fn has(&self, precision: Precision) -> bool {
        let card = matches!(self.machine, Machine::Cuda) && TENSOR_CORES.takes(self.caps.compute);
        match precision {
            Precision::F32 => true,
            Precision::F16 => card || self.caps.cooperative_matrix,
            Precision::Tf32 => card,
            Precision::Bf16 => card || matches!(self.machine, Machine::Cpu),
        }
    }

    /// The precisions that it has, the most exact first.
    pub fn precisions(&self) -> Vec<Precision> {
        Precision::ALL.into_iter().filter(|&precision| self.has(precision)).collect()
    }

    /// Sees that the device has what is asked for.
    ///
    /// # Errors
    /// It has not; the error says which it has.
    pub fn must_have(&self, asked: Precision) -> Result<()> {
        if self.has(asked) {
            return Ok(());
        }
        let has: Vec<_> = self.precisions().iter().map(|precision| precision.name()).collect();
        Err(Error::Precision { device: self.label(), asked, has: has.join(", ") })
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

    fn device(machine: Machine, compute: u32, cooperative_matrix: bool) -> Info {
        let caps = crate::Caps { compute, cooperative_matrix, ..Default::default() };
        Info { machine, index: 0, name: "a device".into(), driver: String::new(), caps }
    }

    #[test]
    fn a_precision_has_one_name_and_others_are_refused() {
        for precision in Precision::ALL {
            assert_eq!(precision.to_string().parse::<Precision>().unwrap(), precision);
        }
        for bad in ["", "F32", "fp16", "bf16 ", "half"] {
            let error = bad.parse::<Precision>().unwrap_err();
            assert!(error.to_string().contains("f32, tf32, f16 or bf16"), "{error}");
        }
        assert_eq!(Precision::ALL.map(|p| p.dtype().size()), [4, 4, 2, 2]);
    }

    #[test]
    fn who_lacks_a_precision_says_which_it_has() {
        use Precision::*;
        assert_eq!(device(Machine::Cpu, 0, false).precisions(), [F32, Bf16]);
        assert_eq!(device(Machine::Wgpu, 0, true).precisions(), [F32, F16]);
        assert_eq!(device(Machine::Cuda, 75, false).precisions(), [F32]);
        for newer in [80, 86, 90, 100, 120] {
            assert_eq!(device(Machine::Cuda, newer, false).precisions(), Precision::ALL);
        }
        let old = device(Machine::Cuda, 75, false);
        assert!(old.must_have(F32).is_ok());
        let error = old.must_have(Bf16).unwrap_err().to_string();
        assert_eq!(error, "cuda:0 (a device) has no products in bf16; it has f32");
    }

    #[test]
    fn instructions_that_do_not_stay_need_their_card() {
        let cards = [80, 90, 100];
        let takes = |arch: Arch| cards.map(|card| arch.takes(card));
        assert_eq!(takes(Arch::Any), [true; 3]);
        assert_eq!(takes(Arch::AtLeast(90)), [false, true, true]);
        assert_eq!(takes(Arch::Exactly(90)), [false, true, false]);
        assert_eq!(Arch::Exactly(90).to_string(), "compute capability 9.0");
        let needs = Needs { subgroups: true, arch: Arch::AtLeast(80), ..Needs::NONE };
        assert_eq!(needs.to_string(), "subgroups, compute capability 8.0 or newer");
        assert_eq!(Needs::NONE.to_string(), "");
    }
}
