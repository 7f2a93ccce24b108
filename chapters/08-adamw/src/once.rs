use std::ops::Range;
use strata_tensor::{Error, Result, Tensor};

/// What a tensor shows: whose memory, and which bytes of it; `None` if it has no elements.
fn shown(tensor: &Tensor) -> Option<(u64, Range<usize>)> {
    let size = tensor.dtype().size();
    let start = tensor.offset().saturating_mul(size);
    let bytes = tensor.layout().extent().saturating_mul(size);
    let memory = tensor.buffer().memory().id();
    (bytes > 0).then(|| (memory, start..start.saturating_add(bytes)))
}

/// The first two of `tensors` that show the same memory, in their order.
pub(crate) fn sharing(tensors: &[&Tensor]) -> Option<(usize, usize)> {
    let mut all: Vec<_> =
        tensors.iter().enumerate().filter_map(|(i, tensor)| Some((shown(tensor)?, i))).collect();
    all.sort_by_key(|((memory, range), i)| (*memory, range.start, *i));
    // Sorted by their starts, so that whatever reaches into others reaches into the one after it.
    let pairs = all.iter().zip(all.iter().skip(1));
    let shared = pairs.filter(|(((a, x), _), ((b, y), _))| a == b && x.end > y.start);
    shared.map(|((_, i), (_, j))| (*i.min(j), *i.max(j))).min()
}

/// Refuses a list of parameters in which one stands twice, or two are views of the same memory: an
/// optimizer that goes through it would move that memory twice a step, and count its gradient twice.
/// For whoever steps tensor by tensor; in a model's arenas each parameter has a place of its own.
/// Ranges are compared: two columns of one matrix count as the same memory.
///
/// # Errors
/// The two are named by their places in the list.
///
/// ```
/// use strata_adamw::once;
/// use strata_device::{Device, Settings};
/// use strata_tensor::Tensor;
/// let device = Device::open("cpu", Settings::default())?;
/// let (w, b) = (Tensor::ones(&device, &[2, 3])?, Tensor::ones(&device, &[3])?);
/// once("sgd", &[&w, &b])?;
/// let error = once("sgd", &[&w, &b, &w]).unwrap_err().to_string();
/// assert!(error.contains("parameter 2 is parameter 0 again"));
/// # Ok::<(), strata_tensor::Error>(())
/// ```
pub fn once(op: &'static str, parameters: &[&Tensor]) -> Result<()> {
    let Some((i, j)) = sharing(parameters) else { return Ok(()) };
    let (a, b) = (parameters[i], parameters[j]);
    let same = shown(a) == shown(b) && a.layout() == b.layout();
    let what = match same {
        true => format!("parameter {j} is parameter {i} again"),
        false => format!("parameters {i} and {j} are views of the same memory"),
    };
    Err(Error::value(op, format!("{what}: it would be moved twice a step; list each once")))
}
