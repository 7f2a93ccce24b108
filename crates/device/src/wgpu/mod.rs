//! Any GPU, through WebGPU: Vulkan, Metal or Direct3D 12 natively, the page's own WebGPU in a
//! browser. A software adapter (Mesa's lavapipe) will do for checking.
//!
//! A launch does little more than look three things up: its compiled pipeline, its params' place in
//! one uniform buffer, and its bind group. The work gathers in a list and goes to the GPU as one
//! compute pass in one submit, when somebody reads, writes or waits. A training step is one submit,
//! and its second run compiles, uploads and binds nothing new.

mod adapter;
mod bind;
mod faults;
mod message;
mod params;
mod pipeline;
mod read;
mod submit;
#[cfg(test)]
mod tests;
mod time;
mod turn;
mod wait;

use crate::validate::{range, stranger};
use crate::{Backend, BoxFuture, Error, Info, Launch, Memory, Opaque, Overlay, Result};
#[cfg(not(target_family = "wasm"))]
use crate::{Binding, Kernel, Loaded};
use bind::{Block, Graves, Groups};
use faults::Faults;
use params::Params;
use pipeline::Pipelines;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use submit::{Op, Pending, Tape};

pub use adapter::list;

/// A GPU behind WebGPU.
pub struct Wgpu {
    info: Info,
    device: ::wgpu::Device,
    queue: ::wgpu::Queue,
    overlay: Option<Arc<Overlay>>,
    faults: Arc<Faults>,
    state: Mutex<State>,
    staging: read::Staging,
    #[cfg_attr(
        target_family = "wasm",
        expect(dead_code, reason = "a page does not time launches")
    )]
    queries: OnceLock<time::Queries>,
    /// Last, so that it is dropped last.
    graves: Arc<Graves>,
}

/// A recorded step, and whose it is.
struct Recorded {
    tape: Arc<Tape>,
    graves: Arc<Graves>,
}

/// What launches look things up in, and the launches that wait for the next submit.
struct State {
    pipelines: Pipelines,
    params: Params,
    groups: Groups,
    pending: Pending,
    recording: Option<Tape>,
}

impl Wgpu {
    /// Opens an adapter: number `index` of [`list`], or the first.
    ///
    /// # Errors
    /// There is no adapter, or not that many, or it refuses WebGPU's default limits.
    pub async fn open(index: Option<usize>, overlay: Option<Arc<Overlay>>) -> Result<Self> {
        let adapter::Opened { info, device, queue } = adapter::open(index).await?;
        let faults = Faults::watch(&device, info.label());
        let state = State {
            pipelines: Pipelines::default(),
            params: Params::new(&device),
            groups: Groups::default(),
            pending: Pending::default(),
            recording: None,
        };
        let graves = Graves::new(device.clone());
        let (staging, queries) = Default::default();
        let state = Mutex::new(state);
        Ok(Wgpu { info, device, queue, overlay, faults, state, staging, queries, graves })
    }

    /// The adapters of this computer; see [`list`].
    ///
    /// # Errors
    /// There is none.
    pub async fn list() -> Result<Vec<Info>> {
        adapter::list().await
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn block<'a>(&self, memory: &'a Memory) -> Result<&'a Block> {
        let block = memory.get::<Block>().filter(|block| block.lies_in(&self.graves));
        block.ok_or_else(|| stranger("wgpu"))
    }

    /// Everything a launch needs, looked up or made.
    fn resolve(&self, state: &mut State, launch: &Launch) -> Result<Op> {
        let overlay = self.overlay.as_deref();
        let pipeline = state.pipelines.get(&self.device, launch, overlay, &self.info)?;
        let params = match launch.params.is_empty() {
            true => None,
            false => Some(self.place_params(state, launch)?),
        };
        let group = match state.groups.get(launch, &pipeline.layout, |m| self.block(m))? {
            Some(group) => group,
            None => self.new_group(state, launch, &pipeline.layout)?,
        };
        Ok(Op { pipeline, group, params, grid: launch.grid, weight: submit::weight(launch.cost) })
    }

    /// Compiles a text as a launch would, to the end: software adapters put that off until the first
    /// launch, so there is one, of no workgroups.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn try_out(
        &self,
        kernel: &'static Kernel,
        loaded: Loaded,
        constants: Vec<(&'static str, u32)>,
        bindings: Vec<usize>,
        params: usize,
    ) -> Result<()> {
        let mut launch = Launch::new(kernel);
        (launch.constants, launch.grid) = (constants, [0; 3]);
        launch.params.resize(params, 0);
        for bytes in bindings {
            let bytes = bytes.next_multiple_of(256).max(256);
            let memory = Arc::new(self.allocate(bytes)?);
            launch.bindings.push(Binding { memory, offset: 0, bytes, dtype: None });
        }
        let mut state = self.state();
        let pipeline = state.pipelines.compile(&self.device, &launch, &loaded, &self.info)?;
        state.pipelines.keep(&launch, pipeline);
        drop(state);
        self.launch(&launch)?;
        pollster::block_on(self.synchronize())
    }

    fn place_params(&self, state: &mut State, launch: &Launch) -> Result<u32> {
        if let Some(offset) = state.params.find(&launch.params) {
            return Ok(offset);
        }
        if state.params.is_full() {
            // Work in the list still reads the old buffer, so its contents must be there in time.
            state.params.upload(&self.queue);
            state.params = Params::new(&self.device);
            state.groups.clear();
        }
        state
            .params
            .place(&launch.params)
            .map_err(|reason| Error::Launch { kernel: launch.kernel.path.into(), reason })
    }

    fn new_group(
        &self,
        state: &mut State,
        launch: &Launch,
        layout: &bind::Layout,
    ) -> Result<::wgpu::BindGroup> {
        let blocks: Vec<&Block> =
            launch.bindings.iter().map(|b| self.block(&b.memory)).collect::<Result<_>>()?;
        let make = || bind::make(&self.device, launch, layout, &blocks, state.params.buffer());
        let group = faults::catch(&self.device, make).map_err(|error| Error::Launch {
            kernel: launch.kernel.path.into(),
            reason: faults::reason(&error),
        })?;
        state.groups.put(group.clone());
        Ok(group)
    }
}

impl Backend for Wgpu {
    fn info(&self) -> &Info {
        &self.info
    }

    fn allocate(&self, bytes: usize) -> Result<Memory> {
        let limit = self.info.caps.max_buffer;
        if bytes > limit {
            let device = self.info.label();
            return Err(Error::TooLarge { device, what: "buffer", bytes, limit });
        }
        self.faults.check()?;
        self.bury(&mut self.state());
        match self.create(bytes) {
            Err(Error::OutOfMemory { .. }) => {
                // What was let go may still be in use by work under way: wait for it once.
                self.drain()?;
                self.create(bytes)
            }
            other => other,
        }
    }

    fn write(&self, memory: &Memory, offset: usize, data: &[u8]) -> Result<()> {
        range("write", memory, offset, data.len())?;
        let block = self.block(memory)?;
        let mut state = self.state();
        self.flush_state(&mut state)?;
        // WebGPU copies the bytes before the next submit, that is after all work handed over.
        for (i, piece) in data.chunks(submit::WRITE_PIECE).enumerate() {
            if i > 0 {
                // Hand the staged piece over, so that a large write never has two copies of itself.
                self.submit(&mut state, None);
            }
            let at = offset + i * submit::WRITE_PIECE;
            self.queue.write_buffer(&block.buffer, at as u64, piece);
        }
        self.faults.check()
    }

    fn read<'a>(
        &'a self,
        memory: &'a Memory,
        offset: usize,
        bytes: usize,
    ) -> BoxFuture<'a, Result<Vec<u8>>> {
        // The copy is queued now, not when the future is first polled: launches made in between
        // must not show.
        let copy = self.begin_read(memory, offset, bytes);
        Box::pin(async move { self.finish_read(copy?).await })
    }

    fn launch(&self, launch: &Launch) -> Result<()> {
        self.faults.check()?;
        let mut state = self.state();
        let op = self.resolve(&mut state, launch)?;
        if let Some(tape) = &mut state.recording {
            tape.push(op, launch);
            return Ok(());
        }
        if state.pending.push(op) {
            self.flush_state(&mut state)?;
        }
        Ok(())
    }

    fn prepare(&self, launch: &Launch) -> Result<()> {
        let overlay = self.overlay.as_deref();
        self.state().pipelines.get(&self.device, launch, overlay, &self.info)?;
        self.faults.check()
    }

    fn flush(&self) -> Result<()> {
        self.flush_state(&mut self.state())
    }

    fn synchronize(&self) -> BoxFuture<'_, Result<()>> {
        let done = self.begin_wait();
        Box::pin(async move { self.finish_wait(done?).await })
    }

    fn time(&self, launch: &Launch) -> Result<Duration> {
        self.time_launch(launch)
    }

    fn begin_recording(&self) -> Result<()> {
        self.state().recording = Some(Tape::default());
        Ok(())
    }

    fn end_recording(&self) -> Result<Arc<Opaque>> {
        let tape = Arc::new(self.state().recording.take().unwrap_or_default());
        Ok(Arc::new(Recorded { tape, graves: self.graves.clone() }))
    }

    fn replay(&self, recording: &Arc<Opaque>) -> Result<()> {
        self.faults.check()?;
        let recorded = recording.downcast_ref::<Recorded>();
        let ours = recorded.filter(|r| Arc::ptr_eq(&r.graves, &self.graves));
        let wrong = Error::Recording { call: "replay", when: "with another device's recording" };
        let tape = ours.ok_or(wrong)?.tape.clone();
        let mut state = self.state();
        if state.pending.push_tape(tape) {
            self.flush_state(&mut state)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Wgpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wgpu({})", self.info.label())
    }
}
