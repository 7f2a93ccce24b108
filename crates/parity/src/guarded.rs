//! A machine around a machine, which trusts no kernel.
//!
//! Every block of memory it hands out is poisoned and has guard words on both sides, and every
//! launch is watched: bytes outside the bindings that may be written must stay as they were, and
//! the same launch on the same memory must give the same bits once more. Chapters need not know:
//! a device is whatever can allocate, copy and launch.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use strata_check::guard::{self, Breach, GUARD_BYTES};
use strata_check::{Fault, Watch, What};
use strata_ml::device::{
    Access, Backend, Binding, BoxFuture, Device, Error, Kernel, Launch, Layer, Memory, Result,
    Settings, TensorMap,
};

/// A fresh device over a machine that others may use too, and what it caught. Its cache is its own,
/// so its memory is poisoned whatever ran before.
pub fn guarded(machine: Arc<dyn Backend>, settings: Settings) -> (Device, Watch) {
    let watch = Watch::default();
    let backend = Guarded { machine, watch: watch.clone() };
    (Device::new(Box::new(backend), settings), watch)
}

#[derive(Debug)]
struct Guarded {
    machine: Arc<dyn Backend>,
    watch: Watch,
}

/// A block that a launch may write: the bindings that lie in it, and which bytes they are.
struct Written {
    memory: Arc<Memory>,
    bindings: Vec<(usize, Range<usize>)>,
}

impl Guarded {
    fn inside<'a>(&self, memory: &'a Memory) -> Result<&'a Arc<Memory>> {
        memory.get().ok_or_else(|| Error::Launch {
            kernel: "guard".into(),
            reason: "a buffer of another device was bound".into(),
        })
    }

    /// The launch as the machine sees it: every binding a guard's length further on.
    fn shifted(&self, launch: &Launch) -> Result<Launch> {
        let shift = |b: &Binding| {
            let memory = self.inside(&b.memory)?.clone();
            Ok(Binding { memory, offset: b.offset + GUARD_BYTES, ..b.clone() })
        };
        let bindings = launch.bindings.iter().map(shift).collect::<Result<_>>()?;
        let shown = |map: &TensorMap| Ok(TensorMap { of: shift(&map.of)?, ..map.clone() });
        let tensor_maps = launch.tensor_maps.iter().map(shown).collect::<Result<_>>()?;
        Ok(Launch { bindings, tensor_maps, ..launch.clone() })
    }

    fn whole(&self, memory: &Memory) -> Result<Vec<u8>> {
        pollster::block_on(self.machine.read(memory, 0, memory.bytes()))
    }
}

fn written(launch: &Launch) -> Vec<Written> {
    let mut list: Vec<Written> = Vec::new();
    for (at, (binding, access)) in launch.bindings.iter().zip(launch.kernel.accesses()).enumerate()
    {
        if access == Access::Read {
            continue;
        }
        let bound = (at, binding.offset..binding.offset + binding.bytes);
        match list.iter_mut().find(|w| w.memory.id() == binding.memory.id()) {
            Some(known) => known.bindings.push(bound),
            None => list.push(Written { memory: binding.memory.clone(), bindings: vec![bound] }),
        }
    }
    list
}

/// Bytes that changed though no binding allowed it.
fn outside(block: &Written, before: &[u8], after: &[u8]) -> Option<What> {
    let allowed = |at: &usize| block.bindings.iter().any(|(_, r)| r.contains(at));
    let changed = before.iter().zip(after).enumerate().filter(|(_, (a, b))| a != b);
    let changed: Vec<usize> = changed.map(|(at, _)| at).filter(|at| !allowed(at)).collect();
    let (first, last) = (*changed.first()?, *changed.last()?);
    // Distances are counted from the binding that lies nearest.
    let distance = |r: &Range<usize>| r.start.abs_diff(first).min(r.end.abs_diff(first));
    let (binding, near) = block.bindings.iter().min_by_key(|(_, range)| distance(range))?;
    let from = |at: usize| at.checked_signed_diff(near.start).unwrap_or(isize::MAX);
    let (count, len) = (changed.len(), near.len());
    let breach = Breach::Written { count, first: from(first), last: from(last), len };
    Some(What::Outside { binding: *binding, breach })
}

/// For each binding, the words that two runs left different.
#[expect(clippy::indexing_slicing, reason = "a device launches no binding beyond its memory")]
fn differing(block: &Written, first: &[u8], second: &[u8]) -> Vec<What> {
    let words = |range: &Range<usize>| -> Vec<usize> {
        let pairs = first[range.clone()].chunks(4).zip(second[range.clone()].chunks(4));
        pairs.enumerate().filter(|(_, (a, b))| a != b).map(|(word, _)| word).collect()
    };
    let found = block.bindings.iter().map(|(binding, range)| (*binding, words(range)));
    found
        .filter(|(_, words)| !words.is_empty())
        .map(|(binding, words)| What::Differs { binding, words })
        .collect()
}

impl Layer for Guarded {
    fn inner(&self) -> &dyn Backend {
        &*self.machine
    }

    fn unrecorded(&self) -> Option<&'static str> {
        Some("under guard: launches are watched one by one")
    }

    fn allocate(&self, bytes: usize) -> Result<Memory> {
        let layout = guard::wrap(bytes);
        let memory = self.machine.allocate(layout.total.next_multiple_of(256))?;
        self.machine.write(&memory, 0, &layout.fill())?;
        Ok(Memory::new(Arc::new(memory), bytes))
    }

    fn write(&self, memory: &Memory, offset: usize, data: &[u8]) -> Result<()> {
        self.machine.write(self.inside(memory)?, offset + GUARD_BYTES, data)
    }

    fn read<'a>(
        &'a self,
        memory: &'a Memory,
        offset: usize,
        bytes: usize,
    ) -> BoxFuture<'a, Result<Vec<u8>>> {
        match self.inside(memory) {
            Ok(inside) => self.machine.read(inside, offset + GUARD_BYTES, bytes),
            Err(error) => Box::pin(async move { Err(error) }),
        }
    }

    fn launch(&self, launch: &Launch) -> Result<()> {
        let launch = self.shifted(launch)?;
        let blocks = written(&launch);
        let state = || blocks.iter().map(|b| self.whole(&b.memory)).collect::<Result<Vec<_>>>();
        let before = state()?;
        self.machine.launch(&launch)?;
        let after = state()?;
        for (block, before) in blocks.iter().zip(&before) {
            self.machine.write(&block.memory, 0, before)?;
        }
        self.machine.launch(&launch)?;
        let again = state()?;
        let states = before.iter().zip(&after).zip(&again);
        for (block, ((before, after), again)) in blocks.iter().zip(states) {
            // What the second run alone wrote outside is no less wrong.
            let breach = outside(block, before, after);
            let breach = breach.or_else(|| outside(block, before, again));
            let faults = breach.into_iter().chain(differing(block, after, again));
            let Kernel { path: kernel, entry, .. } = *launch.kernel;
            faults.for_each(|what| self.watch.note(Fault { kernel, entry, what }));
        }
        Ok(())
    }

    fn prepare(&self, launch: &Launch) -> Result<()> {
        self.machine.prepare(&self.shifted(launch)?)
    }

    fn time(&self, launch: &Launch) -> Result<Duration> {
        self.machine.time(&self.shifted(launch)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block() -> Written {
        let memory = Arc::new(Memory::new((), 1024));
        Written { memory, bindings: vec![(1, 256..264), (3, 512..520)] }
    }

    #[test]
    fn bytes_outside_every_binding_are_found() {
        let block = block();
        let before = vec![0u8; 1024];
        let mut after = before.clone();
        after[256..264].fill(1);
        after[519] = 1;
        assert_eq!(outside(&block, &before, &after), None);
        after[520..524].fill(1);
        let breach = Breach::Written { count: 4, first: 8, last: 11, len: 8 };
        let found = outside(&block, &before, &after);
        assert_eq!(found, Some(What::Outside { binding: 3, breach }));
        after[520..524].fill(0);
        after[255] = 1;
        let breach = Breach::Written { count: 1, first: -1, last: -1, len: 8 };
        let found = outside(&block, &before, &after);
        assert_eq!(found, Some(What::Outside { binding: 1, breach }));
    }

    #[test]
    fn words_that_differ_are_counted_from_their_binding() {
        let first = vec![0u8; 1024];
        let mut second = first.clone();
        assert_eq!(differing(&block(), &first, &second), []);
        // The last word of binding 3, both of binding 1, and one that is bound nowhere.
        for at in [519, 256, 261, 600] {
            second[at] = 1;
        }
        let expected = [
            What::Differs { binding: 1, words: vec![0, 1] },
            What::Differs { binding: 3, words: vec![1] },
        ];
        assert_eq!(differing(&block(), &first, &second), expected);
    }
}
