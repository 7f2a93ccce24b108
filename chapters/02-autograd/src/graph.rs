use crate::Var;
use serde::Serialize;
use std::collections::HashSet;
use std::fmt::Write;

/// One variable of a graph.
#[derive(Clone, Debug, Serialize)]
pub struct GraphNode {
    /// The variable's number.
    pub id: u64,
    /// The op that made it: `leaf` and `parameter` have none before them.
    pub op: String,
    /// A parameter's name.
    pub name: Option<String>,
    /// Shape of its value.
    pub shape: Vec<usize>,
    /// Whether a gradient flows to it.
    pub requires_grad: bool,
    /// The numbers of the variables it was made from.
    pub inputs: Vec<u64>,
    /// The variable itself: value and gradient.
    #[serde(skip)]
    pub var: Var,
}

/// The tape behind a variable, as data: inputs come before what was made of them.
#[derive(Clone, Debug, Serialize)]
pub struct Graph {
    /// The variables.
    pub nodes: Vec<GraphNode>,
}

impl Var {
    /// The tape behind this variable, constants that feed it included.
    pub fn graph(&self) -> Graph {
        let mut nodes = Vec::new();
        let mut seen = HashSet::new();
        let mut stack = vec![(self.clone(), false)];
        while let Some((var, done)) = stack.pop() {
            if done {
                nodes.push(GraphNode {
                    id: var.id(),
                    op: var
                        .op()
                        .unwrap_or(match (var.name(), var.requires_grad()) {
                            (Some(_), _) => "parameter",
                            (None, true) => "leaf",
                            (None, false) => "constant",
                        })
                        .into(),
                    name: var.name().map(Into::into),
                    shape: var.shape().to_vec(),
                    requires_grad: var.requires_grad(),
                    inputs: var.inputs().iter().map(Var::id).collect(),
                    var,
                });
            } else if seen.insert(var.id()) {
                stack.push((var.clone(), true));
                stack.extend(var.inputs().iter().rev().map(|input| (input.clone(), false)));
            }
        }
        Graph { nodes }
    }
}

impl GraphNode {
    /// Its op, or a parameter's name.
    pub fn label(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.op)
    }
}

impl Graph {
    /// The graph in Graphviz's language.
    pub fn dot(&self) -> String {
        let mut out = String::from("digraph tape {\n  rankdir=LR;\n  node [shape=box];\n");
        for node in &self.nodes {
            let shape = if node.inputs.is_empty() { "ellipse" } else { "box" };
            let label = format!("{}\\n{:?}", node.label().replace('"', "'"), node.shape);
            let _ = writeln!(out, "  n{} [label=\"{label}\", shape={shape}];", node.id);
            for input in &node.inputs {
                let _ = writeln!(out, "  n{input} -> n{};", node.id);
            }
        }
        out + "}\n"
    }

    /// The graph as JSON: a list of nodes, each with its inputs' ids.
    pub fn json(&self) -> String {
        // Numbers, strings and lists only: there is nothing in it that JSON cannot hold.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}
