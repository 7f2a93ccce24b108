//! What only the inside can see: caches that let go, and a device that is taken away.
use super::Wgpu;
use crate::{Backend, Binding, Error, Launch};
use pollster::block_on;
use std::sync::Arc;

crate::kernel! {
    mod count {
        bindings { a: write u32 }
        params {}
    }
    static FILL = "test/1_fill"(fill) {
        wgsl: "@group(0) @binding(0) var<storage, read_write> a: array<u32>;\n\
            @compute @workgroup_size(64) fn fill(@builtin(global_invocation_id) id: vec3<u32>) {\n\
                a[id.x] = id.x;\n\
            }\n",
        includes: &[]
    }
}

fn open() -> Option<Wgpu> {
    match block_on(Wgpu::open(None, None)) {
        Ok(wgpu) => Some(wgpu),
        Err(error) => {
            let required = std::env::var("STRATA_REQUIRE").unwrap_or_default();
            assert!(!required.contains("wgpu"), "STRATA_REQUIRE: {error}");
            println!("SKIPPED: no WebGPU adapter ({error})");
            None
        }
    }
}

fn fill(wgpu: &Wgpu) -> Launch {
    let memory = Arc::new(wgpu.allocate(256).unwrap());
    let mut launch = Launch::new(&FILL).block(64, 1, 1);
    launch.bindings.push(Binding { memory, offset: 0, bytes: 256, dtype: None });
    launch
}

#[test]
fn bind_groups_go_with_the_memory_they_show() {
    let Some(wgpu) = open() else { return };
    let kept = fill(&wgpu);
    for _ in 0..20 {
        wgpu.launch(&kept).unwrap();
        // The memory goes before its launch has run; the launch must not mind.
        wgpu.launch(&fill(&wgpu)).unwrap();
    }
    block_on(wgpu.synchronize()).unwrap();
    assert_eq!(wgpu.state().groups.len(), 1);
    let data = block_on(wgpu.read(&kept.bindings[0].memory, 252, 4)).unwrap();
    assert_eq!(data, 63u32.to_le_bytes());
}

#[test]
fn a_lost_device_is_an_error_of_every_call() {
    let Some(wgpu) = open() else { return };
    let launch = fill(&wgpu);
    wgpu.launch(&launch).unwrap();
    block_on(wgpu.synchronize()).unwrap();
    wgpu.launch(&launch).unwrap();
    wgpu.device.destroy();
    let memory = &launch.bindings[0].memory;
    for _ in 0..2 {
        let outcomes = [
            block_on(wgpu.synchronize()).err(),
            wgpu.launch(&launch).err(),
            wgpu.write(memory, 0, &[0; 4]).err(),
            block_on(wgpu.read(memory, 0, 4)).err(),
            wgpu.time(&launch).err(),
            wgpu.allocate(256).err(),
        ];
        for (i, error) in outcomes.iter().enumerate() {
            assert!(matches!(error, Some(Error::Lost { .. })), "call {i}: {error:?}");
        }
    }
}
