//! The chapter's demo: merges being learned, a sentence in tokens, a story and its price.

use crate::stories::{Generator, entropy, grammar};
use crate::tokenizer::Tokenizer;
use std::io::{Error, Result, Write};

const SENTENCE: &str = "Luna lit the lantern, and it isn't dark any more.";
const WIDTH: usize = 88;

/// Prints to `out` what this chapter is about; it takes a second and needs no device.
///
/// # Errors
/// Only those of writing to `out`.
pub fn demo(out: &mut dyn Write) -> Result<()> {
    let stories: Vec<String> = Generator::new(9).take(1000).map(|story| story.text).collect();
    let texts: Vec<&[u8]> = stories.iter().map(String::as_bytes).collect();
    let bytes: usize = texts.iter().map(|text| text.len()).sum();
    let (tokenizer, report) = Tokenizer::train(&texts, 4096).map_err(Error::other)?;

    writeln!(out, "1. Learning merges: the pair that stands most often becomes a token\n")?;
    for (number, merge) in tokenizer.merges().iter().enumerate().take(8) {
        let (left, right) = (tokenizer.show(merge.left), tokenizer.show(merge.right));
        writeln!(
            out,
            "   {:>2}  {left:>4} + {right:<4} -> {}",
            number + 1,
            tokenizer.show(merge.id)
        )?;
    }
    let merges = report.size - 257;
    writeln!(out, "   ... and after {merges} merges no pair of these {bytes} bytes is left.\n")?;

    writeln!(out, "2. One sentence, cut by ever larger vocabularies\n")?;
    for size in [257, 300, 500, 1000, report.size] {
        let (smaller, _) = Tokenizer::train(&texts, size).map_err(Error::other)?;
        let ids = smaller.encode(SENTENCE.as_bytes()).map_err(Error::other)?;
        let shown: Vec<String> = ids.iter().map(|&id| smaller.show(id)).collect();
        writeln!(out, "   {size:>4} tokens known, {:>2} used: {}", ids.len(), shown.join("|"))?;
    }

    writeln!(out, "\n3. A story. Words that could have been others show what they cost in nats;")?;
    writeln!(
        out,
        "   all others follow from what was said before, and cost a good model nothing.\n"
    )?;
    let story = Generator::story(9, 3);
    wrap(out, &priced(&tokenizer, &story.text)?)?;
    let tokens = tokenizer.encode(story.text.as_bytes()).map_err(Error::other)?.len() + 1;
    writeln!(
        out,
        "\n   {:.1} nats, or a chance of 1 in 10^{:.0}; over {tokens} tokens {:.3} nats each.",
        -story.log_prob,
        -story.log_prob / std::f64::consts::LN_10,
        -story.log_prob / tokens as f64
    )?;
    writeln!(out, "   Over all stories it is {:.2} nats: their exact entropy.", entropy())
}

/// The story's words; a word whose probability was below 1 has its price behind it.
fn priced(tokenizer: &Tokenizer, text: &str) -> Result<Vec<String>> {
    let ids = tokenizer.encode(text.as_bytes()).map_err(Error::other)?;
    let (mut words, mut end, mut before): (Vec<String>, usize, f64) = (Vec::new(), 0, 0.0);
    for id in ids {
        let start = end;
        end += tokenizer.bytes_of(id).len();
        let now = grammar().log_prob_of_beginning(text, end);
        let word = text.get(start..end).unwrap_or_default();
        let price = before - now;
        before = now;
        if word.starts_with(' ') || words.is_empty() {
            words.push(String::new());
        }
        if let Some(last) = words.last_mut() {
            last.push_str(word.trim_start());
            if price > 0.005 {
                last.push_str(&format!("({price:.1})"));
            }
        }
    }
    Ok(words)
}

fn wrap(out: &mut dyn Write, words: &[String]) -> Result<()> {
    let mut line = String::from("  ");
    for word in words {
        if line.len() + 1 + word.len() > WIDTH {
            writeln!(out, "{line}")?;
            line = String::from("  ");
        }
        line.push(' ');
        line.push_str(word);
    }
    writeln!(out, "{line}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_prints_and_its_prices_add_up() {
        let mut out = Vec::new();
        demo(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("their exact entropy"));
        println!("{text}");
        let story = Generator::story(9, 3);
        let end = grammar().log_prob_of_beginning(&story.text, story.text.len());
        assert!((end - story.log_prob).abs() < 1e-9, "{end} {}", story.log_prob);
    }
}
