use crate::{DType, Error, Result, Tensor, bytes_of, cpu};
use strata_device::{Kernel, Ladder, Launch, Rung, Stored, kernel};

#[derive(Debug)]
pub(super) struct Args {
    input: Tensor,
    out: Tensor,
    width: usize,
}

kernel! {
    pub(crate) mod find_largest {
        bindings { x: read Stored, out: write u32 }
        params { rows: usize, width: usize }
    }
    static NAIVE = "argmax/1_naive"(argmax) {
        cuda, wgsl, cpu: cpu::argmax in "src/cpu/reduce.rs"
    }
    static TREE = "argmax/2_tree"(argmax) { cuda, wgsl }
}

fn launch(kernel: &'static Kernel, a: &Args) -> Launch {
    let rows = a.out.numel();
    let bindings = find_largest::Bindings { x: a.input.binding(), out: a.out.binding() };
    kernel
        .launch(bindings, find_largest::Params { rows, width: a.width })
        .cost(a.input.numel() as f64, bytes_of([&a.input, &a.out]))
}

pub(super) static LADDER: Ladder<Args> = Ladder {
    op: "argmax",
    rungs: &[
        Rung::new("1_naive", &[&NAIVE], |a, _| {
            Ok(vec![launch(&NAIVE, a).cover(a.out.numel(), 256).rounds(a.width)])
        }),
        Rung::new("2_tree", &[&TREE], |a, _| {
            let launch = launch(&TREE, a).spread(a.out.numel(), 256).constant("WG", 256);
            Ok(vec![launch.rounds(a.width.div_ceil(256) + 8)])
        })
        // In a shorter row most of a workgroup would stand idle.
        .accepts(|a| a.width >= 64),
    ],
};

/// The index of the largest element along the last dimension (the first of equals), as u32. NaN
/// counts as larger than everything.
///
/// # Errors
/// A dtype that has no rung; a last dimension of 0; no dimensions.
pub fn argmax(input: &Tensor) -> Result<Tensor> {
    input.expect_float("argmax")?;
    let Some((&width, rows)) = input.shape().split_last().filter(|(w, _)| **w > 0) else {
        return Err(Error::shape("argmax", &[input.shape()], "needs a last dimension above 0"));
    };
    let out = Tensor::empty_for("argmax", input.device(), DType::U32, rows)?;
    if out.numel() > 0 {
        LADDER.run(&Args { input: input.contiguous()?, out: out.clone(), width }, out.device())?;
    }
    Ok(out)
}
