//! How long one launch takes, by the GPU's own clock where it has one.
use super::Wgpu;
#[cfg(target_family = "wasm")]
use crate::Error;
use crate::{Launch, Result};
use std::time::Duration;

impl Wgpu {
    /// Pages must not block, so there is no answer there.
    #[cfg(target_family = "wasm")]
    pub(super) fn time_launch(&self, launch: &Launch) -> Result<Duration> {
        let reason = "timing one launch blocks, and a page must not".into();
        Err(Error::Launch { kernel: launch.kernel.path.into(), reason })
    }

    /// Waits for earlier work, then runs the launch in a pass of its own.
    #[cfg(not(target_family = "wasm"))]
    pub(super) fn time_launch(&self, launch: &Launch) -> Result<Duration> {
        use pollster::block_on;
        use std::time::Instant;
        let op = {
            let mut state = self.state();
            let op = self.resolve(&mut state, launch)?;
            state.params.upload(&self.queue);
            op
        };
        block_on(async { self.finish_wait(self.begin_wait()?).await })?;
        let run = |encoder: &mut ::wgpu::CommandEncoder, timestamp_writes| {
            let pass = ::wgpu::ComputePassDescriptor { label: None, timestamp_writes };
            let mut pass = encoder.begin_compute_pass(&pass);
            pass.set_pipeline(&op.pipeline.compute);
            op.encode(&mut pass);
        };
        if !self.info.caps.timestamps {
            let start = Instant::now();
            let mut encoder = self.encoder();
            run(&mut encoder, None);
            self.submit(&mut self.state(), Some(encoder.finish()));
            block_on(async { self.finish_wait(self.begin_wait()?).await })?;
            return Ok(start.elapsed());
        }
        let (queries, resolved) = self.queries.get_or_init(|| queries(&self.device));
        let reading = self.copy_out(resolved, 0, 16, |encoder| {
            let writes = ::wgpu::ComputePassTimestampWrites {
                query_set: queries,
                beginning_of_pass_write_index: Some(0),
                end_of_pass_write_index: Some(1),
            };
            run(encoder, Some(writes));
            encoder.resolve_query_set(queries, 0..2, resolved, 0);
        })?;
        let bytes = block_on(self.finish_read(Some(reading)))?;
        let tick = |i: usize| bytes[i * 8..i * 8 + 8].try_into().map_or(0, u64::from_le_bytes);
        let ticks = tick(1).saturating_sub(tick(0));
        let nanoseconds = ticks as f64 * f64::from(self.queue.get_timestamp_period());
        Ok(Duration::from_nanos(nanoseconds as u64))
    }
}

/// Two timestamps and the buffer they are written to.
pub(super) type Queries = (::wgpu::QuerySet, ::wgpu::Buffer);

#[cfg(not(target_family = "wasm"))]
fn queries(device: &::wgpu::Device) -> Queries {
    let set = device.create_query_set(&::wgpu::QuerySetDescriptor {
        label: None,
        ty: ::wgpu::QueryType::Timestamp,
        count: 2,
    });
    let buffer = device.create_buffer(&::wgpu::BufferDescriptor {
        label: Some("timestamps"),
        size: 256,
        usage: ::wgpu::BufferUsages::QUERY_RESOLVE | ::wgpu::BufferUsages::COPY_SRC,
        mapped_at_creation: false,
    });
    (set, buffer)
}
