//! Keys and values into the cache: the engine's kernel `kv_append`.

#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "rows of 3 * width made here, `from` counts their numbers; positions are dozens"
)]

use crate::{Outcome, Question, Trial};
use strata_check::{Owner, Tolerance, sample};
use strata_ml::device::StepState;
use strata_ml::transformer::LayerCache;

const WG: usize = 256;

/// The sizes of a question.
#[derive(Clone, Copy)]
struct Sizes {
    batch: usize,
    rows: usize,
    heads: usize,
    dim: usize,
    positions: usize,
    start: usize,
}

/// What may go wrong.
#[derive(Clone, Copy, PartialEq)]
enum Slip {
    None,
    FromTheStart,
    RunsOn,
    RowsTogether,
    HeadsInterleaved,
    OnePartEarly,
    AlwaysKeys,
    PartsLast,
    Spills,
}

const SLIPS: [(Slip, &str, &str); 8] = [
    (
        Slip::FromTheStart,
        "position-forgotten",
        "new rows land at position 0 and overwrite what the model has read first. They begin at \
         state's position.",
    ),
    (
        Slip::RunsOn,
        "rows-run-on",
        "the rows of the second sequence are placed behind those of the first. Every sequence begins \
         at state's position: row % p.rows counts within it.",
    ),
    (
        Slip::RowsTogether,
        "heads-not-apart",
        "the cache holds rows as qkv does, all heads of a position side by side. Attention reads a \
         head's positions in one sweep: [batch, heads, positions, head_dim].",
    ),
    (
        Slip::HeadsInterleaved,
        "heads-interleaved",
        "the columns of a row are dealt out to the heads in turn. Each head has head_dim neighbours.",
    ),
    (
        Slip::AlwaysKeys,
        "keys-for-values",
        "the values are the keys once more. p.part says which third of a row is wanted.",
    ),
    (
        Slip::OnePartEarly,
        "reads-one-part-early",
        "keys got the queries and values the keys: part 0 of qkv is the queries.",
    ),
    (
        Slip::PartsLast,
        "parts-last",
        "query, key and value are read as neighbours. In a row of qkv all queries come first, then \
         all keys, then all values.",
    ),
    (
        Slip::Spills,
        "spills-into-the-next-head",
        "rows for which there is no room were written all the same: they land on the first positions \
         of the next head, and behind the last one on somebody else's memory.",
    ),
];

pub(super) async fn judge(trial: &mut Trial) -> Outcome {
    // Queries are 1 to 4, keys 5 to 8, values 9 to 12; the middle one of three positions is theirs.
    let small = Sizes { batch: 1, rows: 1, heads: 2, dim: 2, positions: 3, start: 1 };
    let numbers: Vec<f32> = (1..=12).map(|x| x as f32).collect();
    ask(trial, small, &numbers, &[0.0; 12]).await?;
    for (batch, rows, heads, dim, positions, start) in [
        (1, 2, 1, 3, 4, 1),
        (2, 1, 2, 3, 4, 0),
        (2, 3, 3, 5, 8, 2),
        (1, 1, 1, 1, 1, 0),
        (3, 1, 4, 7, 9, 8),
        (2, 4, 3, 5, 8, 6),
        (1, 2, 2, 4, 6, 6),
        (2, 40, 3, 33, 64, 20),
    ] {
        let sizes = Sizes { batch, rows, heads, dim, positions, start };
        let qkv = sample::normal(1, batch * rows * 3 * heads * dim);
        let before = sample::normal(2, batch * heads * positions * dim);
        ask(trial, sizes, &qkv, &before).await?;
    }
    trial.contract().await
}

/// Appends to a cache that holds `before`, then looks at keys and values.
async fn ask(trial: &mut Trial, sizes: Sizes, qkv: &[f32], before: &[f32]) -> Outcome {
    let Sizes { batch, rows, heads, dim, positions, start } = sizes;
    let width = heads * dim;
    let shape = [batch, heads, positions, dim];
    let state = StepState { position: start as u32, ..StepState::default() };
    let state = trial.device().step_state(state)?;
    let input = trial.tensor(qkv, &[batch, rows, 3 * width])?;
    let cache =
        LayerCache { keys: trial.tensor(before, &shape)?, values: trial.tensor(before, &shape)? };
    cache.append(&input, &state)?;
    // Which lane brings an element; what was there before has nobody, and is never wrong by a lane.
    let owner = |i: usize| {
        let (d, place, head) = (i % dim, i / dim % positions, i / dim / positions % heads);
        let row = i / dim / positions / heads * rows + place.saturating_sub(start) % rows;
        Owner::linear(row * width + head * dim + d, WG)
    };
    for (part, name, got) in [(1, "keys", &cache.keys), (2, "values", &cache.values)] {
        let mut question = Question::new(name, got)
            .input("qkv [batch, rows, 3 * heads * head_dim]", &[batch, rows, 3 * width])
            .input("cache [batch, heads, positions, head_dim]", &shape)
            .owner(owner);
        for (slip, name, sentence) in SLIPS {
            question = question.suspect(name, sentence, held(sizes, qkv, before, part, slip));
        }
        let want = held(sizes, qkv, before, part, Slip::None);
        trial.check(question, &want, &Tolerance::Exact).await?;
    }
    Ok(())
}

/// What the cache holds afterwards.
fn held(sizes: Sizes, qkv: &[f32], before: &[f32], part: usize, slip: Slip) -> Vec<f64> {
    let Sizes { batch, rows, heads, dim, positions, start } = sizes;
    let width = heads * dim;
    let mut cache = sample::widen(before);
    for i in 0..batch * rows * width {
        let (row, column) = (i / width, i % width);
        let place = match slip {
            Slip::FromTheStart => row % rows,
            Slip::RunsOn => start + row,
            _ => start + row % rows,
        };
        let (head, d) = match slip {
            Slip::HeadsInterleaved => (column % heads, column / heads),
            _ => (column / dim, column % dim),
        };
        let from = match slip {
            Slip::OnePartEarly => (row * 3 + part - 1) * width + column,
            Slip::AlwaysKeys => (row * 3 + 1) * width + column,
            Slip::PartsLast => row * 3 * width + column * 3 + part,
            _ => (row * 3 + part) * width + column,
        };
        let to = match slip {
            Slip::RowsTogether => (row / rows * positions + place) * width + column,
            _ => ((row / rows * heads + head) * positions + place) * dim + d,
        };
        if (place < positions || slip == Slip::Spills)
            && let Some(element) = cache.get_mut(to)
        {
            *element = f64::from(qkv[from]);
        }
    }
    cache
}
