//! A device with little memory and little patience: an allocation beyond its room is refused, and a
//! launch that would take long is believed to have been made. So shapes of billions of elements can be
//! tried in a moment. It says it is any machine; what is planned for a GPU is checked and goes no
//! further.
use strata_ml::device::cpu::Cpu;
use strata_ml::device::{
    Backend, Device, Error, Info, Launch, Layer, Machine, Memory, Result, Settings,
};

/// Bytes that one buffer may have.
const ROOM: usize = 8 << 20;
/// Operations and bytes of a launch that is made; what is more is believed.
const WORK: f64 = 2e6;

#[derive(Debug)]
struct Small(Cpu, Info);

/// A device of its own.
pub fn small(machine: Machine) -> Device {
    let cpu = Cpu::new();
    let mut info = Info { machine, ..cpu.info().clone() };
    if machine != Machine::Cpu {
        // The least that WebGPU promises.
        info.caps.max_workgroup = 256;
        info.caps.max_grid = [65_535; 3];
        info.caps.max_binding = 128 << 20;
    }
    Device::new(Box::new(Small(cpu, info)), Settings::default())
}

impl Small {
    fn short(&self, launch: &Launch) -> bool {
        self.1.machine == Machine::Cpu && launch.cost.flops <= WORK && launch.cost.bytes <= WORK
    }
}

impl Layer for Small {
    fn inner(&self) -> &dyn Backend {
        &self.0
    }

    fn info(&self) -> &Info {
        &self.1
    }

    fn allocate(&self, bytes: usize) -> Result<Memory> {
        match bytes <= ROOM {
            true => self.0.allocate(bytes),
            false => Err(Error::OutOfMemory { device: "small".into(), bytes, held: 0 }),
        }
    }

    fn launch(&self, launch: &Launch) -> Result<()> {
        if self.short(launch) { self.0.launch(launch) } else { Ok(()) }
    }
}
