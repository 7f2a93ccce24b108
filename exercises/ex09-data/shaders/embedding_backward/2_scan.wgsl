// Gradient of the token table: every row of the table looks for its tokens, with the workgroup's help.
//
// Idea: many tokens name one row, and who adds first must not be left to chance: floats do not
// associate. So the row looks for its tokens. A workgroup owns one row and 128 of its columns, one to
// an invocation. Instead of every invocation reading every id, invocation t reads id base + t and sets
// its bit in one of four shared words if that id names the row. (In which order bits are set makes no
// difference to the words: these atomics leave nothing to chance.) Nearly always all four are 0. Else
// their bits are taken from the lowest up, so that the sum runs over the tokens in order: the same
// bits every time.
// Cost: n * width additions and 8 bytes for each; and a walk of n / 128 steps for each row.
// Expected gain over 1_naive: the walk over the ids, nearly all of its time, is many times shorter.

override WG: u32 = 128u;
// The workgroup's invocations over 32.
const WORDS: u32 = 4u;

struct Params {
    n: u32,           // tokens
    width: u32,
    vocab: u32,       // rows of the table
    accumulate: u32,  // 1: add to what dtokens holds; rows that no token names stay as they are
}

@group(0) @binding(0) var<storage, read> ids: array<u32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dtokens: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

// Bit b of word w: token base + 32 w + b names the row.
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
            if (lane < WORDS) {
                atomicStore(&found[lane], 0u);
            }
            // TODO, about 8 lines: Look at one id each and set this invocation's bit if it
            //   names the row: atomicOr(&found[word], bit). Who must have done what before, and who
            //   must wait after?
            for (var w = 0u; w < WORDS; w++) {
                var bits = atomicLoad(&found[w]);
                // TODO, about 8 lines: For each bit, from the lowest up: add this
                //   invocation's column of that token's dy (if c is a column) and set named.
                //   countTrailingZeros(bits) is the lowest bit's number; bits & (bits - 1) is without it.
            }
            // TODO, about 1 line: What must be over before the next 128 ids?
        }
        let e = row * p.width + c;
        if (c < p.width) {
            // TODO, about 5 lines: Store sum, or add it, as accumulate asks.
        }
    }
}
