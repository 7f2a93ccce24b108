use crate::params::{Params, View};

/// Splits the rows of tensors `[batch, heads, rows, dim]` out of the buffer they share, so that tasks
/// may write them at the same time: head after head, and for each head row after row.
///
/// The heads of a row lie side by side in memory, so a head's rows are no one slice; this walks the
/// buffer once and hands out each row to its owner.
pub(super) fn carve<'a, const N: usize>(
    mut buffer: &'a mut [f32],
    params: &Params,
    tensors: [(&View, usize); N],
) -> [Vec<&'a mut [f32]>; N] {
    let mut starts = Vec::new();
    for (t, (view, rows)) in tensors.iter().enumerate() {
        for batch in 0..params.batch {
            let slot = |head: usize, row: usize| {
                (view.at(batch, head, row), t, (batch * params.heads + head) * rows + row)
            };
            // As they lie in memory, so that sorting is little more than merging.
            match view.heads_inside_rows() {
                true => {
                    (0..*rows).for_each(|r| starts.extend((0..params.heads).map(|h| slot(h, r))))
                }
                false => {
                    (0..params.heads).for_each(|h| starts.extend((0..*rows).map(|r| slot(h, r))))
                }
            }
        }
    }
    starts.sort();
    let mut out = tensors.map(|(_, rows)| {
        let mut list: Vec<&mut [f32]> = Vec::new();
        list.resize_with(params.all_heads() * rows, Default::default);
        list
    });
    let mut at = 0;
    for (start, t, slot) in starts {
        let (_, rest) = buffer.split_at_mut(start - at);
        let (row, rest) = rest.split_at_mut(params.dim);
        out[t][slot] = row;
        buffer = rest;
        at = start + params.dim;
    }
    out
}
