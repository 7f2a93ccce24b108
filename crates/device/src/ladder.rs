use crate::stored::{Foreign, foreign};
use crate::validate::too_long;
use crate::{
    Device, Error, Kernel, LadderInfo, Launch, Machine, Needs, Precision, Result, RungInfo,
};
use std::fmt::Debug;

/// One way to do an op.
pub struct Rung<A: 'static> {
    /// `<n>_<name>`, the files' own name: `3_tiled`.
    pub name: &'static str,
    /// The kernels it launches: it stands on the machines for which all of them have a body.
    pub kernels: &'static [&'static Kernel],
    /// What it needs of the device.
    pub needs: Needs,
    /// How exactly it multiplies.
    pub precision: Precision,
    /// Arguments whose factors it multiplies as they are, whatever its precision: those that are stored
    /// in 16 bits.
    pub exact: fn(&A) -> bool,
    /// Whether its floats are f32 alone, though its kernels could be compiled for 16 bits: what
    /// `accepts` sees to.
    pub wide: bool,
    /// Whether it is there for some machines alone, because of what they can do and others cannot.
    pub native: bool,
    /// Which arguments it takes.
    pub accepts: fn(&A) -> bool,
    /// The launches that do the op.
    pub plan: fn(&A, &Device) -> Result<Vec<Launch>>,
}

impl<A> Rung<A> {
    /// A rung that needs nothing but its machine and takes all arguments.
    pub const fn new(
        name: &'static str,
        kernels: &'static [&'static Kernel],
        plan: fn(&A, &Device) -> Result<Vec<Launch>>,
    ) -> Self {
        let (needs, precision) = (Needs::NONE, Precision::F32);
        let (exact, accepts) = (|_: &A| false, |_: &A| true);
        let (wide, native) = (false, false);
        Rung { name, kernels, needs, precision, exact, wide, native, accepts, plan }
    }

    /// Which arguments it takes.
    pub const fn accepts(self, accepts: fn(&A) -> bool) -> Self {
        Rung { accepts, ..self }
    }

    /// What it needs of the device beyond being its machine.
    pub const fn needs(self, needs: Needs) -> Self {
        Rung { needs, ..self }
    }

    /// How exactly it multiplies.
    pub const fn precision(self, precision: Precision) -> Self {
        Rung { precision, ..self }
    }

    /// Which arguments' factors it multiplies without rounding them.
    pub const fn exact(self, exact: fn(&A) -> bool) -> Self {
        Rung { exact, ..self }
    }

    /// Marks a rung that takes f32 alone, though its kernels could be compiled for 16 bits.
    pub const fn wide(self) -> Self {
        Rung { wide: true, ..self }
    }

    /// Marks a rung that makes use of what one machine has and others have not: that it stands on no
    /// other is no hole.
    pub const fn native(self) -> Self {
        Rung { native: true, ..self }
    }

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
    /// else the highest of those that are as exact as the device's [`Settings`](crate::Settings) ask.
    /// One whose loops the device would end early serves them not.
    ///
    /// # Errors
    /// No rung serves them, or the forced one does not.
    pub fn choose(&self, args: &A, device: &Device) -> Result<&'static Rung<A>> {
        Ok(self.decide(args, device, None)?.0)
    }

    /// Chooses a rung, plans and launches it.
    ///
    /// # Errors
    /// As [`choose`](Self::choose) and [`Device::launch`].
    pub fn run(&self, args: &A, device: &Device) -> Result<()> {
        self.start(args, device, None)
    }

    /// As [`run`](Self::run), for an op over rows, `[rows, width]`, whose lowest rung gives a row an
    /// invocation and the others a workgroup: where a GPU has very many short rows the lowest serves
    /// them better.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_rows(&self, args: &A, device: &Device, shape: [usize; 2]) -> Result<()> {
        let short = device.machine() != Machine::Cpu && many_short(shape);
        self.start(args, device, self.rungs.first().filter(|_| short).map(|rung| rung.name))
    }

    fn start(&self, args: &A, device: &Device, better: Option<&str>) -> Result<()> {
        let (_, launches) = self.decide(args, device, better)?;
        launches.iter().try_for_each(|launch| device.launch(launch))
    }

    /// The rung and its launches. What a rung takes its kernels say: one that they are not written for,
    /// by dtype, leaves its place to the next.
    fn decide(&self, args: &A, device: &Device, better: Option<&str>) -> Result<Decision<A>> {
        let machine = device.machine();
        let label = || device.info().label();
        let lacking = |r: &Rung<A>| r.needs.lacking(device.info());
        let here = |r: &&'static Rung<A>| r.runs_on(machine) && lacking(r).is_none();
        let asked = device.settings().precision;
        let fits = || self.rungs.iter().filter(here).filter(|r| (r.accepts)(args));
        if let Some(name) = device.settings().rungs.get(self.op) {
            let takes = || format!("does not take {} on {}", tensors(args), label());
            let why = match self.rungs.iter().find(|r| r.name == name) {
                None => "does not exist".into(),
                Some(r) if !r.runs_on(machine) => format!("has no kernel for {}", label()),
                Some(r) if !here(&r) => {
                    let what = lacking(r).unwrap_or_default();
                    format!("needs {what}, which {} has not", label())
                }
                Some(r) if (r.accepts)(args) => match planned(r, args, device) {
                    Ok(Planned::Ready(launches)) => return Ok((r, launches)),
                    Ok(Planned::Foreign(_)) => takes(),
                    Err(Error::TooLong { rounds, most, .. }) => format!(
                        "{}, which ends loops after {most} rounds: {rounds} would be needed",
                        takes()
                    ),
                    Err(error) => return Err(error),
                },
                Some(_) => takes(),
            };
            let ready =
                |r: &&'static Rung<A>| matches!(planned(r, args, device), Ok(Planned::Ready(_)));
            let fits: Vec<_> = fits().filter(ready).map(|r| r.name).collect();
            let fits = if fits.is_empty() { "none of its rungs".into() } else { fits.join(", ") };
            return Err(Error::UnknownRung { op: self.op.into(), name: name.clone(), why, fits });
        }
        // Whoever puts a file in front of a rung has asked for it, however exact it is.
        let serves = |r: &&'static Rung<A>| {
            r.precision.serves(asked) || (r.exact)(args) || r.overlaid(device)
        };
        let mut order: Vec<&'static Rung<A>> = fits().rev().filter(serves).collect();
        // Stable: what is neither keeps its place.
        order.sort_by_key(|r| {
            if r.overlaid(device) { 0 } else { 1 + u8::from(Some(r.name) != better) }
        });
        let (mut refused, mut others) = (None, Vec::new());
        for rung in order {
            match (planned(rung, args, device), &refused) {
                (Ok(Planned::Ready(launches)), _) => return Ok((rung, launches)),
                (Ok(Planned::Foreign(other)), _) => others.push(other),
                // Only what is too long leaves its place to the next, and the first is told of.
                (Err(Error::TooLong { device, rounds, most, .. }), None) => {
                    let (op, detail) = (self.op.into(), format!(" of {}", tensors(args)));
                    refused = Some(Error::TooLong { op, detail, device, rounds, most });
                }
                (Err(error), None) => return Err(error),
                (Err(_), Some(_)) => {}
            }
        }
        Err(refused.or_else(|| self.written_for(&others)).unwrap_or_else(|| Error::NoRung {
            op: self.op,
            device: label(),
            detail: tensors(args),
        }))
    }

    /// Which dtypes the rungs that were looked at take where they were given another.
    fn written_for(&self, others: &[Foreign]) -> Option<Error> {
        let first = others.first()?;
        let mut want: Vec<&str> = Vec::new();
        for other in others.iter().filter(|other| other.name == first.name) {
            if !want.contains(&other.want.as_str()) {
                want.push(&other.want);
            }
        }
        let (op, binding, got) = (self.op, first.name, first.got);
        Some(Error::DType { op, binding, want: want.join(" or "), got })
    }

    /// The ladder as data.
    pub fn info(&self) -> LadderInfo {
        let row = |r: &'static Rung<A>| RungInfo {
            name: r.name,
            machines: Machine::ALL.into_iter().filter(|&m| r.runs_on(m)).collect(),
            kernels: r.kernels,
            needs: r.needs,
            precision: r.precision,
            wide: r.wide,
            native: r.native,
        };
        LadderInfo { op: self.op, rungs: self.rungs.iter().map(row).collect() }
    }
}

impl<A> Ladder<A> {
    /// Whether somebody asked for a kernel of this ladder: forced a rung, or put a file in front of one. What
    /// fuses the op into another must not pass it by then.
    pub fn asked_for(&self, device: &Device) -> bool {
        let forced = device.settings().rungs.contains_key(self.op);
        forced || self.rungs.iter().any(|rung| rung.overlaid(device))
    }
}

/// Whether rows are so short that most of a workgroup would stand idle over one, and so many that an
/// invocation each keeps a GPU busy.
pub fn many_short([rows, width]: [usize; 2]) -> bool {
    width < 32 && rows >= 1 << 14
}

/// A rung and its launches.
type Decision<A> = (&'static Rung<A>, Vec<Launch>);

/// What a rung makes of its arguments.
enum Planned {
    /// Launches.
    Ready(Vec<Launch>),
    /// Nothing: a tensor has a dtype that its kernel is not written for.
    Foreign(Foreign),
}

/// A rung's launches, none of which may be one that the device ends.
fn planned<A>(rung: &Rung<A>, args: &A, device: &Device) -> Result<Planned> {
    let launches = (rung.plan)(args, device)?;
    if let Some(other) = launches.iter().find_map(|launch| foreign(launch, device.machine())) {
        return Ok(Planned::Foreign(other));
    }
    launches.iter().try_for_each(|launch| too_long(launch, device.info()))?;
    Ok(Planned::Ready(launches))
}

/// The dtypes and shapes of the tensors among an op's arguments. This crate knows no tensors, only
/// how they show themselves: `Tensor(f32 [2, 3] on cpu:0 (..))`.
fn tensors(args: &impl Debug) -> String {
    let text = format!("{args:?}");
    let tensors = text.split("Tensor(").skip(1).filter_map(|t| Some(t.split_once(" on ")?.0));
    let tensors: Vec<_> = tensors.collect();
    if tensors.is_empty() { "these arguments".into() } else { tensors.join(", ") }
}
