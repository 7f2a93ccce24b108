// What changes from one training step to the next. Kernels read it from a buffer on the device
// instead of taking it as a parameter: a recorded step (a CUDA graph) freezes its parameters, and a
// frozen learning rate would be wrong from the second replay on.
//
// The same 32 bytes as `StepState` in crates/device/src/state.rs and shaders/include/step_state.wgsl.
#pragma once

struct StepState {
    unsigned step;         // steps done, counted from 1 in the first: AdamW's bias correction
    unsigned seed;         // the run's seed: a key of dropout's random numbers
    float lr;              // learning rate of this step
    float loss_scale;      // loss scale of mixed precision; 1 at f32
    unsigned position;     // position of the next token in the KV cache
    unsigned reserved[3];  // up to 32 bytes
};
