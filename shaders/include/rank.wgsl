// The order in which the largest come first: a number that grows as f32 get smaller.

// 0 for NaN, then from infinity down to -infinity, by the bits of an f32; both zeros are one.
fn rank(bits: u32) -> u32 {
    let size = bits & 0x7fffffffu;
    if (size > 0x7f800000u) {
        return 0u;
    }
    return select(0x7fffffffu - size, 0x7fffffffu + size, bits > 0x7fffffffu);
}

// Whether a comes before b: by rank, then by place.
fn before(a: vec2<u32>, b: vec2<u32>) -> bool {
    return a.x < b.x || (a.x == b.x && a.y < b.y);
}
