// A product with a transpose: c = a b^T with a [m, k], b [n, k] and c [m, n], all lying row by row.
//
// A linear layer y = x w has this product in its backward pass, dx = dy w^T, and attention has it in its
// forward pass, q k^T. Nothing is transposed beforehand: c[i, j] is row i of a times row j of b.
//
// Idea: tiles of 16 x 16 again. Rows are now what both matrices are read along, so that threads with
// neighboring x read neighbors in both; a tile of b holds 16 of its rows, and a column of the result
// belongs to a row of that tile.
// Cost: 2 m n k FLOPs; 8 m n k / 16 bytes from global memory instead of 8 m n k.
// Expected gain over one dot product a thread: two to four times; and there more, for neighbors there
// read k numbers apart.
#define TILE 16

struct Params {
    unsigned m, n, k;
};

extern "C" __global__ void __launch_bounds__(TILE * TILE)
matmul_nt(const float* a, const float* b, float* c, Params p) {
    // [row of a][term] and [row of b][term]. One column of padding: threads that walk down a column touch
    // 16 different banks.
    __shared__ float a_tile[TILE][TILE + 1], b_tile[TILE][TILE + 1];
    unsigned x = threadIdx.x % TILE, y = threadIdx.x / TILE;
    unsigned wide = (p.n + TILE - 1) / TILE, high = (p.m + TILE - 1) / TILE;
    for (unsigned tile = blockIdx.x; tile < high * wide; tile += gridDim.x) {
        // This block's corner of c. Mine is c[i0 + y, j0 + x].
        unsigned i0 = tile / wide * TILE, j0 = tile % wide * TILE;
        float sum = 0.0f;
        // TODO, about 9 lines: For every 16 terms fill both tiles, one element of each, reading
        //   along the rows; what lies outside is 0. Then add the 16 products that are mine. Two waits.
        if (i0 + y < p.m && j0 + x < p.n) {
            c[(i0 + y) * p.n + (j0 + x)] = sum;
        }
    }
}
