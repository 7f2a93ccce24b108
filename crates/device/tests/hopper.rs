//! What NVIDIA cards have from Hopper on: clusters, and an engine that copies tiles.
#![cfg(all(feature = "cuda", not(target_family = "wasm")))]
use strata_device::{
    Access, Binding, Buffer, DType, Device, Settings, Swizzle, TensorMap, cuda, kernel, testing,
};

/// A card with both, or `None` and a word about it.
fn hopper() -> Option<Device> {
    let device = match Device::open("cuda", Settings::default()) {
        Ok(device) => device,
        Err(error) => {
            testing::skip("cuda", &error.to_string());
            return None;
        }
    };
    if device.info().caps.compute < 90 {
        testing::skip("hopper", "this card is older than compute capability 9.0");
        return None;
    }
    Some(device)
}

fn back(buffer: &Buffer) -> Vec<f32> {
    bytemuck::pod_collect_to_vec(&buffer.read_blocking(0, buffer.bytes()).unwrap())
}

fn floats(device: &Device, data: &[f32]) -> Buffer {
    let buffer = device.alloc(4 * data.len()).unwrap();
    buffer.write(0, bytemuck::cast_slice(data)).unwrap();
    buffer
}

/// Whether NVRTC is here.
fn compiler() -> bool {
    let available = cuda::compile_available();
    available.inspect_err(|error| testing::skip("nvrtc", &error.to_string())).is_ok()
}

kernel! {
    mod rank {
        bindings { out: write u32 }
        params {}
    }
    static RANK = "tests/rank"(rank) {
        cpu: nothing,
        cuda: r#"
extern "C" __global__ void rank(unsigned* out) {
    unsigned rank, size;
    asm("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
    asm("mov.u32 %0, %%cluster_nctarank;" : "=r"(size));
    if (threadIdx.x == 0) out[blockIdx.x] = 10 * size + rank;
}
"#,
        includes: &[]
    }
}

kernel! {
    mod load_tile {
        bindings { x: read f32, out: write f32 }
        params { row: usize, column: usize }
    }
    static LOAD = "tests/load"(load) {
        cuda: r#"
struct alignas(64) TensorMap { unsigned long long opaque[16]; };
struct Params { unsigned row, column; };
extern "C" __global__ void load(const float* x, float* out, const __grid_constant__ TensorMap map, Params p) {
    __shared__ alignas(128) float tile[4 * 8];
    __shared__ alignas(8) unsigned long long barrier;
    unsigned to = (unsigned)__cvta_generic_to_shared(tile);
    unsigned bar = (unsigned)__cvta_generic_to_shared(&barrier);
    if (threadIdx.x == 0) {
        asm volatile("mbarrier.init.shared::cta.b64 [%0], 1;" ::"r"(bar));
        asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
    }
    __syncthreads();
    if (threadIdx.x == 0) {
        asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], 128;" ::"r"(bar) : "memory");
        asm volatile(
            "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes"
            " [%0], [%1, {%2, %3}], [%4];"
            ::"r"(to), "l"(&map), "r"(p.column), "r"(p.row), "r"(bar) : "memory");
    }
    unsigned done = 0;
    while (!done) {
        asm volatile(
            "{ .reg .pred ready; mbarrier.try_wait.parity.shared::cta.b64 ready, [%1], 0;"
            " selp.u32 %0, 1, 0, ready; }" : "=r"(done) : "r"(bar) : "memory");
    }
    out[threadIdx.x] = tile[threadIdx.x];
}
"#,
        includes: &[]
    }
}

fn nothing(_: rank::Cpu<'_>) {}

#[test]
fn what_hopper_adds_is_refused_elsewhere() {
    let device = Device::open("cpu", Settings::default()).unwrap();
    let out = device.alloc(256).unwrap();
    let launch = RANK.launch(rank::Bindings { out: out.whole() }, rank::Params {}).cluster(2, 1, 1);
    let error = device.launch(&launch).unwrap_err().to_string();
    assert!(error.contains("compute capability 9.0"), "{error}");
    assert!(!compiler() || cuda::compile(&RANK, &[], "sm_90a", None).is_ok());
    assert!(!compiler() || cuda::compile(&LOAD, &[], "sm_90a", None).is_ok());
}

#[test]
fn workgroups_of_a_cluster_know_each_other() {
    let Some(device) = hopper() else { return };
    let out = device.alloc(4 * 8).unwrap();
    let launch = || RANK.launch(rank::Bindings { out: out.whole() }, rank::Params {}).grid(8, 1, 1);
    device.launch(&launch().cluster(4, 1, 1)).unwrap();
    let ranks = |buffer: &Buffer| -> Vec<u32> {
        bytemuck::pod_collect_to_vec(&buffer.read_blocking(0, 32).unwrap())
    };
    assert_eq!(ranks(&out), [40, 41, 42, 43, 40, 41, 42, 43]);
    device.launch(&launch()).unwrap();
    assert_eq!(ranks(&out), [10; 8]);
    for (x, words) in [(3, "do not divide"), (16, "do not divide"), (0, "do not divide")] {
        let error = device.launch(&launch().cluster(x, 1, 1)).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn the_copy_engine_loads_a_tile_and_zeros_beyond_the_tensor() {
    let Some(device) = hopper() else { return };
    let (rows, columns) = (6usize, 20usize);
    let x = floats(&device, &(1..=rows * columns).map(|i| i as f32).collect::<Vec<_>>());
    let out = floats(&device, &[-1.0; 32]);
    let map = TensorMap {
        of: x.whole().binding(),
        access: Access::Read,
        dtype: DType::F32,
        shape: vec![rows, columns],
        strides: vec![columns, 1],
        tile: vec![4, 8],
        swizzle: Swizzle::None,
    };
    let load = |row, column, map: &TensorMap| {
        let bindings = load_tile::Bindings { x: x.whole(), out: out.whole() };
        let launch = LOAD.launch(bindings, load_tile::Params { row, column });
        launch.block(32, 1, 1).tensor_map(map.clone())
    };
    for (row, column) in [(0, 0), (1, 4), (4, 16)] {
        let want = (0..32).map(|i| {
            let (r, c) = (row + i / 8, column + i % 8);
            if r < rows && c < columns { (1 + r * columns + c) as f32 } else { 0.0 }
        });
        device.launch(&load(row, column, &map)).unwrap();
        assert_eq!(back(&out), want.collect::<Vec<_>>(), "{row}, {column}");
    }
    // In a recording, too.
    let ((), recording) = device.record(|| device.launch(&load(2, 8, &map))).unwrap();
    device.replay(&recording).unwrap();
    assert_eq!(back(&out)[0], 49.0);
    let wrong = [
        TensorMap { of: out.whole().binding(), ..map.clone() },
        TensorMap { access: Access::Write, ..map.clone() },
        TensorMap { of: Binding { offset: 8, ..map.of.clone() }, ..map.clone() },
        TensorMap { shape: vec![7, 20], ..map.clone() },
        TensorMap { strides: vec![19, 1], ..map.clone() },
        TensorMap { tile: vec![4, 300], ..map.clone() },
        TensorMap { tile: vec![4, 7], ..map.clone() },
        TensorMap { shape: vec![6], ..map.clone() },
    ];
    for map in wrong {
        let error = device.launch(&load(0, 0, &map)).unwrap_err().to_string();
        assert!(error.contains("tensor map 0"), "{map:?}: {error}");
    }
}
