//! A small writer of SVG: shapes that take their colours from the page, so that one drawing serves
//! light and dark.

use crate::source::highlight::escape;
use std::fmt::Write;

/// Which part of a text stands at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// Its beginning.
    Start,
    /// Its middle.
    Middle,
    /// Its end.
    End,
}

/// A drawing. Classes say what a shape is; the page, or [`STYLE`] where the file stands alone, says
/// how that looks: `ink` and `line` strokes; `fill-0` to `fill-4` and `head` (ink) areas, `cell` with
/// an edge, `ghost` pale; `small`, `mono`, `strong`, `soft` and `on` (on a filled area) texts, which
/// may take a `fill-` colour too.
#[derive(Clone, Debug)]
pub struct Svg {
    name: String,
    width: f64,
    height: f64,
    title: String,
    text: String,
    body: String,
    narrow: Option<Narrow>,
}

/// What a phone shows instead, where the whole would be too small to read.
#[derive(Clone, Debug)]
enum Narrow {
    /// Pieces of the same drawing, one below the other: x, y, width, height.
    Pieces(Vec<[f64; 4]>),
    /// Another drawing of the same thing.
    Drawing(Box<Svg>),
}

/// The looks of a drawing that stands alone.
pub const STYLE: &str = "\
.drawn{--ink:#1f2328;--soft:#59616b;--line:#b6bcc4;--paper:#fff;--f0:#e9e6dd;--f1:#3b6ea8;--f2:#b3592b;\
--f3:#3d7d4f;--f4:#7d5aa6}\
@media(prefers-color-scheme:dark){.drawn{--ink:#e4e6e9;--soft:#a3abb5;--line:#4b535d;--paper:#16191d;\
--f0:#2a3037;--f1:#7fb0e8;--f2:#e6996b;--f3:#86c799;--f4:#bd9ee3}}\
.drawn text{font:15px system-ui,sans-serif;fill:var(--ink)}.drawn .mono{font-family:ui-monospace,monospace}\
.drawn .small{font-size:13px}.drawn .strong{font-weight:600}.drawn .soft{fill:var(--soft)}\
.drawn .on{fill:var(--paper);font-weight:600}\
.drawn .ink{stroke:var(--ink);fill:none;stroke-width:1.5}.drawn .line{stroke:var(--line);fill:none}\
.drawn .fill-0{fill:var(--f0)}.drawn .fill-1{fill:var(--f1)}.drawn .fill-2{fill:var(--f2)}\
.drawn .fill-3{fill:var(--f3)}.drawn .fill-4{fill:var(--f4)}.drawn .head{fill:var(--ink)}\
.drawn .ghost{opacity:.55}.drawn .cell{stroke:var(--paper);stroke-width:2}";

impl Svg {
    /// An empty drawing. `title` names it, `text` says all that it shows, for those who cannot see it.
    pub fn new(name: &str, width: f64, height: f64, title: &str, text: &str) -> Self {
        let (name, title, text) = (name.into(), title.into(), text.into());
        Svg { name, width, height, title, text, body: String::new(), narrow: None }
    }

    /// On a phone these pieces stand one below the other: x, y, width, height of each.
    pub fn stack(mut self, pieces: &[[f64; 4]]) -> Self {
        self.narrow = Some(Narrow::Pieces(pieces.to_vec()));
        self
    }

    /// On a phone this drawing of the same thing is shown instead.
    pub fn or_narrow(mut self, other: Svg) -> Self {
        self.narrow = Some(Narrow::Drawing(Box::new(other)));
        self
    }

    /// A rectangle with its upper left corner at (x, y).
    pub fn rect(&mut self, x: f64, y: f64, width: f64, height: f64, round: f64, class: &str) {
        let (x, y, width, height) = (number(x), number(y), number(width), number(height));
        let round = number(round);
        let _ = write!(
            self.body,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"{round}\" \
             class=\"{class}\"/>"
        );
    }

    /// A straight line.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), class: &str) {
        self.path(
            &format!("M{} {}L{} {}", number(from.0), number(from.1), number(to.0), number(to.1)),
            class,
        );
    }

    /// A path, as SVG writes them.
    pub fn path(&mut self, d: &str, class: &str) {
        let _ = write!(self.body, "<path d=\"{d}\" class=\"{class}\"/>");
    }

    /// A line that bends by `bend` to its left and ends in an arrow's head.
    pub fn arrow(&mut self, from: (f64, f64), to: (f64, f64), bend: f64) {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = dx.hypot(dy).max(1e-6);
        let middle = ((from.0 + to.0) / 2.0, (from.1 + to.1) / 2.0);
        let control = (middle.0 + dy / length * bend, middle.1 - dx / length * bend);
        let [a, b, c, d, e, f] = [from.0, from.1, control.0, control.1, to.0, to.1].map(number);
        self.path(&format!("M{a} {b}Q{c} {d} {e} {f}"), "ink");
        let (hx, hy) = (to.0 - control.0, to.1 - control.1);
        let along = hx.hypot(hy).max(1e-6);
        let (ux, uy) = (hx / along * 8.0, hy / along * 8.0);
        let (left, right) = ((-uy / 2.0, ux / 2.0), (uy / 2.0, -ux / 2.0));
        let point =
            |p: (f64, f64)| format!("{} {}", number(to.0 - ux + p.0), number(to.1 - uy + p.1));
        self.path(&format!("M{e} {f}L{}L{}Z", point(left), point(right)), "head");
    }

    /// A text whose line stands at y.
    pub fn text(&mut self, x: f64, y: f64, anchor: Anchor, class: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let (x, y, text) = (number(x), number(y), escape(text));
        let _ = write!(
            self.body,
            "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" class=\"{class}\">{text}</text>"
        );
    }

    /// A square cell of a grid with something written in it.
    pub fn cell(&mut self, x: f64, y: f64, side: f64, class: &str, text: &str) {
        self.rect(x, y, side, side, 3.0, &format!("cell {class}"));
        let on = if class.contains("fill-0") { "mono small" } else { "mono small on" };
        let on = if class.contains("ghost") { "mono small soft" } else { on };
        self.text(x + side / 2.0, y + side / 2.0 + 4.5, Anchor::Middle, on, text);
    }

    fn write(&self, id: &str, style: &str) -> String {
        let (width, height) = (number(self.width), number(self.height));
        let (title, text, body) = (escape(&self.title), escape(&self.text), &self.body);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"drawn\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\" role=\"img\" aria-labelledby=\"{id}-title {id}-text\">\
             <title id=\"{id}-title\">{title}</title><desc id=\"{id}-text\">{text}</desc>{style}{body}</svg>"
        )
    }

    /// For a page that has the style sheet; `id` is different for each drawing of a page.
    pub fn inline(&self, id: usize) -> String {
        let id = format!("{}-{id}", self.name);
        let Some(narrow) = &self.narrow else { return self.write(&id, "") };
        let piece = |[x, y, width, height]: [f64; 4], inner: &str| {
            let [x, y, width, height] = [x, y, width, height].map(number);
            format!(
                "<svg class=\"drawn\" viewBox=\"{x} {y} {width} {height}\" width=\"{width}\" \
                 height=\"{height}\" aria-hidden=\"true\">{inner}</svg>"
            )
        };
        let (mut whole, mut pieces) = (self.clone(), String::new());
        match narrow {
            Narrow::Pieces(all) => {
                // The same shapes, not a copy of them.
                whole.body = format!("<g id=\"{id}-all\" class=\"drawn\">{}</g>", self.body);
                let shapes = format!("<use href=\"#{id}-all\"/>");
                pieces.extend(all.iter().map(|place| piece(*place, &shapes)));
            }
            Narrow::Drawing(other) => {
                pieces = piece([0.0, 0.0, other.width, other.height], &other.body);
            }
        }
        let whole = whole.write(&id, "").replacen("\"drawn\"", "\"drawn wide\"", 1);
        // What is said of the whole is said of its pieces.
        format!(
            "{whole}<div class=\"narrow\" role=\"img\" aria-labelledby=\"{id}-title {id}-text\">{pieces}\
             </div>"
        )
    }

    /// For a file of its own.
    pub fn stand_alone(&self) -> String {
        self.write(&self.name, &format!("<style>{STYLE}</style>")) + "\n"
    }
}

/// A coordinate, to a hundredth.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.into() }
}
