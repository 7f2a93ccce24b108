// Transpose by tiles in workgroup memory.
//
// Idea: memory hands out whole lines. 32 invocations that read 32 neighbors cost one line of 128
// bytes; 32 that read down a column cost 32 lines. A transpose written in one go does one of the two
// wrong, whichever way it is turned. So it is done in two goes: a workgroup loads a tile of 32 x 32
// along the rows of the input, waits until all of it is there, and stores it along the rows of the
// output. The turn happens in workgroup memory, where the way one walks costs nothing.
// Cost: no FLOPs; 8 bytes an element, the least there can be.
// Expected gain over one go: about three times on a GPU, if the matrix is larger than its cache: in
// one go a third of a straight copy's speed is left, and a straight copy is the ceiling.

const TILE: u32 = 32u;
const ROWS: u32 = 8u;  // rows of a tile that the 256 invocations of a workgroup move at once
// One column of padding: invocations that walk down a column touch 32 different banks.
const PITCH: u32 = TILE + 1u;

struct Params {
    rows: u32,  // of the input; the output has as many columns
    columns: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

var<workgroup> tile: array<f32, TILE * PITCH>;  // [r][c] is tile[r * PITCH + c]

@compute @workgroup_size(256)
fn transpose(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) id: vec3<u32>) {
    let lane = index % TILE;
    let first = index / TILE;
    // The corner of the workgroup's tile in the input.
    let row0 = id.y * TILE;
    let column0 = id.x * TILE;
    for (var r = first; r < TILE; r += ROWS) {
        let row = row0 + r;
        let column = column0 + lane;
        if (row < p.rows && column < p.columns) {
            tile[r * PITCH + lane] = x[row * p.columns + column];
        }
    }
    // TODO, about 8 lines: Store the tile, turned. Neighboring lanes must write neighboring
    //   elements of a row of y; nothing outside of y may be written.
}
