use super::op::files;
use super::places::{Chapter, places};
use std::fs;
use std::path::Path;
use std::process::Command;
use strata_ml::device::agree::{cuda, wgsl};
use strata_ml::device::{Device, Kernel, Settings, kernel, testing};

kernel! {
    /// What the skeleton's Rust declares; a test sees to it that it does.
    mod takes {
        bindings { x: read f32, out: write f32 }
        params { n: usize, alpha: f32 }
    }
}

fn chapters() -> Vec<Chapter> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    ["1", "gelu", "09", "10"].iter().map(|text| Chapter::find(&root, text).unwrap()).collect()
}

/// The text of the file that ends so.
fn text(op: &str, end: &str) -> &'static str {
    let files = files(op, &chapters()[1]);
    let found = files.into_iter().find(|(path, _)| path.to_string_lossy().ends_with(end));
    found.unwrap().1.leak()
}

#[test]
fn kernels_take_what_the_rust_declares() {
    let rust = text("leaky_relu", "src/leaky_relu.rs");
    assert!(rust.contains("bindings { x: read f32, out: write f32 }"));
    assert!(rust.contains("params { n: usize, alpha: f32 }"));
    assert!(rust.contains(r#""leaky_relu/1_naive"(leaky_relu)"#));
    let taken = cuda(text("leaky_relu", ".cu"), &[], "leaky_relu").unwrap();
    assert_eq!(taken.differences(&takes::SIGNATURE), Vec::<String>::new());
    let taken = wgsl(text("leaky_relu", ".wgsl"), "leaky_relu").unwrap();
    assert_eq!(taken.differences(&takes::SIGNATURE), Vec::<String>::new());
}

#[test]
fn rust_is_formatted_as_it_should_be() {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rustfmt.toml");
    for op in ["up", "leaky_relu", "a_name_of_forty_letters_and_no_more_than_"] {
        for chapter in chapters() {
            let folder = tempfile::tempdir().unwrap();
            let rust = files(op, &chapter);
            for (path, text) in rust.iter().filter(|(path, _)| path.extension().unwrap() == "rs") {
                assert!(!text.replace("{:?}", "").replace("[{n}]", "").contains("{op}"), "{text}");
                let file = folder.path().join(path.file_name().unwrap());
                fs::write(&file, text).unwrap();
                // Long names break lines: only that it is Rust is asked of those.
                let mut rustfmt = Command::new("rustfmt");
                rustfmt.args(["--edition", "2024", "--config-path"]).arg(&config);
                if op == "leaky_relu" {
                    rustfmt.arg("--check");
                }
                let Ok(output) = rustfmt.arg(&file).output() else {
                    return testing::skip("rustfmt", "it is not installed");
                };
                let said = String::from_utf8_lossy(&output.stdout).into_owned();
                let erred = String::from_utf8_lossy(&output.stderr).into_owned();
                assert!(output.status.success(), "{}: {said}{erred}", path.display());
            }
        }
    }
}

#[test]
fn the_shader_computes_what_it_says() {
    let device = match Device::open("wgpu", Settings::default()) {
        Ok(device) => device,
        Err(error) => return testing::skip("wgpu", &error.to_string()),
    };
    let kernel = Kernel::new("leaky_relu/1_naive", "leaky_relu", &takes::SIGNATURE);
    let kernel: &'static Kernel =
        Box::leak(Box::new(kernel.wgsl(text("leaky_relu", ".wgsl"), &[])));
    for n in [1usize, 255, 257, 1030] {
        let data: Vec<f32> = (0..n).map(|i| i as f32 - 100.0).collect();
        let (x, out) = (device.alloc(4 * n).unwrap(), device.alloc(4 * n).unwrap());
        let bytes: Vec<u8> = data.iter().flat_map(|x| x.to_le_bytes()).collect();
        x.write(0, &bytes).unwrap();
        let bindings = takes::Bindings { x: x.whole(), out: out.whole() };
        let launch = kernel.launch(bindings, takes::Params { n, alpha: 0.5 });
        device.launch(&launch.cover(n, 256)).unwrap();
        let got = out.read_blocking(0, 4 * n).unwrap();
        let got = got.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap()));
        assert_eq!(got.collect::<Vec<_>>(), data.iter().map(|x| 0.5 * x).collect::<Vec<_>>());
    }
}

/// Files that are told of are there, but for the test that is yet to be written.
#[test]
fn places_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for chapter in chapters() {
        let made: Vec<_> =
            files("leaky_relu", &chapter).into_iter().map(|(path, _)| path).collect();
        for place in places("leaky_relu", &chapter) {
            for path in place.path.split(", ") {
                let new = path.contains("leaky_relu");
                assert!(new || root.join(path).exists(), "{path}");
            }
        }
        assert!(made.iter().all(|path| !root.join(path).exists()), "{made:?}");
    }
}

/// Files of a folder that name the op as Rust or as TypeScript does, of those that are written by hand.
fn naming(folder: &Path, names: &[&str], found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        let made = ["target", "node_modules", "captures", "results", "dist"].contains(&&*name);
        if made || name.starts_with('.') {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            naming(&path, names, found);
        } else if fs::read_to_string(&path).is_ok_and(|text| names.iter().any(|n| text.contains(n)))
        {
            found.push(path.display().to_string());
        }
    }
}

#[test]
fn as_many_files_name_an_op_as_the_guide_counts() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    // In two parts, or this file would be one of them.
    let names = [
        concat!("residual_", "layernorm"),
        concat!("residual", "Layernorm"),
        concat!("residual", "LayerNorm"),
    ];
    let mut found = Vec::new();
    for folder in
        ["bench", "book/src", "chapters", "crates", "kernels", "shaders", "ts/packages/strata"]
    {
        naming(&root.join(folder), &names, &mut found);
    }
    let guide = fs::read_to_string(root.join("CONTRIBUTING.md")).unwrap();
    let counted = format!("by hand, **{}**:", found.len());
    assert!(found.len() <= 16 && guide.contains(&counted), "{found:#?}");
}
