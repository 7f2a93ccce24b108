//! Tensors by number. A number belongs to one `Tensor` object of JavaScript, which frees it.
use crate::engine::autograd::Var;
use crate::engine::device::{Device, trace};
use crate::engine::tensor::{self, Tensor};
use crate::{Error, Result};
use std::cell::{Cell, RefCell};

exports! { ($) table_functions
    now {
        free: (a: Handle) -> Unit;
        live_handles, live_bytes: () -> f64;
    }
}

struct Slot {
    var: Var,
    /// The op that had made it, if its tape was freed by a backward pass: it wants a gradient and can
    /// give none any more.
    freed: Option<&'static str>,
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
    /// What tells the runtime's garbage collector of so many bytes more or fewer.
    static COLLECTOR: Cell<Option<fn(i64)>> = const { Cell::new(None) };
    /// Bytes that it was told of.
    static REPORTED: Cell<i64> = const { Cell::new(0) };
    /// Bytes that it counts by itself: those of the `ArrayBuffer`s over our memory.
    static VIEWED: Cell<i64> = const { Cell::new(0) };
}

fn disposed() -> Error {
    let message = "this tensor was disposed of (by dispose(), `using` or tidy()); keep() it, or \
                   return it from tidy";
    Error::new("disposed", "tensor", message)
}

fn read<T>(a: u32, f: impl FnOnce(&Slot) -> T) -> Result<T> {
    TABLE.with_borrow(|t| {
        let slot = (a as usize).checked_sub(1).and_then(|i| t.slots.get(i)?.as_ref());
        slot.map(f).ok_or_else(disposed)
    })
}

/// The variable behind a number.
pub(crate) fn get(a: u32) -> Result<Var> {
    read(a, |slot| slot.var.clone())
}

/// The variable behind a number; `None` for 0.
pub(crate) fn get_option(a: u32) -> Result<Option<Var>> {
    if a == 0 { Ok(None) } else { get(a).map(Some) }
}

/// The variables behind numbers.
pub(crate) fn get_all(all: &[u32]) -> Result<Vec<Var>> {
    all.iter().map(|&a| get(a)).collect()
}

/// The op that made a tensor whose tape was freed.
pub(crate) fn freed_op(a: u32) -> Result<Option<&'static str>> {
    read(a, |slot| slot.freed)
}

/// A number for a variable.
#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "`free` holds places of `slots`; 2^32 tensors and their objects would take 8 terabytes"
)]
pub(crate) fn put(var: Var) -> u32 {
    let a = TABLE.with_borrow_mut(|t| {
        let slot = Some(Slot { var, freed: None });
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
pub(crate) fn replace(a: u32, var: Var, freed: Option<&'static str>) {
    let old = TABLE.with_borrow_mut(|t| {
        let slot = (a as usize).checked_sub(1).and_then(|i| t.slots.get_mut(i)?.as_mut());
        slot.map(|slot| std::mem::replace(slot, Slot { var, freed }))
    });
    // Dropped outside: a tape's end runs through the devices.
    drop(old);
}

/// Gives a number back.
pub fn free(a: u32) -> Result<()> {
    let old = TABLE.with_borrow_mut(|t| {
        let i = a.checked_sub(1)?;
        let old = t.slots.get_mut(i as usize)?.take()?;
        t.free.push(i);
        Some(old)
    });
    drop(old);
    Ok(())
}

/// Numbers in use.
pub fn live_handles() -> Result<f64> {
    Ok(in_table() as f64)
}

fn in_table() -> usize {
    TABLE.with_borrow(|t| t.slots.len() - t.retired - t.free.len())
}

fn signed(n: impl TryInto<i64>) -> i64 {
    n.try_into().unwrap_or(i64::MAX)
}

/// Bytes in use on every device that was opened: by tensors, by tapes, by models.
pub fn live_bytes() -> Result<f64> {
    Ok(in_use() as f64)
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

/// A thread's garbage collector, which is told of memory by `tell` from now on; its runtime has counted
/// none yet.
pub fn set_collector(tell: fn(i64)) {
    COLLECTOR.set(Some(tell));
}

/// Tells the garbage collector what its small objects hold, or it would see no reason to look for
/// dead ones. In steps: the call is made in the middle of every op.
fn report() {
    const STEP: i64 = 1 << 20;
    // A variable with its place on the tape, its notes and its handle, beside its elements.
    const EACH: i64 = 2 << 10;
    let Some(tell) = COLLECTOR.get() else { return };
    let small = EACH.saturating_mul(signed(in_table()));
    let now = in_use().saturating_add(small).saturating_sub(VIEWED.get()).max(0);
    let before = REPORTED.get();
    let change = now - before;
    // A training step grows and shrinks by hundreds of megabytes. To tell of each swing would have
    // the collector at work in every step, for nothing: it hears of new heights, and of real lows.
    if change < STEP.max(before / 4) && change > -STEP.max(before / 8 * 7) {
        return;
    }
    // Noted first: the call may collect garbage, and end up here again.
    REPORTED.set(now);
    tell(change);
}

/// Another realm has taken over this thread: the last one's numbers and hooks are nobody's, and the
/// new one's garbage collector was told of nothing yet.
pub fn new_realm() {
    let old: Vec<Slot> = TABLE.with_borrow_mut(|t| {
        t.retired = t.slots.len();
        t.free.clear();
        t.slots.iter_mut().filter_map(Option::take).collect()
    });
    drop(old);
    REPORTED.set(0);
    VIEWED.set(0);
    crate::autograd::forget_hooks();
}

/// Notes that an `ArrayBuffer` is over so many bytes of ours, or one less: the runtime counts those,
/// and counting them twice would have it collect garbage at every view.
pub fn count_view(bytes: usize, more: bool) {
    let bytes = if more { signed(bytes) } else { -signed(bytes) };
    VIEWED.set(VIEWED.get().saturating_add(bytes).max(0));
    if more {
        report();
    }
}

/// An op of one tensor. It keeps its launches, for `graph()`.
pub(crate) fn op1(a: u32, op: impl FnOnce(&Var) -> tensor::Result<Var>) -> Result<u32> {
    let a = get(a)?;
    Ok(put(trace::on(|| op(&a))?))
}

/// An op of two tensors.
pub(crate) fn op2(
    a: u32,
    b: u32,
    op: impl FnOnce(&Var, &Var) -> tensor::Result<Var>,
) -> Result<u32> {
    let (a, b) = (get(a)?, get(b)?);
    Ok(put(trace::on(|| op(&a, &b))?))
}

/// What an op gave, or several: numbers for them.
pub(crate) fn put_all<const N: usize>(all: [Tensor; N]) -> Vec<u32> {
    all.map(put_tensor).into()
}
