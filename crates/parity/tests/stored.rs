//! What ops say to floats of 16 bits: which dtype their rungs take, and never another kernel's answer.
use strata_ml::device::{
    Device, Error as DeviceError, Kernel, RungInfo, Settings, cuda, testing::skip,
};
use strata_ml::tensor::{self, DType};
use strata_ml::transformer;
use strata_parity::{Error, Note, Probe, cases, noted};

/// Those that no kernel of 16 bits is needed for.
const OTHERWISE: &[&str] = &[
    // They move bits or convert them, or have to do with integers alone.
    "fill",
    "copy",
    "cast",
    "zip_integers",
    "one_hot",
    "accumulate",
    // Through f32, on every machine.
    "where",
    "triangle",
    "cumsum",
    "topk",
    "gather",
    "scatter_add",
    // Of f32 alone, in a case whose scores are taken by the loss before it.
    "mean_of_scored",
    "weighted_mean",
];

/// Whether the op takes floats of 16 bits: kernels of its ladder say so.
fn takes(op: &str) -> bool {
    let ladders = strata_ml::ladders();
    let rungs = ladders.iter().filter(|l| l.op == op).flat_map(|l| &l.rungs);
    let kernels = rungs.flat_map(|rung| rung.kernels);
    OTHERWISE.contains(&op) || kernels.map(|kernel| constant(kernel)).any(|c| c.is_some())
}

#[test]
fn an_op_without_a_rung_for_a_dtype_says_so() {
    let device = Device::open("cpu", Settings::default()).unwrap();
    let mut amiss = Vec::new();
    for case in cases().into_iter().filter(|case| !takes(case.op)) {
        for dtype in [DType::BF16, DType::F16] {
            let mut probe = Probe::stored(case.op, &device, dtype);
            match (case.run)(&mut probe) {
                Err(Error::Tensor(tensor::Error::Device(DeviceError::DType { got, .. })))
                | Err(Error::Transformer(transformer::Error::Tensor(tensor::Error::Device(
                    DeviceError::DType { got, .. },
                )))) if got == dtype => {}
                Ok(()) => amiss.push(format!("{} took {dtype}", case.op)),
                Err(error) => amiss.push(format!("{}, of {dtype}: {error}", case.op)),
            }
        }
    }
    assert!(amiss.is_empty(), "{}", amiss.join("\n"));
}

/// What those launch, compiled for the oldest card and for the newest.
#[test]
fn their_kernels_compile() {
    if let Err(error) = cuda::compile_available() {
        return skip("nvrtc", &error.to_string());
    }
    let ladders = strata_ml::ladders();
    let taking = cases().into_iter().filter(|case| takes(case.op));
    let jobs = taking.flat_map(|case| {
        let ladder = ladders.iter().find(|ladder| ladder.op == case.op).unwrap();
        let told = |rung: &&RungInfo| rung.kernels.iter().any(|kernel| constant(kernel).is_some());
        let rungs = ladder.rungs.iter().filter(told);
        rungs.flat_map(move |rung| [DType::BF16, DType::F16].map(|dtype| (case, rung, dtype)))
    });
    let mut faults = Vec::new();
    for (case, rung, dtype) in jobs {
        let (device, notes) = noted();
        let device = device.with_rung(case.op, rung.name);
        let mut probe = Probe::stored(case.op, &device, dtype).unjudged();
        (case.run)(&mut probe).unwrap_or_else(|e| panic!("{} {}: {e}", case.op, rung.name));
        let notes = notes.take();
        for kernel in rung.kernels {
            let Some(name) = constant(kernel) else { continue };
            let told = |note: &&Note| {
                note.kernel.path == kernel.path && note.constants.contains(&(name, dtype.code()))
            };
            let Some(note) = notes.iter().find(told) else {
                faults.push(format!("{kernel:?} is not launched with {name} for {dtype}"));
                continue;
            };
            for arch in ["sm_80", "sm_90a"] {
                if let Err(error) = cuda::compile(kernel, &note.constants, arch, None) {
                    faults.push(format!("{kernel:?} of {dtype} for {arch}: {error}"));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The constant that tells a kernel which floats it is given, if it takes any.
fn constant(kernel: &Kernel) -> Option<&'static str> {
    let mut elements = kernel.signature.bindings.iter().map(|binding| binding.element);
    elements.find_map(|element| Some(element.chosen_by()?.0))
}
