//! The ladder of `matmul`: every rung takes the same bindings and params.
use crate::cpu;
use strata_device::room::room;
use strata_device::{Access, Device, Kernel, Ladder, Launch, Machine, Needs, Rung, cpu_text};
use strata_tensor::Tensor;

/// A matrix, or a batch of them, and the steps between its elements.
#[derive(Debug)]
pub(crate) struct Matrix {
    pub tensor: Tensor,
    pub row: usize,
    pub col: usize,
    /// Between products along the outer and the inner batch dimension; 0 where one serves all.
    pub outer: usize,
    pub inner: usize,
}

/// A product as kernels see it: at most two batch dimensions, one of the last two strides 1.
#[derive(Debug)]
pub(crate) struct Args {
    pub m: usize,
    pub n: usize,
    pub k: usize,
    /// All products; product p is (p / inner, p % inner).
    pub batches: usize,
    pub inner: usize,
    pub a: Matrix,
    pub b: Matrix,
    pub out: Matrix,
    pub alpha: f32,
    pub accumulate: bool,
    /// Contiguous, as the two below.
    pub bias: Option<Tensor>,
    pub residual: Option<Tensor>,
    pub activated: Option<Tensor>,
}

/// a, b, bias, residual, c, activated.
const BINDINGS: &[Access] =
    &[Access::Read, Access::Read, Access::Read, Access::Read, Access::Write, Access::Write];

static NAIVE: Kernel = Kernel::new("matmul/1_naive", "matmul", BINDINGS)
    .cuda(strata_kernels::source("matmul/1_naive"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("matmul/1_naive"), strata_shaders::INCLUDES)
    .cpu(cpu::naive)
    .rust(cpu_text!("chapters/03-matmul" / "src/cpu/naive.rs", naive));

static COALESCED: Kernel = Kernel::new("matmul/2_coalesced", "matmul", BINDINGS)
    .cuda(strata_kernels::source("matmul/2_coalesced"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("matmul/2_coalesced"), strata_shaders::INCLUDES);

static THREADED: Kernel = Kernel::new("matmul/5_threaded", "matmul", BINDINGS)
    .cpu(cpu::threaded)
    .rust(cpu_text!("chapters/03-matmul" / "src/cpu/threaded.rs", threaded));

static TILED: Kernel = Kernel::new("matmul/3_tiled", "matmul", BINDINGS)
    .cuda(strata_kernels::source("matmul/3_tiled"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("matmul/3_tiled"), strata_shaders::INCLUDES);

static REGISTER_TILED: Kernel = Kernel::new("matmul/4_register_tiled", "matmul", BINDINGS)
    .cuda(strata_kernels::source("matmul/4_register_tiled"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("matmul/4_register_tiled"), strata_shaders::INCLUDES);

static SPLIT_SUM: Kernel = Kernel::new("matmul/split_sum", "split_sum", BINDINGS)
    .cuda(strata_kernels::source("matmul/split_sum"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("matmul/split_sum"), strata_shaders::INCLUDES);

/// One launch with a thread for each element of the result.
fn each(kernel: &'static Kernel, a: &Args, device: &Device) -> strata_device::Result<Vec<Launch>> {
    Ok(vec![launch(kernel, a, device)?.cover(a.batches * a.m * a.n, 256).rounds(a.k)])
}

/// What the CPU notes down for each row of the result, besides the result.
const ROW_BYTES: usize = 128;

/// Bindings, params, constants and cost of the whole op; the grid is the rung's own.
fn launch(kernel: &'static Kernel, a: &Args, device: &Device) -> strata_device::Result<Launch> {
    if device.machine() == Machine::Cpu {
        room("matmul", (a.batches * a.m).saturating_mul(ROW_BYTES))?;
    }
    let (left, left_offset) = a.a.tensor.bind();
    let (right, right_offset) = a.b.tensor.bind();
    let (out, out_offset) = a.out.tensor.bind();
    // What an epilogue does not use must still be bound: `a` where it is only read, a scrap of
    // memory of its own where it could be written.
    let read = |t: &Option<Tensor>| t.as_ref().map_or_else(|| left.clone(), Tensor::flat);
    let activated = match &a.activated {
        Some(t) => t.flat(),
        None => device.alloc(4)?.whole(),
    };
    let results = (a.batches * a.m * a.n) as f64;
    let passes = [a.accumulate, a.residual.is_some(), a.activated.is_some()];
    let passes = 1 + passes.into_iter().filter(|&p| p).count();
    let operands = a.a.tensor.layout().extent() + a.b.tensor.layout().extent();
    let mut launch = Launch::new(kernel);
    for slice in [&left, &right, &read(&a.bias), &read(&a.residual), &out, &activated] {
        launch = launch.bind(slice);
    }
    for size in [a.m, a.n, a.k, a.batches, a.inner] {
        launch = launch.size(size);
    }
    for (x, offset) in [(&a.a, left_offset), (&a.b, right_offset)] {
        for size in [offset, x.row, x.col, x.outer, x.inner] {
            launch = launch.size(size);
        }
    }
    for size in [out_offset, a.out.row, a.out.outer, a.out.inner] {
        launch = launch.size(size);
    }
    Ok(launch
        .float(a.alpha)
        .size(a.k)
        .constant("ACCUMULATE", a.accumulate.into())
        .constant("BIAS", a.bias.is_some().into())
        .constant("RESIDUAL", a.residual.is_some().into())
        .constant("GELU", a.activated.is_some().into())
        .cost(2.0 * results * a.k as f64, 4.0 * (operands as f64 + passes as f64 * results)))
}

/// Word of the params that holds `span`, the last.
const SPAN: usize = 20;

/// Which way the operands lie, for the rungs that load tiles.
fn tiles(launch: Launch, a: &Args, m: usize, n: usize) -> Launch {
    // Kernels walk on by the grid's width where there are more tiles than a grid may have groups.
    launch
        .spread(a.m.div_ceil(m) * a.n.div_ceil(n) * a.batches, 256)
        .constant("A_ALONG_K", (a.a.col == 1).into())
        .constant("B_ALONG_K", (a.b.row == 1 && a.b.col != 1).into())
}

/// Groups that keep a large card busy: two rounds of two for each of 132 multiprocessors.
const BUSY: usize = 512;
/// Terms of a sum worth a group of its own.
const SPAN_LEAST: usize = 128;

fn tiles_of(a: &Args, side: usize) -> usize {
    a.m.div_ceil(side) * a.n.div_ceil(side) * a.batches
}

/// Rounds of a workgroup of `4_register_tiled` that adds up so many terms: those of the loops over k
/// and over a slab. All others have a fixed length and are unrolled by every compiler met so far; a
/// round is added for each all the same.
fn tile_rounds(terms: usize, width: u32) -> usize {
    let slab = if width == 8 { 8 } else { 16 };
    (terms.div_ceil(slab) + 1) * (slab + 9) + 3 * (width * width) as usize
}

/// The tile's width and the parts that k is cut into. They depend on the shape alone: the same bits
/// on every card.
fn shape_of_tiles(a: &Args) -> (u32, usize) {
    let tiles = |side: usize| tiles_of(a, side);
    let parts = |side: usize| (BUSY / tiles(side)).clamp(1, (a.k / SPAN_LEAST).max(1));
    // Large tiles load less for each multiplication, but must be many enough, and full.
    let large = a.m > 64 && a.n > 64 && tiles(128) * parts(128) >= BUSY / 2;
    if large { (8, parts(128)) } else { (4, parts(64)) }
}

fn register_tiled(a: &Args, device: &Device) -> strata_device::Result<Vec<Launch>> {
    let (width, parts) = shape_of_tiles(a);
    let side = 16 * width as usize;
    let tile = |launch: Launch| {
        tiles(launch, a, side, side)
            .constant("TM", width)
            .constant("TN", width)
            .constant("BK", if width == 8 { 8 } else { 16 })
    };
    let whole = launch(&REGISTER_TILED, a, device)?;
    if parts == 1 {
        return Ok(vec![tile(whole).constant("SPLIT", 0).rounds(tile_rounds(a.k, width))]);
    }
    let span = a.k.div_ceil(parts).next_multiple_of(16);
    let parts = a.k.div_ceil(span);
    let scratch = device.alloc(4 * parts * a.batches * a.m * a.n)?.whole();
    let cost = whole.cost;
    let mut sums = tile(whole).constant("SPLIT", 1);
    sums.bindings[4] = Launch::new(&REGISTER_TILED).bind(&scratch).bindings.swap_remove(0);
    sums.params[SPAN] = span as u32;
    sums = sums.spread(tiles_of(a, side) * parts, 256).rounds(tile_rounds(span, width));
    // The sums are plain: the second launch has the epilogue.
    for name in ["ACCUMULATE", "BIAS", "RESIDUAL", "GELU"] {
        sums.constants.retain(|c| c.0 != name);
    }
    let mut finish = launch(&SPLIT_SUM, a, device)?.cover(a.batches * a.m * a.n, 256);
    finish = finish.rounds(parts);
    let part = Launch::new(&SPLIT_SUM).bind(&scratch).bindings.swap_remove(0);
    for i in 0..4 {
        // Where `a` stood in, the parts stand in now.
        if i < 2 || [&a.bias, &a.residual][i - 2].is_none() {
            finish.bindings[i] = part.clone();
        }
    }
    finish.params[SPAN] = parts as u32;
    let results = (a.batches * a.m * a.n) as f64;
    Ok(vec![
        sums.cost(cost.flops, cost.bytes),
        finish.cost(results * parts as f64, 4.0 * results * (parts + 1) as f64),
    ])
}

pub(crate) static LADDER: Ladder<Args> = Ladder {
    op: "matmul",
    rungs: &[
        Rung {
            name: "1_naive",
            kernels: &[&NAIVE],
            needs: Needs::NONE,
            accepts: |_| true,
            plan: |a, device| each(&NAIVE, a, device),
        },
        Rung {
            name: "2_coalesced",
            kernels: &[&COALESCED],
            needs: Needs::NONE,
            accepts: |_| true,
            plan: |a, device| each(&COALESCED, a, device),
        },
        // region: rung
        Rung {
            name: "3_tiled",
            kernels: &[&TILED],
            needs: Needs::NONE,
            accepts: |_| true,
            plan: |a, device| {
                let launch = tiles(launch(&TILED, a, device)?, a, 16, 16);
                // The loop over a tile is unrolled by every compiler met so far.
                Ok(vec![launch.rounds(4 * a.k.div_ceil(16))])
            },
        },
        // end: rung
        Rung {
            name: "4_register_tiled",
            kernels: &[&REGISTER_TILED, &SPLIT_SUM],
            needs: Needs::NONE,
            accepts: |_| true,
            plan: register_tiled,
        },
        Rung {
            name: "5_threaded",
            kernels: &[&THREADED],
            needs: Needs::NONE,
            accepts: |_| true,
            plan: |a, device| Ok(vec![launch(&THREADED, a, device)?]),
        },
    ],
};
