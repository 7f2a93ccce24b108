//! An attention, the inputs for it, and its comparison with the float64 oracle.
use strata_attention::{Attended, Gradients, Options, backward, forward};
use strata_check::oracle::attention as oracle;
use strata_check::{Check, Tolerance, guard, sample};
use strata_device::random::{philox, uniform};
use strata_device::{Device, StepState};
use strata_tensor::Tensor;

/// One attention.
#[derive(Clone, Debug)]
pub struct Case {
    pub batch: usize,
    pub heads: usize,
    pub rows: usize,
    pub keys: usize,
    pub dim: usize,
    pub causal: bool,
    pub dropout: f32,
    pub scale: Option<f32>,
    /// How the inputs lie in memory: 0 as they are, 1 heads inside rows, 2 rows apart.
    pub layout: usize,
}

pub const STATE: StepState =
    StepState { step: 7, seed: 42, lr: 0.0, loss_scale: 1.0, position: 0, reserved: [0; 3] };
const OP: u32 = 3;

impl Case {
    pub fn new(rows: usize, keys: usize, dim: usize, causal: bool) -> Self {
        let (batch, heads, layout) = (2, 3, 1);
        Case { batch, heads, rows, keys, dim, causal, dropout: 0.0, scale: None, layout }
    }

    pub fn options(&self, device: &Device) -> Options {
        let options = Options { causal: self.causal, scale: self.scale, ..Options::default() };
        let state = device.step_state(STATE).unwrap();
        options.dropout(self.dropout, OP, &state)
    }

    fn shape(&self, rows: usize) -> [usize; 4] {
        [self.batch, self.heads, rows, self.dim]
    }

    /// Numbers in the order `[batch, heads, rows, dim]` as a tensor of that shape.
    pub fn tensor(&self, device: &Device, data: &[f32], rows: usize) -> Tensor {
        let x = Tensor::from_slice(device, data, &self.shape(rows)).unwrap();
        match self.layout {
            0 => x,
            1 => x.transpose(1, 2).unwrap().contiguous().unwrap().transpose(1, 2).unwrap(),
            _ => {
                let (b, h, d) = (self.batch, self.heads, self.dim);
                let gap = Tensor::full(device, &[b, h, rows, d + 3], f32::NAN).unwrap();
                let room = gap.narrow(3, 2, d).unwrap();
                strata_tensor::ops::copy_into(&x, &room).unwrap();
                room
            }
        }
    }

    /// The mask as chapter 7 defines it: word (j / 16) % 4 of the draw j / 64 * 16 + j % 16.
    pub fn mask(&self) -> Option<Vec<f64>> {
        let kept = 1.0 / (1.0 - f64::from(self.dropout));
        let mut mask = Vec::new();
        for head in 0..self.batch * self.heads {
            for row in 0..self.rows {
                for j in 0..self.keys {
                    let counter = [(j / 64 * 16 + j % 16) as u32, row as u32, head as u32, OP];
                    let word = philox(counter, [STATE.seed, STATE.step])[j / 16 % 4];
                    mask.push(if uniform(word) >= self.dropout { kept } else { 0.0 });
                }
            }
        }
        (self.dropout > 0.0).then_some(mask)
    }

    pub fn oracle<'a>(&self, mask: &'a Option<Vec<f64>>) -> oracle::Attention<'a> {
        oracle::Attention {
            batch: self.batch,
            heads: self.heads,
            rows: self.rows,
            keys: self.keys,
            head_dim: self.dim,
            causal: self.causal,
            scale: self.scale.map_or(1.0 / (self.dim as f64).sqrt(), f64::from),
            dropout: mask.as_deref(),
        }
    }

    /// Queries, keys, values and a gradient of the output.
    pub fn data(&self, seed: u64) -> [Vec<f32>; 4] {
        let n = |rows: usize| self.shape(rows).iter().product();
        [(1, self.rows), (2, self.keys), (3, self.keys), (4, self.rows)]
            .map(|(i, rows)| sample::normal(seed * 8 + i, n(rows)))
    }

    /// Runs forward and backward on a device (with a rung forced) and compares.
    pub fn compare(&self, rung: &str, device: &Device) {
        let device = &device.with_rung("attention", rung).with_rung("attention_backward", rung);
        let data = self.data(11);
        let [q, k, v, d_out] = [0, 1, 2, 3].map(|i| {
            self.tensor(device, &data[i], if i == 0 || i == 3 { self.rows } else { self.keys })
        });
        let options = self.options(device);
        self.poison(device);
        let got = forward(&q, &k, &v, &options).unwrap();
        let grads = backward(&q, &k, &v, &got, &d_out, &options).unwrap();
        let again = forward(&q, &k, &v, &options).unwrap();
        let grads_again = backward(&q, &k, &v, &again, &d_out, &options).unwrap();

        let mask = self.mask();
        let oracle = self.oracle(&mask);
        let [q, k, v, d_out] = data.each_ref().map(|x| sample::widen(x));
        let want = oracle.forward(&q, &k, &v);
        let want_grads = oracle.backward(&q, &k, &v, &d_out);
        let check = |name: &str, got: &Tensor, again: &Tensor, want: &[f64], tolerance| {
            let (shape, got) = (got.shape().to_vec(), got.to_vec::<f32>().unwrap());
            let op = format!("attention {name} of {self:?}");
            let check = Check::new(op, rung).device(device.info().label()).output(name, &shape);
            let check = check.again(&again.to_vec::<f32>().unwrap());
            check.page("book/src/07-attention.md").compare(&got, want, &tolerance).unwrap();
        };
        let Attended { out, lse } = &got;
        check("out", out, &again.out, &want.out, Tolerance::close(4e-6, 2e-5));
        check("lse", lse, &again.lse, &want.lse, Tolerance::close(4e-6, 2e-6));
        // Sums over all queries or keys of products of sums: judged by the largest, where it is not
        // zero (with one key, no score matters).
        let largest = |want: &[f64]| want.iter().fold(0.0, |a: f64, b| a.max(b.abs()));
        let whole = |want: &[f64]| Tolerance::close(4e-6 + 1e-5 * largest(want), 0.0);
        let Gradients { dq, dk, dv } = &grads;
        check("dq", dq, &grads_again.dq, &want_grads.dq, whole(&want_grads.dq));
        check("dk", dk, &grads_again.dk, &want_grads.dk, whole(&want_grads.dk));
        check("dv", dv, &grads_again.dv, &want_grads.dv, whole(&want_grads.dv));
    }

    /// Leaves poison in the memory that outputs will be given next: what no kernel writes shows.
    fn poison(&self, device: &Device) {
        let [nq, nk] = [self.rows, self.keys].map(|n| self.shape(n).iter().product::<usize>());
        let grads = nq.next_multiple_of(64) + nk.next_multiple_of(64) + nk;
        let sizes = [nq, self.batch * self.heads * self.rows, grads];
        let _dropped = sizes.map(|n| Tensor::full(device, &[n], guard::poison_f32()).unwrap());
    }

    /// All rungs of this device.
    pub fn compare_all(&self, device: &Device) {
        for rung in rungs(device) {
            self.compare(rung, device);
        }
    }
}

/// The rungs that stand on this device.
pub fn rungs(device: &Device) -> Vec<&'static str> {
    let ladders = strata_attention::ladders();
    let here = ladders[0].rungs.iter().filter(|r| r.machines.contains(&device.machine()));
    here.map(|rung| rung.name).collect()
}
