//! Exercises of chapter 1: where a tensor's elements lie, and two kernels that move and fold them.

pub mod strides;
pub mod views;
