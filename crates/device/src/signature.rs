//! What a kernel takes, said once: the same names, order and types in Rust, CUDA and WGSL.
use crate::{CpuBinding, DType, StepState};
use std::fmt;

/// How a kernel uses one of its bindings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Only read: `const float*`, `var<storage, read>`, `&[f32]`.
    Read,
    /// Written, perhaps read too: `float*`, `var<storage, read_write>`, `&mut [f32]`.
    Write,
}

/// What a binding's elements are. Vectors of an element count as the element: a kernel that moves
/// `float4` and one that moves `float` take the same binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Element {
    /// Elements of this dtype; 16-bit ones are packed in u32 in portable WGSL.
    Of(DType),
    /// Bits that the kernel moves without asking what they are, in words of 4 bytes.
    Bits,
    /// As [`Bits`](Self::Bits), an element to a word: no dtype of 16 bits.
    Words,
    /// A [`StepState`], perhaps with more words behind it.
    State,
    /// Floats of any dtype, computed with in f32: f32 on every machine, bf16 and f16 where kernels are
    /// compiled for the dtype they are given. All bindings of a launch that are so have one dtype.
    Stored,
    /// As [`Stored`](Self::Stored), with a dtype of its own: where a product's factors and its results
    /// differ.
    Outcome,
}

impl Element {
    /// Whether a tensor of this dtype may be bound: the very dtype, or for whole numbers one of the
    /// same size, for an index is an index with a sign or without.
    pub fn takes(self, dtype: DType) -> bool {
        match self {
            Element::Stored | Element::Outcome => dtype.is_float(),
            Element::Of(DType::U32 | DType::I32) => matches!(dtype, DType::U32 | DType::I32),
            Element::Of(own) => own == dtype,
            Element::Bits => true,
            Element::Words => dtype.size() == 4,
            Element::State => false,
        }
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Element::Of(dtype) => dtype.fmt(f),
            Element::Bits => f.write_str("bits"),
            Element::Words => f.write_str("f32, i32 or u32"),
            Element::State => f.write_str("StepState"),
            Element::Stored | Element::Outcome => f.write_str("f32, bf16 or f16"),
        }
    }
}

impl Element {
    /// The constant that tells a text which float it is, and its type's name there.
    pub const fn chosen_by(self) -> Option<(&'static str, &'static str)> {
        match self {
            Element::Stored => Some(("STORED", "stored")),
            Element::Outcome => Some(("RESULT", "result")),
            _ => None,
        }
    }
}

/// A binding as [`kernel!`](crate::kernel) declares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Declared {
    /// Its name, the same in all languages.
    pub name: &'static str,
    /// How it is used.
    pub access: Access,
    /// What its elements are.
    pub element: Element,
}

/// A field of a params struct as [`kernel!`](crate::kernel) declares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// Its name, the same in all languages.
    pub name: &'static str,
    /// The type of its words: f32, i32 or u32.
    pub dtype: DType,
    /// How many words it has: more than one for an array.
    pub words: usize,
}

/// What a kernel takes: bindings in order, then one struct of 32-bit words.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Signature {
    /// The bindings, in order.
    pub bindings: &'static [Declared],
    /// The params struct's fields, in order, without gaps.
    pub params: &'static [Field],
}

impl Signature {
    /// Nothing.
    pub const NONE: Signature = Signature { bindings: &[], params: &[] };

    /// Words of the params struct.
    pub fn words(&self) -> usize {
        self.params.iter().map(|field| field.words).sum()
    }
}

/// The words of a params struct while they are filled in.
#[derive(Debug, Default)]
pub struct Words {
    pub(crate) words: Vec<u32>,
    pub(crate) too_large: Option<usize>,
}

/// A type that a field of a params struct may have: words of 4 bytes.
///
/// Sizes are `usize` in Rust and 32 bits in kernels. Tensors have no more elements than that counts;
/// what comes from elsewhere and does not fit is remembered, and the launch refused.
pub trait Word: Copy {
    /// The type of its words in kernels.
    const DTYPE: DType;
    /// How many.
    const WORDS: usize = 1;
    /// Appends it.
    fn put(self, to: &mut Words);
    /// Takes it from the front.
    fn take(from: &mut std::slice::Iter<'_, u32>) -> Self;
}

/// A params struct; [`kernel!`](crate::kernel) implements it.
pub trait Pack: Copy {
    /// Its fields, in order.
    const FIELDS: &'static [Field];
    /// Appends all of them.
    fn put(self, to: &mut Words);
    /// Takes all of them from the front.
    fn take(from: &mut std::slice::Iter<'_, u32>) -> Self;
}

impl Word for u32 {
    const DTYPE: DType = DType::U32;

    fn put(self, to: &mut Words) {
        to.words.push(self);
    }

    fn take(from: &mut std::slice::Iter<'_, u32>) -> Self {
        // A launch has as many words as its kernel declares: the device looked.
        from.next().copied().unwrap_or_default()
    }
}

impl Word for usize {
    const DTYPE: DType = DType::U32;

    fn put(self, to: &mut Words) {
        let word = u32::try_from(self).unwrap_or_else(|_| {
            to.too_large.get_or_insert(self);
            u32::MAX
        });
        word.put(to);
    }

    fn take(from: &mut std::slice::Iter<'_, u32>) -> Self {
        u32::take(from) as usize
    }
}

impl Word for bool {
    const DTYPE: DType = DType::U32;

    fn put(self, to: &mut Words) {
        u32::from(self).put(to);
    }

    fn take(from: &mut std::slice::Iter<'_, u32>) -> Self {
        u32::take(from) != 0
    }
}

impl Word for f32 {
    const DTYPE: DType = DType::F32;

    fn put(self, to: &mut Words) {
        self.to_bits().put(to);
    }

    fn take(from: &mut std::slice::Iter<'_, u32>) -> Self {
        f32::from_bits(u32::take(from))
    }
}

impl<T: Word, const N: usize> Word for [T; N] {
    const DTYPE: DType = T::DTYPE;
    const WORDS: usize = N * T::WORDS;

    fn put(self, to: &mut Words) {
        self.into_iter().for_each(|word| word.put(to));
    }

    fn take(from: &mut std::slice::Iter<'_, u32>) -> Self {
        std::array::from_fn(|_| T::take(from))
    }
}

/// A type that a binding may be declared with, and what a CPU body sees of it.
pub trait Bound {
    /// What its elements are.
    const ELEMENT: Element;
    /// What is seen of a binding that is read.
    type Read<'a>;
    /// What is seen of one that is written.
    type Write<'a>;
    /// The view of a binding that is read.
    fn read(binding: CpuBinding<'_>) -> Self::Read<'_>;
    /// The view of one that is written.
    fn write(binding: CpuBinding<'_>) -> Self::Write<'_>;
}

macro_rules! elements {
    ($($ty:ty: $element:expr,)*) => {$(
        impl Bound for $ty {
            const ELEMENT: Element = $element;
            type Read<'a> = &'a [$ty];
            type Write<'a> = &'a mut [$ty];

            fn read(binding: CpuBinding<'_>) -> &[$ty] {
                bytemuck::cast_slice(binding.into_read())
            }

            fn write(binding: CpuBinding<'_>) -> &mut [$ty] {
                bytemuck::cast_slice_mut(binding.into_write())
            }
        }
    )*};
}

elements! {
    f32: Element::Of(DType::F32),
    [f32; 2]: Element::Of(DType::F32),
    [f32; 4]: Element::Of(DType::F32),
    half::bf16: Element::Of(DType::BF16),
    half::f16: Element::Of(DType::F16),
    i32: Element::Of(DType::I32),
    u32: Element::Of(DType::U32),
    [u32; 2]: Element::Of(DType::U32),
}

/// Bits of any dtype: a CPU body sees bytes, and takes them as what it knows them to be.
#[derive(Debug)]
pub enum Bits {}

impl Bound for Bits {
    const ELEMENT: Element = Element::Bits;
    type Read<'a> = &'a [u8];
    type Write<'a> = &'a mut [u8];

    fn read(binding: CpuBinding<'_>) -> &[u8] {
        binding.into_read()
    }

    fn write(binding: CpuBinding<'_>) -> &mut [u8] {
        binding.into_write()
    }
}

/// Elements of 4 bytes whose bits alone matter.
#[derive(Debug)]
pub enum Bits32 {}

impl Bound for Bits32 {
    const ELEMENT: Element = Element::Words;
    type Read<'a> = &'a [u32];
    type Write<'a> = &'a mut [u32];

    fn read(binding: CpuBinding<'_>) -> &[u32] {
        u32::read(binding)
    }

    fn write(binding: CpuBinding<'_>) -> &mut [u32] {
        u32::write(binding)
    }
}

macro_rules! floats {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $name {}

        impl Bound for $name {
            const ELEMENT: Element = Element::$name;
            type Read<'a> = &'a [f32];
            type Write<'a> = &'a mut [f32];

            fn read(binding: CpuBinding<'_>) -> &[f32] {
                f32::read(binding)
            }

            fn write(binding: CpuBinding<'_>) -> &mut [f32] {
                f32::write(binding)
            }
        }
    )*};
}

floats! {
    /// Floats of any dtype ([`Element::Stored`]): a CPU body sees them widened to f32, and what it
    /// writes is rounded once when it is done. In CUDA their type is `stored`, of `stored.cuh`.
    Stored
    /// Results of any dtype ([`Element::Outcome`]), otherwise the same. In CUDA `result`.
    Outcome
}

impl Bound for StepState {
    const ELEMENT: Element = Element::State;
    type Read<'a> = &'a StepState;
    type Write<'a> = &'a mut StepState;

    fn read(binding: CpuBinding<'_>) -> &StepState {
        bytemuck::from_bytes(&binding.into_read()[..size_of::<StepState>()])
    }

    fn write(binding: CpuBinding<'_>) -> &mut StepState {
        bytemuck::from_bytes_mut(&mut binding.into_write()[..size_of::<StepState>()])
    }
}
