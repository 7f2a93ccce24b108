//! A machine that computes nothing: it says it is an NVIDIA card and notes what it would compile.
//!
//! Which constants a kernel is compiled with is known to the op that launches it, and to nobody
//! else. So on a computer without a card the cases are run all the same, on this, and what they
//! launch is then compiled for cards that are not here.

use std::sync::{Arc, Mutex, PoisonError};
use strata_ml::device::{
    Backend, Caps, Device, Dry, Info, Kernel, Launch, Layer, Machine, Result, Settings,
};

/// A kernel and the constants it was launched with.
#[derive(Clone, Debug)]
pub struct Note {
    /// The kernel.
    pub kernel: &'static Kernel,
    /// Its constants.
    pub constants: Vec<(&'static str, u32)>,
    /// What the launch says of the rounds of its loops.
    pub inner: Option<usize>,
}

/// What was noted so far, each pair of file and constants once.
#[derive(Clone, Debug, Default)]
pub struct Notes(Arc<Mutex<Vec<Note>>>);

impl Notes {
    /// The notes, in the order of their first launch.
    pub fn take(&self) -> Vec<Note> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self, launch: &Launch) {
        let mut list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same =
            |n: &Note| n.kernel.path == launch.kernel.path && n.constants == launch.constants;
        if !list.iter().any(same) {
            let (kernel, constants) = (launch.kernel, launch.constants.clone());
            list.push(Note { kernel, constants, inner: launch.inner });
        }
    }
}

/// A device that pretends to be a Hopper card, and its notes. Reads give zeros.
pub fn noted() -> (Device, Notes) {
    let caps = Caps {
        max_workgroup: 1024,
        shared_bytes: 227 << 10,
        max_grid: [i32::MAX as u32, 65_535, 65_535],
        max_binding: u32::MAX as usize,
        max_buffer: u32::MAX as usize,
        subgroup: (32, 32),
        f16: true,
        timestamps: true,
        compute: 90,
        units: 132,
        l2_bytes: 50 << 20,
        ..Caps::default()
    };
    let (name, driver) = ("compiled only".into(), String::new());
    let info = Info { machine: Machine::Cuda, index: 0, name, driver, caps };
    let notes = Notes::default();
    let noted = Noted { nothing: Dry::new(info), notes: notes.clone() };
    (Device::new(Box::new(noted), Settings::default()), notes)
}

#[derive(Debug)]
struct Noted {
    nothing: Dry,
    notes: Notes,
}

impl Layer for Noted {
    fn inner(&self) -> &dyn Backend {
        &self.nothing
    }

    fn launch(&self, launch: &Launch) -> Result<()> {
        self.notes.add(launch);
        Ok(())
    }

    fn prepare(&self, launch: &Launch) -> Result<()> {
        Layer::launch(self, launch)
    }
}
