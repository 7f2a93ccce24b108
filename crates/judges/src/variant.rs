//! A kernel's text with something put at the ends of those lines where shared memory changes hands.
//! No line moves: what a compiler says of a variant is true of the reader's file.

use crate::Language;

/// The text with `addition` at the end of each of these lines (from 0).
pub fn with(text: &str, lines: &[usize], addition: &str) -> String {
    let mut out = String::with_capacity(text.len() + 64 * lines.len());
    for (i, line) in text.lines().enumerate() {
        match lines.contains(&i) {
            true => {
                out += code(line).trim_end();
                out += addition;
            }
            false => out += line,
        }
        out.push('\n');
    }
    out
}

/// Lines (from 0) after which shared memory may have changed hands: statements that name it, and
/// ends of blocks that do. Lines that only some lanes reach are left out: a barrier there would hang.
pub fn candidates(text: &str) -> Vec<usize> {
    let names = shared_names(text);
    let mentions = |line: &str| names.iter().any(|name| word(line, name));
    let mut open: Vec<Block> = Vec::new();
    let mut found = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let line = code(line).trim();
        let here = mentions(line) && !declares(line);
        if here {
            open.iter_mut().for_each(|block| block.shares = true);
        }
        let mut closed = false;
        for c in line.chars() {
            match c {
                '{' => open.push(Block { shares: here, some: for_some(line) }),
                '}' => closed |= open.pop().is_some_and(|block| block.shares),
                _ => {}
            }
        }
        let all = !open.is_empty() && !open.iter().any(|block| block.some);
        let statement = here && line.ends_with(';');
        if all && (statement || (closed && line.ends_with('}'))) {
            found.push(i);
        }
    }
    found
}

/// A block that is open.
struct Block {
    /// Shared memory is named in it.
    shares: bool,
    /// Only some lanes may come here.
    some: bool,
}

/// Whether the block that this line opens may be entered by some lanes only, or by each another
/// number of times.
fn for_some(line: &str) -> bool {
    let strided = line.starts_with("for") && (word(line, "lane") || line.contains("threadIdx"));
    strided || line.contains("if (") || line.contains("else {")
}

/// Lines (from 0) that hold a barrier.
fn barriers(text: &str) -> Vec<usize> {
    let held = |line: &str| line.contains("__syncthreads") || line.contains("workgroupBarrier");
    let lines = text.lines().map(code).enumerate();
    lines.filter(|(_, line)| held(line) && line.trim_end().ends_with(';')).map(|(i, _)| i).collect()
}

/// The text with half of the warps slowed down wherever shared memory changes hands: those of even
/// or of odd number. Barriers that are right make up for it.
pub fn shaken(text: &str, language: Language, parity: u32) -> String {
    let mut lines = candidates(text);
    lines.extend(barriers(text));
    match language {
        Language::Cuda => {
            let thread = "threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z)";
            let slow = format!(" if ((({thread}) >> 5) % 2 == {parity}) __nanosleep(2000);");
            with(text, &lines, &slow)
        }
        _ => {
            // No lane knows its number everywhere in a file; tickets do as well.
            let slow = format!(
                " {{ let strata_t = atomicAdd(&strata_ticket, 1u); for (var strata_i = 0u; strata_i < \
                 200u && (strata_t >> 5u) % 2u == {parity}u; strata_i++) {{ \
                 atomicMax(&strata_spent, strata_i); }} }}"
            );
            let tickets = "var<workgroup> strata_ticket: atomic<u32>;\n\
                           var<workgroup> strata_spent: atomic<u32>;\n";
            with(text, &lines, &slow) + tickets
        }
    }
}

/// The names of arrays in shared memory.
pub fn shared_names(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for line in text.lines().map(code) {
        let Some((_, rest)) =
            line.split_once("var<workgroup>").or_else(|| line.split_once("__shared__"))
        else {
            continue;
        };
        let cuda = line.contains("__shared__");
        // `float a[16][17], b[16]` or `a: array<f32, 16>`.
        for part in rest.split(if cuda { ',' } else { ';' }) {
            let head = part.split(['[', ':', ';', '=']).next().unwrap_or_default();
            let name = head.split_whitespace().next_back().unwrap_or_default();
            if name.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_') {
                names.push(name.trim_start_matches('*').to_string());
            }
        }
    }
    names
}

fn declares(line: &str) -> bool {
    line.contains("var<workgroup>") || line.contains("__shared__")
}

/// A line without its comment.
pub(crate) fn code(line: &str) -> &str {
    line.split("//").next().unwrap_or_default()
}

/// Whether a line contains the name as a word of its own.
fn word(line: &str, name: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.split(|c| !part(c)).any(|w| w == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_only_some_lanes_reach_are_no_candidates() {
        let cuda = "void f() {\n  __shared__ float a[4];\n  if (lane < 2) {\n    a[lane] = 1;\n  }\n  \
                    __syncthreads();\n  if (lane < 1) a[0] += a[1];\n}";
        assert_eq!(candidates(cuda), [4, 6]);
        assert_eq!(barriers(cuda), [5]);
        let slow = shaken(cuda, Language::Cuda, 1);
        assert_eq!(slow.lines().count(), cuda.lines().count());
        assert_eq!(slow.matches("__nanosleep").count(), 3);
    }

    const WGSL: &str = "\
var<workgroup> tile: array<f32, 64>;
@compute @workgroup_size(64)
fn f(@builtin(local_invocation_index) lane: u32) {
    tile[lane] = x[lane];  // tile
    var sum = 0.0;
    for (var i = 0u; i < 64u; i++) {
        sum += tile[i];
    }
    y[lane] = sum;
}
";

    #[test]
    fn candidates_are_where_shared_memory_changes_hands() {
        assert_eq!(shared_names(WGSL), ["tile"]);
        assert_eq!(candidates(WGSL), [3, 6, 7]);
        let cuda = "__global__ void f() {\n  __shared__ float a[4][5], b[4];\n  a[0][1] = 1;\n}";
        assert_eq!(shared_names(cuda), ["a", "b"]);
        assert_eq!(candidates(cuda), [2]);
        assert!(candidates("fn f() {\n  y[0] = 1.0;\n}").is_empty());
    }

    #[test]
    fn no_line_moves() {
        let text = with(WGSL, &[3], " workgroupBarrier();");
        assert_eq!(text.lines().count(), WGSL.lines().count());
        assert_eq!(text.lines().nth(3), Some("    tile[lane] = x[lane]; workgroupBarrier();"));
    }
}
