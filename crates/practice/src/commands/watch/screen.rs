//! The screen: title, goal and files, verdict and report, keys.

use super::app::{App, View};
use super::body::{body, verdict};
use super::foot::foot;
use crate::commands::list::mark;
use crate::commands::practice::{self, Board, Line, Row, Tone, cut, line};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text;
use ratatui::widgets::Paragraph;
use strata_grader::Language;
use strata_grader::progress::Status;

/// Smaller than this, nothing can be read.
const SMALLEST: (u16, u16) = (40, 12);
/// Longer lines are hard to read.
const MEASURE: usize = 110;

/// Where to draw, and how.
struct Page<'a, 'b> {
    frame: &'a mut Frame<'b>,
    colours: bool,
    /// The next free row.
    y: u16,
    /// The first row that is not ours any more.
    end: u16,
    width: u16,
}

/// Draws everything.
pub fn draw(frame: &mut Frame, app: &mut App, colours: bool) {
    let Rect { width, height, .. } = frame.area();
    let mut page = Page { frame, colours, y: 0, end: height, width };
    if width < SMALLEST.0 || height < SMALLEST.1 {
        page.put(&line(Tone::Plain, "This window is too small; q leaves."));
        return;
    }
    page.foot(app, height);
    page.title(app);
    match app.view {
        View::List(cursor) => page.list(app, cursor),
        _ => {
            page.goal(app);
            page.report(app);
        }
    }
}

impl Page<'_, '_> {
    /// Columns for text, between margins of one.
    fn text_width(&self) -> usize {
        usize::from(self.width.saturating_sub(2)).min(MEASURE)
    }

    fn room(&self) -> usize {
        usize::from(self.end.saturating_sub(self.y))
    }

    /// One line, cut where the screen ends.
    fn put(&mut self, line: &Line) {
        if self.y < self.end {
            let area = Rect::new(1, self.y, self.width.saturating_sub(2), 1);
            let spans =
                line.0.iter().map(|s| text::Span::styled(s.text.as_str(), self.style(s.tone)));
            self.frame.render_widget(Paragraph::new(text::Line::from_iter(spans)), area);
            self.y += 1;
        }
    }

    fn rule(&mut self) {
        if self.y < self.end {
            let area = Rect::new(0, self.y, self.width, 1);
            let rule = "─".repeat(usize::from(self.width));
            self.frame.render_widget(Paragraph::new(rule).style(self.style(Tone::Dim)), area);
            self.y += 1;
        }
    }

    fn style(&self, tone: Tone) -> Style {
        let plain = Style::new();
        let colour = |colour| if self.colours { plain.fg(colour) } else { plain };
        match tone {
            Tone::Plain => plain,
            Tone::Head => plain.add_modifier(Modifier::BOLD),
            Tone::Good => colour(Color::Green),
            Tone::Warn => colour(Color::Yellow),
            Tone::Bad => colour(Color::Red).add_modifier(Modifier::BOLD),
            Tone::Dim => plain.add_modifier(Modifier::DIM),
            Tone::Code => colour(Color::Cyan),
        }
    }

    /// The task on the left, how far everything is on the right.
    fn title(&mut self, app: &App) {
        let row = app.row();
        let (done, all) = (Board::solved(&app.rows), app.rows.len());
        let count = format!(" {done} of {all}");
        let (full, rest) = practice::bar(done, all, 20);
        let right = 20 + count.chars().count();
        let name = format!("{} {}  ", practice::number(row.exercise), row.task.name);
        let room = usize::from(self.width.saturating_sub(2));
        let left = room.saturating_sub(right + 2);
        let title = cut(&row.task.title, left.saturating_sub(name.chars().count()));
        let used = name.chars().count() + title.chars().count();
        let gap = " ".repeat(room.saturating_sub(used + right));
        let head = line(Tone::Head, name).and(Tone::Plain, title).and(Tone::Plain, gap);
        self.put(&head.and(Tone::Good, full).and(Tone::Dim, rest).and(Tone::Plain, count));
        let place = row.exercise.tasks.iter().position(|t| t.name == row.task.name);
        let about = format!(
            "{}, about {}; task {} of {} in {}",
            practice::kind(row.task),
            practice::minutes(row.task.minutes),
            place.unwrap_or(0) + 1,
            row.exercise.tasks.len(),
            row.exercise.name,
        );
        self.put(&line(Tone::Dim, about));
        self.rule();
    }

    /// What to do and where; less of it once there is a report to read.
    fn goal(&mut self, app: &App) {
        let row = app.row();
        let goal = line(Tone::Plain, practice::one_line(&row.task.goal)).wrapped(self.text_width());
        let files = row.files(&app.home);
        let reading = app.word().is_some() || app.judging.is_some() || app.hint > 0;
        let keep = if reading { 3 } else { goal.len() };
        let keep = keep.min(self.room().saturating_sub(files.len() + 5)).max(1);
        let more = goal.len() > keep;
        for (i, line) in goal.into_iter().take(keep).enumerate() {
            match more && i + 1 == keep {
                true => {
                    let room = self.text_width().saturating_sub(2);
                    // What is cut ends in the sign already.
                    let whole = line.text().chars().count() <= room;
                    let short = line.cut(room);
                    self.put(&if whole { short.and(Tone::Dim, " …") } else { short });
                }
                false => self.put(&line),
            }
        }
        for (file, (language, status)) in files.iter().zip(&row.by) {
            let path = line(Tone::Code, file.display().to_string());
            self.put(&path.and(Tone::Dim, format!("   {}", file_state(*language, *status))));
        }
        self.rule();
    }

    /// The verdict, and as much of the report as there is room for.
    fn report(&mut self, app: &mut App) {
        let (tone, word, more) = verdict(app);
        self.badge(tone, word, &more);
        self.y += 1;
        let width = self.text_width();
        let lines = practice::fit(&body(app), width);
        let room = self.room();
        let most = lines.len().saturating_sub(room);
        app.scroll = app.scroll.min(most);
        let below = most - app.scroll;
        for line in lines.iter().skip(app.scroll).take(room) {
            self.put(line);
        }
        if most > 0 {
            let more = practice::plural(below, "more line");
            let text = match (app.scroll, below) {
                (0, _) => format!(" ↓ {more} "),
                (_, 0) => " ↑ end ".into(),
                (_, _) => format!(" ↑ ↓ {more} "),
            };
            self.on_rule(&text);
        }
    }

    /// The verdict: it is what one looks for first.
    fn badge(&mut self, tone: Tone, word: &str, more: &str) {
        let badge = format!(" {word} ");
        let length = columns(&badge);
        let (room, y) = (self.width.saturating_sub(2), self.y);
        if y < self.end && length <= room {
            let style = self.style(tone).add_modifier(Modifier::REVERSED | Modifier::BOLD);
            let area = Rect::new(1, y, length, 1);
            self.frame.render_widget(
                Paragraph::new(badge).style(style.remove_modifier(Modifier::DIM)),
                area,
            );
            let more = cut(more, usize::from(room - length).saturating_sub(2));
            let area = Rect::new(1 + length, y, room - length, 1);
            let style = self.style(Tone::Dim);
            self.frame.render_widget(Paragraph::new(format!("  {more}")).style(style), area);
        }
        self.y += 1;
    }

    /// A word on the rule above the keys.
    fn on_rule(&mut self, text: &str) {
        let length = columns(text);
        if let Some(left) = self.width.checked_sub(length.saturating_add(2)).filter(|&x| x > 0) {
            let area = Rect::new(left, self.end, length, 1);
            let style = self.style(Tone::Warn);
            self.frame.render_widget(Paragraph::new(text).style(style), area);
        }
    }

    /// All tasks; the one pointed at is in the middle.
    fn list(&mut self, app: &App, cursor: usize) {
        let mut lines: Vec<(Option<usize>, Line)> = Vec::new();
        let longest = |f: fn(&Row) -> &str| {
            app.rows.iter().map(|row| f(row).chars().count()).max().unwrap_or(0)
        };
        let name = longest(|row| &row.task.name);
        let title = longest(|row| &row.task.title);
        let mut last = "";
        for (i, row) in app.rows.iter().enumerate() {
            if std::mem::replace(&mut last, row.exercise.name) != row.exercise.name {
                let head = line(Tone::Head, row.exercise.name);
                lines.push((None, head.and(Tone::Plain, format!("  {}", row.exercise.title))));
            }
            let (tone, mark) = mark(row.state);
            let pointer = if i == cursor { '>' } else { ' ' };
            let here = if i == cursor { Tone::Head } else { Tone::Plain };
            let (kind, time) = (practice::kind(row.task), practice::minutes(row.task.minutes));
            let time = format!("  {time:>6}  {kind}");
            let head = line(Tone::Code, format!("{pointer} ")).and(tone, format!("{mark} "));
            let entry =
                head.and(here, format!("{:<name$}  {:<title$}", row.task.name, row.task.title));
            lines.push((Some(i), entry.and(Tone::Dim, time)));
        }
        let width = usize::from(self.width.saturating_sub(2));
        let at = lines.iter().position(|(i, _)| *i == Some(cursor)).unwrap_or(0);
        let room = self.room();
        let first = at.saturating_sub(room / 2).min(lines.len().saturating_sub(room));
        for (_, line) in lines.iter().skip(first).take(room) {
            self.put(&line.cut(width));
        }
        match (&app.judging, &app.note) {
            (Some(said), _) => self.on_rule(&format!(" {said} ")),
            (None, Some((_, text))) => self.on_rule(&format!(" {text} ")),
            (None, None) => {}
        }
    }

    /// A question, or something to know, or the keys.
    fn foot(&mut self, app: &App, height: u16) {
        self.y = height.saturating_sub(2);
        let room = usize::from(self.width.saturating_sub(2));
        self.rule();
        self.put(&foot(app, room).cut(room));
        (self.y, self.end) = (0, height.saturating_sub(2));
    }
}

/// The columns that a text takes; more than a terminal can have are as many as it can.
fn columns(text: &str) -> u16 {
    u16::try_from(text.chars().count()).unwrap_or(u16::MAX)
}

fn file_state(language: Language, status: Option<Status>) -> String {
    let word = match status {
        Some(Status::Untouched) => "as it came",
        Some(Status::Edited) => "begun",
        Some(Status::Passed) => "right",
        Some(Status::Failed) => "wrong",
        Some(Status::Stale) => "changed since it was judged",
        None => "gone",
    };
    format!("{language}, {word}")
}
