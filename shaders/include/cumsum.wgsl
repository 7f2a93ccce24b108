// What all cumsum kernels share: what they take, and where the elements of a walk lie.
//
// The file that includes this one declares `var<uniform> p: Params`.

override INTEGER: u32 = 0u;  // 1: i32 or u32, modulo 2^32
override REVERSE: u32 = 0u;  // 1: from the last element to the first

struct Params {
    columns: u32,  // outer inner
    length: u32,
    inner: u32,
    first: u32,  // this launch takes elements first .. first + count, in the order of the walk
    count: u32,
}

// Where element j of the walk lies.
fn place(column: u32, j: u32) -> u32 {
    let at = select(j, p.length - 1u - j, REVERSE == 1u);
    return (column / p.inner * p.length + at) * p.inner + column % p.inner;
}

// The same word, which no compiler knows to be the same: WGSL lets them make (sum + term) - sum into term,
// and Mesa's does.
fn opaque(word: u32) -> u32 {
    return word ^ select(0u, 1u, p.length == 0u);
}
