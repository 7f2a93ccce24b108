//! The words of a page's HTML.

use super::Section;

/// Elements that end no word: what stands in them is joined with what stands around them.
const INLINE: [&str; 25] = [
    "a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em", "i", "ins", "kbd",
    "mark", "q", "s", "samp", "small", "span", "strong", "sub", "sup", "u", "wbr",
];
/// Parts of an equation that are read as one: an index belongs to its letter.
const SCRIPTS: [&str; 6] = ["msub", "msup", "msubsup", "munder", "mover", "munderover"];
/// What nobody reads.
const SILENT: [&str; 5] = ["script", "style", "template", "annotation", "annotation-xml"];
/// The deepest heading that begins a part.
const DEEPEST: usize = 3;

/// The parts of a page, cut at its headings; what stands above the first one belongs to it.
pub(super) fn sections(html: &str) -> Vec<Section> {
    let mut walk = Walk::default();
    let mut rest = html;
    while let Some((before, from)) = rest.split_once('<') {
        walk.text(before);
        rest = walk.markup(from);
    }
    walk.text(rest);
    walk.done()
}

#[derive(Default)]
struct Walk {
    done: Vec<Section>,
    section: Section,
    /// The level of the heading that is open, if one is.
    heading: Option<usize>,
    /// How many of `SCRIPTS` are open.
    scripts: usize,
    /// Whether this is a listing.
    code: bool,
}

impl Walk {
    fn text(&mut self, text: &str) {
        let place = match self.heading {
            Some(_) => &mut self.section.heading,
            None if self.code => &mut self.section.code,
            None => &mut self.section.text,
        };
        plain(text, place);
    }

    /// Reads what begins behind a `<`, and answers what stands behind it.
    fn markup<'a>(&mut self, from: &'a str) -> &'a str {
        if let Some(comment) = from.strip_prefix("!--") {
            return comment.split_once("-->").map_or("", |(_, rest)| rest);
        }
        if !from.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!') {
            self.text("&lt;");
            return from;
        }
        let (tag, rest) = split_tag(from);
        let (closing, tag) = tag.strip_prefix('/').map_or((false, tag), |tag| (true, tag));
        let end = tag.find(|c: char| c.is_whitespace() || c == '/').unwrap_or(tag.len());
        let (name, attributes) = tag.split_at(end);
        if !closing && SILENT.contains(&name) {
            if attributes.ends_with('/') {
                return rest;
            }
            let end = format!("</{name}");
            return rest.split_once(&end).map_or("", |(_, rest)| split_tag(rest).1);
        }
        self.element(name, closing, attributes);
        rest
    }

    fn element(&mut self, name: &str, closing: bool, attributes: &str) {
        let level = name.strip_prefix('h').and_then(|level| level.parse::<usize>().ok());
        let script = SCRIPTS.contains(&name);
        match level {
            Some(level) if closing && self.heading == Some(level) => self.heading = None,
            Some(level) if !closing && (1..=DEEPEST).contains(&level) => {
                if let Some(id) = value(attributes, "id") {
                    self.begin(level, id);
                }
            }
            _ => {}
        }
        if script && closing {
            self.scripts = self.scripts.saturating_sub(1);
        }
        if name == "math" {
            self.scripts = 0;
        }
        if self.scripts == 0 && !INLINE.contains(&name) {
            self.text(" ");
        }
        if script && !closing {
            self.scripts += 1;
        }
        if name == "pre" {
            self.code = !closing;
            self.text(" ");
        }
    }

    fn begin(&mut self, level: usize, id: String) {
        // An eyebrow above the first heading stands on the page, but is no part of its own.
        if !(self.done.is_empty() && self.section.id.is_empty()) {
            self.done.push(std::mem::take(&mut self.section));
        }
        self.heading = Some(level);
        self.section.level = level;
        self.section.id = id;
    }

    fn done(mut self) -> Vec<Section> {
        self.done.push(self.section);
        for section in &mut self.done {
            section.level = section.level.max(1);
            for text in [&mut section.heading, &mut section.text, &mut section.code] {
                text.truncate(text.trim_end().len());
            }
        }
        self.done
    }
}

/// A tag without its `>`, and what stands behind that; one in quotes does not end it.
fn split_tag(from: &str) -> (&str, &str) {
    let mut quote = None;
    let end = from.find(|c: char| match quote {
        Some(mark) => {
            if c == mark {
                quote = None;
            }
            false
        }
        None => {
            if c == '"' || c == '\'' {
                quote = Some(c);
            }
            c == '>'
        }
    });
    let (tag, rest) = from.split_at(end.unwrap_or(from.len()));
    (tag, rest.strip_prefix('>').unwrap_or(rest))
}

/// An attribute's value.
fn value(attributes: &str, name: &str) -> Option<String> {
    let (_, rest) = attributes.split_once(&format!(" {name}=\""))?;
    let mut value = String::new();
    plain(rest.split_once('"')?.0, &mut value);
    Some(value)
}

/// Adds text to what is there: references read, white space of any kind one space.
fn plain(text: &str, to: &mut String) {
    let mut push = |c: char| {
        if !c.is_whitespace() {
            to.push(c);
        } else if !to.is_empty() && !to.ends_with(' ') {
            to.push(' ');
        }
    };
    let mut rest = text;
    while let Some((before, from)) = rest.split_once('&') {
        before.chars().for_each(&mut push);
        let found = from.split_once(';').and_then(|(name, rest)| Some((reference(name)?, rest)));
        let (c, after) = found.unwrap_or(('&', from));
        push(c);
        rest = after;
    }
    rest.chars().for_each(&mut push);
}

/// The character that `&name;` means: those that mdBook and the press write, and all numbers.
fn reference(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some('\u{a0}'),
        _ => {
            let number = name.strip_prefix('#')?;
            let hexadecimal = number.strip_prefix(['x', 'X']);
            let code = match hexadecimal {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text of a page without headings.
    fn words(html: &str) -> String {
        let mut sections = sections(html);
        assert_eq!(sections.len(), 1, "{html}");
        sections.remove(0).text
    }

    #[test]
    fn colours_and_emphasis_end_no_word_and_blocks_do() {
        for (html, text) in [
            (
                "<p><span class=\"k\">for</span> <em>mean</em>_of_<b>scored</b>()</p>",
                "for mean_of_scored()",
            ),
            ("<td>a</td><td>b</td>", "a b"),
            ("a<br>b<br/>c<wbr>d", "a b cd"),
            ("a\n\tb&nbsp;c", "a b c"),
            ("<text>1_naive</text><text>2_block</text>", "1_naive 2_block"),
            (
                "a &lt;b&gt; &amp;lt; &#x27;&#39; &none; & &; x < y",
                "a <b> &lt; '' &none; & &; x < y",
            ),
            ("<p title=\"a > b\" lang='>'>c</p><!-- no > <b> -->d", "c d"),
            ("<script>let no = '<b>';</script>a<style>no</style><template/>b", "ab"),
            ("é 学习 ß", "é 学习 ß"),
            ("a<", "a<"),
            ("a<b", "a"),
        ] {
            assert_eq!(words(html), text, "{html}");
        }
    }

    #[test]
    fn an_index_stays_with_its_letter_and_equations_are_read_once() {
        let math = "<math><semantics><mrow><mi>γ</mi><msub><mi>x</mi><mi>j</mi></msub><mo>+</mo>\
                    <msup><mi>β</mi><mrow><mn>1</mn><mi>t</mi></mrow></msup></mrow>\
                    <annotation encoding=\"application/x-tex\">\\gamma</annotation></semantics></math>";
        assert_eq!(words(&format!("a{math}.")), "a γ xj + β1t .");
        assert_eq!(words("<math><msub><mi>x</mi></math><p>a</p><p>b</p>"), "x a b");
    }

    #[test]
    fn headings_cut_a_page() {
        let html = "<p>Chapter 1</p><h1 id=\"one\"><a href=\"#one\">O<em>n</em>e</a></h1><p>a</p>\
                    <h2 class=\"x\" id=\"t&amp;o\">Two</h2>b<pre><code>let <i>a</i>_b;\n\tc</code></pre><h4 id=\"no\">c</h4>\
                    <pre>d</pre><h3>d</h3><h2 id=\"last\">L</h2>";
        let part = |level, id: &str, heading: &str, text: &str, code: &str| Section {
            level,
            id: id.into(),
            heading: heading.into(),
            text: text.into(),
            code: code.into(),
        };
        let parts = [
            part(1, "one", "One", "Chapter 1 a", ""),
            part(2, "t&o", "Two", "b c d", "let a_b; c d"),
            part(2, "last", "L", "", ""),
        ];
        assert_eq!(sections(html), parts);
        assert_eq!(sections(""), [part(1, "", "", "", "")]);
    }
}
