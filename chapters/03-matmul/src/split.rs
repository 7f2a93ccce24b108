//! Split-k: where a result is small and its sums are long, k is cut into parts that workgroups of their
//! own add up, and a second launch adds the parts. It is a plan and no rung: any rung that tiles the
//! result can be launched so, with SPLIT set, and each of its workgroups computes what it always does.
use crate::ladder::{Args, SPLIT_SUM, cost, filled, finishing, flat_or, product};
use strata_device::{Device, Kernel, Launch, Result};

/// The launches that multiply in parts of `span` terms and add the parts, in an order that is always
/// the same. `tiled` makes the first one the rung's own, of as many grids as there are parts.
pub(crate) fn in_parts(
    kernel: &'static Kernel,
    a: &Args,
    device: &Device,
    span: usize,
    tiled: impl FnOnce(Launch, usize) -> Launch,
) -> Result<Vec<Launch>> {
    let parts = a.k.div_ceil(span);
    // Sums are f32, whatever is multiplied.
    let scratch = device.alloc(4 * parts * a.batches * a.m * a.n)?.whole();
    let read = scratch.bytes as f64;
    let (bindings, params) = filled(a, device)?;
    let (flops, bytes) = cost(a);
    // They are plain: the second launch has the epilogue.
    let sums = product::Bindings {
        bias: flat_or(None, &bindings.a),
        residual: flat_or(None, &bindings.a),
        c: scratch.clone(),
        activated: device.alloc(4)?.whole(),
        ..bindings.clone()
    };
    let sums = kernel.launch(sums, product::Params { span, ..params }).constant("SPLIT", 1);
    let finish = product::Bindings {
        bias: flat_or(a.bias.as_ref(), &scratch),
        residual: flat_or(a.residual.as_ref(), &scratch),
        a: scratch.clone(),
        b: scratch,
        ..bindings
    };
    let results = a.batches * a.m * a.n;
    let finish = SPLIT_SUM.launch(finish, product::Params { span: parts, ..params });
    let finish = finishing(finish, a)
        .cover(results, 256)
        .rounds(parts)
        .cost((results * parts) as f64, read + (results * a.out.tensor.dtype().size()) as f64);
    Ok(vec![tiled(sums, parts).cost(flops, bytes), finish])
}
