use crate::device::Device;
use std::error::Error;
use std::io::Write;

/// What a demo is: it prints something worth seeing in less than ten seconds.
type Run = fn(&mut dyn Write, &Device) -> Result<(), Box<dyn Error>>;

/// One chapter's demo.
#[derive(Clone, Copy, Debug)]
pub struct Demo {
    /// The chapter: 1 to 10.
    pub number: u32,
    /// The chapter's name.
    pub name: &'static str,
    /// What there is to see.
    pub about: &'static str,
    /// Runs it on a device.
    pub run: Run,
}

/// The chapters' demos, in order.
pub fn demos() -> Vec<Demo> {
    let demo = |number, name, about, run| Demo { number, name, about, run };
    vec![demo(
        4,
        "gelu",
        "GELU and its slope, and where a kernel lies under the roofline",
        crate::gelu::demo as Run,
    )]
}
