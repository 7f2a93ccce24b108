//! Readers' kernels as texts: includes and constants of WGSL, NVRTC on CUDA. What runs them is in
//! [`outside`](crate::outside).

use super::{INSIDE, laid};
use crate::{Pack, Random, Target, mutate, seeds};
use std::thread;
use strata_ml::device::{
    Caps, Device, Kernel, Machine, Overlay, Settings, Signature, cuda, expand_wgsl, vet,
};

/// The targets of this file.
pub fn targets() -> Vec<Target> {
    vec![
        Target {
            name: "wgsl",
            about: "a WGSL text: its includes, its constants, and the gates before a driver",
            run: wgsl,
            seeds: || texts("shaders", ".wgsl"),
            mutate: |data, random| mutate::text(data, random, &WGSL),
            ..INSIDE
        },
        Target {
            name: "cuda",
            about: "a CUDA text, compiled by NVRTC",
            run: compiled,
            seeds: || texts("kernels", ".cu"),
            mutate: code,
            lacks: || cuda::compile_available().err().map(|error| error.to_string()),
            ..INSIDE
        },
    ]
}

/// Words of WGSL.
pub const WGSL: [&str; 32] = [
    "// include: reduce\n",
    "// include: matmul\n",
    "// include: ../../x\n",
    "// tune: 4 8",
    "const TILE: u32 = ",
    "var<workgroup> ",
    "var<private> ",
    "array<f32, ",
    "array<array<f32, 1000>, 1000>",
    "@workgroup_size(",
    "@group(0) @binding(",
    "loop {",
    "while (true) {",
    "for (;;) {",
    "break;",
    "return;",
    "fn ",
    "struct S { a: S }",
    "atomic<u32>",
    "ptr<function, f32>",
    "vec4<f32>(",
    "f16",
    "enable f16;",
    "workgroupBarrier();",
    "bitcast<f32>(",
    "0x7fffffffu",
    "1e40",
    "/*",
    "*/",
    "// exercise: end\n",
    "let ",
    "override x: u32;",
];

/// Words of CUDA C++.
pub const CUDA: [&str; 24] = [
    "#include \"reduce.cuh\"\n",
    "#include \"/dev/zero\"\n",
    "#include __FILE__\n",
    "#define A A A\n",
    "#define B(x) B(x)B(x)\n",
    "__shared__ float ",
    "__global__ void ",
    "extern \"C\" ",
    "template <int N> struct T { static const int v = T<N + 1>::v; };",
    "while (true) {",
    "for (;;) {",
    "__syncthreads();",
    "asm volatile(\"",
    "float4 ",
    "static_assert(",
    "constexpr ",
    "[1 << 28]",
    "sizeof(",
    "\\\n",
    "/*",
    "*/",
    "??/",
    "#if 1\n",
    "#pragma unroll 1000000\n",
];

fn code(data: &mut Vec<u8>, random: &mut Random) {
    mutate::text(data, random, &CUDA);
}

/// The shorter kernels of a folder: they say all that the long ones say.
pub fn texts(folder: &str, ending: &str) -> Vec<Vec<u8>> {
    let all = seeds::below(folder, ending).into_iter().map(|(_, bytes)| bytes);
    all.filter(|bytes| bytes.len() < 6_000).collect()
}

fn wgsl(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let constants = [("TILE", 8), ("WG", 64), ("ROWS", u32::MAX)];
    let includes = strata_shaders::INCLUDES;
    let Ok(loaded) = expand_wgsl("x.wgsl".into(), &text, includes, &constants) else { return };
    // Errors name the reader's lines: none may move.
    assert_eq!(loaded.text.lines().count(), loaded.prefix_lines + text.lines().count());
    if vet::wgsl(&loaded.text).is_err() {
        return;
    }
    let entry = entry(&loaded.text);
    // As the device does it: what passed the first gate must not fill this stack.
    let measure = || vet::look(&loaded, &entry, &[("WG", 64.0)], &caps()).is_ok();
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(64 << 20).spawn_scoped(scope, measure);
        // A panic of naga becomes an error there, too.
        let _ = thread.map(thread::ScopedJoinHandle::join);
    });
}

/// The name of the first entry point.
fn entry(text: &str) -> String {
    let after = text.split_once("@compute").map_or("", |(_, rest)| rest);
    let name = after.split_once("fn ").map_or("", |(_, rest)| rest);
    name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn caps() -> Caps {
    static CAPS: std::sync::OnceLock<Caps> = std::sync::OnceLock::new();
    CAPS.get_or_init(|| match Device::open("cpu", Settings::default()) {
        Ok(device) => device.info().caps.clone(),
        Err(error) => panic!("no CPU device: {error}"),
    })
    .clone()
}

static KERNEL: Kernel =
    Kernel::new("fuzz/1_own", "own", &Signature::NONE).cuda("", strata_kernels::INCLUDES);

fn compiled(bytes: &[u8]) {
    let _ = vet::cuda(&String::from_utf8_lossy(bytes), strata_kernels::INCLUDES);
    let folder = laid(&Pack::default().with("own.cu", bytes));
    let file = ("fuzz/1_own".to_string(), Machine::Cuda, folder.join("own.cu"));
    let overlay = Overlay::of_files(vec![file]);
    let _ = cuda::compile(&KERNEL, &[("TILE", 8)], "compute_80", Some(&overlay));
}
