// The maximum m of a row and its sum s of e^(x - m), in one walk (Milakov and Gimelshein, "Online
// normalizer calculation for softmax", 2018).
//
// A running sum is kept relative to the running maximum. When a larger x comes, what was summed so
// far shrinks by e^(old - new); else x adds e^(x - m). Either way one exponential, of -|x - m|. Two
// such pairs join by the same rule, so a row can be split among the invocations of a workgroup.
//
// NaN and +inf make the sum NaN, as they make the softmax.
//
// Include `math` and `reduce` before it.

struct Online {
    max: f32,
    sum: f32,
}

// Of nothing. Not minus infinity: a row may hold that, and -inf - -inf is not a number.
fn online_start() -> Online {
    return Online(-3.4028234e+38, 0.0);
}

// region: add
fn online_add(o: Online, x: f32) -> Online {
    let e = exp_nan(-abs(x - o.max));
    if (x > o.max) {
        return Online(x, o.sum * e + 1.0);
    }
    return Online(o.max, o.sum + e);
}
// end: add

// region: join
// The pair of the whole row from each invocation's own; every invocation makes the call.
fn online_join(o: Online, lane: u32) -> Online {
    let largest = block_max(o.max, lane);
    return Online(largest, block_sum(o.sum * exp_nan(o.max - largest), lane));
}
// end: join
