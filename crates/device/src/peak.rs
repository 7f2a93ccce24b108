//! What cards can do at most, as their maker says: the light that the speed of a product is held
//! against.
//!
//! Dense rates, without sparsity: where a data sheet has only the figure with it, half of that.
//! Tensor cores that add up in f32. NVIDIA's data sheets: "H200 Tensor Core GPU" (2024), "H100 Tensor
//! Core GPU" (2023), "A100 Tensor Core GPU" (2021), "A40" (2021), "L40S" (2023); for GeForce the
//! white papers "NVIDIA Ada GPU Architecture" (2022), appendix A, and "NVIDIA Ampere GA102
//! GPU Architecture" (2021), table 2.

use crate::{Info, Machine, Precision};

/// A card's rates in TFLOP/s.
struct Card {
    /// Words of its name, all of which must be there.
    words: &'static [&'static str],
    f32: f64,
    tf32: f64,
    /// Of bf16 and f16 alike.
    half: f64,
}

const fn card(words: &'static [&'static str], f32: f64, tf32: f64, half: f64) -> Card {
    Card { words, f32, tf32, half }
}

/// Names that say more come first.
const CARDS: [Card; 10] = [
    card(&["H200", "NVL"], 60.0, 417.5, 835.5),
    card(&["H200"], 67.0, 494.5, 989.5),
    card(&["H100", "NVL"], 60.0, 417.5, 835.5),
    card(&["H100", "PCIe"], 51.0, 378.0, 756.5),
    card(&["H100", "HBM3"], 67.0, 494.5, 989.5),
    card(&["A100"], 19.5, 156.0, 312.0),
    card(&["A40"], 37.4, 74.8, 149.7),
    card(&["L40S"], 91.6, 183.0, 362.0),
    card(&["RTX", "4090"], 82.6, 82.6, 165.2),
    card(&["RTX", "3090"], 35.6, 35.6, 71.0),
];

/// FLOPs in a second that a card's maker promises for products in this precision; `None` where the
/// card is not known here, or is none.
pub fn peak(info: &Info, precision: Precision) -> Option<f64> {
    if info.machine == Machine::Cpu || !info.has(precision) {
        return None;
    }
    let named = |word: &&str| info.name.split([' ', '-']).any(|part| part == *word);
    let card = CARDS.iter().find(|card| card.words.iter().all(named))?;
    Some(
        1e12 * match precision {
            Precision::F32 => card.f32,
            Precision::Tf32 => card.tf32,
            Precision::F16 | Precision::Bf16 => card.half,
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Caps;

    #[test]
    fn a_card_is_known_by_the_words_of_its_name() {
        let of = |name: &str, compute, precision| {
            let caps = Caps { compute, ..Caps::default() };
            let (machine, name, driver) = (Machine::Cuda, name.into(), String::new());
            peak(&Info { machine, index: 0, name, driver, caps }, precision)
        };
        assert_eq!(of("NVIDIA H200", 90, Precision::Bf16), Some(989.5e12));
        assert_eq!(of("NVIDIA H100 80GB HBM3", 90, Precision::Tf32), Some(494.5e12));
        assert_eq!(of("NVIDIA H100 PCIe", 90, Precision::F32), Some(51e12));
        assert_eq!(of("NVIDIA A100-SXM4-80GB", 80, Precision::F16), Some(312e12));
        assert_eq!(of("NVIDIA GeForce RTX 4090", 89, Precision::Tf32), Some(82.6e12));
        assert_eq!(of("NVIDIA L40S", 89, Precision::F32), Some(91.6e12));
        assert_eq!(of("NVIDIA A4000", 86, Precision::F32), None, "no other card's figure");
        assert_eq!(of("NVIDIA A100-SXM4-80GB", 75, Precision::Bf16), None);
    }
}
