use crate::{Error, Result, Tensor};

/// The parts that a tensor is split into are views, like those of [`Tensor::narrow`].
impl Tensor {
    /// Splits along dimension `d` into parts of these lengths, which add up to its length.
    ///
    /// # Errors
    /// There is no such dimension; the lengths do not add up.
    pub fn split(&self, d: usize, lengths: &[usize]) -> Result<Vec<Self>> {
        let size = self.dim("split", d)?;
        let sum = lengths.iter().try_fold(0usize, |sum, &n| sum.checked_add(n));
        if sum != Some(size) {
            let sum = sum.map_or("more than any dimension has".into(), |sum| sum.to_string());
            let reason = format!("the lengths add up to {sum}, dimension {d} has {size}");
            return Err(Error::shape("split", &[self.shape()], reason));
        }
        let mut parts = strata_device::room::vector("split", lengths.len())?;
        let mut at = 0;
        for &n in lengths {
            parts.push(self.narrow(d, at, n)?);
            at += n;
        }
        Ok(parts)
    }

    /// Splits along dimension `d` into parts of `length`, of which the last may be shorter. Of a dimension
    /// of 0 there is one part, which is empty.
    ///
    /// # Errors
    /// There is no such dimension; a length of 0.
    pub fn split_every(&self, d: usize, length: usize) -> Result<Vec<Self>> {
        let size = self.dim("split_every", d)?;
        if length == 0 {
            let reason = "parts have at least one element";
            return Err(Error::shape("split_every", &[self.shape()], reason));
        }
        self.split(d, &lengths("split_every", size, length)?)
    }

    /// Splits along dimension `d` into `n` parts of one length, of which the last may be shorter: into fewer
    /// where fewer of that length do, as in PyTorch (5 in 4 are 2, 2 and 1).
    ///
    /// # Errors
    /// There is no such dimension; no parts are asked for.
    pub fn chunk(&self, d: usize, n: usize) -> Result<Vec<Self>> {
        let size = self.dim("chunk", d)?;
        if n == 0 {
            return Err(Error::shape("chunk", &[self.shape()], "there is at least one part"));
        }
        self.split(d, &lengths("chunk", size, size.div_ceil(n).max(1))?)
    }
}

fn lengths(op: &'static str, size: usize, length: usize) -> Result<Vec<usize>> {
    let count = size.div_ceil(length).max(1);
    let mut list = strata_device::room::vector(op, count)?;
    list.extend((0..count).map(|i| length.min(size - i * length)));
    Ok(list)
}
