//! Where numbers can be on a card, how much fits, and who shares it.

use super::svg::{Anchor, Svg};

pub(super) fn draw() -> Svg {
    let text = "The memories of an H100, from the smallest to the largest, with the sizes that NVIDIA \
                states. Each streaming multiprocessor, SM for short, has 256 kilobytes of registers: every \
                thread has its own, and nobody else can read them. Each SM has up to 228 kilobytes of shared \
                memory: the threads of one block share their part. All 132 SMs share 50 megabytes of L2 \
                cache, and behind it 80 gigabytes of HBM, the card's memory, where tensors live.";
    let mut svg = Svg::new("hierarchy", 640.0, 386.0, "Where numbers can be", text);
    for (i, name) in ["SM 0", "SM 1", "SM 131"].into_iter().enumerate() {
        let x = 220.0 * i as f64;
        svg.rect(x + 1.0, 31.0, 198.0, 144.0, 4.0, "line");
        svg.text(x + 12.0, 22.0, Anchor::Start, "strong", name);
        svg.boxed2(x + 12.0, 42.0, 176.0, 54.0, "fill-0", ["registers", "256 KB"]);
        svg.boxed2(x + 12.0, 110.0, 176.0, 54.0, "fill-4", ["shared memory", "up to 228 KB"]);
        svg.line((x + 100.0, 176.0), (x + 100.0, 204.0), "ink");
    }
    svg.text(430.0, 22.0, Anchor::Middle, "strong soft", "…");
    svg.boxed2(0.0, 204.0, 640.0, 50.0, "fill-0", ["L2 cache", "50 MB, shared by all SMs"]);
    svg.line((320.0, 254.0), (320.0, 276.0), "ink");
    svg.boxed2(
        0.0,
        276.0,
        640.0,
        58.0,
        "fill-0",
        ["HBM, the card's memory", "80 GB, where tensors live"],
    );
    let notes = ["Registers: a thread's own. Shared memory: its block's.", "Sizes: NVIDIA, H100."];
    svg.notes(0.0, 360.0, Anchor::Start, &notes);
    svg
}
