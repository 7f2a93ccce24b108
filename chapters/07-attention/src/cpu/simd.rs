//! The one matrix product that all of attention's tiles are made of, for each kind of vectors.
//!
//! A tile's product is small (64 x 64 x head_dim) and its operands lie in the first-level cache, so
//! one thing is left to get right: each number of A is loaded once and used for a whole row of
//! accumulators that never leave the registers.
#![allow(unsafe_code)]
use strata_lanes::{Isa, Width, fma};

/// Sizes and strides of a product `C[m, n] = A[m, k] B[k, n]`.
///
/// A has two strides, so that it can be read transposed. Rows of B and C lie side by side.
pub(super) struct Gemm {
    /// Rows of A and C, a multiple of [`ROWS`].
    pub m: usize,
    /// Columns of B and C, a multiple of [`COLUMNS`].
    pub n: usize,
    /// Terms of each sum; any number.
    pub k: usize,
    /// From one row of A to the next.
    pub a_row: usize,
    /// From one column of A to the next.
    pub a_column: usize,
    /// From one row of B to the next.
    pub b_row: usize,
    /// From one row of C to the next.
    pub c_row: usize,
    /// Adds to C instead of overwriting it.
    pub add: bool,
}

/// Rows of products come in multiples of this.
pub(super) const ROWS: usize = 8;
/// Columns of products come in multiples of this.
pub(super) const COLUMNS: usize = 32;

impl Gemm {
    /// `C = A B`, or `C += A B` if `add`, with the widest vectors.
    ///
    /// # Panics
    /// If a slice is shorter than the sizes and strides say.
    #[inline]
    pub fn run(&self, a: &[f32], b: &[f32], c: &mut [f32]) {
        self.run_with(Width::widest(), a, b, c);
    }

    fn run_with(&self, width: Width, a: &[f32], b: &[f32], c: &mut [f32]) {
        self.check(a, b, c);
        match width.isa() {
            // SAFETY: `check` has passed for these very slices, and there is a `Width` of this kind only
            // where the processor has said that it knows AVX-512F.
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => unsafe { x86::avx512(self, a.as_ptr(), b.as_ptr(), c.as_mut_ptr()) },
            // SAFETY: as above; here AVX2 and FMA.
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => unsafe { x86::avx2(self, a.as_ptr(), b.as_ptr(), c.as_mut_ptr()) },
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => portable::<true, 16>(self, a, b, c),
            Isa::Portable => portable::<false, 8>(self, a, b, c),
        }
    }

    fn check(&self, a: &[f32], b: &[f32], c: &[f32]) {
        // Saturating: a sum that no integer holds is longer than any slice.
        let last = |n: usize, stride: usize| n.saturating_sub(1).saturating_mul(stride);
        assert!(self.m.is_multiple_of(ROWS) && self.n.is_multiple_of(COLUMNS));
        if self.m > 0 && self.n > 0 {
            assert!(last(self.m, self.c_row).saturating_add(self.n) <= c.len());
            if self.k > 0 {
                let last_a = last(self.m, self.a_row).saturating_add(last(self.k, self.a_column));
                assert!(last_a < a.len());
                assert!(last(self.k, self.b_row).saturating_add(self.n) <= b.len());
            }
        }
    }
}

/// Blocks of 4 x `NR` accumulators, of which the compiler makes vectors.
fn portable<const FMA: bool, const NR: usize>(g: &Gemm, a: &[f32], b: &[f32], c: &mut [f32]) {
    const MR: usize = 4;
    for j in (0..g.n).step_by(NR) {
        for i in (0..g.m).step_by(MR) {
            let mut sums = [[0f32; NR]; MR];
            for p in 0..g.k {
                let b = &b[p * g.b_row + j..][..NR];
                for (r, sums) in sums.iter_mut().enumerate() {
                    let a = a[(i + r) * g.a_row + p * g.a_column];
                    for (sum, b) in sums.iter_mut().zip(b) {
                        *sum = fma::<FMA>(a, *b, *sum);
                    }
                }
            }
            for (r, sums) in sums.iter().enumerate() {
                let c = &mut c[(i + r) * g.c_row + j..][..NR];
                for (c, sum) in c.iter_mut().zip(sums) {
                    *c = if g.add { *c + sum } else { *sum };
                }
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Gemm;
    use std::arch::x86_64::*;

    /// The product for one vector type: a block of `$rows` x `$vectors` accumulators, for each term
    /// of the sums `$vectors` loads from B and `$rows` broadcasts from A.
    macro_rules! gemm {
        ($name:ident, $features:literal, $lanes:literal, $rows:literal, $vectors:literal,
         $zero:ident, $load:ident, $broadcast:ident, $fma:ident, $plus:ident, $store:ident) => {
            /// # Safety
            /// The processor has the features, and [`Gemm::check`] has passed.
            #[target_feature(enable = $features)]
            pub(super) unsafe fn $name(g: &Gemm, a: *const f32, b: *const f32, c: *mut f32) {
                for j in (0..g.n).step_by($lanes * $vectors) {
                    for i in (0..g.m).step_by($rows) {
                        let mut sums = [[$zero(); $vectors]; $rows];
                        for p in 0..g.k {
                            // SAFETY: p < k, and n is a multiple of the block's width, so that
                            // j + that width <= n: `check` found the last such element within B.
                            let row = unsafe { b.add(p * g.b_row + j) };
                            let mut terms = [$zero(); $vectors];
                            for v in 0..$vectors {
                                // SAFETY: as above.
                                terms[v] = unsafe { $load(row.add(v * $lanes)) };
                            }
                            for r in 0..$rows {
                                // SAFETY: m is a multiple of the block's height, so that i + r < m;
                                // p < k. `check` found the last such element within A.
                                let x = unsafe { *a.add((i + r) * g.a_row + p * g.a_column) };
                                let x = $broadcast(x);
                                for v in 0..$vectors {
                                    sums[r][v] = $fma(x, terms[v], sums[r][v]);
                                }
                            }
                        }
                        for r in 0..$rows {
                            for v in 0..$vectors {
                                // SAFETY: i + r < m and j + the block's width <= n, as above: `check`
                                // found the last such element within C, which is ours to write.
                                unsafe {
                                    let at = c.add((i + r) * g.c_row + j + v * $lanes);
                                    let sum = sums[r][v];
                                    $store(at, if g.add { $plus($load(at), sum) } else { sum });
                                }
                            }
                        }
                    }
                }
            }
        };
    }

    gemm!(
        avx512,
        "avx512f",
        16,
        8,
        2,
        _mm512_setzero_ps,
        _mm512_loadu_ps,
        _mm512_set1_ps,
        _mm512_fmadd_ps,
        _mm512_add_ps,
        _mm512_storeu_ps
    );
    gemm!(
        avx2,
        "avx2,fma",
        8,
        4,
        2,
        _mm256_setzero_ps,
        _mm256_loadu_ps,
        _mm256_set1_ps,
        _mm256_fmadd_ps,
        _mm256_add_ps,
        _mm256_storeu_ps
    );
}

#[cfg(test)]
mod tests {
    use super::{Gemm, Width};

    /// A product with A read as it stands or transposed, written or added.
    fn product(width: Width, transposed: bool, add: bool) {
        let (m, n, k) = (16, 64, 7);
        let (a_row, a_column) = if transposed { (1, m + 3) } else { (k + 2, 1) };
        let numbers = |n: usize| (0..n).map(|i| (i * 7 % 11) as f32 - 5.0).collect::<Vec<_>>();
        let (a, b, start) = (numbers(16 * 20), numbers(k * (n + 1)), numbers(m * (n + 5)));
        let g = Gemm { m, n, k, a_row, a_column, b_row: n + 1, c_row: n + 5, add };
        let mut c = start.clone();
        g.run_with(width, &a, &b, &mut c);
        for (at, (got, start)) in c.iter().zip(start).enumerate() {
            let (i, j) = (at / (n + 5), at % (n + 5));
            let terms = (0..k).map(|p| a[i * a_row + p * a_column] * b[p * (n + 1) + j]);
            let want = match j < n {
                true => terms.sum::<f32>() + if add { start } else { 0.0 },
                false => start,
            };
            assert_eq!(*got, want, "{width:?}, row {i}, column {j}");
        }
    }

    #[test]
    fn products_are_right_at_every_width() {
        for width in Width::all() {
            for (transposed, add) in [(false, false), (true, false), (false, true), (true, true)] {
                product(width, transposed, add);
            }
        }
    }
}
