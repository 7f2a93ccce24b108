//! NVRTC, NVIDIA's run-time compiler, loaded when first needed.
//!
//! The few functions are looked up here rather than through cudarc, which panics where the library
//! or a symbol is absent and does not find the library that pip or conda installed.
use super::search::{self, Candidate};
use crate::{Error, Machine, Result};
use libloading::Library;
use std::collections::HashMap;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// A program under compilation, as NVRTC sees it.
pub(super) type Program = *mut c_void;

/// What a call returns where it worked.
pub(super) const SUCCESS: c_int = 0;

/// The functions we use. The library is never unloaded, so the pointers stay good.
pub(super) struct Nvrtc {
    /// CUDA's version: major, minor.
    pub(super) version: (u32, u32),
    /// The file, or the name the system's loader found it by.
    pub(super) file: String,
    pub(super) create: unsafe extern "C" fn(
        *mut Program,
        *const c_char,
        *const c_char,
        c_int,
        *const *const c_char,
        *const *const c_char,
    ) -> c_int,
    pub(super) compile: unsafe extern "C" fn(Program, c_int, *const *const c_char) -> c_int,
    pub(super) destroy: unsafe extern "C" fn(*mut Program) -> c_int,
    pub(super) cubin: Getter,
    pub(super) ptx: Getter,
    pub(super) log: Getter,
    error_string: unsafe extern "C" fn(c_int) -> *const c_char,
    archs: Vec<u32>,
}

/// A pair of functions: the size of an output, and the output.
pub(super) struct Getter {
    size: unsafe extern "C" fn(Program, *mut usize) -> c_int,
    bytes: unsafe extern "C" fn(Program, *mut c_char) -> c_int,
}

impl Getter {
    /// The output's bytes.
    ///
    /// # Safety
    /// `program` is alive.
    pub(super) unsafe fn get(&self, program: Program) -> Result<Vec<u8>, c_int> {
        let mut size = 0;
        // SAFETY: the caller's program; `size` outlives the call.
        let code = unsafe { (self.size)(program, &mut size) };
        if code != SUCCESS {
            return Err(code);
        }
        let mut bytes = vec![0u8; size];
        // SAFETY: as above, and `bytes` has the size that NVRTC named.
        match unsafe { (self.bytes)(program, bytes.as_mut_ptr().cast()) } {
            SUCCESS => Ok(bytes),
            code => Err(code),
        }
    }
}

impl Nvrtc {
    /// NVRTC, or why there is none. A driver cannot load what a newer major version compiled, so
    /// `newest` bounds it.
    pub(super) fn get(newest: Option<u32>) -> Result<&'static Nvrtc> {
        static LOADED: Mutex<Option<HashMap<Option<u32>, Result<&'static Nvrtc>>>> =
            Mutex::new(None);
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        let loaded = loaded.get_or_insert_default();
        loaded.entry(newest).or_insert_with(|| find(newest)).clone()
    }

    /// NVRTC's words for an error code.
    pub(super) fn explain(&self, code: c_int) -> String {
        // SAFETY: takes any number, returns a static string or null.
        let text = unsafe { (self.error_string)(code) };
        if text.is_null() {
            return format!("NVRTC error {code}");
        }
        // SAFETY: not null, so a static C string.
        unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
    }

    /// What to compile for a card: its own code, or PTX of the newest architecture NVRTC knows if
    /// the card is newer.
    ///
    /// # Errors
    /// The card is older than everything this NVRTC knows.
    pub(super) fn arch_for(&self, compute: u32) -> Result<String> {
        if self.archs.is_empty() || self.archs.contains(&compute) {
            // The `a` unlocks what is special to one architecture: wgmma and TMA on Hopper.
            return Ok(format!("sm_{compute}{}", if compute >= 90 { "a" } else { "" }));
        }
        match self.archs.iter().rev().find(|&&known| known < compute) {
            Some(known) => Ok(format!("compute_{known}")),
            None => Err(Error::Unavailable {
                machine: Machine::Cuda,
                reason: format!(
                    "NVRTC {}.{} no longer compiles for a card of compute capability {}.{}",
                    self.version.0,
                    self.version.1,
                    compute / 10,
                    compute % 10
                ),
                fix: "Install an older NVRTC: `pip install nvidia-cuda-nvrtc-cu12`".into(),
            }),
        }
    }
}

fn find(newest: Option<u32>) -> Result<&'static Nvrtc> {
    let too_new = |major: u32| newest.is_some_and(|limit| major > limit);
    let mut newer = None;
    let mut broken = None;
    for Candidate { file, major } in search::candidates() {
        if let Some(major) = major.filter(|&m| too_new(m)) {
            // A bare name may not exist at all: only a file is worth mentioning.
            newer = newer.or((file.is_absolute()).then(|| (major, file.display().to_string())));
            continue;
        }
        match load(&file) {
            Ok(nvrtc) if too_new(nvrtc.version.0) => {
                newer = newer.or(Some((nvrtc.version.0, nvrtc.file)));
            }
            Ok(nvrtc) => return Ok(Box::leak(Box::new(nvrtc))),
            Err(why) if file.is_absolute() => {
                broken =
                    broken.or(Some(format!("{}: {}", file.display(), why.trim_end_matches('.'))));
            }
            Err(_) => {}
        }
    }
    let reason = match (newer, broken, std::env::var("STRATA_NVRTC")) {
        (Some((major, file)), ..) => format!(
            "NVRTC {major} ({file}) is newer than the driver, which takes code up to CUDA {}",
            newest.unwrap_or(major)
        ),
        (None, Some(why), _) => format!("NVRTC is broken: {why}"),
        (None, None, Ok(folder)) if !folder.is_empty() => {
            format!("STRATA_NVRTC={folder} holds no NVRTC library")
        }
        _ => "NVRTC, CUDA's run-time compiler, was not found".into(),
    };
    Err(Error::Unavailable { machine: Machine::Cuda, reason, fix: fix(newest) })
}

/// What to type, for the driver that is there.
fn fix(newest: Option<u32>) -> String {
    let (pip, apt) = match newest {
        Some(..=12) => ("nvidia-cuda-nvrtc-cu12", "cuda-nvrtc-12-8"),
        _ => ("nvidia-cuda-nvrtc", "cuda-nvrtc-13-0"),
    };
    format!(
        "Install it with `pip install {pip}`, `conda install -c nvidia cuda-nvrtc`, or `apt install` \
         of libnvrtc12 (Debian 13, Ubuntu 24.04) or {apt} (NVIDIA's repository); if it lies in an unusual \
         place, set STRATA_NVRTC=/its/folder"
    )
}

fn load(file: &Path) -> Result<Nvrtc, String> {
    for builtins in search::builtins(file) {
        // SAFETY: a library by NVRTC's name, from the folders that its installers use or the reader
        // names; what runs while it is loaded is NVIDIA's.
        if let Ok(library) = unsafe { Library::new(&builtins) } {
            std::mem::forget(library);
        }
    }
    // SAFETY: as above.
    let library = unsafe { Library::new(file) }.map_err(|e| chain(&e))?;
    // Never unloaded: what is looked up stays good.
    let library = std::mem::ManuallyDrop::new(library);
    macro_rules! symbol {
        ($name:literal) => {
            // SAFETY: the type it is given where it is used is the one of `nvrtc.h`, and the library
            // is never unloaded.
            *unsafe { library.get($name) }.map_err(|e| chain(&e))?
        };
    }
    let version: unsafe extern "C" fn(*mut c_int, *mut c_int) -> c_int = symbol!(b"nvrtcVersion");
    let (mut major, mut minor) = (0, 0);
    // SAFETY: both numbers outlive the call.
    if unsafe { version(&mut major, &mut minor) } != SUCCESS {
        return Err("nvrtcVersion failed".into());
    }
    let count: unsafe extern "C" fn(*mut c_int) -> c_int = symbol!(b"nvrtcGetNumSupportedArchs");
    let list: unsafe extern "C" fn(*mut c_int) -> c_int = symbol!(b"nvrtcGetSupportedArchs");
    let mut n = 0;
    // SAFETY: the number outlives the call.
    let known = unsafe { count(&mut n) } == SUCCESS;
    let mut archs = vec![0; usize::try_from(n).unwrap_or(0)];
    // SAFETY: the list has room for as many as NVRTC named.
    if !known || unsafe { list(archs.as_mut_ptr()) } != SUCCESS {
        archs.clear();
    }
    let mut archs: Vec<u32> = archs.into_iter().filter_map(|a| u32::try_from(a).ok()).collect();
    archs.sort_unstable();
    let number = |n: c_int| u32::try_from(n).unwrap_or(0);
    let nvrtc = Nvrtc {
        version: (number(major), number(minor)),
        file: file.display().to_string(),
        create: symbol!(b"nvrtcCreateProgram"),
        compile: symbol!(b"nvrtcCompileProgram"),
        destroy: symbol!(b"nvrtcDestroyProgram"),
        cubin: Getter { size: symbol!(b"nvrtcGetCUBINSize"), bytes: symbol!(b"nvrtcGetCUBIN") },
        ptx: Getter { size: symbol!(b"nvrtcGetPTXSize"), bytes: symbol!(b"nvrtcGetPTX") },
        log: Getter {
            size: symbol!(b"nvrtcGetProgramLogSize"),
            bytes: symbol!(b"nvrtcGetProgramLog"),
        },
        error_string: symbol!(b"nvrtcGetErrorString"),
        archs,
    };
    // NVRTC without its builtins loads and then compiles nothing: find out now.
    let text = "extern \"C\" __global__ void probe(float* x) { x[threadIdx.x] = __expf(x[0]); }";
    super::compile::build(&nvrtc, "probe", text, &[], &["--gpu-architecture=compute_80".into()])
        .map_err(|failure| failure.to_string().lines().next().unwrap_or_default().to_string())?;
    Ok(nvrtc)
}

/// An error with its causes, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {}", chain(cause)),
        None => error.to_string(),
    }
}
