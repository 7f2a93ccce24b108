use super::params::{Params, View};
use rayon::prelude::*;
use strata_device::CpuArgs;

/// `delta = rowsum(d_out * out)`. Bindings: out, d_out, state, delta. The params' `out` describes
/// `d_out`, their `q` the output itself.
pub(crate) fn delta(mut args: CpuArgs) {
    let [out, d_out, state, mut delta] = args.take();
    let p = Params::read(&args, state.u32());
    let (out, d_out) = (out.f32(), d_out.f32());
    let row = |data, view: &View, at: usize| p.row(data, view, at / p.rows, at % p.rows);
    let delta = &mut delta.f32_mut()[..p.all_heads() * p.rows];
    delta.par_iter_mut().with_min_len(256).enumerate().for_each(|(at, delta)| {
        let (a, b) = (row(out, &p.q, at), row(d_out, &p.out, at));
        *delta = a.iter().zip(b).map(|(a, b)| a * b).sum();
    });
}
