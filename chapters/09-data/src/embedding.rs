//! Embedding: the row of a table that belongs to each token, plus the row of its place.
//!
//! Forward is a gather. Backward is the hard half: many tokens name one row, so their gradients must
//! be summed, and an atomic addition would sum them in another order on every run. Here each row of
//! the table looks for its own tokens instead, in increasing order: same inputs, same bits.

use crate::cpu_embedding as cpu;
use strata_autograd::Var;
use strata_device::{
    Buffer, Device, Kernel, Ladder, LadderInfo, Launch, Outcome, Rung, StepState, Stored,
    grid_steps, kernel, piece,
};
use strata_tensor::{DType, Error, Result, Tensor, bytes_of};

const OP: &str = "embedding";

#[derive(Debug)]
struct Forward {
    ids: Tensor,
    tokens: Tensor,
    positions: Option<Tensor>,
    state: Option<Buffer>,
    out: Tensor,
}

kernel! {
    /// Rows of the token table, and with the constant `POSITIONS` of the position table.
    pub(crate) mod gather {
        bindings {
            ids: read u32,
            tokens: read Stored,
            positions: read Stored,
            state: read StepState,
            out: write Outcome,
        }
        params {
            /// Tokens.
            n: usize,
            /// Tokens of one sequence.
            rows: usize,
            width: usize,
            /// Rows of the token table.
            vocab: usize,
            /// Rows of the position table.
            context: usize,
        }
    }
    static NAIVE = "embedding/1_naive"(embedding) {
        cuda, wgsl, cpu: cpu::embedding in "src/cpu_embedding.rs"
    }
}

static LADDER: Ladder<Forward> = Ladder {
    op: OP,
    rungs: &[Rung::new("1_naive", &[&NAIVE], |a, device| {
        let ([_, rows], [vocab, width]) = (matrix(&a.ids), matrix(&a.tokens));
        let n = a.ids.numel();
        let size = size_of::<StepState>();
        // What is not there is bound all the same, and never looked at.
        let state = match &a.state {
            Some(state) => state.clone(),
            None => device.alloc(size)?,
        };
        let tables = [Some(&a.tokens), a.positions.as_ref()];
        let row: usize = tables.into_iter().flatten().map(|t| width * t.dtype().size()).sum();
        let bindings = gather::Bindings {
            ids: a.ids.binding(),
            tokens: a.tokens.binding(),
            positions: a.positions.as_ref().unwrap_or(&a.tokens).binding(),
            state: state.slice(0, size),
            out: a.out.binding(),
        };
        let context = a.positions.as_ref().map_or(0, |p| matrix(p)[0]);
        Ok(vec![
            NAIVE
                .launch(bindings, gather::Params { n, rows, width, vocab, context })
                .cover(n * width, 256)
                .constant("POSITIONS", u32::from(a.positions.is_some()))
                .constant("STATE", u32::from(a.state.is_some()))
                .cost((n * width) as f64, (n * row) as f64 + bytes_of([&a.ids, &a.out])),
        ])
    })],
};

/// `out[b, t] = tokens[ids[b, t]] + positions[start + t]`, in one launch.
///
/// `ids` is u32 of shape \[batch, rows\], `tokens` \[vocabulary, width\], `positions`
/// \[context, width\] or absent; the result is \[batch, rows, width\] in the dtype of `tokens`. `start`
/// is 0, or the position that `state` (a [`StepState`]) shows, read on the device: decoding. A token
/// outside the vocabulary, or a place outside the context, gives a row of NaN and reads nothing.
///
/// # Errors
/// Shapes, dtypes or devices that do not fit; without `state`, more rows than positions.
pub fn embedding_forward(
    ids: &Tensor,
    tokens: &Tensor,
    positions: Option<&Tensor>,
    state: Option<&Buffer>,
) -> Result<Tensor> {
    embedding_forward_as(ids, tokens, positions, state, tokens.dtype())
}

/// [`embedding_forward`] with rows in another dtype than the tables': the sum is f32 and rounded once.
///
/// # Errors
/// As [`embedding_forward`].
pub fn embedding_forward_as(
    ids: &Tensor,
    tokens: &Tensor,
    positions: Option<&Tensor>,
    state: Option<&Buffer>,
    dtype: DType,
) -> Result<Tensor> {
    let [batch, rows, width, vocab] = check(ids, tokens)?;
    if let Some(positions) = positions {
        positions.expect_float(OP)?;
        tokens.same_device(OP, positions)?;
        let shapes = [ids.shape(), tokens.shape(), positions.shape()];
        let context = match *positions.shape() {
            [context, columns] if columns == width => context,
            _ => return Err(Error::shape(OP, &shapes, "positions must be [context, width]")),
        };
        if state.is_none() && rows > context {
            return Err(Error::shape(OP, &shapes, "more rows than the table has positions"));
        }
    }
    if let Some(state) = state {
        if !state.device().same(ids.device()) {
            let (a, b) = (ids.device().info().label(), state.device().info().label());
            return Err(Error::Devices { op: OP, a, b });
        }
        if state.bytes() < size_of::<StepState>() {
            let reason = "the step state is too small; Device::step_state makes one of 32 bytes";
            return Err(Error::value(OP, reason));
        }
    }
    let out = Tensor::empty(ids.device(), dtype, &[batch, rows, width])?;
    out.expect_float(OP)?;
    if out.numel() == 0 {
        return Ok(out);
    }
    if vocab == 0 {
        return Tensor::full(ids.device(), out.shape(), f32::NAN)?.cast(out.dtype());
    }
    let args = Forward {
        ids: ids.contiguous()?,
        tokens: tokens.contiguous()?,
        positions: positions.map(Tensor::contiguous).transpose()?,
        state: state.cloned(),
        out: out.clone(),
    };
    LADDER.run(&args, out.device())?;
    Ok(out)
}

/// Batch, rows, width and vocabulary of operands that fit.
fn check(ids: &Tensor, tokens: &Tensor) -> Result<[usize; 4]> {
    ids.expect_dtype(OP, DType::U32)?;
    tokens.expect_float(OP)?;
    ids.same_device(OP, tokens)?;
    match (ids.shape(), tokens.shape()) {
        (&[batch, rows], &[vocab, width]) => Ok([batch, rows, width, vocab]),
        (a, b) => Err(Error::shape(
            OP,
            &[a, b],
            "takes ids [batch, rows] and a table [vocabulary, width]",
        )),
    }
}

/// Rows and columns of what [`check`] has found to be a matrix.
fn matrix(x: &Tensor) -> [usize; 2] {
    match *x.shape() {
        [rows, columns] => [rows, columns],
        _ => [0, 0],
    }
}

#[derive(Debug)]
struct Backward {
    ids: Tensor,
    dy: Tensor,
    out: Tensor,
    accumulate: bool,
}

kernel! {
    /// Each row of the table sums the gradients of its own tokens.
    pub(crate) mod sum_tokens {
        bindings { ids: read u32, dy: read Stored, dtokens: write f32 }
        params {
            /// Tokens.
            n: usize,
            width: usize,
            /// Rows of the table.
            vocab: usize,
            /// Adds to what the table's gradient holds.
            accumulate: bool,
        }
    }
    static TOKENS = "embedding_backward/1_naive"(embedding_backward) {
        cuda, wgsl, cpu: cpu::embedding_backward_tokens in "src/cpu_embedding.rs"
    }
    static TOKENS_SCAN = "embedding_backward/2_scan"(embedding_backward) { cuda, wgsl }
}

/// Columns that one workgroup sums, one to an invocation.
const COLUMNS: u32 = 128;

/// Rounds of an invocation that looks through `n` ids for each of its rows: in `2_scan` five for 128 of
/// them, and one for each that is found; in `1_naive` one for each.
fn scan_rounds(n: usize) -> usize {
    n + 5 * n.div_ceil(COLUMNS as usize)
}

fn plan_tokens(kernel: &'static Kernel, a: &Backward, device: &Device) -> Vec<Launch> {
    let (n, [vocab, width]) = (a.ids.numel(), matrix(&a.out));
    let steps = grid_steps(vocab);
    let piece = piece(device, n, 64, |n| steps * (scan_rounds(n) + 1));
    let [of_dy, of_out] = [&a.dy, &a.out].map(|t| width * t.dtype().size());
    let launch = |from: usize| {
        let n = piece.min(n - from);
        let accumulate = a.accumulate || from > 0;
        // Rows that no token names are not touched when accumulating.
        let rows = if accumulate { 2 * n.min(vocab) } else { vocab };
        let bindings = sum_tokens::Bindings {
            ids: a.ids.binding().part(4 * from, 4 * n),
            dy: a.dy.binding().part(from * of_dy, n * of_dy),
            dtokens: a.out.binding(),
        };
        kernel
            .launch(bindings, sum_tokens::Params { n, width, vocab, accumulate })
            .spread(vocab, COLUMNS)
            .beside(width.div_ceil(COLUMNS as usize))
            .rounds(scan_rounds(n))
            .constant("WG", COLUMNS)
            .cost((n * width) as f64, (n * (4 + of_dy) + rows * of_out) as f64)
    };
    (0..n).step_by(piece).map(launch).collect()
}

static TOKENS_LADDER: Ladder<Backward> = Ladder {
    op: "embedding_backward",
    rungs: &[
        Rung::new("1_naive", &[&TOKENS], |a, device| Ok(plan_tokens(&TOKENS, a, device))),
        Rung::new("2_scan", &[&TOKENS_SCAN], |a, device| Ok(plan_tokens(&TOKENS_SCAN, a, device))),
    ],
};

kernel! {
    /// Each row of the table sums that row of all sequences.
    pub(crate) mod sum_positions {
        bindings { dy: read Stored, dpositions: write f32 }
        params {
            batch: usize,
            /// Tokens of one sequence.
            rows: usize,
            width: usize,
            /// Rows of the table.
            context: usize,
            /// Adds to what the table's gradient holds.
            accumulate: bool,
        }
    }
    static POSITIONS = "embedding_positions_backward/1_naive"(embedding_positions_backward) {
        cuda, wgsl, cpu: cpu::embedding_backward_positions in "src/cpu_embedding.rs"
    }
}

static POSITIONS_LADDER: Ladder<Backward> = Ladder {
    op: "embedding_positions_backward",
    rungs: &[Rung::new("1_naive", &[&POSITIONS], |a, device| {
        let ([batch, rows], [context, width]) = (matrix(&a.ids), matrix(&a.out));
        let used = rows * width;
        let [of_dy, of_out] = [&a.dy, &a.out].map(|t| t.dtype().size());
        let steps = grid_steps((context * width).div_ceil(256));
        let piece = piece(device, batch, 64, |n| steps * (n + 1));
        let launch = |from: usize| {
            let batch = piece.min(batch - from);
            let accumulate = a.accumulate || from > 0;
            let touched = if accumulate { 2 * rows } else { context };
            let bindings = sum_positions::Bindings {
                dy: a.dy.binding().part(of_dy * from * used, of_dy * batch * used),
                dpositions: a.out.binding(),
            };
            POSITIONS
                .launch(bindings, sum_positions::Params { batch, rows, width, context, accumulate })
                .cover(context * width, 256)
                .rounds(batch)
                .cost(
                    (batch * used) as f64,
                    (of_dy * batch * used + of_out * touched * width) as f64,
                )
        };
        Ok((0..batch).step_by(piece).map(launch).collect())
    })],
};

/// The gradient of the token table: row `v` of `dtokens` \[vocabulary, width\] is the sum of the
/// rows of `dy` \[batch, rows, width\] whose token is `v`, added to what it holds if `accumulate`.
/// The sum runs over the tokens in increasing order on every device. It is f32, and so is the table's
/// gradient, whatever `dy` is stored in.
///
/// # Errors
/// Shapes, dtypes or devices that do not fit; `dtokens` is strided.
pub fn embedding_backward(
    ids: &Tensor,
    dy: &Tensor,
    dtokens: &Tensor,
    accumulate: bool,
) -> Result<()> {
    let [batch, rows, width, _] = check(ids, dtokens)?;
    check_gradient(dy, [batch, rows, width], dtokens)?;
    if dtokens.numel() == 0 {
        return Ok(());
    }
    if ids.numel() == 0 {
        return zero_unless(accumulate, dtokens);
    }
    let (ids, dy) = (ids.contiguous()?, dy.contiguous()?);
    let args = Backward { ids, dy, out: dtokens.clone(), accumulate };
    Ok(TOKENS_LADDER.run(&args, dtokens.device())?)
}

/// The gradient of the position table \[context, width\]: row `t` is the sum of row `t` of each
/// sequence of `dy` \[batch, rows, width\], added to what it holds if `accumulate`. For training, where
/// sequences start at position 0.
///
/// # Errors
/// Shapes, dtypes or devices that do not fit; `dpositions` is strided.
pub fn embedding_positions_backward(
    ids: &Tensor,
    dy: &Tensor,
    dpositions: &Tensor,
    accumulate: bool,
) -> Result<()> {
    let [batch, rows, width, context] = check(ids, dpositions)?;
    check_gradient(dy, [batch, rows, width], dpositions)?;
    if rows > context {
        let shapes = [ids.shape(), dpositions.shape()];
        return Err(Error::shape(OP, &shapes, "more rows than the table has positions"));
    }
    if dpositions.numel() == 0 {
        return Ok(());
    }
    if ids.numel() == 0 {
        return zero_unless(accumulate, dpositions);
    }
    let args =
        Backward { ids: ids.clone(), dy: dy.contiguous()?, out: dpositions.clone(), accumulate };
    Ok(POSITIONS_LADDER.run(&args, dpositions.device())?)
}

fn check_gradient(dy: &Tensor, shape: [usize; 3], table: &Tensor) -> Result<()> {
    dy.expect_float(OP)?;
    dy.same_device(OP, table)?;
    table.expect_contiguous(OP)?;
    match dy.shape() == shape {
        true => Ok(()),
        false => Err(Error::shape(OP, &[dy.shape(), &shape], "the gradient has another shape")),
    }
}

fn zero_unless(accumulate: bool, table: &Tensor) -> Result<()> {
    if accumulate { Ok(()) } else { strata_tensor::ops::fill_bits(table, 0) }
}

/// [`embedding_forward`] on the tape. The gradients of parameters are accumulated straight into their
/// arena; those of tables are f32, whatever the rows are. With a `state` (decoding) positions get no
/// gradient: backward is an error if they want one.
///
/// # Errors
/// As [`embedding_forward`].
pub fn embedding(
    ids: &Tensor,
    tokens: &Var,
    positions: Option<&Var>,
    state: Option<&Buffer>,
) -> Result<Var> {
    embedding_as(ids, tokens, positions, state, tokens.value().dtype())
}

/// [`embedding`] with rows in another dtype than the tables': [`embedding_forward_as`] on the tape.
///
/// # Errors
/// As [`embedding_forward`].
pub fn embedding_as(
    ids: &Tensor,
    tokens: &Var,
    positions: Option<&Var>,
    state: Option<&Buffer>,
    dtype: DType,
) -> Result<Var> {
    let out = embedding_forward_as(ids, tokens.value(), positions.map(Var::value), state, dtype)?;
    let ids = ids.clone();
    let decoding = state.is_some();
    let shapes: Vec<Vec<usize>> =
        [Some(tokens), positions].iter().flatten().map(|v| v.shape().to_vec()).collect();
    let inputs: Vec<&Var> = [Some(tokens), positions].into_iter().flatten().collect();
    Ok(Var::from_op(OP, out, &inputs, move |dy, grads| {
        let runs = [embedding_backward, embedding_positions_backward];
        for (i, (shape, run)) in shapes.iter().zip(runs).enumerate() {
            if !grads.wants(i) {
                continue;
            }
            if i == 1 && decoding {
                let reason = "positions read from a step state have no gradient";
                return Err(Error::value(OP, reason));
            }
            match grads.target(i) {
                Some(target) => run(&ids, dy, &target, true)?,
                None => {
                    let table = Tensor::empty(dy.device(), DType::F32, shape)?;
                    run(&ids, dy, &table, false)?;
                    grads.add(i, table)?;
                }
            }
        }
        Ok(())
    }))
}

/// The ladders of the embedding, for the parity table.
pub fn ladders() -> Vec<LadderInfo> {
    vec![LADDER.info(), TOKENS_LADDER.info(), POSITIONS_LADDER.info()]
}
