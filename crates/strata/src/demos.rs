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
    vec![
        demo(1, "tensor", "one buffer seen in many shapes", crate::tensor::demo as Run),
        demo(2, "autograd", "a network learns a spiral", crate::autograd::demo),
        demo(3, "matmul", "one product, rung by rung", crate::matmul::demo),
        demo(4, "gelu", "GELU, its slope, and the roofline", crate::gelu::demo),
        demo(5, "layernorm", "rows made alike, whatever their size", crate::layernorm::demo),
        demo(6, "loss", "scores, probabilities, and the price of being wrong", crate::loss::demo),
        demo(7, "attention", "who looks at whom, and what it costs", crate::attention::demo),
        demo(8, "adamw", "three ways down a ravine", crate::adamw::demo),
        demo(9, "data", "stories, and the tokens they are cut into", |out, _| {
            Ok(crate::data::demo(out)?)
        }),
        demo(10, "transformer", "a small GPT learns in six seconds", crate::transformer::demo),
    ]
}
