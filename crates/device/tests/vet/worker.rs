//! The worker: compiles kernel after kernel, and says what came of each. Where it dies, the next one
//! goes on behind the kernel that it died of.
use super::{Kind, wgsl};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use strata_device::{
    Access, DType, Declared, Device, Element, Kernel, Launch, Machine, Overlay, Settings,
    Signature, testing,
};

/// One buffer of floats, to write into.
pub const WRITES: &Signature = &Signature {
    bindings: &[Declared { name: "out", access: Access::Write, element: Element::Of(DType::F32) }],
    params: &[],
};

const JOB: &str = "STRATA_VET_TEST";
const SLOW: Duration = Duration::from_secs(10);
const LARGE: u64 = 1 << 30;

/// Runs as the worker, if this process is one.
pub(super) fn serve() -> Option<ExitCode> {
    let job = std::env::var(JOB).ok()?;
    let (machine, first) = job.split_once(' ')?;
    let first = first.parse().ok()?;
    match machine {
        "wgpu" => wgpu_cases(first),
        #[cfg(feature = "cuda")]
        _ => super::cuda::cases(first),
        #[cfg(not(feature = "cuda"))]
        _ => {}
    }
    Some(ExitCode::SUCCESS)
}

pub(super) fn wgsl() {
    if let Err(error) = Device::open("wgpu", Settings::default()) {
        return testing::skip("wgpu", &error.to_string());
    }
    let names: Vec<_> = wgsl::ROWS.iter().map(|(name, kind, ..)| (*name, *kind)).collect();
    attend("wgpu", &names);
}

#[cfg(feature = "cuda")]
pub(super) fn cuda() {
    if let Err(error) = strata_device::cuda::compile_available() {
        return testing::skip("nvrtc", &error.to_string());
    }
    let names: Vec<_> = super::cuda::ROWS.iter().map(|(name, kind, ..)| (*name, *kind)).collect();
    attend("cuda", &names);
}

/// Has every kernel compiled, three sizes of each kind, and judges what the workers say.
fn attend(machine: &str, kinds: &[(&str, Kind)]) {
    let all = kinds.len() * 3;
    let job = std::process::id().to_string();
    let (mut next, mut wrong, mut slowest, mut largest) = (0, Vec::new(), (0, 0), (0, 0));
    while next < all {
        let program = std::env::current_exe().expect("this program has a file");
        let mut child = Command::new(program)
            .env(JOB, format!("{machine} {next}"))
            // What was compiled yesterday says nothing of today.
            .env("MESA_SHADER_CACHE_DISABLE", "true")
            .env("XDG_CACHE_HOME", std::env::temp_dir().join("strata-vet-no-cache").join(&job))
            .stdout(Stdio::piped())
            .spawn()
            .expect("a worker starts");
        let lines = BufReader::new(child.stdout.take().expect("its stdout")).lines();
        for line in lines.map_while(Result::ok) {
            let Some(rest) = line.strip_prefix("case ") else { continue };
            let mut words = rest.splitn(4, ' ');
            let mut number =
                || words.next().and_then(|n| n.parse::<u64>().ok()).unwrap_or(u64::MAX);
            let (at, ms, bytes) = (number() as usize, number(), number());
            let said = words.next().unwrap_or_default();
            let (name, kind) = kinds[at / 3];
            let case = format!("{name} x{}: {ms} ms, {} MB: {said}", 1 << (at % 3), bytes >> 20);
            if std::env::var_os("STRATA_VET_SHOW").is_some() {
                println!("{case}");
            }
            let long = Duration::from_millis(ms) > SLOW;
            if long || bytes > LARGE || (kind == Kind::Refused && said == "compiled") {
                wrong.push(case);
            }
            slowest = slowest.max((ms, at));
            largest = largest.max((bytes, at));
            next = at + 1;
        }
        let status = child.wait().expect("the worker ended");
        if status.success() {
            break;
        }
        if next < all {
            let (name, _) = kinds[next / 3];
            wrong.push(format!("{name} x{}: the worker died of it: {status}", 1 << (next % 3)));
            next += 1;
        }
    }
    let _ = fs::remove_dir_all(std::env::temp_dir().join("strata-vet-no-cache").join(&job));
    println!(
        "{all} kernels for {machine}: the slowest took {} ms ({}), the largest {} MB ({})",
        slowest.0,
        kinds[slowest.1 / 3].0,
        largest.0 >> 20,
        kinds[largest.1 / 3].0
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Tries one case and says what came of it.
pub(super) fn case(at: usize, work: impl FnOnce() -> Result<(), String>) {
    // From now on the peak is this case's.
    let _ = fs::write("/proc/self/clear_refs", "5");
    let (before, start) = (memory("VmRSS:"), cpu_time());
    let outcome = work();
    let ms = cpu_time().saturating_sub(start).as_millis();
    let bytes = memory("VmHWM:").saturating_sub(before);
    let said = match outcome {
        Ok(()) => "compiled".to_string(),
        Err(error) => error.lines().nth(1).unwrap_or(&error).trim().chars().take(200).collect(),
    };
    let mut out = std::io::stdout().lock();
    writeln!(out, "case {at} {ms} {bytes} {said}").and_then(|()| out.flush()).expect("a listener");
}

/// Processor time of this process, so that a busy machine does not count; the clock elsewhere.
fn cpu_time() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    let start = START.get_or_init(Instant::now);
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    // In hundredths of a second, on every Linux that this runs on.
    let ticks = after.split(' ').skip(12).take(2).filter_map(|n| n.parse::<u64>().ok());
    match after.is_empty() {
        true => start.elapsed(),
        false => Duration::from_millis(10 * ticks.sum::<u64>()),
    }
}

/// A line of this process's status in bytes; 0 where a system does not tell.
fn memory(what: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(what));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.unwrap_or(0) << 10
}

/// A folder of the worker's own with one kernel file.
pub(super) fn file(text: &str, ending: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("strata-vet-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join(format!("case.{ending}"));
    fs::write(&file, text).expect("a file");
    file
}

pub(super) fn tidy(file: &Path) {
    let _ = fs::remove_dir_all(file.parent().expect("its folder"));
}

/// `STRATA_VET_ONLY=sines` tries only kinds with this in their names.
pub(super) fn skipped(name: &str) -> bool {
    std::env::var("STRATA_VET_ONLY").is_ok_and(|only| !name.contains(&only))
}

fn wgpu_cases(first: usize) {
    let path = file("", "wgsl");
    let listed = vec![("vet/case".to_string(), Machine::Wgpu, path.clone())];
    let overlay = Some(Arc::new(Overlay::of_files(listed)));
    let device = Device::open("wgpu", Settings { overlay, ..Settings::default() });
    let device = device.expect("the parent opened it");
    let out = device.alloc(1 << 16).expect("memory");
    out.write(0, &vec![0; 1 << 16]).expect("it is written");
    for at in first..wgsl::ROWS.len() * 3 {
        if skipped(wgsl::ROWS[at / 3].0) {
            continue;
        }
        let (_, _, n, make) = wgsl::ROWS[at / 3];
        file(&make(n << (at % 3)), "wgsl");
        let parts: &[(&str, &str)] = &[("part.wgsl", "const PART = 1;\n")];
        let kernel = Kernel::new("vet/case", "main", WRITES).wgsl("", parts);
        // Kernels are known by their address.
        let kernel: &'static Kernel = Box::leak(Box::new(kernel));
        case(at, || {
            let launch = Launch::new(kernel).bind(&out.whole());
            let ran = device.launch(&launch).and_then(|()| device.synchronize());
            ran.map_err(|error| error.to_string())
        });
    }
    tidy(&path);
}
