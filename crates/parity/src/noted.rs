//! A machine that computes nothing: it says it is an NVIDIA card and notes what it would compile.
//!
//! Which constants a kernel is compiled with is known to the op that launches it, and to nobody
//! else. So on a computer without a card the cases are run all the same, on this, and what they
//! launch is then compiled for cards that are not here.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use strata_ml::device::{
    Backend, BoxFuture, Caps, Device, Error, Info, Kernel, Launch, Machine, Memory, Result,
    Settings,
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
    let device = Device::new(Box::new(Noted { info, notes: notes.clone() }), Settings::default());
    (device, notes)
}

#[derive(Debug)]
struct Noted {
    info: Info,
    notes: Notes,
}

impl Backend for Noted {
    fn info(&self) -> &Info {
        &self.info
    }

    fn allocate(&self, bytes: usize) -> Result<Memory> {
        Ok(Memory::new((), bytes))
    }

    fn write(&self, _: &Memory, _: usize, _: &[u8]) -> Result<()> {
        Ok(())
    }

    fn read<'a>(&'a self, _: &'a Memory, _: usize, bytes: usize) -> BoxFuture<'a, Result<Vec<u8>>> {
        Box::pin(async move { Ok(vec![0; bytes]) })
    }

    fn launch(&self, launch: &Launch) -> Result<()> {
        self.notes.add(launch);
        Ok(())
    }

    fn prepare(&self, launch: &Launch) -> Result<()> {
        self.launch(launch)
    }

    fn synchronize(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    fn time(&self, _: &Launch) -> Result<Duration> {
        Err(Error::Recording { call: "time", when: "on a machine that computes nothing" })
    }
}
