use bytemuck::{Pod, Zeroable};

/// What changes from step to step, in one small buffer on the device, so that a recorded step can
/// be replayed: `step_state.cuh` and `step_state.wgsl` declare the same struct.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
pub struct StepState {
    /// Steps done so far, counted from 1 in the first: AdamW's bias correction needs it.
    pub step: u32,
    /// The run's seed: the key of dropout's random numbers.
    pub seed: u32,
    /// Learning rate of this step.
    pub lr: f32,
    /// Loss scale of mixed precision; 1 at f32.
    pub loss_scale: f32,
    /// Position of the next token in the KV cache.
    pub position: u32,
    /// Reserved words: a struct of 32 bytes.
    pub reserved: [u32; 3],
}
