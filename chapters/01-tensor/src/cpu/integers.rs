use super::elementwise::each_pair;
use crate::ops::zip::integers;

/// Constants: OP, and SIGNED for i32.
pub(crate) fn zip_integers(integers::Cpu { a, b, out, params, constants }: integers::Cpu) {
    let (p, out) = (&params, bytemuck::cast_slice_mut(out));
    let signed = constants.get("SIGNED", 0) == 1;
    // The order of i32 is that of the words whose top bit is flipped.
    let flip = if signed { 1 << 31 } else { 0 };
    let below = |x: u32, y: u32| (x ^ flip) < (y ^ flip);
    let quotient = |x: u32, y: u32| match (y, signed) {
        (0, _) => x,
        (_, true) => (x as i32).wrapping_div(y as i32) as u32,
        (_, false) => x / y,
    };
    let remainder = |x: u32, y: u32| match y {
        0 => 0,
        _ => x.wrapping_sub(y.wrapping_mul(quotient(x, y))),
    };
    // A comparison's answer is an f32.
    let truth = |t: bool| if t { 1f32.to_bits() } else { 0 };
    match constants.get("OP", 0) {
        0 => each_pair(p, a, b, out, u32::wrapping_add),
        1 => each_pair(p, a, b, out, u32::wrapping_sub),
        2 => each_pair(p, a, b, out, u32::wrapping_mul),
        3 => each_pair(p, a, b, out, quotient),
        4 => each_pair(p, a, b, out, |x, y| if below(x, y) { y } else { x }),
        5 => each_pair(p, a, b, out, |x, y| if below(x, y) { x } else { y }),
        7 => each_pair(p, a, b, out, |x, y| truth(x == y)),
        8 => each_pair(p, a, b, out, |x, y| truth(below(y, x))),
        9 => each_pair(p, a, b, out, |x, y| if y == 0 { 0 } else { x }),
        10 => each_pair(p, a, b, out, |x, y| truth(x != y)),
        11 => each_pair(p, a, b, out, |x, y| truth(below(x, y))),
        12 => each_pair(p, a, b, out, |x, y| truth(!below(y, x))),
        13 => each_pair(p, a, b, out, |x, y| truth(!below(x, y))),
        _ => each_pair(p, a, b, out, remainder),
    }
}
