//! What several commands compile, they compile once. Cargo is asked what it would do, and builds nothing.

use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::process::Command;

/// The commands that a reader types, and what cargo is asked to do for them.
const WHOLE: [(&str, &str); 6] = [
    ("cargo strata train", "build --package strata-cli"),
    ("cargo strata watch", "build --package strata-practice"),
    ("cargo strata test", "test --no-run"),
    ("cargo strata book build", "build --package mdbook-strata"),
    ("npm run build", "build --package strata-node"),
    ("cargo strata fuzz", "build --package strata-fuzz"),
];

/// Commands for a part, which share the engine with the others, and all below it.
const PARTS: [(&str, &str); 6] = [
    ("cargo test -p ex03-matmul", "test --no-run --package ex03-matmul"),
    ("cargo test -p strata-device", "test --no-run --package strata-device"),
    ("cargo test -p strata-tensor", "test --no-run --package strata-tensor"),
    ("cargo test -p strata-ml", "test --no-run --package strata-ml"),
    ("cargo test -p strata-parity", "test --no-run --package strata-parity"),
    ("cargo bench", "bench --no-run --profile dev --bench growth"),
];

/// The engine: it and all below it are what takes minutes.
const ENGINE: &str = "strata_ml";

/// What has to be among the things compared, or nothing is.
const HEAVY: [&str; 5] = ["naga", "wgpu_core", "wgpu", "strata_tensor", "strata_transformer"];

#[derive(Deserialize)]
struct Graph {
    units: Vec<Unit>,
}

#[derive(Deserialize)]
struct Unit {
    pkg_id: String,
    target: Target,
    profile: BTreeMap<String, Value>,
    /// None: what runs while compiling, such as macros and what they use.
    platform: Option<String>,
    mode: String,
    features: BTreeSet<String>,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Target {
    kind: BTreeSet<String>,
    name: String,
}

#[derive(Deserialize)]
struct Dependency {
    index: usize,
}

impl Unit {
    fn is_library(&self) -> bool {
        let kinds = ["lib", "rlib", "proc-macro"];
        self.mode == "build" && kinds.iter().any(|&kind| self.target.kind.contains(kind))
    }

    /// How it is compiled: features, and the profile but for its name.
    fn settings(&self) -> BTreeSet<String> {
        let profile = self.profile.iter().filter(|(key, _)| *key != "name");
        let profile = profile.map(|(key, value)| format!("{key}={value}"));
        profile.chain(self.features.iter().cloned()).collect()
    }

    fn is_built_here(&self) -> &'static str {
        if self.platform.is_none() { ", for macros and build scripts" } else { "" }
    }
}

/// One package as it is compiled: told apart by its settings, and by those of all below it.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Build {
    settings: BTreeSet<String>,
    all: u64,
}

/// Every library that a command compiles: (package, for whom), and how.
type Builds = BTreeMap<(String, &'static str), BTreeSet<Build>>;

fn builds(graph: &Graph, keep: impl Fn(&Unit) -> bool) -> Builds {
    let mut all = vec![None; graph.units.len()];
    let mut builds = Builds::new();
    for (index, unit) in graph.units.iter().enumerate() {
        let build = Build { settings: unit.settings(), all: hash(graph, index, &mut all) };
        if unit.is_library() && keep(unit) {
            let name = format!("{} ({})", unit.target.name, unit.pkg_id);
            builds.entry((name, unit.is_built_here())).or_default().insert(build);
        }
    }
    builds
}

/// A number for the unit and all below it.
fn hash(graph: &Graph, index: usize, known: &mut [Option<u64>]) -> u64 {
    if let Some(number) = known[index] {
        return number;
    }
    let unit = &graph.units[index];
    let mut below: Vec<u64> =
        unit.dependencies.iter().map(|below| hash(graph, below.index, known)).collect();
    below.sort_unstable();
    let mut hasher = DefaultHasher::new();
    (&unit.pkg_id, &unit.target.kind, &unit.target.name, &unit.mode, unit.settings(), below)
        .hash(&mut hasher);
    *known[index].insert(hasher.finish())
}

/// The packages of the engine and of what lies below it.
fn engine(graph: &Graph) -> BTreeSet<String> {
    let is_engine = |unit: &Unit| unit.target.name == ENGINE && unit.is_library();
    let engines = graph.units.iter().enumerate().filter(|(_, unit)| is_engine(unit));
    let mut open: Vec<usize> = engines.map(|(index, _)| index).collect();
    let mut found = BTreeSet::new();
    while let Some(index) = open.pop() {
        if found.insert(index) {
            open.extend(graph.units[index].dependencies.iter().map(|below| below.index));
        }
    }
    found.into_iter().map(|index| graph.units[index].pkg_id.clone()).collect()
}

/// What cargo would do; `None` where this cargo does not tell.
fn ask(words: &str, target: &str) -> Option<Graph> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // The graph is for cargo's developers so far, and so is the variable that lets everybody ask.
    cargo.current_dir(root).env("RUSTC_BOOTSTRAP", "1").args(words.split(' '));
    cargo.args(["-Z", "unstable-options", "--unit-graph", "--locked", "--offline"]);
    // With a target named, cargo says which units are for it.
    let output = cargo.args(["--target", target]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() && said.contains("unit-graph") {
        return None;
    }
    assert!(output.status.success(), "cargo {words}: {said}");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

fn this_machine() -> String {
    let output = Command::new("rustc").arg("-vV").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_string()
}

/// What is compiled in more than one way, and for which commands; first that which has settings of its
/// own: the rest follows from it.
fn parted(commands: &[(&'static str, Builds)]) -> Vec<String> {
    let mut ways: BTreeMap<_, BTreeMap<&BTreeSet<Build>, Vec<&str>>> = BTreeMap::new();
    for (command, builds) in commands {
        for (what, how) in builds {
            ways.entry(what).or_default().entry(how).or_default().push(command);
        }
    }
    ways.retain(|_, ways| ways.len() > 1);
    let mut told = Vec::new();
    for ((name, whom), ways) in &ways {
        let settings = |how: &BTreeSet<Build>| -> BTreeSet<String> {
            how.iter().flat_map(|build| build.settings.clone()).collect()
        };
        let all: Vec<_> = ways.iter().map(|(how, commands)| (settings(how), commands)).collect();
        let shared = |word: &String| all.iter().all(|(settings, _)| settings.contains(word));
        let own = |settings: &BTreeSet<String>| -> Vec<String> {
            settings.iter().filter(|word| !shared(word)).cloned().collect()
        };
        if all.iter().any(|(settings, _)| !own(settings).is_empty()) {
            told.push(format!("{name}{whom}, beside what all ask for:"));
            told.extend(all.iter().map(|(settings, commands)| {
                format!("    {}: {}", commands.join(", "), own(settings).join(" "))
            }));
        }
    }
    if !ways.is_empty() {
        told.push(format!("{} libraries are compiled more than once.", ways.len()));
    }
    told
}

#[test]
fn what_commands_share_is_compiled_once() {
    let machine = this_machine();
    let mut graphs = Vec::new();
    for (command, words) in WHOLE.into_iter().chain(PARTS) {
        let Some(graph) = ask(words, &machine) else {
            println!("SKIPPED: this cargo does not say what it would build");
            return;
        };
        graphs.push((command, graph));
    }
    let all: Vec<_> =
        graphs[..WHOLE.len()].iter().map(|(c, g)| (*c, builds(g, |_| true))).collect();
    let engine = engine(&graphs[0].1);
    let is_below = |unit: &Unit| engine.contains(&unit.pkg_id);
    let engines: Vec<_> = graphs.iter().map(|(c, g)| (*c, builds(g, is_below))).collect();
    for name in HEAVY {
        let is_it = |(what, _): &(String, _)| what.split(' ').next() == Some(name);
        for (command, builds) in &all {
            assert!(builds.keys().any(is_it), "{command} compiles no {name}: mend this test");
        }
    }
    let mut told = parted(&all);
    if told.is_empty() {
        told = parted(&engines);
    }
    let advice = "Let crates/unify/Cargo.toml ask for what only some of them ask for.";
    assert!(told.is_empty(), "\n{}\n{advice}\n", told.join("\n"));
}
