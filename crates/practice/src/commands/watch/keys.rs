//! What the keys do.

use super::app::{App, View, Wish};
use super::job::Job;
use crate::commands::practice::{self, Put, Row, State, Tone};
use crate::failure::Failure;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

impl App {
    /// A key was pressed.
    pub fn key(&mut self, key: KeyEvent) -> Wish {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match (key.code, self.view) {
            (KeyCode::Char('c' | 'd' | 'q'), _) if control => Wish::Leave,
            (_, _) if control => Wish::Nothing,
            (code, View::List(cursor)) => self.in_list(code, cursor),
            (KeyCode::Char('y' | 'Y'), View::Reset) => self.reset(),
            (_, View::Reset) => {
                self.view = View::Task;
                Wish::Nothing
            }
            (code, View::Task) => self.in_task(code),
        }
    }

    fn in_task(&mut self, code: KeyCode) -> Wish {
        match code {
            KeyCode::Char('q') => return Wish::Leave,
            KeyCode::Char('n') | KeyCode::Right => return self.next(),
            KeyCode::Char('p') | KeyCode::Left => {
                return match self.at {
                    0 => self.remark(Tone::Dim, "this is the first task"),
                    at => self.go(at - 1),
                };
            }
            KeyCode::Char('h') => self.show_hint(),
            KeyCode::Char('l') => self.view = View::List(self.at),
            KeyCode::Char('c') => return self.judge_all(),
            KeyCode::Char('x') => match self.row().state {
                State::Untouched => return self.remark(Tone::Dim, "it is as it came"),
                _ => self.view = View::Reset,
            },
            KeyCode::Char('r') => match self.row().state {
                State::Untouched => {
                    return self
                        .remark(Tone::Dim, "there is nothing to judge yet: it is as it came");
                }
                _ => return self.judge(),
            },
            KeyCode::Esc => (self.hint, self.note, self.scroll) = (0, None, 0),
            KeyCode::Up | KeyCode::Char('k') => self.scroll = self.scroll.saturating_sub(1),
            // The screen knows where the end is.
            KeyCode::Down | KeyCode::Char('j') => self.scroll += 1,
            KeyCode::PageUp => self.scroll = self.scroll.saturating_sub(10),
            KeyCode::PageDown | KeyCode::Char(' ') => self.scroll += 10,
            KeyCode::Home => self.scroll = 0,
            KeyCode::End => self.scroll = usize::MAX / 2,
            _ => {}
        }
        Wish::Nothing
    }

    fn in_list(&mut self, code: KeyCode, cursor: usize) -> Wish {
        let last = self.rows.len() - 1;
        let cursor = match code {
            KeyCode::Up | KeyCode::Char('k') => cursor.saturating_sub(1),
            KeyCode::Down | KeyCode::Char('j') => (cursor + 1).min(last),
            KeyCode::PageUp => cursor.saturating_sub(10),
            KeyCode::PageDown | KeyCode::Char(' ') => (cursor + 10).min(last),
            KeyCode::Home => 0,
            KeyCode::End => last,
            KeyCode::Enter => return self.go(cursor),
            KeyCode::Char('c') => return self.judge_all(),
            KeyCode::Char('q') => return Wish::Leave,
            KeyCode::Esc | KeyCode::Char('l') => {
                self.view = View::Task;
                return Wish::Nothing;
            }
            _ => cursor,
        };
        self.view = View::List(cursor);
        Wish::Nothing
    }

    /// The next task that is not solved, from here on and round again; just the next if all are.
    fn next(&mut self) -> Wish {
        let count = self.rows.len();
        let after = (1..count).map(|step| (self.at + step) % count);
        let unsolved = |row: &Row| row.state != State::Solved;
        let open = after.clone().find(|&at| self.rows.get(at).is_some_and(unsolved));
        match (open, self.at + 1 < count) {
            (Some(at), _) => self.go(at),
            (None, true) => self.go(self.at + 1),
            (None, false) => self.remark(Tone::Dim, "this is the last task"),
        }
    }

    fn remark(&mut self, tone: Tone, text: &str) -> Wish {
        self.note = Some((tone, text.into()));
        Wish::Nothing
    }

    fn show_hint(&mut self) {
        let task = self.row().task;
        let level = match self.hints.level(task, None) {
            Ok(level) => level,
            Err(_) => return,
        };
        if let Err(Failure::Message(text)) = self.hints.remember(task, level)
            && !self.forgets
        {
            self.note = Some((Tone::Warn, text));
        }
        (self.hint, self.scroll, self.view) = (level, 0, View::Task);
    }

    fn judge_all(&mut self) -> Wish {
        let begun = |row: &&Row| !matches!(row.state, State::Untouched | State::Gone);
        let mut jobs: Vec<Job> = Vec::new();
        for row in self.rows.iter().filter(begun) {
            if jobs.last().is_none_or(|job| job.exercise.name != row.exercise.name) {
                jobs.push(Job { exercise: row.exercise, task: None });
            }
        }
        if jobs.is_empty() {
            return self.remark(Tone::Dim, "nothing is begun yet: there is nothing to judge");
        }
        self.view = View::List(self.at);
        Wish::Judge(jobs)
    }

    fn reset(&mut self) -> Wish {
        self.view = View::Task;
        let (exercise, task) = (self.row().exercise, self.row().task);
        let mut kept = Vec::new();
        for file in &task.files {
            let path = self.home.root.join(exercise.name).join(file);
            let put = practice::stub(task, file).and_then(|text| practice::put(&path, &text));
            match put {
                Ok(Put::Saved(backup)) => kept.push(practice::shown(&backup).display().to_string()),
                Ok(Put::Same | Put::Made) => {}
                Err(Failure::Message(text)) => {
                    self.note = Some((Tone::Bad, text));
                    return Wish::Nothing;
                }
                Err(Failure::Pipe) => return Wish::Leave,
            }
        }
        self.refresh(|row| row.exercise.name == exercise.name && row.task.name == task.name);
        let wish = self.judge();
        self.note = Some(match kept.is_empty() {
            true => (Tone::Good, "it is as it came".into()),
            false => (Tone::Good, format!("as it came; yours is now {}", kept.join(" and "))),
        });
        (self.hint, self.scroll) = (0, 0);
        wish
    }
}
