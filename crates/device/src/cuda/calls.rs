//! The driver's functions, looked up by name.
//!
//! cudarc has them too, but its calls panic where a function is absent, and return a Rust `enum`: a
//! newer driver may answer with a number that this enum does not know, and such a value must not
//! exist. Here an answer is a number, and an absent function an error. Names, arguments and types are
//! those of `cuda.h`; where a function has a version in its name, both CUDA 12 and 13 have that one.
use cudarc::driver::sys::{
    self, CUcontext, CUdevice, CUdevice_attribute_enum, CUdeviceptr, CUevent, CUfunction,
    CUfunction_attribute_enum, CUgraph, CUgraphExec, CUmodule, CUresult, CUstream,
    CUstreamCaptureMode_enum,
};
use std::ffi::{c_char, c_int, c_uint, c_ulonglong, c_void};
use std::sync::OnceLock;

/// What the driver answers: any number.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answer(pub(super) c_uint);

impl Answer {
    /// It went well.
    pub(super) const SUCCESS: Answer = Answer(CUresult::CUDA_SUCCESS as c_uint);

    /// Whether it is this one.
    pub(super) fn is(self, known: CUresult) -> bool {
        self.0 == known as c_uint
    }
}

macro_rules! functions {
    ($($name:ident($($argument:ty),*);)*) => {
        /// The functions, each of the type that `cuda.h` gives it. The library is never unloaded, so
        /// the pointers stay good.
        #[allow(non_snake_case)]
        pub(super) struct Calls {
            $(pub(super) $name: unsafe extern "C" fn($($argument),*) -> Answer,)*
        }

        /// Looks all of them up; the name of one that is absent.
        ///
        /// # Safety
        /// `library` is NVIDIA's driver.
        unsafe fn look_up(library: &'static libloading::Library) -> Result<Calls, &'static str> {
            Ok(Calls {
                // SAFETY: the caller's library, whose function of this name has the field's type.
                $($name: *unsafe { library.get(concat!(stringify!($name), "\0").as_bytes()) }
                    .map_err(|_| stringify!($name))?,)*
            })
        }
    };
}

functions! {
    cuCtxSetCurrent(CUcontext);
    cuDeviceGet(*mut CUdevice, c_int);
    cuDeviceGetAttribute(*mut c_int, CUdevice_attribute_enum, CUdevice);
    cuDeviceGetCount(*mut c_int);
    cuDeviceGetName(*mut c_char, c_int, CUdevice);
    cuDevicePrimaryCtxRelease_v2(CUdevice);
    cuDevicePrimaryCtxRetain(*mut CUcontext, CUdevice);
    cuDeviceTotalMem_v2(*mut usize, CUdevice);
    cuDriverGetVersion(*mut c_int);
    cuEventCreate(*mut CUevent, c_uint);
    cuEventDestroy_v2(CUevent);
    cuEventElapsedTime(*mut f32, CUevent, CUevent);
    cuEventRecord(CUevent, CUstream);
    cuEventSynchronize(CUevent);
    cuFuncGetAttribute(*mut c_int, CUfunction_attribute_enum, CUfunction);
    cuFuncSetAttribute(CUfunction, CUfunction_attribute_enum, c_int);
    cuGetErrorName(Answer, *mut *const c_char);
    cuGetErrorString(Answer, *mut *const c_char);
    cuGraphDestroy(CUgraph);
    cuGraphExecDestroy(CUgraphExec);
    cuGraphInstantiateWithFlags(*mut CUgraphExec, CUgraph, c_ulonglong);
    cuGraphLaunch(CUgraphExec, CUstream);
    cuInit(c_uint);
    cuLaunchKernel(
        CUfunction, c_uint, c_uint, c_uint, c_uint, c_uint, c_uint, c_uint, CUstream,
        *mut *mut c_void, *mut *mut c_void
    );
    cuMemAlloc_v2(*mut CUdeviceptr, usize);
    cuMemFreeHost(*mut c_void);
    cuMemFree_v2(CUdeviceptr);
    cuMemGetInfo_v2(*mut usize, *mut usize);
    cuMemHostAlloc(*mut *mut c_void, usize, c_uint);
    cuMemcpyDtoHAsync_v2(*mut c_void, CUdeviceptr, usize, CUstream);
    cuMemcpyHtoDAsync_v2(CUdeviceptr, *const c_void, usize, CUstream);
    cuModuleGetFunction(*mut CUfunction, CUmodule, *const c_char);
    cuModuleLoadData(*mut CUmodule, *const c_void);
    cuModuleUnload(CUmodule);
    cuStreamBeginCapture_v2(CUstream, CUstreamCaptureMode_enum);
    cuStreamCreate(*mut CUstream, c_uint);
    cuStreamDestroy_v2(CUstream);
    cuStreamEndCapture(CUstream, *mut CUgraph);
    cuStreamSynchronize(CUstream);
}

/// `cuFuncGetParamInfo`: a function, the number of an argument; its offset and size.
pub(super) type ParamInfo =
    unsafe extern "C" fn(CUfunction, usize, *mut usize, *mut usize) -> Answer;

/// `cuLaunchKernelEx`: a launch with attributes, a cluster's size among them.
pub(super) type LaunchEx = unsafe extern "C" fn(
    *const sys::CUlaunchConfig,
    CUfunction,
    *mut *mut c_void,
    *mut *mut c_void,
) -> Answer;

/// `cuTensorMapEncodeTiled`: a tensor as the copy engine walks it.
pub(super) type EncodeTiled = unsafe extern "C" fn(
    *mut sys::CUtensorMap,
    sys::CUtensorMapDataType,
    c_uint,
    *mut c_void,
    *const u64,
    *const u64,
    *const c_uint,
    *const c_uint,
    sys::CUtensorMapInterleave,
    sys::CUtensorMapSwizzle,
    sys::CUtensorMapL2promotion,
    sys::CUtensorMapFloatOOBfill,
) -> Answer;

/// Why there are no calls.
#[derive(Clone, Copy, Debug)]
pub(super) enum Missing {
    /// No driver.
    Driver,
    /// A driver without this function.
    Function(&'static str),
}

/// The calls, and what newer drivers add.
pub(super) struct Driver {
    pub(super) calls: Calls,
    /// Since 12.4.
    pub(super) param_info: Option<ParamInfo>,
    /// Since 12.0, as is what follows.
    pub(super) launch_ex: Option<LaunchEx>,
    pub(super) encode_tiled: Option<EncodeTiled>,
}

/// Loads the driver, once.
pub(super) fn load() -> Result<&'static Driver, Missing> {
    static LOADED: OnceLock<Result<Driver, Missing>> = OnceLock::new();
    let loaded = LOADED.get_or_init(|| {
        // SAFETY: loads the library that the driver's name finds, and with it runs what NVIDIA wrote
        // for that moment; nothing of ours.
        if !unsafe { sys::is_culib_present() } {
            return Err(Missing::Driver);
        }
        // SAFETY: the library is there, so this does not panic.
        let library = unsafe { sys::culib() };
        // SAFETY: it is the driver.
        let calls = unsafe { look_up(library) }.map_err(Missing::Function)?;
        // SAFETY: the type is the one that `cuda.h` gives it.
        let param_info = unsafe { library.get::<ParamInfo>(b"cuFuncGetParamInfo\0") };
        // SAFETY: as above.
        let launch_ex = unsafe { library.get::<LaunchEx>(b"cuLaunchKernelEx\0") };
        // SAFETY: as above.
        let encode_tiled = unsafe { library.get::<EncodeTiled>(b"cuTensorMapEncodeTiled\0") };
        Ok(Driver {
            calls,
            param_info: param_info.ok().map(|call| *call),
            launch_ex: launch_ex.ok().map(|call| *call),
            encode_tiled: encode_tiled.ok().map(|call| *call),
        })
    });
    loaded.as_ref().map_err(|missing| *missing)
}
