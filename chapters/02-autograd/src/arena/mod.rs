//! Not the chapter's idea, and no derivative needs it: chapter 8's optimizers, for which all parameters
//! are one buffer, and their gradients another. It stands here because layers declare their parameters
//! from chapter 3 on, and [`Var::backward`](crate::Var::backward) adds to gradients where they lie.

mod params;

pub use params::{Init, ParamBuilder, ParamInfo, Parameter, Parameters, Weights};
