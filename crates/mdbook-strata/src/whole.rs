//! What stays on one line.

/// Keeps an equation in a sentence and the punctuation behind it on one line.
pub(crate) fn equations(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(start) = rest.find("<math") {
        let Some(length) = rest[start..].find("</math>") else { break };
        let (before, from) = rest.split_at(start);
        let (math, after) = from.split_at(length + "</math>".len());
        let marks = after.len() - after.trim_start_matches(['.', ',', ';', ':', '?', ')']).len();
        out.push_str(before);
        if marks == 0 {
            out.push_str(math);
        } else {
            out.push_str(&format!("<span class=\"whole\">{math}{}</span>", &after[..marks]));
        }
        rest = &after[marks..];
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
