//! What a page may load and run, said by the page itself: its own files, and the scripts in it that were
//! in its head when it was printed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// Where a page says it: before its first script.
const PLACE: &str = "<!-- policy -->";

/// Puts the policy into a page, with the hashes of the scripts that stand in it. Call it last: a script
/// that is changed afterwards no longer runs.
pub(crate) fn put(html: &str) -> String {
    let hashes: String = scripts(html).map(|script| format!(" '{}'", hash(script))).collect();
    // Bars have their length, and MathML its spaces, in style attributes.
    let policy = format!(
        "default-src 'self'; script-src 'self'{hashes}; style-src 'self' 'unsafe-inline'; \
         object-src 'none'; base-uri 'none'; form-action 'self'"
    );
    let said = format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">");
    html.replacen(PLACE, &said, 1)
}

/// The scripts in a page's head, which are the theme's; those in its text are nobody's.
fn scripts(html: &str) -> impl Iterator<Item = &str> {
    let head = html.split("</head>").next().unwrap_or_default();
    head.split("<script>").skip(1).filter_map(|rest| rest.split("</script>").next())
}

fn hash(script: &str) -> String {
    // Browsers read a page's ends of lines as `\n`, and hash what they read.
    let read = script.replace("\r\n", "\n");
    format!("sha256-{}", STANDARD.encode(Sha256::digest(read)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_in_a_page_are_named_by_their_hash() {
        let html = "<head><!-- policy --><script>alert('Hello, world.');</script><script src=\"x.js\"></script>";
        let said = put(html);
        // The standard's own example.
        let hash = "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='";
        assert!(said.contains(&format!("script-src 'self' {hash};")), "{said}");
        assert!(said.starts_with("<head><meta http-equiv=\"Content-Security-Policy\""));
        assert_eq!(super::hash("a\r\nb"), super::hash("a\nb"));
        assert_eq!(put("<p>"), "<p>");
        let later = put("<!-- policy --></head><script>alert(1)</script>");
        assert!(!later.contains("sha256"), "{later}");
    }
}
