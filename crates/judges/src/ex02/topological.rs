//! The walk back over the tape: its order, its sums, and how it walks.

use super::tape::{Tape, chain, drawn, ladder};
use crate::Outcome;
use crate::rust::{expect, require, suspect};
use std::collections::{BTreeMap, HashMap, HashSet};

/// A node's uses of its inputs: number and slope.
type Inputs<'a> = &'a dyn Fn(usize) -> Vec<(usize, f64)>;

/// The reader's functions.
pub struct Topological {
    /// Every node behind a root, inputs before what was made from them.
    pub order: fn(usize, Inputs<'_>) -> Vec<usize>,
    /// Their gradients.
    pub backward: fn(usize, Inputs<'_>) -> HashMap<usize, f64>,
}

/// Judges both.
///
/// # Errors
/// A wrong order, a wrong gradient, or a way of walking that real tapes would not bear.
pub fn judge(mine: &Topological) -> Outcome {
    let tapes = || {
        let small: [(&[&[(usize, f64)]], usize); 6] = [
            // x * x at 3, and a leaf alone.
            (&[&[], &[(0, 3.0), (0, 3.0)]], 1),
            (&[&[], &[]], 1),
            // A chain and a diamond whose numbers tell nothing.
            (&[&[(2, 2.0)], &[(0, 5.0)], &[]], 1),
            (&[&[(3, 2.0), (1, 3.0)], &[(2, 5.0)], &[], &[(2, 7.0)]], 0),
            // A short way and a long one to node 1; then the other way round.
            (&[&[(1, 10.0), (2, 1.0)], &[(4, 2.0)], &[(3, 1.0)], &[(1, 1.0)], &[]], 0),
            (&[&[(2, 1.0), (1, 10.0)], &[(4, 2.0)], &[(3, 1.0)], &[(1, 1.0)], &[]], 0),
        ];
        let small = small.map(|(nodes, root)| {
            (Tape::new(nodes.iter().map(|uses| uses.to_vec()).collect()), root)
        });
        small.into_iter().chain((0..60).map(drawn))
    };
    for (tape, root) in tapes() {
        order(mine, &tape, root)?;
    }
    for (tape, root) in tapes() {
        backward(mine, &tape, root)?;
    }
    for tape in [ladder(40), chain(2_000), chain(100_000)] {
        order(mine, &tape, 0)?;
        backward(mine, &tape, 0)?;
    }
    Ok(())
}

/// What real tapes would not bear.
fn manners(tape: &Tape, call: &str) -> Outcome {
    let (nodes, depth) = (tape.len(), tape.depth());
    let ways = format!(
        "{call}\n  diagnosis  inputs() was asked more than 16 times as often as there are nodes, and the \
         walk was stopped. Every way to a node seems to be walked anew; {nodes} nodes can have more \
         ways than there are atoms. Is a node that was seen before passed over?\n"
    );
    require(!tape.too_often(), "walks-every-way", ways)?;
    let calls = format!(
        "{call}\n  diagnosis  the walk calls itself: the deepest question came {depth} bytes further down \
         the stack than the first, for {nodes} nodes. 100,000 of them would overflow it. Keep a stack of \
         your own: a Vec.\n"
    );
    require(nodes < 1000 || depth < 32 * 1024, "calls-itself", calls)
}

fn order(mine: &Topological, tape: &Tape, root: usize) -> Outcome {
    tape.forget();
    let got = (mine.order)(root, &|node| tape.inputs(node));
    let call = format!("order({root}, ..) of {}", tape.describe(root));
    manners(tape, &call)?;
    let shown = if got.len() > 20 { format!("{} nodes", got.len()) } else { format!("{got:?}") };
    let fails = |why: String| format!("{call}\n  got        {shown}\n  diagnosis  {why}\n");
    let mut seen = HashSet::new();
    let behind = tape.behind(root);
    for &node in &got {
        let strange = fails(format!("#{node} is not behind the root."));
        require(behind.contains(&node), "not-behind-the-root", strange)?;
        let twice = fails(format!(
            "#{node} is there twice. Whoever is pushed once for each use must be passed over the second \
             time."
        ));
        require(seen.insert(node), "node-twice", twice)?;
        if let Some((input, _)) = tape.uses(node).iter().find(|(input, _)| !seen.contains(input)) {
            let why = fails(format!(
                "#{node} comes before its input #{input}. A node may be pushed only when all of its \
                 inputs have been; and it counts as seen when it is taken up, not when it is noticed."
            ));
            return require(false, "input-after-user", why);
        }
    }
    let missing = behind.iter().find(|node| !seen.contains(node));
    let missing = missing.map(|node| fails(format!("#{node} is missing.")));
    require(missing.is_none(), "node-missing", missing.unwrap_or_default())
}

fn backward(mine: &Topological, tape: &Tape, root: usize) -> Outcome {
    tape.forget();
    let got: BTreeMap<usize, f64> =
        (mine.backward)(root, &|node| tape.inputs(node)).into_iter().collect();
    let call = format!("backward({root}, ..) of {}", tape.describe(root));
    manners(tape, &call)?;
    let order = tape.users_first(root);
    let add = |has: f64, upstream: f64, slope: f64| has + upstream * slope;
    let want = tape.walk(root, &order, add);
    if tape.len() > 100 {
        let wrong = want.iter().find(|(node, gradient)| got.get(node) != Some(gradient));
        let (node, want) = wrong.map_or((root, 1.0), |(node, gradient)| (*node, *gradient));
        return expect(&format!("{call}: node #{node}"), got.get(&node), Some(&want), &[]);
    }
    let inputs_first: Vec<usize> = order.iter().rev().copied().collect();
    let suspects = [
        suspect(
            "overwritten",
            "a node that was used twice holds only the gradient that came last. What arrives is added to \
             what is there.",
            tape.walk(root, &order, |_, upstream, slope| upstream * slope),
        ),
        suspect(
            "handed-on-too-early",
            "a node handed on its gradient before all of it had arrived: nearest first is not users \
             first. A node's turn comes after the last of its users.",
            tape.walk(root, &tape.nearest_first(root), add),
        ),
        suspect(
            "upstream-forgotten",
            "the slopes are added up, and what arrives from above is not multiplied in.",
            tape.walk(root, &order, |has, _, slope| has + slope),
        ),
        suspect(
            "slopes-added",
            "upstream and slope are added. Along a way they multiply; only ways add up.",
            tape.walk(root, &order, |has, upstream, slope| has + upstream + slope),
        ),
        suspect(
            "order-not-reversed",
            "only the root's own inputs were reached. The order begins with leaves, the walk with the \
             root.",
            tape.walk(root, &inputs_first, add),
        ),
        suspect("only-the-root", "nothing was handed on.", BTreeMap::from([(root, 1.0)])),
    ];
    expect(&call, got, want, &suspects)
}
