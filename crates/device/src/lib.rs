//! Strata's devices: a CPU, an NVIDIA card through CUDA, any GPU through WebGPU, behind one trait.
//!
//! Everything in Strata is one path: **op → rung → launch → device**. This crate owns the last two
//! words. A [`Kernel`] is one small program in up to three languages; a [`Launch`] is a kernel with
//! its buffers, parameters, grid and cost; a [`Device`] runs launches in order. A [`Ladder`] is an
//! op's numbered list of rungs, from the naive kernel up.
//!
//! ```
//! use strata_device::{Device, Settings};
//! let device = Device::open("cpu", Settings::default())?;
//! let buffer = device.alloc(16)?;
//! buffer.write(0, &[7; 16])?;
//! assert_eq!(buffer.read_blocking(4, 4)?, [7; 4]);
//! # Ok::<(), strata_device::Error>(())
//! ```

pub mod agree;
mod backend;
mod bound;
mod buffer;
mod choose;
pub mod cpu;
mod cpu_text;
#[cfg(all(feature = "cuda", not(target_family = "wasm")))]
pub mod cuda;
mod declare;
mod device;
mod dry;
mod dtype;
mod error;
mod kernel;
mod ladder;
mod ladder_info;
mod launch;
mod layer;
mod memory;
mod needs;
mod overlay;
mod peak;
mod pool;
mod profile;
pub mod random;
pub mod room;
mod signature;
mod source;
mod state;
mod stored;
mod tensor_map;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
pub mod trace;
mod validate;
pub mod vet;
#[cfg(feature = "wgpu")]
pub mod wgpu;

pub use backend::{Backend, BoxFuture, Caps, Info, Machine, MaybeSend, MaybeSync, Opaque};
pub use bound::{Bits, Bits32, Bound, Outcome, Stored};
pub use buffer::{Buffer, Slice};
pub use choose::{Choice, Found, devices};
pub use cpu_text::CpuText;
pub use device::{Device, Recording, Settings, Stats};
pub use dry::Dry;
pub use dtype::DType;
pub use error::{Error, Result};
pub use kernel::{Constants, CpuArgs, CpuBinding, CpuFn, Kernel, Takes, Text};
pub use ladder::{Ladder, Rung, many_short};
pub use ladder_info::{LadderInfo, RungInfo, rung_number};
pub use launch::{Binding, Cost, Launch, grid_steps, piece};
pub use layer::Layer;
pub use memory::Memory;
pub use needs::{Arch, Needs, Precision};
pub use overlay::Overlay;
pub use peak::peak;
pub use profile::{ProfileLog, ProfileRow};
pub use signature::{Access, Declared, Element, Field, Pack, Signature, Word, Words};
pub use source::{Loaded, expand_wgsl, load_cuda, load_wgsl};
pub use state::StepState;
pub use tensor_map::{Swizzle, TensorMap};
