//! Lists every kernel and include of this folder, so that adding a file is all it takes to embed it.
use std::{env, fs, path::Path};

fn main() {
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
    let mut kernels = Vec::new();
    let mut includes = Vec::new();
    println!("cargo:rerun-if-changed={root}");
    let mut folders: Vec<_> = fs::read_dir(&root)
        .expect("the crate's own folder")
        .flatten()
        .filter(|e| e.path().is_dir())
        .collect();
    folders.sort_by_key(|e| e.file_name());
    for folder in folders {
        let op = folder.file_name().to_string_lossy().into_owned();
        println!("cargo:rerun-if-changed={}", folder.path().display());
        let mut files: Vec<_> = fs::read_dir(folder.path()).expect("a folder").flatten().collect();
        files.sort_by_key(|e| e.file_name());
        for file in files {
            let path = file.path();
            let name = file.file_name().to_string_lossy().into_owned();
            let row = |key: &str| {
                format!("    ({key:?}, include_str!({:?})),\n", path.display().to_string())
            };
            if op == "include" && name.ends_with(".cuh") {
                includes.push(row(&name));
            } else if let Some(stem) = name.strip_suffix(".cu") {
                kernels.push(row(&format!("{op}/{stem}")));
            }
        }
    }
    let table = format!(
        "/// Every kernel as (path without extension, text).\n         pub const KERNELS: &[(&str, &str)] = &[\n{}];\n         /// Every shared part as (file name, text).\n         pub const INCLUDES: &[(&str, &str)] = &[\n{}];\n",
        kernels.concat(),
        includes.concat()
    );
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&out).join("table.rs"), table).expect("OUT_DIR is writable");
}
