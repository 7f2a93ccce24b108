//! What chooses, splits and gathers: each element of the result is one of the inputs', or 0, and its gradient
//! goes there. Each fails as chapter 1's op of the same name does.
use crate::Var;
use crate::arith::{smooth, sum_to};
use strata_tensor::{Result, Tensor, ops};

/// Elements of `a` where `cond` is not 0, of `b` elsewhere, broadcast ([`ops::choose`]): PyTorch's
/// `where`. Each side gets the gradient where it was chosen, and exactly 0 elsewhere.
#[doc(alias = "where")]
pub fn choose(cond: &Tensor, a: &Var, b: &Var) -> Result<Var> {
    let out = ops::choose(cond, a.value(), b.value())?;
    let (cond, shapes) = (cond.clone(), [a.shape().to_vec(), b.shape().to_vec()]);
    let inputs = [a, b];
    let slopes = smooth(a.value(), &inputs);
    Ok(Var::from_op("where", out, slopes, move |g, grads| {
        let zero = Tensor::zeros(g.device(), g.dtype(), &[])?;
        if grads.wants(0) {
            grads.add(0, sum_to(&cond.choose(g, &zero)?, &shapes[0])?)?;
        }
        if grads.wants(1) {
            grads.add(1, sum_to(&cond.choose(&zero, g)?, &shapes[1])?)?;
        }
        Ok(())
    }))
}

impl Var {
    /// The part of each matrix on and below a diagonal ([`Tensor::tril`]); its gradient is masked alike.
    pub fn tril(&self, diagonal: isize) -> Result<Var> {
        let out = self.value().tril(diagonal)?;
        let inputs = [self];
        Ok(Var::from_op("tril", out, smooth(self.value(), &inputs), move |g, grads| {
            grads.add(0, g.tril(diagonal)?)
        }))
    }

    /// The part of each matrix on and above a diagonal ([`Tensor::triu`]); its gradient is masked alike.
    pub fn triu(&self, diagonal: isize) -> Result<Var> {
        let out = self.value().triu(diagonal)?;
        let inputs = [self];
        Ok(Var::from_op("triu", out, smooth(self.value(), &inputs), move |g, grads| {
            grads.add(0, g.triu(diagonal)?)
        }))
    }

    /// Elements picked along dimension `d` ([`Tensor::gather`]). The gradient is scattered back: an element
    /// that was picked often gets the sum.
    pub fn gather(&self, d: usize, index: &Tensor) -> Result<Var> {
        let out = self.value().gather(d, index)?;
        let (index, before) = (index.clone(), self.shape().to_vec());
        let inputs = [self];
        Ok(Var::from_op("gather", out, smooth(self.value(), &inputs), move |g, grads| {
            if let Some(slot) = grads.target(0).filter(|slot| !slot.buffer().same(g.buffer())) {
                return ops::scatter_add_into(&slot, d, &index, g);
            }
            let whole = Tensor::zeros(g.device(), g.dtype(), &before)?;
            ops::scatter_add_into(&whole, d, &index, g)?;
            grads.add(0, whole)
        }))
    }

    /// A copy with the elements of `src` added where the index says ([`Tensor::scatter_add`]). The
    /// gradient passes to this variable as it is; `src` gets what stands where it was added, and 0 where
    /// the index does not reach.
    pub fn scatter_add(&self, d: usize, index: &Tensor, src: &Var) -> Result<Var> {
        let out = self.value().scatter_add(d, index, src.value())?;
        let (index, before) = (index.clone(), src.shape().to_vec());
        Ok(Var::from_op("scatter_add", out, &[self, src], move |g, grads| {
            grads.add(0, g.clone())?;
            if !grads.wants(1) {
                return Ok(());
            }
            let picked = g.gather(d, &index)?;
            if picked.shape() == before {
                return grads.add(1, picked);
            }
            let view = |whole: &Tensor| {
                let mut lengths = index.shape().iter().enumerate();
                lengths.try_fold(whole.clone(), |part, (e, &len)| part.narrow(e, 0, len))
            };
            grads.add_part(1, &picked, &view)
        }))
    }

    /// Splits along dimension `d` into parts of these lengths, which add up to its length: views.
    pub fn split(&self, d: usize, lengths: &[usize]) -> Result<Vec<Var>> {
        self.parts(d, self.value().split(d, lengths)?)
    }

    /// Splits along dimension `d` into parts of `length`, of which the last may be shorter.
    pub fn split_every(&self, d: usize, length: usize) -> Result<Vec<Var>> {
        self.parts(d, self.value().split_every(d, length)?)
    }

    /// Splits along dimension `d` into `n` parts of one length, of which the last may be shorter, or fewer.
    pub fn chunk(&self, d: usize, n: usize) -> Result<Vec<Var>> {
        self.parts(d, self.value().chunk(d, n)?)
    }

    /// The parts that the tensor was split into, each on the tape.
    fn parts(&self, d: usize, parts: Vec<Tensor>) -> Result<Vec<Var>> {
        let mut at = 0;
        let each = |part: Tensor| {
            let (start, len) = (at, part.shape()[d]);
            at += len;
            Ok(Var::from_op("split", part, &[self], move |g, grads| {
                grads.add_part(0, g, &|whole| whole.narrow(d, start, len))
            }))
        };
        parts.into_iter().map(each).collect()
    }
}
