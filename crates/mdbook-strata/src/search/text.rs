//! The words of a page's HTML.

use super::Section;
use html5ever::TokenizerResult;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};
use std::cell::RefCell;

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

/// The parts of a page, split at its headings; what stands above the first one belongs to it.
pub(super) fn sections(html: &str) -> Vec<Section> {
    let reader = Tokenizer::new(Reader::default(), TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(html));
    // It only pauses for scripts that would write into the page.
    while let TokenizerResult::Script(()) = reader.feed(&input) {}
    reader.end();
    reader.sink.0.take().finish()
}

/// What gets the page's tags and texts.
#[derive(Default)]
struct Reader(RefCell<Walk>);

impl TokenSink for Reader {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut walk = self.0.borrow_mut();
        match token {
            Token::CharacterTokens(text) => walk.text(&text),
            Token::TagToken(tag) => {
                walk.element(&tag);
                if tag.kind == TagKind::StartTag && matches!(&*tag.name, "script" | "style") {
                    return TokenSinkResult::RawData(RawKind::Rawtext);
                }
            }
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

#[derive(Default)]
struct Walk {
    done: Vec<Section>,
    section: Section,
    /// The level of the heading that is open, if one is.
    heading: Option<usize>,
    /// How many of `SCRIPTS` are open.
    scripts: usize,
    /// How many of `SILENT` are open.
    silent: usize,
    /// Whether this is a listing.
    code: bool,
}

impl Walk {
    fn text(&mut self, text: &str) {
        if self.silent > 0 {
            return;
        }
        let place = match self.heading {
            Some(_) => &mut self.section.heading,
            None if self.code => &mut self.section.code,
            None => &mut self.section.text,
        };
        // White space of any kind is one space.
        for c in text.chars() {
            if !c.is_whitespace() {
                place.push(c);
            } else if !place.is_empty() && !place.ends_with(' ') {
                place.push(' ');
            }
        }
    }

    fn element(&mut self, tag: &Tag) {
        let (name, closing) = (&*tag.name, tag.kind == TagKind::EndTag);
        if SILENT.contains(&name) {
            self.silent = match (closing, tag.self_closing) {
                (true, _) => self.silent.saturating_sub(1),
                (false, true) => self.silent,
                (false, false) => self.silent + 1,
            };
            return;
        }
        let level = name.strip_prefix('h').and_then(|level| level.parse::<usize>().ok());
        let script = SCRIPTS.contains(&name);
        match level {
            Some(level) if closing && self.heading == Some(level) => self.heading = None,
            Some(level) if !closing && (1..=DEEPEST).contains(&level) => {
                let id = tag.attrs.iter().find(|attribute| &*attribute.name.local == "id");
                if let Some(id) = id {
                    self.begin(level, id.value.to_string());
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

    fn finish(mut self) -> Vec<Section> {
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
