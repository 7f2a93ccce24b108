//! The last line of the screen: a question, or the keys.

use super::app::{App, View};
use crate::commands::practice::{Line, Tone, line};

type Keys<'a, const N: usize> = [(&'a str, &'a str); N];

const TASK_KEYS: Keys<8> = [
    ("n", "next"),
    ("p", "prev"),
    ("h", "hint"),
    ("l", "list"),
    ("c", "check all"),
    ("r", "run"),
    ("x", "reset"),
    ("q", "quit"),
];
const LIST_KEYS: Keys<5> =
    [("↑↓", "choose"), ("enter", "go"), ("c", "check all"), ("esc", "back"), ("q", "quit")];

/// The line, in so many columns.
pub fn foot(app: &App, room: usize) -> Line {
    let left = app.row().task.hints.len() - app.hints.seen(app.row().task);
    let hint = format!("hint ({left})");
    match app.view {
        View::Reset => line(Tone::Warn, "Begin anew? ")
            .and(Tone::Plain, "What you wrote is kept beside it.  ")
            .and(Tone::Code, "y")
            .and(Tone::Plain, " yes  ")
            .and(Tone::Code, "n")
            .and(Tone::Plain, " no"),
        View::List(_) => keys(room, &LIST_KEYS),
        View::Task => {
            let mut list = TASK_KEYS;
            list[2].1 = &hint;
            keys(room, &list)
        }
    }
}

/// The keys; where there is not room for all, the last is still there.
fn keys<const N: usize>(room: usize, list: &Keys<N>) -> Line {
    let mut all = Line::default();
    let length = |(key, what): (&str, &str)| key.chars().count() + what.chars().count() + 4;
    let last = list.last().map_or(0, |&pair| length(pair) - 3);
    let mut left = room.saturating_sub(last);
    for (i, &(key, what)) in list.iter().enumerate() {
        if length((key, what)) > left && i + 1 < N {
            left = 0;
            continue;
        }
        left = left.saturating_sub(length((key, what)));
        let gap = if i + 1 < N { "   " } else { "" };
        all = all.and(Tone::Code, key).and(Tone::Dim, format!(" {what}{gap}"));
    }
    all
}
