use crate::{Access, Binding, CpuText, Launch, Pack, Signature, Words, stored};
use std::fmt;

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

/// One small program, in up to three languages under one name; [`kernel!`](crate::kernel) declares it.
///
/// Bindings come in the same order everywhere: pointers in CUDA, `@group(0) @binding(i)` in WGSL,
/// fields of `Cpu` in Rust. Params follow as one struct of 32-bit words: by value in CUDA, a uniform at
/// the next binding in WGSL, `params` in Rust.
pub struct Kernel {
    /// `<op>/<n>_<rung>`: the file's place under `kernels/` and `shaders/`, without extension.
    pub path: &'static str,
    /// Entry point, the same in every language.
    pub entry: &'static str,
    /// What it takes.
    pub signature: &'static Signature,
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
    pub const fn new(
        path: &'static str,
        entry: &'static str,
        signature: &'static Signature,
    ) -> Self {
        let (cuda, wgsl, cpu, rust) = (None, None, None, None);
        Kernel { path, entry, signature, cuda, wgsl, cpu, rust, heeded: &[] }
    }

    /// A launch of one workgroup of one invocation, with everything that the kernel takes; the methods
    /// of [`Launch`] say the rest.
    pub fn launch<B: Takes>(&'static self, bindings: B, params: B::Params) -> Launch {
        let mut words = Words::default();
        params.put(&mut words);
        let mut launch = Launch::new(self);
        bindings.bind(&mut launch.bindings);
        (launch.params, launch.too_large) = (words.words, words.too_large);
        launch.signature = B::SIGNATURE;
        stored::set(&mut launch);
        launch
    }

    /// How each binding is used, in order.
    pub fn accesses(&self) -> impl ExactSizeIterator<Item = Access> + use<> {
        self.signature.bindings.iter().map(|binding| binding.access)
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

/// What a launch of a kernel is filled in with; [`kernel!`](crate::kernel) implements it.
pub trait Takes {
    /// The params struct.
    type Params: Pack;
    /// What the kernel must declare.
    const SIGNATURE: &'static Signature;
    /// Appends the bindings, in the kernel's order.
    fn bind(&self, to: &mut Vec<Binding>);
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
    pub constants: Constants<'a>,
}

/// The compile-time constants of a launch, as a CPU body asks for them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Constants<'a>(pub &'a [(&'static str, u32)]);

impl Constants<'_> {
    /// The constant of that name, or `default` where the launch does not set it.
    pub fn get(&self, name: &str, default: u32) -> u32 {
        self.0.iter().find(|(n, _)| *n == name).map_or(default, |c| c.1)
    }
}

impl<'a> CpuArgs<'a> {
    /// The next binding.
    ///
    /// # Panics
    /// If the kernel has no more; a device checks their number at launch.
    pub fn pop(&mut self) -> CpuBinding<'a> {
        self.bindings.remove(0)
    }
}

/// One binding of a CPU kernel.
pub enum CpuBinding<'a> {
    /// Bound for reading.
    Read(&'a [u8]),
    /// Bound for writing.
    Write(&'a mut [u8]),
}

impl<'a> CpuBinding<'a> {
    /// The bytes, for reading.
    pub fn into_read(self) -> &'a [u8] {
        match self {
            CpuBinding::Read(bytes) => bytes,
            CpuBinding::Write(bytes) => bytes,
        }
    }

    /// The bytes, for writing.
    ///
    /// # Panics
    /// If the kernel declared the binding [`Access::Read`]; [`kernel!`](crate::kernel) asks as it
    /// declared.
    pub fn into_write(self) -> &'a mut [u8] {
        match self {
            CpuBinding::Read(_) => panic!("a binding that is declared `read` cannot be written"),
            CpuBinding::Write(bytes) => bytes,
        }
    }
}
