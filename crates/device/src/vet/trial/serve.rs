//! The child: compiles what it is told to, watches its own memory, and dies where it must.
use super::MEMORY;
use super::wire::Request;
use crate::{Access, DType, Declared, Element, Field, Kernel, Loaded, Machine, Signature};
use std::collections::HashMap;
#[cfg(feature = "wgpu")]
use std::collections::hash_map::Entry;
use std::io::Write;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

/// Bytes of a buffer that a kernel is tried on.
const MOST: usize = 16 << 20;

/// Compiles kernels until the parent has no more.
pub(super) fn run() -> ExitCode {
    let (send, requests) = channel();
    thread::spawn(move || {
        let mut input = std::io::stdin().lock();
        while let Ok(request) = Request::read(&mut input) {
            if send.send(request).is_err() {
                break;
            }
        }
        // The parent has gone or wants no more; a compiler that never ends must not stay behind.
        drop(send);
        thread::sleep(Duration::from_secs(1));
        std::process::abort();
    });
    let mut tried = Trials::default();
    for request in requests {
        tried.one(request);
        say("done");
    }
    ExitCode::SUCCESS
}

fn say(word: &str) {
    let mut out = std::io::stdout().lock();
    // If nobody listens any more there is nobody to tell.
    let _ = writeln!(out, "strata: {word}").and_then(|()| out.flush());
}

#[derive(Default)]
struct Trials {
    #[cfg(feature = "wgpu")]
    adapters: HashMap<usize, crate::wgpu::Wgpu>,
    #[cfg(not(feature = "wgpu"))]
    adapters: HashMap<usize, ()>,
}

impl Trials {
    /// Compiles one kernel. Whether it is right is not asked: the parent compiles it, too.
    fn one(&mut self, request: Request) {
        match request.machine {
            #[cfg(feature = "wgpu")]
            Machine::Wgpu => {
                let index = request.index;
                let adapter = match self.adapters.entry(index) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(place) => {
                        let opening = crate::wgpu::Wgpu::open(Some(index), None);
                        let Ok(adapter) = pollster::block_on(opening) else { return };
                        place.insert(adapter)
                    }
                };
                let sizes = request.bindings.iter().map(|(_, n)| (*n).min(MOST)).collect();
                let (params, constants) = (request.params, constants(&request));
                let (kernel, loaded) = (kernel(&request, Machine::Wgpu), loaded(request));
                watched(|| drop(adapter.try_out(kernel, loaded, constants, sizes, params)));
            }
            #[cfg(feature = "cuda")]
            Machine::Cuda => {
                let constants = constants(&request);
                let arch = request.arch.clone();
                let (kernel, loaded) = (kernel(&request, Machine::Cuda), loaded(request));
                watched(|| drop(crate::cuda::try_out(kernel, &loaded, &constants, &arch)));
            }
            _ => {}
        }
    }
}

/// A kernel for the rest of the process's life, as kernels are.
fn kernel(request: &Request, machine: Machine) -> &'static Kernel {
    let leak = |text: &str| -> &'static str { Box::leak(text.to_string().into_boxed_str()) };
    let declared =
        |&(access, _): &(Access, usize)| Declared { name: "", access, element: Element::Bits };
    let bindings: Vec<Declared> = request.bindings.iter().map(declared).collect();
    let params = vec![Field { name: "", dtype: DType::U32, words: request.params }];
    let includes: Vec<(&'static str, &'static str)> =
        request.includes.iter().map(|(name, text)| (leak(name), leak(text))).collect();
    let includes: &'static [_] = Box::leak(includes.into_boxed_slice());
    let new = Kernel::new(
        leak(&request.kernel),
        leak(&request.entry),
        Box::leak(Box::new(Signature { bindings: bindings.leak(), params: params.leak() })),
    );
    Box::leak(Box::new(match machine {
        Machine::Cuda => new.cuda("", includes),
        _ => new.wgsl("", includes),
    }))
}

fn constants(request: &Request) -> Vec<(&'static str, u32)> {
    let leak = |text: &str| -> &'static str { Box::leak(text.to_string().into_boxed_str()) };
    request.constants.iter().map(|(name, value)| (leak(name), *value)).collect()
}

fn loaded(request: Request) -> Loaded {
    let leak = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    Loaded {
        path: request.file,
        text: request.text,
        prefix_lines: request.prefix_lines,
        tuned: request.tuned.into_iter().map(leak).collect(),
        own: true,
    }
}

/// Runs a compiler under a limit of memory, where this system tells a process what it has.
fn watched(compile: impl FnOnce()) {
    static BASE: AtomicU64 = AtomicU64::new(u64::MAX);
    static WATCHING: AtomicBool = AtomicBool::new(false);
    if let Some((resident, data)) = memory() {
        BASE.store(resident, Ordering::Relaxed);
        bound(data);
        if !WATCHING.swap(true, Ordering::Relaxed) {
            thread::spawn(|| {
                loop {
                    let base = BASE.load(Ordering::Relaxed);
                    if memory().is_some_and(|(now, _)| now > base.saturating_add(MEMORY)) {
                        say("memory");
                        std::process::abort();
                    }
                    thread::sleep(Duration::from_millis(5));
                }
            });
        }
    }
    spend(super::limit());
    say("begun");
    compile();
    BASE.store(u64::MAX, Ordering::Relaxed);
}

/// From now on this process may take so much of a processor, and then the system ends it.
#[cfg(unix)]
fn spend(limit: Duration) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let seconds = u64::try_from(used.tv_sec).unwrap_or(0);
    let most = seconds.saturating_add(limit.as_secs()).saturating_add(1);
    let hard = getrlimit(Resource::Cpu).maximum;
    let current = Some(hard.map_or(most, |hard| most.min(hard)));
    // Where it may not be set the clock stands alone.
    let _ = setrlimit(Resource::Cpu, Rlimit { current, maximum: hard });
}

#[cfg(not(unix))]
fn spend(_: Duration) {}

/// Bytes that are resident, and bytes of data that are reserved.
#[cfg(target_os = "linux")]
fn memory() -> Option<(u64, u64)> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let mut pages = text.split(' ').map(|n| n.trim().parse::<u64>().unwrap_or(0));
    let page = rustix::param::page_size() as u64;
    let (resident, data) = (pages.nth(1)?, pages.nth(3)?);
    Some((resident * page, data * page))
}

/// Not known here: the limit of time stands alone.
#[cfg(not(target_os = "linux"))]
fn memory() -> Option<(u64, u64)> {
    None
}

/// The kernel's own bound, for what grows faster than the watch looks: a compiler's stack and twice
/// the limit.
#[cfg(target_os = "linux")]
fn bound(data: u64) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let most = data.saturating_add(2 * MEMORY);
    let hard = getrlimit(Resource::Data).maximum;
    let current = Some(hard.map_or(most, |hard| most.min(hard)));
    // Where it may not be set the watch stands alone.
    let _ = setrlimit(Resource::Data, Rlimit { current, maximum: hard });
}

#[cfg(not(target_os = "linux"))]
fn bound(_: u64) {}
