//! Idea: the definition. Each element of the result is a row times a column.
//! Cost: 2·m·n·k FLOPs, and as many loads: nothing that was loaded is used twice.
use super::problem::solve;
use crate::ladder::product;
use rayon::prelude::*;

pub(crate) fn naive(args: product::Cpu) {
    solve(args, |problem, mut rows| {
        rows.par_iter_mut().for_each(|row| {
            let [a, b] = problem.operands(row.number / problem.m);
            let (i, strides) = (row.number % problem.m, (problem.a, problem.b));
            for j in 0..problem.n {
                let mut sum = 0.0;
                for l in 0..problem.k {
                    sum += a[i * strides.0.row + l * strides.0.col]
                        * b[l * strides.1.row + j * strides.1.col];
                }
                problem.store(row, j, &[sum], true, true);
            }
            problem.activate(row, 0..problem.n);
        });
    });
}
