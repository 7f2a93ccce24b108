use crate::{Device, Error, Kernel, Launch, Machine, Result};
use std::fmt::Debug;

/// What a rung needs of a device beyond being its machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Needs {
    /// Subgroup (warp) operations.
    pub subgroups: bool,
    /// Arithmetic in f16.
    pub f16: bool,
    /// Cooperative matrices from WGSL.
    pub cooperative_matrix: bool,
    /// CUDA compute capability times ten, at least.
    pub compute: u32,
}

impl Needs {
    /// Nothing: a portable rung.
    pub const NONE: Needs =
        Needs { subgroups: false, f16: false, cooperative_matrix: false, compute: 0 };

    fn met_by(&self, device: &Device) -> bool {
        let caps = &device.info().caps;
        (!self.subgroups || caps.subgroup.0 > 0)
            && (!self.f16 || caps.f16)
            && (!self.cooperative_matrix || caps.cooperative_matrix)
            && (device.machine() != Machine::Cuda || caps.compute >= self.compute)
    }
}

/// One way to do an op.
pub struct Rung<A: 'static> {
    /// `<n>_<name>`, the files' own name: `3_tiled`.
    pub name: &'static str,
    /// The kernels it launches: it stands on the machines for which all of them have a body.
    pub kernels: &'static [&'static Kernel],
    /// What it needs of the device.
    pub needs: Needs,
    /// Which arguments it takes.
    pub accepts: fn(&A) -> bool,
    /// The launches that do the op.
    pub plan: fn(&A, &Device) -> Result<Vec<Launch>>,
}

impl<A> Rung<A> {
    /// Whether all its kernels have a body for this machine.
    pub fn runs_on(&self, machine: Machine) -> bool {
        self.kernels.iter().all(|k| k.runs_on(machine))
    }

    fn overlaid(&self, device: &Device) -> bool {
        let machine = device.machine();
        let overlay = device.settings().overlay.as_deref();
        overlay.is_some_and(|o| self.kernels.iter().any(|k| o.find(k.path, machine).is_some()))
    }
}

/// An op's rungs, lowest first.
pub struct Ladder<A: 'static> {
    /// The op's name, as `--rung` takes it.
    pub op: &'static str,
    /// Its rungs, lowest first.
    pub rungs: &'static [Rung<A>],
}

impl<A: Debug> Ladder<A> {
    /// The rung that serves these arguments on this device: a forced one, else an overlaid one,
    /// else the highest.
    ///
    /// # Errors
    /// No rung serves them, or the forced one does not.
    pub fn choose(&self, args: &A, device: &Device) -> Result<&'static Rung<A>> {
        let machine = device.machine();
        let label = || device.info().label();
        let here = |r: &&'static Rung<A>| r.runs_on(machine) && r.needs.met_by(device);
        let fits = || self.rungs.iter().filter(here).filter(|r| (r.accepts)(args));
        if let Some(name) = device.settings().rungs.get(self.op) {
            let why = match self.rungs.iter().find(|r| r.name == name) {
                None => "does not exist".into(),
                Some(r) if !r.runs_on(machine) => format!("has no kernel for {}", label()),
                Some(r) if !here(&r) => format!("needs more than {} offers", label()),
                Some(r) if (r.accepts)(args) => return Ok(r),
                Some(_) => format!("does not take {} on {}", tensors(args), label()),
            };
            let fits: Vec<_> = fits().map(|r| r.name).collect();
            let fits = if fits.is_empty() { "none of its rungs".into() } else { fits.join(", ") };
            return Err(Error::UnknownRung { op: self.op.into(), name: name.clone(), why, fits });
        }
        fits()
            .rev()
            .find(|r| r.overlaid(device))
            .or_else(|| fits().next_back())
            .ok_or_else(|| Error::NoRung { op: self.op, device: label(), detail: tensors(args) })
    }

    /// Chooses a rung, plans and launches it.
    ///
    /// # Errors
    /// As [`choose`](Self::choose) and [`Device::launch`].
    pub fn run(&self, args: &A, device: &Device) -> Result<()> {
        let rung = self.choose(args, device)?;
        for launch in (rung.plan)(args, device)? {
            device.launch(&launch)?;
        }
        Ok(())
    }

    /// The ladder as data.
    pub fn info(&self) -> LadderInfo {
        let row = |r: &'static Rung<A>| RungInfo {
            name: r.name,
            machines: Machine::ALL.into_iter().filter(|&m| r.runs_on(m)).collect(),
            kernels: r.kernels,
            needs: r.needs,
        };
        LadderInfo { op: self.op, rungs: self.rungs.iter().map(row).collect() }
    }
}

/// The dtypes and shapes of the tensors among an op's arguments. This crate knows no tensors, only
/// how they show themselves: `Tensor(f32 [2, 3] on cpu:0 (..))`.
fn tensors(args: &impl Debug) -> String {
    let text = format!("{args:?}");
    let tensors = text.split("Tensor(").skip(1).filter_map(|t| Some(t.split_once(" on ")?.0));
    let tensors: Vec<_> = tensors.collect();
    if tensors.is_empty() { "these arguments".into() } else { tensors.join(", ") }
}

/// A ladder as data: what the parity table, the book and `inspect` list.
#[derive(Clone, Debug)]
pub struct LadderInfo {
    /// The op's name.
    pub op: &'static str,
    /// Its rungs, lowest first.
    pub rungs: Vec<RungInfo>,
}

/// A rung as data.
#[derive(Clone, Debug)]
pub struct RungInfo {
    /// `<n>_<name>`.
    pub name: &'static str,
    /// The machines it stands on.
    pub machines: Vec<Machine>,
    /// Its kernels.
    pub kernels: &'static [&'static Kernel],
    /// What it needs beyond the machine.
    pub needs: Needs,
}
