//! Sizes of tiles and grids, and how long the loops are.
use crate::params::{Params, View};
use crate::problem::Problem;
use strata_device::{Device, Launch, Machine, Result};
use strata_tensor::{DType, Tensor};

/// Room for `shape` floats that only one op's kernels see.
pub(crate) fn scratch(device: &Device, shape: &[usize]) -> Result<Tensor> {
    Tensor::empty_for("attention", device, DType::F32, shape).map_err(|error| match error {
        strata_tensor::Error::Device(error) => error,
        other => strata_device::Error::Launch {
            kernel: "attention/1_naive".into(),
            reason: format!("{other}; the rung 3_flash1 needs no such matrix"),
        },
    })
}

/// How a tiled kernel is tiled on a device.
pub(crate) struct Tiles {
    /// Rows that a workgroup owns: queries, or keys where it makes their gradients.
    rows: usize,
    /// Invocations of a workgroup.
    threads: u32,
    /// Dynamic shared memory (CUDA).
    shared: u32,
    /// Compile-time constants.
    constants: Vec<(&'static str, u32)>,
}

impl Tiles {
    /// Tiles for a kernel that holds `operands` of them in shared memory, besides one of scores.
    pub fn new(device: &Device, problem: &Problem, operands: usize, params: &Params) -> Self {
        match device.machine() {
            // Sixteen by sixteen threads; each owns a square of the scores and dim / 16 columns of
            // the sums. The largest tile that fits is taken: twice the tile, half the traffic.
            Machine::Cuda => {
                let dim = problem.dim.next_multiple_of(16);
                let bytes = |tile: usize| 4 * tile * (operands * (dim + 4) + tile + 4);
                let room = device.info().caps.shared_bytes as usize;
                let tile = [64, 32].into_iter().find(|&t| bytes(t) <= room).unwrap_or(16);
                let all = [params.q, params.k, params.v, params.out].map(View::words);
                let by_four = all.iter().flatten().chain([&problem.dim]).all(|n| n % 4 == 0);
                let constants =
                    vec![("TILE", tile as u32), ("DIM", dim as u32), ("BY_FOUR", by_four.into())];
                Tiles { rows: tile, threads: 256, shared: bytes(tile) as u32, constants }
            }
            // Sixteen by eight invocations, each with four by four scores: what 16 KiB of workgroup
            // memory hold.
            Machine::Wgpu => {
                let dim = problem.dim.next_multiple_of(32) as u32;
                Tiles { rows: 64, threads: 128, shared: 0, constants: vec![("DIM", dim)] }
            }
            Machine::Cpu => Tiles { rows: 64, threads: 1, shared: 0, constants: Vec::new() },
        }
    }

    /// A workgroup for each tile of queries of each head.
    pub fn over_queries(&self, launch: Launch, problem: &Problem) -> Launch {
        self.over(launch, problem.batch * problem.heads, problem.rows)
    }

    /// A workgroup for each tile of keys of each head.
    pub fn over_keys(&self, launch: Launch, problem: &Problem) -> Launch {
        self.over(launch, problem.batch * problem.heads, problem.keys)
    }

    fn over(&self, mut launch: Launch, heads: usize, rows: usize) -> Launch {
        for &(name, value) in &self.constants {
            launch = launch.constant(name, value);
        }
        // Workgroups walk on by the grid's width where there are more tiles than a grid may have.
        let tiles = heads * rows.div_ceil(self.rows);
        launch.spread(tiles, self.threads).shared(self.shared)
    }
}

/// Rounds of a WGSL workgroup that goes along `n` rows, 32 at a time, with so many products of scores
/// and of sums each time (shaders/include/attention_tile.wgsl). Counted are the loops whose length a
/// compiler cannot see, and of the others those that Mesa 22 was found not to unroll.
pub(crate) fn tile_rounds(problem: &Problem, n: usize, scores: usize, sums: usize) -> usize {
    let dim = problem.dim.next_multiple_of(32).max(32);
    let staged = 1024 / dim / 4 * 4;
    let slices = 32usize.div_ceil(staged);
    let of_scores = 7 * problem.dim.div_ceil(16);
    let of_sums = slices * (3 + staged / 4);
    let tile =
        1 + scores * of_scores + sums * of_sums + if problem.drops() { 16 * DRAW } else { 0 };
    // A quarter more, for what other versions do not unroll.
    n.div_ceil(32).saturating_mul(tile + tile / 4) + AFTER
}

/// Rounds for a number of dropout's mask, at most.
pub(crate) const DRAW: usize = 11;
/// Rounds after the last tile, at most.
const AFTER: usize = 128;
