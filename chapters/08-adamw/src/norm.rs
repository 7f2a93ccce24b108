use crate::cpu;
use strata_device::{Device, Ladder, Launch, Rung, kernel};
use strata_tensor::{DType, Error, Result, Tensor, bytes_of};

/// The norm of `input` into `out`, through `partials`.
#[derive(Debug)]
pub(crate) struct Args {
    input: Tensor,
    partials: Tensor,
    out: Tensor,
}

kernel! {
    /// What both stages take: the gradient and the partial sums, then the partial sums and the norm.
    pub(crate) mod measure {
        bindings { input: read f32, output: write f32 }
        params {
            /// Elements.
            n: usize,
            /// Workgroups of the first stage, and partial sums.
            groups: usize,
        }
    }
    static PARTIALS = "global_norm/1_naive"(norm_partials) {
        cuda, wgsl, cpu: cpu::norm_partials in "src/cpu/norm.rs"
    }
    static FINISH = "global_norm/1_naive"(norm_finish) {
        cuda, wgsl, cpu: cpu::norm_finish in "src/cpu/norm.rs"
    }
}

/// Partial sums are made by at most this many workgroups: enough to fill the largest card, few
/// enough for one workgroup to add up.
const GROUPS: usize = 1024;
/// Elements that make a workgroup worth starting.
const SHARE: usize = 4096;

fn groups(n: usize) -> usize {
    n.div_ceil(SHARE).clamp(1, GROUPS)
}

pub(crate) static LADDER: Ladder<Args> = Ladder {
    op: "global_norm",
    rungs: &[Rung::new("1_naive", &[&PARTIALS, &FINISH], |a, _| Ok(plan(a)))],
};

fn plan(a: &Args) -> Vec<Launch> {
    let n = a.input.numel();
    let groups = groups(n);
    let partial_bytes = (groups * a.partials.dtype().size()) as f64;
    let params = measure::Params { n, groups };
    let (input, partials, norm) = (a.input.binding(), a.partials.binding(), a.out.binding());
    let first = measure::Bindings { input, output: partials.clone() };
    let second = measure::Bindings { input: partials, output: norm };
    let launches = [
        PARTIALS
            .launch(first, params)
            .grid(groups, 1, 1)
            .rounds(n.div_ceil(256 * groups) + 8)
            .cost(2.0 * n as f64, bytes_of([&a.input]) + partial_bytes),
        FINISH
            .launch(second, params)
            .rounds(groups.div_ceil(256) + 8)
            .cost(groups as f64 + 1.0, partial_bytes + bytes_of([&a.out])),
    ];
    launches.map(|launch| launch.block(256, 1, 1).constant("WG", 256)).into()
}

/// Room for the partial sums of [`global_norm_into`], to be kept from step to step.
#[derive(Clone, Debug)]
pub struct NormScratch(Tensor);

impl NormScratch {
    /// For inputs of up to `n` elements.
    ///
    /// # Errors
    /// The device has no room.
    pub fn new(device: &Device, n: usize) -> Result<Self> {
        Ok(NormScratch(Tensor::empty_for("global_norm", device, DType::F32, &[groups(n)])?))
    }
}

/// The Euclidean norm of all elements of a tensor, as a tensor of shape `[]`.
///
/// Two stages, the same bits every time: workgroups leave partial sums of squares, one workgroup
/// adds those in a fixed order and takes the root. An infinity or a NaN anywhere in `input` is one
/// in the result. Squares are summed in f32: beyond a norm of 1.8e19 the result is infinite.
///
/// # Errors
/// A dtype that has no rung; the device fails.
pub fn global_norm(input: &Tensor) -> Result<Tensor> {
    let out = Tensor::empty(input.device(), DType::F32, &[])?;
    let input = input.contiguous()?;
    let scratch = NormScratch::new(input.device(), input.numel())?;
    global_norm_into(&input, &scratch, &out)?;
    Ok(out)
}

/// [`global_norm`] of a contiguous, aligned tensor into an existing tensor of one element: nothing
/// is allocated.
///
/// # Errors
/// A dtype that has no rung; strided; `out` has not one element; scratch made for a smaller input;
/// the device fails.
pub fn global_norm_into(input: &Tensor, scratch: &NormScratch, out: &Tensor) -> Result<()> {
    let op = "global_norm";
    for tensor in [input, out] {
        tensor.expect_float(op)?;
        tensor.expect_contiguous(op)?;
        scratch.0.same_device(op, tensor)?;
    }
    if out.numel() != 1 {
        return Err(Error::shape(op, &[out.shape()], "the norm is one number"));
    }
    if input.numel() == 0 {
        return strata_tensor::ops::fill_bits(out, 0);
    }
    if scratch.0.numel() < groups(input.numel()) {
        return Err(Error::shape(op, &[input.shape()], "the scratch was made for a smaller input"));
    }
    let partials = scratch.0.clone();
    let args = Args { input: input.clone(), partials, out: out.clone() };
    Ok(LADDER.run(&args, input.device())?)
}
