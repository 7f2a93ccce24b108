// What every rung of matmul shares: bindings, params, and what happens to a sum before it is stored.
//
//   c = [c +] alpha * sum + bias + residual        activated = gelu(c)
//
// The rungs differ in how they come to the sums. The epilogue is switched by overrides, which are
// constants by the time the shader is compiled: a plain product pays nothing for it.

override ACCUMULATE: u32 = 0u;
override BIAS: u32 = 0u;
override RESIDUAL: u32 = 0u;
override GELU: u32 = 0u;

struct Params {
    m: u32,
    n: u32,
    k: u32,
    batches: u32,  // products; product b is (b / inner, b % inner)
    inner: u32,
    a_offset: u32,  // a[i, l]: offset + i row + l col + batch
    a_row: u32,
    a_col: u32,
    a_outer: u32,
    a_inner: u32,
    b_offset: u32,
    b_row: u32,
    b_col: u32,
    b_outer: u32,
    b_inner: u32,
    c_offset: u32,  // columns of c lie side by side
    c_row: u32,
    c_outer: u32,
    c_inner: u32,
    alpha: f32,
    span: u32,  // terms of each sum that one workgroup adds up (see 4_register_tiled)
}

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> residual: array<f32>;
@group(0) @binding(4) var<storage, read_write> c: array<f32>;
@group(0) @binding(5) var<storage, read_write> activated: array<f32>;
@group(0) @binding(6) var<uniform> p: Params;

// The first element of a product's matrices.
fn a_start(batch: u32) -> u32 {
    return p.a_offset + batch / p.inner * p.a_outer + batch % p.inner * p.a_inner;
}
fn b_start(batch: u32) -> u32 {
    return p.b_offset + batch / p.inner * p.b_outer + batch % p.inner * p.b_inner;
}

// tanh GELU (Hendrycks and Gimpel, 2016). Some machines compute tanh by way of e^2u, which overflows:
// beyond 10 it is 1 anyway, and below -10 the answer is 0 (of -infinity too, where 0 times it would not be).
fn gelu(x: f32) -> f32 {
    let u = 0.7978845608 * (x + 0.044715 * x * x * x);
    return select(0.5 * x * (1.0 + tanh(clamp(u, -10.0, 10.0))), 0.0, u < -10.0);
}

fn place(batch: u32, i: u32, j: u32) -> u32 {
    return p.c_offset + batch / p.inner * p.c_outer + batch % p.inner * p.c_inner + i * p.c_row + j;
}

// region: finish
// The first half of what happens to element (i, j) of a product.
fn settle(batch: u32, i: u32, j: u32, sum: f32) {
    let at = place(batch, i, j);
    var value = p.alpha * sum;
    if (ACCUMULATE != 0u) {
        value += c[at];
    }
    if (BIAS != 0u) {
        value += bias[j];
    }
    c[at] = value;
}

// The second half, of what was settled.
fn follow(batch: u32, i: u32, j: u32) {
    let at = place(batch, i, j);
    let dense = (batch * p.m + i) * p.n + j;
    if (RESIDUAL != 0u) {
        c[at] += residual[dense];
    }
    if (GELU != 0u) {
        activated[dense] = gelu(c[at]);
    }
}
// end: finish

// Finishes element (i, j) of a product.
fn finish(batch: u32, i: u32, j: u32, sum: f32) {
    settle(batch, i, j, sum);
    follow(batch, i, j);
}
