//! Every kernel's texts take what its declaration says: names, order and types of the bindings and of
//! the params, in CUDA and in WGSL.
use std::collections::BTreeSet;
use strata_ml::device::agree::{Taken, cuda, wgsl};
use strata_ml::device::{Kernel, expand_wgsl};

/// All kernels of all ladders, each once.
fn kernels() -> Vec<&'static Kernel> {
    let mut seen = BTreeSet::new();
    let rungs = strata_ml::ladders().into_iter().flat_map(|ladder| ladder.rungs);
    let kernels = rungs.flat_map(|rung| rung.kernels.iter().copied());
    kernels.filter(|kernel| seen.insert((kernel.path, kernel.entry))).collect()
}

fn of_wgsl(kernel: &Kernel) -> Option<Result<Taken, String>> {
    let text = kernel.wgsl?;
    let whole = expand_wgsl(kernel.path.into(), text.text, text.includes, &[]);
    Some(whole.map_err(|e| e.to_string()).and_then(|whole| wgsl(&whole.text, kernel.entry)))
}

fn of_cuda(kernel: &Kernel) -> Option<Result<Taken, String>> {
    kernel.cuda.map(|text| cuda(text.text, text.includes, kernel.entry))
}

#[test]
fn texts_take_what_is_declared() {
    let kernels = kernels();
    assert!(kernels.len() > 60, "{} kernels", kernels.len());
    let mut faults = Vec::new();
    for kernel in kernels {
        for (folder, taken) in [("kernels", of_cuda(kernel)), ("shaders", of_wgsl(kernel))] {
            let list = match taken {
                None => continue,
                Some(Ok(taken)) => taken.differences(kernel.signature),
                Some(Err(error)) => vec![error],
            };
            let name = format!("{folder}/{}:{}", kernel.path, kernel.entry);
            faults.extend(list.into_iter().map(|fault| format!("{name}: {fault}")));
        }
    }
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}

/// C++'s own word for it lies in a header that NVRTC has not.
const SAME: &str = "template <class A, class B> struct same { static const bool yes = false; };\n\
    template <class A> struct same<A, A> { static const bool yes = true; };\n";

/// The text is read by hand above; here the compiler is asked. Fields of whole words, as many as the
/// struct has, leave no gaps.
#[test]
fn nvrtc_lays_params_out_as_declared() {
    use strata_ml::device::{cuda, testing::skip};
    if let Err(error) = cuda::compile_available() {
        return skip("nvrtc", &error.to_string());
    }
    let mut faults = Vec::new();
    let mut paths = BTreeSet::new();
    for kernel in kernels() {
        let Some(text) = kernel.cuda.filter(|_| paths.insert(kernel.path)) else { continue };
        let mut at = 0;
        let mut asked = String::from(SAME);
        for field in kernel.signature.params {
            let (name, bytes) = (field.name, 4 * field.words);
            asked += &format!("static_assert(sizeof(Params::{name}) == {bytes}, \"{name}\");\n");
            if field.words == 1 {
                let ty = if field.dtype.is_float() { "float" } else { "unsigned" };
                asked += &format!(
                    "static_assert(same<decltype(Params::{name}), {ty}>::yes, \"{name}: {ty}\");\n"
                );
            }
            at += bytes;
        }
        if at > 0 {
            asked += &format!("static_assert(sizeof(Params) == {at}, \"Params\");\n");
        }
        let asked: &'static str = format!("{}\n{asked}", text.text).leak();
        let probe = Kernel::new(kernel.path, kernel.entry, kernel.signature);
        let probe = Box::leak(Box::new(probe.cuda(asked, text.includes)));
        if let Err(error) = cuda::compile(probe, &[("WG", 256)], "compute_80", None) {
            faults.push(format!("{}: {error}", kernel.path));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
