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
//!
//! # Where to begin
//! The ten lines to see first are `Var::tanh` in `arith.rs`: a value, and a closure for the way back. And
//! `examples/scalar.rs` is the whole idea with numbers instead of tensors, in sixty.
//!
//! 1. `var.rs`: the variable, the node that made it, and [`Var::from_op`], which every op ends in.
//! 2. `backward.rs`: the topological order, and the walk that hands gradients back.
//! 3. `arith.rs`, `shape.rs`, `reduce.rs`, `selecting.rs`, `ranked.rs`: the rules, a line or two each.
//! 4. `gradcheck.rs`, `graph.rs`, `svg.rs`: doubting the rules, and looking at the tape.
//! 5. `module.rs`: what a layer is. `arena/`, where layers declare their parameters, is chapter 8's need.

mod arena;
mod arith;
mod backward;
#[cfg(not(target_family = "wasm"))]
mod demo;
#[cfg(not(target_family = "wasm"))]
mod gradcheck;
mod graph;
mod mode;
mod module;
mod ranked;
mod reduce;
mod selecting;
mod shape;
mod svg;
mod var;

pub use arena::{Init, ParamBuilder, ParamInfo, Parameter, Parameters, Weights};
pub use arith::sum_to;
pub use backward::{Grads, Product, TakeProducts};
#[cfg(not(target_family = "wasm"))]
pub use demo::demo;
#[cfg(not(target_family = "wasm"))]
pub use gradcheck::{GradCheck, check_gradients};
pub use graph::{Graph, GraphNode};
pub use mode::{grad_enabled, no_grad};
pub use module::Module;
pub use selecting::choose;
pub use shape::{concat, stack};
pub use var::Var;
