use crate::{Random, faults, mutate, outside, seeds, targets};
use std::path::PathBuf;

/// Where a target's work is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// In the process that tries the inputs: fast, and coverage can guide it.
    Inside,
    /// In a process that each input gets for itself.
    Outside,
}

/// Something that takes inputs.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, and its folder's in `corpus/`.
    pub name: &'static str,
    /// What it tries.
    pub about: &'static str,
    /// Where.
    pub kind: Kind,
    /// Tries one input. Panics on a fault, and on nothing else.
    pub run: fn(&[u8]),
    /// Good inputs.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Makes one a bad one.
    pub mutate: fn(&mut Vec<u8>, &mut Random),
    /// Why it cannot be tried on this machine.
    pub lacks: fn() -> Option<String>,
    /// Its share of the time, compared with the others'.
    pub share: u32,
}

/// Every target.
pub fn all() -> Vec<Target> {
    [targets::all(), outside::all()].concat()
}

/// The target of that name; `faults`, which no list has, goes wrong in every way there is.
pub fn find(name: &str) -> Option<Target> {
    all().into_iter().chain([faults::TARGET]).find(|target| target.name == name)
}

impl Target {
    /// The inputs that are kept for it in the tree, with their files.
    pub fn corpus(&self) -> Vec<(PathBuf, Vec<u8>)> {
        seeds::files(&seeds::corpus().join(self.name))
    }

    /// Where its inputs begin: the corpus, then the good inputs.
    pub fn starts(&self) -> Vec<Vec<u8>> {
        let mut starts: Vec<_> = self.corpus().into_iter().map(|(_, bytes)| bytes).collect();
        starts.extend((self.seeds)());
        if starts.is_empty() {
            starts.push(Vec::new());
        }
        starts
    }

    /// The input of that number: a function of the seed, the number and the starts.
    pub fn input(&self, starts: &[Vec<u8>], seed: u64, number: u64) -> Vec<u8> {
        let mut random = Random::new(seed, self.name, number);
        let mut data = starts[random.below(starts.len())].clone();
        let mut times = 1;
        while times < 8 && random.once_in(2) {
            times += 1;
        }
        for _ in 0..times {
            (self.mutate)(&mut data, &mut random);
            data.truncate(mutate::MOST_BYTES);
        }
        data
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_their_own_and_inputs_can_be_made_again() {
        let all = all();
        for (i, target) in all.iter().enumerate() {
            assert!(all[..i].iter().all(|other| other.name != target.name), "{}", target.name);
            let starts = target.starts();
            let first: Vec<_> = (0..20).map(|n| target.input(&starts, 1, n)).collect();
            let again: Vec<_> = (0..20).map(|n| target.input(&starts, 1, n)).collect();
            assert!(first == again, "{}", target.name);
            assert!(first != (0..20).map(|n| target.input(&starts, 2, n)).collect::<Vec<_>>());
        }
        assert!(find("no-such-target").is_none());
    }
}
