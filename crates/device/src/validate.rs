use crate::{Access, Error, Info, Launch, Result};

/// The rules of the strictest machine hold on every one, so that a launch that runs here runs
/// everywhere: WebGPU forbids reading and writing one buffer in one dispatch.
pub(crate) fn validate(launch: &Launch, info: &Info) -> Result<()> {
    let kernel = launch.kernel;
    let caps = &info.caps;
    let fail = |reason: String| {
        Err(Error::Launch { kernel: format!("{}:{}", kernel.path, kernel.entry), reason })
    };
    if !kernel.runs_on(info.machine) {
        return fail(format!("it has no body for {}", info.machine));
    }
    if launch.bindings.len() != kernel.bindings.len() {
        let (want, got) = (kernel.bindings.len(), launch.bindings.len());
        return fail(format!("it takes {want} buffers, {got} were bound"));
    }
    let threads: u64 = launch.block.iter().map(|&b| u64::from(b)).product();
    if threads == 0 || threads > u64::from(caps.max_workgroup) {
        let most = caps.max_workgroup;
        return fail(format!("a workgroup of {threads}; this device allows 1 to {most}"));
    }
    for d in 0..3 {
        if launch.grid[d] > caps.max_grid[d] {
            let (got, most) = (launch.grid[d], caps.max_grid[d]);
            return fail(format!("{got} workgroups in dimension {d}; the device allows {most}"));
        }
    }
    for (i, a) in launch.bindings.iter().enumerate() {
        if a.bytes == 0 || !a.offset.is_multiple_of(256) || a.offset + a.bytes > a.memory.bytes() {
            let (offset, bytes, room) = (a.offset, a.bytes, a.memory.bytes());
            return fail(format!(
                "binding {i} shows {bytes} bytes from {offset} of a buffer of {room}; \
                 offsets must be multiples of 256 and ranges not empty"
            ));
        }
        if a.bytes > caps.max_binding {
            let (bytes, limit) = (a.bytes, caps.max_binding);
            let device = info.label();
            return Err(Error::TooLarge { device, what: "binding", bytes, limit });
        }
        for (j, b) in launch.bindings.iter().enumerate().skip(i + 1) {
            if a.memory.id() != b.memory.id() {
                continue;
            }
            let (x, y) = (kernel.bindings[i], kernel.bindings[j]);
            let apart = a.offset + a.bytes <= b.offset || b.offset + b.bytes <= a.offset;
            if x != y || (x == Access::Write && !apart) {
                return fail(format!(
                    "bindings {i} and {j} show one buffer, and at least one writes it"
                ));
            }
        }
    }
    Ok(())
}
