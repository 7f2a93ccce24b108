use crate::CpuText;
use bytemuck::Pod;
use std::fmt;

/// How a kernel uses one of its bindings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Only read: `const float*`, `var<storage, read>`, `&[f32]`.
    Read,
    /// Written, perhaps read too: `float*`, `var<storage, read_write>`, `&mut [f32]`.
    Write,
}

/// A kernel's text in one GPU language, with the shared parts it may include.
#[derive(Clone, Copy, Debug)]
pub struct Text {
    /// The file's text.
    pub text: &'static str,
    /// Files it may include, as (name, text).
    pub includes: &'static [(&'static str, &'static str)],
}

/// A kernel on the CPU: the same bindings and params, the whole grid in one call.
pub type CpuFn = fn(CpuArgs<'_>);

/// One small program, in up to three languages under one name.
///
/// Bindings come in the same order everywhere: pointers in CUDA, `@group(0) @binding(i)` in WGSL,
/// [`CpuArgs`] in Rust. Params follow as one struct of 32-bit words: by value in CUDA, a uniform at
/// the next binding in WGSL, `args.params` in Rust.
pub struct Kernel {
    /// `<op>/<n>_<rung>`: the file's place under `kernels/` and `shaders/`, without extension.
    pub path: &'static str,
    /// Entry point, the same in every language.
    pub entry: &'static str,
    /// How each binding is used.
    pub bindings: &'static [Access],
    /// CUDA C++.
    pub cuda: Option<Text>,
    /// WGSL.
    pub wgsl: Option<Text>,
    /// Rust.
    pub cpu: Option<CpuFn>,
    /// The Rust function's text.
    pub rust: Option<CpuText>,
    /// Constants that a reader's text must name where a launch sets them.
    pub heeded: &'static [&'static str],
}

impl Kernel {
    /// A kernel without a body yet; add them with [`cuda`](Self::cuda), [`wgsl`](Self::wgsl),
    /// [`cpu`](Self::cpu) and [`rust`](Self::rust).
    pub const fn new(path: &'static str, entry: &'static str, bindings: &'static [Access]) -> Self {
        let (cuda, wgsl, cpu, rust) = (None, None, None, None);
        Kernel { path, entry, bindings, cuda, wgsl, cpu, rust, heeded: &[] }
    }

    /// Names constants that are part of what is asked for, not of how it is done. A launch sets them
    /// only where they matter, and there a text that an [`Overlay`](crate::Overlay) puts in front must
    /// name them: one that does not know of them would compute something else without a word.
    pub const fn heeds(mut self, constants: &'static [&'static str]) -> Self {
        self.heeded = constants;
        self
    }

    /// Adds the CUDA text.
    pub const fn cuda(
        mut self,
        text: &'static str,
        includes: &'static [(&'static str, &'static str)],
    ) -> Self {
        self.cuda = Some(Text { text, includes });
        self
    }

    /// Adds the WGSL text.
    pub const fn wgsl(
        mut self,
        text: &'static str,
        includes: &'static [(&'static str, &'static str)],
    ) -> Self {
        self.wgsl = Some(Text { text, includes });
        self
    }

    /// Adds the Rust function.
    pub const fn cpu(mut self, body: CpuFn) -> Self {
        self.cpu = Some(body);
        self
    }

    /// Adds the text of the Rust function; see [`cpu_text!`](crate::cpu_text).
    pub const fn rust(mut self, text: CpuText) -> Self {
        self.rust = Some(text);
        self
    }

    /// Whether there is a body for this machine.
    pub const fn runs_on(&self, machine: crate::Machine) -> bool {
        match machine {
            crate::Machine::Cpu => self.cpu.is_some(),
            crate::Machine::Cuda => self.cuda.is_some(),
            crate::Machine::Wgpu => self.wgsl.is_some(),
        }
    }
}

impl fmt::Debug for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kernel({}:{})", self.path, self.entry)
    }
}

/// What a CPU kernel is called with.
pub struct CpuArgs<'a> {
    /// The bindings, in order.
    pub bindings: Vec<CpuBinding<'a>>,
    /// The words of the params struct.
    pub params: &'a [u32],
    /// The launch's constants.
    pub constants: &'a [(&'static str, u32)],
}

impl<'a> CpuArgs<'a> {
    /// The bindings as an array, to be taken apart in one pattern.
    ///
    /// # Panics
    /// If `N` is not the kernel's number of bindings; [`Device`](crate::Device) checked that number
    /// at launch, so this is a mistake in the kernel itself.
    pub fn take<const N: usize>(&mut self) -> [CpuBinding<'a>; N] {
        let bindings = std::mem::take(&mut self.bindings);
        let count = bindings.len();
        bindings.try_into().unwrap_or_else(|_| panic!("the kernel takes {N} bindings, not {count}"))
    }

    /// Word `i` of the params as an index or size.
    pub fn size(&self, i: usize) -> usize {
        self.params[i] as usize
    }

    /// Word `i` of the params as a float.
    pub fn float(&self, i: usize) -> f32 {
        f32::from_bits(self.params[i])
    }

    /// The constant of that name, or `default` where the launch does not set it.
    pub fn constant(&self, name: &str, default: u32) -> u32 {
        self.constants.iter().find(|(n, _)| *n == name).map_or(default, |c| c.1)
    }
}

/// One binding of a CPU kernel.
pub enum CpuBinding<'a> {
    /// Bound for reading.
    Read(&'a [u8]),
    /// Bound for writing.
    Write(&'a mut [u8]),
}

impl CpuBinding<'_> {
    /// The elements, for reading.
    pub fn of<T: Pod>(&self) -> &[T] {
        match self {
            CpuBinding::Read(bytes) => bytemuck::cast_slice(bytes),
            CpuBinding::Write(bytes) => bytemuck::cast_slice(bytes),
        }
    }

    /// The elements, for writing.
    ///
    /// # Panics
    /// If the kernel declared the binding [`Access::Read`].
    pub fn of_mut<T: Pod>(&mut self) -> &mut [T] {
        match self {
            CpuBinding::Read(_) => panic!("a binding declared Access::Read cannot be written"),
            CpuBinding::Write(bytes) => bytemuck::cast_slice_mut(bytes),
        }
    }

    /// The elements as f32, for reading.
    pub fn f32(&self) -> &[f32] {
        self.of()
    }

    /// The elements as f32, for writing.
    pub fn f32_mut(&mut self) -> &mut [f32] {
        self.of_mut()
    }

    /// The elements as u32, for reading.
    pub fn u32(&self) -> &[u32] {
        self.of()
    }
}
