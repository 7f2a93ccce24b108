//! Entry points of loaded modules, and the launch itself.
use super::calls::{Answer, ParamInfo};
use super::memory::Block;
use super::module::Module;
use super::{driver, tensor_map};
use crate::validate::{bindings, stranger};
use crate::{Error, Launch, Result, TensorMap};
use cudarc::driver::sys::{self, CUfunction_attribute_enum as Attribute, CUresult};
use std::ffi::{CString, c_void};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Shared memory a block may have without asking for more.
const DEFAULT_SHARED: u32 = 48 << 10;

/// The most bytes that a kernel's arguments may have, and so the most arguments.
const MOST_ARGUMENTS: usize = 32_764;

/// Tensor maps that a kernel takes one by one; where there are more it takes a struct of them.
const MOST_MAPS: usize = 4;

/// An entry point of a module.
pub(super) struct Function {
    raw: sys::CUfunction,
    /// Shared memory the kernel declares itself.
    own_shared: u32,
    /// Dynamic shared memory that was asked for so far. Launches run behind the device's lock, so
    /// nobody lowers it meanwhile.
    granted: AtomicU32,
    /// Sizes of its arguments, where the driver tells (12.4 and newer).
    arguments: Option<Vec<usize>>,
    module: Arc<Module>,
}

// SAFETY: as for `Module`, which it holds.
unsafe impl Send for Function {}
// SAFETY: as for `Module`; what changes is atomic.
unsafe impl Sync for Function {}

impl Function {
    /// Looks an entry point up.
    ///
    /// `count` says how many arguments it has, where that is sure: a driver that is asked for one more
    /// answers with an error, which is how they are counted otherwise, and which tools report.
    pub(super) fn find(
        module: &Arc<Module>,
        launch: &Launch,
        count: Option<usize>,
    ) -> Result<Self> {
        let kernel = launch.kernel;
        let context = &module.context;
        let fail = |reason: String| Error::Launch { kernel: kernel.path.into(), reason };
        let name = CString::new(kernel.entry)
            .map_err(|_| fail("the entry's name holds a NUL byte".into()))?;
        context.bind()?;
        let mut raw = std::ptr::null_mut();
        let get = context.calls.cuModuleGetFunction;
        // SAFETY: the module is loaded, the name ends in NUL, the handle outlives the call.
        let answer = unsafe { get(&mut raw, module.raw, name.as_ptr()) };
        if answer.is(CUresult::CUDA_ERROR_NOT_FOUND) {
            let entry = kernel.entry;
            return Err(fail(format!(
                "its CUDA text has no entry `extern \"C\" __global__ void {entry}(...)`"
            )));
        }
        context.check(answer, "cuModuleGetFunction")?;
        let mut own_shared = 0;
        let which = Attribute::CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES;
        // SAFETY: the function is alive, the number outlives the call.
        let answer = unsafe { (context.calls.cuFuncGetAttribute)(&mut own_shared, which, raw) };
        context.check(answer, "cuFuncGetAttribute")?;
        Ok(Function {
            raw,
            own_shared: u32::try_from(own_shared).unwrap_or(0),
            granted: AtomicU32::new(0),
            arguments: driver::ready()?.param_info.and_then(|info| arguments(info, raw, count)),
            module: module.clone(),
        })
    }

    /// Queues a launch on a stream of its context, which is bound. The driver copies the arguments, so
    /// nothing of them needs to stay.
    ///
    /// # Safety
    /// The memory it binds lives until the launch has run: while it is queued on the context's own
    /// stream, any does, for memory is freed behind what is queued there; a recording must hold it.
    pub(super) unsafe fn launch(&self, launch: &Launch, stream: sys::CUstream) -> Result<()> {
        let context = &self.module.context;
        let kernel = launch.kernel;
        let fail = |reason: String| Error::Launch {
            kernel: format!("{}:{}", kernel.path, kernel.entry),
            reason,
        };
        bindings(launch)?;
        let mut pointers = Vec::with_capacity(launch.bindings.len());
        for binding in &launch.bindings {
            let block = binding.memory.get::<Block>().filter(|block| block.of(context));
            let block = block.ok_or_else(|| stranger(kernel.path))?;
            pointers.push(block.pointer + binding.offset as u64);
        }
        self.match_arguments(launch).map_err(fail)?;
        // The compiler rounds a struct's size up to its alignment, at most 16 bytes. An older driver
        // does not tell how many bytes it will read, so there it finds as many as any kernel can ask
        // for, all of them zero.
        let known = self.arguments.is_some();
        let mut words = launch.params.clone();
        let least = if known { 0 } else { MOST_ARGUMENTS / 4 };
        words.resize((words.len().next_multiple_of(4) + 4).max(least), 0);
        let mut maps = Vec::with_capacity(launch.tensor_maps.len());
        for TensorMap { of, .. } in &launch.tensor_maps {
            let block = of.memory.get::<Block>().filter(|block| block.of(context));
            let block = block.ok_or_else(|| stranger(kernel.path))?;
            let map = &launch.tensor_maps[maps.len()];
            maps.push(tensor_map::encode(map, block.pointer + of.offset as u64).map_err(fail)?);
        }
        let mut arguments: Vec<*mut c_void> =
            pointers.iter_mut().map(|p| (p as *mut u64).cast()).collect();
        // One struct of them all lies where the first one does.
        let passed = if self.takes_one_struct(launch) { 1 } else { maps.len() };
        let maps_passed = maps.iter_mut().take(passed);
        arguments.extend(maps_passed.map(|map| std::ptr::from_mut(map).cast::<c_void>()));
        let params: *mut c_void = words.as_mut_ptr().cast();
        if !launch.params.is_empty() {
            arguments.push(params);
        }
        if !known {
            arguments.resize(MOST_ARGUMENTS, params);
        }
        self.grant(launch.shared_bytes).map_err(|error| match error {
            lost @ Error::Lost { .. } => lost,
            _ => fail(format!(
                "it asks for {} + {} bytes of shared memory, more than a block may have",
                self.own_shared, launch.shared_bytes
            )),
        })?;
        context.note(launch);
        // SAFETY: the stream is its context's. `arguments` points to as many values as the kernel
        // declares and each has as many bytes as are read there: `pointers`, `maps` and `params`
        // outlive the call, and `match_arguments` compared them with what the driver tells, or there
        // are more than any kernel can declare. What the pointers show is alive: the caller's promise.
        let answer = unsafe { self.start(launch, stream, &mut arguments) }.map_err(fail)?;
        drop((pointers, maps, words));
        let refused =
            [CUresult::CUDA_ERROR_INVALID_VALUE, CUresult::CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES];
        if refused.into_iter().any(|known| answer.is(known)) {
            return Err(fail(format!(
                "the card refuses a grid of {:?} and a block of {:?} with {} bytes of dynamic shared \
                 memory: {}",
                launch.grid,
                launch.block,
                launch.shared_bytes,
                driver::explain(context.calls, answer)
            )));
        }
        context.check(answer, "cuLaunchKernel")
    }

    /// Hands a launch over to the driver.
    ///
    /// # Safety
    /// The stream is its context's; `arguments` points to as many values as the kernel declares, each
    /// of as many bytes as it declares, and what the pointers among them show is alive.
    unsafe fn start(
        &self,
        launch: &Launch,
        stream: sys::CUstream,
        arguments: &mut [*mut c_void],
    ) -> Result<Answer, String> {
        let ([gx, gy, gz], [bx, by, bz]) = (launch.grid, launch.block);
        let (shared, null) = (launch.shared_bytes, std::ptr::null_mut());
        let arguments = arguments.as_mut_ptr();
        if launch.cluster == [1; 3] {
            let call = self.module.context.calls.cuLaunchKernel;
            // SAFETY: the function is loaded; the rest is the caller's promise.
            return Ok(unsafe {
                call(self.raw, gx, gy, gz, bx, by, bz, shared, stream, arguments, null)
            });
        }
        let ready = driver::ready().map_err(|error| error.to_string())?;
        let call = ready.launch_ex.ok_or("clusters need a driver of CUDA 12 or newer")?;
        let [x, y, z] = launch.cluster;
        let mut attribute = sys::CUlaunchAttribute {
            id: sys::CUlaunchAttributeID::CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION,
            pad: [0; 4],
            value: sys::CUlaunchAttributeValue { pad: [0; 64] },
        };
        attribute.value.clusterDim = sys::CUlaunchAttributeValue_union__bindgen_ty_1 { x, y, z };
        let config = sys::CUlaunchConfig {
            gridDimX: gx,
            gridDimY: gy,
            gridDimZ: gz,
            blockDimX: bx,
            blockDimY: by,
            blockDimZ: bz,
            sharedMemBytes: shared,
            hStream: stream,
            attrs: &mut attribute,
            numAttrs: 1,
        };
        // SAFETY: as above; the configuration and its one attribute outlive the call.
        Ok(unsafe { call(&config, self.raw, arguments, null) })
    }

    /// Whether the kernel takes several tensor maps as one struct. An older driver does not tell.
    fn takes_one_struct(&self, launch: &Launch) -> bool {
        let maps = launch.tensor_maps.len();
        let sizes = self.arguments.as_deref().unwrap_or_default();
        maps > 1 && sizes.get(launch.bindings.len()) == Some(&(maps * tensor_map::BYTES))
    }

    /// A launch that passes too little would make the driver read past our arguments.
    fn match_arguments(&self, launch: &Launch) -> Result<(), String> {
        let (buffers, words) = (launch.bindings.len(), launch.params.len());
        let together = self.takes_one_struct(launch);
        let maps = if together { 1 } else { launch.tensor_maps.len() };
        let Some(sizes) = &self.arguments else {
            let many = maps > MOST_MAPS;
            let why = format!("{maps} tensor maps need a driver of CUDA 12.4 or newer");
            return if many { Err(why) } else { Ok(()) };
        };
        let passed = buffers + maps + usize::from(words > 0);
        if sizes.len() != passed {
            let (declared, s) = (sizes.len(), if buffers == 1 { "" } else { "s" });
            return Err(format!(
                "its CUDA entry declares {declared} arguments, the launch passes {passed}: \
                 {buffers} pointer{s} and {words} words of Params"
            ));
        }
        if let Some(i) = sizes[..buffers].iter().position(|&size| size != 8) {
            return Err(format!("argument {i} of its CUDA entry is not a pointer"));
        }
        let map = |&size: &usize| size == tensor_map::BYTES || together;
        if let Some(i) = sizes[buffers..buffers + maps].iter().position(|size| !map(size)) {
            let bytes = tensor_map::BYTES;
            return Err(format!(
                "argument {} of its CUDA entry is no TensorMap of {bytes} bytes",
                buffers + i
            ));
        }
        match sizes.get(buffers + maps) {
            Some(&size) if size < 4 * words || size > (4 * words).next_multiple_of(16) => {
                Err(format!(
                    "its CUDA Params has {size} bytes, the launch passes {words} words ({} bytes)",
                    4 * words
                ))
            }
            _ => Ok(()),
        }
    }

    /// Asks for dynamic shared memory beyond the 48 KiB that every block may have.
    fn grant(&self, dynamic: u32) -> Result<()> {
        if self.own_shared.saturating_add(dynamic) <= DEFAULT_SHARED
            || dynamic <= self.granted.load(Ordering::Relaxed)
        {
            return Ok(());
        }
        let context = &self.module.context;
        let which = Attribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
        let bytes = i32::try_from(dynamic).unwrap_or(i32::MAX);
        // SAFETY: the function is loaded.
        let answer = unsafe { (context.calls.cuFuncSetAttribute)(self.raw, which, bytes) };
        context.check(answer, "cuFuncSetAttribute")?;
        self.granted.store(dynamic, Ordering::Relaxed);
        Ok(())
    }
}

/// The sizes of a function's arguments, if the driver tells.
fn arguments(
    info: ParamInfo,
    function: sys::CUfunction,
    count: Option<usize>,
) -> Option<Vec<usize>> {
    let mut sizes = Vec::new();
    while sizes.len() <= MOST_ARGUMENTS {
        if Some(sizes.len()) == count {
            return Some(sizes);
        }
        let (mut offset, mut size) = (0, 0);
        // SAFETY: the function is loaded, both numbers outlive the call. Past the last argument it
        // answers with an error.
        let answer = unsafe { info(function, sizes.len(), &mut offset, &mut size) };
        match answer {
            Answer::SUCCESS => sizes.push(size),
            end if end.is(CUresult::CUDA_ERROR_INVALID_VALUE) => return Some(sizes),
            _ => return None,
        }
    }
    None
}
