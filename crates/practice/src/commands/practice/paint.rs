//! Source in few colours: comments step back, the words of the language stand out.

use super::text::{Line, Tone, line};
use strata_grader::Language;

const RUST: &[&str] = &[
    "as", "break", "const", "continue", "else", "enum", "fn", "for", "if", "impl", "in", "let",
    "loop", "match", "mod", "move", "mut", "pub", "ref", "return", "self", "Self", "static",
    "struct", "trait", "type", "use", "where", "while", "f32", "f64", "u8", "u32", "u64", "i32",
    "i64", "usize", "bool", "str", "true", "false",
];
const WGSL: &[&str] = &[
    "alias",
    "array",
    "bool",
    "break",
    "const",
    "continue",
    "else",
    "f32",
    "fn",
    "for",
    "i32",
    "if",
    "let",
    "loop",
    "override",
    "return",
    "struct",
    "u32",
    "var",
    "vec2",
    "vec3",
    "vec4",
    "while",
    "workgroupBarrier",
    "storageBarrier",
    "true",
    "false",
    "select",
    "switch",
    "case",
    "default",
];
const CUDA: &[&str] = &[
    "__device__",
    "__forceinline__",
    "__global__",
    "__launch_bounds__",
    "__restrict__",
    "__shared__",
    "__syncthreads",
    "__syncwarp",
    "auto",
    "bool",
    "break",
    "case",
    "const",
    "constexpr",
    "continue",
    "do",
    "else",
    "extern",
    "float",
    "float2",
    "float4",
    "for",
    "if",
    "inline",
    "int",
    "long",
    "return",
    "size_t",
    "static",
    "struct",
    "switch",
    "template",
    "typename",
    "unsigned",
    "void",
    "while",
    "true",
    "false",
];

/// A source's lines in tones.
pub fn paint(language: Language, source: &str) -> Vec<Line> {
    let words = match language {
        Language::Rust => RUST,
        Language::Wgsl => WGSL,
        Language::Cuda => CUDA,
    };
    source.lines().map(|text| painted(words, text)).collect()
}

fn painted(words: &[&str], text: &str) -> Line {
    let (code, comment) = text.split_at(text.find("//").unwrap_or(text.len()));
    let mut line = match code.trim_start().chars().next() {
        Some('#' | '@') => line(Tone::Warn, code),
        _ => coloured(words, code),
    };
    if !comment.is_empty() {
        line = line.and(Tone::Dim, comment);
    }
    line
}

fn coloured(words: &[&str], code: &str) -> Line {
    let mut line = Line::default();
    let mut rest = code;
    while !rest.is_empty() {
        let named = |c: char| c.is_alphanumeric() || c == '_';
        let in_word = rest.starts_with(named);
        let end = rest.find(|c| named(c) != in_word).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        let tone = if words.contains(&part) { Tone::Code } else { Tone::Plain };
        line = match line.0.last_mut() {
            Some(last) if last.tone == tone => {
                last.text.push_str(part);
                line
            }
            _ => line.and(tone, part),
        };
        rest = after;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_letter_is_lost_and_words_are_found() {
        let source = "@compute\nlet sum = 0.0;  // the sum\n\nif (p.forx) { }";
        let lines = paint(Language::Wgsl, source);
        let text: Vec<String> = lines.iter().map(Line::text).collect();
        assert_eq!(text.join("\n"), source);
        assert_eq!(lines[1].0[0].tone, Tone::Code);
        assert_eq!(lines[1].0.last().map(|s| s.tone), Some(Tone::Dim));
        assert_eq!(lines[3].0.iter().filter(|s| s.tone == Tone::Code).count(), 1);
    }
}
