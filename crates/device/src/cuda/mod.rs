//! NVIDIA cards: the driver runs launches, NVRTC compiles them. Both are loaded at run time, so one
//! binary serves computers with and without a card.
//!
//! Everything runs on one stream, in the order of the calls. Kernels are compiled for the card that
//! is there, at first use, and their images cached on disk. A recording is a CUDA graph.
//!
//! Environment: `STRATA_NVRTC=/folder` says where NVRTC lies; `STRATA_CUDA_SYNC=1` waits after every
//! launch, so that a fault names the kernel it happened in.
mod cache;
mod calls;
mod compile;
mod context;
mod driver;
mod function;
mod graph;
mod memory;
mod module;
mod nvrtc;
mod search;
mod spacer;
mod tensor_map;

pub(crate) use compile::try_out;
pub use compile::{compile, compile_available};

use crate::validate::{range, stranger};
use crate::{
    Backend, BoxFuture, Error, Info, Kernel, Launch, Machine, Memory, Overlay, Result, agree, room,
};
use context::Context;
use function::Function;
use graph::{Graph, Noted};
use memory::{Block, Event, Staging};
use module::Module;
use nvrtc::Nvrtc;
use spacer::SPACER;
use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The cards of this computer.
///
/// # Errors
/// [`Error::Unavailable`]: no driver, no NVRTC, or no card; it says what to install.
pub fn list() -> Result<Vec<Info>> {
    driver::ready()?;
    let count = driver::count()?;
    let nvrtc = Nvrtc::get(Some(driver::version()? / 1000))?;
    (0..count).map(|index| driver::info(index, nvrtc.version)).collect()
}

/// A file with one set of constants; the text's address tells kernels of one path apart.
type ModuleKey = (&'static str, usize, Vec<(&'static str, u32)>);

/// One NVIDIA card.
pub struct Cuda {
    info: Info,
    context: Arc<Context>,
    nvrtc: &'static Nvrtc,
    /// What kernels are compiled for: `sm_90a`.
    arch: String,
    overlay: Option<Arc<Overlay>>,
    code: Mutex<Code>,
    queue: Mutex<Queue>,
}

/// What was compiled and loaded so far.
#[derive(Default)]
struct Code {
    modules: HashMap<ModuleKey, Arc<Module>>,
    functions: HashMap<(ModuleKey, &'static str), Arc<Function>>,
}

/// Held while work is queued, so that calls of several threads do not interleave.
struct Queue {
    staging: Staging,
    start: Event,
    end: Event,
    /// While recording: the launches so far.
    tape: Option<Vec<Noted>>,
}

impl Cuda {
    /// Opens card `index`, with kernels of `overlay` in front of the built-in ones.
    ///
    /// # Errors
    /// [`Error::Unavailable`]: no driver, no NVRTC, or no such card; it says what to do.
    pub fn open(index: usize, overlay: Option<Arc<Overlay>>) -> Result<Self> {
        driver::ready()?;
        let card = driver::card(index)?;
        let nvrtc = Nvrtc::get(Some(driver::version()? / 1000))?;
        let info = driver::info(index, nvrtc.version)?;
        let arch = nvrtc.arch_for(info.caps.compute)?;
        let context = Arc::new(Context::new(card, info.label())?);
        let queue = Queue {
            staging: Staging::new(&context)?,
            start: Event::new(&context)?,
            end: Event::new(&context)?,
            tape: None,
        };
        let (code, queue) = (Mutex::default(), Mutex::new(queue));
        Ok(Cuda { info, context, nvrtc, arch, overlay, code, queue })
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many arguments a kernel's entry has, if the text is ours: a reader's may say one thing and
    /// mean another.
    fn arguments_of(&self, kernel: &Kernel) -> Option<usize> {
        let own = |overlay: &Overlay| overlay.find(kernel.path, Machine::Cuda).is_some();
        let text = kernel.cuda.filter(|_| !self.overlay.as_deref().is_some_and(own))?;
        Some(agree::cuda(text.text, text.includes, kernel.entry).ok()?.arguments)
    }

    /// The function of a launch, compiled and loaded at its first use.
    fn function(&self, launch: &Launch) -> Result<Arc<Function>> {
        let kernel = launch.kernel;
        let address = kernel.cuda.map_or(0, |text| text.text.as_ptr() as usize);
        let module_key = (kernel.path, address, launch.constants.clone());
        let key = (module_key, kernel.entry);
        let mut code = self.code.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(function) = code.functions.get(&key) {
            return Ok(function.clone());
        }
        let module = match code.modules.get(&key.0) {
            Some(module) => module.clone(),
            None => {
                let overlay = self.overlay.as_deref();
                let (constants, label) = (&launch.constants, &self.context.label);
                let image =
                    compile::image(self.nvrtc, kernel, constants, &self.arch, label, overlay)?;
                let module = Arc::new(Module::load(&self.context, &image)?);
                code.modules.insert(key.0.clone(), module.clone());
                module
            }
        };
        let function = Arc::new(Function::find(&module, launch, self.arguments_of(kernel))?);
        code.functions.insert(key, function.clone());
        Ok(function)
    }

    fn block<'a>(&self, memory: &'a Memory, call: &str) -> Result<&'a Block> {
        let block = memory.get::<Block>().filter(|block| block.of(&self.context));
        block.ok_or_else(|| stranger(call))
    }
}

impl Backend for Cuda {
    fn info(&self) -> &Info {
        &self.info
    }

    fn allocate(&self, bytes: usize) -> Result<Memory> {
        Ok(Memory::new(Block::new(&self.context, bytes)?, bytes))
    }

    fn left(&self) -> Option<u64> {
        memory::left(&self.context)
    }

    fn write(&self, memory: &Memory, offset: usize, data: &[u8]) -> Result<()> {
        range("write", memory, offset, data.len())?;
        let target = self.block(memory, "write")?.pointer + offset as u64;
        if data.is_empty() {
            return Ok(());
        }
        // SAFETY: the range lies in the memory, which is of this context.
        unsafe { self.queue().staging.write(target, data) }
    }

    fn read<'a>(
        &'a self,
        memory: &'a Memory,
        offset: usize,
        bytes: usize,
    ) -> BoxFuture<'a, Result<Vec<u8>>> {
        Box::pin(async move {
            range("read", memory, offset, bytes)?;
            let source = self.block(memory, "read")?.pointer + offset as u64;
            let mut data = room::vector("read", bytes)?;
            data.resize(bytes, 0u8);
            if bytes == 0 {
                return Ok(data);
            }
            let _queue = self.queue();
            self.context.bind()?;
            let copy = self.context.calls.cuMemcpyDtoHAsync_v2;
            // SAFETY: both ranges hold `bytes` bytes, and the data stays until the wait below; if
            // the wait fails the device is lost and writes no more.
            let answer =
                unsafe { copy(data.as_mut_ptr().cast(), source, bytes, self.context.stream) };
            self.context.check(answer, "cuMemcpyDtoHAsync")?;
            self.context.wait()?;
            Ok(data)
        })
    }

    fn launch(&self, launch: &Launch) -> Result<()> {
        let function = self.function(launch)?;
        let mut queue = self.queue();
        if let Some(tape) = &mut queue.tape {
            tape.push((launch.clone(), function));
            return Ok(());
        }
        self.context.bind()?;
        // SAFETY: on the context's stream, behind which memory is freed.
        unsafe { function.launch(launch, self.context.stream)? };
        if self.context.eager { self.context.wait() } else { Ok(()) }
    }

    fn prepare(&self, launch: &Launch) -> Result<()> {
        self.function(launch).map(drop)
    }

    fn synchronize(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { self.context.wait() })
    }

    fn time(&self, launch: &Launch) -> Result<Duration> {
        let spacer = Launch::new(&SPACER);
        let (function, wait) = (self.function(launch)?, self.function(&spacer)?);
        let queue = self.queue();
        self.context.bind()?;
        let stream = self.context.stream;
        // SAFETY: on the context's stream, behind which memory is freed; this one uses none.
        unsafe { wait.launch(&spacer, stream)? };
        queue.start.record()?;
        // SAFETY: as above, and this one's is held by the launch.
        unsafe { function.launch(launch, stream)? };
        queue.end.record()?;
        queue.end.wait()?;
        Ok(driver::milliseconds(queue.end.since(&queue.start)?))
    }

    fn begin_recording(&self) -> Result<()> {
        self.queue().tape = Some(Vec::new());
        Ok(())
    }

    fn end_recording(&self) -> Result<Arc<dyn Any + Send + Sync>> {
        let mut queue = self.queue();
        let noted = queue.tape.take().unwrap_or_default();
        Ok(Arc::new(Graph::new(&self.context, noted)?))
    }

    fn replay(&self, recording: &Arc<dyn Any + Send + Sync>) -> Result<()> {
        let wrong = Error::Recording { call: "replay", when: "with another machine's recording" };
        let graph = recording.downcast_ref::<Graph>().filter(|graph| graph.of(&self.context));
        let graph = graph.ok_or(wrong)?;
        let _queue = self.queue();
        graph.replay()?;
        if self.context.eager { self.context.wait() } else { Ok(()) }
    }
}

impl fmt::Debug for Cuda {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cuda({}, {})", self.info.label(), self.arch)
    }
}
