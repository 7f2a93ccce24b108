//! Every op that has a ladder: the call that `bench` times of it, on tensors of other lengths than it
//! asked for, on each of its rungs.
use super::{answered, config, length, machine, shape};
use crate::small::small;
use proptest::prelude::*;
use std::cell::{Cell, RefCell};
use strata_parity::Error;
use strata_parity::bench::{Inputs, Shapes, workloads};

/// Small, and all different: which length is which can be seen.
const SHAPES: Shapes =
    Shapes { batch: 2, context: 3, width: 8, heads: 2, vocab: 11, parameters: 101 };

/// What becomes of the shapes that a workload asks for.
#[derive(Clone, Debug)]
struct Change {
    /// For each length in the order of their appearance: what it becomes, everywhere.
    lengths: Vec<Option<usize>>,
    /// So many dimensions go of those that have more than one.
    dropped: usize,
    /// These come before them.
    leading: Vec<usize>,
    /// For each tensor in the order of their appearance: another shape than all that.
    others: Vec<Option<Vec<usize>>>,
}

fn change() -> impl Strategy<Value = Change> {
    use prop::{collection::vec, option::weighted};
    let dropped = prop_oneof![4 => Just(0usize), 1 => 1..3usize];
    let leading = prop_oneof![2 => Just(Vec::new()), 1 => vec(length(), 0..6)];
    (vec(weighted(0.5, length()), 12), dropped, leading, vec(weighted(0.1, shape()), 8)).prop_map(
        |(lengths, dropped, leading, others)| Change { lengths, dropped, leading, others },
    )
}

impl Change {
    fn of(&self, asked: &[usize], nth: usize, seen: &mut Vec<usize>) -> Vec<usize> {
        if let Some(Some(other)) = self.others.get(nth) {
            return other.clone();
        }
        let other = |&n: &usize| {
            let at = seen.iter().position(|&m| m == n).unwrap_or_else(|| {
                seen.push(n);
                seen.len() - 1
            });
            self.lengths.get(at).copied().flatten().unwrap_or(n)
        };
        let shape: Vec<usize> = asked.iter().map(other).collect();
        let shape = match shape.len() {
            0 | 1 => shape,
            rank => [&self.leading[..], &shape[self.dropped.min(rank - 1)..]].concat(),
        };
        // What no tensor can have would be refused before the op is called.
        let numel = shape.iter().try_fold(1usize, |all, &n| all.checked_mul(n));
        match numel {
            Some(n) if n <= 1 << 31 && shape.len() <= 6 => shape,
            _ => asked.to_vec(),
        }
    }
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn every_op_answers(machine in machine(), change in change(), rung in any::<prop::sample::Index>()) {
        let small = small(machine);
        for ladder in strata_ml::ladders() {
            let device = small.with_rung(ladder.op, rung.get(&ladder.rungs).name);
            let list = workloads(ladder.op);
            prop_assert!(!list.is_empty(), "{} has no workload", ladder.op);
            for work in list {
                let (nth, seen) = (Cell::new(0), RefCell::new(Vec::new()));
                let reshape = |asked: &[usize]| {
                    change.of(asked, nth.replace(nth.get() + 1), &mut seen.borrow_mut())
                };
                let run = (work.build)(&SHAPES, &Inputs::reshaped(&device, &reshape));
                prop_assert!(nth.get() > 0, "the workload of {} makes no tensor by Inputs", ladder.op);
                match run.and_then(|run| (run.call)()) {
                    Ok(()) => {}
                    Err(Error::Tensor(error)) => answered::<()>(ladder.op, Err(error)),
                    Err(error) => prop_assert!(error.to_string().len() > 4, "{error}"),
                }
            }
        }
    }
}
