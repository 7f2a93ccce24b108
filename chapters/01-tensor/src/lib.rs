//! Chapter 1: a tensor is a buffer, a shape, strides and an offset. That is all.
//!
//! Views ([`Tensor::transpose`], [`Tensor::narrow`], [`Tensor::broadcast_to`]) change the last three
//! and share the first; arithmetic makes new buffers, on whichever device the operands live.
//!
//! ```
//! use strata_device::{Device, Settings};
//! use strata_tensor::Tensor;
//! let device = Device::open("cpu", Settings::default())?;
//! let x = Tensor::from_slice(&device, &[1f32, 2., 3., 4., 5., 6.], &[2, 3])?;
//! let column_sums = x.transpose(0, 1)?.sum(&[1], false)?;
//! assert_eq!(column_sums.to_vec::<f32>()?, [5., 7., 9.]);
//! # Ok::<(), strata_tensor::Error>(())
//! ```
//!
//! # Where to begin
//! The ten lines to see first are [`Layout`] in `layout.rs`: where an element lies.
//!
//! 1. `layout.rs`: shape, strides, offset; everything after it only changes or walks these.
//! 2. `tensor.rs`, `create.rs`, `views.rs`: the tensor, how it comes to be, and what shares its memory.
//! 3. `ops/fill.rs`: the smallest op, whole: arguments, kernel, ladder, function. Its kernel is
//!    `kernels/fill/1_naive.cu`, its loop on the processor `cpu::fill` in `cpu/elementwise.rs`.
//! 4. `ops/copy.rs`, `ops/zip.rs`, `ops/reduce.rs`: strides, broadcasting, sums. The other ops are alike.

mod cpu;
mod create;
#[cfg(not(target_family = "wasm"))]
mod demo;
mod element;
mod error;
mod expect;
mod layout;
pub mod ops;
mod parts;
mod tensor;
mod views;

#[cfg(not(target_family = "wasm"))]
pub use demo::demo;
pub use element::Element;
pub use error::{Error, Result};
pub use layout::{Layout, MAX_ELEMENTS, MAX_RANK, broadcast_shapes, numel};
pub use strata_device::{DType, Device};
pub use tensor::{Tensor, bytes_of};
