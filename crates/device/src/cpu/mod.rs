//! The processor: launches run at once, on every core.
mod memory;
mod size;
mod stored;
mod threads;

use crate::validate::{bindings, range, stranger};
use crate::{
    Access, Backend, BoxFuture, Caps, CpuBinding, Error, Info, Launch, Machine, Memory, Opaque,
    Result, room,
};
use memory::Block;
pub use size::{available_memory, memory};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
pub use threads::bounded_threads;
use web_time::Instant;

thread_local! {
    static BUSY: Cell<bool> = const { Cell::new(false) };
}

/// The CPU as a device.
#[derive(Debug)]
pub struct Cpu {
    info: Info,
    /// Tells this CPU's memory from that of another: each has a lock of its own.
    number: u64,
    /// One launch, read or write at a time; while recording, the launches noted down. Behind it lies
    /// all of this CPU's memory: whoever holds it is the only one to look there.
    queue: Mutex<Option<Vec<Launch>>>,
}

impl Default for Cpu {
    fn default() -> Self {
        Self::new()
    }
}

impl Cpu {
    /// The CPU, with as many threads as rayon has (`RAYON_NUM_THREADS`).
    pub fn new() -> Self {
        let _ = bounded_threads();
        let threads = rayon::current_num_threads();
        let caps = Caps {
            max_workgroup: 1024,
            shared_bytes: 16 << 10,
            max_grid: [u32::MAX; 3],
            max_binding: usize::MAX,
            max_buffer: isize::MAX as usize - 256,
            timestamps: true,
            units: threads as u32,
            ..Caps::default()
        };
        let plural = if threads == 1 { "" } else { "s" };
        let info = Info {
            machine: Machine::Cpu,
            index: 0,
            name: format!("{threads} thread{plural}, {}", simd()),
            driver: format!("{} {}", std::env::consts::ARCH, simd()),
            caps,
        };
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Cpu { info, number, queue: Mutex::new(None) }
    }

    /// Locks the queue. A kernel's own parallel task that came back here would wait for itself
    /// for ever, so that is an error instead.
    fn lock(&self, call: &str) -> Result<Turn<'_>> {
        if BUSY.get() {
            return Err(Error::Launch {
                kernel: call.into(),
                reason: "called from inside a parallel task that a CPU kernel is waiting for; \
                         move tensor calls out of rayon closures"
                    .into(),
            });
        }
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        BUSY.set(true);
        Ok(Turn(queue))
    }

    fn run(&self, _: &Turn, launch: &Launch) -> Result<()> {
        let kernel = launch.kernel;
        let fail = |reason: String| Error::Launch { kernel: kernel.path.into(), reason };
        let body = kernel.cpu.ok_or_else(|| fail("it has no body for cpu".into()))?;
        bindings(launch)?;
        let mut views = Vec::with_capacity(launch.bindings.len());
        let mut halves = Vec::new();
        for (at, (binding, declared)) in
            launch.bindings.iter().zip(kernel.signature.bindings).enumerate()
        {
            let block = self.block(&binding.memory, kernel.path)?;
            let (offset, bytes) = (binding.offset, binding.bytes);
            let half = binding.dtype.filter(|dtype| dtype.size() == 2);
            if let Some(dtype) = half.filter(|_| declared.element.chosen_by().is_some()) {
                halves.push((at, dtype));
            }
            views.push(match declared.access {
                // SAFETY: the range lies within the block, and no binding that is written shares a
                // byte with it: `bindings` has looked. The block is of this CPU, whose queue the
                // turn holds locked, so no other launch, read or write has a view of it.
                Access::Read => CpuBinding::Read(unsafe { block.bytes(offset, bytes) }),
                // SAFETY: as above.
                Access::Write => CpuBinding::Write(unsafe { block.bytes_mut(offset, bytes) }),
            });
        }
        stored::run(body, views, &halves, launch)
    }

    /// The block behind some memory, if this very CPU made it.
    fn block<'a>(&self, memory: &'a Memory, call: &str) -> Result<&'a Block> {
        let block = memory.get::<Block>().filter(|block| block.of(self.number));
        block.ok_or_else(|| stranger(call))
    }
}

/// The queue, held by this thread.
struct Turn<'a>(MutexGuard<'a, Option<Vec<Launch>>>);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        BUSY.set(false);
    }
}

/// Where a block of the CPU's memory begins; `None` for another machine's. It stays there, and is
/// [`Memory::bytes`] long, for as long as the [`Memory`] lives: what a binding shows to its host
/// language without a copy. Whoever looks through the pointer while a kernel writes there sees
/// something in between.
pub fn host_pointer(memory: &Memory) -> Option<std::ptr::NonNull<u8>> {
    memory.get().map(Block::pointer)
}

impl Backend for Cpu {
    fn info(&self) -> &Info {
        &self.info
    }

    fn left(&self) -> Option<u64> {
        crate::room::left()
    }

    fn allocate(&self, bytes: usize) -> Result<Memory> {
        let block = Block::new(bytes, self.number).ok_or_else(|| Error::OutOfMemory {
            device: self.info.label(),
            bytes,
            held: 0,
        })?;
        Ok(Memory::new(block, bytes))
    }

    fn write(&self, memory: &Memory, offset: usize, data: &[u8]) -> Result<()> {
        range("write", memory, offset, data.len())?;
        let block = self.block(memory, "write")?;
        let _turn = self.lock("write")?;
        // SAFETY: the range lies within the block, which is of this CPU, whose queue is locked.
        unsafe { block.put(offset, data) };
        Ok(())
    }

    fn read<'a>(
        &'a self,
        memory: &'a Memory,
        offset: usize,
        bytes: usize,
    ) -> BoxFuture<'a, Result<Vec<u8>>> {
        Box::pin(async move {
            range("read", memory, offset, bytes)?;
            let block = self.block(memory, "read")?;
            let _turn = self.lock("read")?;
            // SAFETY: the range lies within the block, which is of this CPU, whose queue is locked.
            room::copied("read", unsafe { block.bytes(offset, bytes) })
        })
    }

    fn launch(&self, launch: &Launch) -> Result<()> {
        let mut turn = self.lock(launch.kernel.path)?;
        if let Some(tape) = turn.0.as_mut() {
            tape.push(launch.clone());
            return Ok(());
        }
        self.run(&turn, launch)
    }

    fn prepare(&self, _: &Launch) -> Result<()> {
        Ok(())
    }

    fn synchronize(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    fn time(&self, launch: &Launch) -> Result<Duration> {
        let turn = self.lock(launch.kernel.path)?;
        let start = Instant::now();
        self.run(&turn, launch)?;
        Ok(start.elapsed())
    }

    fn gains_by_recording(&self) -> bool {
        false
    }

    fn begin_recording(&self) -> Result<()> {
        *self.lock("record")?.0 = Some(Vec::new());
        Ok(())
    }

    fn end_recording(&self) -> Result<Arc<Opaque>> {
        Ok(Arc::new(self.lock("record")?.0.take().unwrap_or_default()))
    }

    fn replay(&self, recording: &Arc<Opaque>) -> Result<()> {
        let turn = self.lock("replay")?;
        let tape = recording.downcast_ref::<Vec<Launch>>();
        let wrong = Error::Recording { call: "replay", when: "with another machine's recording" };
        tape.ok_or(wrong)?.iter().try_for_each(|launch| self.run(&turn, launch))
    }
}

/// What the processor calls itself.
pub fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = info.lines().find(|line| line.starts_with("model name"));
    let linux = line.and_then(|line| line.split_once(':')).map(|(_, name)| name.trim().to_string());
    let named = linux
        .or_else(|| sysctl("machdep.cpu.brand_string"))
        .or_else(|| std::env::var("PROCESSOR_IDENTIFIER").ok());
    named.filter(|name| !name.is_empty()).unwrap_or_else(|| "of unknown make".into())
}

/// What macOS answers to `sysctl -n name`; `None` elsewhere.
pub fn sysctl(name: &str) -> Option<String> {
    if !cfg!(target_os = "macos") {
        return None;
    }
    let output = std::process::Command::new("sysctl").args(["-n", name]).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_string()).filter(|text| !text.is_empty())
}

/// The widest vectors this processor has.
pub fn simd() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        if std::arch::is_x86_feature_detected!("avx512f") {
            return "AVX-512";
        }
        if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma")
        {
            return "AVX2";
        }
        "SSE2"
    }
    #[cfg(target_arch = "aarch64")]
    {
        "NEON"
    }
    #[cfg(target_arch = "wasm32")]
    {
        if cfg!(target_feature = "simd128") { "SIMD128" } else { "no SIMD" }
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "wasm32")))]
    {
        "no SIMD"
    }
}
