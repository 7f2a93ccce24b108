//! A machine that computes nothing: it says it is an NVIDIA card and notes what it would compile.
//!
//! Which constants a kernel is compiled with is known to the op that launches it, and to nobody
//! else. So on a computer without a card the cases are run all the same, on this, and what they
//! launch is then compiled for cards that are not here.

use std::sync::{Arc, Mutex, PoisonError};
use strata_ml::device::{Backend, Device, Dry, Kernel, Launch, Layer, Result, Settings};

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
    let notes = Notes::default();
    let noted = Noted { nothing: Dry::hopper(), notes: notes.clone() };
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
