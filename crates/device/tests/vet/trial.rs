//! The child in which a program that offers it compiles first.
use crate::worker;
use std::process::Command;
use strata_device::{Kernel, Machine, Overlay, testing};

pub(super) fn ends() {
    if let Err(error) = strata_device::cuda::compile_available() {
        return testing::skip("nvrtc", &error.to_string());
    }
    // With two seconds instead of eight: again, with that set.
    if std::env::var_os("STRATA_TIME_LIMIT").is_none() {
        let program = std::env::current_exe().expect("this program has a file");
        let mut again = Command::new(program);
        again.arg("a_compiler_that").env("STRATA_TIME_LIMIT", "2");
        assert!(again.status().expect("it starts").success());
        return;
    }
    // Right, small, within every bound that is counted; and ten thousand sines once in line.
    let mut front = "__forceinline__ float f0(float x) { return sinf(x); }\n".to_string();
    for i in 1..=4 {
        let calls = format!("x = f{}(x);", i - 1).repeat(10);
        front += &format!("__forceinline__ float f{i}(float x) {{ {calls} return x; }}\n");
    }
    let error = compile(&front, "out[0] = f4(out[1]);").unwrap_err();
    let explained = error.contains("was stopped after 2 s") || error.contains("MB of memory");
    assert!(error.contains("case.cu") && explained, "{error}");
    // The next one finds a fresh child, and the device's own compiler as it was.
    compile("", "out[0] = 1.0f;").unwrap();
    let error = compile("", "out[0] = nothing;").unwrap_err();
    assert!(error.contains("nothing"), "{error}");
}

fn compile(front: &str, body: &str) -> Result<(), String> {
    let text = format!("{front}extern \"C\" __global__ void entry(float* out) {{\n{body}\n}}\n");
    let path = worker::file(&text, "cu");
    let overlay = Overlay::of_files(vec![("vet/case".into(), Machine::Cuda, path.clone())]);
    let kernel: &'static Kernel =
        Box::leak(Box::new(Kernel::new("vet/case", "entry", worker::WRITES).cuda("", &[])));
    let image = strata_device::cuda::compile(kernel, &[], "sm_80", Some(&overlay));
    worker::tidy(&path);
    image.map(drop).map_err(|error| error.to_string())
}
