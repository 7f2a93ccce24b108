//! What of the environment a judge sees: what drivers, loaders and Strata itself read, and nothing
//! that might be a secret.

use std::path::PathBuf;

/// Variables that a judge sees.
const NAMES: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "TZ",
    "TMPDIR",
    "TMP",
    "TEMP",
    "CONDA_PREFIX",
    "VIRTUAL_ENV",
    "RUST_MIN_STACK",
    "RAYON_NUM_THREADS",
    "NUMBER_OF_PROCESSORS",
    "OS",
    "NVIDIA_VISIBLE_DEVICES",
    "NVIDIA_DRIVER_CAPABILITIES",
    "STRATA_NVRTC",
    "STRATA_DEVICE",
    "STRATA_CUDA_SYNC",
    "STRATA_LIMITS",
    "DISABLE_LAYER_AMD_SWITCHABLE_GRAPHICS_1",
    // Windows: without these neither processes nor drivers start.
    "SystemRoot",
    "SystemDrive",
    "windir",
    "ComSpec",
    "ProgramData",
    "ProgramFiles",
    "ProgramFiles(x86)",
    "ProgramW6432",
    "CommonProgramFiles",
    "APPDATA",
    "LOCALAPPDATA",
    "USERPROFILE",
    "PROCESSOR_ARCHITECTURE",
    "PROCESSOR_IDENTIFIER",
];

/// Families of such variables.
const FAMILIES: &[&str] = &[
    "LC_",
    "XDG_",
    "LD_LIBRARY_",
    "DYLD_",
    "VK_",
    "VULKAN_",
    "MESA_",
    "GALLIUM_",
    "LP_",
    "LIBGL_",
    "RADV_",
    "ANV_",
    "AMD_",
    "ROC",
    "HSA_",
    "INTEL_",
    "ZINK_",
    "DRI_",
    "__GL",
    "__EGL",
    "__NV",
    "__VK",
    "CUDA_",
    "WGPU_",
    "MTL_",
    "METAL_",
];

/// Words in the names of secrets.
const SECRETS: &[&str] = &["KEY", "TOKEN", "SECRET", "PASS", "CREDENTIAL", "AUTH", "COOKIE"];

/// Whether a judge sees this variable.
pub(super) fn passes(name: &str) -> bool {
    let upper = name.to_uppercase();
    let named = NAMES.iter().any(|own| match cfg!(windows) {
        true => own.eq_ignore_ascii_case(name),
        false => *own == name,
    });
    let family = || FAMILIES.iter().any(|family| upper.starts_with(family));
    (named || family()) && !SECRETS.iter().any(|word| upper.contains(word))
}

/// The variables that a judge sees.
pub(super) fn clean() -> impl Iterator<Item = (std::ffi::OsString, std::ffi::OsString)> {
    std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(passes))
}

/// Where caches lie, on systems that follow the XDG rules.
pub(super) fn cache() -> Option<PathBuf> {
    let folder =
        |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || Some(folder("HOME")?.join(".cache"));
    if cfg!(target_os = "linux") { folder("XDG_CACHE_HOME").or_else(home) } else { None }
}

#[cfg(test)]
mod tests {
    use super::passes;

    #[test]
    fn secrets_stay_here_and_drivers_find_what_they_need() {
        for name in ["HOME", "PATH", "VK_ICD_FILENAMES", "LD_LIBRARY_PATH", "CUDA_PATH", "LC_ALL"] {
            assert!(passes(name), "{name}");
        }
        for name in [
            "GITHUB_TOKEN",
            "AWS_SECRET_ACCESS_KEY",
            "CUDA_API_KEY",
            "NVIDIA_API_KEY",
            "SSH_AUTH_SOCK",
            "CARGO_REGISTRY_TOKEN",
            "STRATA_RESULTS",
            "STRATA_GRADER",
            "LD_PRELOAD",
            "MY_DATABASE",
            "VK_PASSWORD",
            "DBUS_SESSION_BUS_ADDRESS",
            "home",
        ] {
            assert!(!passes(name) || cfg!(windows) && name == "home", "{name}");
        }
    }
}
