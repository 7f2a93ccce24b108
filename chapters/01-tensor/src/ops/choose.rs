use crate::{DType, Layout, Result, Tensor, broadcast_shapes, cpu};
use strata_device::{Bits32, Ladder, Rung, kernel};

const OP: &str = "where";

#[derive(Debug)]
pub(super) struct Args {
    cond: Tensor,
    a: Tensor,
    b: Tensor,
    out: Tensor,
}

kernel! {
    pub(crate) mod select {
        bindings { cond: read Bits32, a: read Bits32, b: read Bits32, out: write Bits32 }
        params {
            shape: [usize; 8],
            cond_strides: [usize; 8],
            a_strides: [usize; 8],
            b_strides: [usize; 8],
            n: usize,
            rank: usize,
            cond_offset: usize,
            a_offset: usize,
            b_offset: usize,
            /// The bits of a condition that count.
            mask: u32,
        }
    }
    static CHOOSE = "where/1_naive"(choose) { cuda, wgsl, cpu: cpu::choose in "src/cpu/choose.rs" }
}

pub(super) static LADDER: Ladder<Args> = Ladder {
    op: OP,
    rungs: &[Rung::new("1_naive", &[&CHOOSE], |args, _| {
        let layouts = [&args.cond, &args.a, &args.b].map(|t| t.layout().clone());
        let merged = Layout::collapse(&layouts);
        let n = args.out.numel();
        let [(cond, cond_offset), (a, a_offset), (b, b_offset)] =
            [&args.cond, &args.a, &args.b].map(Tensor::binding_and_offset);
        let read = |t: &Tensor| t.layout().extent() * t.dtype().size();
        let bytes = [&args.cond, &args.a, &args.b].map(read).iter().sum::<usize>();
        let params = select::Params {
            shape: merged[0].padded_shape(),
            cond_strides: merged[0].padded_strides(),
            a_strides: merged[1].padded_strides(),
            b_strides: merged[2].padded_strides(),
            n,
            rank: merged[0].shape.len(),
            cond_offset,
            a_offset,
            b_offset,
            // A zero has a sign in floats.
            mask: if args.cond.dtype().is_float() { 0x7fff_ffff } else { 0xffff_ffff },
        };
        Ok(vec![
            CHOOSE
                .launch(select::Bindings { cond, a, b, out: args.out.binding() }, params)
                .cover(n, 256)
                .rounds(8)
                .cost(0.0, (args.out.nbytes() + bytes) as f64),
        ])
    })],
};

/// Elements of `a` where `cond` is not 0, of `b` elsewhere, all three broadcast to one shape:
/// PyTorch's `where`, a word that Rust keeps for itself. NaN is not 0, -0 is. The bits that are chosen
/// come through unchanged, and nothing of those that are not.
///
/// # Errors
/// The shapes do not broadcast; `b` has another dtype than `a`; different devices; the device fails.
pub fn choose(cond: &Tensor, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    b.expect_dtype(OP, a.dtype())?;
    cond.same_device(OP, a)?;
    cond.same_device(OP, b)?;
    if cond.dtype().size() == 2 {
        return choose(&cond.cast(DType::F32)?, a, b);
    }
    if a.dtype().size() == 2 {
        return super::widened(a, |a| choose(cond, a, &b.cast(DType::F32)?));
    }
    let shape = broadcast_shapes(OP, a.shape(), b.shape())?;
    let shape = broadcast_shapes(OP, cond.shape(), &shape)?;
    let [cond, a, b] = [cond, a, b].map(|t| t.broadcast_to(&shape));
    let (cond, a, b) = (cond?, a?, b?);
    let out = Tensor::empty_for(OP, a.device(), a.dtype(), &shape)?;
    if out.numel() > 0 {
        LADDER.run(&Args { cond, a, b, out: out.clone() }, out.device())?;
    }
    Ok(out)
}

impl Tensor {
    /// The first index that is outside of `size`, as words are compared: a negative i32 is above all
    /// that are not.
    pub(super) fn first_outside(&self, size: usize) -> usize {
        if self.dtype() == DType::I32 { size.min(1 << 31) } else { size }
    }
}
