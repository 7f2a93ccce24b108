use crate::{DType, Error, Result, Tensor, cpu};
use std::sync::OnceLock;
use strata_device::{
    Bits32, Buffer, Device, Kernel, Ladder, Launch, Rung, grid_steps, kernel, piece,
};

#[derive(Debug)]
pub(super) struct Args {
    input: Tensor,
    values: Tensor,
    places: Tensor,
    rows: usize,
    width: usize,
    k: usize,
    /// The rows while they are sorted; kept here until all launches are under way.
    pairs: OnceLock<Buffer>,
}

kernel! {
    pub(crate) mod passes_over {
        bindings { x: read Bits32, values: write Bits32, places: write u32 }
        params {
            rows: usize,
            width: usize,
            k: usize,
            /// This launch makes passes first .. first + count.
            first: usize,
            count: usize,
        }
    }
    static PASSES = "topk/1_passes"(topk) { cuda, wgsl, cpu: cpu::topk in "src/cpu/topk.rs" }
}

kernel! {
    pub(crate) mod sort {
        bindings { x: read Bits32, pairs: write [u32; 2], values: write Bits32, places: write u32 }
        params {
            rows: usize,
            width: usize,
            k: usize,
            /// The width, up to a power of two.
            padded: usize,
            /// A sorted block after this stage.
            block: usize,
            /// Between the two that are compared.
            distance: usize,
        }
    }
    static LOAD = "topk/2_bitonic"(load) { cuda, wgsl }
    static COMPARE = "topk/2_bitonic"(compare) { cuda, wgsl }
    static STORE = "topk/2_bitonic"(store) { cuda, wgsl }
}

/// One launch, or several that make some of the passes each, where a loop may not have so many rounds.
fn passes(a: &Args, device: &Device) -> Vec<Launch> {
    let (n, read) = (a.input.numel() as f64, a.input.nbytes() as f64);
    let written = a.values.dtype().size() + a.places.dtype().size();
    let pass = a.width.div_ceil(256) + 9;
    let steps = grid_steps(a.rows);
    let each = piece(device, a.k, 1, |k| steps.saturating_mul(k * pass + 1));
    let launch = |first: usize| {
        let count = each.min(a.k - first);
        let bindings = passes_over::Bindings {
            x: a.input.binding(),
            values: a.values.binding(),
            places: a.places.binding(),
        };
        let params = passes_over::Params { rows: a.rows, width: a.width, k: a.k, first, count };
        PASSES
            .launch(bindings, params)
            .spread(a.rows, 256)
            .constant("WG", 256)
            .rounds(count.saturating_mul(pass))
            .cost(count as f64 * n, read + (written * a.rows * count) as f64)
    };
    (0..a.k).step_by(each).map(launch).collect()
}

/// Launches of a sort of such rows: 1, 2, 3, .. for blocks of 2, 4, 8, .., and those that load and store.
fn launches(width: usize) -> usize {
    let bits = width.next_power_of_two().trailing_zeros() as usize;
    bits * (bits + 1) / 2 + 2
}

/// A number and its place, while they are sorted.
const PAIR: usize = 8;

/// Bytes of all of them.
fn pairs(a: &Args) -> usize {
    a.rows.saturating_mul(a.width.next_power_of_two()).saturating_mul(PAIR)
}

fn bitonic(a: &Args) -> Result<Vec<Launch>, strata_device::Error> {
    let padded = a.width.next_power_of_two();
    let n = a.rows.saturating_mul(padded);
    let pairs = a.input.device().alloc(pairs(a))?;
    let pairs = a.pairs.get_or_init(|| pairs).whole();
    let launch = |kernel: &'static Kernel, block: usize, distance: usize| {
        let bindings = sort::Bindings {
            x: a.input.binding(),
            pairs: pairs.clone(),
            values: a.values.binding(),
            places: a.places.binding(),
        };
        let params = sort::Params { rows: a.rows, width: a.width, k: a.k, padded, block, distance };
        kernel.launch(bindings, params).rounds(0)
    };
    let [of_input, of_value] = [&a.input, &a.values].map(|t| t.dtype().size());
    let mut list =
        vec![launch(&LOAD, 0, 1).cover(n, 256).cost(0.0, (n * (of_input + PAIR)) as f64)];
    for block in (1..).map(|bits| 1usize << bits).take_while(|&block| block <= padded) {
        let mut distance = block / 2;
        while distance > 0 {
            let step = launch(&COMPARE, block, distance).cover(n / 2, 256);
            list.push(step.cost(n as f64 / 2.0, (2 * PAIR * n) as f64));
            distance /= 2;
        }
    }
    let taken = a.rows * a.k;
    list.push(
        launch(&STORE, 0, 1).cover(taken, 256).cost(0.0, (taken * (PAIR + of_value + 4)) as f64),
    );
    Ok(list)
}

pub(super) static LADDER: Ladder<Args> = Ladder {
    op: "topk",
    rungs: &[
        Rung::new("1_passes", &[&PASSES], |a, device| Ok(passes(a, device))),
        // A sort goes over all pairs in every launch, and on an H200 each takes as long as two
        // passes. The pairs, at least twice the input, must fit into a binding, too.
        Rung::new("2_bitonic", &[&LOAD, &COMPARE, &STORE], |a, _| bitonic(a)).accepts(|a| {
            a.k > 2 * launches(a.width) && pairs(a) <= a.input.device().info().caps.max_binding
        }),
    ],
};

/// The `k` largest elements of each row (along the last dimension), the largest first, and their
/// places as u32: both `[.., k]`. Of equals the first comes first, and NaN before everything, as in
/// PyTorch. With `k` the whole width this is a sort.
///
/// # Errors
/// Integers; no dimensions; `k` above the last dimension; the device fails.
pub fn topk(input: &Tensor, k: usize) -> Result<(Tensor, Tensor)> {
    let op = "topk";
    input.expect_float(op)?;
    let Some((&width, rows)) = input.shape().split_last() else {
        return Err(Error::shape(op, &[input.shape()], "needs a last dimension"));
    };
    if k > width {
        let reason = format!("there are no {k} elements in a row of {width}");
        return Err(Error::shape(op, &[input.shape()], reason));
    }
    if input.dtype().size() == 2 {
        let (values, places) = topk(&input.cast(DType::F32)?, k)?;
        return Ok((values.cast(input.dtype())?, places));
    }
    let shape = [rows, &[k]].concat();
    let values = Tensor::empty_for(op, input.device(), input.dtype(), &shape)?;
    let places = Tensor::empty_for(op, input.device(), DType::U32, &shape)?;
    if values.numel() > 0 {
        let args = Args {
            input: input.contiguous()?,
            values: values.clone(),
            places: places.clone(),
            rows: values.numel() / k,
            width,
            k,
            pairs: OnceLock::new(),
        };
        LADDER.run(&args, input.device())?;
    }
    Ok((values, places))
}
