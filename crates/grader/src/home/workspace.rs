//! The files that make a folder of exercises a workspace of its own, derived from the clone's.

use crate::{Error, Result, catalog, files};
use std::collections::BTreeSet;
use std::path::Path;
use toml::{Table, Value};

/// What the graders need, whatever the exercises say.
const ALWAYS: [&str; 2] = ["strata-grader", "strata-ml"];

/// The files around the exercises: paths below the folder, and texts.
pub(super) fn files(
    clone: &Path,
    dir: &Path,
    exercises: &[(String, String)],
) -> Result<Vec<(String, String)>> {
    let root = Clone { path: clone, dir, manifest: table(&clone.join("Cargo.toml"))? };
    let mut made = vec![
        ("Cargo.toml".to_string(), root.manifest(exercises)?),
        (".cargo/config.toml".to_string(), root.config()?),
        ("README.md".to_string(), README.to_string()),
        (".gitignore".to_string(), "/.strata\n/target\n*.new\n*.old\n*.tmp\n*.bak*\n".to_string()),
    ];
    if let Some(text) = files::read_text(&clone.join("rust-toolchain.toml"))? {
        made.push(("rust-toolchain.toml".into(), catalog::lines_of(&text)));
    }
    Ok(made)
}

const README: &str = "\
# Exercises of Strata

A workspace of your own: every file here is yours to edit. It builds on the clone of Strata that
`strata-exercises.toml` names.

    cargo strata list                  # what there is, and what you have solved
    cargo test -p ex03-matmul          # judges your answers on every device of this machine
    cargo strata watch                 # the same, whenever you save a file
    cargo strata hint ex03 tiled       # three hints to a task, each says more

After a `git pull` in the clone, `cargo strata exercises init .` brings what is new and keeps what you wrote.
";

struct Clone<'a> {
    path: &'a Path,
    /// The folder that is made.
    dir: &'a Path,
    manifest: Table,
}

impl Clone<'_> {
    fn manifest(&self, exercises: &[(String, String)]) -> Result<String> {
        let mut names: BTreeSet<String> = ALWAYS.map(String::from).into();
        for (file, text) in exercises.iter().filter(|(file, _)| file.ends_with("/Cargo.toml")) {
            let manifest = text.parse::<Table>().map_err(|e| Error::catalog(file, e))?;
            names.extend(dependencies(&manifest, &["dependencies", "dev-dependencies"]));
        }
        let mut dependencies = Table::new();
        for name in &names {
            dependencies.insert(name.clone(), self.dependency(name)?);
        }
        let mut workspace = Table::new();
        workspace.insert("resolver".into(), "3".into());
        workspace.insert("members".into(), vec!["ex*"].into());
        workspace.insert("dependencies".into(), dependencies.into());
        for part in ["package", "lints"] {
            let mut from = self.section(&["workspace", part]).cloned();
            if let Some(Value::String(version)) = from.as_mut().and_then(|t| t.get_mut("version")) {
                // Workspaces share the clone's target folder, and cargo tells packages of one name
                // apart by their version: without this, one would be judged by another's build.
                let mut place = files::hash(self.dir.to_string_lossy().as_bytes());
                place.truncate(12);
                version.push_str(&format!("+{place}"));
            }
            workspace.extend(from.map(|table| (part.to_string(), table.into())));
        }
        let mut manifest = Table::new();
        manifest.insert("workspace".into(), workspace.into());
        let mut profile = self.section(&["profile"]).cloned();
        let dev = profile.as_mut().and_then(|profile| profile.get_mut("dev"));
        if let Some(Value::Table(packages)) = dev.and_then(|dev| dev.get_mut("package")) {
            // What the clone says of one of its own is said below. Of a name that is not among what is
            // built here, cargo would complain.
            let known = self.others(&names)?;
            packages.retain(|name, _| name == "*" || known.contains(name));
        }
        manifest.extend(profile.map(|table| ("profile".to_string(), table.into())));
        Ok(format!("{HEAD}{manifest}{}", self.own_profiles(&names)?))
    }

    /// In the clone, other people's crates are optimized less than Strata's; here, Strata's are other
    /// people's, and named one by one, with what the clone says of each by name.
    fn own_profiles(&self, names: &BTreeSet<String>) -> Result<String> {
        let of = |name: &str| self.section(&["profile", "dev", "package", name]);
        let dev = self.section(&["profile", "dev"]);
        let others = of("*").into_iter().flat_map(Table::keys);
        let own = others.filter_map(|key| Some((key.clone(), dev?.get(key)?.clone())));
        let own: Table = own.collect();
        let line = |name: String| {
            let mut own = own.clone();
            own.extend(of(&name).cloned().into_iter().flatten());
            (!own.is_empty()).then(|| format!("{name} = {}\n", Value::Table(own)))
        };
        let lines: String = self.closure(names)?.into_iter().filter_map(line).collect();
        if lines.is_empty() {
            return Ok(lines);
        }
        let why = "# Strata's own crates are dependencies here, but built as in the clone.";
        Ok(format!("\n{why}\n[profile.dev.package]\n{lines}"))
    }

    /// Strata's own crates among these and all they depend on.
    fn closure(&self, names: &BTreeSet<String>) -> Result<BTreeSet<String>> {
        let mut found = BTreeSet::new();
        let mut open: Vec<String> = names.iter().cloned().collect();
        while let Some(name) = open.pop() {
            let Some(folder) = self.folder(&name) else { continue };
            if found.insert(name) {
                let manifest = table(&self.path.join(folder).join("Cargo.toml"))?;
                open.extend(dependencies(&manifest, &["dependencies", "build-dependencies"]));
            }
        }
        Ok(found)
    }

    /// Other people's crates that Strata's own among `names` are built from, as the clone's Cargo.lock
    /// has them.
    fn others(&self, names: &BTreeSet<String>) -> Result<BTreeSet<String>> {
        let mut open = Vec::new();
        for name in &self.closure(names)? {
            let Some(folder) = self.folder(name) else { continue };
            let manifest = table(&self.path.join(folder).join("Cargo.toml"))?;
            let targets = manifest.get("target").and_then(Value::as_table);
            let targets = targets.into_iter().flat_map(Table::values).filter_map(Value::as_table);
            for place in targets.chain([&manifest]) {
                open.extend(dependencies(place, &["dependencies", "build-dependencies"]));
            }
        }
        let lock = table(&self.path.join("Cargo.lock"))?;
        let packages = lock.get("package").and_then(Value::as_array);
        let packages: Vec<&Table> =
            packages.into_iter().flatten().filter_map(Value::as_table).collect();
        let own = |name: &str| self.folder(name).is_some();
        let mut found = BTreeSet::new();
        while let Some(name) = open.pop() {
            let is_it =
                |package: &&Table| package.get("name").and_then(Value::as_str) == Some(&name);
            let versions: Vec<&Table> = packages.iter().copied().filter(is_it).collect();
            if own(&name) || versions.is_empty() || !found.insert(name.clone()) {
                continue;
            }
            let below = versions.iter().filter_map(|p| p.get("dependencies")?.as_array()).flatten();
            // Where there are several versions, one follows the name.
            let below = below.filter_map(|text| text.as_str()?.split(' ').next());
            open.extend(below.map(String::from));
        }
        Ok(found)
    }

    /// A dependency as the root lists it, its path made absolute.
    fn dependency(&self, name: &str) -> Result<Value> {
        let list = self.section(&["workspace", "dependencies"]);
        let Some(mut value) = list.and_then(|list| list.get(name)).cloned() else {
            return Err(self.lacks(format!("its workspace has no dependency {name}")));
        };
        if let (Some(folder), Value::Table(table)) = (self.folder(name), &mut value) {
            table.insert("path".into(), text_of(&self.path.join(folder))?.into());
        }
        Ok(value)
    }

    fn folder(&self, name: &str) -> Option<&str> {
        self.section(&["workspace", "dependencies", name])?.get("path")?.as_str()
    }

    fn section(&self, names: &[&str]) -> Option<&Table> {
        names.iter().try_fold(&self.manifest, |table, &name| table.get(name)?.as_table())
    }

    /// The `strata` command runs in the clone, and both share one folder of what is built.
    fn config(&self) -> Result<String> {
        let manifest = text_of(&self.path.join("Cargo.toml"))?;
        let words =
            ["run", "--quiet", "--manifest-path", &manifest, "--package", "strata-cli", "--"];
        let section = |key: &str, value: Value| Table::from_iter([(key.to_string(), value)]);
        let mut config = Table::new();
        config.insert("alias".into(), section("strata", words.to_vec().into()).into());
        let target = text_of(&self.path.join("target"))?;
        config.insert("build".into(), section("target-dir", target.into()).into());
        let path = self.path.join(".cargo/config.toml");
        if path.is_file()
            && let Some(env) = table(&path)?.remove("env")
        {
            config.insert("env".into(), env);
        }
        Ok(format!("{HEAD}{config}"))
    }

    fn lacks(&self, reason: String) -> Error {
        Error::NotAClone { path: self.path.display().to_string(), reason }
    }
}

const HEAD: &str =
    "# Written by `cargo strata exercises init`. Yours to change: what you edit is kept.\n\n";

/// The names in a manifest's lists of dependencies.
fn dependencies(manifest: &Table, lists: &[&str]) -> Vec<String> {
    let lists = lists.iter().filter_map(|&list| manifest.get(list)?.as_table());
    lists.flat_map(|list| list.keys().cloned()).collect()
}

fn table(path: &Path) -> Result<Table> {
    let text = files::read_text(path)?.ok_or_else(|| Error::io("read", path, "it is not there"))?;
    text.parse::<Table>().map_err(|e| Error::io("understand", path, e))
}

fn text_of(path: &Path) -> Result<String> {
    let text = path.to_str().ok_or_else(|| Error::io("name", path, "the path is not Unicode"))?;
    Ok(text.to_string())
}
