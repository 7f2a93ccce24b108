use crate::{Error, Launch, Memory, Result};
use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// `Send` where there are threads, nothing on wasm (WebGPU's handles live on one thread there).
#[cfg(not(target_family = "wasm"))]
pub trait MaybeSend: Send {}
#[cfg(not(target_family = "wasm"))]
impl<T: Send + ?Sized> MaybeSend for T {}
/// `Send` where there are threads, nothing on wasm (WebGPU's handles live on one thread there).
#[cfg(target_family = "wasm")]
pub trait MaybeSend {}
#[cfg(target_family = "wasm")]
impl<T: ?Sized> MaybeSend for T {}

/// `Sync` where there are threads, nothing on wasm.
#[cfg(not(target_family = "wasm"))]
pub trait MaybeSync: Sync {}
#[cfg(not(target_family = "wasm"))]
impl<T: Sync + ?Sized> MaybeSync for T {}
/// `Sync` where there are threads, nothing on wasm.
#[cfg(target_family = "wasm")]
pub trait MaybeSync {}
#[cfg(target_family = "wasm")]
impl<T: ?Sized> MaybeSync for T {}

/// A boxed future, `Send` where there are threads.
#[cfg(not(target_family = "wasm"))]
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
/// A boxed future, `Send` where there are threads.
#[cfg(target_family = "wasm")]
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// A value whose type only its backend knows, `Send` and `Sync` where there are threads.
#[cfg(not(target_family = "wasm"))]
pub type Opaque = dyn Any + Send + Sync;
/// A value whose type only its backend knows, `Send` and `Sync` where there are threads.
#[cfg(target_family = "wasm")]
pub type Opaque = dyn Any;

/// The three kinds of machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Machine {
    /// The processor, through rayon and SIMD.
    Cpu,
    /// An NVIDIA card, through the CUDA driver and NVRTC.
    Cuda,
    /// Any GPU, or a software adapter, through WebGPU.
    Wgpu,
}

impl Machine {
    /// All of them.
    pub const ALL: [Machine; 3] = [Machine::Cpu, Machine::Cuda, Machine::Wgpu];

    /// `cpu`, `cuda` or `wgpu`: what `--device` takes.
    pub const fn name(self) -> &'static str {
        match self {
            Machine::Cpu => "cpu",
            Machine::Cuda => "cuda",
            Machine::Wgpu => "wgpu",
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a device can do: what rungs ask for and plans size themselves by.
#[derive(Clone, Debug, Default)]
pub struct Caps {
    /// Invocations in one workgroup (threads in one block).
    pub max_workgroup: u32,
    /// Bytes of workgroup (shared) memory.
    pub shared_bytes: u32,
    /// Workgroups in each dimension of a grid.
    pub max_grid: [u32; 3],
    /// Bytes one binding may show.
    pub max_binding: usize,
    /// Bytes one buffer may have.
    pub max_buffer: usize,
    /// Lanes in a subgroup (warp), smallest and largest; 0 where there are none to use.
    pub subgroup: (u32, u32),
    /// Arithmetic in f16.
    pub f16: bool,
    /// Cooperative matrices (tensor cores) from WGSL.
    pub cooperative_matrix: bool,
    /// The device can time its own work.
    pub timestamps: bool,
    /// CUDA compute capability times ten (90 for Hopper); 0 elsewhere.
    pub compute: u32,
    /// Streaming multiprocessors, or CPU threads; 0 where unknown.
    pub units: u32,
    /// L2 cache in bytes; 0 where unknown.
    pub l2_bytes: usize,
    /// A software adapter: right for checking, wrong for timing.
    pub software: bool,
    /// Rounds that all loops of one invocation may make together, nested ones counted too, before the
    /// device ends them without a word; 0 where it lets them be.
    pub loop_rounds: u32,
}

/// Who a device is.
#[derive(Clone, Debug)]
pub struct Info {
    /// The kind of machine.
    pub machine: Machine,
    /// Its number among its kind (`cuda:1`).
    pub index: usize,
    /// The name its maker gave it.
    pub name: String,
    /// Driver or instruction set, with version.
    pub driver: String,
    /// What it can do.
    pub caps: Caps,
}

impl Info {
    /// `cuda:0 (NVIDIA H200)`: how messages name a device.
    pub fn label(&self) -> String {
        format!("{}:{} ({})", self.machine, self.index, self.name)
    }
}

/// A machine that can allocate, copy and launch. Calls run in the order they are made.
///
/// [`Device`](crate::Device) wraps a backend with a buffer cache, checks and counters; chapters
/// never see this trait. New machines (an interpreter) implement it; what stands around one (a profiler)
/// is a [`Layer`](crate::Layer).
pub trait Backend: fmt::Debug + MaybeSend + MaybeSync {
    /// Who this is.
    fn info(&self) -> &Info;

    /// Fresh memory of at least `bytes` bytes, its contents unspecified. `bytes` is a multiple of 256.
    fn allocate(&self, bytes: usize) -> Result<Memory>;

    /// Bytes that can still be had; `None` where the machine does not say.
    fn left(&self) -> Option<u64> {
        None
    }

    /// Copies host bytes into memory, after the launches before this call. Offset and length are
    /// multiples of 4.
    fn write(&self, memory: &Memory, offset: usize, data: &[u8]) -> Result<()>;

    /// Copies `bytes` bytes back once every launch before this call has run. Offset and length are
    /// multiples of 4.
    fn read<'a>(
        &'a self,
        memory: &'a Memory,
        offset: usize,
        bytes: usize,
    ) -> BoxFuture<'a, Result<Vec<u8>>>;

    /// Runs a launch after all earlier ones; may return before it has run. While recording it is
    /// only noted down.
    fn launch(&self, launch: &Launch) -> Result<()>;

    /// Compiles a launch's kernel without running it, so that the first step is not a surprise.
    fn prepare(&self, launch: &Launch) -> Result<()>;

    /// Hands over work that was batched, without waiting for it.
    fn flush(&self) -> Result<()> {
        Ok(())
    }

    /// Resolves when everything launched so far has run.
    fn synchronize(&self) -> BoxFuture<'_, Result<()>>;

    /// Runs one launch alone and says how long the device took. Blocks; native only.
    fn time(&self, launch: &Launch) -> Result<Duration>;

    /// Whether replaying a recording is quicker than launching anew: where a launch is a driver
    /// call yes, where it is a function call no.
    fn gains_by_recording(&self) -> bool {
        true
    }

    /// Starts noting launches down instead of running them. A machine that cannot says so.
    fn begin_recording(&self) -> Result<()> {
        Err(Error::Recording { call: "record", when: "on a machine that cannot" })
    }

    /// Ends it; what comes back can be replayed. It must keep alive every [`Memory`] it uses.
    fn end_recording(&self) -> Result<Arc<Opaque>> {
        self.begin_recording().map(|()| Arc::new(()) as Arc<Opaque>)
    }

    /// Runs a recording once more.
    fn replay(&self, _recording: &Arc<Opaque>) -> Result<()> {
        self.begin_recording()
    }
}
