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
    /// A padding mask of keys.
    pub padding: Padding,
}

/// Which keys are masked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Padding {
    /// There is no mask.
    None,
    /// The last keys of each sequence, each time others.
    Right,
    /// The first half of the keys, more than a tile of many: the first queries see nothing if causal.
    Left,
    /// Every third key, or so.
    Holes,
    /// All keys of the first sequence, and the last of the others.
    Whole,
}

impl Padding {
    pub const ALL: [Padding; 5] =
        [Padding::None, Padding::Right, Padding::Left, Padding::Holes, Padding::Whole];
}

pub const STATE: StepState =
    StepState { step: 7, seed: 42, lr: 0.0, loss_scale: 1.0, position: 0, reserved: [0; 3] };
const OP: u32 = 3;

impl Case {
    pub fn new(rows: usize, keys: usize, dim: usize, causal: bool) -> Self {
        let (batch, heads, layout) = (2, 3, 1);
        let padding = Padding::None;
        Case { batch, heads, rows, keys, dim, causal, dropout: 0.0, scale: None, layout, padding }
    }

    pub fn options(&self, device: &Device) -> Options {
        let options = Options { causal: self.causal, scale: self.scale, ..Options::default() };
        let state = device.step_state(STATE).unwrap();
        let options = options.dropout(self.dropout, OP, &state);
        match self.key_mask() {
            Some(mask) => options.masked(&self.mask_tensor(device, &mask)),
            None => options,
        }
    }

    /// Whether a key may be seen, `[batch, keys]`.
    pub fn key_mask(&self) -> Option<Vec<bool>> {
        let last = |b: usize| self.keys - (b * 5 + 3).min(self.keys * 2 / 3);
        let open = |b: usize, key: usize| match self.padding {
            Padding::None => true,
            Padding::Right => key < last(b),
            Padding::Left => key >= self.keys / 2 + b,
            Padding::Holes => (key * 7 + b) % 3 != 1,
            Padding::Whole => b > 0 && key < last(b),
        };
        let all = (0..self.batch).flat_map(|b| (0..self.keys).map(move |key| (b, key)));
        let all = all.map(|(b, key)| open(b, key)).collect();
        (self.padding != Padding::None).then_some(all)
    }

    /// The mask as a tensor, of another dtype and layout for each kind of it. What is not 0 is any
    /// number, and -0 is 0.
    fn mask_tensor(&self, device: &Device, mask: &[bool]) -> Tensor {
        let shape = [self.batch, self.keys];
        let words = |open: u32, masked: u32| -> Vec<u32> {
            let word = |(i, &on): (usize, &bool)| match on {
                true => {
                    if i % 2 == 0 {
                        open
                    } else {
                        1
                    }
                }
                false => {
                    if i % 2 == 0 {
                        masked
                    } else {
                        0
                    }
                }
            };
            mask.iter().enumerate().map(word).collect()
        };
        match self.padding {
            Padding::Left => Tensor::from_slice(device, &words(1 << 31, 0), &shape).unwrap(),
            Padding::Holes => {
                // Columns of a wider tensor.
                let inner: Vec<i32> = words(1 << 31, 0).into_iter().map(|w| w as i32).collect();
                let mut wide = Vec::new();
                for row in inner.chunks(self.keys.max(1)) {
                    wide.extend([[0, 1], [1, 0]].concat());
                    wide.extend_from_slice(row);
                }
                let x = Tensor::from_slice(device, &wide, &[self.batch, self.keys + 4]).unwrap();
                x.narrow(1, 4, self.keys).unwrap()
            }
            _ => {
                let numbers: Vec<f32> = words(f32::NAN.to_bits(), 1 << 31)
                    .into_iter()
                    .map(|w| if w == 1 { 0.5 } else { f32::from_bits(w) })
                    .collect();
                Tensor::from_slice(device, &numbers, &shape).unwrap()
            }
        }
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

    pub fn oracle<'a>(
        &self,
        mask: &'a Option<Vec<f64>>,
        key_mask: &'a Option<Vec<bool>>,
    ) -> oracle::Attention<'a> {
        oracle::Attention {
            batch: self.batch,
            heads: self.heads,
            rows: self.rows,
            keys: self.keys,
            head_dim: self.dim,
            causal: self.causal,
            scale: self.scale.map_or(1.0 / (self.dim as f64).sqrt(), f64::from),
            dropout: mask.as_deref(),
            key_mask: key_mask.as_deref(),
        }
    }

    /// Queries, keys, values and a gradient of the output. What is masked is no number, or infinite.
    pub fn data(&self, seed: u64) -> [Vec<f32>; 4] {
        let n = |rows: usize| self.shape(rows).iter().product();
        let mut data = [(1, self.rows), (2, self.keys), (3, self.keys), (4, self.rows)]
            .map(|(i, rows)| sample::normal(seed * 8 + i, n(rows)));
        if let Some(mask) = self.key_mask() {
            for (part, bad) in [(1, [f32::NAN, f32::INFINITY]), (2, [f32::NEG_INFINITY, f32::NAN])]
            {
                for (i, x) in data[part].iter_mut().enumerate() {
                    let (b, key) =
                        (i / self.dim / self.keys / self.heads, i / self.dim % self.keys);
                    if !mask[b * self.keys + key] {
                        *x = bad[key % 2];
                    }
                }
            }
        }
        data
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

        let (mask, key_mask) = (self.mask(), self.key_mask());
        let oracle = self.oracle(&mask, &key_mask);
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
        // Where it is, what is left are the roundings of as many products as there are rows.
        let (terms, rows) = (self.dim as f64, self.rows.max(self.keys) as f64);
        let left = 2.0 * (terms.sqrt() + 8.0) * rows.sqrt() / f64::from(1u32 << 24);
        let whole = |want: &[f64]| Tolerance::close(4e-6 + left + 1e-5 * largest(want), 0.0);
        let Gradients { dq, dk, dv } = &grads;
        check("dq", dq, &grads_again.dq, &want_grads.dq, whole(&want_grads.dq));
        check("dk", dk, &grads_again.dk, &want_grads.dk, whole(&want_grads.dk));
        check("dv", dv, &grads_again.dv, &want_grads.dv, whole(&want_grads.dv));
        self.nothing_from_nowhere(&got, &grads);
    }

    /// What sees nothing is exactly 0, and so is what nobody sees.
    fn nothing_from_nowhere(&self, attended: &Attended, grads: &Gradients) {
        let Some(mask) = self.key_mask() else { return };
        let read = |x: &Tensor| x.to_vec::<f32>().unwrap();
        let zero = |x: &Tensor, rows: usize, blank: &dyn Fn(usize, usize) -> bool| {
            for (i, &x) in read(x).iter().enumerate() {
                let (b, row) = (i / self.dim / rows / self.heads, i / self.dim % rows);
                assert!(x == 0.0 || !blank(b, row), "{x} of row {row} in sequence {b} of {self:?}");
            }
        };
        let seen =
            |row: usize| if self.causal { self.keys - self.rows + row + 1 } else { self.keys };
        let blank = |b: usize, row: usize| (0..seen(row)).all(|key| !mask[b * self.keys + key]);
        let masked = |b: usize, key: usize| !mask[b * self.keys + key];
        zero(&attended.out, self.rows, &blank);
        zero(&grads.dq, self.rows, &blank);
        zero(&grads.dk, self.keys, &masked);
        zero(&grads.dv, self.keys, &masked);
        for (i, &lse) in read(&attended.lse).iter().enumerate() {
            let blank = blank(i / self.rows / self.heads, i % self.rows);
            assert_eq!(blank, lse == f32::NEG_INFINITY, "log-sum-exp {lse} of {i} in {self:?}");
        }
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
