use crate::Graph;
use std::collections::HashMap;
use std::fmt::Write;

const WIDTH: usize = 132;
const HEIGHT: usize = 40;
const GAP_X: usize = 44;
const GAP_Y: usize = 16;

impl Graph {
    /// The graph as a drawing: leaves at the left, the result at the right, each variable in the
    /// column after the last of its inputs. Colors follow the page (`currentColor`).
    pub fn svg(&self) -> String {
        let mut column: HashMap<u64, usize> = HashMap::new();
        let mut filled: Vec<usize> = Vec::new();
        let mut place: HashMap<u64, (usize, usize)> = HashMap::new();
        for node in &self.nodes {
            let x = node.inputs.iter().map(|i| column[i] + 1).max().unwrap_or(0);
            column.insert(node.id, x);
            if filled.len() <= x {
                filled.resize(x + 1, 0);
            }
            place.insert(node.id, (x * (WIDTH + GAP_X) + 8, filled[x] * (HEIGHT + GAP_Y) + 8));
            filled[x] += 1;
        }
        let width = filled.len().max(1) * (WIDTH + GAP_X) - GAP_X + 16;
        let height = filled.iter().max().unwrap_or(&1) * (HEIGHT + GAP_Y) - GAP_Y + 16;
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             font-family=\"ui-monospace, monospace\" font-size=\"11\" role=\"img\">\n\
             <title>A tape of {} variables</title>\n",
            self.nodes.len()
        );
        for node in &self.nodes {
            let (x, y) = place[&node.id];
            for input in &node.inputs {
                let (a, b) = place[input];
                let (x1, y1, x2, y2) = (a + WIDTH, b + HEIGHT / 2, x, y + HEIGHT / 2);
                let bend = (x2 - x1) / 2;
                let _ = writeln!(
                    out,
                    "<path d=\"M{x1} {y1}C{} {y1} {} {y2} {x2} {y2}\" fill=\"none\" \
                     stroke=\"currentColor\" opacity=\"0.4\"/>",
                    x1 + bend,
                    x2 - bend
                );
            }
            let round = if node.inputs.is_empty() { HEIGHT / 2 } else { 4 };
            let dash = if node.requires_grad { "" } else { " stroke-dasharray=\"3 3\"" };
            let _ = writeln!(
                out,
                "<rect x=\"{x}\" y=\"{y}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"{round}\" \
                 fill=\"none\" stroke=\"currentColor\"{dash}/>"
            );
            let middle = x + WIDTH / 2;
            let label = escape(&tail(node.label(), 18));
            let shape = format!("{:?}", node.shape);
            for (line, dy) in [(label, 17), (shape, 31)] {
                let y = y + dy;
                let _ = writeln!(
                    out,
                    "<text x=\"{middle}\" y=\"{y}\" text-anchor=\"middle\" \
                     fill=\"currentColor\">{line}</text>"
                );
            }
        }
        out + "</svg>\n"
    }
}

/// The end of a long name: what tells parameters apart.
fn tail(name: &str, most: usize) -> String {
    let count = name.chars().count();
    if count <= most {
        return name.into();
    }
    let kept: String = name.chars().skip(count - most + 1).collect();
    format!("…{kept}")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
