use super::elementwise::pairs;
use strata_device::CpuArgs;

/// Params as zip's. Constants: OP, and SIGNED for i32.
pub(crate) fn zip_integers(mut args: CpuArgs) {
    let [a, b, mut out] = args.take();
    let (a, b, out) = (a.of::<u32>(), b.of::<u32>(), out.of_mut::<u32>());
    let signed = args.constant("SIGNED", 0) == 1;
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
    match args.constant("OP", 0) {
        0 => pairs(&args, a, b, out, u32::wrapping_add),
        1 => pairs(&args, a, b, out, u32::wrapping_sub),
        2 => pairs(&args, a, b, out, u32::wrapping_mul),
        3 => pairs(&args, a, b, out, quotient),
        4 => pairs(&args, a, b, out, |x, y| if below(x, y) { y } else { x }),
        5 => pairs(&args, a, b, out, |x, y| if below(x, y) { x } else { y }),
        7 => pairs(&args, a, b, out, |x, y| truth(x == y)),
        8 => pairs(&args, a, b, out, |x, y| truth(below(y, x))),
        9 => pairs(&args, a, b, out, |x, y| if y == 0 { 0 } else { x }),
        10 => pairs(&args, a, b, out, |x, y| truth(x != y)),
        11 => pairs(&args, a, b, out, |x, y| truth(below(x, y))),
        12 => pairs(&args, a, b, out, |x, y| truth(!below(y, x))),
        13 => pairs(&args, a, b, out, |x, y| truth(!below(x, y))),
        _ => pairs(&args, a, b, out, remainder),
    }
}
