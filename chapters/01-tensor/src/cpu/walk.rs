use rayon::prelude::*;

/// Elements one task works on: enough to pay for handing it over.
pub(super) const CHUNK: usize = 16 << 10;

/// Shape and strides, of which a kernel's params hold eight each.
pub(super) struct Walk<'a, const S: usize> {
    pub shape: &'a [usize],
    pub strides: [&'a [usize]; S],
    pub offsets: [usize; S],
}

/// Calls `work(number, chunk)` for every chunk of so many elements, in parallel. Not generic over the
/// work: what hands tasks to threads is compiled once for a type, not for each of a hundred closures.
pub(super) fn chunks<T: Send>(out: &mut [T], size: usize, work: &(dyn Fn(usize, &mut [T]) + Sync)) {
    out.par_chunks_mut(size).enumerate().for_each(|(number, chunk)| work(number, chunk));
}

impl<const S: usize> Walk<'_, S> {
    /// Where element `i` (row-major) of each operand lies.
    pub fn at(&self, mut i: usize) -> [usize; S] {
        let mut place = self.offsets;
        for d in (0..self.shape.len()).rev() {
            let size = self.shape[d];
            let here = i % size;
            i /= size;
            for s in 0..S {
                place[s] += here * self.strides[s][d];
            }
        }
        place
    }

    /// The last dimension's size and the first operand's stride there; 1 and 0 if there is none.
    pub fn last(&self) -> (usize, usize) {
        let last = |sizes: &[usize], none| sizes.last().copied().unwrap_or(none);
        (last(self.shape, 1), last(self.strides[0], 0))
    }

    /// Calls `row(out, places, steps)` for every run of elements along the last dimension, in
    /// parallel: `out[j]` belongs to the operand elements at `places[s] + j * steps[s]`.
    pub fn rows<T: Send>(
        &self,
        out: &mut [T],
        row: impl Fn(&mut [T], [usize; S], [usize; S]) + Sync,
    ) {
        self.runs(out, |_, out, places, steps| row(out, places, steps));
    }

    /// [`rows`](Self::rows), with the number of the run's first element.
    pub fn runs<T: Send>(
        &self,
        out: &mut [T],
        row: impl Fn(usize, &mut [T], [usize; S], [usize; S]) + Sync,
    ) {
        let rank = self.shape.len();
        let width = if rank == 0 { 1 } else { self.shape[rank - 1] };
        let steps = std::array::from_fn(|s| match rank {
            0 => 0,
            r => self.strides[s][r - 1],
        });
        chunks(out, CHUNK, &|c, chunk| {
            let mut done = 0;
            while done < chunk.len() {
                let i = c * CHUNK + done;
                let run = (width - i % width).min(chunk.len() - done);
                row(i, &mut chunk[done..done + run], self.at(i), steps);
                done += run;
            }
        });
    }
}
