//! The way back through a broadcast.
//!
//! `x + bias` with x of shape `[64, 10]` and a bias of shape `[10]` reads every bias 64 times. On the way
//! back 64 gradients arrive for each of them, and they add up: whoever was used 64 times moves the loss
//! in 64 places. So the broadcast that read with a stride of 0 becomes a sum, by the very same walk.

/// The gradient of an input of shape `to` that was broadcast to shape `from`; `upstream` is the
/// gradient of the broadcast result, in row-major order. The shapes are known to broadcast.
pub fn unbroadcast(upstream: &[f64], from: &[usize], to: &[usize]) -> Vec<f64> {
    let missing = from.len() - to.len();
    // How far one step along each dimension of the result goes in the input.
    let mut strides = vec![0; from.len()];
    let mut step = 1;
    for d in (0..to.len()).rev() {
        // exercise: begin, about 4 lines: Set the stride of to's dimension d. Where does it stand in
        //   strides? Which dimensions stay where they are? Then make step fit for the next one.
        // stub: todo!("fill strides from the last dimension to the first");
        if to[d] != 1 {
            strides[missing + d] = step;
        }
        step *= to[d];
        // exercise: end
    }
    let mut gradient = vec![0.0; to.iter().product()];
    let mut index = vec![0; from.len()];
    for &arriving in upstream {
        // exercise: begin, about 2 lines: Which element of the input was read for the element at index?
        //   It is the one whose gradient this is.
        // stub: todo!("hand over what is arriving");
        let place: usize = index.iter().zip(&strides).map(|(i, stride)| i * stride).sum();
        gradient[place] += arriving;
        // exercise: end
        advance(&mut index, from);
    }
    gradient
}

/// The next index in row-major order: an odometer.
fn advance(index: &mut [usize], shape: &[usize]) {
    for d in (0..shape.len()).rev() {
        index[d] += 1;
        if index[d] < shape[d] {
            return;
        }
        index[d] = 0;
    }
}
