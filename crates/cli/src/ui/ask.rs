//! A question that is answered by y or n.

use crate::failure::Outcome;
use crate::ui;
use std::io::{self, BufRead, Read};

/// An answer is a word.
const LONGEST: u64 = 1000;

/// Asks, unless the reader has agreed beforehand. Whatever is not a yes is a no, and so is silence.
///
/// # Errors
/// The answer cannot be read.
pub fn agree(question: &str, beforehand: bool) -> Outcome<bool> {
    if beforehand {
        return Ok(true);
    }
    let head = ui::HEAD;
    // The question is no result: it belongs where notes do.
    ui::ask(&format!("{head}{question}{head:#} [y/N] "));
    let mut answer = String::new();
    let there = io::stdin().lock().take(LONGEST).read_line(&mut answer)? > 0;
    if !there || !answer.ends_with('\n') {
        ui::note("");
    }
    Ok(is_yes(&answer))
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_a_yes() {
        assert!(is_yes("y\n") && is_yes(" Yes\r\n"));
        assert!(!is_yes("") && !is_yes("\n") && !is_yes("yep\n") && !is_yes("n\n"));
    }
}
