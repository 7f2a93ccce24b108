//! The CUDA driver: is it there, which cards does it have, and what do its errors mean.
use crate::{Caps, Error, Info, Machine, Result};
use cudarc::driver::sys::{self, CUdevice_attribute_enum as Attribute, CUresult};
use std::ffi::{CStr, c_char};
use std::sync::OnceLock;

/// Every driver function this crate calls. cudarc looks each up at its first call and panics if it
/// is absent; asking for all of them first turns that into an error.
const FUNCTIONS: &[&str] = &[
    "cuCtxSetCurrent",
    "cuDeviceGet",
    "cuDeviceGetAttribute",
    "cuDeviceGetCount",
    "cuDeviceGetName",
    "cuDevicePrimaryCtxRelease_v2",
    "cuDevicePrimaryCtxRetain",
    "cuDeviceTotalMem_v2",
    "cuDriverGetVersion",
    "cuEventCreate",
    "cuEventDestroy_v2",
    "cuEventElapsedTime",
    "cuEventRecord",
    "cuEventSynchronize",
    "cuFuncGetAttribute",
    "cuFuncSetAttribute",
    "cuGetErrorString",
    "cuGraphDestroy",
    "cuGraphExecDestroy",
    "cuGraphInstantiateWithFlags",
    "cuGraphLaunch",
    "cuInit",
    "cuLaunchKernel",
    "cuMemAlloc_v2",
    "cuMemFreeHost",
    "cuMemFree_v2",
    "cuMemHostAlloc",
    "cuMemcpyDtoHAsync_v2",
    "cuMemcpyHtoDAsync_v2",
    "cuModuleGetFunction",
    "cuModuleLoadData",
    "cuModuleUnload",
    "cuStreamBeginCapture_v2",
    "cuStreamCreate",
    "cuStreamDestroy_v2",
    "cuStreamEndCapture",
    "cuStreamSynchronize",
];

fn absent(reason: impl Into<String>, fix: impl Into<String>) -> Error {
    Error::Unavailable { machine: Machine::Cuda, reason: reason.into(), fix: fix.into() }
}

/// Loads and starts the driver, once.
pub(super) fn ready() -> Result<()> {
    static READY: OnceLock<Result<()>> = OnceLock::new();
    READY.get_or_init(start).clone()
}

fn start() -> Result<()> {
    // SAFETY: opens NVIDIA's library and closes it again.
    if !unsafe { sys::is_culib_present() } {
        let name = if cfg!(windows) { "nvcuda.dll" } else { "libcuda.so.1" };
        return Err(absent(
            format!("no NVIDIA driver was found ({name})"),
            "On a computer with an NVIDIA card install its driver; `nvidia-smi` should then list it",
        ));
    }
    if let Some(missing) = FUNCTIONS.iter().find(|name| !has(name)) {
        return Err(absent(
            format!("the NVIDIA driver is too old: it has no {missing}"),
            "Update it to 525 or newer",
        ));
    }
    // SAFETY: the function is there; zero is the only flag.
    match unsafe { sys::cuInit(0) } {
        CUresult::CUDA_SUCCESS => Ok(()),
        CUresult::CUDA_ERROR_NO_DEVICE => Err(no_card()),
        CUresult::CUDA_ERROR_STUB_LIBRARY => Err(absent(
            "the toolkit's stub libcuda was found instead of a driver's",
            "Take the toolkit's stubs folder out of LD_LIBRARY_PATH, and install the NVIDIA driver",
        )),
        other => Err(absent(
            format!("the NVIDIA driver does not start: {}", explain(other)),
            "See what `nvidia-smi` says; after a driver update the computer wants a restart",
        )),
    }
}

fn no_card() -> Error {
    absent(
        "the NVIDIA driver sees no card",
        "See what `nvidia-smi` lists, and whether CUDA_VISIBLE_DEVICES hides it",
    )
}

/// Whether the driver has this function. Only after [`sys::is_culib_present`] said yes.
pub(super) fn has(name: &str) -> bool {
    // SAFETY: the library is there, so `culib` does not panic; the symbol is looked up, not called.
    unsafe { sys::culib().get::<unsafe extern "C" fn()>(name.as_bytes()).is_ok() }
}

/// `cuEventElapsedTime` by its old name, which drivers of CUDA 12 and 13 both have; cudarc's CUDA 13
/// bindings know only `_v2`, which came with 12.8.
///
/// # Safety
/// Both events are alive.
pub(super) unsafe fn elapsed(ms: &mut f32, start: sys::CUevent, end: sys::CUevent) -> CUresult {
    type Call = unsafe extern "C" fn(*mut f32, sys::CUevent, sys::CUevent) -> CUresult;
    // SAFETY: the library is there; the type is the documented one; the caller's events.
    unsafe {
        match sys::culib().get::<Call>(b"cuEventElapsedTime") {
            Ok(call) => call(ms, start, end),
            Err(_) => CUresult::CUDA_ERROR_NOT_FOUND,
        }
    }
}

/// The driver's words: `an illegal memory access was encountered (CUDA_ERROR_ILLEGAL_ADDRESS)`.
pub(super) fn explain(result: CUresult) -> String {
    let mut text: *const c_char = std::ptr::null();
    // SAFETY: the pointer outlives the call, which sets it to a static string or leaves it null.
    let known = unsafe { sys::cuGetErrorString(result, &mut text) } == CUresult::CUDA_SUCCESS;
    if !known || text.is_null() {
        return format!("{result:?}");
    }
    // SAFETY: a static C string of the driver.
    let words = unsafe { CStr::from_ptr(text) }.to_string_lossy();
    format!("{words} ({result:?})")
}

/// Whether the context is beyond use after this error: every later call repeats it.
fn fatal(result: CUresult) -> bool {
    use CUresult::*;
    matches!(
        result,
        CUDA_ERROR_DEINITIALIZED
            | CUDA_ERROR_ECC_UNCORRECTABLE
            | CUDA_ERROR_NVLINK_UNCORRECTABLE
            | CUDA_ERROR_ILLEGAL_ADDRESS
            | CUDA_ERROR_LAUNCH_TIMEOUT
            | CUDA_ERROR_CONTEXT_IS_DESTROYED
            | CUDA_ERROR_ASSERT
            | CUDA_ERROR_HARDWARE_STACK_ERROR
            | CUDA_ERROR_ILLEGAL_INSTRUCTION
            | CUDA_ERROR_MISALIGNED_ADDRESS
            | CUDA_ERROR_INVALID_ADDRESS_SPACE
            | CUDA_ERROR_INVALID_PC
            | CUDA_ERROR_LAUNCH_FAILED
            | CUDA_ERROR_UNKNOWN
    )
}

/// A driver's answer as a `Result`. `suspect` says which kernel may be behind a fault.
pub(super) fn check(
    result: CUresult,
    device: &str,
    call: &str,
    suspect: impl FnOnce() -> String,
) -> Result<()> {
    match result {
        CUresult::CUDA_SUCCESS => Ok(()),
        lost if fatal(lost) => Err(Error::Lost {
            device: device.into(),
            reason: format!("{}{}", explain(lost), suspect()),
        }),
        other => {
            Err(Error::Driver { device: device.into(), call: call.into(), reason: explain(other) })
        }
    }
}

/// CUDA's version that the driver serves: 13000 is 13.0.
pub(super) fn version() -> Result<u32> {
    let mut version = 0;
    // SAFETY: the number outlives the call.
    let result = unsafe { sys::cuDriverGetVersion(&mut version) };
    check(result, "cuda", "cuDriverGetVersion", String::new)?;
    Ok(u32::try_from(version).unwrap_or(0))
}

/// How many cards there are; none is an error.
pub(super) fn count() -> Result<usize> {
    let mut count = 0;
    // SAFETY: the number outlives the call.
    let result = unsafe { sys::cuDeviceGetCount(&mut count) };
    check(result, "cuda", "cuDeviceGetCount", String::new)?;
    match usize::try_from(count) {
        Ok(count) if count > 0 => Ok(count),
        _ => Err(no_card()),
    }
}

/// The driver's handle on card `index`.
pub(super) fn card(index: usize) -> Result<sys::CUdevice> {
    let count = count()?;
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
    let result = unsafe { sys::cuDeviceGet(&mut device, ordinal) };
    check(result, &label, "cuDeviceGet", String::new)?;
    Ok(device)
}

/// Who card `index` is and what it can do.
pub(super) fn info(index: usize, nvrtc: (u32, u32)) -> Result<Info> {
    let device = card(index)?;
    let label = format!("cuda:{index}");
    let mut name = [0u8; 256];
    // SAFETY: the text has the length that the call is told.
    let result = unsafe { sys::cuDeviceGetName(name.as_mut_ptr().cast(), 255, device) };
    check(result, &label, "cuDeviceGetName", String::new)?;
    let name = CStr::from_bytes_until_nul(&name).map(|n| n.to_string_lossy().into_owned());
    let mut memory = 0;
    // SAFETY: the number outlives the call.
    let result = unsafe { sys::cuDeviceTotalMem_v2(&mut memory, device) };
    check(result, &label, "cuDeviceTotalMem", String::new)?;
    let attribute = |which| -> Result<u32> {
        let mut value = 0;
        // SAFETY: the number outlives the call; the device is the driver's own handle.
        let result = unsafe { sys::cuDeviceGetAttribute(&mut value, which, device) };
        check(result, &label, "cuDeviceGetAttribute", String::new)?;
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
        compute: major * 10 + minor,
        units: attribute(Attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)?,
        l2_bytes: attribute(Attribute::CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE)? as usize,
        software: false,
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
