//! How large a text becomes once every name in it is replaced by what it stands for. Ten lines that
//! each use the line before twice are a thousand lines to a compiler, and thirty are a billion.
#![expect(
    clippy::indexing_slicing,
    reason = "places come from `declare` and `find` of the same names, whose list only grows"
)]
use std::collections::HashMap;

/// Names, and what they stand for: words of their own, and other names.
#[derive(Default)]
pub(super) struct Names<'a> {
    place: HashMap<&'a str, usize>,
    list: Vec<Node<'a>>,
}

#[derive(Default)]
struct Node<'a> {
    name: &'a str,
    own: u64,
    /// Other names, and how often each is used.
    uses: HashMap<usize, u64>,
    whole: Option<u64>,
}

impl<'a> Names<'a> {
    /// The number of a name, new or not.
    pub(super) fn declare(&mut self, name: &'a str) -> usize {
        let next = self.list.len();
        let at = *self.place.entry(name).or_insert(next);
        if at == next {
            self.list.push(Node { name, ..Node::default() });
        }
        at
    }

    /// Whether a name is known.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.place.get(name).copied()
    }

    /// A name stands for `n` more words of its own.
    pub(super) fn own(&mut self, at: usize, n: u64) {
        self.list[at].own = self.list[at].own.saturating_add(n);
    }

    /// A name uses another, `n` times more.
    pub(super) fn uses(&mut self, at: usize, other: usize, n: u64) {
        let count = self.list[at].uses.entry(other).or_default();
        *count = count.saturating_add(n);
    }

    /// Works out how much every name stands for.
    ///
    /// # Errors
    /// A name that stands for itself, through others or at once.
    pub(super) fn resolve(&mut self) -> Result<(), &'a str> {
        // A stack of our own: names may hang on one another as long as the file is.
        let mut open = vec![false; self.list.len()];
        for start in 0..self.list.len() {
            let mut stack = vec![start];
            while let Some(&at) = stack.last() {
                if self.list[at].whole.is_some() {
                    stack.pop();
                    continue;
                }
                if !open[at] {
                    open[at] = true;
                    for &other in self.list[at].uses.keys() {
                        if self.list[other].whole.is_none() {
                            if open[other] {
                                return Err(self.list[other].name);
                            }
                            stack.push(other);
                        }
                    }
                    continue;
                }
                let node = &self.list[at];
                let mut whole = node.own;
                for (&other, &n) in &node.uses {
                    let Some(size) = self.list[other].whole else {
                        return Err(self.list[other].name);
                    };
                    whole = whole.saturating_add(size.saturating_mul(n));
                }
                self.list[at].whole = Some(whole);
                stack.pop();
            }
        }
        Ok(())
    }

    /// The largest name and its size, once resolved.
    pub(super) fn largest(&self) -> Option<(&'a str, u64)> {
        let sizes = self.list.iter().map(|node| (node.name, node.whole.unwrap_or(u64::MAX)));
        sizes.max_by_key(|&(_, size)| size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubling_is_seen_and_circles_are_refused() {
        let texts: Vec<String> = (0..70).map(|i| format!("n{i}")).collect();
        let mut names = Names::default();
        for (i, text) in texts.iter().enumerate() {
            let at = names.declare(text);
            names.own(at, 1);
            if i > 0 {
                names.uses(at, at - 1, 2);
            }
        }
        names.resolve().unwrap();
        assert_eq!(names.largest(), Some(("n69", u64::MAX)));
        assert_eq!(names.list[9].whole, Some(1023));

        let mut names = Names::default();
        let (a, b) = (names.declare("a"), names.declare("b"));
        names.uses(a, b, 1);
        names.uses(b, a, 1);
        assert!(names.resolve().is_err());
    }

    #[test]
    fn a_long_chain_needs_no_stack() {
        let texts: Vec<String> = (0..200_000).map(|i| format!("n{i}")).collect();
        let mut names = Names::default();
        for text in &texts {
            let at = names.declare(text);
            names.own(at, 1);
        }
        for at in 1..texts.len() {
            names.uses(at - 1, at, 1);
        }
        names.resolve().unwrap();
        assert_eq!(names.largest(), Some(("n0", 200_000)));
    }
}
