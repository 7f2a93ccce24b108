//! What stays on one line.

/// Keeps an equation in a sentence and the punctuation behind it on one line.
pub(crate) fn equations(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, from)) = rest.split_once("<math") {
        let Some((inner, after)) = from.split_once("</math>") else { break };
        let math = format!("<math{inner}</math>");
        rest = after.trim_start_matches(['.', ',', ';', ':', '?', ')']);
        let marks = after.strip_suffix(rest).unwrap_or_default();
        out.push_str(before);
        if marks.is_empty() {
            out.push_str(&math);
        } else {
            out.push_str(&format!("<span class=\"whole\">{math}{marks}</span>"));
        }
    }
    out + rest
}

/// Keeps short code in a sentence on one line: `--minutes` has no place where it may break.
pub(crate) fn code(html: &str) -> String {
    let mut parts = html.split("<code>");
    let mut out = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let text = part.split("</code>").next().unwrap_or_default();
        let most = if text.contains(' ') { 16 } else { 24 };
        let short = text.contains('-') && !text.contains('<') && text.len() <= most;
        out.push_str(if short { "<code class=\"whole\">" } else { "<code>" });
        out.push_str(part);
    }
    out
}
