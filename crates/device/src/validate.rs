use crate::stored::{Foreign, foreign};
use crate::{Access, Binding, Error, Info, Launch, Machine, Memory, Result, TensorMap};

/// The rules of the strictest machine hold on every one, so that a launch that runs here runs
/// everywhere: WebGPU forbids reading and writing one buffer in one dispatch.
pub(crate) fn validate(launch: &Launch, info: &Info) -> Result<()> {
    let kernel = launch.kernel;
    let caps = &info.caps;
    if !kernel.runs_on(info.machine) {
        return fail(launch, format!("it has no body for {}", info.machine));
    }
    // Mostly one static; the comparison of all fields is for what was declared twice.
    if !std::ptr::eq(launch.signature, kernel.signature) && launch.signature != kernel.signature {
        return fail(launch, "it was filled in as a kernel that takes other things".into());
    }
    let (want, got) = (kernel.signature.words(), launch.params.len());
    if want != got {
        return fail(launch, format!("its params have {want} words, {got} were given"));
    }
    if let Some(size) = launch.too_large {
        return fail(launch, format!("{size} does not fit the 32 bits of a kernel's params"));
    }
    let threads: u128 = launch.block.iter().map(|&b| u128::from(b)).product();
    if threads == 0 || threads > u128::from(caps.max_workgroup) {
        let most = caps.max_workgroup;
        return fail(launch, format!("a workgroup of {threads}; this device allows 1 to {most}"));
    }
    for d in 0..3 {
        if launch.grid[d] > caps.max_grid[d] {
            let (got, most) = (launch.grid[d], caps.max_grid[d]);
            let reason = format!("{got} workgroups in dimension {d}; the device allows {most}");
            return fail(launch, reason);
        }
    }
    too_long(launch, info)?;
    hopper(launch, info)?;
    for a in &launch.bindings {
        if a.bytes > caps.max_binding {
            let (bytes, limit) = (a.bytes, caps.max_binding);
            let device = info.label();
            return Err(Error::TooLarge { device, what: "binding", bytes, limit });
        }
    }
    if let Some(Foreign { name, want, got }) = foreign(launch, info.machine) {
        return fail(launch, format!("`{name}` is declared as {want}, {got} was bound"));
    }
    bindings(launch)
}

/// What only NVIDIA cards have, from Hopper on.
fn hopper(launch: &Launch, info: &Info) -> Result<()> {
    let (cluster, maps) = (launch.cluster, &launch.tensor_maps);
    if cluster == [1; 3] && maps.is_empty() {
        return Ok(());
    }
    if info.machine != Machine::Cuda || info.caps.compute < 90 {
        let device = info.label();
        let reason = format!(
            "clusters and tensor maps need an NVIDIA card of compute capability 9.0 or newer, not {device}"
        );
        return fail(launch, reason);
    }
    let size: u64 = cluster.iter().map(|&n| u64::from(n)).product();
    let divides = |(grid, n): (u32, u32)| n > 0 && grid.is_multiple_of(n);
    if !(1..=8).contains(&size) || !launch.grid.into_iter().zip(cluster).all(divides) {
        let grid = launch.grid;
        return fail(launch, format!("clusters of {cluster:?} do not divide a grid of {grid:?}"));
    }
    Ok(())
}

/// A launch whose loops the device would end early: what it left would be plausible, and wrong.
pub(crate) fn too_long(launch: &Launch, info: &Info) -> Result<()> {
    let (rounds, most) = (launch.longest(), info.caps.loop_rounds as usize);
    if most == 0 || rounds <= most {
        return Ok(());
    }
    let kernel = format!("{}:{}", launch.kernel.path, launch.kernel.entry);
    let detail = String::new();
    Err(Error::TooLong { op: kernel, detail, device: info.label(), rounds, most })
}

/// What makes views of memory sound: as many bindings as the kernel has, each within its memory, and
/// none that is written sharing a byte with another. Machines whose memory is the host's check it
/// themselves, since a [`Backend`](crate::Backend) can be called without a [`Device`](crate::Device).
pub(crate) fn bindings(launch: &Launch) -> Result<()> {
    let kernel = launch.kernel;
    let declared = kernel.signature.bindings;
    if launch.bindings.len() != declared.len() {
        let (want, got) = (declared.len(), launch.bindings.len());
        return fail(launch, format!("it takes {want} buffers, {got} were bound"));
    }
    for (i, a) in launch.bindings.iter().enumerate() {
        if a.bytes == 0 || !a.offset.is_multiple_of(256) || !within(a) {
            let (offset, bytes, room) = (a.offset, a.bytes, a.memory.bytes());
            let reason = format!(
                "binding {i} shows {bytes} bytes from {offset} of a buffer of {room}; \
                 offsets must be multiples of 256 and ranges not empty"
            );
            return fail(launch, reason);
        }
    }
    for (i, a) in launch.bindings.iter().enumerate() {
        for (j, b) in launch.bindings.iter().enumerate().skip(i + 1) {
            if a.memory.id() != b.memory.id() {
                continue;
            }
            let (x, y) = (declared[i].access, declared[j].access);
            // Neither sum overflows: both ranges lie within their memory.
            let apart = a.offset + a.bytes <= b.offset || b.offset + b.bytes <= a.offset;
            if x != y || (x == Access::Write && !apart) {
                let reason =
                    format!("bindings {i} and {j} show one buffer, and at least one writes it");
                return fail(launch, reason);
            }
        }
    }
    mapped(launch)
}

/// What a tensor map shows must be there, as with any binding.
fn mapped(launch: &Launch) -> Result<()> {
    let declared = launch.kernel.signature.bindings;
    let written = |map: &TensorMap, within: bool| {
        let written = launch.bindings.iter().zip(declared);
        let mut written = written.filter(|(_, declared)| declared.access == Access::Write);
        let (from, end) = (map.of.offset, map.of.offset.saturating_add(map.of.bytes));
        written.any(|(b, _)| {
            let inside = b.offset <= from && end <= b.offset.saturating_add(b.bytes);
            b.memory.id() == map.of.memory.id() && (inside || !within)
        })
    };
    let misused = |map: &TensorMap| match map.access {
        Access::Read if written(map, false) => Some("a binding that is written shares its buffer"),
        Access::Write if !written(map, true) => Some("it stores to what no binding writes"),
        _ => None,
    };
    let fault = |(i, map): (usize, &TensorMap)| {
        Some((i, map.fault().or_else(|| misused(map).map(String::from))?))
    };
    match launch.tensor_maps.iter().enumerate().find_map(fault) {
        Some((i, what)) => fail(launch, format!("tensor map {i}: {what}")),
        None => Ok(()),
    }
}

fn within(a: &Binding) -> bool {
    a.offset.checked_add(a.bytes).is_some_and(|end| end <= a.memory.bytes())
}

fn fail(launch: &Launch, reason: String) -> Result<()> {
    let kernel = format!("{}:{}", launch.kernel.path, launch.kernel.entry);
    Err(Error::Launch { kernel, reason })
}

/// Whether `offset..offset + bytes` lies in the memory, for reads and writes.
pub(crate) fn range(
    call: &'static str,
    memory: &Memory,
    offset: usize,
    bytes: usize,
) -> Result<()> {
    match offset.checked_add(bytes) {
        Some(end) if end <= memory.bytes() => Ok(()),
        end => {
            let end = end.unwrap_or(usize::MAX);
            Err(Error::Range { call, offset, end, bytes: memory.bytes() })
        }
    }
}

/// Memory that another device made: of another kind of machine, or of the same kind and opened by
/// itself.
pub(crate) fn stranger(call: &str) -> Error {
    Error::Launch {
        kernel: call.into(),
        reason:
            "a buffer of another device was given; use it on the device that made it (clones of \
                 a handle are one device, two that were opened are two), or copy it over with \
                 `to_device`"
                .into(),
    }
}
