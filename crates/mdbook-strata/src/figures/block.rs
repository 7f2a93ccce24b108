//! A pre-norm transformer block.

use super::svg::{Anchor, Svg};

const WIDE: f64 = 116.0;
const HIGH: f64 = 46.0;
const STREAM: f64 = 232.0;

pub(super) fn draw() -> Svg {
    let text = "One block of gpt-12m, for a batch of 64 rows with 256 tokens. The residual stream, 384 numbers for each \
                token, runs along the bottom from left to right. The first half reads it through LayerNorm ln_1, makes \
                queries, keys and values with c_attn, 1152 numbers, mixes them by attention, 384, projects them with \
                attn.c_proj, 384, and adds the result to the stream. The second half reads it through ln_2, widens it \
                with c_fc to 1536, applies GELU, comes back to 384 with mlp.c_proj, and adds that to the stream.";
    let mut svg = Svg::new("block", 640.0, 318.0, "A block, and the stream through it", text);
    svg.flow((0.0, STREAM), (640.0, STREAM), "fill-3");
    svg.text(0.0, STREAM + 24.0, Anchor::Start, "small strong", "x");
    svg.text(312.0, STREAM + 24.0, Anchor::Middle, "small strong", "h");
    svg.text(638.0, STREAM + 24.0, Anchor::End, "small strong", "y");
    let attention =
        [["ln_1", "384"], ["c_attn", "1152"], ["attention", "384"], ["attn.c_proj", "384"]];
    let mlp = [["ln_2", "384"], ["c_fc", "1536"], ["GELU", "1536"], ["mlp.c_proj", "384"]];
    half(&mut svg, 24.0, "attention: between tokens", attention);
    half(&mut svg, 340.0, "MLP: each token alone", mlp);
    let notes = [
        "Green: the residual stream, [64, 256, 384].",
        "It is added to, never replaced.",
        "Numbers: how many each token has there.",
    ];
    svg.notes(0.0, 276.0, Anchor::Start, &notes);
    svg.stack(&[[0.0, 0.0, 316.0, 262.0], [304.0, 0.0, 336.0, 262.0], [0.0, 264.0, 340.0, 54.0]])
}

/// Up through two boxes, over, and down through two more onto the stream.
fn half(svg: &mut Svg, left: f64, name: &str, [norm, first, middle, last]: [[&str; 2]; 4]) {
    let right = left + WIDE + 30.0;
    svg.text(left, 20.0, Anchor::Start, "strong", name);
    let (upper, lower) = (40.0, 126.0);
    let (up, down) = (left + WIDE / 2.0, right + WIDE / 2.0);
    svg.arrow((up, STREAM - 3.0), (up, lower + HIGH + 2.0), 0.0);
    svg.arrow((up, lower - 2.0), (up, upper + HIGH + 2.0), 0.0);
    svg.arrow((left + WIDE + 2.0, upper + HIGH / 2.0), (right - 2.0, upper + HIGH / 2.0), 0.0);
    svg.arrow((down, upper + HIGH + 2.0), (down, lower - 2.0), 0.0);
    svg.arrow((down, lower + HIGH + 2.0), (down, STREAM - 13.0), 0.0);
    for (x, y, text) in
        [(left, lower, norm), (left, upper, first), (right, upper, middle), (right, lower, last)]
    {
        let special = text[0] == "attention" || text[0] == "GELU";
        svg.boxed2(x, y, WIDE, HIGH, if special { "fill-4" } else { "fill-0" }, text);
    }
    svg.rect(down - 11.0, STREAM - 11.0, 22.0, 22.0, 11.0, "fill-3");
    svg.text(down, STREAM + 5.5, Anchor::Middle, "on", "+");
}
