//! CUDA C++ in, an image for one card out.
use super::cache;
use super::nvrtc::{Nvrtc, Program, SUCCESS};
use crate::{Error, Kernel, Loaded, Machine, Overlay, Result, agree, load_cuda, vet};
use std::ffi::{CString, c_char, c_int};
use std::fmt;

/// Compiles a kernel for an architecture (`sm_90a`: machine code; `compute_90`: PTX) without a card:
/// libnvrtc is all it takes.
///
/// # Errors
/// No NVRTC, a kernel without CUDA text, or a text that does not compile (the log names the file and
/// its lines).
pub fn compile(
    kernel: &Kernel,
    constants: &[(&'static str, u32)],
    arch: &str,
    overlay: Option<&Overlay>,
) -> Result<Vec<u8>> {
    image(Nvrtc::get(None)?, kernel, constants, arch, arch, overlay)
}

/// NVRTC's version and file, if [`compile`] can work here.
///
/// # Errors
/// [`Error::Unavailable`] with what to install.
pub fn compile_available() -> Result<String> {
    let nvrtc = Nvrtc::get(None)?;
    Ok(format!("{}.{} ({})", nvrtc.version.0, nvrtc.version.1, nvrtc.file))
}

/// The image of a kernel, from the cache on disk if it was compiled before.
pub(super) fn image(
    nvrtc: &Nvrtc,
    kernel: &Kernel,
    constants: &[(&'static str, u32)],
    arch: &str,
    device: &str,
    overlay: Option<&Overlay>,
) -> Result<Vec<u8>> {
    let source = load_cuda(kernel, constants, overlay)?;
    if source.own {
        agrees(kernel, &source).map_err(|log| Error::Compile {
            path: source.path.clone(),
            device: device.into(),
            log,
        })?;
    }
    image_of(nvrtc, kernel, &source, constants, arch, device)
}

/// Whether a reader's params struct is filled in as it says. What cannot be read here, the compiler
/// and the driver judge.
fn agrees(kernel: &Kernel, source: &Loaded) -> Result<(), String> {
    let includes = kernel.cuda.map_or(&[][..], |text| text.includes);
    let Ok(taken) = agree::cuda(&source.text, includes, kernel.entry) else { return Ok(()) };
    taken.filled_by(kernel.signature).map_err(|what| format!("error: {what}"))
}

/// The image of a text.
pub(super) fn image_of(
    nvrtc: &Nvrtc,
    kernel: &Kernel,
    source: &Loaded,
    constants: &[(&'static str, u32)],
    arch: &str,
    device: &str,
) -> Result<Vec<u8>> {
    let includes = kernel.cuda.map_or(&[][..], |text| text.includes);
    let compile_error =
        |log| Error::Compile { path: source.path.clone(), device: device.into(), log };
    if source.own {
        vet::cuda(&source.text, includes)
            .map_err(|fault| compile_error(fault.log(&source.path)))?;
    }
    let options = options(arch, constants);
    let mut key = cache::Key::new();
    key.add(&format!("NVRTC {}.{}", nvrtc.version.0, nvrtc.version.1));
    // The path is part of the image: line information names it.
    key.add(&source.path);
    key.add(&source.text);
    options.iter().for_each(|option| key.add(option));
    for (name, text) in includes {
        key.add(name);
        key.add(text);
    }
    let key = key.finish();
    if let Some(image) = cache::read(&key) {
        return Ok(image);
    }
    let work = || build(nvrtc, &source.path, &source.text, includes, &options);
    let built = match source.own {
        false => work(),
        true => {
            let asked = vet::Asked {
                machine: Machine::Cuda,
                index: 0,
                kernel,
                loaded: source,
                constants,
                bindings: Vec::new(),
                params: 0,
                arch,
            };
            vet::outlives(&asked).map_err(&compile_error)?;
            // Most likely the child has left it there.
            if let Some(image) = cache::read(&key) {
                return Ok(image);
            }
            vet::deep(work).map_err(&compile_error)?
        }
    };
    let image = built.map_err(|failure| compile_error(failure.log(includes)))?;
    cache::write(&key, &image);
    Ok(image)
}

/// Compiles a text without a card, as [`vet`]'s child does.
pub(crate) fn try_out(
    kernel: &Kernel,
    source: &Loaded,
    constants: &[(&'static str, u32)],
    arch: &str,
) -> Result<()> {
    // What the parent uses where there is a driver, or where there is none.
    let newest = super::driver::ready().and_then(|_| super::driver::version()).ok();
    let nvrtc = Nvrtc::get(newest.map(|version| version / 1000))?;
    image_of(nvrtc, kernel, source, constants, arch, arch).map(drop)
}

/// The compiler's options. No fast math: `expf` and division are the exact ones, so that devices
/// agree; a multiply and an add may fuse, as everywhere.
fn options(arch: &str, constants: &[(&'static str, u32)]) -> Vec<String> {
    let mut list = vec![
        format!("--gpu-architecture={arch}"),
        "--std=c++17".into(),
        "--fmad=true".into(),
        // A plain function is a device function: helpers need no `__device__`.
        "--device-as-default-execution-space".into(),
        // Profilers and sanitizers then name the reader's lines.
        "--generate-line-info".into(),
    ];
    for &(name, value) in constants {
        let suffix = if i32::try_from(value).is_ok() { "" } else { "u" };
        list.push(format!("-D{name}={value}{suffix}"));
    }
    list
}

/// Why there is no image.
pub(super) enum CompileError {
    /// The compiler's log.
    Log(String),
    /// A call failed.
    Call(&'static str, String),
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CompileError::Log(log) => f.write_str(log),
            CompileError::Call(call, why) => write!(f, "{call} failed: {why}"),
        }
    }
}

impl CompileError {
    /// The message, its lines named as the repository names them.
    fn log(&self, includes: &[(&str, &str)]) -> String {
        let text = self.to_string();
        let mut lines = text.trim_end().lines();
        let mut shown: Vec<String> =
            lines.by_ref().take(LINES).map(|line| rename(&cut(line), includes)).collect();
        let rest = lines.count();
        if rest > 0 {
            shown.push(format!("... and {rest} lines more"));
        }
        shown.join("\n")
    }
}

/// Lines of a log that are shown, and characters of one: a template's may have thousands.
const LINES: usize = 100;
const WIDTH: usize = 1000;

fn cut(line: &str) -> String {
    match line.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line.into(),
    }
}

/// `reduce.cuh(12): error` as `kernels/include/reduce.cuh:12: error`.
fn rename(line: &str, includes: &[(&str, &str)]) -> String {
    let named = line.split_once('(').and_then(|(file, rest)| {
        let (number, rest) = rest.split_once("):")?;
        number.parse::<u32>().ok()?;
        Some((file, number, rest))
    });
    match named {
        Some((file, number, rest)) if includes.iter().any(|(name, _)| *name == file) => {
            format!("kernels/include/{file}:{number}:{rest}")
        }
        Some((file, number, rest)) => format!("{file}:{number}:{rest}"),
        None => line.to_string(),
    }
}

/// One run of the compiler.
pub(super) fn build(
    nvrtc: &Nvrtc,
    path: &str,
    text: &str,
    includes: &[(&str, &str)],
    options: &[String],
) -> Result<Vec<u8>, CompileError> {
    let c = |text: &str| {
        CString::new(text).map_err(|_| CompileError::Log("the text holds a NUL byte".into()))
    };
    let (name, source) = (c(path)?, c(text)?);
    let names = includes.iter().map(|(n, _)| c(n)).collect::<Result<Vec<_>, _>>()?;
    let texts = includes.iter().map(|(_, t)| c(t)).collect::<Result<Vec<_>, _>>()?;
    let flags = options.iter().map(|o| c(o)).collect::<Result<Vec<_>, _>>()?;
    let pointers =
        |list: &[CString]| list.iter().map(|s| s.as_ptr()).collect::<Vec<*const c_char>>();
    let (names, texts, flag_pointers) = (pointers(&names), pointers(&texts), pointers(&flags));
    let failed = |call, code: c_int| CompileError::Call(call, nvrtc.explain(code));

    let mut program: Program = std::ptr::null_mut();
    // SAFETY: the strings end in NUL and outlive the program; the two lists are equally long.
    let code = unsafe {
        (nvrtc.create)(
            &mut program,
            source.as_ptr(),
            name.as_ptr(),
            includes.len() as c_int,
            texts.as_ptr(),
            names.as_ptr(),
        )
    };
    if code != SUCCESS {
        return Err(failed("nvrtcCreateProgram", code));
    }
    let program = Guard { nvrtc, program };
    // SAFETY: the program is alive, the options end in NUL and outlive the call.
    let code =
        unsafe { (nvrtc.compile)(program.program, flags.len() as c_int, flag_pointers.as_ptr()) };
    if code != SUCCESS {
        // SAFETY: the program is alive.
        let log = unsafe { nvrtc.log.get(program.program) }.unwrap_or_default();
        let log = String::from_utf8_lossy(&log).trim_end_matches('\0').trim().to_string();
        return Err(match log.is_empty() {
            true => failed("nvrtcCompileProgram", code),
            false => CompileError::Log(log),
        });
    }
    let ptx = options.iter().any(|o| o.starts_with("--gpu-architecture=compute_"));
    let (call, output) = match ptx {
        true => ("nvrtcGetPTX", &nvrtc.ptx),
        false => ("nvrtcGetCUBIN", &nvrtc.cubin),
    };
    // SAFETY: the program is alive and compiled.
    unsafe { output.get(program.program) }.map_err(|code| failed(call, code))
}

/// Frees the program on every way out.
struct Guard<'a> {
    nvrtc: &'a Nvrtc,
    program: Program,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        // SAFETY: created once, destroyed once.
        unsafe { (self.nvrtc.destroy)(&mut self.program) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_log_name_repository_files() {
        let includes = [("reduce.cuh", "")];
        let named = |line| rename(line, &includes);
        assert_eq!(named("reduce.cuh(12): error: x"), "kernels/include/reduce.cuh:12: error: x");
        assert_eq!(named("kernels/a/1_b.cu(3): error: f(x)"), "kernels/a/1_b.cu:3: error: f(x)");
        assert_eq!(named("    float y = f(x):"), "    float y = f(x):");
    }

    #[test]
    fn constants_become_definitions() {
        let list = options("sm_90a", &[("WG", 256), ("MASK", u32::MAX)]);
        assert!(list.contains(&"-DWG=256".to_string()));
        assert!(list.contains(&"-DMASK=4294967295u".to_string()));
    }
}
