//! Launches gather here and go to the GPU together.
use super::pipeline::Pipeline;
use super::wait::Signal;
use super::{State, Wgpu, bind::Block, faults};
use crate::{Cost, Error, Launch, Memory, Result};
use ::wgpu::{BufferUsages, CommandBuffer, CommandEncoder, SubmissionIndex};
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

/// Launches that are handed over at the latest.
const MOST: usize = 1024;
/// Submits that may be under way; the host waits rather than run further ahead.
const AHEAD: usize = 8;
/// Bytes handed over at once by a large write.
pub(super) const WRITE_PIECE: usize = 32 << 20;

/// How much of one submit a launch may fill: 1.0 is all of it. Systems reset a GPU whose submit
/// takes more than about two seconds, so 50 GFLOP or 10 GB, one second of a small laptop's GPU, is
/// enough for one. A large model's step becomes a few dozen submits, a small one's stays whole.
pub(super) fn weight(cost: Cost) -> f64 {
    cost.flops / 50e9 + cost.bytes / 10e9
}

/// A launch with everything looked up.
pub(super) struct Op {
    pub(super) pipeline: Arc<Pipeline>,
    /// Holds the buffers it shows.
    pub(super) group: ::wgpu::BindGroup,
    /// Where the params are, if it has any.
    pub(super) params: Option<u32>,
    pub(super) grid: [u32; 3],
    pub(super) weight: f64,
}

impl Op {
    pub(super) fn encode(&self, pass: &mut ::wgpu::ComputePass<'_>) {
        pass.set_bind_group(0, &self.group, self.params.as_slice());
        let [x, y, z] = self.grid;
        pass.dispatch_workgroups(x, y, z);
    }
}

/// A recorded step: its launches looked up once, and the memory they use.
#[derive(Default)]
pub(super) struct Tape {
    ops: Vec<Op>,
    weight: f64,
    memory: Vec<Arc<Memory>>,
    seen: HashSet<u64>,
}

impl Tape {
    pub(super) fn push(&mut self, op: Op, launch: &Launch) {
        self.weight += op.weight;
        self.ops.push(op);
        for binding in &launch.bindings {
            if self.seen.insert(binding.memory.id()) {
                self.memory.push(binding.memory.clone());
            }
        }
    }
}

enum Work {
    One(Op),
    Tape(Arc<Tape>),
}

impl Work {
    fn ops(&self) -> &[Op] {
        match self {
            Work::One(op) => std::slice::from_ref(op),
            Work::Tape(tape) => &tape.ops,
        }
    }
}

/// Work that waits for the next submit, and submits that are under way.
#[derive(Default)]
pub(super) struct Pending {
    work: Vec<Work>,
    count: usize,
    weight: f64,
    ahead: VecDeque<SubmissionIndex>,
}

impl Pending {
    /// Adds a launch; whether it is time to hand over.
    pub(super) fn push(&mut self, op: Op) -> bool {
        self.weight += op.weight;
        self.count += 1;
        self.work.push(Work::One(op));
        self.is_due()
    }

    /// Adds a recorded step; whether it is time to hand over.
    pub(super) fn push_tape(&mut self, tape: Arc<Tape>) -> bool {
        self.weight += tape.weight;
        self.count += tape.ops.len();
        self.work.push(Work::Tape(tape));
        self.is_due()
    }

    fn is_due(&self) -> bool {
        self.count >= MOST || self.weight >= 1.0
    }
}

impl Wgpu {
    /// Hands over all work that waits.
    pub(super) fn flush_state(&self, state: &mut State) -> Result<()> {
        if let Some(encoder) = self.encode_pending(state) {
            self.submit(state, Some(encoder.finish()));
            self.limit_ahead(state)?;
        }
        self.bury(state);
        self.faults.check()
    }

    /// Encodes all work that waits. What does not fit one submit is handed over here; the encoder
    /// of the last one comes back, for a copy to be added.
    pub(super) fn encode_pending(&self, state: &mut State) -> Option<CommandEncoder> {
        if state.pending.work.is_empty() {
            return None;
        }
        state.params.upload(&self.queue);
        let mut work = std::mem::take(&mut state.pending.work);
        (state.pending.count, state.pending.weight) = (0, 0.0);
        let mut ops = work.iter().flat_map(Work::ops).peekable();
        let mut last = None;
        while ops.peek().is_some() {
            if let Some(full) = last.replace(self.encoder()) {
                self.submit(state, Some(CommandEncoder::finish(full)));
            }
            let mut pass = last.as_mut()?.begin_compute_pass(&Default::default());
            let (mut weight, mut set) = (0.0, None);
            while let Some(op) = ops.next_if(|op| weight == 0.0 || weight + op.weight <= 1.0) {
                weight += op.weight;
                if set != Some(Arc::as_ptr(&op.pipeline)) {
                    set = Some(Arc::as_ptr(&op.pipeline));
                    pass.set_pipeline(&op.pipeline.compute);
                }
                op.encode(&mut pass);
            }
        }
        drop(ops);
        // The list's room serves the next step.
        work.clear();
        state.pending.work = work;
        last
    }

    pub(super) fn encoder(&self) -> CommandEncoder {
        self.device.create_command_encoder(&Default::default())
    }

    pub(super) fn submit(
        &self,
        state: &mut State,
        commands: Option<CommandBuffer>,
    ) -> SubmissionIndex {
        let at = self.queue.submit(commands);
        state.pending.ahead.push_back(at.clone());
        at
    }

    /// Waits for old submits, so that a loop that never reads does not queue up without end.
    pub(super) fn limit_ahead(&self, state: &mut State) -> Result<()> {
        while state.pending.ahead.len() > AHEAD {
            if let Some(at) = state.pending.ahead.pop_front() {
                self.block_on_submit(&at)?;
            }
        }
        Ok(())
    }

    /// Lets go of the buffers whose memory is gone.
    pub(super) fn bury(&self, state: &mut State) {
        let freed = self.graves.take();
        if !freed.is_empty() {
            state.groups.bury(&freed);
        }
    }

    /// Waits for everything and frees what was let go (native; a page frees in its own time).
    pub(super) fn drain(&self) -> Result<()> {
        let mut state = self.state();
        self.flush_state(&mut state)?;
        let at = self.submit(&mut state, None);
        state.pending.ahead.clear();
        self.block_on_submit(&at)
    }

    /// Fresh memory.
    pub(super) fn create(&self, bytes: usize) -> Result<Memory> {
        let descriptor = ::wgpu::BufferDescriptor {
            label: None,
            size: bytes as u64,
            usage: BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST,
            mapped_at_creation: false,
        };
        let device = || self.info.label();
        let buffer = faults::catch(&self.device, || self.device.create_buffer(&descriptor));
        let buffer = buffer.map_err(|error| match &error {
            ::wgpu::Error::OutOfMemory { .. } => {
                Error::OutOfMemory { device: device(), bytes, held: 0 }
            }
            other => Error::Driver {
                device: device(),
                call: "create_buffer".into(),
                reason: faults::reason(other),
            },
        })?;
        self.faults.check()?;
        Ok(Memory::new(Block::new(buffer, self.graves.clone()), bytes))
    }

    /// Hands over all work and asks to be told when it is done.
    pub(super) fn begin_wait(&self) -> Result<(Signal<()>, SubmissionIndex)> {
        let mut state = self.state();
        self.flush_state(&mut state)?;
        let at = self.submit(&mut state, None);
        let signal = Signal::new();
        let sender = signal.sender();
        self.queue.on_submitted_work_done(move || sender.send(()));
        Ok((signal, at))
    }

    pub(super) async fn finish_wait(
        &self,
        (signal, at): (Signal<()>, SubmissionIndex),
    ) -> Result<()> {
        self.settle(signal, at).await?;
        self.faults.check()
    }
}
