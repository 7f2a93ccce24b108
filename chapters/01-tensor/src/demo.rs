use crate::{Layout, Tensor, ops};
use std::error::Error;
use std::io::Write;
use std::time::Instant;
use strata_device::Device;

/// Draws what views are: for each, the memory cell that every element reads, and how often every
/// cell is read. Ends with the first measurement of the book, a vector add against a copy.
///
/// # Errors
/// The device fails, or `out` does.
pub fn demo(out: &mut dyn Write, device: &Device) -> Result<(), Box<dyn Error>> {
    writeln!(out, "A tensor is a buffer and three small things: shape, strides, offset.")?;
    writeln!(out, "Element (i, j) lies in cell offset + i * strides[0] + j * strides[1].\n")?;
    let x = Tensor::arange(device, 12)?.reshape(&[3, 4])?;
    draw(out, "x = arange(12).reshape([3, 4])", &x)?;
    draw(out, "x.t(): the strides change places, no number moves", &x.t()?)?;
    draw(out, "x.narrow(1, 1, 2): the same strides, another offset", &x.narrow(1, 1, 2)?)?;
    draw(out, "x.slice_step(1, 0, 4, 2): twice the stride", &x.slice_step(1, 0, 4, 2)?)?;
    let row = x.narrow(0, 1, 1)?.broadcast_to(&[3, 4])?;
    draw(out, "x.narrow(0, 1, 1).broadcast_to([3, 4]): a stride of 0 repeats", &row)?;
    let flat = x.t()?.reshape(&[12])?;
    draw(out, "x.t().reshape([12]): no strides say this, so it is a copy", &flat)?;

    let sum = x.add(&row)?;
    writeln!(out, "x + that row, each element the sum of two cells' values:")?;
    grid(out, sum.shape(), &sum.to_vec::<f32>()?)?;

    writeln!(out, "\nAnd at work, on {}:", device.info().label())?;
    let n = 4 << 20;
    let (a, b) = (Tensor::randn(device, &[n], 1)?, Tensor::randn(device, &[n], 2)?);
    let turned = a.reshape(&[2048, 2048])?.t()?;
    let copy = seconds(device, || ops::copy(&a))?;
    let ceiling = 8.0 * n as f64 / copy;
    let mut line = |name: &str, bytes: usize, time: f64| {
        let rate = (bytes * n) as f64 / time;
        let (ms, share) = (time * 1e3, 100.0 * rate / ceiling);
        writeln!(out, "  {name:<34} {ms:>8.3} ms {:>8.1} GB/s {share:>5.0} % of a copy", rate / 1e9)
    };
    line("copy of 4 Mi numbers", 8, copy)?;
    line("vector add", 12, seconds(device, || a.add(&b))?)?;
    line("copy of a transposed matrix", 8, seconds(device, || ops::copy(&turned))?)?;
    line("sum", 4, seconds(device, || a.sum_all())?)?;
    Ok(())
}

/// One view: its numbers, the cell of every element, and the memory with what reads it.
fn draw(out: &mut dyn Write, title: &str, view: &Tensor) -> Result<(), Box<dyn Error>> {
    let (shape, strides, offset) = (view.shape(), view.strides(), view.offset());
    writeln!(out, "{title}")?;
    writeln!(out, "  shape {shape:?}, strides {strides:?}, offset {offset}")?;
    let cells = cells(view.layout());
    grid(out, shape, &cells)?;
    let mut reads = vec![0; view.buffer().bytes() / view.dtype().size()];
    cells.iter().for_each(|&c| reads[c] += 1);
    let strip = |f: &dyn Fn(usize) -> String| (0..reads.len()).map(f).collect::<String>();
    writeln!(out, "  cell  {}", strip(&|c| format!("{c:>3}")))?;
    let mark = |c: usize| match reads[c] {
        0 => "  .".into(),
        n => format!("{n:>3}"),
    };
    writeln!(out, "  reads {}\n", strip(&mark))?;
    Ok(())
}

/// The cell of every element in row-major order: an odometer over the indices.
fn cells(layout: &Layout) -> Vec<usize> {
    let mut index = vec![0; layout.shape.len()];
    let mut list = Vec::with_capacity(layout.numel());
    for _ in 0..layout.numel() {
        let steps = index.iter().zip(&layout.strides).map(|(i, s)| i * s);
        list.push(layout.offset + steps.sum::<usize>());
        for d in (0..index.len()).rev() {
            index[d] += 1;
            if index[d] < layout.shape[d] {
                break;
            }
            index[d] = 0;
        }
    }
    list
}

fn grid<T: std::fmt::Display>(
    out: &mut dyn Write,
    shape: &[usize],
    values: &[T],
) -> std::io::Result<()> {
    let width = shape.last().copied().unwrap_or(1).max(1);
    for row in values.chunks(width) {
        let line: String = row.iter().map(|v| format!("{v:>4}")).collect();
        writeln!(out, "      [{line} ]")?;
    }
    Ok(())
}

/// The median of a few runs, after one that warms up.
fn seconds(device: &Device, op: impl Fn() -> crate::Result<Tensor>) -> Result<f64, Box<dyn Error>> {
    let mut times = Vec::new();
    for _ in 0..8 {
        device.synchronize()?;
        let start = Instant::now();
        let _result = op()?;
        device.synchronize()?;
        times.push(start.elapsed().as_secs_f64());
    }
    times.remove(0);
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}
