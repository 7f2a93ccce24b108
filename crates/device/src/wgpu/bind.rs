//! Memory, and the bind groups that show it to kernels.
use super::params::SLOT;
use super::turn::Turn;
use crate::{Access, Launch, Memory, Result};
use std::collections::{HashMap, HashSet};
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What a device and its memory share: the numbers of blocks that are freed, for the bind groups
/// that still hold their buffers; and the handle that is let go last, in turn.
pub(super) struct Graves {
    freed: Mutex<Vec<u64>>,
    device: Option<::wgpu::Device>,
}

impl Graves {
    pub(super) fn new(device: ::wgpu::Device) -> Arc<Self> {
        Arc::new(Graves { freed: Mutex::default(), device: Some(device) })
    }

    /// The numbers since the last call.
    pub(super) fn take(&self) -> Vec<u64> {
        std::mem::take(&mut self.freed.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Graves {
    fn drop(&mut self) {
        let _turn = Turn::take();
        self.device = None;
    }
}

/// A buffer on the GPU.
pub(super) struct Block {
    pub(super) buffer: ::wgpu::Buffer,
    number: u64,
    graves: Arc<Graves>,
}

impl Block {
    pub(super) fn new(buffer: ::wgpu::Buffer, graves: Arc<Graves>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Block { buffer, number: NEXT.fetch_add(1, Ordering::Relaxed), graves }
    }

    /// Whether it belongs to the device with these graves.
    pub(super) fn lies_in(&self, graves: &Arc<Graves>) -> bool {
        Arc::ptr_eq(&self.graves, graves)
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        let freed = self.graves.freed.lock();
        freed.unwrap_or_else(PoisonError::into_inner).push(self.number);
    }
}

/// What kernels with the same bindings share: their bind groups fit each other.
#[derive(Clone)]
pub(super) struct Layout {
    pub(super) group: ::wgpu::BindGroupLayout,
    pub(super) pipeline: ::wgpu::PipelineLayout,
    number: u64,
}

impl Layout {
    /// Storage buffers as the kernel declares them, then the params.
    pub(super) fn new(
        device: &::wgpu::Device,
        bindings: &[Access],
        params: bool,
        number: u64,
    ) -> Self {
        let storage = bindings.iter().map(|access| ::wgpu::BindingType::Buffer {
            ty: ::wgpu::BufferBindingType::Storage { read_only: *access == Access::Read },
            has_dynamic_offset: false,
            min_binding_size: None,
        });
        let uniform = params.then_some(::wgpu::BindingType::Buffer {
            ty: ::wgpu::BufferBindingType::Uniform,
            has_dynamic_offset: true,
            min_binding_size: None,
        });
        let entry = |(i, ty)| ::wgpu::BindGroupLayoutEntry {
            binding: i as u32,
            visibility: ::wgpu::ShaderStages::COMPUTE,
            ty,
            count: None,
        };
        let entries: Vec<_> = storage.chain(uniform).enumerate().map(entry).collect();
        let group = device.create_bind_group_layout(&::wgpu::BindGroupLayoutDescriptor {
            label: None,
            entries: &entries,
        });
        let pipeline = device.create_pipeline_layout(&::wgpu::PipelineLayoutDescriptor {
            label: None,
            bind_group_layouts: &[Some(&group)],
            immediate_size: 0,
        });
        Layout { group, pipeline, number }
    }
}

/// WebGPU binds whole words; memory is a multiple of 256 bytes, so the rest of the word is there.
fn shown(bytes: usize) -> u64 {
    bytes.next_multiple_of(4) as u64
}

/// A new bind group for a launch.
pub(super) fn make(
    device: &::wgpu::Device,
    launch: &Launch,
    layout: &Layout,
    blocks: &[&Block],
    params: &::wgpu::Buffer,
) -> ::wgpu::BindGroup {
    let show = |buffer, offset: usize, bytes| {
        let (offset, size) = (offset as u64, NonZeroU64::new(bytes));
        ::wgpu::BindingResource::Buffer(::wgpu::BufferBinding { buffer, offset, size })
    };
    let storage = launch.bindings.iter().zip(blocks);
    let storage = storage.map(|(b, block)| show(&block.buffer, b.offset, shown(b.bytes)));
    let uniform = (!launch.params.is_empty()).then(|| show(params, 0, SLOT as u64));
    let entry = |(i, resource)| ::wgpu::BindGroupEntry { binding: i as u32, resource };
    let entries: Vec<_> = storage.chain(uniform).enumerate().map(entry).collect();
    device.create_bind_group(&::wgpu::BindGroupDescriptor {
        label: None,
        layout: &layout.group,
        entries: &entries,
    })
}

/// More bind groups than any model's step has; beyond it the ones not used lately go.
const MOST: usize = 16_384;

/// Bind groups by layout and by (block, offset, bytes) of each binding.
#[derive(Default)]
pub(super) struct Groups {
    cache: HashMap<Box<[u64]>, (::wgpu::BindGroup, u64)>,
    key: Vec<u64>,
    clock: u64,
}

impl Groups {
    /// The bind group of a launch, if there is one; else the key is kept for [`put`](Self::put).
    pub(super) fn get<'a>(
        &mut self,
        launch: &'a Launch,
        layout: &Layout,
        block: impl Fn(&'a Memory) -> Result<&'a Block>,
    ) -> Result<Option<::wgpu::BindGroup>> {
        self.clock += 1;
        self.key.clear();
        self.key.push(layout.number);
        for binding in &launch.bindings {
            let number = block(&binding.memory)?.number;
            self.key.extend([number, binding.offset as u64, binding.bytes as u64]);
        }
        let found = self.cache.get_mut(self.key.as_slice());
        Ok(found.map(|(group, used)| {
            *used = self.clock;
            group.clone()
        }))
    }

    /// Keeps a new group under the key last looked for.
    pub(super) fn put(&mut self, group: ::wgpu::BindGroup) {
        if self.cache.len() >= MOST {
            let horizon = self.clock.saturating_sub(MOST as u64 / 2);
            self.cache.retain(|_, (_, used)| *used >= horizon);
        }
        self.cache.insert(self.key.as_slice().into(), (group, self.clock));
    }

    /// Forgets the groups that show blocks which are freed, so that their buffers can go too.
    pub(super) fn bury(&mut self, freed: &[u64]) {
        let freed: HashSet<u64> = freed.iter().copied().collect();
        self.cache.retain(|key, _| !key[1..].chunks(3).any(|binding| freed.contains(&binding[0])));
    }

    /// Forgets everything: the params have moved to a new buffer.
    pub(super) fn clear(&mut self) {
        self.cache.clear();
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.cache.len()
    }
}
