//! Packing: a block of a matrix copied into panels, in the order in which it will be read.
//!
//! A microkernel walks down k and wants, at each step, the next few rows of `a` (or columns of `b`)
//! side by side. However the matrix lies, transposed or not, after packing it lies like this; the
//! copy costs m·k against m·n·k multiplications.

/// A matrix seen from the side that is packed into panels: lines (rows of `a`, columns of `b`) and
/// their elements along k.
#[derive(Clone, Copy)]
pub(super) struct Lines<'a> {
    pub data: &'a [f32],
    /// From one line to the next.
    pub line: usize,
    /// From one element along k to the next.
    pub k: usize,
}

/// Packs lines `start .. start + lines` and elements `from .. from + depth` of each into one panel
/// that is `W` lines wide; lines that are missing become zeros.
#[inline(always)]
fn panel<const W: usize>(
    panel: &mut [f32],
    of: Lines,
    (start, lines): (usize, usize),
    (from, depth): (usize, usize),
) {
    let base = start * of.line + from * of.k;
    let panel = &mut panel[..W * depth];
    if of.line == 1 {
        // Lines side by side: whole pieces move.
        for (l, out) in panel.chunks_exact_mut(W).enumerate() {
            let at = base + l * of.k;
            if lines == W {
                out.copy_from_slice(&of.data[at..at + W]);
            } else {
                out[..lines].copy_from_slice(&of.data[at..at + lines]);
                out[lines..].fill(0.0);
            }
        }
        return;
    }
    // Each line runs along k: a transpose, W lines at a time.
    const BLOCK: usize = 16;
    if lines == W && of.k == 1 {
        let whole = depth / BLOCK * BLOCK;
        let line = |i: usize| &of.data[base + i * of.line..][..depth];
        for l in (0..whole).step_by(BLOCK) {
            let out = &mut panel[l * W..(l + BLOCK) * W];
            for i in 0..W {
                let from: &[f32] = &line(i)[l..l + BLOCK];
                for j in 0..BLOCK {
                    out[j * W + i] = from[j];
                }
            }
        }
        for i in 0..W {
            for l in whole..depth {
                panel[l * W + i] = line(i)[l];
            }
        }
        return;
    }
    for (l, out) in panel.chunks_exact_mut(W).enumerate() {
        for (i, o) in out.iter_mut().enumerate() {
            *o = if i < lines { of.data[base + i * of.line + l * of.k] } else { 0.0 };
        }
    }
}

/// [`panel`] for each width that a microkernel has.
#[inline(always)]
pub(super) fn pack(
    width: usize,
    out: &mut [f32],
    of: Lines,
    lines: (usize, usize),
    depth: (usize, usize),
) {
    match width {
        4 => panel::<4>(out, of, lines, depth),
        6 => panel::<6>(out, of, lines, depth),
        8 => panel::<8>(out, of, lines, depth),
        12 => panel::<12>(out, of, lines, depth),
        14 => panel::<14>(out, of, lines, depth),
        16 => panel::<16>(out, of, lines, depth),
        _ => panel::<32>(out, of, lines, depth),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_hold_the_lines_in_reading_order() {
        let (lines, k) = (70, 50);
        let data: Vec<f32> = (0..lines * k).map(|i| i as f32).collect();
        for width in [4, 6, 8, 12, 14, 16, 32] {
            for (line, step) in [(k, 1), (1, lines)] {
                let of = Lines { data: &data, line, k: step };
                for ((start, count), (from, depth)) in
                    [((0, width), (0, k)), ((3, width), (7, 33)), ((5, width - 1), (2, 20))]
                {
                    let mut out = vec![f32::NAN; width * depth];
                    pack(width, &mut out, of, (start, count), (from, depth));
                    for l in 0..depth {
                        for i in 0..width {
                            let at = (start + i) * line + (from + l) * step;
                            let want = if i < count { data[at] } else { 0.0 };
                            assert_eq!(out[l * width + i], want, "{width} {line} {l} {i}");
                        }
                    }
                }
            }
        }
    }
}
