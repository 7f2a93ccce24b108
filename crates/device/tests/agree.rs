//! What a kernel's text takes is read from it, and held against the declaration.
use strata_device::agree::{self, Taken};
use strata_device::{Access, Bits, DType, Element, Signature, StepState, kernel};

kernel! {
    mod all {
        bindings { x: read f32, ids: read u32, raw: read Bits, state: read StepState, out: write f32 }
        params { shape: [usize; 8], view: [usize; 4], n: usize, accumulate: bool, eps: f32, code: u32 }
    }
}

const CUDA: &str = r#"
#include "part.cuh"
#include "part.cuh"
/* struct Params { int wrong; }; */
struct View { unsigned offset, batch, head, row; };
typedef unsigned short Element;
struct Params {
    unsigned shape[8];  // eight, the first in use
    View view;
    unsigned n, accumulate;
    float eps;
    unsigned int code;
};
__device__ float all_of(float x) { return x; }
extern "C" __global__ void __launch_bounds__(WG) all_of_it(float* y) {}
extern "C" __global__ void __launch_bounds__(WG, 2)
    all(const float4* x, const unsigned* ids, const Element* raw, const StepState* state, float* out,
        const __grid_constant__ TensorMap map, const __grid_constant__ Params p) {
    out[0] = x[0].x;
}
"#;
const PART: &[(&str, &str)] =
    &[("part.cuh", "#pragma once\nstruct StepState { unsigned step; };\n")];

const WGSL: &str = r#"
struct StepState { step: u32, seed: u32 }
struct Params {
    shape: array<vec4<u32>, 2>,
    view: vec4<u32>,
    n: u32,
    accumulate: u32,
    eps: f32,
    code: u32,
}
@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> ids: array<u32>;
@group(0) @binding(2) var<storage, read> raw: array<u32>;
@group(0) @binding(3) var<storage, read> state: StepState;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(5) var<uniform> p: Params;
@compute @workgroup_size(1) fn all() {
    out[p.n] = x[ids[0]].x + f32(raw[0] + state.step);
}
@compute @workgroup_size(1) fn some() {
    out[0] = x[0].x;
}
"#;

fn differs(text: Result<Taken, String>) -> Vec<String> {
    text.unwrap().differences(&all::SIGNATURE)
}

#[test]
fn both_languages_agree_with_their_declaration() {
    assert_eq!(differs(agree::cuda(CUDA, PART, "all")), [""; 0]);
    assert_eq!(differs(agree::wgsl(WGSL, "all")), [""; 0]);
    // An entry that leaves some of it alone takes the same places.
    let some = agree::wgsl(WGSL, "some").unwrap();
    assert_eq!(some.bindings.iter().flatten().count(), 2);
    assert!(some.params.is_empty() && some.filled_by(&all::SIGNATURE).is_ok());
    assert!(agree::cuda(CUDA, PART, "all_o").is_err() && agree::wgsl(WGSL, "none").is_err());
}

#[test]
fn every_kind_of_difference_is_named() {
    let edits = [
        (
            "n, accumulate",
            "accumulate, n",
            "n: u32,\n    accumulate: u32",
            "accumulate: u32,\n    n: u32",
            "accumulate: u32",
        ),
        ("float eps", "unsigned eps", "eps: f32", "eps: u32", "`eps: u32`, declared is `eps: f32`"),
        ("shape[8]", "shape[4]", "array<vec4<u32>, 2>", "vec4<u32>", "4 words of u32"),
        ("    View view;\n", "", "    view: vec4<u32>,\n", "", "5 fields, 6 are declared"),
        ("const unsigned* ids", "unsigned* ids", "read> ids", "read_write> ids", "binding 1"),
        (
            "const float4* x",
            "const unsigned* x",
            "x: array<vec4<f32>>",
            "x: array<vec4<u32>>",
            "binding 0",
        ),
        ("float* out,", "float* y,", "> out: array<f32>", "> y: array<f32>", "binding 4 is `y"),
    ];
    for (cuda, cuda_to, wgsl, wgsl_to, says) in edits {
        assert!(CUDA.contains(cuda) && WGSL.contains(wgsl), "{cuda} {wgsl}");
        let list = differs(agree::cuda(&CUDA.replace(cuda, cuda_to), PART, "all"));
        assert!(list.iter().any(|line| line.contains(says)), "{cuda}: {list:?}");
        let text = WGSL.replace(wgsl, wgsl_to);
        let text = match wgsl_to {
            "> y: array<f32>" => text.replace("out[", "y["),
            "x: array<vec4<u32>>" => text
                .replace("].x +", "].y * 0u) +")
                .replace("= x[ids", "= f32(x[ids")
                .replace("= x[0].x", "= f32(x[0].x)"),
            _ => text,
        };
        let list = differs(agree::wgsl(&text, "all"));
        assert!(list.iter().any(|line| line.contains(says)), "{wgsl}: {list:?}\n{text}");
    }
}

#[test]
fn a_reader_may_name_things_and_stop_sooner_but_not_read_something_else() {
    let filled = |text: &str| agree::cuda(text, PART, "all").unwrap().filled_by(&all::SIGNATURE);
    assert_eq!(
        filled(&CUDA.replace("float eps;\n    unsigned int code;", "float epsilon;")),
        Ok(())
    );
    assert_eq!(filled(&CUDA.replace("View view;", "unsigned a[2]; int b, c;")), Ok(()));
    let wrong = filled(&CUDA.replace(
        "unsigned n, accumulate;\n    float eps;",
        "float eps;\n    unsigned n, accumulate;",
    ));
    assert!(wrong.unwrap_err().contains("`eps: f32` at word 12, where the launch passes `n: u32`"));
    let long = filled(&CUDA.replace("unsigned int code;", "unsigned code, more;")).unwrap_err();
    assert!(long.contains("`more: u32` at word 16, and the launch passes 16 words"), "{long}");
}

#[test]
fn what_is_no_kernel_is_an_error_and_ends() {
    let texts = [
        "",
        "__global__",
        "__global__ void all(",
        "__global__ void all(Params p) {}",
        "struct Params { Params p; }; __global__ void all(Params p) {}",
        "struct A { B b; }; struct B { A a; }; struct Params { A a; }; __global__ void all(Params p) {}",
        "struct Params { unsigned a[x]; }; __global__ void all(Params p) {}",
        "struct Params { unsigned a[99999999999999999999]; }; __global__ void all(Params p) {}",
        "#include \"loop.cuh\"\n__global__ void all(Params p) {}",
        "/* __global__ void all(float* x) {}",
        "__global__ void all)float* x( {",
    ];
    for text in texts {
        assert!(
            agree::cuda(text, &[("loop.cuh", "#include \"loop.cuh\"\n")], "all").is_err(),
            "{text}"
        );
        assert!(agree::wgsl(text, "all").is_err(), "{text}");
    }
    let far = "@group(0) @binding(4294967295) var<storage, read> far: array<u32>;\n";
    let taken = agree::wgsl(&format!("{far}{WGSL}"), "all").unwrap();
    assert_eq!(taken.bindings.len(), 5, "an unused variable's number costs nothing");
    let huge = format!(
        "struct Params {{ unsigned a[{}]; unsigned b[{0}]; }}; __global__ void all(Params p) {{}}",
        usize::MAX
    );
    let taken = agree::cuda(&huge, &[], "all");
    assert!(taken.is_err() || taken.unwrap().filled_by(&Signature::NONE).is_err());
    assert_eq!(Element::Of(DType::F32).to_string(), "f32");
    assert_ne!(Access::Read, Access::Write);
}
