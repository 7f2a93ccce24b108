//! Small tapes to walk over, which notice how they are walked over.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use strata_check::sample;

/// Nodes that are sums of their inputs times a slope each. It counts how often it is asked, and how
/// deep in the stack.
pub(super) struct Tape {
    nodes: Vec<Vec<(usize, f64)>>,
    asked: Cell<usize>,
    most: usize,
    stack: Cell<Option<(usize, usize)>>,
}

impl Tape {
    pub fn new(nodes: Vec<Vec<(usize, f64)>>) -> Self {
        // A walk may ask each node a few times; one that takes every way is stopped early.
        let most = 16 * nodes.len() + 64;
        Tape { nodes, asked: Cell::new(0), most, stack: Cell::new(None) }
    }

    /// What a node was made from; nothing once too much was asked.
    #[inline(never)]
    pub fn inputs(&self, node: usize) -> Vec<(usize, f64)> {
        let mark = 0u8;
        let here = std::ptr::from_ref(&mark).addr();
        let (low, high) = self.stack.get().unwrap_or((here, here));
        self.stack.set(Some((low.min(here), high.max(here))));
        self.asked.set(self.asked.get() + 1);
        if self.too_often() {
            Vec::new()
        } else {
            self.nodes.get(node).cloned().unwrap_or_default()
        }
    }

    /// Begins to count anew.
    pub fn forget(&self) {
        self.asked.set(0);
        self.stack.set(None);
    }

    /// Whether it was asked as only somebody asks who takes every way.
    pub fn too_often(&self) -> bool {
        self.asked.get() > self.most
    }

    /// Bytes of stack between the shallowest question and the deepest.
    pub fn depth(&self) -> usize {
        self.stack.get().map_or(0, |(low, high)| high - low)
    }

    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The uses of inputs by a node, without counting; none by what is no node.
    pub fn uses(&self, node: usize) -> &[(usize, f64)] {
        self.nodes.get(node).map_or(&[], Vec::as_slice)
    }

    /// The nodes behind the root, with the root.
    pub fn behind(&self, root: usize) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let mut waiting = vec![root];
        while let Some(node) = waiting.pop() {
            if found.insert(node) {
                waiting.extend(self.uses(node).iter().map(|(input, _)| *input));
            }
        }
        found
    }

    /// A topological order, by counting the users that are still to come.
    pub fn users_first(&self, root: usize) -> Vec<usize> {
        let behind = self.behind(root);
        let mut users: BTreeMap<usize, usize> = BTreeMap::new();
        for (input, _) in behind.iter().flat_map(|&node| self.uses(node)) {
            *users.entry(*input).or_default() += 1;
        }
        let (mut order, mut ready) = (Vec::new(), VecDeque::from([root]));
        while let Some(node) = ready.pop_front() {
            order.push(node);
            for (input, _) in self.uses(node) {
                if let Some(left) = users.get_mut(input) {
                    *left -= 1;
                    if *left == 0 {
                        ready.push_back(*input);
                    }
                }
            }
        }
        order
    }

    /// The nodes by their distance from the root: an order, but not the one that is wanted.
    pub fn nearest_first(&self, root: usize) -> Vec<usize> {
        let (mut order, mut seen) = (Vec::new(), BTreeSet::from([root]));
        let mut ready = VecDeque::from([root]);
        while let Some(node) = ready.pop_front() {
            order.push(node);
            ready.extend(self.uses(node).iter().map(|(i, _)| *i).filter(|i| seen.insert(*i)));
        }
        order
    }

    /// Gradients handed on in this order; `gather` makes what an input has out of what it had, what
    /// arrives, and the slope.
    pub fn walk(
        &self,
        root: usize,
        order: &[usize],
        gather: impl Fn(f64, f64, f64) -> f64,
    ) -> BTreeMap<usize, f64> {
        let mut gradients = BTreeMap::from([(root, 1.0)]);
        for node in order {
            let upstream = gradients.get(node).copied().unwrap_or(0.0);
            for (input, slope) in self.uses(*node) {
                let has = gradients.entry(*input).or_insert(0.0);
                *has = gather(*has, upstream, *slope);
            }
        }
        gradients
    }

    /// The tape in words, if it is short.
    pub fn describe(&self, root: usize) -> String {
        if self.nodes.len() > 16 {
            return format!("a tape of {} nodes", self.nodes.len());
        }
        let line = |&node: &usize| {
            let term = |(input, slope): &(usize, f64)| format!("{slope} * #{input}");
            let terms: Vec<String> = self.uses(node).iter().map(term).collect();
            let made = if terms.is_empty() { "a leaf".into() } else { terms.join(" + ") };
            format!("#{node} = {made}")
        };
        self.behind(root).iter().map(line).collect::<Vec<_>>().join(", ")
    }
}

/// A chain: node i is made from node i + 1. The root is 0.
pub(super) fn chain(n: usize) -> Tape {
    let last = n - 1;
    Tape::new((0..n).map(|i| if i < last { vec![(i + 1, 1.0)] } else { Vec::new() }).collect())
}

/// Diamonds on top of each other: every floor leads to the next by two ways. The root is 0.
pub(super) fn ladder(floors: usize) -> Tape {
    let mut nodes = Vec::new();
    for floor in 0..floors {
        let at = 3 * floor;
        nodes.push(vec![(at + 1, 1.0), (at + 2, 1.0)]);
        nodes.push(vec![(at + 3, 0.5)]);
        nodes.push(vec![(at + 3, 0.5)]);
    }
    nodes.push(Vec::new());
    Tape::new(nodes)
}

/// Whatever chance brings, under shuffled numbers, and its root.
#[expect(
    clippy::indexing_slicing,
    clippy::cast_sign_loss,
    reason = "numbers from 0 on; `at` is at most 5 * NODES + 1 of 8 * NODES, other places remainders"
)]
pub(super) fn drawn(seed: u64) -> (Tape, usize) {
    const NODES: usize = 14;
    let luck = sample::tokens(seed, 8 * NODES, 1 << 16);
    let mut names: Vec<usize> = (0..NODES).collect();
    for i in (1..NODES).rev() {
        names.swap(i, luck[i] as usize % (i + 1));
    }
    let mut nodes = vec![Vec::new(); NODES];
    for i in 1..NODES {
        for k in 0..luck[NODES + i] as usize % 4 {
            let at = 2 * NODES + 6 * i / 2 + 2 * k;
            let (input, slope) = (luck[at] as usize % i, luck[at + 1] % 4 - 1);
            nodes[names[i]].push((names[input], f64::from(slope)));
        }
    }
    (Tape::new(nodes), names[NODES - 1])
}
