// Softmax of each row, or with LOG = 1 its logarithm.
//
// Idea: a workgroup for each row, and maximum and sum in one walk instead of two. Each invocation
// keeps a pair for its share of the row: the largest number so far, and the sum of e^(x - largest).
// The invocations' pairs then become one by halves, in workgroup memory. A second walk writes the
// output; it finds the row in cache.
// Cost: 25 FLOPs and 8 bytes an element; log2(WG) + 2 barriers a row.
// Expected gain over 1_naive: ten times and more on a GPU, from requests that are whole lines.

override WG: u32 = 256u;
override LOG: u32 = 0u;

struct Params {
    rows: u32,
    width: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

var<workgroup> maxima: array<f32, 256>;
var<workgroup> sums: array<f32, 256>;

@compute @workgroup_size(WG)
fn softmax(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    for (var row = id.x; row < p.rows; row += groups.x) {
        let start = row * p.width;

        // Of nothing. Not minus infinity: a row may hold that, and -inf - -inf is not a number.
        var largest = -3.4028234e+38;
        var sum = 0.0;
        // TODO, about 9 lines: Walk along this invocation's share of the row: elements
        //   lane, lane + WG, lane + 2 WG, ... What must happen to sum when a number is above
        //   largest?

        // TODO, about 13 lines: The invocations' pairs become one, in maxima[0] and
        //   sums[0]: store yours, wait, then for half = WG / 2 down to 1 let lane join its pair
        //   with that of lane + half.
        largest = maxima[0];
        sum = sums[0];
        workgroupBarrier();  // all have read: the next row may be stored

        // TODO, about 8 lines: Write the row: its softmax, or if LOG is 1 the logarithm
        //   of it, which must be right where the softmax itself is too small for a float.
    }
}
