//! Parameters and the arenas they live in: values in one buffer, gradients in another, so that an
//! optimizer is one launch (chapter 8). Each fallible function here fails if the device does or has no
//! room; what else can go wrong stands with the function.
use crate::Var;
use crate::var::lock;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, OnceLock};
use strata_device::Device;
use strata_device::random::Stream;
use strata_tensor::{DType, Error, Layout, Result, Tensor, numel, ops};

/// How a parameter starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// All zeros.
    Zeros,
    /// All ones.
    Ones,
    /// Normal with mean 0 and this standard deviation.
    Normal(f32),
    /// Uniform between minus and plus this bound.
    Uniform(f32),
}

/// A parameter as data: its name, shape and place in the arena.
#[derive(Clone, Debug, PartialEq)]
pub struct ParamInfo {
    /// Full name, dots between scopes.
    pub name: String,
    /// Shape.
    pub shape: Vec<usize>,
    /// Start.
    pub init: Init,
    /// Whether weight decay applies: matrices yes, biases and gains no.
    pub decay: bool,
    /// First element in the arenas.
    pub offset: usize,
}

impl ParamInfo {
    /// This parameter's place in an arena: of values, of gradients, of an optimizer's moments.
    ///
    /// # Errors
    /// The tensor is too small to be an arena of this model.
    pub fn place(&self, arena: &Tensor) -> Result<Tensor> {
        let layout = Layout { offset: self.offset, ..Layout::contiguous(&self.shape) };
        Tensor::from_buffer(arena.buffer().clone(), arena.dtype(), layout)
    }
}

/// A parameter as a layer holds it: declared first, given its memory by [`ParamBuilder::build`].
#[derive(Clone, Debug)]
pub struct Parameter(Arc<OnceLock<Var>>, Arc<str>);

impl Parameter {
    /// The variable.
    ///
    /// # Errors
    /// The builder it was declared on was never built.
    pub fn var(&self) -> Result<&Var> {
        self.0.get().ok_or_else(|| {
            let reason = format!("parameter {} has no memory: call ParamBuilder::build", self.1);
            Error::value("parameter", reason)
        })
    }

    /// Full name.
    pub fn name(&self) -> &str {
        &self.1
    }
}

type Declared = Vec<(ParamInfo, Parameter)>;

/// Collects the parameters of a model and lays them out once, in arenas.
///
/// [`at`](Self::at) gives a builder with a longer prefix that declares into the same model.
#[derive(Clone, Debug)]
pub struct ParamBuilder {
    declared: Arc<Mutex<Declared>>,
    prefix: String,
    /// Of values and of gradients.
    dtypes: [DType; 2],
    /// What forward passes read in place of matrices.
    shadow: Option<DType>,
}

impl Default for ParamBuilder {
    fn default() -> Self {
        Self::new()
    }
}

/// Bytes between places where a binding may start.
const STEP: usize = 256;

impl ParamBuilder {
    /// An empty model.
    pub fn new() -> Self {
        let (declared, prefix) = (Arc::default(), String::new());
        ParamBuilder { declared, prefix, dtypes: [DType::F32; 2], shadow: None }
    }

    /// The same model with values and gradients kept in these dtypes, f32 where nobody says.
    pub fn stored(self, values: DType, grads: DType) -> Self {
        ParamBuilder { dtypes: [values, grads], ..self }
    }

    /// The same model with a shadow of all values in this dtype, 16 bits as a rule: a forward pass reads
    /// matrices there, and vectors, which are few, as they are. The values themselves stay what an
    /// optimizer updates, gradients what it reads (Micikevicius et al., 2018, "master copy").
    pub fn shadowed(self, dtype: Option<DType>) -> Self {
        let shadow = dtype.filter(|dtype| *dtype != self.dtypes[0]);
        ParamBuilder { shadow, ..self }
    }

    /// A builder whose names start with `scope.`.
    pub fn at(&self, scope: &str) -> Self {
        ParamBuilder { prefix: format!("{}{scope}.", self.prefix), ..self.clone() }
    }

    /// Declares a parameter.
    pub fn param(&self, name: &str, shape: &[usize], init: Init, decay: bool) -> Parameter {
        let name = format!("{}{name}", self.prefix);
        let parameter = Parameter(Arc::default(), name.as_str().into());
        let info = ParamInfo { name, shape: shape.to_vec(), init, decay, offset: 0 };
        lock(&self.declared).push((info, parameter.clone()));
        parameter
    }

    /// Allocates the arenas, decayed parameters first, draws the initial values on the host (so
    /// that a seed gives one model on every device), and gives each [`Parameter`] its variable.
    ///
    /// # Errors
    /// Two parameters of one name; a model too large for the device.
    pub fn build(&self, device: &Device, seed: u64) -> Result<Parameters> {
        self.build_with(device, &mut Drawn(seed))
    }

    /// [`build`](Self::build) with values from elsewhere: a file, say. They are asked whether they
    /// fit before any memory is taken.
    ///
    /// # Errors
    /// As [`build`](Self::build); the values do not fit.
    pub fn build_with<E: From<Error>>(
        &self,
        device: &Device,
        weights: &mut impl Weights<E>,
    ) -> Result<Parameters, E> {
        let op = "build";
        let (mut infos, declared): (Vec<_>, Vec<_>) =
            std::mem::take(&mut *lock(&self.declared)).into_iter().unzip();
        let mut names = HashSet::with_capacity(infos.len());
        if let Some(twice) = infos.iter().find(|info| !names.insert(info.name.as_str())) {
            return Err(Error::value(op, format!("two parameters are named {}", twice.name)).into());
        }
        // All arenas have one layout: what starts a binding in the smallest dtype does in the others.
        let [of_values, of_grads] = self.dtypes;
        let sizes = [of_values, of_grads, self.shadow.unwrap_or(of_values)].map(DType::size);
        let align = STEP / sizes[0].min(sizes[1]).min(sizes[2]);
        // region: layout
        let mut order: Vec<usize> = (0..infos.len()).collect();
        order.sort_by_key(|&i| !infos[i].decay);
        let (mut total, mut decayed) = (0usize, 0);
        for &i in &order {
            let info = &mut infos[i];
            info.offset = total;
            total += numel(op, &info.shape)?.next_multiple_of(align);
            numel(op, &[total])?;
            if info.decay {
                decayed = total;
            }
        }
        // end: layout
        let total = total.max(align);
        weights.check(&infos)?;
        let mut host = vec![0f32; total];
        weights.fill(&infos, &mut host)?;
        let values = Tensor::from_slice(device, &host, &[total])?.cast(of_values)?;
        let shadow = self.shadow.map(|dtype| values.cast(dtype)).transpose()?;
        let grads = Tensor::zeros(device, of_grads, &[total])?;
        // region: shadow
        let mut vars = Vec::with_capacity(infos.len());
        for (info, parameter) in infos.iter().zip(declared) {
            let read = shadow.as_ref().filter(|_| info.shape.len() > 1).unwrap_or(&values);
            let var = Var::parameter(&info.name, info.place(read)?, info.place(&grads)?);
            // A parameter is declared once and built once: `declared` was emptied above.
            let _ = parameter.0.set(var.clone());
            vars.push(var);
        }
        // end: shadow
        Ok(Parameters { values, shadow, grads, decayed, infos, vars })
    }
}

/// Where a model's first values come from.
pub trait Weights<E> {
    /// Do they fit these parameters?
    ///
    /// # Errors
    /// They do not.
    fn check(&mut self, infos: &[ParamInfo]) -> Result<(), E>;

    /// Writes each parameter's values at its place, [`ParamInfo::offset`], in the arena.
    ///
    /// # Errors
    /// They cannot be had.
    fn fill(&mut self, infos: &[ParamInfo], arena: &mut [f32]) -> Result<(), E>;
}

/// Values drawn from a seed, in the order of declaration, whatever the layout.
struct Drawn(u64);

impl Weights<Error> for Drawn {
    fn check(&mut self, _: &[ParamInfo]) -> Result<()> {
        Ok(())
    }

    fn fill(&mut self, infos: &[ParamInfo], arena: &mut [f32]) -> Result<()> {
        for (i, info) in infos.iter().enumerate() {
            let n = numel("build", &info.shape)?;
            draw(info, self.0, i as u32, &mut arena[info.offset..info.offset + n]);
        }
        Ok(())
    }
}

fn draw(info: &ParamInfo, seed: u64, stream: u32, into: &mut [f32]) {
    let mut random = Stream::new(seed, stream.wrapping_add(0x5742));
    match info.init {
        Init::Zeros => into.fill(0.0),
        Init::Ones => into.fill(1.0),
        Init::Normal(std) => {
            for (x, drawn) in into.iter_mut().zip(random.normals(info.shape.iter().product())) {
                *x = drawn * std;
            }
        }
        Init::Uniform(bound) => into.fill_with(|| (2.0 * random.uniform() - 1.0) * bound),
    }
}

/// A model's parameters in two arenas: all values in one buffer, all gradients in another, so that
/// an optimizer's step is one launch.
#[derive(Clone, Debug)]
pub struct Parameters {
    values: Tensor,
    shadow: Option<Tensor>,
    grads: Tensor,
    decayed: usize,
    infos: Vec<ParamInfo>,
    vars: Vec<Var>,
}

impl Parameters {
    /// The arena of values, as one vector (padding between parameters is zero and stays zero).
    pub fn values(&self) -> Result<Tensor> {
        Ok(self.values.clone())
    }

    /// What forward passes read matrices from, as one vector: the values rounded, see
    /// [`ParamBuilder::shadowed`]. Whoever writes to the values writes here too, or
    /// [refreshes](Self::refresh) it.
    pub fn shadow(&self) -> Option<&Tensor> {
        self.shadow.as_ref()
    }

    /// What matrices are read in: the shadow's dtype, or the values' own.
    pub fn working(&self) -> DType {
        self.shadow.as_ref().unwrap_or(&self.values).dtype()
    }

    /// Rounds all values anew into the shadow, if there is one.
    pub fn refresh(&self) -> Result<()> {
        match &self.shadow {
            Some(shadow) => ops::copy_into(&self.values.cast(shadow.dtype())?, shadow),
            None => Ok(()),
        }
    }

    /// The arena of gradients, as one vector.
    pub fn grads(&self) -> Result<Tensor> {
        Ok(self.grads.clone())
    }

    /// Elements of an arena, padding included: what an optimizer's moments must have.
    pub fn arena_len(&self) -> usize {
        self.values.numel()
    }

    /// The arena's first elements, to which weight decay applies.
    pub fn decayed(&self) -> usize {
        self.decayed
    }

    /// The number of parameters, padding left out.
    pub fn count(&self) -> usize {
        self.infos.iter().map(|i| i.shape.iter().product::<usize>()).sum()
    }

    /// Each parameter as data, in the order of declaration.
    pub fn infos(&self) -> &[ParamInfo] {
        &self.infos
    }

    /// Each parameter as a variable, in the order of declaration.
    pub fn vars(&self) -> &[Var] {
        &self.vars
    }

    /// The parameter of that name.
    pub fn get(&self, name: &str) -> Option<&Var> {
        self.vars.iter().find(|v| v.name() == Some(name))
    }

    /// Where they live.
    pub fn device(&self) -> &Device {
        self.values.device()
    }

    /// Sets all gradients to zero, in one launch. Until then every backward pass adds to them: which
    /// is how a step is taken over more rows than fit in memory at once. Its batches come one after
    /// the other, each loss multiplied by the batch's part of what is scored in all of them, so that
    /// the gradient is that of the mean over the whole.
    ///
    /// ```
    /// use strata_autograd::{Init, ParamBuilder, Var};
    /// use strata_device::{Device, Settings};
    /// use strata_tensor::Tensor;
    /// let device = Device::open("cpu", Settings::default())?;
    /// let builder = ParamBuilder::new();
    /// let w = builder.param("w", &[2], Init::Ones, true);
    /// let all = builder.build(&device, 1)?;
    /// let data = |x: &[f32]| Ok::<_, strata_tensor::Error>(
    ///     Var::constant(Tensor::from_slice(&device, x, &[x.len() / 2, 2])?));
    /// let mean = |x: &Var| x.mul(w.var()?)?.sum(&[1], false)?.mean(&[0], false);
    ///
    /// mean(&data(&[1., 2., 3., 4., 5., 9.])?)?.backward()?;
    /// let whole = all.grads()?.to_vec::<f32>()?;
    /// all.zero_grad()?;
    /// mean(&data(&[1., 2.])?)?.affine(1. / 3., 0.)?.backward()?; // one row of three
    /// mean(&data(&[3., 4., 5., 9.])?)?.affine(2. / 3., 0.)?.backward()?; // two of three
    /// assert_eq!(whole[..2], [3., 5.]);
    /// assert!(all.grads()?.to_vec::<f32>()?.iter().zip(&whole).all(|(a, b)| (a - b).abs() < 1e-6));
    /// # Ok::<(), strata_tensor::Error>(())
    /// ```
    pub fn zero_grad(&self) -> Result<()> {
        ops::fill_bits(&self.grads, 0)
    }

    /// A further arena of this size, zeroed and in f32 whatever the others are: an optimizer's moments.
    pub fn arena_like(&self) -> Result<Tensor> {
        Tensor::zeros(self.device(), DType::F32, &[self.arena_len()])
    }
}
