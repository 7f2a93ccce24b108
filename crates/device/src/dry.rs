use crate::{Backend, BoxFuture, Caps, Error, Info, Launch, Machine, Memory, Opaque, Result};
use std::sync::Arc;
use std::time::Duration;

/// A machine that computes nothing and holds nothing: it takes launches as the device does that it is
/// said to be, reads give zeros, and what is allocated is counted and not there. So it tells what a step
/// would need before it is made.
#[derive(Debug)]
pub struct Dry {
    info: Info,
}

impl Dry {
    /// One that is taken for this device.
    pub fn new(info: Info) -> Self {
        Dry { info }
    }

    /// One that is taken for an H200, as far as plans and limits go.
    pub fn hopper() -> Self {
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
        let (name, driver) = ("Hopper, counted only".into(), String::new());
        Dry::new(Info { machine: Machine::Cuda, index: 0, name, driver, caps })
    }
}

impl Backend for Dry {
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

    fn launch(&self, _: &Launch) -> Result<()> {
        Ok(())
    }

    fn prepare(&self, _: &Launch) -> Result<()> {
        Ok(())
    }

    fn synchronize(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    fn time(&self, _: &Launch) -> Result<Duration> {
        Err(Error::Recording { call: "time", when: "on a machine that computes nothing" })
    }

    fn begin_recording(&self) -> Result<()> {
        Ok(())
    }

    fn end_recording(&self) -> Result<Arc<Opaque>> {
        Ok(Arc::new(()))
    }

    fn replay(&self, _: &Arc<Opaque>) -> Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Device, Settings};

    #[test]
    fn more_than_any_memory_is_counted_and_not_there() {
        let caps = Caps { max_buffer: 1 << 50, ..Caps::default() };
        let (name, driver) = ("nothing".into(), String::new());
        let info = Info { machine: Machine::Cuda, index: 0, name, driver, caps };
        let device = Device::new(Box::new(Dry::new(info)), Settings::default());
        let buffers: Vec<_> = (0..8).map(|_| device.alloc(1 << 45).unwrap()).collect();
        assert_eq!(device.stats().bytes, 8 << 45);
        drop(buffers);
        assert_eq!((device.stats().in_use, device.stats().bytes), (0, 8 << 45));
        device.trim();
        assert_eq!(device.stats().bytes, 0);
        let buffer = device.alloc(64).unwrap();
        assert_eq!(pollster::block_on(buffer.read(0, 64)).unwrap(), vec![0; 64]);
    }
}
