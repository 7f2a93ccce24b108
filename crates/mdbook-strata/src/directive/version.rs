//! `{{#version wgpu}}`: the version that the lock file says.

use super::{Args, Context, Output};
use crate::fault::Fault;

/// The directive.
pub(super) fn version(context: &Context<'_>, words: &str) -> Result<Output, Fault> {
    let args = Args::parse(words)?;
    args.expect_keys(&[])?;
    let name = args.only("package")?;
    let lock: toml::Table = context.tree.read("Cargo.lock")?.parse().map_err(|error| {
        let what = format!("it is no lock file: {error}");
        Fault::Elsewhere { path: "Cargo.lock".into(), line: 1, what }
    })?;
    let packages = lock.get("package").and_then(|p| p.as_array());
    let text = |table: &toml::Value, key: &str| Some(table.get(key)?.as_str()?.to_string());
    let found = packages.into_iter().flatten().filter(|p| text(p, "name").as_deref() == Some(name));
    let found: Vec<String> = found.filter_map(|p| text(p, "version")).collect();
    match found.as_slice() {
        [version] => return Ok(Output::Text(version.clone())),
        [] => {}
        several => {
            let what = format!("`{name}` is locked in several versions: {}", several.join(", "));
            return Err(Fault::Argument(what));
        }
    }
    let lock = context.tree.read_if_there("ts/package-lock.json")?.unwrap_or_default();
    let lock: serde_json::Value = serde_json::from_str(&lock).unwrap_or_default();
    #[expect(clippy::indexing_slicing, reason = "by name: what a JSON value has not is null")]
    let version = lock["packages"][format!("node_modules/{name}")]["version"].as_str();
    version.map(|v| Output::Text(v.to_string())).ok_or_else(|| Fault::Unknown {
        kind: "package",
        name: name.into(),
        have: "those of Cargo.lock and ts/package-lock.json".into(),
    })
}
