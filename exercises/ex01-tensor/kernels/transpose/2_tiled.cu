// Transpose by tiles in shared memory.
//
// Idea: memory hands out whole lines. The 32 threads of a warp that read 32 neighbors cost one line of
// 128 bytes; 32 threads that read down a column cost 32 lines. A transpose written in one go does one
// of the two wrong, whichever way it is turned. So it is done in two goes: a block loads a tile of
// 32 x 32 along the rows of the input, waits until all of it is there, and stores it along the rows of
// the output. The turn happens in shared memory, where the way one walks costs nothing.
// Cost: no FLOPs; 8 bytes an element, the least there can be.
// Expected gain over one go: about three times on a card, if the matrix is larger than its
// cache: in one go a third of a straight copy's speed is left, and a straight copy is the ceiling.

#define TILE 32
#define ROWS 8  // rows of a tile that the 256 threads of a block move at once

struct Params {
    unsigned rows;  // of the input; the output has as many columns
    unsigned columns;
};

extern "C" __global__ void __launch_bounds__(TILE * ROWS) transpose(const float* x, float* y, Params p) {
    // One column of padding: threads that walk down a column touch 32 different banks.
    __shared__ float tile[TILE][TILE + 1];
    unsigned lane = threadIdx.x % TILE, first = threadIdx.x / TILE;
    // The corner of the block's tile in the input.
    unsigned row0 = blockIdx.y * TILE, column0 = blockIdx.x * TILE;
    for (unsigned r = first; r < TILE; r += ROWS) {
        unsigned row = row0 + r, column = column0 + lane;
        if (row < p.rows && column < p.columns) tile[r][lane] = x[row * p.columns + column];
    }
    // TODO, about 7 lines: Store the tile, turned. Neighboring lanes must write neighboring
    //   elements of a row of y; nothing outside of y may be written.
}
