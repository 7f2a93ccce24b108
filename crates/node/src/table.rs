//! Tensors by number. A number belongs to one `Tensor` object of JavaScript, which frees it.
use crate::failure::{Failure, Outcome};
use crate::guard::{env, guard};
use napi_derive::napi;
use std::cell::{Cell, RefCell};
use strata_ml::autograd::Var;
use strata_ml::device::{Device, trace};
use strata_ml::tensor::{self, Tensor};

struct Slot {
    var: Var,
    /// Its tape was walked and let go: it wants a gradient and can give none any more. The op that
    /// had made it.
    spent: Option<&'static str>,
}

#[derive(Default)]
struct Table {
    slots: Vec<Option<Slot>>,
    free: Vec<u32>,
    /// The first slots, of a realm that is gone. Its finalizers may still run: no number is reused.
    retired: usize,
    devices: Vec<Device>,
}

thread_local! {
    static TABLE: RefCell<Table> = RefCell::default();
    /// Bytes that the runtime's garbage collector was told of.
    static REPORTED: Cell<i64> = const { Cell::new(0) };
    /// Bytes that it counts by itself: those of the `ArrayBuffer`s that show our memory.
    static SHOWN: Cell<i64> = const { Cell::new(0) };
}

fn gone() -> Failure {
    let message = "this tensor was disposed of (by dispose(), `using` or tidy()); keep() it, or \
                   return it from tidy";
    Failure::new("disposed", "tensor", message)
}

fn read<T>(a: u32, f: impl FnOnce(&Slot) -> T) -> Outcome<T> {
    TABLE.with_borrow(|t| {
        let slot = (a as usize).checked_sub(1).and_then(|i| t.slots.get(i)?.as_ref());
        slot.map(f).ok_or_else(gone)
    })
}

/// The variable behind a number.
pub(crate) fn get(a: u32) -> Outcome<Var> {
    read(a, |slot| slot.var.clone())
}

/// The variable behind a number; `None` for 0.
pub(crate) fn get_option(a: u32) -> Outcome<Option<Var>> {
    if a == 0 { Ok(None) } else { get(a).map(Some) }
}

/// The variables behind numbers.
pub(crate) fn get_all(all: &[u32]) -> Outcome<Vec<Var>> {
    all.iter().map(|&a| get(a)).collect()
}

/// The op that made a tensor whose tape was let go.
pub(crate) fn spent(a: u32) -> Outcome<Option<&'static str>> {
    read(a, |slot| slot.spent)
}

/// A number for a variable.
#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "`free` holds places of `slots`; 2^32 tensors and their objects would take 8 terabytes"
)]
pub(crate) fn put(var: Var) -> u32 {
    let a = TABLE.with_borrow_mut(|t| {
        let slot = Some(Slot { var, spent: None });
        match t.free.pop() {
            Some(i) => {
                t.slots[i as usize] = slot;
                i + 1
            }
            None => {
                t.slots.push(slot);
                t.slots.len() as u32
            }
        }
    });
    report();
    a
}

/// A number for a tensor without a past.
pub(crate) fn put_tensor(tensor: Tensor) -> u32 {
    put(Var::constant(tensor))
}

/// Puts another variable in a number's place.
pub(crate) fn replace(a: u32, var: Var, spent: Option<&'static str>) {
    let old = TABLE.with_borrow_mut(|t| {
        let slot = (a as usize).checked_sub(1).and_then(|i| t.slots.get_mut(i)?.as_mut());
        slot.map(|slot| std::mem::replace(slot, Slot { var, spent }))
    });
    // Dropped outside: a tape's end runs through the devices.
    drop(old);
}

/// Gives a number back.
#[napi]
pub fn free(a: u32) -> napi::Result<()> {
    guard(|| {
        let old = TABLE.with_borrow_mut(|t| {
            let i = a.checked_sub(1)?;
            let old = t.slots.get_mut(i as usize)?.take()?;
            t.free.push(i);
            Some(old)
        });
        drop(old);
        Ok(())
    })
}

/// Numbers in use.
#[napi]
pub fn live_handles() -> napi::Result<f64> {
    guard(|| Ok(in_table() as f64))
}

fn in_table() -> usize {
    TABLE.with_borrow(|t| t.slots.len() - t.retired - t.free.len())
}

/// Bytes, or things, as something that can also be fewer.
pub(crate) fn signed(n: impl TryInto<i64>) -> i64 {
    n.try_into().unwrap_or(i64::MAX)
}

/// Bytes in use on every device that was opened: by tensors, by tapes, by models.
#[napi]
pub fn live_bytes() -> napi::Result<f64> {
    guard(|| Ok(in_use() as f64))
}

fn in_use() -> i64 {
    TABLE.with_borrow(|t| {
        t.devices.iter().map(|d| signed(d.stats().in_use)).fold(0, i64::saturating_add)
    })
}

/// Notes a device, so that its memory is counted.
pub(crate) fn note_device(device: &Device) {
    TABLE.with_borrow_mut(|t| {
        if !t.devices.iter().any(|known| known.same(device)) {
            t.devices.push(device.clone());
        }
    });
}

/// Tells the garbage collector what its small objects hold, or it would see no reason to look for
/// dead ones. In steps: the call is made in the middle of every op.
fn report() {
    const STEP: i64 = 1 << 20;
    // A variable with its place on the tape, its notes and its handle, beside its elements.
    const EACH: i64 = 2 << 10;
    let small = EACH.saturating_mul(signed(in_table()));
    let now = in_use().saturating_add(small).saturating_sub(SHOWN.get()).max(0);
    let told = REPORTED.get();
    let change = now - told;
    // A training step grows and shrinks by hundreds of megabytes. To tell of each swing would have
    // the collector at work in every step, for nothing: it hears of new heights, and of real lows.
    if change < STEP.max(told / 4) && change > -STEP.max(told / 8 * 7) {
        return;
    }
    if let Some(env) = env() {
        // Told first: the call may collect garbage, and end up here again.
        REPORTED.set(now);
        // A runtime that does not listen collects by its own lights.
        let _ = env.adjust_external_memory(change);
    }
}

/// Another realm has taken over this thread: the last one's numbers are nobody's, and the new one's
/// garbage collector was told of nothing yet.
pub(crate) fn new_realm() {
    let old: Vec<Slot> = TABLE.with_borrow_mut(|t| {
        t.retired = t.slots.len();
        t.free.clear();
        t.slots.iter_mut().filter_map(Option::take).collect()
    });
    drop(old);
    REPORTED.set(0);
    SHOWN.set(0);
}

/// Notes that an `ArrayBuffer` shows so many bytes of ours, or (below 0) no longer does: the runtime
/// counts those, and counting them twice would have it collect garbage at every view.
pub(crate) fn shown(bytes: i64) {
    SHOWN.set(SHOWN.get().saturating_add(bytes).max(0));
    if bytes > 0 {
        report();
    }
}

/// An op of one tensor. It keeps its launches, for `graph()`.
pub(crate) fn op1(a: u32, op: impl FnOnce(&Var) -> tensor::Result<Var>) -> napi::Result<u32> {
    guard(|| {
        let a = get(a)?;
        Ok(put(trace::on(|| op(&a))?))
    })
}

/// An op of two tensors.
pub(crate) fn op2(
    a: u32,
    b: u32,
    op: impl FnOnce(&Var, &Var) -> tensor::Result<Var>,
) -> napi::Result<u32> {
    guard(|| {
        let (a, b) = (get(a)?, get(b)?);
        Ok(put(trace::on(|| op(&a, &b))?))
    })
}
