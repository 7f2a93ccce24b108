//! What bindings are declared as in Rust, and what a CPU body sees of each.
use crate::{CpuBinding, DType, Element, StepState};

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
