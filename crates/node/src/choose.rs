//! Choosing among elements: by a condition, by their place, by their size, by chance.
use crate::failure::Failure;
use crate::guard::guard;
use crate::numbers::{integer, whole};
use crate::table::{get, op1, op2, put, put_tensor};
use napi_derive::napi;
use strata_ml::autograd;
use strata_ml::device::trace;

/// `a` where `condition` is not 0, else `b`.
#[napi(js_name = "where")]
pub fn choose(condition: u32, a: u32, b: u32) -> napi::Result<u32> {
    guard(|| {
        let (condition, a, b) = (get(condition)?, get(a)?, get(b)?);
        Ok(put(trace::on(|| autograd::choose(condition.value(), &a, &b))?))
    })
}

fn diagonal(op: &str, given: f64) -> napi::Result<isize> {
    guard(|| {
        let message = || format!("{op}: the diagonal must be a whole number, not {given}");
        integer(given).ok_or_else(|| Failure::new("value", op, message()))
    })
}

/// `a` on and below a diagonal, else 0.
#[napi]
pub fn tril(a: u32, at: f64) -> napi::Result<u32> {
    let at = diagonal("tril", at)?;
    op1(a, |a| a.tril(at))
}

/// `a` on and above a diagonal, else 0.
#[napi]
pub fn triu(a: u32, at: f64) -> napi::Result<u32> {
    let at = diagonal("triu", at)?;
    op1(a, |a| a.triu(at))
}

/// 1 where NaN, else 0.
#[napi]
pub fn isnan(a: u32) -> napi::Result<u32> {
    guard(|| Ok(put_tensor(get(a)?.value().isnan()?)))
}

/// 1 at each id, else 0.
#[napi]
pub fn one_hot(ids: u32, classes: f64) -> napi::Result<u32> {
    guard(|| {
        let classes = whole("one_hot", "the number of classes", classes)?;
        Ok(put_tensor(get(ids)?.value().one_hot(classes)?))
    })
}

/// The elements at places along a dimension.
#[napi]
pub fn gather(a: u32, d: u32, index: u32) -> napi::Result<u32> {
    op2(a, index, |a, index| a.gather(d as usize, index.value()))
}

/// `a` with `source` added at places along a dimension.
#[napi]
pub fn scatter_add(a: u32, d: u32, index: u32, source: u32) -> napi::Result<u32> {
    guard(|| {
        let (a, index, source) = (get(a)?, get(index)?, get(source)?);
        Ok(put(trace::on(|| a.scatter_add(d as usize, index.value(), &source))?))
    })
}

/// Running sums along a dimension.
#[napi]
pub fn cumsum(a: u32, d: u32) -> napi::Result<u32> {
    op1(a, |a| a.cumsum(d as usize))
}

/// `[values, places]` of the largest along the last dimension.
#[napi]
pub fn topk(a: u32, k: f64) -> napi::Result<Vec<u32>> {
    guard(|| {
        let (a, k) = (get(a)?, whole("topk", "k", k)?);
        let (values, places) = trace::on(|| a.topk(k))?;
        Ok(vec![put(values), put_tensor(places)])
    })
}

/// Places, drawn by weights along the last dimension.
#[napi]
pub fn multinomial(weights: u32, draws: f64, seed: f64, replacement: bool) -> napi::Result<u32> {
    guard(|| {
        let op = "multinomial";
        let (draws, seed) = (whole(op, "draws", draws)?, whole(op, "the seed", seed)? as u64);
        Ok(put_tensor(get(weights)?.value().multinomial(draws, seed, replacement)?))
    })
}
