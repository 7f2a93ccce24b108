// Padding masks: keys that no query of their sequence sees, whatever stands there.
//
// WebGPU promises a kernel 8 buffers, and the backward kernels have 8. So the mask travels behind the
// step state: a word for each key of each sequence, not 0 where the key may be seen.
//
// The file that includes this one also includes attention, and declares
// `var<storage, read> state: MaskedState`.

// The bits of a word that count, 0 without a mask: all of an integer's, all but the sign of a float's,
// since -0 is 0.
override MASK: u32 = 0u;

// A StepState, word for word. Its last one is the first of `words`, so that a bare state of 32 bytes can
// be bound where there is no mask; the mask begins at the second.
struct MaskedState {
    step: u32,
    seed: u32,
    lr: f32,
    loss_scale: f32,
    position: u32,
    reserved_0: u32,
    reserved_1: u32,
    words: array<u32>,
}

// region: unmasked
// Whether the mask leaves a key of the sequence that a head belongs to.
fn unmasked(bh: u32, key: u32) -> bool {
    if (MASK == 0u) {
        return true;
    }
    let at = bh / p.heads * p.keys + min(key, p.keys - 1u);
    return (state.words[1u + at] & MASK) != 0u;
}
// end: unmasked

// The same of four neighboring keys.
fn unmasked4(bh: u32, key: u32) -> vec4<bool> {
    return vec4<bool>(
        unmasked(bh, key), unmasked(bh, key + 1u), unmasked(bh, key + 2u), unmasked(bh, key + 3u));
}

// Whether a query sees a key.
fn sees(bh: u32, row: u32, key: u32) -> bool {
    return key < visible(valid_keys(), row) && unmasked(bh, key);
}
