// Gradient of the token table, rung 2: the workgroup reads the ids together.
//
// Idea: on rung 1 every invocation reads every id. Here invocation t of a workgroup of 128 reads id
// base + t, and sets its bit in one of four shared words if that id names the workgroup's row. (The
// order in which bits are set does not matter, so these atomics keep the result deterministic.)
// Nearly always all four words are zero and the workgroup goes on; else their bits are taken from the
// lowest up, so the sum runs over the tokens in increasing order: the same bits as rung 1.
// Cost: as rung 1, but a walk over n ids takes n / 128 steps instead of n.
// Gain: the walk, nearly all of rung 1's time, becomes many times shorter.

override WG: u32 = 128u;
// The workgroup's invocations over 32.
const WORDS: u32 = 4u;

struct Params {
    n: u32,           // tokens
    width: u32,
    vocab: u32,       // rows of the table
    accumulate: u32,  // add to what the table's gradient holds
}

@group(0) @binding(0) var<storage, read> ids: array<u32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dtokens: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

var<workgroup> found: array<atomic<u32>, WORDS>;

@compute @workgroup_size(WG)
fn embedding_backward(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let c = group.y * WG + lane;
    for (var row = group.x; row < p.vocab; row += groups.x) {
        var sum = 0.0;
        var named = false;
        for (var base = 0u; base < p.n; base += WG) {
            // region: look
            if (lane < WORDS) {
                atomicStore(&found[lane], 0u);
            }
            workgroupBarrier();
            let i = base + lane;
            if (i < p.n) {
                if (ids[i] == row) {
                    atomicOr(&found[lane / 32u], 1u << (lane % 32u));
                }
            }
            workgroupBarrier();
            // end: look
            // region: sum
            for (var w = 0u; w < WORDS; w++) {
                var bits = atomicLoad(&found[w]);
                while (bits != 0u) {
                    let token = base + 32u * w + countTrailingZeros(bits);
                    if (c < p.width) {
                        sum += dy[token * p.width + c];
                    }
                    named = true;
                    bits &= bits - 1u;
                }
            }
            // end: sum
            workgroupBarrier();
        }
        let e = row * p.width + c;
        if (c < p.width) {
            if (p.accumulate == 0u) {
                dtokens[e] = sum;
            } else if (named) {
                dtokens[e] += sum;
            }
        }
    }
}
