//! Who wrote an element: the map from a flat index to a workgroup and a lane in it.

/// A workgroup (CUDA: block) and a lane in it (CUDA: thread).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Owner {
    /// The workgroup's place in the grid: x, y, z.
    pub workgroup: [u32; 3],
    /// The lane's number in its workgroup.
    pub lane: u32,
}

impl Owner {
    /// One element a lane, `size` lanes a workgroup.
    pub fn linear(i: usize, size: usize) -> Self {
        Self { workgroup: [(i / size) as u32, 0, 0], lane: (i % size) as u32 }
    }

    /// One row of `cols` elements a workgroup; its `size` lanes stride along it.
    pub fn row(i: usize, cols: usize, size: usize) -> Self {
        Self { workgroup: [(i / cols) as u32, 0, 0], lane: (i % cols % size) as u32 }
    }

    /// One tile of a `[batch, m, n]` matrix a workgroup, `each` elements of it a lane. The grid's
    /// x runs along columns, y along rows, z along the batch.
    pub fn tile(i: usize, [m, n]: [usize; 2], tile: [usize; 2], each: [usize; 2]) -> Self {
        let (batch, row, col) = (i / (m * n), i / n % m, i % n);
        let lane = (row % tile[0] / each[0]) * (tile[1] / each[1]) + col % tile[1] / each[1];
        Self {
            workgroup: [(col / tile[1]) as u32, (row / tile[0]) as u32, batch as u32],
            lane: lane as u32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Owner;

    #[test]
    fn places() {
        assert_eq!(Owner::linear(300, 256), Owner { workgroup: [1, 0, 0], lane: 44 });
        assert_eq!(Owner::row(25, 10, 4), Owner { workgroup: [2, 0, 0], lane: 1 });
        // Element [1, 17, 35] of [2, 20, 40], tiles of 16 x 16, one element a lane.
        let i = (20 + 17) * 40 + 35;
        assert_eq!(
            Owner::tile(i, [20, 40], [16, 16], [1, 1]),
            Owner { workgroup: [2, 1, 1], lane: 19 }
        );
    }
}
