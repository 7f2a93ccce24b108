//! Choosing among elements: by a condition, by their place, by their size, by chance.
use crate::Result;
use crate::engine::autograd;
use crate::engine::device::trace;
use crate::numbers::{integer, whole};
use crate::table::{get, op1, op2, put, put_tensor};

exports! { ($) choose_functions
    now {
        choose as "where": (condition: Handle, a: Handle, b: Handle) -> Handle;
        tril, triu: (a: Handle, at: f64) -> Handle;
        isnan: (a: Handle) -> Handle;
        one_hot: (ids: Handle, classes: f64) -> Handle;
        gather: (a: Handle, d: u32, index: Handle) -> Handle;
        scatter_add: (a: Handle, d: u32, index: Handle, source: Handle) -> Handle;
        cumsum: (a: Handle, d: u32) -> Handle;
        topk: (a: Handle, k: f64) -> Handles;
        multinomial: (weights: Handle, draws: f64, seed: f64, replacement: bool) -> Handle;
    }
}

/// `a` where `condition` is not 0, else `b`.
pub fn choose(condition: u32, a: u32, b: u32) -> Result<u32> {
    let (condition, a, b) = (get(condition)?, get(a)?, get(b)?);
    Ok(put(trace::on(|| autograd::choose(condition.value(), &a, &b))?))
}

fn diagonal(op: &str, given: f64) -> Result<isize> {
    let wrong = || error!("value", op, "the diagonal must be a whole number, not {given}");
    integer(given).ok_or_else(wrong)
}

/// `a` on and below a diagonal, else 0.
pub fn tril(a: u32, at: f64) -> Result<u32> {
    let at = diagonal("tril", at)?;
    op1(a, |a| a.tril(at))
}

/// `a` on and above a diagonal, else 0.
pub fn triu(a: u32, at: f64) -> Result<u32> {
    let at = diagonal("triu", at)?;
    op1(a, |a| a.triu(at))
}

/// 1 where NaN, else 0.
pub fn isnan(a: u32) -> Result<u32> {
    Ok(put_tensor(get(a)?.value().isnan()?))
}

/// 1 at each id, else 0.
pub fn one_hot(ids: u32, classes: f64) -> Result<u32> {
    let classes = whole("one_hot", "the number of classes", classes)?;
    Ok(put_tensor(get(ids)?.value().one_hot(classes)?))
}

/// The elements at places along a dimension.
pub fn gather(a: u32, d: u32, index: u32) -> Result<u32> {
    op2(a, index, |a, index| a.gather(d as usize, index.value()))
}

/// `a` with `source` added at places along a dimension.
pub fn scatter_add(a: u32, d: u32, index: u32, source: u32) -> Result<u32> {
    let (a, index, source) = (get(a)?, get(index)?, get(source)?);
    Ok(put(trace::on(|| a.scatter_add(d as usize, index.value(), &source))?))
}

/// Running sums along a dimension.
pub fn cumsum(a: u32, d: u32) -> Result<u32> {
    op1(a, |a| a.cumsum(d as usize))
}

/// `[values, places]` of the largest along the last dimension.
pub fn topk(a: u32, k: f64) -> Result<Vec<u32>> {
    let (a, k) = (get(a)?, whole("topk", "k", k)?);
    let (values, places) = trace::on(|| a.topk(k))?;
    Ok(vec![put(values), put_tensor(places)])
}

/// Places, drawn by weights along the last dimension.
pub fn multinomial(weights: u32, draws: f64, seed: f64, replacement: bool) -> Result<u32> {
    let op = "multinomial";
    let (draws, seed) = (whole(op, "draws", draws)?, whole(op, "the seed", seed)? as u64);
    Ok(put_tensor(get(weights)?.value().multinomial(draws, seed, replacement)?))
}
