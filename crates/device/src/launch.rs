use crate::{DType, Device, Kernel, Memory, Signature, Slice, TensorMap};
use std::sync::Arc;

/// What a launch must at least do, stated by the op: the base of every roofline.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Floating-point operations; a fused multiply-add counts two.
    pub flops: f64,
    /// The fewest bytes moved: every input read once, every output written once.
    pub bytes: f64,
}

/// A range of device memory, bound to one argument of a kernel.
#[derive(Clone, Debug)]
pub struct Binding {
    /// The memory.
    pub memory: Arc<Memory>,
    /// First byte, a multiple of 256.
    pub offset: usize,
    /// Length in bytes.
    pub bytes: usize,
    /// What its elements are, where somebody said.
    pub dtype: Option<DType>,
}

/// A kernel with everything it needs to run once.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The program.
    pub kernel: &'static Kernel,
    /// What it was filled in by: the kernel's own signature, or it is refused.
    pub signature: &'static Signature,
    /// Its buffers, in the kernel's order.
    pub bindings: Vec<Binding>,
    /// The words of its params struct.
    pub params: Vec<u32>,
    /// Workgroups (blocks) in x, y, z.
    pub grid: [u32; 3],
    /// Invocations (threads) in one workgroup.
    pub block: [u32; 3],
    /// Dynamic shared memory in bytes (CUDA only).
    pub shared_bytes: u32,
    /// Workgroups that run together and see each other's shared memory, in x, y, z (CUDA, from compute
    /// capability 9.0); 1 of them elsewhere.
    pub cluster: [u32; 3],
    /// Tensors that its copy engine walks (as above).
    pub tensor_maps: Vec<TensorMap>,
    /// Compile-time constants: `override` or `// tune:` constants in WGSL, `-D` in CUDA.
    pub constants: Vec<(&'static str, u32)>,
    /// What it must do at least.
    pub cost: Cost,
    /// Steps that the longest invocation takes through the grid (see [`cover`](Self::cover)).
    pub steps: usize,
    /// Rounds of the loops within one step, or `None` where nobody said.
    pub inner: Option<usize>,
    /// A size that 32 bits do not hold, if one was given: the launch is then refused.
    pub too_large: Option<usize>,
}

/// How many of `n` terms one launch may add up on this device, if an invocation goes round its loops
/// `rounds` times for so many: all of them, or where the device ends long loops as many as it allows,
/// a multiple of `unit`. More are made by several launches that go on from what is there.
pub fn piece(device: &Device, n: usize, unit: usize, rounds: impl Fn(usize) -> usize) -> usize {
    let most = device.info().caps.loop_rounds as usize;
    let mut piece = n;
    while most > 0 && piece > unit && rounds(piece) > most {
        piece = (piece / 2).next_multiple_of(unit);
    }
    piece
}

/// Workgroups of a one-dimensional grid: what WebGPU promises.
const GROUPS: usize = 65_535;

/// Steps of a walk through `groups` workgroups of work, of which a grid holds so many at once.
pub fn grid_steps(groups: usize) -> usize {
    groups.div_ceil(GROUPS).max(1)
}

impl Launch {
    /// Starts a launch of one workgroup of one invocation; the methods below fill it in.
    pub fn new(kernel: &'static Kernel) -> Self {
        Launch {
            kernel,
            signature: kernel.signature,
            bindings: Vec::with_capacity(kernel.signature.bindings.len()),
            params: Vec::new(),
            grid: [1; 3],
            block: [1; 3],
            shared_bytes: 0,
            cluster: [1; 3],
            tensor_maps: Vec::new(),
            constants: Vec::new(),
            cost: Cost::default(),
            steps: 1,
            inner: None,
            too_large: None,
        }
    }

    /// Binds the next argument of a kernel that is known only at run time; [`Kernel::launch`] does it by
    /// name.
    pub fn bind(mut self, slice: &Slice) -> Self {
        self.bindings.push(slice.binding());
        self
    }

    /// A size as kernels have it. Tensors have no more elements than 32 bits count; what comes from
    /// elsewhere and does not fit is remembered, and the launch refused, not run with what is left.
    fn word(&mut self, value: usize) -> u32 {
        u32::try_from(value).unwrap_or_else(|_| {
            self.too_large.get_or_insert(value);
            u32::MAX
        })
    }

    /// Workgroups in x, y, z.
    pub fn grid(mut self, x: usize, y: usize, z: usize) -> Self {
        self.grid = [x, y, z].map(|n| self.word(n));
        self
    }

    /// Invocations in one workgroup.
    pub fn block(mut self, x: u32, y: u32, z: u32) -> Self {
        self.block = [x, y, z];
        self
    }

    /// A one-dimensional grid of `width`-wide workgroups with an invocation for each of `n` items,
    /// at most 65,535 of them: kernels launched so walk on by the grid's width. Sets the constant
    /// `WG` to `width`.
    pub fn cover(self, n: usize, width: u32) -> Self {
        self.spread(n.div_ceil(width as usize), width).constant("WG", width)
    }

    /// A one-dimensional grid of `groups` workgroups of `width` invocations, at most 65,535 of them:
    /// kernels launched so walk on by the grid's width.
    pub fn spread(mut self, groups: usize, width: u32) -> Self {
        self.steps = grid_steps(groups);
        self.grid(groups.min(GROUPS), 1, 1).block(width, 1, 1)
    }

    /// So many of these grids side by side: workgroups in y.
    pub fn beside(mut self, y: usize) -> Self {
        self.grid[1] = self.word(y);
        self
    }

    /// States how many rounds the loops of one invocation make, nested ones and all, in each step
    /// through the grid: the most that any of them can. Some devices end loops that go on for too
    /// long ([`Caps::loop_rounds`](crate::Caps)), and there such a launch is refused.
    pub fn rounds(mut self, each: usize) -> Self {
        self.inner = Some(each);
        self
    }

    /// Rounds of all loops of the longest invocation.
    pub fn longest(&self) -> usize {
        self.steps.saturating_mul(self.inner.unwrap_or(0).saturating_add(1))
    }

    /// Sets a compile-time constant.
    pub fn constant(mut self, name: &'static str, value: u32) -> Self {
        self.constants.push((name, value));
        self
    }

    /// Dynamic shared memory (CUDA).
    pub fn shared(mut self, bytes: u32) -> Self {
        self.shared_bytes = bytes;
        self
    }

    /// Workgroups that run together, in x, y, z: the grid is a multiple of them (CUDA, from compute
    /// capability 9.0).
    pub fn cluster(mut self, x: u32, y: u32, z: u32) -> Self {
        self.cluster = [x, y, z];
        self
    }

    /// Passes a tensor map, behind those passed so far (as above).
    pub fn tensor_map(mut self, map: TensorMap) -> Self {
        self.tensor_maps.push(map);
        self
    }

    /// States the cost.
    pub fn cost(mut self, flops: f64, bytes: f64) -> Self {
        self.cost = Cost { flops, bytes };
        self
    }
}
