// What changes from one training step to the next. Kernels read it from a buffer on the device
// (`var<storage, read> state: StepState`) instead of taking it as a parameter: a recorded step
// freezes its parameters, and a frozen learning rate would be wrong from the second replay on.
//
// The same 32 bytes as `StepState` in crates/device/src/state.rs and kernels/include/step_state.cuh.
struct StepState {
    step: u32,        // steps done, counted from 1 in the first: AdamW's bias correction
    seed: u32,        // the run's seed: a key of dropout's random numbers
    lr: f32,          // learning rate of this step
    loss_scale: f32,  // loss scale of mixed precision; 1 at f32
    position: u32,    // position of the next token in the KV cache
    reserved_0: u32,
    reserved_1: u32,
    reserved_2: u32,
}
