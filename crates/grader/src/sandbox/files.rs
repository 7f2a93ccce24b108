//! The part of the file system that a judge sees: read-only but for its own folder and, where the
//! answer is a kernel, for the caches that drivers keep.

use crate::Language;
use crate::grade::Job;
use crate::isolate::Limits;
use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, PathBeneath, PathFd, RestrictionStatus, Ruleset,
    RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};
use std::env;
use std::path::{Path, PathBuf};

/// The newest rules that are asked for; an older kernel gives those that it has.
const NEWEST: ABI = ABI::V6;

/// The system's programs and libraries, and what says how many processors there are.
#[rustfmt::skip]
const SYSTEM: &[&str] = &[
    "/usr", "/lib", "/lib32", "/lib64", "/nix/store", "/gnu/store", "/etc/ld.so.cache",
    "/sys/devices/system", "/sys/fs/cgroup", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat",
    "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom",
];

/// What drivers read beside.
#[rustfmt::skip]
const DRIVERS: &[&str] = &[
    "/proc", "/sys", "/opt", "/etc/vulkan", "/etc/glvnd", "/etc/drirc", "/etc/nvidia", "/etc/alternatives",
    "/etc/OpenCL", "/etc/localtime", "/run/opengl-driver", "/run/opengl-driver-32", "/run/nvidia-persistenced",
    "/run/udev/data",
];

/// Devices that drivers open, by how their names begin.
const DEVICES: &[&str] =
    &["nvidia", "dri", "kfd", "dxg", "mali", "udmabuf", "dma_heap", "nvhost", "nvmap"];

/// Gives up all files but those.
pub(super) fn enter(job: &Job, limits: &mut Limits) {
    match restrict(job) {
        Ok(RestrictionStatus { ruleset: RulesetStatus::NotEnforced, .. }) => {
            limits.lacks("files (this kernel has no landlock, or it is switched off)");
        }
        Ok(status) => {
            let how = match status.ruleset {
                RulesetStatus::FullyEnforced => "landlock",
                _ => "landlock, of an older kernel",
            };
            limits.holds(match job.language {
                Language::Rust => format!("reads system libraries, writes nothing ({how})"),
                _ => format!("reads drivers, writes its own folder and their caches ({how})"),
            });
        }
        Err(error) => limits.lacks(format!("files through landlock ({error})")),
    }
}

fn restrict(job: &Job) -> Result<RestrictionStatus, RulesetError> {
    let all = AccessFs::from_all(NEWEST);
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let mut rules = Ruleset::default()
        .handle_access(all)?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .create()?;
    for path in SYSTEM {
        rules = allow(rules, Path::new(path), read)?;
    }
    rules = allow(rules, Path::new("/dev/null"), read | AccessFs::WriteFile)?;
    if job.language == Language::Rust {
        return rules.restrict_self();
    }
    for path in DRIVERS.iter().map(PathBuf::from).chain(libraries()).chain([job.file.clone()]) {
        rules = allow(rules, &path, read)?;
    }
    let device = read | AccessFs::WriteFile | AccessFs::IoctlDev;
    for path in devices() {
        rules = allow(rules, &path, device)?;
    }
    // CUDA names its threads there, and opens no device where it cannot.
    rules = allow(rules, Path::new("/proc/self"), read | AccessFs::WriteFile | AccessFs::Truncate)?;
    // No device is made there, and no program started from there.
    let write = all & !(AccessFs::Execute | AccessFs::MakeChar | AccessFs::MakeBlock);
    for path in caches(job.language).into_iter().chain([job.scratch.clone()]) {
        rules = allow(rules, &path, write)?;
    }
    rules.restrict_self()
}

/// Adds a path, if it is there; a file takes the rights that files have.
fn allow(
    rules: RulesetCreated,
    path: &Path,
    rights: BitFlags<AccessFs>,
) -> Result<RulesetCreated, RulesetError> {
    let Ok(there) = PathFd::new(path) else { return Ok(rules) };
    let rights = match path.is_dir() {
        true => rights,
        false => rights & AccessFs::from_file(NEWEST),
    };
    rules.add_rule(PathBeneath::new(there, rights))
}

/// Where the environment says that libraries and drivers' descriptions lie.
fn libraries() -> Vec<PathBuf> {
    let mut list: Vec<PathBuf> = Vec::new();
    let lists = [
        "LD_LIBRARY_PATH",
        "VK_ICD_FILENAMES",
        "VK_DRIVER_FILES",
        "VK_ADD_DRIVER_FILES",
        "VK_LAYER_PATH",
        "XDG_DATA_DIRS",
        "XDG_CONFIG_DIRS",
    ];
    for value in lists.iter().filter_map(env::var_os) {
        list.extend(env::split_paths(&value));
    }
    let single =
        ["CUDA_HOME", "CUDA_PATH", "CUDA_ROOT", "CONDA_PREFIX", "VIRTUAL_ENV", "STRATA_NVRTC"];
    list.extend(single.iter().filter_map(env::var_os).map(PathBuf::from));
    if let Some(home) = env::var_os("HOME").map(PathBuf::from) {
        let below =
            [".local/lib", ".local/share/vulkan", ".config/vulkan", ".nv", ".cache/strata/nvrtc"];
        list.extend(below.map(|path| home.join(path)));
    }
    let places = ["XDG_DATA_HOME", "XDG_CONFIG_HOME"].iter().filter_map(env::var_os);
    list.extend(places.map(|place| PathBuf::from(place).join("vulkan")));
    // A file names its neighbours: a driver's description its library, NVRTC its parts.
    let with_neighbours = |path: PathBuf| match path.is_file() {
        true => path.parent().map(Path::to_path_buf),
        false => Some(path),
    };
    list.into_iter().filter_map(with_neighbours).filter(|path| path.is_absolute()).collect()
}

fn devices() -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir("/dev") else { return Vec::new() };
    let ours = |name: &str| DEVICES.iter().any(|device| name.starts_with(device));
    let entries = entries.flatten().filter(|e| e.file_name().to_str().is_some_and(ours));
    entries.map(|entry| entry.path()).collect()
}

/// The folders in which drivers, and Strata for CUDA, keep what they have compiled.
fn caches(language: Language) -> Vec<PathBuf> {
    let folder =
        |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = folder("HOME");
    let cache = folder("XDG_CACHE_HOME").or_else(|| Some(home.as_ref()?.join(".cache")));
    let mut list: Vec<PathBuf> = Vec::new();
    list.extend(
        ["MESA_SHADER_CACHE_DIR", "CUDA_CACHE_PATH", "__GL_SHADER_DISK_CACHE_PATH"]
            .iter()
            .filter_map(|n| folder(n)),
    );
    if let Some(cache) = cache {
        // Once restricted, it could not be made any more, and every question would compile anew.
        let _ = std::fs::create_dir_all(cache.join("mesa_shader_cache"));
        list.extend(
            ["mesa_shader_cache", "mesa_shader_cache_db", "nvidia", "radv_builtin_shaders"]
                .map(|n| cache.join(n)),
        );
        let strata = cache.join("strata/cuda");
        if language == Language::Cuda {
            let _ = std::fs::create_dir_all(&strata);
        }
        list.push(strata);
    }
    list.extend(home.map(|home| home.join(".nv")));
    list
}
