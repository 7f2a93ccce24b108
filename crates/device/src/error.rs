use crate::{DType, Machine, Precision};

/// What this crate's calls return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong between a launch and the silicon.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The machine is not there, or lacks a part; `fix` says what to do.
    #[error("{machine} is not available: {reason}. {fix}")]
    Unavailable {
        /// The machine asked for.
        machine: Machine,
        /// What is missing.
        reason: String,
        /// The command or step that mends it.
        fix: String,
    },
    /// A device name that means nothing.
    #[error("unknown device {given:?}: use cpu, cuda, cuda:N, wgpu or wgpu:N")]
    UnknownDevice {
        /// What was given.
        given: String,
    },
    /// The name of a precision that means nothing.
    #[error("unknown precision {given:?}: use f32, tf32, f16 or bf16")]
    UnknownPrecision {
        /// What was given.
        given: String,
    },
    /// A precision that the device does not have.
    #[error("{device} has no products in {asked}; it has {has}")]
    Precision {
        /// The device's name.
        device: String,
        /// What was asked for.
        asked: Precision,
        /// What it has.
        has: String,
    },
    /// The device has no room for this many bytes.
    #[error(
        "{device} is out of memory: {bytes} bytes were asked for, {held} are held; try smaller shapes"
    )]
    OutOfMemory {
        /// The device's name.
        device: String,
        /// Bytes asked for.
        bytes: usize,
        /// Bytes this process already holds there.
        held: usize,
    },
    /// One buffer may not be that large on this device.
    #[error(
        "{device} allows at most {limit} bytes in one {what}, {bytes} were asked for; try smaller shapes"
    )]
    TooLarge {
        /// The device's name.
        device: String,
        /// `buffer` or `binding`.
        what: &'static str,
        /// Bytes asked for.
        bytes: usize,
        /// The device's limit.
        limit: usize,
    },
    /// This computer has no room for this many bytes.
    #[error(
        "{what}: {bytes} bytes are more memory than this computer can give{}; try smaller shapes, or close other programs",
        left.map(|left| format!(" ({left} are left)")).unwrap_or_default()
    )]
    NoRoom {
        /// The op, buffer or read that they were for.
        what: String,
        /// Bytes asked for.
        bytes: usize,
        /// Bytes that are left, where the system says.
        left: Option<u64>,
    },
    /// The device went away (reset, unplugged, a fault in a kernel).
    #[error("{device} was lost: {reason}. Start again; a checkpoint that was written is intact")]
    Lost {
        /// The device's name.
        device: String,
        /// What the driver said.
        reason: String,
    },
    /// A kernel's source does not compile.
    #[error("{path} does not compile for {device}:\n{log}")]
    Compile {
        /// The source's path: the repository's, or the reader's file in an overlay.
        path: String,
        /// The device's name.
        device: String,
        /// The compiler's message, its lines those of the file.
        log: String,
    },
    /// A launch that cannot be run as it stands.
    #[error("kernel {kernel}: {reason}")]
    Launch {
        /// The kernel's path.
        kernel: String,
        /// What is wrong.
        reason: String,
    },
    /// A kernel's loops would go round more often than the device lets them.
    #[error(
        "{op}{detail}: a kernel's loops would go round {rounds} times, and {device} ends them after {most} without a word; use the CPU or a graphics card, or smaller shapes"
    )]
    TooLong {
        /// The op, or the kernel's path and entry point where it is launched by itself.
        op: String,
        /// ` of ` the arguments' dtypes and shapes, where they are known.
        detail: String,
        /// The device's name.
        device: String,
        /// Rounds of the longest invocation.
        rounds: usize,
        /// Rounds that the device allows.
        most: usize,
    },
    /// Bytes outside a buffer.
    #[error("{call}: bytes {offset}..{end} lie outside a buffer of {bytes} bytes")]
    Range {
        /// The call.
        call: &'static str,
        /// First byte.
        offset: usize,
        /// One past the last byte.
        end: usize,
        /// The buffer's size.
        bytes: usize,
    },
    /// A call that a recording does not allow.
    #[error("{call} is not allowed {when}")]
    Recording {
        /// The call.
        call: &'static str,
        /// While recording, or without one.
        when: &'static str,
    },
    /// No rung of the ladder takes these arguments on this device.
    #[error("{op} has no rung for {device} that takes {detail}")]
    NoRung {
        /// The op.
        op: &'static str,
        /// The device's name.
        device: String,
        /// The arguments' dtypes and shapes.
        detail: String,
    },
    /// No rung of the ladder takes a tensor of this dtype in this place.
    #[error(
        "{op} takes {want}, got {got} as `{binding}`: it has no rung for that; convert with `cast`"
    )]
    DType {
        /// The op.
        op: &'static str,
        /// The kernels' name for the tensor.
        binding: &'static str,
        /// What its rungs take there.
        want: String,
        /// What it was given.
        got: DType,
    },
    /// A rung that does not exist or cannot serve was asked for by name.
    #[error("{op}: rung {name} {why}; {fits} would serve")]
    UnknownRung {
        /// The op.
        op: String,
        /// What was asked for.
        name: String,
        /// What it lacks: a kernel for the device, or room for such arguments.
        why: String,
        /// The rungs that take these arguments on this device.
        fits: String,
    },
    /// A folder of kernels that cannot be read.
    #[error("kernel folder {path}: {reason}")]
    Overlay {
        /// The folder or file.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// A reader's kernel that knows nothing of a constant which belongs to what is asked for
    /// ([`Kernel::heeds`](crate::Kernel::heeds)).
    #[error(
        "{path} does not know the constant {constant}, which this call sets, and would compute something \
         else without a word; heed it as the built-in {kernel} does, or force a rung that is built in"
    )]
    Unheeded {
        /// The reader's file.
        path: String,
        /// What it would have to heed.
        constant: &'static str,
        /// The kernel that it stands in front of.
        kernel: &'static str,
    },
    /// The driver refused a call.
    #[error("{device}: {call} failed: {reason}")]
    Driver {
        /// The device's name.
        device: String,
        /// The driver's call.
        call: String,
        /// The driver's message.
        reason: String,
    },
}

impl Error {
    /// The same, told of the op as its caller knows it: of `exp`, where the ladder is `map`.
    pub fn named(mut self, name: &'static str) -> Self {
        match &mut self {
            Error::NoRung { op, .. } | Error::DType { op, .. } => *op = name,
            Error::TooLong { op, .. } => *op = name.into(),
            _ => {}
        }
        self
    }
}
