//! Lists the pages of `SUMMARY.md`. A release build embeds them; other builds read them where they
//! lie, so that a changed sentence compiles nothing again.
use std::{env, fs, path::Path};

fn main() {
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
    let folder = Path::new(&root).join("src");
    let embed = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    println!("cargo:rerun-if-changed=build.rs");
    let mut rows = String::new();
    if embed {
        println!("cargo:rerun-if-changed=src");
        let summary =
            fs::read_to_string(folder.join("SUMMARY.md")).expect("the book has a SUMMARY.md");
        for name in names(&summary) {
            let path = folder.join(name).display().to_string();
            rows.push_str(&format!("    include_str!({path:?}),\n"));
        }
    }
    let table = format!(
        "/// The pages' Markdown, embedded; empty where they are read from [`FOLDER`].\n\
         const EMBEDDED: &[&str] = &[\n{rows}];\n\
         /// Where the pages lay when this was built.\n\
         pub const FOLDER: &str = {:?};\n",
        folder.display().to_string()
    );
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&out).join("pages.rs"), table).expect("OUT_DIR is writable");
}

include!("names.rs");
