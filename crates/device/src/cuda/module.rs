//! Machine code on the card.
use super::context::Context;
use crate::Result;
use cudarc::driver::sys;
use std::sync::Arc;

/// An image on the card.
pub(super) struct Module {
    pub(super) raw: sys::CUmodule,
    pub(super) context: Arc<Context>,
}

// SAFETY: as for `Context`: the handle is the driver's, for any thread to use.
unsafe impl Send for Module {}
// SAFETY: as above; nothing about a module changes once it is loaded.
unsafe impl Sync for Module {}

impl Module {
    /// Loads machine code (an ELF file) or PTX.
    pub(super) fn load(context: &Arc<Context>, image: &[u8]) -> Result<Self> {
        context.bind()?;
        // PTX is text and ends in NUL; machine code knows its own length and does not mind.
        let mut image = image.to_vec();
        image.push(0);
        let mut raw = std::ptr::null_mut();
        // SAFETY: the context is bound; the image outlives the call, which copies it. It is NVRTC's,
        // straight from there or from the cache, whose digest says that not a bit of it has changed;
        // and a NUL ends it.
        let answer = unsafe { (context.calls.cuModuleLoadData)(&mut raw, image.as_ptr().cast()) };
        context.check(answer, "cuModuleLoadData")?;
        Ok(Module { raw, context: context.clone() })
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        // Launches may still run its code.
        if self.context.wait().is_ok() {
            // SAFETY: loaded in `load`, unloaded once; its functions hold on to it, and so does every
            // recording that runs one.
            unsafe { (self.context.calls.cuModuleUnload)(self.raw) };
        }
    }
}
