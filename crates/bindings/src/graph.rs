//! A tape, held in place to be looked at.
use crate::engine::autograd::{self, GraphNode};
use crate::engine::device::trace::Traced;
use crate::engine::device::{Access, Binding, DType, Declared, Field, Kernel, Launch};
use crate::table::{get, put, put_tensor};
use crate::{Error, Job, Result};
use serde_json::{Map, Value, json};

exports! { ($) graph_class
    class Graph as NativeGraph
    now {
        json: () -> String;
        dot: () -> String;
        svg: () -> String;
        value: (i: u32) -> Handle;
        grad: (i: u32) -> Handle;
        kernels: (i: u32, backward: bool) -> String;
    }
    later { time: (i: u32, k: u32, backward: bool) -> f64; }
}

/// The tape behind a tensor.
pub struct Graph(autograd::Graph);

/// The tape behind a tensor; its nodes keep their gradients from now on.
pub fn graph(a: u32) -> Result<Graph> {
    let graph = get(a)?.graph();
    for node in &graph.nodes {
        node.var.retain_grad();
    }
    Ok(Graph(graph))
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

impl Graph {
    fn node(&self, i: u32) -> Result<&GraphNode> {
        let nodes = &self.0.nodes;
        let none = || error!("index", "graph", "there is no node {i}; there are {}", nodes.len());
        nodes.get(i as usize).ok_or_else(none)
    }

    fn launches(&self, i: u32, backward: bool) -> Result<Vec<Traced>> {
        let var = &self.node(i)?.var;
        Ok(if backward { var.backward_launches() } else { var.launches().to_vec() })
    }
}
impl Graph {
    /// The nodes, inputs first.
    pub fn json(&self) -> Result<String> {
        serde_json::to_string(&self.0.nodes)
            .map_err(|error| Error::new("internal", "graph", error.to_string()))
    }

    /// Graphviz text.
    pub fn dot(&self) -> Result<String> {
        Ok(self.0.dot())
    }

    /// A drawing.
    pub fn svg(&self) -> Result<String> {
        Ok(self.0.svg())
    }

    /// A node's value.
    pub fn value(&self, i: u32) -> Result<u32> {
        Ok(put(self.node(i)?.var.clone()))
    }

    /// A node's gradient; 0 if it has none.
    pub fn grad(&self, i: u32) -> Result<u32> {
        Ok(self.node(i)?.var.grad().map_or(0, put_tensor))
    }

    /// What was launched for a node.
    pub fn kernels(&self, i: u32, backward: bool) -> Result<String> {
        let all = self.launches(i, backward)?;
        Ok(Value::Array(all.iter().map(kernel).collect()).to_string())
    }

    /// Seconds that one of these launches takes, alone.
    pub fn time(&self, i: u32, k: u32, backward: bool) -> Result<Job<f64>> {
        let all = self.launches(i, backward)?;
        let none = || error!("index", "time", "node {i} has no kernel {k}");
        let traced = all.into_iter().nth(k as usize).ok_or_else(none)?;
        Ok(Job::of(async move || Ok(traced.time()?.as_secs_f64())))
    }
}
