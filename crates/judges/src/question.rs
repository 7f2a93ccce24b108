use strata_check::Owner;
use strata_ml::tensor::Tensor;

/// One comparison of a trial: a result, and what is known of how it came about.
#[must_use = "a question is asked by `Trial::check`"]
pub struct Question<'a> {
    pub(crate) name: &'static str,
    pub(crate) got: &'a Tensor,
    pub(crate) inputs: Vec<(&'static str, Vec<usize>)>,
    pub(crate) owner: Option<Box<dyn Fn(usize) -> Owner + 'a>>,
    pub(crate) suspects: Vec<(&'static str, String, Vec<f64>)>,
}

impl<'a> Question<'a> {
    /// About the result `got`, which the kernel calls `name`.
    pub fn new(name: &'static str, got: &'a Tensor) -> Self {
        Question { name, got, inputs: Vec::new(), owner: None, suspects: Vec::new() }
    }

    /// An input's name and shape.
    pub fn input(mut self, name: &'static str, shape: &[usize]) -> Self {
        self.inputs.push((name, shape.to_vec()));
        self
    }

    /// Which workgroup and lane writes the element at a flat index.
    pub fn owner(mut self, owner: impl Fn(usize) -> Owner + 'a) -> Self {
        self.owner = Some(Box::new(owner));
        self
    }

    /// What comes out of a mistake that people make: its name, what to say, the result it gives.
    pub fn suspect(
        mut self,
        name: &'static str,
        sentence: impl Into<String>,
        values: Vec<f64>,
    ) -> Self {
        self.suspects.push((name, sentence.into(), values));
        self
    }
}
