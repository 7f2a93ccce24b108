//! Chapter 2: the tape. A [`Var`] is a tensor that remembers how it was made; [`Var::backward`]
//! walks that memory in reverse and hands every leaf the derivative of the loss.
//!
//! There is no global tape: each `Var` holds an `Arc` to the node that made it, and nodes hold
//! their inputs. Drop the loss and the tape is gone.
//!
//! ```
//! use strata_autograd::Var;
//! use strata_device::{Device, Settings};
//! use strata_tensor::Tensor;
//! let device = Device::open("cpu", Settings::default())?;
//! let x = Var::leaf(Tensor::from_slice(&device, &[3f32], &[])?);
//! let y = x.mul(&x)?.add(&x)?; // x² + x, so dy/dx = 2x + 1
//! y.backward()?;
//! assert_eq!(x.grad().unwrap().item::<f32>()?, 7.0);
//! # Ok::<(), strata_tensor::Error>(())
//! ```

mod arith;
mod backward;
#[cfg(not(target_family = "wasm"))]
mod demo;
#[cfg(not(target_family = "wasm"))]
mod gradcheck;
mod graph;
mod mode;
mod module;
mod params;
mod ranked;
mod reduce;
mod selecting;
mod shape;
mod svg;
mod var;

pub use arith::sum_to;
pub use backward::Grads;
#[cfg(not(target_family = "wasm"))]
pub use demo::demo;
#[cfg(not(target_family = "wasm"))]
pub use gradcheck::{GradCheck, check_gradients};
pub use graph::{Graph, GraphNode};
pub use mode::{grad_enabled, no_grad};
pub use module::Module;
pub use params::{Init, ParamBuilder, ParamInfo, Parameter, Parameters, Weights};
pub use selecting::choose;
pub use shape::{concat, stack};
pub use var::Var;
