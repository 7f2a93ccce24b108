// include: rank
// Top k by sorting: the k largest elements of each row, the largest first, and where they stood.
//
// Idea: a bitonic sort (Batcher, 1968). Two sorted halves, one of them read backwards, are a row that
// first rises and then falls; comparing every element with the one half a row on leaves the smaller
// ones in front, and each half is such a row again. So blocks of 2, 4, 8, .. are sorted by turns up and
// down, log2(n) (log2(n) + 1) / 2 launches in all, each of which compares every element once and asks
// nothing of its neighbors. Rows are filled up to a power of two with what comes last of all.
// Cost: 16 bytes an element and launch. Expected gain over k passes: none for a few, everything for many:
// n log2(n)^2 / 2 instead of n k.

override WG: u32 = 256u;

struct Params {
    rows: u32,
    width: u32,
    k: u32,
    padded: u32,    // the width, up to a power of two
    block: u32,     // a sorted block after this stage
    distance: u32,  // between the two that are compared
}

@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> pairs: array<vec2<u32>>;  // rank and place
@group(0) @binding(2) var<storage, read_write> values: array<u32>;
@group(0) @binding(3) var<storage, read_write> places: array<u32>;
@group(0) @binding(4) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn load(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    for (var i = id.x; i < p.rows * p.padded; i += groups.x * WG) {
        let at = i % p.padded;
        var pair = vec2<u32>(0xffffffffu, at);
        if (at < p.width) {
            pair.x = rank(x[i / p.padded * p.width + at]);
        }
        pairs[i] = pair;
    }
}

// region: compare
@compute @workgroup_size(WG)
fn compare(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    for (var i = id.x; i < p.rows * p.padded / 2u; i += groups.x * WG) {
        let low = i / p.distance * 2u * p.distance + i % p.distance;
        let a = pairs[low];
        let b = pairs[low + p.distance];
        let rises = ((low % p.padded) & p.block) == 0u;
        if (before(b, a) == rises) {
            pairs[low] = b;
            pairs[low + p.distance] = a;
        }
    }
}
// end: compare

@compute @workgroup_size(WG)
fn store(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    for (var i = id.x; i < p.rows * p.k; i += groups.x * WG) {
        let row = i / p.k;
        let at = pairs[row * p.padded + i % p.k].y;
        values[i] = x[row * p.width + at];
        places[i] = at;
    }
}
