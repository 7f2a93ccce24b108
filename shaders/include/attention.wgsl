// What all attention kernels share: where rows lie, which keys a query sees, dropout's mask.
//
// The same params as in kernels/include/attention.cuh and chapters/07-attention/src/params.rs.
// The file that includes this one also includes philox and step_state (or attention_mask), and declares
// `var<uniform> p: Params` and `var<storage, read> state: StepState` (or MaskedState).

override CAUSAL: u32 = 0u;
override DROPOUT: u32 = 0u;
override USE_POSITION: u32 = 0u;

// Views are (offset, step from batch to batch, from head to head, from row to row).
struct Params {
    q: vec4<u32>,
    k: vec4<u32>,
    v: vec4<u32>,
    out: vec4<u32>,  // the output in forward, its gradient in backward
    batch: u32,
    heads: u32,
    rows: u32,
    keys: u32,
    dim: u32,
    scale: f32,
    p: f32,          // probability of being dropped
    op: u32,         // tells this op's random numbers from those of others
    dq: vec4<u32>,   // written in backward, all in one buffer
    dk: vec4<u32>,
    dv: vec4<u32>,
}

// region: head
// The first element of a row; `bh` counts heads over all batches.
fn row_at(view: vec4<u32>, bh: u32, row: u32) -> u32 {
    return view.x + bh / p.heads * view.y + bh % p.heads * view.z + row * view.w;
}
// end: head

// How many keys are valid: all, or with a cache as many as there are tokens so far.
fn valid_keys() -> u32 {
    if (USE_POSITION == 1u) {
        return min(p.keys, state.position + p.rows);
    }
    return p.keys;
}

// region: visible
// How many keys, from the first, a query sees. The queries are the last of the keys.
fn visible(valid: u32, row: u32) -> u32 {
    if (CAUSAL == 1u) {
        return min(valid, valid - p.rows + row + 1u);
    }
    return valid;
}
// end: visible

// Dropout's mask for a key of a query: 0 or 1 / (1 - p). One draw gives the words of four keys, 16
// apart: those that one thread of the CUDA kernels owns.
fn dropout_mask(bh: u32, row: u32, key: u32) -> f32 {
    if (DROPOUT == 0u) {
        return 1.0;
    }
    let counter = vec4<u32>(key / 64u * 16u + key % 16u, row, bh, p.op);
    let words = philox(counter, vec2<u32>(state.seed, state.step));
    return select(0.0, 1.0 / (1.0 - p.p), philox_uniform(words[key / 16u % 4u]) >= p.p);
}

// What dropout lets through of x: where it kept nothing, 0 even of infinity.
fn through(x: f32, kept: f32) -> f32 {
    return select(x * kept, 0.0, kept == 0.0);
}

// Whether x adds to a sum of this query and key. A dropped key has the weight 0; that leaves out all but
// infinity and NaN, so only for those the mask is drawn once more.
fn adds(x: f32, bh: u32, row: u32, key: u32) -> bool {
    let wild = (bitcast<u32>(x) & 0x7f800000u) == 0x7f800000u;
    return DROPOUT == 0u || !wild || dropout_mask(bh, row, key) > 0.0;
}
