//! Finding an adapter and opening it with the limits every portable kernel is written for.
use super::turn::Turn;
use crate::{Caps, Error, Info, Machine, Result};
use ::wgpu::{
    Adapter, Backends, DeviceDescriptor, DeviceType, Features, Instance, InstanceDescriptor,
    InstanceFlags, Limits,
};
#[cfg(not(target_family = "wasm"))]
use std::sync::OnceLock;

pub(super) struct Opened {
    pub(super) info: Info,
    pub(super) device: ::wgpu::Device,
    pub(super) queue: ::wgpu::Queue,
}

/// The adapters of this computer, best first: discrete, integrated, virtual, software. Their order
/// numbers them (`wgpu:0`, `wgpu:1`).
///
/// # Errors
/// There is none; the error says what to install.
pub async fn list() -> Result<Vec<Info>> {
    let _turn = Turn::take();
    let adapters = adapters().await?;
    Ok(adapters.iter().enumerate().map(|(i, a)| describe(a, i, &limits(a))).collect())
}

pub(super) async fn open(index: Option<usize>) -> Result<Opened> {
    let _turn = Turn::take();
    let mut adapters = adapters().await?;
    let index = index.unwrap_or(0);
    if index >= adapters.len() {
        let (reason, fix) = no_such(index, adapters.len());
        return Err(unavailable(reason, fix));
    }
    let adapter = adapters.swap_remove(index);
    let limits = limits(&adapter);
    let info = describe(&adapter, index, &limits);
    portable(&limits).map_err(|reason| {
        unavailable(
            format!("{} {reason}, less than WebGPU promises", info.name),
            "Choose another adapter or the CPU".into(),
        )
    })?;
    let wanted = Features::SUBGROUP
        | Features::SUBGROUP_BARRIER
        | Features::SHADER_F16
        | Features::TIMESTAMP_QUERY;
    let descriptor = DeviceDescriptor {
        label: Some("strata"),
        required_features: adapter.features() & wanted,
        required_limits: limits,
        ..Default::default()
    };
    let (device, queue) = adapter.request_device(&descriptor).await.map_err(|error| {
        unavailable(
            format!("{} could not be opened: {error}", info.name),
            "Update its driver, or choose another device".into(),
        )
    })?;
    Ok(Opened { info, device, queue })
}

/// What is wrong with a number past the last adapter, and what to use instead.
fn no_such(index: usize, have: usize) -> (String, String) {
    let reason = format!("there is no adapter number {index}, only {have}");
    let fix = match have {
        1 => "Use wgpu:0, or leave the number out".into(),
        _ => format!("Use wgpu:0 to wgpu:{}, or leave the number out", have - 1),
    };
    (reason, fix)
}

fn unavailable(reason: String, fix: String) -> Error {
    Error::Unavailable { machine: Machine::Wgpu, reason, fix }
}

#[cfg(not(target_family = "wasm"))]
async fn adapters() -> Result<Vec<Adapter>> {
    // One instance serves the process: loading the drivers takes longer than all that follows.
    static INSTANCE: OnceLock<Instance> = OnceLock::new();
    let backends = Backends::VULKAN | Backends::METAL | Backends::DX12;
    let instance = INSTANCE.get_or_init(|| instance(backends));
    let mut adapters = instance.enumerate_adapters(backends).await;
    adapters.sort_by_key(|adapter| rank(adapter.get_info().device_type));
    if adapters.is_empty() {
        let fix = match std::env::consts::OS {
            "linux" => {
                "Install a Vulkan driver for the GPU, or the software adapter: \
                 sudo apt-get install mesa-vulkan-drivers libvulkan1"
            }
            _ => "Update the GPU's driver, or use the CPU",
        };
        return Err(unavailable("no WebGPU adapter was found".into(), fix.into()));
    }
    Ok(adapters)
}

#[cfg(target_family = "wasm")]
async fn adapters() -> Result<Vec<Adapter>> {
    let options = ::wgpu::RequestAdapterOptions {
        power_preference: ::wgpu::PowerPreference::HighPerformance,
        ..Default::default()
    };
    let adapter = instance(Backends::BROWSER_WEBGPU).request_adapter(&options).await;
    let adapter = adapter.map_err(|error| {
        unavailable(
            format!("the page was given no WebGPU adapter ({error})"),
            "Use a current browser with WebGPU switched on, or device cpu".into(),
        )
    })?;
    Ok(vec![adapter])
}

fn instance(backends: Backends) -> Instance {
    let mut descriptor = InstanceDescriptor::new_without_display_handle();
    descriptor.backends = backends;
    // WebGPU's own checks always stand; drivers' layers come with WGPU_VALIDATION=1.
    descriptor.flags = InstanceFlags::empty().with_env();
    Instance::new(descriptor)
}

#[cfg(not(target_family = "wasm"))]
fn rank(kind: DeviceType) -> u8 {
    match kind {
        DeviceType::DiscreteGpu => 0,
        DeviceType::IntegratedGpu => 1,
        DeviceType::VirtualGpu => 2,
        DeviceType::Other => 3,
        DeviceType::Cpu => 4,
    }
}

/// WebGPU's defaults, so that a kernel that runs here runs on every adapter, but buffers as large
/// as this one allows: size is a matter of the model, not of the kernel.
fn limits(adapter: &Adapter) -> Limits {
    let own = adapter.limits();
    let mut limits = Limits::default().or_worse_values_from(&own);
    limits.max_buffer_size = own.max_buffer_size;
    limits.max_storage_buffer_binding_size = own.max_storage_buffer_binding_size;
    limits
}

/// Whether an adapter keeps what the kernels rely on (what they do not use, textures say, may be
/// missing).
fn portable(limits: &Limits) -> Result<(), String> {
    let need = Limits::default();
    let at_least = [
        ("invocations a workgroup", limits.max_compute_invocations_per_workgroup, 256),
        (
            "bytes of workgroup memory",
            limits.max_compute_workgroup_storage_size,
            need.max_compute_workgroup_storage_size,
        ),
        ("storage buffers a stage", limits.max_storage_buffers_per_shader_stage, 8),
        ("workgroups a dimension", limits.max_compute_workgroups_per_dimension, 65_535),
    ];
    for (what, has, need) in at_least {
        if has < need {
            return Err(format!("has {has} {what}"));
        }
    }
    let alignment =
        limits.min_storage_buffer_offset_alignment.max(limits.min_uniform_buffer_offset_alignment);
    match alignment <= 256 {
        true => Ok(()),
        false => Err(format!("wants buffers bound at multiples of {alignment} bytes")),
    }
}

fn describe(adapter: &Adapter, index: usize, limits: &Limits) -> Info {
    let (who, features) = (adapter.get_info(), adapter.features());
    let subgroup = match features.contains(Features::SUBGROUP) {
        true => (who.subgroup_min_size, who.subgroup_max_size),
        false => (0, 0),
    };
    let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX) / 256 * 256;
    let caps = Caps {
        max_workgroup: limits.max_compute_invocations_per_workgroup,
        shared_bytes: limits.max_compute_workgroup_storage_size,
        max_grid: [limits.max_compute_workgroups_per_dimension; 3],
        max_binding: size(limits.max_storage_buffer_binding_size),
        max_buffer: size(limits.max_buffer_size),
        subgroup,
        f16: features.contains(Features::SHADER_F16),
        // An experimental feature, whose loads nobody checks. No rung uses it yet, so it is not asked
        // for, and no reader's kernel can.
        cooperative_matrix: false,
        timestamps: features.contains(Features::TIMESTAMP_QUERY),
        compute: 0,
        units: 0,
        l2_bytes: 0,
        software: who.device_type == DeviceType::Cpu,
        loop_rounds: loop_rounds(&who.name, &who.driver),
    };
    let driver = format!("{:?} {} {}", who.backend, who.driver, who.driver_info);
    let name = match who.name.trim() {
        "" => format!("{:?} adapter", who.backend),
        name => name.to_string(),
    };
    Info { machine: Machine::Wgpu, index, name, driver: driver.trim().into(), caps }
}

/// Mesa's llvmpipe ends an invocation's loops after 65,535 rounds in all and goes on as if they were
/// done. No card does that, and no other software adapter that we know of.
fn loop_rounds(name: &str, driver: &str) -> u32 {
    let llvmpipe = [name, driver].iter().any(|s| s.to_ascii_lowercase().contains("llvmpipe"));
    if llvmpipe { 65_535 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::{loop_rounds, no_such};

    #[test]
    fn only_llvmpipe_ends_loops() {
        assert_eq!(loop_rounds("llvmpipe (LLVM 15.0.6, 256 bits)", "llvmpipe"), 65_535);
        for name in ["NVIDIA H200", "SwiftShader Device (LLVM 10.0.0)", "Apple M2", ""] {
            assert_eq!(loop_rounds(name, ""), 0, "{name}");
        }
    }

    #[test]
    fn a_wrong_number_is_told_the_right_ones() {
        assert_eq!(no_such(5, 1).1, "Use wgpu:0, or leave the number out");
        assert_eq!(no_such(5, 3).1, "Use wgpu:0 to wgpu:2, or leave the number out");
    }
}
