// Which pairs of a tile of attention count, one by one.
//
// A masked or dropped pair has the weight 0, and a product adds 0 times whatever stands there: nothing,
// unless that is infinity or NaN. Where a tile holds such a number its sums are taken pair by pair, and
// what does not count is left out.
//
// The file that includes this one also includes attention and attention_mask.

// 1 once a slice of B has held an infinity or NaN.
var<workgroup> wild: atomic<u32>;

fn is_nan4(x: vec4<f32>) -> vec4<bool> {
    return (bitcast<vec4<u32>>(x) & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u);
}

fn is_wild4(x: vec4<f32>) -> bool {
    let exponents = bitcast<vec4<u32>>(x) & vec4<u32>(0x7f800000u);
    return any(exponents == vec4<u32>(0x7f800000u));
}

// The pairs of a tile: its head, first query and first key; whether its rows are keys; whether dropout
// takes pairs away.
struct Pairs {
    bh: u32,
    query: u32,
    key: u32,
    turned: bool,
    drops: bool,
}

// Whether the pair in a row and a column of the tile is neither masked nor dropped.
fn counts(t: Pairs, row: u32, column: u32) -> bool {
    let query = t.query + select(row, column, t.turned);
    let key = t.key + select(column, row, t.turned);
    let seen = query < p.rows && sees(t.bh, query, key);
    return seen && (!t.drops || dropout_mask(t.bh, query, key) > 0.0);
}
