//! Colours for code, put on when the book is built: `k` keywords, `t` types, `s` strings, `c`
//! comments, `n` numbers.

use crate::source::lex::pieces;

/// A language that the book prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Rust.
    Rust,
    /// CUDA C++.
    Cuda,
    /// WGSL.
    Wgsl,
    /// TypeScript.
    TypeScript,
    /// A terminal: commands behind `$`.
    Console,
    /// Anything else.
    Text,
}

impl Language {
    /// The language of a file, by its ending.
    pub fn of(path: &str) -> Language {
        match path.rsplit('.').next().unwrap_or_default() {
            "rs" => Language::Rust,
            "cu" | "cuh" => Language::Cuda,
            "wgsl" => Language::Wgsl,
            "ts" | "mts" | "js" | "mjs" => Language::TypeScript,
            _ => Language::Text,
        }
    }

    /// The language that a fenced block names.
    pub fn named(name: &str) -> Language {
        match name {
            "rust" => Language::Rust,
            "cuda" | "cpp" | "c" => Language::Cuda,
            "wgsl" => Language::Wgsl,
            "ts" | "typescript" | "js" => Language::TypeScript,
            "console" | "sh" | "shell" => Language::Console,
            _ => Language::Text,
        }
    }

    /// Its name for readers.
    pub fn name(self) -> &'static str {
        match self {
            Language::Rust => "Rust",
            Language::Cuda => "CUDA",
            Language::Wgsl => "WGSL",
            Language::TypeScript => "TypeScript",
            Language::Console => "Terminal",
            Language::Text => "Text",
        }
    }

    /// Its words with a meaning of their own.
    pub(super) fn keywords(self) -> &'static str {
        match self {
            Language::Rust => {
                "as async await break const continue crate dyn else enum extern false fn for if \
                 impl in let loop match mod move mut pub ref return self Self static struct super \
                 trait true type unsafe use where while"
            }
            Language::Cuda => {
                "asm auto bool break case char const constexpr continue default do double else \
                 enum extern false float for goto half if inline int long namespace nullptr return \
                 short signed sizeof static struct switch template true typedef typename union \
                 unsigned using void volatile while __global__ __device__ __shared__ __host__ \
                 __constant__ __restrict__ __forceinline__ __launch_bounds__ __align__"
            }
            Language::Wgsl => {
                "alias break case const const_assert continue continuing default diagnostic \
                 discard else enable false fn for if let loop override requires return struct \
                 switch true var while"
            }
            Language::TypeScript => {
                "as async await break case catch class const continue declare default delete do \
                 else enum export extends false finally for from function if implements import in \
                 instanceof interface keyof let new null of private protected public readonly \
                 return satisfies static super switch this throw true try type typeof undefined \
                 using void while yield"
            }
            Language::Console | Language::Text => "",
        }
    }

    /// Its types.
    pub(super) fn types(self) -> &'static str {
        match self {
            Language::Rust => {
                "bool char f32 f64 i8 i16 i32 i64 isize str u8 u16 u32 u64 u128 i128 usize"
            }
            Language::Cuda => {
                "float2 float4 uint2 uint4 int2 int4 size_t threadIdx blockIdx blockDim gridDim"
            }
            Language::Wgsl => {
                "array atomic bool f16 f32 i32 mat2x2 mat3x3 mat4x4 ptr u32 vec2 vec3 vec4 \
                 workgroup storage uniform read read_write"
            }
            Language::TypeScript => "any bigint boolean never number object string symbol unknown",
            Language::Console | Language::Text => "",
        }
    }
}

/// Prose as HTML: escaped, and its apostrophes as print has them. The prime of a derivative stays.
pub fn prose(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let curled = letters.iter().enumerate().map(|(i, letter)| {
        let before = i.checked_sub(1).and_then(|i| letters.get(i)).copied().unwrap_or(' ');
        let after = letters.get(i + 1).copied().unwrap_or(' ');
        let inside = before.is_alphanumeric() && after.is_alphabetic();
        let plural = before == 's' && (after.is_whitespace() || after.is_ascii_punctuation());
        if *letter == '\'' && (inside || plural && after != '(') { '’' } else { *letter }
    });
    escape(&curled.collect::<String>())
}

/// Text made safe for HTML.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Prose with `code` in it as HTML.
pub fn marked(text: &str) -> String {
    let text = prose(text);
    if text.matches('`').count() % 2 == 1 {
        return text;
    }
    let parts = text.split('`').enumerate();
    let parts = parts.map(|(i, part)| match i % 2 {
        0 => part.to_string(),
        _ => format!("<code>{part}</code>"),
    });
    parts.collect()
}

/// Code as HTML, each piece in a `<span>` of its class.
pub fn html(text: &str, language: Language) -> String {
    let text = text.trim_end();
    match language {
        Language::Text => return escape(text),
        Language::Console => {
            let line = |line: &str| match line.strip_prefix("$ ") {
                Some(typed) => {
                    format!("<span class=\"c\">$ </span><span class=\"k\">{}</span>", escape(typed))
                }
                None => escape(line),
            };
            return text.lines().map(line).collect::<Vec<_>>().join("\n");
        }
        _ => {}
    }
    let mut out = String::with_capacity(2 * text.len());
    for (class, part) in pieces(text, language) {
        match class {
            Some(class) => {
                out.push_str(&format!("<span class=\"{class}\">{}</span>", escape(part)));
            }
            None => out.push_str(&escape(part)),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_get_their_class() {
        let html = html("let a: &'a str = \"x<y\"; // end\n", Language::Rust);
        assert!(html.contains("<span class=\"k\">let</span> a"), "{html}");
        assert!(html.contains("<span class=\"t\">'a</span>"), "{html}");
        assert!(html.contains("<span class=\"s\">&quot;x&lt;y&quot;</span>"), "{html}");
        assert!(html.contains("<span class=\"c\">// end</span>"), "{html}");
    }

    #[test]
    fn ranges_and_unicode_survive() {
        assert!(html("0..n", Language::Rust).starts_with("<span class=\"n\">0</span>.."));
        assert_eq!(html("é → ü", Language::Rust), "é → ü");
        assert_eq!(html("'", Language::Rust), "<span class=\"t\">'</span>");
    }
}
