//! Reading back: a copy into a buffer the host can map.
use super::Wgpu;
use super::wait::Signal;
use crate::validate::range;
use crate::{Error, Memory, Result, room};
use ::wgpu::{Buffer, BufferAsyncError, BufferUsages, MapMode, SubmissionIndex};
use std::sync::{Mutex, PoisonError};

/// Larger staging buffers are not kept: a checkpoint is read rarely.
const KEEP_BYTES: u64 = 64 << 20;
const KEEP: usize = 8;

/// Buffers the host can map, kept for the next read.
#[derive(Default)]
pub(super) struct Staging(Mutex<Vec<Buffer>>);

impl Staging {
    fn take(&self, device: &::wgpu::Device, bytes: u64) -> Buffer {
        let size = match bytes <= KEEP_BYTES {
            true => bytes.next_power_of_two().max(4096),
            false => bytes,
        };
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(i) = kept.iter().position(|buffer| buffer.size() == size) {
            return kept.swap_remove(i);
        }
        device.create_buffer(&::wgpu::BufferDescriptor {
            label: Some("staging"),
            size,
            usage: BufferUsages::MAP_READ | BufferUsages::COPY_DST,
            mapped_at_creation: false,
        })
    }

    fn give(&self, buffer: Buffer) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if buffer.size() <= KEEP_BYTES && kept.len() < KEEP {
            kept.push(buffer);
        }
    }
}

/// A copy under way.
pub(super) struct Reading {
    staging: Buffer,
    bytes: u64,
    mapped: Signal<Result<(), BufferAsyncError>>,
    at: SubmissionIndex,
}

impl Wgpu {
    /// Hands over all work that waits, with a copy of the range behind it.
    pub(super) fn begin_read(
        &self,
        memory: &Memory,
        offset: usize,
        bytes: usize,
    ) -> Result<Option<Reading>> {
        range("read", memory, offset, bytes)?;
        let block = self.block(memory)?;
        if bytes == 0 {
            return Ok(None);
        }
        self.copy_out(&block.buffer, offset as u64, bytes as u64, |_| {}).map(Some)
    }

    /// As [`begin_read`](Self::begin_read), of any buffer, with more commands before the copy.
    pub(super) fn copy_out(
        &self,
        buffer: &Buffer,
        offset: u64,
        bytes: u64,
        before: impl FnOnce(&mut ::wgpu::CommandEncoder),
    ) -> Result<Reading> {
        self.faults.check()?;
        let mut state = self.state();
        let mut encoder = self.encode_pending(&mut state).unwrap_or_else(|| self.encoder());
        before(&mut encoder);
        let staging = self.staging.take(&self.device, bytes);
        encoder.copy_buffer_to_buffer(buffer, offset, &staging, 0, bytes);
        let at = self.submit(&mut state, Some(encoder.finish()));
        self.bury(&mut state);
        self.limit_ahead(&mut state)?;
        drop(state);
        let mapped = Signal::new();
        let sender = mapped.sender();
        staging.map_async(MapMode::Read, 0..bytes, move |outcome| sender.send(outcome));
        self.faults.check()?;
        Ok(Reading { staging, bytes, mapped, at })
    }

    /// The bytes, once they are there.
    pub(super) async fn finish_read(&self, reading: Option<Reading>) -> Result<Vec<u8>> {
        let Some(Reading { staging, bytes, mapped, at }) = reading else {
            return Ok(Vec::new());
        };
        let failed = |reason: String| {
            let device = self.info.label();
            Err(Error::Driver { device, call: "mapping a buffer".into(), reason })
        };
        if let Err(error) = self.settle(mapped, at).await? {
            self.faults.check()?;
            return failed(error.to_string());
        }
        let data = match staging.get_mapped_range(0..bytes) {
            Ok(view) => room::copied("read", &view),
            Err(error) => return failed(error.to_string()),
        };
        staging.unmap();
        self.staging.give(staging);
        self.faults.check()?;
        data
    }
}
