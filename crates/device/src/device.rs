use crate::pool::{self, Pool};
use crate::validate::validate;
use crate::{
    Backend, BoxFuture, Buffer, Error, Info, Launch, Machine, Memory, Opaque, Overlay, Precision,
    Result, StepState,
};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How a device is opened: which kernels stand in front of the built-in ones, which rungs are forced.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// A folder of kernel files read at run time (`--kernels DIR`).
    pub overlay: Option<Arc<Overlay>>,
    /// Forced rungs by op (`--rung matmul=1_naive`).
    pub rungs: BTreeMap<String, String>,
    /// How exactly products must be made: no rung that rounds more is chosen. A forced one may.
    pub precision: Precision,
}

/// Counters since the device was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Allocations that reached the machine: a training loop makes none after its second step.
    pub allocations: u64,
    /// Bytes those allocations hold.
    pub bytes: u64,
    /// Bytes in use: held, and not waiting in the cache.
    pub in_use: u64,
    /// Kernel launches.
    pub launches: u64,
    /// Writes from the host.
    pub writes: u64,
    /// Reads back to the host.
    pub reads: u64,
}

#[derive(Default)]
struct Counters {
    allocations: AtomicU64,
    bytes: AtomicU64,
    in_use: AtomicU64,
    launches: AtomicU64,
    writes: AtomicU64,
    reads: AtomicU64,
}

#[derive(Default)]
struct State {
    pool: Pool,
    /// While recording: its number, the memory it owns, and what of that is free again.
    open: Option<(u64, Vec<Arc<Memory>>, Pool)>,
    recordings: u64,
}

struct Inner {
    backend: Box<dyn Backend>,
    state: Mutex<State>,
    counters: Counters,
}

/// A machine that runs launches in order: a cheap handle, to be cloned freely.
#[derive(Clone)]
pub struct Device {
    inner: Arc<Inner>,
    settings: Arc<Settings>,
}

impl Device {
    /// Wraps a backend.
    pub fn new(backend: Box<dyn Backend>, settings: Settings) -> Self {
        let inner = Inner { backend, state: Mutex::default(), counters: Counters::default() };
        Device { inner: Arc::new(inner), settings: Arc::new(settings) }
    }

    /// Opens the device of that name: `cpu`, `cuda`, `cuda:1`, `wgpu`, `wgpu:0`.
    ///
    /// # Errors
    /// An unknown name, or a machine that is not there (the error says what to install).
    pub async fn open_async(name: &str, settings: Settings) -> Result<Self> {
        name.parse::<crate::Choice>()?.open(settings).await
    }

    /// [`open_async`](Self::open_async), waiting for it. Native only: a page must not block.
    ///
    /// # Errors
    /// As [`open_async`](Self::open_async).
    #[cfg(not(target_family = "wasm"))]
    pub fn open(name: &str, settings: Settings) -> Result<Self> {
        pollster::block_on(Self::open_async(name, settings))
    }

    /// The best device here and why it was taken: CUDA (driver and NVRTC), then a hardware WebGPU
    /// adapter, then the CPU. `STRATA_DEVICE` overrides, where there is an environment.
    ///
    /// # Errors
    /// `STRATA_DEVICE` names a device that is unknown or absent.
    pub async fn best_async(settings: Settings) -> Result<(Self, String)> {
        crate::choose::best(settings).await
    }

    /// [`best_async`](Self::best_async), waiting for it. Native only.
    ///
    /// # Errors
    /// As [`best_async`](Self::best_async).
    #[cfg(not(target_family = "wasm"))]
    pub fn best(settings: Settings) -> Result<(Self, String)> {
        pollster::block_on(Self::best_async(settings))
    }

    /// Who it is and what it can do.
    pub fn info(&self) -> &Info {
        self.inner.backend.info()
    }

    /// The kind of machine.
    pub fn machine(&self) -> Machine {
        self.info().machine
    }

    /// How it was opened.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The same device (memory, cache, counters) with a rung forced for an op.
    pub fn with_rung(&self, op: &str, rung: &str) -> Self {
        let mut settings = (*self.settings).clone();
        settings.rungs.insert(op.into(), rung.into());
        Device { inner: self.inner.clone(), settings: Arc::new(settings) }
    }

    /// How exactly products are made on this handle.
    pub fn precision(&self) -> Precision {
        self.settings.precision
    }

    /// The same device, whose ladders may choose rungs of this precision, of those that it
    /// [has](Info::has).
    pub fn with_precision(&self, precision: Precision) -> Self {
        let settings = Settings { precision, ..(*self.settings).clone() };
        Device { inner: self.inner.clone(), settings: Arc::new(settings) }
    }

    /// Whether two handles are one device.
    pub fn same(&self, other: &Device) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// The counters.
    pub fn stats(&self) -> Stats {
        let c = &self.inner.counters;
        let get = |a: &AtomicU64| a.load(Ordering::Relaxed);
        Stats {
            allocations: get(&c.allocations),
            bytes: get(&c.bytes),
            in_use: get(&c.in_use),
            launches: get(&c.launches),
            writes: get(&c.writes),
            reads: get(&c.reads),
        }
    }

    /// A buffer of `bytes` bytes; its contents are whatever was there before. Recycled from the
    /// cache where it can be.
    ///
    /// # Errors
    /// Larger than the device allows, or out of memory (after the cache was emptied).
    pub fn alloc(&self, bytes: usize) -> Result<Buffer> {
        let info = self.info();
        let limit = info.caps.max_buffer;
        let class = pool::class(bytes).filter(|_| bytes <= limit).ok_or_else(|| {
            Error::TooLarge { device: info.label(), what: "buffer", bytes, limit }
        })?;
        let class = class.min(limit.next_multiple_of(256));
        let mut state = self.state();
        let cached = match &mut state.open {
            Some((_, _, free)) => free.take_loose(class),
            None => state.pool.take(class),
        };
        let recording = state.open.as_ref().map(|open| open.0);
        let memory = match cached {
            Some(memory) => memory,
            None => {
                let memory = Arc::new(self.fresh(class, &mut state)?);
                if let Some((_, owned, _)) = &mut state.open {
                    owned.push(memory.clone());
                }
                memory
            }
        };
        drop(state);
        self.inner.counters.in_use.fetch_add(memory.bytes() as u64, Ordering::Relaxed);
        Ok(Buffer::new(self.clone(), memory, bytes, recording))
    }

    fn fresh(&self, class: usize, state: &mut State) -> Result<Memory> {
        let c = &self.inner.counters;
        let memory = match self.inner.backend.allocate(class) {
            Err(Error::OutOfMemory { .. }) => {
                let freed = state.pool.clear();
                c.bytes.fetch_sub(freed as u64, Ordering::Relaxed);
                self.inner.backend.allocate(class).map_err(|error| match error {
                    Error::OutOfMemory { device, bytes, .. } => {
                        let held = c.bytes.load(Ordering::Relaxed) as usize;
                        Error::OutOfMemory { device, bytes, held }
                    }
                    other => other,
                })?
            }
            other => other?,
        };
        c.allocations.fetch_add(1, Ordering::Relaxed);
        c.bytes.fetch_add(class as u64, Ordering::Relaxed);
        Ok(memory)
    }

    /// Gives memory back; called by the last handle of a buffer.
    pub(crate) fn recycle(&self, memory: &Arc<Memory>, recording: Option<u64>) {
        self.inner.counters.in_use.fetch_sub(memory.bytes() as u64, Ordering::Relaxed);
        let mut state = self.state();
        match (recording, &mut state.open) {
            (None, _) => state.pool.give(memory.clone()),
            (Some(mine), Some((open, _, free))) if mine == *open => free.give(memory.clone()),
            // The recording is closed and owns the memory for as long as it can be replayed.
            (Some(_), _) => {}
        }
    }

    /// Bytes that can still be had, beside those that are cached and used by nobody; `None` where the
    /// machine does not say.
    pub fn left(&self) -> Option<u64> {
        self.inner.backend.left()
    }

    /// Frees the cached memory that nobody uses.
    pub fn trim(&self) {
        let freed = self.state().pool.clear();
        self.inner.counters.bytes.fetch_sub(freed as u64, Ordering::Relaxed);
    }

    pub(crate) fn write(&self, memory: &Memory, offset: usize, data: &[u8]) -> Result<()> {
        self.not_recording("a write from the host")?;
        self.inner.counters.writes.fetch_add(1, Ordering::Relaxed);
        if data.len().is_multiple_of(4) {
            return self.inner.backend.write(memory, offset, data);
        }
        let mut padded = crate::room::vector("write", data.len().next_multiple_of(4))?;
        padded.extend_from_slice(data);
        padded.resize(data.len().next_multiple_of(4), 0);
        self.inner.backend.write(memory, offset, &padded)
    }

    pub(crate) fn read<'a>(
        &'a self,
        memory: &'a Memory,
        offset: usize,
        bytes: usize,
    ) -> BoxFuture<'a, Result<Vec<u8>>> {
        if let Err(error) = self.not_recording("a read") {
            return Box::pin(async move { Err(error) });
        }
        self.inner.counters.reads.fetch_add(1, Ordering::Relaxed);
        // Not beyond the memory: a buffer's end is within it, and memory comes in whole words.
        let whole = self.inner.backend.read(memory, offset, bytes.next_multiple_of(4));
        Box::pin(async move {
            let mut data = whole.await?;
            data.truncate(bytes);
            Ok(data)
        })
    }

    /// Queues a launch behind all earlier ones. An empty grid is nothing to do.
    ///
    /// # Errors
    /// A launch that breaks the rules every machine shares (see [`Error::Launch`]), a kernel that
    /// does not compile, a driver error.
    pub fn launch(&self, launch: &Launch) -> Result<()> {
        if launch.grid.contains(&0) {
            return Ok(());
        }
        validate(launch, self.info())?;
        self.inner.counters.launches.fetch_add(1, Ordering::Relaxed);
        self.inner.backend.launch(launch)?;
        crate::trace::note(self, launch);
        Ok(())
    }

    /// Compiles a launch's kernel without running it.
    ///
    /// # Errors
    /// As [`launch`](Self::launch).
    pub fn prepare(&self, launch: &Launch) -> Result<()> {
        validate(launch, self.info())?;
        self.inner.backend.prepare(launch)
    }

    /// Runs one launch alone and says how long the device took. Blocks.
    ///
    /// # Errors
    /// As [`launch`](Self::launch); not while recording.
    pub fn time(&self, launch: &Launch) -> Result<Duration> {
        self.not_recording("timing a launch")?;
        validate(launch, self.info())?;
        self.inner.counters.launches.fetch_add(1, Ordering::Relaxed);
        self.inner.backend.time(launch)
    }

    /// Hands over batched work without waiting for it.
    ///
    /// # Errors
    /// A driver error.
    pub fn flush(&self) -> Result<()> {
        self.inner.backend.flush()
    }

    /// Resolves when everything launched so far has run.
    pub fn synchronize_async(&self) -> BoxFuture<'_, Result<()>> {
        self.inner.backend.synchronize()
    }

    /// Waits until everything launched so far has run.
    ///
    /// # Errors
    /// A device that was lost, or a fault in a kernel.
    #[cfg(not(target_family = "wasm"))]
    pub fn synchronize(&self) -> Result<()> {
        pollster::block_on(self.synchronize_async())
    }

    /// Whether replaying a recording is quicker here than launching anew.
    pub fn gains_by_recording(&self) -> bool {
        self.inner.backend.gains_by_recording()
    }

    /// Notes down every launch that `step` makes instead of running it, for
    /// [`replay`](Self::replay). Buffers that `step` allocates belong to the recording; a write or
    /// a read inside it is an error.
    ///
    /// # Errors
    /// What `step` returns, or a driver error.
    pub fn record<T, E: From<Error>>(
        &self,
        step: impl FnOnce() -> Result<T, E>,
    ) -> Result<(T, Recording), E> {
        self.not_recording("record")?;
        self.inner.backend.begin_recording()?;
        {
            let mut state = self.state();
            state.recordings += 1;
            state.open = Some((state.recordings, Vec::new(), Pool::default()));
        }
        let outcome = step();
        let tape = self.inner.backend.end_recording();
        let owned = self.state().open.take().map(|open| open.1).unwrap_or_default();
        let value = outcome?;
        Ok((value, Recording { tape: tape?, _owned: owned, device: self.clone() }))
    }

    /// Runs a recorded step once more.
    ///
    /// # Errors
    /// A recording of another device, or a driver error.
    pub fn replay(&self, recording: &Recording) -> Result<()> {
        self.not_recording("replay")?;
        if !recording.device.same(self) {
            return Err(Error::Recording { call: "replay", when: "on another device" });
        }
        self.inner.backend.replay(&recording.tape)
    }

    /// A buffer for [`StepState`], with a first value.
    ///
    /// # Errors
    /// As [`alloc`](Self::alloc).
    pub fn step_state(&self, state: StepState) -> Result<Buffer> {
        let buffer = self.alloc(size_of::<StepState>())?;
        buffer.write(0, bytemuck::bytes_of(&state))?;
        Ok(buffer)
    }

    fn not_recording(&self, call: &'static str) -> Result<()> {
        match self.state().open {
            Some(_) => Err(Error::Recording { call, when: "while a step is being recorded" }),
            None => Ok(()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Device({})", self.info().label())
    }
}

/// A step that was noted down once and can be run again and again, with whatever its buffers hold
/// by then. It owns the buffers that were allocated while recording.
pub struct Recording {
    tape: Arc<Opaque>,
    _owned: Vec<Arc<Memory>>,
    device: Device,
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recording({} buffers on {:?})", self._owned.len(), self.device)
    }
}
