use crate::{
    Backend, BoxFuture, Error, Info, Launch, MaybeSend, MaybeSync, Memory, Opaque, Result,
};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A machine around a machine: a profiler, a guard, a meter. It writes what it does otherwise; all the
/// rest the inner one does. Whatever is a layer is a [`Backend`].
pub trait Layer: fmt::Debug + MaybeSend + MaybeSync {
    /// The machine within.
    fn inner(&self) -> &dyn Backend;

    /// Why nothing can be recorded, if so: `under a profile: launches are timed one by one`.
    fn unrecorded(&self) -> Option<&'static str> {
        None
    }

    /// As [`Backend::info`].
    fn info(&self) -> &Info {
        self.inner().info()
    }

    /// As [`Backend::allocate`].
    fn allocate(&self, bytes: usize) -> Result<Memory> {
        self.inner().allocate(bytes)
    }

    /// As [`Backend::left`].
    fn left(&self) -> Option<u64> {
        self.inner().left()
    }

    /// As [`Backend::write`].
    fn write(&self, memory: &Memory, offset: usize, data: &[u8]) -> Result<()> {
        self.inner().write(memory, offset, data)
    }

    /// As [`Backend::read`].
    fn read<'a>(
        &'a self,
        memory: &'a Memory,
        offset: usize,
        bytes: usize,
    ) -> BoxFuture<'a, Result<Vec<u8>>> {
        self.inner().read(memory, offset, bytes)
    }

    /// As [`Backend::launch`].
    fn launch(&self, launch: &Launch) -> Result<()> {
        self.inner().launch(launch)
    }

    /// As [`Backend::prepare`].
    fn prepare(&self, launch: &Launch) -> Result<()> {
        self.inner().prepare(launch)
    }

    /// As [`Backend::synchronize`].
    fn synchronize(&self) -> BoxFuture<'_, Result<()>> {
        self.inner().synchronize()
    }

    /// As [`Backend::time`].
    fn time(&self, launch: &Launch) -> Result<Duration> {
        self.inner().time(launch)
    }
}

/// What records: the inner machine, unless the layer says that nothing can be.
fn recorder<L: Layer>(layer: &L) -> Result<&dyn Backend> {
    match layer.unrecorded() {
        Some(when) => Err(Error::Recording { call: "record", when }),
        None => Ok(layer.inner()),
    }
}

impl<L: Layer> Backend for L {
    fn info(&self) -> &Info {
        Layer::info(self)
    }

    fn allocate(&self, bytes: usize) -> Result<Memory> {
        Layer::allocate(self, bytes)
    }

    fn left(&self) -> Option<u64> {
        Layer::left(self)
    }

    fn write(&self, memory: &Memory, offset: usize, data: &[u8]) -> Result<()> {
        Layer::write(self, memory, offset, data)
    }

    fn read<'a>(
        &'a self,
        memory: &'a Memory,
        offset: usize,
        bytes: usize,
    ) -> BoxFuture<'a, Result<Vec<u8>>> {
        Layer::read(self, memory, offset, bytes)
    }

    fn launch(&self, launch: &Launch) -> Result<()> {
        Layer::launch(self, launch)
    }

    fn prepare(&self, launch: &Launch) -> Result<()> {
        Layer::prepare(self, launch)
    }

    fn flush(&self) -> Result<()> {
        self.inner().flush()
    }

    fn synchronize(&self) -> BoxFuture<'_, Result<()>> {
        Layer::synchronize(self)
    }

    fn time(&self, launch: &Launch) -> Result<Duration> {
        Layer::time(self, launch)
    }

    fn gains_by_recording(&self) -> bool {
        recorder(self).is_ok_and(|inner| inner.gains_by_recording())
    }

    fn begin_recording(&self) -> Result<()> {
        recorder(self)?.begin_recording()
    }

    fn end_recording(&self) -> Result<Arc<Opaque>> {
        recorder(self)?.end_recording()
    }

    fn replay(&self, recording: &Arc<Opaque>) -> Result<()> {
        recorder(self)?.replay(recording)
    }
}
