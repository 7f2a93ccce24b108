//! One of two, a triangle of a matrix, and one of many.

use super::index::{expect_len, indices, len};
use super::zip::{broadcast_shape, source};

/// A tensor: its elements and its shape.
pub type Shaped<'a> = (&'a [f64], &'a [usize]);

/// `y[i] = a[i]` where `cond[i]` is not 0 (NaN is not), else `b[i]`; all three broadcast. Panics if they
/// do not.
pub fn choose(cond: Shaped, a: Shaped, b: Shaped) -> Vec<f64> {
    for (data, shape) in [cond, a, b] {
        expect_len("where", data, len(shape));
    }
    let both = broadcast_shape(a.1, b.1);
    let Some(shape) = both.and_then(|both| broadcast_shape(cond.1, &both)) else {
        panic!("where: shapes {:?}, {:?} and {:?} do not broadcast", cond.1, a.1, b.1)
    };
    let at = |(data, shape): Shaped, i: &[usize]| data[source(i, shape)];
    indices(&shape).map(|i| if at(cond, &i) != 0.0 { at(a, &i) } else { at(b, &i) }).collect()
}

/// The last two dimensions are rows and columns; what lies above the diagonal `column - row = diagonal`
/// is 0.
pub fn tril(x: &[f64], shape: &[usize], diagonal: i64) -> Vec<f64> {
    triangle(x, shape, |right| right <= diagonal)
}

/// What lies below the diagonal is 0.
pub fn triu(x: &[f64], shape: &[usize], diagonal: i64) -> Vec<f64> {
    triangle(x, shape, |right| right >= diagonal)
}

fn triangle(x: &[f64], shape: &[usize], kept: impl Fn(i64) -> bool) -> Vec<f64> {
    expect_len("x", x, len(shape));
    let &[.., rows, columns] = shape else { panic!("{shape:?} is no matrix") };
    let right = |flat: usize| (flat % columns) as i64 - (flat / columns % rows) as i64;
    x.iter().enumerate().map(|(flat, &x)| if kept(right(flat)) { x } else { 0.0 }).collect()
}

/// A row of `classes` numbers for each id: 1 at the id, 0 elsewhere; NaN for an id that is no class.
pub fn one_hot(ids: &[i64], classes: usize) -> Vec<f64> {
    let mut y = Vec::with_capacity(ids.len() * classes);
    for &id in ids {
        for class in 0..classes as i64 {
            let inside = 0 <= id && id < classes as i64;
            y.push(if !inside { f64::NAN } else { f64::from(u8::from(class == id)) });
        }
    }
    y
}
