//! What a kernel takes, said once: the same names, order and types in Rust, CUDA and WGSL.
use crate::DType;
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
    /// A [`StepState`](crate::StepState), perhaps with more words behind it.
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
