//! Where NVRTC may lie: it comes with the toolkit, with a Linux package, with pip or with conda, and
//! each puts it elsewhere.
use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// A file that looks like NVRTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// A path, or a bare name that the system's loader looks up.
    pub(super) file: PathBuf,
    /// CUDA's major version, where the name says it.
    pub(super) major: Option<u32>,
}

/// Every file worth trying, best first. `STRATA_NVRTC=/folder` (or a file) silences all others.
pub(super) fn candidates() -> Vec<Candidate> {
    if let Some(own) = env::var_os("STRATA_NVRTC").filter(|v| !v.is_empty()) {
        let own = PathBuf::from(own);
        return match own.is_dir() {
            true => [own.clone(), own.join("lib"), own.join("lib64"), own.join("bin")]
                .iter()
                .flat_map(|folder| libraries(folder))
                .collect(),
            // The system's loader would wait for whoever writes into a pipe.
            false if !own.is_file() => Vec::new(),
            false => {
                let major = own.file_name().and_then(|n| major(&n.to_string_lossy()).flatten());
                vec![Candidate { file: own, major }]
            }
        };
    }
    // Windows looks a bare name up in the working folder too, which may be a stranger's: there only
    // the folders below count, PATH among them.
    let names: &[&str] = match cfg!(windows) {
        true => &[],
        false => &["libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"],
    };
    let bare = names
        .iter()
        .map(|name| Candidate { file: PathBuf::from(name), major: major(name).flatten() });
    let mut seen = BTreeSet::new();
    let found = folders().into_iter().filter(|f| seen.insert(f.clone()));
    bare.chain(found.flat_map(|folder| libraries(&folder))).collect()
}

/// The folders that installers use, nearest first.
fn folders() -> Vec<PathBuf> {
    let mut list = Vec::new();
    for name in ["LD_LIBRARY_PATH", if cfg!(windows) { "PATH" } else { "" }] {
        if let Some(paths) = env::var_os(name).filter(|_| !name.is_empty()) {
            list.extend(env::split_paths(&paths).filter(|p| p.is_absolute()));
        }
    }
    let root = |name: &str| env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    for home in ["CUDA_HOME", "CUDA_PATH", "CUDA_ROOT"].into_iter().filter_map(root) {
        list.extend(["lib64", "lib", "bin", "bin/x64"].map(|sub| home.join(sub)));
    }
    if let Some(home) = root("CONDA_PREFIX") {
        list.extend(["lib", "Library/bin", "targets/x86_64-linux/lib"].map(|sub| home.join(sub)));
        site_packages(&home, &mut list);
    }
    if let Some(home) = root("VIRTUAL_ENV") {
        site_packages(&home, &mut list);
    }
    list.extend(["/usr/local/cuda/lib64", "/opt/cuda/lib64"].map(PathBuf::from));
    let mut versions = subfolders(Path::new("/usr/local"), "cuda-");
    versions.reverse();
    list.extend(versions.into_iter().map(|home| home.join("lib64")));
    let system = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64"];
    list.extend(system.map(PathBuf::from));
    if let Some(home) = root("HOME") {
        site_packages(&home.join(".local"), &mut list);
    }
    site_packages(Path::new("/usr/local"), &mut list);
    list
}

/// Where pip's wheels put NVRTC below an environment: `nvidia/cu13/lib`, `nvidia/cuda_nvrtc/lib`.
fn site_packages(home: &Path, list: &mut Vec<PathBuf>) {
    let mut pythons = subfolders(&home.join("lib"), "python3");
    pythons.reverse();
    let mut sites = vec![home.join("Lib").join("site-packages")];
    for python in pythons {
        sites.extend(["site-packages", "dist-packages"].map(|sub| python.join(sub)));
    }
    for site in sites {
        for package in ["cu13", "cuda_nvrtc"] {
            let package = site.join("nvidia").join(package);
            list.extend(["lib", "bin", "bin/x86_64"].map(|sub| package.join(sub)));
        }
    }
}

fn subfolders(folder: &Path, prefix: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let named = entries.flatten().filter(|e| e.file_name().to_string_lossy().starts_with(prefix));
    let mut list: Vec<_> = named.map(|e| e.path()).filter(|p| p.is_dir()).collect();
    list.sort();
    list
}

/// The NVRTC libraries of one folder, newest first.
fn libraries(folder: &Path) -> Vec<Candidate> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut list: Vec<_> = entries
        .flatten()
        .filter_map(|e| {
            let major = major(&e.file_name().to_string_lossy())?;
            Some(Candidate { file: e.path(), major })
        })
        .collect();
    list.sort_by(|a, b| b.major.cmp(&a.major).then(a.file.cmp(&b.file)));
    list
}

/// The libraries that NVRTC opens by name while it compiles, if they lie beside it: loaded first,
/// they are found even where no search path leads to them.
pub(super) fn builtins(nvrtc: &Path) -> Vec<PathBuf> {
    let Some(folder) = nvrtc.parent().filter(|f| !f.as_os_str().is_empty()) else {
        return Vec::new();
    };
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let name = nvrtc.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let ours = major(&name).flatten();
    let mut list: Vec<_> = entries
        .flatten()
        .filter(|e| {
            let name = e.file_name().to_string_lossy().into_owned();
            let version = match name.strip_prefix("libnvrtc-builtins.so") {
                Some(rest) => {
                    rest.strip_prefix('.').and_then(|v| v.split('.').next()?.parse().ok())
                }
                None => match name.strip_prefix("nvrtc-builtins64_") {
                    Some(rest) => windows_major(rest),
                    None => return false,
                },
            };
            version.is_none() || ours.is_none() || version == ours
        })
        .map(|e| e.path())
        .collect();
    list.sort();
    list
}

/// `Some(major)` if this is a name of NVRTC itself, `Some(None)` where it carries no version.
fn major(name: &str) -> Option<Option<u32>> {
    if let Some(rest) = name.strip_prefix("libnvrtc.so") {
        return match rest.strip_prefix('.') {
            None => rest.is_empty().then_some(None),
            Some(version) => version.split('.').next()?.parse().ok().map(Some),
        };
    }
    let rest = name.strip_prefix("nvrtc64_")?.strip_suffix(".dll")?;
    if rest.contains("alt") { None } else { Some(windows_major(rest)) }
}

/// `130_0` and `130` are CUDA 13, `120_0` is CUDA 12.
fn windows_major(version: &str) -> Option<u32> {
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    digits.parse::<u32>().ok().map(|v| v / 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        assert_eq!(major("libnvrtc.so"), Some(None));
        assert_eq!(major("libnvrtc.so.13"), Some(Some(13)));
        assert_eq!(major("libnvrtc.so.12.8.93"), Some(Some(12)));
        assert_eq!(major("nvrtc64_130_0.dll"), Some(Some(13)));
        assert_eq!(major("nvrtc64_120_0.dll"), Some(Some(12)));
        for other in [
            "libnvrtc.alt.so.13",
            "libnvrtc-builtins.so.13.0",
            "nvrtc64_130_0.alt.dll",
            "libc.so.6",
        ] {
            assert_eq!(major(other), None, "{other}");
        }
    }
}
