//! Kernel files: their header comment and the rest.

/// The comment a kernel file begins with, as text; `// include:` lines are not part of it.
pub fn header(text: &str) -> String {
    let comment = text.lines().take_while(|line| line.starts_with("//"));
    let said = comment.filter(|line| !line.starts_with("// include:"));
    let said: Vec<&str> = said.map(|line| line.trim_start_matches('/').trim()).collect();
    said.join("\n").trim().to_string()
}

/// A kernel file without the comment it begins with.
pub fn body(text: &str) -> String {
    let mut lines = text.lines().peekable();
    let mut kept = String::new();
    while let Some(line) = lines.next_if(|line| line.starts_with("//")) {
        if line.starts_with("// include:") {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    for line in lines {
        kept.push_str(line);
        kept.push('\n');
    }
    format!("{}\n", kept.trim_matches('\n'))
}

#[cfg(test)]
mod tests {
    #[test]
    fn header_and_body_part() {
        let text = "// include: matmul\n// Idea: tiles.\n//\n// Cost: less.\n\nfn f() {}\n";
        assert_eq!(super::header(text), "Idea: tiles.\n\nCost: less.");
        assert_eq!(super::body(text), "// include: matmul\n\nfn f() {}\n");
    }
}
