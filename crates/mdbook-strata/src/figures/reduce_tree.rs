//! Sixteen numbers, summed by sixteen lanes in four rounds.

use super::svg::{Anchor, Svg};

const NUMBERS: [u32; 16] = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3];
const SIDE: f64 = 34.0;
const LEFT: f64 = 92.0;
const STEP: f64 = 78.0;

pub(super) fn draw() -> Svg {
    let text = "Sixteen numbers in shared memory, one for each of 16 lanes: 3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, \
                7, 9, 3. Round 1: lanes 0 to 7 each add the number 8 places further on. Round 2: lanes 0 to 3 \
                add the one 4 places on. Round 3: lanes 0 and 1, 2 places. Round 4: lane 0, 1 place: it has the \
                sum, 80. Between rounds all lanes wait at a barrier. Lanes that have nothing to add stay idle.";
    let mut svg = Svg::new("reduce-tree", 640.0, 404.0, "A sum by a tree of lanes", text);
    let mut values = NUMBERS;
    let mut alive = 16;
    for round in 0..5 {
        let top = 28.0 + STEP * round as f64;
        let label = if round == 0 { "16 numbers".into() } else { format!("round {round}") };
        svg.text(0.0, top + 22.0, Anchor::Start, "small strong", &label);
        for (lane, value) in values.iter().enumerate() {
            let x = LEFT + SIDE * lane as f64;
            if round == 0 {
                svg.text(
                    x + SIDE / 2.0,
                    top - 9.0,
                    Anchor::Middle,
                    "mono small soft",
                    &lane.to_string(),
                );
            }
            let busy = lane < alive;
            let class = if round == 0 { "fill-1" } else { "fill-3" };
            let value = if busy { value.to_string() } else { String::new() };
            svg.cell(x, top, SIDE, if busy { class } else { "fill-0 ghost" }, &value);
        }
        if round < 4 {
            alive /= 2;
            hand_down(&mut svg, top + SIDE, alive);
            #[expect(clippy::indexing_slicing, reason = "both below twice `alive`: 16 at most")]
            for lane in 0..alive {
                values[lane] += values[lane + alive];
            }
        }
    }
    svg.notes(LEFT, 398.0, Anchor::Start, &["Pale: lanes that have nothing to add."]);
    svg.text(0.0, 19.0, Anchor::Start, "small soft", "lane");
    svg
}

/// The lines from a round's numbers to the next round's sums, and the barrier between.
fn hand_down(svg: &mut Svg, top: f64, alive: usize) {
    let middle = |lane: usize| LEFT + SIDE * (lane as f64 + 0.5);
    let bottom = top + STEP - SIDE;
    svg.dashes((LEFT, top + 22.0), (640.0, top + 22.0));
    svg.text(0.0, top + 26.0, Anchor::Start, "small soft", "barrier");
    for lane in 0..alive {
        svg.arrow((middle(lane + alive), top + 2.0), (middle(lane) + 5.0, bottom - 2.0), 0.0);
        svg.line((middle(lane), top + 2.0), (middle(lane), bottom - 2.0), "ink");
    }
}
