use crate::{Options, attention_weights, forward};
use std::error::Error;
use std::io::Write;
use std::time::Instant;
use strata_device::Device;
use strata_device::random::Stream;
use strata_tensor::{Result, Tensor};

const TEXT: &str = "the cat sat on the mat.";
const DIM: usize = 48;

/// Draws what three heads attend to in a sentence, then shows what the probabilities cost in memory
/// and time when they are stored, and when they are not.
///
/// # Errors
/// The device fails, or `out` does.
pub fn demo(out: &mut dyn Write, device: &Device) -> std::result::Result<(), Box<dyn Error>> {
    heads(out, device)?;
    costs(out, device)
}

/// Three heads made by hand. A trained model finds such heads by itself.
fn heads(out: &mut dyn Write, device: &Device) -> std::result::Result<(), Box<dyn Error>> {
    let letters: Vec<char> = TEXT.chars().collect();
    let n = letters.len();
    // A direction for every letter and one for every position: nearly at right angles to each other.
    let direction = |stream: u32, of: u64| {
        let x = Stream::new(of, stream).normals(DIM);
        let length = x.iter().map(|x| x * x).sum::<f32>().sqrt();
        x.into_iter().map(move |x| x / length)
    };
    let letter = |i: usize| direction(1, letters[i] as u64);
    let position = |i: usize| direction(2, i as u64);
    let (mut q, mut k) = (Vec::new(), Vec::new());
    for i in 0..n {
        q.extend(position(i.max(1) - 1).map(|x| 8.0 * x));
        k.extend(position(i));
    }
    for i in 0..n {
        q.extend(letter(i).map(|x| 6.0 * x));
        k.extend(letter(i));
    }
    for i in 0..n {
        // The score is 0.15 times the key's position: the nearer, the likelier.
        q.extend((0..DIM).map(|d| if d == 0 { 1.0 } else { 0.0 }));
        k.extend((0..DIM).map(|d| if d == 0 { 0.15 * i as f32 } else { 0.0 }));
    }
    let shape = [1, 3, n, DIM];
    let (q, k) = (Tensor::from_slice(device, &q, &shape)?, Tensor::from_slice(device, &k, &shape)?);
    let weights = attention_weights(&q, &k, &Options::causal().scaled(1.0))?.to_vec::<f32>()?;

    writeln!(
        out,
        "Each row is a letter that looks back (down the side) at letters before it (along"
    )?;
    writeln!(out, "the top); the darker, the more of that letter's value it takes.\n")?;
    let titles = ["the letter before", "the same letter", "the more recent"];
    write!(out, "  ")?;
    for title in titles {
        write!(out, "  {title:n$}")?;
    }
    write!(out, "\n  ")?;
    for _ in titles {
        write!(out, "  {TEXT}")?;
    }
    writeln!(out)?;
    for (row, letter) in letters.iter().enumerate() {
        write!(out, "{letter} ")?;
        for head in 0..titles.len() {
            let shades: String = (0..n)
                .map(|key| match key <= row {
                    true => shade(weights[(head * n + row) * n + key]),
                    false => ' ',
                })
                .collect();
            write!(out, "  {shades}")?;
        }
        writeln!(out)?;
    }
    writeln!(out)?;
    Ok(())
}

fn shade(probability: f32) -> char {
    const SHADES: [char; 6] = ['·', '-', '=', '+', '#', '@'];
    // By square root: small probabilities are worth telling apart.
    let step = (probability.clamp(0.0, 1.0).sqrt() * SHADES.len() as f32) as usize;
    SHADES[step.min(SHADES.len() - 1)]
}

fn costs(out: &mut dyn Write, device: &Device) -> std::result::Result<(), Box<dyn Error>> {
    let (heads, dim) = (2, 64);
    writeln!(out, "Forward of {heads} heads of {dim}, causal, on {}\n", device.info().label())?;
    writeln!(out, "  tokens    1_naive                  3_flash1")?;
    let most = if device.info().caps.software { 512 } else { 2048 };
    for rows in [256, 512, 1024, 2048].into_iter().filter(|&rows| rows <= most) {
        write!(out, "  {rows:>6}")?;
        for rung in ["1_naive", "3_flash1"] {
            let forced = device.with_rung("attention", rung);
            let qkv = [1, 2, 3].map(|seed| Tensor::randn(&forced, &[1, heads, rows, dim], seed));
            let [q, k, v] = qkv;
            let (bytes, seconds) = measure(device, &q?, &k?, &v?)?;
            let megabytes = bytes as f64 / 1e6;
            write!(out, "    {megabytes:>7.2} MB {:>8.2} ms", seconds * 1e3)?;
        }
        writeln!(out)?;
    }
    writeln!(
        out,
        "\nTwice the tokens, four times the probabilities: that is the left column. The right"
    )?;
    writeln!(
        out,
        "one holds the output and one number a row; probabilities live in a tile and die there."
    )?;
    Ok(())
}

/// Memory that one forward takes beyond its inputs, and the shortest of three runs.
fn measure(device: &Device, q: &Tensor, k: &Tensor, v: &Tensor) -> Result<(u64, f64)> {
    device.trim();
    let before = device.stats().bytes;
    forward(q, k, v, &Options::causal())?;
    device.synchronize()?;
    let bytes = device.stats().bytes - before;
    let mut best = f64::INFINITY;
    for _ in 0..3 {
        let start = Instant::now();
        forward(q, k, v, &Options::causal())?;
        device.synchronize()?;
        best = best.min(start.elapsed().as_secs_f64());
    }
    Ok((bytes, best))
}
