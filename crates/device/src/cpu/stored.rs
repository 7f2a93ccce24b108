//! Floats of 16 bits as CPU bodies see them: widened to f32 before, rounded once after.
use crate::{Constants, CpuArgs, CpuBinding, CpuFn, DType, Launch, Result, room};
use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};

/// Runs a body on `views`, of which `halves` names those that are stored in 16 bits.
pub(super) fn run(
    body: CpuFn,
    mut views: Vec<CpuBinding<'_>>,
    halves: &[(usize, DType)],
    launch: &Launch,
) -> Result<()> {
    let mut wide: Vec<Option<Vec<f32>>> = views.iter().map(|_| None).collect();
    for &(at, dtype) in halves {
        let bytes: &[u8] = match &views[at] {
            CpuBinding::Read(bytes) => bytes,
            CpuBinding::Write(bytes) => bytes,
        };
        wide[at] = Some(widened(bytes, dtype, launch.kernel.path)?);
    }
    let bindings = views.iter_mut().zip(&mut wide).map(|(view, wide)| match (view, wide) {
        (CpuBinding::Read(_), Some(wide)) => CpuBinding::Read(bytemuck::cast_slice(wide)),
        (CpuBinding::Write(_), Some(wide)) => CpuBinding::Write(bytemuck::cast_slice_mut(wide)),
        (CpuBinding::Read(bytes), None) => CpuBinding::Read(bytes),
        (CpuBinding::Write(bytes), None) => CpuBinding::Write(bytes),
    });
    let bindings = bindings.collect();
    body(CpuArgs { bindings, params: &launch.params, constants: Constants(&launch.constants) });
    for &(at, dtype) in halves {
        if let (CpuBinding::Write(bytes), Some(wide)) = (&mut views[at], &wide[at]) {
            narrow(wide, bytes, dtype);
        }
    }
    Ok(())
}

/// A copy in f32 of what is stored in `dtype`.
fn widened(bytes: &[u8], dtype: DType, kernel: &str) -> Result<Vec<f32>> {
    let n = bytes.len() / dtype.size();
    let mut wide = room::vector(kernel, n)?;
    wide.resize(n, 0.0);
    let whole = &bytes[..n * dtype.size()];
    match dtype {
        DType::BF16 => bytemuck::cast_slice::<u8, bf16>(whole).convert_to_f32_slice(&mut wide),
        _ => bytemuck::cast_slice::<u8, f16>(whole).convert_to_f32_slice(&mut wide),
    }
    Ok(wide)
}

/// Rounds to the nearest that `dtype` has, ties to even.
fn narrow(wide: &[f32], bytes: &mut [u8], dtype: DType) {
    let whole = &mut bytes[..wide.len() * dtype.size()];
    match dtype {
        DType::BF16 => bytemuck::cast_slice_mut::<u8, bf16>(whole).convert_from_f32_slice(wide),
        _ => bytemuck::cast_slice_mut::<u8, f16>(whole).convert_from_f32_slice(wide),
    }
}
