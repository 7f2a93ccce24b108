//! A machine around a machine, which trusts no kernel.
//!
//! Every block of memory it hands out is poisoned and has guard words on both sides, and every
//! launch is watched: bytes outside the bindings that may be written must stay as they were, and
//! the same launch on the same memory must give the same bits once more. Chapters need not know:
//! a device is whatever can allocate, copy and launch.

use std::any::Any;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use strata_check::guard::{self, Breach, GUARD_BYTES};
use strata_ml::device::{
    Access, Backend, Binding, BoxFuture, Device, Error, Info, Launch, Memory, Result, Settings,
};

/// What the watched kernels did wrong, readable while the device works.
#[derive(Clone, Debug, Default)]
pub struct Watch(Arc<Mutex<Vec<String>>>);

impl Watch {
    /// The faults noted since the last call.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, launch: &Launch, fault: &str) {
        let (path, entry) = (launch.kernel.path, launch.kernel.entry);
        let mut list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        list.push(format!("kernel {path}:{entry}: {fault}"));
    }
}

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

/// A block that a launch may write, and which bytes of it.
struct Written {
    memory: Arc<Memory>,
    ranges: Vec<Range<usize>>,
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
            Ok(Binding { memory, offset: b.offset + GUARD_BYTES, bytes: b.bytes })
        };
        let bindings = launch.bindings.iter().map(shift).collect::<Result<_>>()?;
        Ok(Launch { bindings, ..launch.clone() })
    }

    fn whole(&self, memory: &Memory) -> Result<Vec<u8>> {
        pollster::block_on(self.machine.read(memory, 0, memory.bytes()))
    }
}

fn written(launch: &Launch) -> Vec<Written> {
    let mut list: Vec<Written> = Vec::new();
    for (binding, access) in launch.bindings.iter().zip(launch.kernel.bindings) {
        if *access == Access::Read {
            continue;
        }
        let range = binding.offset..binding.offset + binding.bytes;
        match list.iter_mut().find(|w| w.memory.id() == binding.memory.id()) {
            Some(known) => known.ranges.push(range),
            None => list.push(Written { memory: binding.memory.clone(), ranges: vec![range] }),
        }
    }
    list
}

/// Bytes that changed though no binding allowed it.
fn outside(block: &Written, before: &[u8], after: &[u8]) -> Option<Breach> {
    let allowed = |at: &usize| block.ranges.iter().any(|r| r.contains(at));
    let changed = (0..before.len()).filter(|&at| before[at] != after[at]);
    let changed: Vec<usize> = changed.filter(|at| !allowed(at)).collect();
    let (first, last) = (*changed.first()?, *changed.last()?);
    // Distances are counted from the binding that lies nearest.
    let near =
        block.ranges.iter().min_by_key(|r| r.start.abs_diff(first).min(r.end.abs_diff(first)));
    let (start, len) = near.map_or((0, 0), |r| (r.start, r.len()));
    let from = |at: usize| at as isize - start as isize;
    Some(Breach::Written { count: changed.len(), first: from(first), last: from(last), len })
}

impl Backend for Guarded {
    fn info(&self) -> &Info {
        self.machine.info()
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
        for ((block, before), after) in blocks.iter().zip(&before).zip(&after) {
            if let Some(breach) = outside(block, before, after) {
                self.watch.note(&launch, &breach.to_string());
            }
            self.machine.write(&block.memory, 0, before)?;
        }
        self.machine.launch(&launch)?;
        let again = state()?;
        let words =
            |a: &[u8], b: &[u8]| a.chunks(4).zip(b.chunks(4)).filter(|(a, b)| a != b).count();
        let differ: usize = after.iter().zip(&again).map(|(a, b)| words(a, b)).sum();
        if differ > 0 {
            let fault = format!(
                "the same launch on the same memory gave other bits in {differ} words: \
                 the order of its sums depends on who comes first, or a barrier is missing"
            );
            self.watch.note(&launch, &fault);
        }
        Ok(())
    }

    fn prepare(&self, launch: &Launch) -> Result<()> {
        self.machine.prepare(&self.shifted(launch)?)
    }

    fn flush(&self) -> Result<()> {
        self.machine.flush()
    }

    fn synchronize(&self) -> BoxFuture<'_, Result<()>> {
        self.machine.synchronize()
    }

    fn time(&self, launch: &Launch) -> Result<Duration> {
        self.machine.time(&self.shifted(launch)?)
    }

    fn gains_by_recording(&self) -> bool {
        false
    }

    fn begin_recording(&self) -> Result<()> {
        Err(Error::Recording {
            call: "record",
            when: "under guard: launches are watched one by one",
        })
    }

    fn end_recording(&self) -> Result<Arc<dyn Any + Send + Sync>> {
        self.begin_recording()?;
        Ok(Arc::new(()))
    }

    fn replay(&self, _: &Arc<dyn Any + Send + Sync>) -> Result<()> {
        self.begin_recording()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_outside_every_binding_are_found() {
        let memory = Arc::new(Memory::new((), 1024));
        let block = Written { memory, ranges: vec![256..264, 512..520] };
        let before = vec![0u8; 1024];
        let mut after = before.clone();
        after[256..264].fill(1);
        after[519] = 1;
        assert_eq!(outside(&block, &before, &after), None);
        after[520..524].fill(1);
        let breach = Breach::Written { count: 4, first: 8, last: 11, len: 8 };
        assert_eq!(outside(&block, &before, &after), Some(breach));
        after[520..524].fill(0);
        after[255] = 1;
        let breach = Breach::Written { count: 1, first: -1, last: -1, len: 8 };
        assert_eq!(outside(&block, &before, &after), Some(breach));
    }
}
