//! The child in which a program that offers it compiles first.
use crate::worker;
use strata_device::{Access, Kernel, Machine, Overlay, testing};

pub(super) fn ends() {
    if let Err(error) = strata_device::cuda::compile_available() {
        return testing::skip("nvrtc", &error.to_string());
    }
    // Right, small, within every bound that can be counted; and a million copies of a sine.
    let copies = "#pragma unroll 1000\nfor (int j = 0; j < 1000; j++)\n#pragma unroll 1000\n\
                  for (int k = 0; k < 1000; k++) out[k] += sinf(out[k + j]);";
    let error = compile(copies).unwrap_err();
    assert!(error.contains("case.cu") && error.contains("its compiler"), "{error}");
    // The next one finds a fresh child, and the device's own compiler as it was.
    compile("out[0] = 1.0f;").unwrap();
    let error = compile("out[0] = nothing;").unwrap_err();
    assert!(error.contains("nothing"), "{error}");
}

fn compile(body: &str) -> Result<(), String> {
    let text = format!("extern \"C\" __global__ void entry(float* out) {{\n{body}\n}}\n");
    let path = worker::file(&text, "cu");
    let overlay = Overlay::of_files(vec![("vet/case".into(), Machine::Cuda, path.clone())]);
    let kernel: &'static Kernel =
        Box::leak(Box::new(Kernel::new("vet/case", "entry", &[Access::Write]).cuda("", &[])));
    let image = strata_device::cuda::compile(kernel, &[], "sm_80", Some(&overlay));
    worker::tidy(&path);
    image.map(drop).map_err(|error| error.to_string())
}
