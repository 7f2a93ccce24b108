use crate::{DType, Error, MAX_RANK, Result, Tensor, cpu};
use strata_device::{Access, Kernel, Ladder, Launch, Needs, Rung, cpu_text};

const OP: &str = "one_hot";

#[derive(Debug)]
pub(super) struct Args {
    ids: Tensor,
    classes: usize,
    out: Tensor,
}

static NAIVE: Kernel = Kernel::new("one_hot/1_naive", "one_hot", &[Access::Read, Access::Write])
    .cuda(strata_kernels::source("one_hot/1_naive"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("one_hot/1_naive"), strata_shaders::INCLUDES)
    .cpu(cpu::one_hot)
    .rust(cpu_text!("chapters/01-tensor" / "src/cpu/choose.rs", one_hot));

pub(super) static LADDER: Ladder<Args> = Ladder {
    op: OP,
    rungs: &[Rung {
        name: "1_naive",
        kernels: &[&NAIVE],
        needs: Needs::NONE,
        accepts: |_| true,
        plan: |a, _| {
            let n = a.out.numel();
            Ok(vec![
                Launch::new(&NAIVE)
                    .bind(&a.ids.flat())
                    .bind(&a.out.flat())
                    .size(n)
                    .size(a.classes)
                    .size(a.ids.first_outside(a.classes))
                    .cover(n, 256)
                    .cost(0.0, 4.0 * (n + a.ids.numel()) as f64),
            ])
        },
    }],
};

/// For each id a row of `classes` numbers, 1 at the id and 0 elsewhere: ids of shape \[...\], u32 or i32,
/// become f32 of shape \[..., classes\]. An id that is no class, a negative one among them, gives a row of
/// NaN, as in an embedding.
///
/// # Errors
/// Not u32 or i32; a dimension too many, or more elements than a tensor can hold; the device fails.
pub fn one_hot(ids: &Tensor, classes: usize) -> Result<Tensor> {
    ids.expect_integers(OP)?;
    if ids.rank() == MAX_RANK {
        let reason = format!("there is no room for the classes: at most {MAX_RANK} dimensions");
        return Err(Error::shape(OP, &[ids.shape()], reason));
    }
    let shape = [ids.shape(), &[classes]].concat();
    let out = Tensor::empty_for(OP, ids.device(), DType::F32, &shape)?;
    if out.numel() > 0 {
        let args = Args { ids: ids.contiguous()?, classes, out: out.clone() };
        LADDER.run(&args, out.device())?;
    }
    Ok(out)
}
