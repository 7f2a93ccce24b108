//! `strata inspect`: the contents of a checkpoint, the graph of a model, the ladders of kernels.

use crate::args::DeviceArgs;
use crate::failure::{Failure, Outcome};
use crate::ui::{self, say};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use strata_files::current;
use strata_ml::autograd::Graph;
use strata_ml::device::{LadderInfo, RungInfo, StepState};
use strata_ml::tensor::Tensor;
use strata_ml::transformer::checkpoint::{
    NamedTensor, TrainerFile, read_config, read_tensors, read_weights,
};
use strata_ml::transformer::{Gpt, GptConfig, Pass};

const EXAMPLES: &str = "\
Examples:
  cargo strata inspect runs/gpt-12m-stories              every tensor with its norm
  cargo strata inspect runs/gpt-12m-stories --format json
  cargo strata inspect --graph                           the tape of one forward pass
  cargo strata inspect --graph --preset gpt-1m --format svg > graph.svg
  cargo strata inspect --graph --format dot | dot -Tpdf > graph.pdf
  cargo strata inspect --ladders                         every op, its rungs, and where they run";

/// How to print it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For reading
    Text,
    /// For programs
    Json,
    /// For Graphviz (graphs only)
    Dot,
    /// A drawing (graphs only)
    Svg,
}

/// Look inside a checkpoint, a model's graph, or the ladders of kernels.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct InspectArgs {
    /// A checkpoint folder, or one .safetensors file
    #[arg(value_name = "CHECKPOINT", required_unless_present_any = ["graph", "ladders"])]
    checkpoint: Option<PathBuf>,
    /// Run a forward pass on a few tokens and show its tape: every op, its shape, its inputs
    #[arg(long, conflicts_with_all = ["checkpoint", "ladders"])]
    graph: bool,
    /// Show every op's ladder: its rungs, how exactly they multiply, the machines they stand on, and
    /// what they need there
    #[arg(long, conflicts_with = "checkpoint")]
    ladders: bool,
    /// The model whose graph is shown
    #[arg(long, value_name = "NAME", default_value = "gpt-nano", value_parser = GptConfig::PRESETS)]
    preset: String,
    /// How to print it
    #[arg(long, value_enum, default_value = "text", value_name = "FORMAT")]
    format: Format,
    #[command(flatten)]
    device: DeviceArgs,
}

pub fn run(args: &InspectArgs) -> Outcome {
    match (&args.checkpoint, args.graph) {
        (Some(path), _) => checkpoint(path, args.format)?,
        (None, true) => graph(args)?,
        (None, false) => ladders(args.format)?,
    }
    Ok(0)
}

fn drawn_only(what: &str) -> Failure {
    Failure::new(format!("{what} can be printed as text or json; dot and svg are for --graph"))
}

fn checkpoint(path: &Path, format: Format) -> Outcome<()> {
    let tensors = if path.is_dir() { read_weights(path)? } else { read_tensors(path)? };
    let (config, trainer) = match path.is_dir() {
        true => {
            (Some(read_config(&current(path, "config.json"))?), TrainerFile::read_if_there(path)?)
        }
        false => (None, None),
    };
    if trainer.is_some() {
        TrainerFile::verify(path)?;
    }
    match format {
        Format::Json => {
            let rows: Vec<Value> = tensors.values().map(row).collect();
            ui::json(&json!({"config": config, "trainer": trainer, "tensors": rows}))?;
        }
        Format::Text => {
            if let Some(config) = &config {
                let GptConfig { vocab_size, n_positions, n_embd, n_layer, n_head, .. } = config;
                let parameters = ui::count(config.parameters());
                say!(
                    "{parameters} parameters: {n_layer} layers, {n_head} heads, width {n_embd}, context {n_positions}, vocabulary {vocab_size}"
                )?;
            }
            if let Some(trainer) = &trainer {
                let (state, steps) = (&trainer.state, ui::count(trainer.state.step));
                let held_out =
                    state.validation.map_or(String::new(), |v| format!(", held-out loss {v:.4}"));
                say!(
                    "{steps} steps on {}: {} tokens{held_out}",
                    ui::name(&trainer.data),
                    ui::count(state.tokens)
                )?;
            }
            let head = ui::HEAD;
            say!(
                "{head}{:36} {:>14} {:>11} {:>11} {:>11}{head:#}",
                "tensor",
                "shape",
                "norm",
                "min",
                "max"
            )?;
            for tensor in tensors.values() {
                let (norm, min, max) = figures(tensor);
                let shape =
                    tensor.shape.iter().map(ToString::to_string).collect::<Vec<_>>().join("×");
                let (name, shape) = (ui::name(&tensor.name), ui::name(&shape));
                say!("{name:36} {shape:>14} {norm:>11.4} {min:>11.4} {max:>11.4}")?;
            }
        }
        _ => return Err(drawn_only("a checkpoint")),
    }
    Ok(())
}

/// Euclidean norm, least and greatest element. A NaN makes all three NaN: it must not hide.
fn figures(tensor: &NamedTensor) -> (f64, f32, f32) {
    let norm = tensor.data.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
    if norm.is_nan() {
        return (f64::NAN, f32::NAN, f32::NAN);
    }
    let fold = |f: fn(f32, f32) -> f32| tensor.data.iter().copied().reduce(f).unwrap_or(0.0);
    (norm, fold(f32::min), fold(f32::max))
}

fn row(tensor: &NamedTensor) -> Value {
    let (norm, min, max) = figures(tensor);
    json!({"name": tensor.name, "shape": tensor.shape, "norm": norm, "min": min, "max": max})
}

fn graph(args: &InspectArgs) -> Outcome<()> {
    let device = args.device.open()?;
    let model = Gpt::new(&GptConfig::preset(&args.preset)?, &device, 0)?;
    let state = device.step_state(StepState::default())?;
    let ids = Tensor::from_slice(&device, &[0u32, 1, 2, 3, 4, 5, 6, 7], &[1, 8])?;
    let loss = model.loss(&ids, &ids, Pass { state: &state, dropout: 0.0 })?;
    let graph = loss.graph();
    match args.format {
        Format::Text => listing(&graph)?,
        Format::Json => say!("{}", graph.json())?,
        Format::Dot => say!("{}", graph.dot().trim_end())?,
        Format::Svg => say!("{}", graph.svg().trim_end())?,
    }
    Ok(())
}

fn listing(graph: &Graph) -> Outcome<()> {
    let number = |id: u64| graph.nodes.iter().position(|node| node.id == id).unwrap_or(0);
    let head = ui::HEAD;
    say!("{head}{:>5}  {:40} {:16} from{head:#}", "", "op or parameter", "shape")?;
    for (i, node) in graph.nodes.iter().enumerate() {
        let from: Vec<_> = node.inputs.iter().map(|&id| number(id).to_string()).collect();
        let shape = format!("{:?}", node.shape);
        let line = format!("{i:>5}  {:40} {shape:16} {}", node.label(), from.join(" "));
        say!("{}", line.trim_end())?;
    }
    Ok(())
}

fn ladders(format: Format) -> Outcome<()> {
    let ladders = strata_ml::ladders();
    let machines =
        |rung: &RungInfo| -> Vec<&'static str> { rung.machines.iter().map(|m| m.name()).collect() };
    let precisions =
        |r: &RungInfo| -> Vec<&'static str> { r.precisions().iter().map(|p| p.name()).collect() };
    match format {
        Format::Json => {
            let row = |r: &RungInfo| {
                json!({
                    "name": r.name,
                    "machines": machines(r),
                    "precision": r.precision.name(),
                    "precisions": precisions(r),
                    "needs": Some(r.needs.to_string()).filter(|needs| !needs.is_empty()),
                })
            };
            let rungs = |l: &LadderInfo| l.rungs.iter().map(row).collect::<Vec<Value>>();
            let rows = ladders.iter().map(|l| json!({"op": l.op, "rungs": rungs(l)}));
            ui::json(&rows.collect())?;
        }
        Format::Text => {
            for ladder in &ladders {
                say!("{}{}{:#}", ui::HEAD, ladder.op, ui::HEAD)?;
                for rung in &ladder.rungs {
                    let (machines, needs) = (machines(rung).join(" "), rung.needs.to_string());
                    let (name, serves) = (rung.name, precisions(rung).join(" "));
                    let line = format!("  {name:20} {serves:14} {machines:13} {needs}");
                    say!("{}", line.trim_end())?;
                }
            }
            say!(
                "bf16 stands on cpu and cuda, f16 as a stored dtype too; WGSL's kernels take f32 alone"
            )?;
        }
        _ => return Err(drawn_only("ladders")),
    }
    Ok(())
}
