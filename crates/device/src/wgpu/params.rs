//! One uniform buffer holds the params of every launch there ever was.
//!
//! What changes from step to step lives in `StepState`, so params are the same words again and
//! again. Each distinct set gets a slot once and keeps it: the second step of a training loop
//! uploads nothing, and a recording can point into the buffer for as long as it likes.
use std::collections::HashMap;

/// WebGPU binds uniforms at multiples of 256 bytes, and binds 256 bytes for every params struct.
pub(super) const SLOT: usize = 256;
const SLOTS: usize = 4096;

pub(super) struct Params {
    buffer: ::wgpu::Buffer,
    slots: HashMap<Box<[u32]>, u32>,
    /// Slots that are placed but not yet on the device.
    fresh: Vec<u8>,
}

impl Params {
    pub(super) fn new(device: &::wgpu::Device) -> Self {
        let buffer = device.create_buffer(&::wgpu::BufferDescriptor {
            label: Some("params"),
            size: (SLOTS * SLOT) as u64,
            usage: ::wgpu::BufferUsages::UNIFORM | ::wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        Params { buffer, slots: HashMap::new(), fresh: Vec::new() }
    }

    pub(super) fn buffer(&self) -> &::wgpu::Buffer {
        &self.buffer
    }

    /// The offset of these words, if they were seen before.
    pub(super) fn find(&self, words: &[u32]) -> Option<u32> {
        self.slots.get(words).copied()
    }

    /// Time for a new buffer: slots are never written twice, since work under way may read them.
    pub(super) fn is_full(&self) -> bool {
        self.slots.len() == SLOTS
    }

    /// Gives new words a slot; its offset.
    ///
    /// # Errors
    /// More words than a slot has.
    pub(super) fn place(&mut self, words: &[u32]) -> Result<u32, String> {
        let bytes: &[u8] = bytemuck::cast_slice(words);
        if bytes.len() > SLOT {
            let (got, most) = (words.len(), SLOT / 4);
            return Err(format!("its params have {got} words; WebGPU kernels take at most {most}"));
        }
        let offset = (self.slots.len() * SLOT) as u32;
        self.fresh.extend_from_slice(bytes);
        self.fresh.resize(self.fresh.len() + SLOT - bytes.len(), 0);
        self.slots.insert(words.into(), offset);
        Ok(offset)
    }

    /// Sends the slots that are new since the last upload.
    pub(super) fn upload(&mut self, queue: &::wgpu::Queue) {
        if self.fresh.is_empty() {
            return;
        }
        let start = self.slots.len() * SLOT - self.fresh.len();
        queue.write_buffer(&self.buffer, start as u64, &self.fresh);
        self.fresh.clear();
    }
}
