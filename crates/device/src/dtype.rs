use std::fmt;

/// The type of a tensor's elements; a value, not a type parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DType {
    /// IEEE single precision: what every kernel computes in.
    F32,
    /// bfloat16: f32 with the lower 16 bits cut off.
    BF16,
    /// IEEE half precision.
    F16,
    /// Signed 32-bit integers.
    I32,
    /// Unsigned 32-bit integers: token ids, counters, random bits.
    U32,
}

impl DType {
    /// Every dtype, in the order of the book's table.
    pub const ALL: [DType; 5] = [DType::F32, DType::BF16, DType::F16, DType::I32, DType::U32];

    /// Bytes one element takes.
    pub const fn size(self) -> usize {
        match self {
            DType::F32 | DType::I32 | DType::U32 => 4,
            DType::BF16 | DType::F16 => 2,
        }
    }

    /// `f32`, `bf16`, `f16`, `i32` or `u32`.
    pub const fn name(self) -> &'static str {
        match self {
            DType::F32 => "f32",
            DType::BF16 => "bf16",
            DType::F16 => "f16",
            DType::I32 => "i32",
            DType::U32 => "u32",
        }
    }

    /// The code kernels use for this dtype (`constants` named `FROM` and `TO` in the cast kernel).
    pub const fn code(self) -> u32 {
        match self {
            DType::F32 => 0,
            DType::BF16 => 1,
            DType::F16 => 2,
            DType::I32 => 3,
            DType::U32 => 4,
        }
    }

    /// Whether the dtype holds fractions.
    pub const fn is_float(self) -> bool {
        matches!(self, DType::F32 | DType::BF16 | DType::F16)
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
