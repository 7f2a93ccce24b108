//! The CUDA driver: is it there, which cards does it have, and what do its errors mean.
use super::calls::{self, Answer, Calls, Driver, Missing};
use crate::{Caps, Error, Info, Machine, Result};
use cudarc::driver::sys::{self, CUdevice_attribute_enum as Attribute, CUresult};
use std::ffi::{CStr, c_char};
use std::sync::OnceLock;
use std::time::Duration;

fn absent(reason: impl Into<String>, fix: impl Into<String>) -> Error {
    Error::Unavailable { machine: Machine::Cuda, reason: reason.into(), fix: fix.into() }
}

/// The driver, loaded and started, once.
pub(super) fn ready() -> Result<&'static Driver> {
    static READY: OnceLock<Result<&'static Driver>> = OnceLock::new();
    READY.get_or_init(start).clone()
}

fn start() -> Result<&'static Driver> {
    let driver = calls::load().map_err(|missing| match missing {
        Missing::Driver => {
            let name = if cfg!(windows) { "nvcuda.dll" } else { "libcuda.so.1" };
            absent(
                format!("no NVIDIA driver was found ({name})"),
                "On a computer with an NVIDIA card install its driver; `nvidia-smi` should then list it",
            )
        }
        Missing::Function(name) => absent(
            format!("the NVIDIA driver is too old: it has no {name}"),
            "Update it to 525 or newer",
        ),
    })?;
    // SAFETY: zero is the only flag.
    let answer = unsafe { (driver.calls.cuInit)(0) };
    if answer == Answer::SUCCESS {
        return Ok(driver);
    }
    if answer.is(CUresult::CUDA_ERROR_NO_DEVICE) {
        return Err(no_card());
    }
    if answer.is(CUresult::CUDA_ERROR_STUB_LIBRARY) {
        return Err(absent(
            "the toolkit's stub libcuda was found instead of a driver's",
            "Take the toolkit's stubs folder out of LD_LIBRARY_PATH, and install the NVIDIA driver",
        ));
    }
    Err(absent(
        format!("the NVIDIA driver does not start: {}", explain(&driver.calls, answer)),
        "See what `nvidia-smi` says; after a driver update the computer wants a restart",
    ))
}

fn no_card() -> Error {
    absent(
        "the NVIDIA driver sees no card",
        "See what `nvidia-smi` lists, and whether CUDA_VISIBLE_DEVICES hides it",
    )
}

/// The driver's words: `an illegal memory access was encountered (CUDA_ERROR_ILLEGAL_ADDRESS)`.
pub(super) fn explain(calls: &Calls, answer: Answer) -> String {
    let say = |call: unsafe extern "C" fn(Answer, *mut *const c_char) -> Answer| {
        let mut text: *const c_char = std::ptr::null();
        // SAFETY: takes any number; the pointer outlives the call, which sets it to a static string
        // or leaves it null.
        let known = unsafe { call(answer, &mut text) } == Answer::SUCCESS;
        // SAFETY: not null, so a static C string of the driver.
        (known && !text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy())
    };
    match (say(calls.cuGetErrorString), say(calls.cuGetErrorName)) {
        (Some(words), Some(name)) => format!("{words} ({name})"),
        (Some(words), None) => words.into_owned(),
        _ => format!("CUDA error {}", answer.0),
    }
}

/// Whether the context is beyond use after this error: every later call repeats it.
fn fatal(answer: Answer) -> bool {
    use CUresult::*;
    [
        CUDA_ERROR_DEINITIALIZED,
        CUDA_ERROR_ECC_UNCORRECTABLE,
        CUDA_ERROR_NVLINK_UNCORRECTABLE,
        CUDA_ERROR_ILLEGAL_ADDRESS,
        CUDA_ERROR_LAUNCH_TIMEOUT,
        CUDA_ERROR_CONTEXT_IS_DESTROYED,
        CUDA_ERROR_ASSERT,
        CUDA_ERROR_HARDWARE_STACK_ERROR,
        CUDA_ERROR_ILLEGAL_INSTRUCTION,
        CUDA_ERROR_MISALIGNED_ADDRESS,
        CUDA_ERROR_INVALID_ADDRESS_SPACE,
        CUDA_ERROR_INVALID_PC,
        CUDA_ERROR_LAUNCH_FAILED,
        CUDA_ERROR_UNKNOWN,
    ]
    .into_iter()
    .any(|known| answer.is(known))
}

/// A driver's answer as a `Result`. `suspect` says which kernel may be behind a fault.
pub(super) fn check(
    calls: &Calls,
    answer: Answer,
    device: &str,
    call: &str,
    suspect: impl FnOnce() -> String,
) -> Result<()> {
    if answer == Answer::SUCCESS {
        return Ok(());
    }
    let (device, reason) = (device.into(), explain(calls, answer));
    match fatal(answer) {
        true => Err(Error::Lost { device, reason: reason + &suspect() }),
        false => Err(Error::Driver { device, call: call.into(), reason }),
    }
}

/// Milliseconds as the driver tells them; a number that is none counts as no time.
pub(super) fn milliseconds(ms: f32) -> Duration {
    Duration::try_from_secs_f64(f64::from(ms) / 1e3).unwrap_or_default()
}

/// CUDA's version that the driver serves: 13000 is 13.0.
pub(super) fn version() -> Result<u32> {
    let calls = &ready()?.calls;
    let mut version = 0;
    // SAFETY: the number outlives the call.
    let answer = unsafe { (calls.cuDriverGetVersion)(&mut version) };
    check(calls, answer, "cuda", "cuDriverGetVersion", String::new)?;
    Ok(u32::try_from(version).unwrap_or(0))
}

/// How many cards there are; none is an error.
pub(super) fn count() -> Result<usize> {
    let calls = &ready()?.calls;
    let mut count = 0;
    // SAFETY: the number outlives the call.
    let answer = unsafe { (calls.cuDeviceGetCount)(&mut count) };
    check(calls, answer, "cuda", "cuDeviceGetCount", String::new)?;
    match usize::try_from(count) {
        Ok(count) if count > 0 => Ok(count),
        _ => Err(no_card()),
    }
}

/// The driver's handle on card `index`.
pub(super) fn card(index: usize) -> Result<sys::CUdevice> {
    let (calls, count) = (&ready()?.calls, count()?);
    let label = format!("cuda:{index}");
    let ordinal = i32::try_from(index).ok().filter(|_| index < count).ok_or_else(|| {
        let last = count - 1;
        let fix =
            if last == 0 { "Use cuda:0".into() } else { format!("Use cuda:0 to cuda:{last}") };
        let cards = if count == 1 { "is one card".into() } else { format!("are {count} cards") };
        absent(format!("there {cards}, and {label} is not among them"), fix)
    })?;
    let mut device = 0;
    // SAFETY: the handle outlives the call.
    let answer = unsafe { (calls.cuDeviceGet)(&mut device, ordinal) };
    check(calls, answer, &label, "cuDeviceGet", String::new)?;
    Ok(device)
}

/// Who card `index` is and what it can do.
pub(super) fn info(index: usize, nvrtc: (u32, u32)) -> Result<Info> {
    let (calls, device) = (&ready()?.calls, card(index)?);
    let label = format!("cuda:{index}");
    let mut name = [0u8; 256];
    // SAFETY: the text is longer than the call is told, so that a NUL follows in any case.
    let answer = unsafe { (calls.cuDeviceGetName)(name.as_mut_ptr().cast(), 255, device) };
    check(calls, answer, &label, "cuDeviceGetName", String::new)?;
    let name = CStr::from_bytes_until_nul(&name).map(|n| n.to_string_lossy().into_owned());
    let mut memory = 0;
    // SAFETY: the number outlives the call.
    let answer = unsafe { (calls.cuDeviceTotalMem_v2)(&mut memory, device) };
    check(calls, answer, &label, "cuDeviceTotalMem", String::new)?;
    let attribute = |which| -> Result<u32> {
        let mut value = 0;
        // SAFETY: the number outlives the call; the device is the driver's own handle.
        let answer = unsafe { (calls.cuDeviceGetAttribute)(&mut value, which, device) };
        check(calls, answer, &label, "cuDeviceGetAttribute", String::new)?;
        Ok(u32::try_from(value).unwrap_or(0))
    };
    let major = attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?;
    let minor = attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?;
    let warp = attribute(Attribute::CU_DEVICE_ATTRIBUTE_WARP_SIZE)?;
    let caps = Caps {
        max_workgroup: attribute(Attribute::CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK)?,
        shared_bytes: attribute(Attribute::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN)?,
        max_grid: [
            attribute(Attribute::CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X)?,
            attribute(Attribute::CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y)?,
            attribute(Attribute::CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z)?,
        ],
        max_binding: memory,
        max_buffer: memory,
        subgroup: (warp, warp),
        f16: true,
        cooperative_matrix: false,
        timestamps: true,
        compute: major.saturating_mul(10).saturating_add(minor),
        units: attribute(Attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)?,
        l2_bytes: attribute(Attribute::CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE)? as usize,
        software: false,
        loop_rounds: 0,
    };
    let version = version()?;
    let (cuda_major, cuda_minor) = (version / 1000, version % 1000 / 10);
    Ok(Info {
        machine: Machine::Cuda,
        index,
        name: name.unwrap_or_else(|_| "NVIDIA".into()),
        driver: format!("CUDA {cuda_major}.{cuda_minor}, NVRTC {}.{}", nvrtc.0, nvrtc.1),
        caps,
    })
}
