use crate::{AdamW, AdamWConfig, Schedule, Sgd, SgdConfig};
use std::error::Error;
use std::io::Write;
use strata_autograd::{Init, ParamBuilder, Parameters};
use strata_device::{Device, StepState};
use strata_tensor::{Result, Tensor};

type Outcome = std::result::Result<(), Box<dyn Error>>;

const START: [f32; 2] = [-9.0, 1.0];
const STEPS: u32 = 80;

/// Three optimizers walk down one ravine, and three schedules are drawn.
///
/// # Errors
/// The device fails, or `out` does.
pub fn demo(out: &mut dyn Write, device: &Device) -> Outcome {
    writeln!(out, "A ravine, f(x, y) = x²/100 + y²: a hundred times as steep across as along.")?;
    writeln!(out, "{STEPS} steps from ({}, {}) to the bottom at *:\n", START[0], START[1])?;
    let plain = SgdConfig::default();
    let heavy = SgdConfig { momentum: 0.9, ..plain };
    // Betas with a short memory: eighty steps are no long run.
    let adamw = AdamWConfig { betas: (0.8, 0.9), weight_decay: 0.0, ..AdamWConfig::default() };
    let words = "bounces between the walls, creeps along the floor";
    draw(out, "SGD, lr 0.9", words, &walk(device, 0.9, |p| plain_step(p, plain))?)?;
    let words = "the walls' pushes cancel, the floor's add up: overshoots, then settles";
    draw(out, "momentum 0.9, lr 0.2", words, &walk(device, 0.2, |p| plain_step(p, heavy))?)?;
    let words = "each coordinate in its own unit: nearly straight, whatever the slopes";
    let path = walk(device, 0.3, |p| {
        let optimizer = AdamW::new(p, adamw)?;
        Ok(move |state: &_| optimizer.step(state))
    })?;
    draw(out, "AdamW, lr 0.3", words, &path)?;
    schedules(out)
}

type Step = strata_device::Buffer;

fn plain_step(p: &Parameters, config: SgdConfig) -> Result<impl Fn(&Step) -> Result<()> + use<>> {
    let optimizer = Sgd::new(p, config)?;
    Ok(move |state: &Step| optimizer.step(state))
}

/// The points that an optimizer visits; every step is the real thing, on the device.
fn walk<F: Fn(&Step) -> Result<()>>(
    device: &Device,
    lr: f32,
    optimizer: impl Fn(&Parameters) -> Result<F>,
) -> Result<Vec<[f32; 2]>> {
    let builder = ParamBuilder::new();
    let point = builder.param("point", &[2], Init::Zeros, false);
    let parameters = builder.build(device, 0)?;
    let point = point.var()?;
    point.value().write(&START)?;
    let steepness = Tensor::from_slice(device, &[0.01f32, 1.0], &[2])?;
    let steepness = strata_autograd::Var::constant(steepness);
    let step = optimizer(&parameters)?;
    let state = device.step_state(StepState::default())?;
    let mut path = vec![START];
    for number in 1..=STEPS {
        let now = StepState { step: number, lr, ..StepState::default() };
        state.write(0, bytemuck::bytes_of(&now))?;
        parameters.zero_grad()?;
        point.square()?.mul(&steepness)?.sum_all()?.backward()?;
        step(&state)?;
        let at = point.value().to_vec::<f32>()?;
        path.push([at[0], at[1]]);
    }
    Ok(path)
}

fn draw(out: &mut dyn Write, name: &str, words: &str, path: &[[f32; 2]]) -> Outcome {
    const WIDTH: usize = 72;
    const HEIGHT: usize = 11;
    let cell = |[x, y]: [f32; 2]| {
        let column = ((x + 10.0) / 14.0 * WIDTH as f32) as usize;
        let row = ((1.3 - y) / 2.6 * HEIGHT as f32) as usize;
        (row.min(HEIGHT - 1), column.min(WIDTH - 1))
    };
    let mut canvas = vec![vec![' '; WIDTH]; HEIGHT];
    for (row, line) in canvas.iter_mut().enumerate() {
        for (column, c) in line.iter_mut().enumerate() {
            let x = (column as f32 + 0.5) / WIDTH as f32 * 14.0 - 10.0;
            let y = 1.3 - (row as f32 + 0.5) / HEIGHT as f32 * 2.6;
            // A line of equal height: where this cell and its neighbour lie on two levels.
            let level = |x: f32, y: f32| ((x * x / 100.0 + y * y) * 2.0).sqrt().floor();
            if level(x, y) != level(x + 14.0 / WIDTH as f32, y) {
                *c = '·';
            }
        }
    }
    for pair in path.windows(2) {
        for i in 0..=16 {
            let t = i as f32 / 16.0;
            let (row, column) = cell([0, 1].map(|d| pair[0][d] + t * (pair[1][d] - pair[0][d])));
            canvas[row][column] = '-';
        }
    }
    for &point in path {
        let (row, column) = cell(point);
        canvas[row][column] = 'o';
    }
    let (row, column) = cell([0.0, 0.0]);
    canvas[row][column] = '*';
    let end = path[path.len() - 1];
    let height = end[0] * end[0] / 100.0 + end[1] * end[1];
    writeln!(out, "{name}: {words}")?;
    for line in canvas {
        writeln!(out, "  |{}", line.into_iter().collect::<String>().trim_end())?;
    }
    writeln!(out, "  f after {STEPS} steps: {height:.1e}\n")?;
    Ok(())
}

fn schedules(out: &mut dyn Write) -> Outcome {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    const TOTAL: u64 = 1000;
    writeln!(out, "Learning rate over a run of {TOTAL} steps, warm-up first:")?;
    let (peak, floor, warmup) = (1.0, 0.1, 100);
    for schedule in [
        Schedule::Constant { peak, warmup },
        Schedule::Cosine { peak, floor, warmup },
        Schedule::Wsd { peak, floor: 0.0, warmup, decay: 200 },
    ] {
        write!(out, "  {:>8}  ", schedule.name())?;
        for column in 0..60 {
            let lr = schedule.lr(column * TOTAL / 60, TOTAL)?;
            write!(out, "{}", BARS[((lr * 8.0) as usize).min(7)])?;
        }
        writeln!(out)?;
    }
    Ok(())
}
