use crate::{DType, Error, Result, Tensor, bytes_of, cpu};
use strata_device::{Error as DeviceError, Ladder, Outcome, Rung, Stored, kernel};

#[derive(Debug)]
pub(super) struct Args {
    input: Tensor,
    out: Tensor,
    alpha: f32,
}

kernel! {
    pub(crate) mod add_scaled {
        bindings { x: read Stored, out: write Outcome }
        params { n: usize, alpha: f32 }
    }
    static ACCUMULATE = "accumulate/1_naive"(accumulate) {
        cuda, wgsl, cpu: cpu::accumulate in "src/cpu/elementwise.rs"
    }
}

pub(super) static LADDER: Ladder<Args> = Ladder {
    op: "accumulate",
    rungs: &[Rung::new("1_naive", &[&ACCUMULATE], |a, _| {
        let n = a.out.numel();
        let bindings = add_scaled::Bindings { x: a.input.binding(), out: a.out.binding() };
        let launch = ACCUMULATE.launch(bindings, add_scaled::Params { n, alpha: a.alpha });
        Ok(vec![launch.cover(n, 256).cost(2.0 * n as f64, bytes_of([&a.input, &a.out, &a.out]))])
    })],
};

/// `out += alpha * input`, in place: how gradients gather in their arena. Where one of them has 16 bits
/// the sum is taken in f32, and rounded once to the dtype of `out`.
///
/// # Errors
/// Shapes or devices differ; integers; `out` is strided.
pub fn accumulate(out: &Tensor, input: &Tensor, alpha: f32) -> Result<()> {
    let op = "accumulate";
    out.expect_float(op)?;
    input.expect_float(op)?;
    out.same_device(op, input)?;
    if out.shape() != input.shape() {
        return Err(Error::shape(op, &[out.shape(), input.shape()], "the shapes differ"));
    }
    out.expect_contiguous(op)?;
    if out.numel() == 0 {
        return Ok(());
    }
    let args = Args { input: input.contiguous()?, out: out.clone(), alpha };
    match LADDER.run(&args, out.device()) {
        // A machine whose kernels know f32 alone.
        Err(DeviceError::DType { .. }) => {
            let wide = input.cast(DType::F32)?;
            super::widened_in_place(out, |sum| accumulate(sum, &wide, alpha))
        }
        other => Ok(other?),
    }
}
