//! A tape, held in place to be looked at.
use crate::failure::{Failure, Outcome};
use crate::guard::guard;
use crate::job::{Job, job};
use crate::table::{get, put, put_tensor};
use napi::bindgen_prelude::AsyncTask;
use napi_derive::napi;
use serde_json::{Map, Value, json};
use strata_ml::autograd::{self, GraphNode};
use strata_ml::device::trace::Traced;
use strata_ml::device::{Access, Binding, DType, Declared, Field, Kernel, Launch};

/// The tape behind a tensor.
#[napi]
pub struct NativeGraph {
    graph: autograd::Graph,
}

/// The tape behind a tensor; its nodes keep their gradients from now on.
#[napi]
pub fn graph(a: u32) -> napi::Result<NativeGraph> {
    guard(|| {
        let graph = get(a)?.graph();
        for node in &graph.nodes {
            node.var.retain_grad();
        }
        Ok(NativeGraph { graph })
    })
}

/// A kernel's texts, in every language it has.
pub(crate) fn sources(kernel: &Kernel) -> Value {
    let rust = kernel.rust.as_ref().map(|text| {
        json!({
            "name": text.name,
            "file": text.path(),
            "source": text.function().unwrap_or(text.text),
        })
    });
    json!({
        "path": kernel.path,
        "entry": kernel.entry,
        "cuda": kernel.cuda.map(|t| t.text),
        "wgsl": kernel.wgsl.map(|t| t.text),
        "rust": rust,
    })
}

/// The params by name, each with its numbers.
fn fields(launch: &Launch) -> Vec<Value> {
    let mut words = launch.params.iter();
    let number = |dtype: DType, word: u32| match dtype {
        DType::F32 => json!(f32::from_bits(word)),
        _ => json!(word),
    };
    let field = |field: &Field| {
        let numbers = words.by_ref().take(field.words).map(|&word| number(field.dtype, word));
        let numbers: Vec<Value> = numbers.collect();
        json!({ "name": field.name, "type": field.dtype.name(), "values": numbers })
    };
    launch.kernel.signature.params.iter().map(field).collect()
}

fn kernel(traced: &Traced) -> Value {
    let launch = traced.launch();
    let kernel = launch.kernel;
    let (op, rung) = kernel.path.split_once('/').unwrap_or((kernel.path, ""));
    let constants: Map<String, Value> =
        launch.constants.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let bindings = launch.bindings.iter().zip(kernel.signature.bindings);
    let binding = |(bound, declared): (&Binding, &Declared)| {
        let access = if declared.access == Access::Write { "write" } else { "read" };
        let element = declared.element.to_string();
        json!({ "name": declared.name, "type": element, "access": access, "bytes": bound.bytes })
    };
    let bindings: Vec<Value> = bindings.map(binding).collect();
    let mut all = sources(kernel);
    let here = json!({
        "op": op,
        "rung": rung,
        "machine": traced.device().machine().name(),
        "grid": launch.grid,
        "block": launch.block,
        "sharedBytes": launch.shared_bytes,
        "constants": constants,
        "params": launch.params,
        "fields": fields(launch),
        "bindings": bindings,
        "flops": launch.cost.flops,
        "bytes": launch.cost.bytes,
    });
    if let (Value::Object(all), Value::Object(here)) = (&mut all, here) {
        all.extend(here);
    }
    all
}

impl NativeGraph {
    fn node(&self, i: u32) -> Outcome<&GraphNode> {
        let nodes = &self.graph.nodes;
        nodes.get(i as usize).ok_or_else(|| {
            let message = format!("graph: there is no node {i}; there are {}", nodes.len());
            Failure::new("index", "graph", message)
        })
    }

    fn launches(&self, i: u32, backward: bool) -> Outcome<Vec<Traced>> {
        let var = &self.node(i)?.var;
        Ok(if backward { var.backward_launches() } else { var.launches().to_vec() })
    }
}

#[napi]
impl NativeGraph {
    /// The nodes, inputs first.
    #[napi]
    pub fn json(&self) -> napi::Result<String> {
        guard(|| {
            serde_json::to_string(&self.graph.nodes)
                .map_err(|error| Failure::new("internal", "graph", error.to_string()))
        })
    }

    /// Graphviz text.
    #[napi]
    pub fn dot(&self) -> napi::Result<String> {
        guard(|| Ok(self.graph.dot()))
    }

    /// A drawing.
    #[napi]
    pub fn svg(&self) -> napi::Result<String> {
        guard(|| Ok(self.graph.svg()))
    }

    /// A node's value.
    #[napi]
    pub fn value(&self, i: u32) -> napi::Result<u32> {
        guard(|| Ok(put(self.node(i)?.var.clone())))
    }

    /// A node's gradient; 0 if it has none.
    #[napi]
    pub fn grad(&self, i: u32) -> napi::Result<u32> {
        guard(|| Ok(self.node(i)?.var.grad().map_or(0, put_tensor)))
    }

    /// What was launched for a node.
    #[napi]
    pub fn kernels(&self, i: u32, backward: bool) -> napi::Result<String> {
        guard(|| {
            let all = self.launches(i, backward)?;
            Ok(Value::Array(all.iter().map(kernel).collect()).to_string())
        })
    }

    /// Seconds that one of these launches takes, alone.
    #[napi(ts_return_type = "Promise<number>")]
    pub fn time(&self, i: u32, k: u32, backward: bool) -> napi::Result<AsyncTask<Job<f64, f64>>> {
        guard(|| {
            let all = self.launches(i, backward)?;
            let traced = all.into_iter().nth(k as usize).ok_or_else(|| {
                Failure::new("index", "time", format!("time: node {i} has no kernel {k}"))
            })?;
            Ok(job(move || Ok(traced.time()?.as_secs_f64()), Ok))
        })
    }
}
