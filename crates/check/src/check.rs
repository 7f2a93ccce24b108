//! The comparison.

use crate::diagnose::suspect::Suspect;
use crate::diagnose::{self, Evidence, owner::Owner};
use crate::element::Element;
use crate::guard::Breach;
use crate::report::{Details, Mismatch, Report};
use crate::tolerance::{Tolerance, within};

/// How many wrong elements a report lists.
const LISTED: usize = 5;

/// A comparison to be made: what is compared, and what is known about it.
#[must_use = "a check does nothing until `compare` is called"]
pub struct Check<'a> {
    op: String,
    rung: String,
    device: String,
    inputs: Vec<(String, Vec<usize>)>,
    output: Option<(String, Vec<usize>)>,
    owner: Option<Box<dyn Fn(usize) -> Owner + 'a>>,
    again: Option<Vec<f64>>,
    unstable: Vec<usize>,
    barrier: Option<Option<u32>>,
    suspects: Vec<Suspect>,
    breaches: Vec<(String, Breach)>,
    page: Option<String>,
}

impl<'a> Check<'a> {
    /// A check of one rung of an op: `Check::new("matmul", "3_tiled")`.
    pub fn new(op: impl Into<String>, rung: impl Into<String>) -> Self {
        Self {
            op: op.into(),
            rung: rung.into(),
            device: "cpu".into(),
            inputs: Vec::new(),
            output: None,
            owner: None,
            again: None,
            unstable: Vec::new(),
            barrier: None,
            suspects: Vec::new(),
            breaches: Vec::new(),
            page: None,
        }
    }

    /// The device it ran on, as the device calls itself.
    pub fn device(mut self, device: impl Into<String>) -> Self {
        self.device = device.into();
        self
    }

    /// An input's name and shape.
    pub fn input(mut self, name: impl Into<String>, shape: &[usize]) -> Self {
        self.inputs.push((name.into(), shape.to_vec()));
        self
    }

    /// The output's name and shape; indices are reported in it.
    pub fn output(mut self, name: impl Into<String>, shape: &[usize]) -> Self {
        self.output = Some((name.into(), shape.to_vec()));
        self
    }

    /// Who writes the element at a flat index.
    pub fn owner(mut self, owner: impl Fn(usize) -> Owner + 'a) -> Self {
        self.owner = Some(Box::new(owner));
        self
    }

    /// The result of the same launch run again: it must be the same, bit for bit.
    pub fn again<T: Element>(mut self, second: &[T]) -> Self {
        self.again = Some(second.iter().map(|x| x.value()).collect());
        self
    }

    /// Flat indices that are known to have come out differently in a second run. They fail the
    /// check, together with those that [`again`](Self::again) finds.
    pub fn unstable(mut self, indices: Vec<usize>) -> Self {
        self.unstable.extend(indices);
        self
    }

    /// The launch was tried again with a barrier after this line of the reader's file (`None`:
    /// somewhere), and came out right. This explains a failure; it does not make one.
    pub fn barrier(mut self, line: Option<u32>) -> Self {
        self.barrier = Some(line);
        self
    }

    /// The result that a known mistake gives, under its name, and what to say about it. If just this
    /// comes back, the report starts with the sentence and makes no guesses. Of several that fit,
    /// the first is named; one that cannot be told from the wanted result is ignored.
    pub fn suspect(
        mut self,
        name: &'static str,
        sentence: impl Into<String>,
        values: Vec<f64>,
    ) -> Self {
        self.suspects.push(Suspect { name, sentence: sentence.into(), values });
        self
    }

    /// What the guard words around the buffer called `name` say: [`crate::guard::Layout::check`].
    pub fn guard(mut self, name: impl Into<String>, verdict: Result<(), Breach>) -> Self {
        if let Err(breach) = verdict {
            self.breaches.push((name.into(), breach));
        }
        self
    }

    /// The page of the book to read.
    pub fn page(mut self, page: impl Into<String>) -> Self {
        self.page = Some(page.into());
        self
    }

    /// Compares.
    ///
    /// # Errors
    ///
    /// A [`Report`] if an element is out of tolerance, if there are too many or too few of them,
    /// if a second run differed, or if a guard word has changed.
    pub fn compare<T: Element>(
        &self,
        got: &[T],
        want: &[f64],
        tolerance: &Tolerance,
    ) -> Result<(), Report> {
        let values: Vec<f64> = got.iter().map(|x| x.value()).collect();
        if values.len() != want.len() {
            let mut details = self.details(want.len(), 0);
            details.wrong_length = Some(values.len());
            details.diagnoses = diagnose::breaches(&self.breaches).collect();
            return Err(Report(Box::new(details)));
        }

        let bounds = tolerance.bounds(want);
        let want: Vec<f64> =
            want.iter().enumerate().map(|(i, &want)| tolerance.target(i, want)).collect();
        let failing: Vec<usize> =
            (0..want.len()).filter(|&i| !within(values[i], want[i], bounds[i])).collect();
        let unstable = self.all_unstable(&values);
        if failing.is_empty() && unstable.is_empty() && self.breaches.is_empty() {
            return Ok(());
        }

        let shape = self.shape(want.len());
        let poisoned: Vec<usize> =
            failing.iter().copied().filter(|&i| got[i].is_poison()).collect();
        let mut sizes: Vec<usize> =
            self.inputs.iter().flat_map(|(_, shape)| shape).chain(&shape).copied().collect();
        sizes.sort_unstable();
        sizes.dedup();
        let evidence = Evidence {
            op: &self.op,
            got: &values,
            want: &want,
            failing: &failing,
            poisoned: &poisoned,
            unstable: &unstable,
            shape: &shape,
            sizes: &sizes,
            owner: self.owner.as_deref(),
            breaches: &self.breaches,
            suspects: &self.suspects,
            barrier: self.barrier,
        };

        let mut details = self.details(want.len(), failing.len());
        details.largest = failing
            .iter()
            .map(|&i| ((values[i] - want[i]).abs(), i))
            .filter(|(difference, _)| !difference.is_nan())
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(difference, i)| (difference, diagnose::index_of(i, &shape)));
        details.first = failing
            .iter()
            .take(LISTED)
            .map(|&i| Mismatch {
                index: diagnose::index_of(i, &shape),
                got: values[i],
                want: want[i],
                tolerance: bounds[i],
                unwritten: got[i].is_poison(),
                owner: self.owner.as_ref().map(|owner| owner(i)),
            })
            .collect();
        details.diagnoses = diagnose::diagnose(&evidence);
        Err(Report(Box::new(details)))
    }

    /// The elements that a second run gave otherwise, ascending, each once.
    fn all_unstable(&self, values: &[f64]) -> Vec<usize> {
        let mut list = self.unstable.clone();
        if let Some(again) = &self.again {
            let same = |i: usize| again.get(i).is_some_and(|x| x.to_bits() == values[i].to_bits());
            list.extend((0..values.len()).filter(|&i| !same(i)));
        }
        list.sort_unstable();
        list.dedup();
        list
    }

    /// The output's shape; `[len]` if none was given or if it does not have `len` elements.
    fn shape(&self, len: usize) -> Vec<usize> {
        match &self.output {
            Some((_, shape)) if shape.iter().product::<usize>() == len => shape.clone(),
            _ => vec![len],
        }
    }

    fn details(&self, total: usize, differ: usize) -> Details {
        Details {
            op: self.op.clone(),
            rung: self.rung.clone(),
            device: self.device.clone(),
            inputs: self.inputs.clone(),
            output: self.output.clone(),
            total,
            differ,
            wrong_length: None,
            largest: None,
            first: Vec::new(),
            diagnoses: Vec::new(),
            page: self.page.clone(),
        }
    }
}
