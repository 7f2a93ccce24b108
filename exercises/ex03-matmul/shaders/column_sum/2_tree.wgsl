// Column sums by many workgroups: out[j] = x[0, j] + x[1, j] + ... It is the gradient of a bias, which
// the forward pass added to every row.
//
// Idea: an invocation for each column is too little for a GPU: a matrix has 16,384 rows and 384 columns.
// So a workgroup takes 32 columns and a run of `length` rows. Its 8 teams of 32 lanes walk down the same
// columns side by side, each taking every eighth row of the run, and a tree in workgroup memory adds the
// 8 sums of a column. A second launch of this kernel adds the sums of the runs. No addition is left to
// chance: the same bits every time.
// Cost: m n FLOPs, 4 m n bytes and a little. Expected gain over 1_naive: with 16,384 rows of 384, 8
// times the lanes for the columns and 128 runs: the whole GPU reads at once.

override ACCUMULATE: u32 = 0u;  // 1: add to what out holds

struct Params {
    rows: u32,
    columns: u32,
    length: u32,  // rows in a run; the last may have fewer
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

var<workgroup> sums: array<f32, 256>;  // [team][lane], flat: index is the place of an invocation's own

@compute @workgroup_size(256)
fn column_sum(
    @builtin(local_invocation_index) index: u32,
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let lane = index % 32u;
    let team = index / 32u;
    let wide = (p.columns + 31u) / 32u;
    let runs = (p.rows + p.length - 1u) / p.length;
    for (var group = id.x; group < wide * runs; group += groups.x) {
        let j = group % wide * 32u + lane;
        let run = group / wide;
        // This workgroup's rows: begin to end, without end.
        let begin = run * p.length;
        let end = min(p.rows, begin + p.length);
        var sum = 0.0;
        // TODO, about 5 lines: Add this team's rows of column j to sum, every eighth of the
        //   run. There may be no column j.
        // TODO, about 8 lines: Store it in sums[index]. Then fold the 8 sums of each column
        //   into sums[lane]: the upper half of sums is added to the lower, three times.
        if (team == 0u && j < p.columns) {
            var value = sums[lane];
            if (ACCUMULATE != 0u) {
                value += out[run * p.columns + j];
            }
            out[run * p.columns + j] = value;
        }
        workgroupBarrier();  // the next round writes the sums again
    }
}
