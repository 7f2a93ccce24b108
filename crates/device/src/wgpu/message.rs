//! The shader compiler's message, with the reader's file and its lines.
use crate::Loaded;
use crate::vet::Fault;

/// naga numbers the lines of the whole text, parts in front included, and calls the file `wgsl` or
/// nothing at all. Here `┌─ wgsl:57:9` becomes `┌─ shaders/gelu/1_naive.wgsl:12:9`, and the numbers
/// beside the quoted lines follow.
pub(super) fn for_reader(log: &str, loaded: &Loaded, includes: &[(&str, &str)]) -> String {
    let log = log.lines().filter(|line| !is_noise(line));
    let lines: Vec<String> = log
        .map(|line| {
            header(line, loaded, includes)
                .or_else(|| gutter(line, loaded, includes))
                .unwrap_or_else(|| line.into())
        })
        .collect();
    lines.join("\n").trim_matches('\n').to_string()
}

/// What is wrong with a text, at the reader's line.
pub(super) fn fault(fault: &Fault, loaded: &Loaded, includes: &[(&str, &str)]) -> String {
    let (file, line) = match fault.line {
        0 => (loaded.path.clone(), 0),
        line => place_of(line, loaded, includes),
    };
    Fault { line, text: fault.text.clone() }.log(&file)
}

/// WebGPU's own call names tell the reader of a kernel nothing.
fn is_noise(line: &str) -> bool {
    let line = line.trim();
    line.starts_with("In Device::create_") || (line.starts_with("Shader '") && line.ends_with('\''))
}

/// `┌─ wgsl:57:9`, the place of the error.
fn header(line: &str, loaded: &Loaded, includes: &[(&str, &str)]) -> Option<String> {
    let (indent, place) = line.split_once("┌─ ")?;
    let (rest, column) = place.trim_end().rsplit_once(':')?;
    let number = rest.rsplit_once(':').map_or(rest, |(_, number)| number);
    let (file, line) = place_of(number.parse().ok()?, loaded, includes);
    Some(format!("{indent}┌─ {file}:{line}:{column}"))
}

/// `57 │     let x = 1;`, a quoted line.
fn gutter(line: &str, loaded: &Loaded, includes: &[(&str, &str)]) -> Option<String> {
    let (number, quoted) = line.split_once(" │")?;
    let width = number.chars().count();
    let (_, line) = place_of(number.trim().parse().ok()?, loaded, includes);
    Some(format!("{line:>width$} │{quoted}"))
}

/// The file and line a reader would look at for a line of the whole text, both from 1.
fn place_of(line: usize, loaded: &Loaded, includes: &[(&str, &str)]) -> (String, usize) {
    if line > loaded.prefix_lines {
        return (loaded.path.clone(), line - loaded.prefix_lines);
    }
    let body = loaded.text.lines().skip(loaded.prefix_lines);
    let names = body.filter_map(|line| line.trim().strip_prefix("// include:"));
    let mut start = 0;
    for name in names.flat_map(str::split_whitespace) {
        let file = format!("{name}.wgsl");
        let part = includes.iter().find(|(include, _)| *include == file);
        let lines = part.map_or(0, |(_, text)| text.lines().count());
        if line <= start + lines {
            return (format!("shaders/include/{file}"), line - start);
        }
        start += lines;
    }
    (loaded.path.clone(), line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expand_wgsl;

    #[test]
    fn lines_and_files_are_the_readers() {
        let includes = [("one.wgsl", "a\nb\n"), ("two.wgsl", "c")];
        let text = "// include: one two\nx\ny\n";
        let loaded = expand_wgsl("mine.wgsl".into(), text, &includes, &[]).unwrap();
        let place = |line| place_of(line, &loaded, &includes);
        assert_eq!(place(2), ("shaders/include/one.wgsl".into(), 2));
        assert_eq!(place(3), ("shaders/include/two.wgsl".into(), 1));
        assert_eq!(place(5), ("mine.wgsl".into(), 2));
        let log = "error: bad\n   ┌─ wgsl:5:9\n  5 │ x\n    │ ^ here";
        let want = "error: bad\n   ┌─ mine.wgsl:2:9\n  2 │ x\n    │ ^ here";
        assert_eq!(for_reader(log, &loaded, &includes), want);
    }
}
