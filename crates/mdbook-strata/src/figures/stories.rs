//! A grammar as a tree of choices, and the entropy of its stories.
#![expect(clippy::indexing_slicing, reason = "the tree in `draw` has eight leaves, as `STORIES`")]

use super::svg::{Anchor, Svg};

/// The stories of the tests' small grammar: first draw, verb and its probability, second draw.
const STORIES: [(&str, &str, f64, &str); 8] = [
    ("one", "beats", 0.75, "two"),
    ("one", "beats", 0.75, "three"),
    ("one", "loses to", 0.25, "two"),
    ("one", "loses to", 0.25, "three"),
    ("two", "meets", 1.0, "one"),
    ("two", "meets", 1.0, "three"),
    ("three", "meets", 1.0, "one"),
    ("three", "meets", 1.0, "two"),
];
const PITCH: f64 = 36.0;
const TOP: f64 = 62.0;

/// The probability of a story.
fn chance(verb: f64) -> f64 {
    verb / 3.0 / 2.0
}

/// The average price of a story, in nats.
fn entropy() -> f64 {
    STORIES.iter().map(|story| -chance(story.2) * chance(story.2).ln()).sum()
}

pub(super) fn draw() -> Svg {
    let text = "A tree of choices, from left to right. First one of three words is drawn, each with probability 1/3: one, \
                two, three. After one comes beats with probability 3/4 or loses to with 1/4; after two and three always \
                comes meets. Last one of the two words that are left is drawn, each with 1/2. Marked is the path one, \
                beats, two: 1/3 times 3/4 times 1/2 is 1/8, and its price is the logarithm of 8, 2.08 nats. One loses to \
                two costs 3.18 nats, two meets one 1.79. The average over all eight stories, their entropy, is 1.979 nats.";
    let mut svg = Svg::new("stories", 640.0, 380.0, "A tree of choices, and its prices", text);
    let heads = [(104.0, "drawn"), (254.0, "said"), (410.0, "drawn"), (530.0, "price, nats")];
    for (x, head) in heads {
        svg.text(x, 24.0, Anchor::Start, "small soft", head);
    }
    let y = |first: usize, last: usize| TOP + PITCH * (first + last) as f64 / 2.0;
    let root = (20.0, y(0, 7));
    svg.rect(8.0, root.1 - 12.0, 24.0, 24.0, 12.0, "fill-4");
    for (word, first, last) in [("one", 0, 3), ("two", 4, 5), ("three", 6, 7)] {
        let here = y(first, last);
        branch(&mut svg, (34.0, root.1), (98.0, here), "1/3", word == "one");
        node(&mut svg, (100.0, here), 62.0, word, word == "one");
        let verbs: &[(usize, usize, &str)] = match word {
            "one" => &[(0, 1, "3/4"), (2, 3, "1/4")],
            _ => &[(first, last, "1")],
        };
        for (from, to, chance) in verbs {
            let marked = *from == 0;
            branch(&mut svg, (164.0, here), (246.0, y(*from, *to)), chance, marked);
            node(&mut svg, (248.0, y(*from, *to)), 84.0, STORIES[*from].1, marked);
            for story in *from..=*to {
                let marked = story == 0;
                branch(&mut svg, (334.0, y(*from, *to)), (404.0, y(story, story)), "1/2", marked);
                node(&mut svg, (406.0, y(story, story)), 62.0, STORIES[story].3, marked);
                let price = format!("{:.2}", -chance_of(story).ln());
                let class = if marked { "mono small fill-4" } else { "mono small" };
                svg.text(540.0, y(story, story) + 4.5, Anchor::Start, class, &price);
            }
        }
    }
    let said = format!("on average {:.3} nats: the entropy", entropy());
    svg.text(640.0, 366.0, Anchor::End, "strong", &said);
    svg
}

fn chance_of(story: usize) -> f64 {
    chance(STORIES[story].2)
}

fn node(svg: &mut Svg, (x, y): (f64, f64), width: f64, text: &str, marked: bool) {
    svg.boxed(x, y - 13.0, width, 26.0, if marked { "fill-4" } else { "fill-0" }, text);
}

fn branch(svg: &mut Svg, from: (f64, f64), to: (f64, f64), chance: &str, marked: bool) {
    if marked {
        svg.band(&[from, to], 3.0, "fill-4");
    } else {
        svg.line(from, to, "ink");
    }
    // Beside a steep branch's end, on the side that it does not come from; beside a flat one's middle.
    let (down, steep) = (to.1 > from.1, (to.1 - from.1).abs() > 25.0);
    let (x, y) = match steep {
        true => (to.0 - 4.0, to.1 + if down { 17.0 } else { -8.0 }),
        false => {
            ((from.0 + to.0) / 2.0 + 14.0, (from.1 + to.1) / 2.0 + if down { 16.0 } else { -7.0 })
        }
    };
    svg.text(x, y, Anchor::End, "small soft", chance);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prices_are_those_of_the_chapter() {
        let whole: f64 = STORIES.iter().map(|story| chance(story.2)).sum();
        assert!((whole - 1.0).abs() < 1e-12);
        assert_eq!(format!("{:.3} {:.2}", entropy(), -chance_of(0).ln()), "1.979 2.08");
    }
}
