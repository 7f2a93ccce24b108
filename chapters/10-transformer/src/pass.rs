use strata_device::Buffer;

/// What a forward pass needs to know beside its input.
#[derive(Clone, Copy, Debug)]
pub struct Pass<'a> {
    /// The device's [`StepState`](strata_device::StepState): seed and step for dropout, the
    /// position for the KV cache.
    pub state: &'a Buffer,
    /// Probability of dropping an activation; 0 when not training.
    pub dropout: f32,
}
