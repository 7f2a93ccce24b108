//! Is there anything to learn? A model that sees only five bytes must stay far above the floor.
//!
//! The rival is an interpolated byte model with Witten-Bell smoothing: at every order it mixes
//! the counts seen after the last n bytes with what order n−1 says, trusting the counts the more
//! the fewer different bytes were seen there (Witten & Bell 1991; Chen & Goodman 1998).

use std::collections::HashMap;
use strata_data::stories::Generator;

const ORDER: usize = 5;

/// What was seen after one context.
#[derive(Default)]
struct Seen {
    total: u32,
    next: Vec<(u8, u32)>,
}

/// Counts for contexts of 0 to `ORDER` bytes, keyed by the bytes and their number.
#[derive(Default)]
struct ByteModel {
    contexts: HashMap<u64, Seen>,
}

fn key(context: &[u8]) -> u64 {
    context.iter().fold(1, |key, &byte| key << 8 | u64::from(byte))
}

impl ByteModel {
    fn train(&mut self, text: &[u8]) {
        for at in 0..text.len() {
            for order in 0..=ORDER.min(at) {
                let seen = self.contexts.entry(key(&text[at - order..at])).or_default();
                seen.total += 1;
                match seen.next.iter_mut().find(|(byte, _)| *byte == text[at]) {
                    Some((_, count)) => *count += 1,
                    None => seen.next.push((text[at], 1)),
                }
            }
        }
    }

    /// Nats to predict the byte at `at` from the bytes before it.
    fn nats(&self, text: &[u8], at: usize) -> f64 {
        let mut p = 1.0 / 256.0;
        for order in 0..=ORDER.min(at) {
            let Some(seen) = self.contexts.get(&key(&text[at - order..at])) else { break };
            let count = seen.next.iter().find(|(byte, _)| *byte == text[at]).map_or(0, |n| n.1);
            let kinds = seen.next.len() as f64;
            p = (f64::from(count) + kinds * p) / (f64::from(seen.total) + kinds);
        }
        -p.ln()
    }
}

/// Stories, each closed by a newline, and the sum of their -log_prob.
fn text(
    stories: impl Iterator<Item = strata_data::stories::Story>,
    bytes: usize,
) -> (Vec<u8>, f64) {
    let (mut text, mut nats) = (Vec::new(), 0.0);
    for story in stories {
        if text.len() >= bytes {
            break;
        }
        text.extend_from_slice(story.text.as_bytes());
        text.push(b'\n');
        nats -= story.log_prob;
    }
    (text, nats)
}

#[test]
fn five_bytes_of_context_stay_above_1_8_times_the_floor() {
    let (train, _) = text(Generator::new(1), 10_000_000);
    let (held_out, floor) = text(Generator::held_out(1), 500_000);
    let mut model = ByteModel::default();
    model.train(&train);
    let nats: f64 = (0..held_out.len()).map(|at| model.nats(&held_out, at)).sum();
    let bytes = held_out.len() as f64;
    let ratio = nats / floor;
    println!(
        "order 5: {:.4} nats a byte, floor {:.4}, ratio {ratio:.3}",
        nats / bytes,
        floor / bytes
    );
    assert!(ratio > 1.8, "an order-5 byte model comes within {ratio:.3} of the floor");
}
