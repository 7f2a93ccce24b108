use crate::{Init, Module, ParamBuilder, Parameter, Var, no_grad};
use std::error::Error;
use std::io::Write;
use strata_device::{Device, random::Stream};
use strata_tensor::{Result, Tensor, ops};

/// `y = tanh?(x · W + b)` by broadcasting: chapter 3 has the real one.
struct Layer {
    weight: Parameter,
    bias: Parameter,
    bend: bool,
}

impl Layer {
    fn new(b: &ParamBuilder, from: usize, to: usize, bend: bool) -> Self {
        let bound = (6.0 / (from + to) as f32).sqrt();
        Layer {
            weight: b.param("weight", &[1, from, to], Init::Uniform(bound), true),
            bias: b.param("bias", &[to], Init::Zeros, false),
            bend,
        }
    }
}

impl Module for Layer {
    fn forward(&self, x: &Var) -> Result<Var> {
        let column = x.reshape(&[x.shape()[0], x.shape()[1], 1])?;
        let y = column.mul(self.weight.var()?)?.sum(&[1], false)?.add(self.bias.var()?)?;
        if self.bend { y.tanh() } else { Ok(y) }
    }
}

/// Two arms of a spiral, `n` points each, and which arm each point is on (-1 or 1).
fn spiral(n: usize) -> (Vec<f32>, Vec<f32>) {
    let mut noise = Stream::new(5, 0);
    let (mut points, mut arms) = (Vec::new(), Vec::new());
    for i in 0..2 * n {
        let arm = if i % 2 == 0 { 1.0 } else { -1.0 };
        let t = (i / 2) as f32 / n as f32;
        let angle = 3.6 * t + if arm > 0.0 { 0.0 } else { std::f32::consts::PI };
        let r = 0.15 + 0.85 * t;
        points.push(r * angle.cos() + 0.03 * (noise.uniform() - 0.5));
        points.push(r * angle.sin() + 0.03 * (noise.uniform() - 0.5));
        arms.push(arm);
    }
    (points, arms)
}

/// A network of two hidden layers learns a spiral, drawn as it goes; then its first layer's tape.
///
/// # Errors
/// The device fails, or nothing can be written to `out`.
pub fn demo(out: &mut dyn Write, device: &Device) -> Result<(), Box<dyn Error>> {
    let builder = ParamBuilder::new();
    let net = vec![
        Layer::new(&builder.at("0"), 2, 16, true),
        Layer::new(&builder.at("1"), 16, 16, true),
        Layer::new(&builder.at("2"), 16, 1, false),
    ];
    let params = builder.build(device, 3)?;
    let (points, arms) = spiral(60);
    let x = Var::constant(Tensor::from_slice(device, &points, &[arms.len(), 2])?);
    let y = Var::constant(Tensor::from_slice(device, &arms, &[arms.len(), 1])?);
    let velocity = params.arena_like()?;
    writeln!(out, "A network of {} parameters learns which arm a point is on.\n", params.count())?;
    let steps = 1200;
    for step in 0..=steps {
        // region: step
        params.zero_grad()?;
        let loss = net.forward(&x)?.sub(&y)?.square()?.mean_all()?;
        if step % 400 == 0 {
            let value: f32 = loss.value().item()?;
            writeln!(out, "step {step:4}   mean squared error {value:.4}")?;
        }
        loss.backward()?;
        // Momentum by hand: v = 0.95 v + g, then a step against v. Chapter 8 does better.
        let next = velocity.affine(0.95, 0.0)?.add(&params.grads()?)?;
        ops::copy_into(&next, &velocity)?;
        ops::accumulate(&params.values()?, &velocity, -0.02)?;
        // end: step
    }
    writeln!(out, "\n{}", picture(device, &net, &points, &arms)?)?;
    let loss = net.forward(&x)?.sub(&y)?.square()?.mean_all()?;
    writeln!(out, "The tape behind one loss, from the leaves on:")?;
    for (i, node) in loss.graph().nodes.iter().enumerate() {
        writeln!(out, "  {i:2}  {:<12} {:?}", node.label(), node.shape)?;
    }
    Ok(())
}

/// What the network thinks of every place, and the points it learned from.
fn picture(device: &Device, net: &Vec<Layer>, points: &[f32], arms: &[f32]) -> Result<String> {
    const W: usize = 60;
    const H: usize = 26;
    let place = |i: usize, n: usize| 2.4 * (i as f32 + 0.5) / n as f32 - 1.2;
    let grid: Vec<f32> = (0..W * H).flat_map(|i| [place(i % W, W), -place(i / W, H)]).collect();
    let x = Var::constant(Tensor::from_slice(device, &grid, &[W * H, 2])?);
    let says: Vec<f32> = no_grad(|| net.forward(&x))?.value().to_vec()?;
    let mut cells: Vec<char> = says.iter().map(|&v| if v > 0.0 { '·' } else { ' ' }).collect();
    for (p, &arm) in points.chunks_exact(2).zip(arms) {
        let column = ((p[0] + 1.2) / 2.4 * W as f32) as usize;
        let row = ((1.2 - p[1]) / 2.4 * H as f32) as usize;
        cells[row.min(H - 1) * W + column.min(W - 1)] = if arm > 0.0 { 'o' } else { 'x' };
    }
    let lines: Vec<String> = cells.chunks(W).map(|row| row.iter().collect()).collect();
    Ok(lines.join("\n"))
}
