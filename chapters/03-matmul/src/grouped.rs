//! Many products that add to places of their own in one buffer: the weight gradients of a step.
use crate::gemm::{gemm_into, prepared};
use crate::ladder::{Args, NAIVE, cost, launch};
use crate::{Epilogue, hopper};
use strata_autograd::Product;
use strata_device::{
    Arch, DType, Device, Ladder, Launch, Needs, Precision, Result as DeviceResult, Rung, Slice,
    Word, Words, kernel,
};
use strata_tensor::{Result, Tensor};

/// Products that one launch takes at most.
const MOST: usize = 32;

/// How each is cut up.
const CUT: hopper::Cut = hopper::MIDDLE;

/// Where one product's sums go, and which tiles are its own.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Problem {
    /// Of this product and of those before it.
    tiles: usize,
    m: usize,
    n: usize,
    c_offset: usize,
    c_row: usize,
}

impl Word for Problem {
    const DTYPE: DType = DType::U32;
    const WORDS: usize = 5;

    fn put(self, to: &mut Words) {
        [self.tiles, self.m, self.n, self.c_offset, self.c_row].put(to);
    }

    fn take(from: &mut std::slice::Iter<'_, u32>) -> Self {
        let [tiles, m, n, c_offset, c_row] = <[usize; 5]>::take(from);
        Problem { tiles, m, n, c_offset, c_row }
    }
}

kernel! {
    /// Operands come as tensor maps, and results leave by them: three for each product.
    pub(crate) mod group {
        bindings { c: write f32 }
        params { k: usize, alpha: f32, problem: [Problem; MOST] }
    }
    static GROUPED = "matmul/8_hopper_grouped"(matmul_grouped) { cuda }
}

/// Products that are to be one launch.
#[derive(Debug)]
pub(crate) struct Group(Vec<Args>);

/// Whether one launch can take them all: of one k, in one buffer, no place twice.
fn fits(group: &Group) -> bool {
    let Some(first) = group.0.first() else { return false };
    let dtype = first.a.tensor.dtype();
    let one = |(i, a): (usize, &Args)| {
        let out = &a.out.tensor;
        let place = |a: &Args| a.out.tensor.layout().offset;
        let own = !group.0.iter().take(i).any(|before| place(before) == place(a));
        let halves = [&a.a, &a.b].iter().all(|m| m.tensor.dtype() == dtype);
        let across = a.a.row == 1 && a.a.col != 1 && a.b.col == 1;
        let gathered = out.dtype() == DType::F32 && out.buffer().same(first.out.tensor.buffer());
        let plain = a.batches == 1 && a.k == first.k && a.accumulate;
        plain && own && halves && across && gathered && hopper::aligned(a)
    };
    group.0.len() <= MOST && group.0.iter().enumerate().all(one)
}

fn plan(group: &Group, device: &Device) -> DeviceResult<Vec<Launch>> {
    let Some(first) = group.0.first() else { return Ok(Vec::new()) };
    let mut problem = [Problem::default(); MOST];
    let (mut tiles, mut maps, mut all) = (0, Vec::new(), (0.0, 0.0));
    for (place, a) in problem.iter_mut().zip(&group.0) {
        tiles += a.m.div_ceil(hopper::TILE_M) * a.n.div_ceil(CUT.width);
        let c_offset = a.out.tensor.layout().offset;
        *place = Problem { tiles, m: a.m, n: a.n, c_offset, c_row: a.out.row };
        let (to, row) = (hopper::from_first(&a.out.tensor), a.out.row);
        let sums = hopper::results(to, DType::F32, [1, 1, a.m, a.n], [row, row, row, 1]);
        maps.extend([hopper::map(a, &a.a, a.m, false), hopper::map(a, &a.b, a.n, false), sums]);
        let (flops, bytes) = cost(a);
        all = (all.0 + flops, all.1 + bytes);
    }
    // All of the buffer: each product has a place of its own in it.
    let c = Slice { dtype: Some(DType::F32), ..first.out.tensor.buffer().whole() };
    let params = group::Params { k: first.k, alpha: 1.0, problem };
    let launch = maps
        .into_iter()
        .fold(GROUPED.launch(group::Bindings { c }, params), Launch::tensor_map)
        .constant("PROBLEMS", group.0.len() as u32)
        .constant("STORED", first.a.tensor.dtype().code())
        .cost(all.0, all.1);
    Ok(vec![hopper::shape(launch, CUT, tiles, device.info().caps.units as usize)])
}

pub(crate) static GROUPED_LADDER: Ladder<Group> = Ladder {
    op: "grouped_matmul",
    rungs: &[
        Rung::new("1_naive", &[&NAIVE], |group, device| {
            let one = |a: &Args| {
                let launch = launch(&NAIVE, a, device)?;
                Ok(launch.cover(a.batches * a.m * a.n, 256).rounds(a.k))
            };
            group.0.iter().map(one).collect()
        }),
        Rung::new("8_hopper", &[&GROUPED], plan)
            .needs(Needs { arch: Arch::Exactly(90), ..Needs::NONE })
            // Its factors are stored so, and multiplied as they are.
            .precision(Precision::Bf16)
            .exact(fits)
            .accepts(fits)
            .native(),
    ],
};

const SUM: Epilogue<'static> =
    Epilogue { alpha: 1.0, accumulate: true, bias: None, residual: None, activated: None };

/// `into += a·b` for all of them: in one launch where there is a rung that gains by it, else one by
/// one, in the list's order.
///
/// # Errors
/// As [`gemm_into`], for the first that does not fit.
pub fn add_products(products: &[Product]) -> Result<()> {
    let Some(first) = products.first() else { return Ok(()) };
    let device = first.into.device().clone();
    let forced = device.settings().rungs.contains_key(GROUPED_LADDER.op);
    for some in products.chunks(MOST) {
        let (mut group, mut list) = (Group(Vec::new()), Vec::new());
        for p in some {
            // One that does not fit must not keep the others from being one launch.
            let one = Group(prepared(&p.into, &p.a, &p.b, SUM)?.into_iter().collect());
            if forced || fits(&one) {
                group.0.extend(one.0);
                list.push(p);
            } else {
                gemm_into(&p.into, &p.a, &p.b, SUM)?;
            }
        }
        if !group.0.is_empty() && (forced || GROUPED_LADDER.choose(&group, &device)?.native) {
            GROUPED_LADDER.run(&group, &device)?;
        } else {
            list.iter().try_for_each(|p| gemm_into(&p.into, &p.a, &p.b, SUM))?;
        }
    }
    Ok(())
}

/// Rounds of tiles that a launch makes while more products are to come. Whoever waits keeps its operands
/// in memory, and one round is seldom full: a layer has 72 tiles.
const ROUNDS: usize = 2;

/// Takes the products of a backward pass off their list, as few times as pays.
pub(crate) fn take_rounds(products: &mut Vec<Product>, last: bool) -> Result<()> {
    let tiles = |p: &Product| match p.into.shape() {
        [m, n] => m.div_ceil(hopper::TILE_M) * n.div_ceil(CUT.width),
        _ => 1,
    };
    let Some(newest) = products.last() else { return Ok(()) };
    let units = newest.into.device().info().caps.units as usize;
    let (full, all) = (ROUNDS * units.max(1), products.iter().map(tiles).sum::<usize>());
    // One that does not fit would begin a round in which most of the card stands idle: it waits, unless it
    // is worth a launch by itself.
    let over = all > full && tiles(newest) < full && products.len() > 1 && !last;
    let waits = if over { products.pop() } else { None };
    if over || last || all >= full || products.len() >= MOST {
        add_products(products)?;
        products.clear();
    }
    products.extend(waits);
    Ok(())
}

/// Whether products of these factors are worth putting off: one launch may take many of them.
pub(crate) fn may_wait(into: &Tensor, a: &Tensor, b: &Tensor) -> bool {
    let device = into.device();
    let here = GROUPED_LADDER.rungs.iter().any(|rung| {
        rung.native && rung.runs_on(device.machine()) && rung.needs.lacking(device.info()).is_none()
    });
    let halves = [a, b].iter().all(|t| t.dtype().size() == 2);
    here && halves && into.dtype() == DType::F32
}

#[cfg(test)]
mod tests {
    use super::*;
    use strata_device::{Dry, Settings};

    #[test]
    fn launches_of_a_models_gradients_are_full_rounds() {
        let device = Device::new(Box::new(Dry::hopper()), Settings::default());
        let zeros = |dtype, shape: &[usize]| Tensor::zeros(&device, dtype, shape).unwrap();
        let arena = zeros(DType::F32, &[16 << 20]);
        let mut at = 0;
        let mut product = |[m, n]: [usize; 2]| {
            let into = arena.narrow(0, at, m * n).unwrap().reshape(&[m, n]).unwrap();
            at += m * n;
            let a = zeros(DType::BF16, &[64, m]).transpose(0, 1).unwrap();
            Product { into, a, b: zeros(DType::BF16, &[64, n]) }
        };
        let layer = [[1536, 384], [384, 1536], [384, 384], [384, 1152]];
        let head = std::iter::once([4096, 384]);
        let (mut list, mut waiting) = (Vec::new(), Vec::new());
        for shape in head.chain(std::iter::repeat_n(layer, 6).flatten()) {
            list.push(product(shape));
            take_rounds(&mut list, false).unwrap();
            waiting.push(list.len());
        }
        let calls = waiting.windows(2).filter(|pair| pair[1] <= pair[0]).count();
        assert_eq!(calls, 1, "{waiting:?} products waited");
        // The head and two layers and three quarters, 262 tiles of 264, went without the last that came.
        assert_eq!(waiting[..14], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 1, 2]);
        take_rounds(&mut list, true).unwrap();
        assert!(list.is_empty());
    }
}
