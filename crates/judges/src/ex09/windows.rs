//! Windows of a text, shuffled once an epoch.

use crate::Outcome;
use crate::rust::{expect, require, suspect};

type Pairs = (Vec<u32>, Vec<u32>);

/// The answer's functions.
pub struct Windows {
    /// `count(tokens, context)`
    pub count: fn(usize, usize) -> usize,
    /// `window(tokens, context, index)`
    pub window: fn(&[u32], usize, usize) -> Pairs,
    /// `order(windows, seed, epoch)`
    pub order: fn(usize, u64, u64) -> Vec<usize>,
    /// `batch(tokens, context, rows, seed, step)`
    pub batch: fn(&[u32], usize, usize, u64, u64) -> Pairs,
}

/// One window, then all of them, then their order, then batches.
///
/// # Errors
/// An answer is not the wanted one.
pub fn judge(mine: &Windows) -> Outcome {
    counting(mine)?;
    cutting(mine)?;
    shuffling(mine)?;
    evenness(mine)?;
    batching(mine)
}

fn counting(mine: &Windows) -> Outcome {
    let target = "the last window has no target for its last token: it would be the one after the end \
                  of the text.";
    let skips = "windows of context + 1 tokens were laid side by side, so one token in each is never \
                 read. The last target of a window is the first input of the next.";
    for (tokens, context) in
        [(13, 4), (12, 4), (15, 4), (4, 4), (5, 4), (1, 1), (2, 1), (0, 4), (1_000_001, 256)]
    {
        let want = usize::saturating_sub(tokens, 1) / context;
        let known = [
            suspect("last-window-has-no-target", target, tokens / context),
            suspect("skips-a-token", skips, tokens / (context + 1)),
        ];
        let call = format!("count({tokens}, {context})");
        expect(&call, (mine.count)(tokens, context), want, &known)?;
    }
    Ok(())
}

fn cutting(mine: &Windows) -> Outcome {
    let tokens: Vec<u32> = (10..23).collect();
    let cut = |from: usize, len: usize| tokens.iter().copied().skip(from).take(len).collect();
    for (context, index) in [(4, 0), (4, 1), (4, 2), (3, 1), (1, 11), (12, 0)] {
        let at = context * index;
        let (x, y): Pairs = (cut(at, context), cut(at + 1, context));
        let known = [
            suspect(
                "targets-not-shifted",
                "the targets are the inputs. Each is the token that comes after its input: the model \
                 is to say what it has not seen.",
                (x.clone(), x.clone()),
            ),
            suspect(
                "inputs-and-targets-exchanged",
                "inputs and targets have changed places: the model would have to say what came before.",
                (y.clone(), x.clone()),
            ),
            suspect(
                "skips-a-token",
                "the windows lie one token too far apart. Window w starts at w * context.",
                (cut(at + index, context), cut(at + index + 1, context)),
            ),
            suspect(
                "slides-by-one",
                "window w starts at token w. They lie side by side: it starts at w * context.",
                (cut(index, context), cut(index + 1, context)),
            ),
            suspect(
                "targets-shifted-twice",
                "the targets are two tokens ahead of the inputs. One is enough.",
                (x.clone(), cut(at + 2, context)),
            ),
            suspect(
                "targets-too-short",
                "the last target is missing. It is the token after the window.",
                (x.clone(), cut(at + 1, context - 1)),
            ),
        ];
        let call = format!("window(&{tokens:?}, {context}, {index})");
        expect(&call, (mine.window)(&tokens, context, index), (x, y), &known)?;
    }
    Ok(())
}

fn shuffling(mine: &Windows) -> Outcome {
    for (windows, seed, epoch) in
        [(5, 1, 0), (10, 1, 0), (10, 2, 7), (1000, 3, 1), (1, 1, 1), (0, 1, 1)]
    {
        ordered(mine, windows, seed, epoch)?;
    }
    let order = |seed, epoch| (mine.order)(64, seed, epoch);
    let says = |what: &str| format!("order(64, 1, 0)\n  diagnosis  {what}");
    let unshuffled: Vec<usize> = (0..64).collect();
    let text = says("the windows come in the order of the text.");
    require(order(1, 0) != unshuffled, "not-shuffled", text)?;
    let text = says(
        "a second call gave another order. It is a function of its arguments: resuming \
                     depends on that.",
    );
    require(order(1, 0) == order(1, 0), "differs-between-calls", text)?;
    let text = says("epoch 1 has the same order. The epoch must enter the random numbers.");
    require(order(1, 0) != order(1, 1), "same-order-every-epoch", text)?;
    let text = says("seed 2 gives the same order. The seed must enter the random numbers.");
    require(order(1, 0) != order(2, 0), "ignores-the-seed", text)?;
    let text = "order(64, 2, 0) is order(64, 1, 1)\n  diagnosis  seed and epoch are added: a run with \
                the next seed is this run, one epoch later.";
    require(order(2, 0) != order(1, 1), "seed-and-epoch-add-up", text)
}

/// An order of the answer's, which has each window once.
fn ordered(mine: &Windows, windows: usize, seed: u64, epoch: u64) -> Outcome<Vec<usize>> {
    let got = (mine.order)(windows, seed, epoch);
    let call = format!("order({windows}, {seed}, {epoch})");
    expect(&format!("{call}.len()"), got.len(), windows, &[])?;
    let mut sorted = got.clone();
    sorted.sort_unstable();
    let twice = sorted.iter().zip(sorted.iter().skip(1)).find(|(a, b)| a == b);
    let text = format!(
        "{call}\n  got        {:?}{}\n  diagnosis  window {} comes more than once, and others \
         never. An epoch visits every window once: exchange places instead of drawing windows.",
        got.get(..20).unwrap_or(&got),
        if got.len() > 20 { " and so on" } else { "" },
        twice.map_or(windows, |(window, _)| *window)
    );
    require(twice.is_none(), "visits-some-twice", text)?;
    expect(&format!("{call}, sorted"), sorted, (0..windows).collect(), &[])?;
    Ok(got)
}

/// Three windows have six orders. Over many epochs each must come about equally often.
fn evenness(mine: &Windows) -> Outcome {
    const EPOCHS: u64 = 30_000;
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let mut seen = [0u64; 6];
    for epoch in 0..EPOCHS {
        let got = (mine.order)(3, 11, epoch);
        let found = orders.iter().zip(&mut seen).find(|(order, _)| got == **order);
        let Some((_, times)) = found else {
            let text = format!("order(3, 11, {epoch})\n  got        {got:?}");
            return require(false, "visits-some-twice", text);
        };
        *times += 1;
    }
    let table: String = orders
        .iter()
        .zip(seen)
        .map(|(order, n)| format!("\n             {order:?} {n} times"))
        .collect();
    let head = format!("order(3, 11, epoch) in {EPOCHS} epochs{table}\n  diagnosis  ");
    let stays = seen[0] + seen[1] + seen[2] + seen[5];
    let text = format!(
        "{head}in no epoch does a window keep its place. It must be able to be exchanged with itself: \
         draw from those up to and including place i, which are i + 1."
    );
    require(stays > 0, "nobody-stays", text)?;
    // A fair count has a standard deviation of 65; five of them come by chance once in a million.
    let text = format!(
        "{head}some orders come more often than others. Place i is exchanged with one of those not \
         done yet, 0 to i: with any of all places there are 27 ways to six orders, which cannot be even."
    );
    let fair = EPOCHS / 6;
    require(seen.iter().all(|n| n.abs_diff(fair) < 325), "uneven-shuffle", text)
}

fn batching(mine: &Windows) -> Outcome {
    let tokens: Vec<u32> = (100..109).collect();
    for (context, rows, seed) in [(2, 2, 1), (2, 3, 1), (2, 6, 5), (4, 1, 9), (8, 2, 2)] {
        let windows = (tokens.len() - 1) / context;
        // The order is the answer's own. It was judged before, but with other numbers.
        let gather = |places: &[(u64, u64)]| -> Outcome<Pairs> {
            let mut batch = Pairs::default();
            for &(epoch, place) in places {
                let order = ordered(mine, windows, seed, epoch)?;
                #[expect(
                    clippy::indexing_slicing,
                    clippy::cast_possible_truncation,
                    reason = "`place` is a remainder by the number of windows, and all are there"
                )]
                let from = order[place as usize] * context;
                batch.0.extend(tokens.iter().skip(from).take(context));
                batch.1.extend(tokens.iter().skip(from + 1).take(context));
            }
            Ok(batch)
        };
        let (n, w) = (rows as u64, windows as u64);
        for step in 0..8 {
            let visits =
                |of: &dyn Fn(u64) -> (u64, u64)| gather(&(0..n).map(of).collect::<Vec<_>>());
            let want = visits(&|row| ((step * n + row) / w, (step * n + row) % w))?;
            let full = (w / n).max(1);
            let known = [
                suspect(
                    "batches-overlap",
                    "the batch starts at row `step` of the run. Each step before it has used `rows` of \
                     them: it starts at step * rows.",
                    visits(&|row| ((step + row) / w, (step + row) % w))?,
                ),
                suspect(
                    "stays-in-the-epoch",
                    "the rows after the end of an epoch repeat its beginning. They belong to the next \
                     epoch, which has an order of its own.",
                    visits(&|row| (step * n / w, (step * n + row) % w))?,
                ),
                suspect(
                    "always-the-first-epoch",
                    "every epoch has the order of epoch 0.",
                    visits(&|row| (0, (step * n + row) % w))?,
                ),
                suspect(
                    "a-new-epoch-each-step",
                    "every step begins a new epoch, so most windows of it are never visited.",
                    visits(&|row| (step, row % w))?,
                ),
                suspect(
                    "drops-the-rest-of-an-epoch",
                    "the windows at the end of an epoch that fill no batch are left out. Epochs follow \
                     each other without a gap.",
                    visits(&|row| (step / full, (step % full * n + row) % w))?,
                ),
            ];
            let call = format!("batch(&{tokens:?}, {context}, {rows}, {seed}, {step})");
            let got = (mine.batch)(&tokens, context, rows, seed, step);
            expect(&call, got, want, &known)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Windows, batching};
    use crate::Failure;

    /// The orders that batches are made of are asked for with numbers of their own.
    #[test]
    fn an_order_that_is_none_is_said_where_batches_are_judged() {
        type Order = fn(usize, u64, u64) -> Vec<usize>;
        let orders: [Order; 4] = [
            |_, _, _| Vec::new(),
            |windows, _, _| vec![usize::MAX; windows],
            |windows, _, _| (1..=windows).collect(),
            |windows, _, _| (0..windows).map(|w| w + (usize::MAX / 2 + 1)).collect(),
        ];
        for order in orders {
            let (count, window): (_, fn(&[u32], usize, usize) -> _) =
                (|_, _| 0, |_, _, _| Default::default());
            let mine = Windows { count, window, order, batch: |_, _, _, _, _| Default::default() };
            let failure = batching(&mine).unwrap_err();
            let Failure::Named { text, .. } = failure else { panic!("{failure}") };
            assert!(text.starts_with("order(4, 1, 0)"), "{text}");
        }
    }
}
