use super::*;
use crate::Change;
use std::fs;

const STUBS: [(&str, &str); 3] = [
    (
        "ex01-a/Cargo.toml",
        "[package]\nname = 'ex01-a'\n[dev-dependencies]\nstrata-grader.workspace = true\n",
    ),
    ("ex01-a/shaders/x/1_x.wgsl", "// TODO\n"),
    ("ex01-a/src/lib.rs", "\n"),
];

fn stubs() -> Vec<(String, String)> {
    STUBS.map(|(file, text)| (file.into(), text.into())).into()
}

/// What the clone's crates come from: serde and all below it is built for exercises, clap is not.
const LOCK: &str = "\
[[package]]
name = \"clap\"
[[package]]
name = \"serde\"
dependencies = [\"syn 2.0.0\"]
[[package]]
name = \"syn\"
";

/// A clone of Strata, as small as it can be.
fn clone(root: &Path) -> PathBuf {
    let clone = root.join("a clone");
    let put = |file: &str, text: &str| files::write(&clone.join(file), text.as_bytes()).unwrap();
    put("Cargo.lock", LOCK);
    put("rust-toolchain.toml", "[toolchain]\nchannel = 'stable'\n");
    put(".cargo/config.toml", "[env]\nXDG_RUNTIME_DIR = '/tmp'\n");
    put("crates/cli/Cargo.toml", "[package]\nname = \"strata-cli\"\n");
    put("crates/grader/Cargo.toml", "[dependencies]\nserde = '1'\nstrata-ml.workspace = true\n");
    put("crates/strata/Cargo.toml", "[dependencies]\nstrata-tensor.workspace = true\n");
    put("chapters/01-tensor/Cargo.toml", "[package]\n");
    put(
        "Cargo.toml",
        "[workspace.package]\nedition = '2024'\n[workspace.lints.rust]\nmissing_docs = 'deny'\n[workspace.dependencies]\nstrata-grader = { path = 'crates/grader' }\nstrata-ml = { path = 'crates/strata' }\nstrata-tensor = { path = 'chapters/01-tensor' }\nserde = '1'\n[profile.dev]\nopt-level = 3\n[profile.dev.package.'*']\nopt-level = 1\n[profile.dev.package.strata-grader]\noverflow-checks = true\n[profile.dev.package.strata-cli]\noverflow-checks = true\n[profile.dev.package.clap]\nopt-level = 0\n[profile.dev.package.syn]\nopt-level = 0\n",
    );
    clone
}

#[test]
fn a_home_is_a_workspace_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let (clone, home) = (clone(&root), root.join("mine"));
    let report = init(&home, &clone, &stubs()).unwrap();
    assert_eq!((report.changes.len(), report.unchanged), (8, 0));
    let toml =
        |file: &str| fs::read_to_string(home.join(file)).unwrap().parse::<toml::Table>().unwrap();
    let manifest = toml("Cargo.toml");
    let workspace = &manifest["workspace"];
    assert_eq!(workspace["members"][0].as_str(), Some("ex*"));
    assert_eq!(workspace["package"]["edition"].as_str(), Some("2024"));
    assert_eq!(workspace["lints"]["rust"]["missing_docs"].as_str(), Some("deny"));
    let path = workspace["dependencies"]["strata-grader"]["path"].as_str().unwrap();
    assert_eq!(Path::new(path), clone.join("crates/grader"));
    let packages = &manifest["profile"]["dev"]["package"];
    assert_eq!(packages["*"]["opt-level"].as_integer(), Some(1));
    assert_eq!(packages["strata-tensor"]["opt-level"].as_integer(), Some(3), "as in the clone");
    assert_eq!(packages["strata-grader"]["opt-level"].as_integer(), Some(3));
    assert_eq!(packages["strata-grader"]["overflow-checks"].as_bool(), Some(true));
    assert_eq!(packages["syn"]["opt-level"].as_integer(), Some(0), "as in the clone");
    assert!(["serde", "clap", "strata-cli"].iter().all(|name| packages.get(*name).is_none()));
    let config = toml(".cargo/config.toml");
    assert_eq!(config["build"]["target-dir"].as_str(), clone.join("target").to_str());
    assert_eq!(config["alias"]["strata"][3].as_str(), clone.join("Cargo.toml").to_str());
    assert_eq!(config["env"]["XDG_RUNTIME_DIR"].as_str(), Some("/tmp"));
    assert_eq!(fs::read_to_string(home.join("Cargo.lock")).unwrap(), LOCK);

    let found = Home::find(&home.join("ex01-a/src")).unwrap();
    assert_eq!(found, Home { root: home.clone(), clone: Some(clone.clone()), outside: true });
    let inside = Home::find(&clone.join("crates")).unwrap();
    let exercises = clone.join("exercises");
    assert_eq!(inside, Home { root: exercises, clone: Some(clone.clone()), outside: false });
    fs::rename(&clone, root.join("moved")).unwrap();
    assert_eq!(Home::find(&home).unwrap().clone, None);
    let said = Home::find(&root).unwrap_err().to_string();
    assert!(said.contains("exercises init DIR"), "{said}");
}

#[test]
fn init_again_brings_what_is_new_and_keeps_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let (clone, home) = (clone(folder.path()), folder.path().join("mine"));
    let (shader, mut wanted) = ("ex01-a/shaders/x/1_x.wgsl", stubs());
    init(&home, &clone, &wanted).unwrap();
    let same = init(&home, &clone, &wanted).unwrap();
    assert_eq!((same.changes.len(), same.unchanged), (0, 8));

    fs::write(home.join(shader), "mine\n").unwrap();
    fs::write(home.join("notes.txt"), "mine\n").unwrap();
    fs::write(home.join("Cargo.lock"), "# mine\n").unwrap();
    let same = init(&home, &clone, &wanted).unwrap();
    assert_eq!((same.changes.len(), same.unchanged), (0, 8));

    let newer = format!("{LOCK}# lock 2\n");
    fs::write(clone.join("Cargo.lock"), &newer).unwrap();
    for (n, new) in [(2, "1_x.wgsl.new"), (3, "1_x.wgsl.new")] {
        wanted[1].1 = format!("// TODO {n}\n");
        wanted[2].1 = format!("// {n}\n");
        let report = init(&home, &clone, &wanted).unwrap();
        let kept = Change::Kept { file: shader.into(), new: format!("{shader}.new") };
        assert_eq!(report.changes, [kept, Change::Replaced("ex01-a/src/lib.rs".into())]);
        assert!(report.to_string().contains(new), "{report}");
    }
    assert_eq!(init(&home, &clone, &wanted).unwrap().changes, [], "said once");
    let text = |file: &str| fs::read_to_string(home.join(file)).unwrap();
    assert_eq!([text(shader), text("notes.txt")], ["mine\n"; 2]);
    assert_eq!(text(&format!("{shader}.new")), "// TODO 3\n");
    assert_eq!([text("Cargo.lock"), text("Cargo.lock.old")], [newer.as_str(), "# mine\n"]);

    // A new version that was edited in its turn is not lost, either.
    fs::write(home.join(format!("{shader}.new")), "merged\n").unwrap();
    wanted[1].1 = "// TODO 4\n".into();
    init(&home, &clone, &wanted).unwrap();
    assert_eq!(text(&format!("{shader}.new")), "merged\n");
    assert_eq!(text(&format!("{shader}.new2")), "// TODO 4\n");

    // Taken over, the new version needs to lie there no more.
    fs::write(home.join(shader), "// TODO 4\n").unwrap();
    init(&home, &clone, &wanted).unwrap();
    assert!(!home.join(format!("{shader}.new2")).exists());
    assert_eq!(text(&format!("{shader}.new")), "merged\n");
}

#[test]
fn folders_that_hold_something_else_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (clone, home) = (clone(folder.path()), folder.path().join("mine"));
    let says = |dir: &Path| init(dir, &clone, &stubs()).unwrap_err().to_string();
    assert!(says(&clone.join("exercises/../mine")).contains("inside of Strata's clone"));
    fs::create_dir(&home).unwrap();
    #[cfg(unix)]
    {
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&clone, &link).unwrap();
        assert!(says(&link.join("new")).contains("inside of Strata's clone"));
    }
    fs::write(home.join("thesis.txt"), "all of it").unwrap();
    assert!(says(&home).contains("not empty"));
    assert_eq!(files::walk(&home).unwrap(), ["thesis.txt"]);
    assert!(says(&home.join("thesis.txt")).contains("thesis.txt"));
    let said = init(&folder.path().join("new"), &home, &stubs()).unwrap_err().to_string();
    assert!(said.contains("is not a clone of Strata"), "{said}");
    assert!(!folder.path().join("new").exists());
    assert!(init(&folder.path().join("new"), &clone, &[]).is_err());
    let fresh = folder.path().join("fresh");
    fs::create_dir_all(fresh.join(".git")).unwrap();
    init(&fresh, &clone, &stubs()).unwrap();
}

#[test]
fn a_description_that_makes_no_sense_loses_no_work() {
    let folder = tempfile::tempdir().unwrap();
    let (clone, home) = (clone(folder.path()), folder.path().join("mine"));
    init(&home, &clone, &stubs()).unwrap();
    fs::write(home.join(FILE), "<<<<<<<\n").unwrap();
    fs::write(home.join(STUBS[1].0), "mine\n").unwrap();
    let said = Home::find(&home).unwrap_err().to_string();
    assert!(said.contains("strata-exercises.toml") && said.contains("exercises init"), "{said}");
    let report = init(&home, &clone, &stubs()).unwrap();
    assert_eq!((report.changes.len(), report.unchanged), (1, 7));
    assert_eq!(fs::read_to_string(home.join(STUBS[1].0)).unwrap(), "mine\n");
    assert_eq!(fs::read_to_string(home.join(format!("{FILE}.bad"))).unwrap(), "<<<<<<<\n");
    assert!(Home::find(&home).is_ok());
}
