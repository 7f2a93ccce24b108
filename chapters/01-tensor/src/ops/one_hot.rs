use crate::{DType, Error, MAX_RANK, Result, Tensor, bytes_of, cpu};
use strata_device::{Bits32, Ladder, Launch, Rung, kernel};

const OP: &str = "one_hot";

#[derive(Debug)]
pub(super) struct Args {
    ids: Tensor,
    classes: usize,
    out: Tensor,
}

kernel! {
    pub(crate) mod classify {
        bindings { ids: read u32, out: write Bits32 }
        params {
            /// Ids times classes.
            n: usize,
            classes: usize,
            /// An id from here on is no class: of i32, what is negative comes last.
            known: usize,
        }
    }
    static NAIVE = "one_hot/1_naive"(one_hot) {
        cuda, wgsl, cpu: cpu::one_hot in "src/cpu/choose.rs"
    }
}

fn launch(a: &Args) -> Launch {
    let (n, classes) = (a.out.numel(), a.classes);
    let params = classify::Params { n, classes, known: a.ids.first_outside(classes) };
    NAIVE
        .launch(classify::Bindings { ids: a.ids.binding(), out: a.out.binding() }, params)
        .cover(n, 256)
        .cost(0.0, bytes_of([&a.ids, &a.out]))
}

pub(super) static LADDER: Ladder<Args> =
    Ladder { op: OP, rungs: &[Rung::new("1_naive", &[&NAIVE], |a, _| Ok(vec![launch(a)]))] };

/// For each id a row of `classes` numbers, 1 at the id and 0 elsewhere: ids of shape \[...\], u32 or i32,
/// become f32 of shape \[..., classes\]. An id that is no class, a negative one among them, gives a row of
/// NaN, as in an embedding.
///
/// # Errors
/// Not u32 or i32; a dimension too many, or more elements than a tensor can hold; the device fails.
pub fn one_hot(ids: &Tensor, classes: usize) -> Result<Tensor> {
    ids.expect_integers(OP)?;
    if ids.rank() == MAX_RANK {
        let reason = format!("there is no room for the classes: at most {MAX_RANK} dimensions");
        return Err(Error::shape(OP, &[ids.shape()], reason));
    }
    let shape = [ids.shape(), &[classes]].concat();
    let out = Tensor::empty_for(OP, ids.device(), DType::F32, &shape)?;
    if out.numel() > 0 {
        let args = Args { ids: ids.contiguous()?, classes, out: out.clone() };
        LADDER.run(&args, out.device())?;
    }
    Ok(out)
}
