//! Lists the pages of `SUMMARY.md`. A release build embeds them, and one for a page, which has no
//! files; other builds read them where they lie, so that a changed sentence compiles nothing again.
use std::{env, error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let root = env::var("CARGO_MANIFEST_DIR")?;
    let folder = Path::new(&root).join("src");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|have| have == value);
    let embed = is("PROFILE", "release") || is("CARGO_CFG_TARGET_FAMILY", "wasm");
    println!("cargo:rerun-if-changed=build.rs");
    let mut rows = String::new();
    if embed {
        println!("cargo:rerun-if-changed=src");
        let file = folder.join("SUMMARY.md");
        let summary = fs::read_to_string(&file);
        let summary = summary.map_err(|error| format!("{}: {error}", file.display()))?;
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
    Ok(fs::write(Path::new(&env::var("OUT_DIR")?).join("pages.rs"), table)?)
}

include!("names.rs");
