//! From a kernel to the text a compiler sees: overlay first, then the built-in file; includes
//! prepended, tunable constants set.
use crate::{Element, Error, Kernel, Machine, Overlay, Result, vet};

/// A kernel's text, ready for its compiler.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The file it came from: the repository's path, or the reader's file.
    pub path: String,
    /// The text.
    pub text: String,
    /// Lines that were put in front of the file's first: subtract them from error lines.
    pub prefix_lines: usize,
    /// Constants that the text declares with `// tune:` and that are set in it already.
    pub tuned: Vec<&'static str>,
    /// A reader's file: compilers see it only after [`vet`](crate::vet) has.
    pub own: bool,
}

/// The CUDA text of a kernel; its headers travel beside it.
///
/// # Errors
/// The kernel has no CUDA body, or the overlay's file cannot be read or does not name a constant that
/// it must heed.
pub fn load_cuda(
    kernel: &Kernel,
    constants: &[(&'static str, u32)],
    overlay: Option<&Overlay>,
) -> Result<Loaded> {
    let text = kernel.cuda.ok_or_else(|| no_body(kernel, Machine::Cuda))?;
    let own = read(kernel, overlay, Machine::Cuda)?;
    let is_own = own.is_some();
    let built_in = || (format!("kernels/{}.cu", kernel.path), text.text.to_string());
    let (path, code) = own.unwrap_or_else(built_in);
    // Headers that it names itself count: whoever asks for one knows what is in there.
    let named = |name: &str| {
        let quoted = format!("\"{name}\"");
        code.lines().any(|line| line.trim_start().starts_with('#') && line.contains(&quoted))
    };
    let headers = text.includes.iter().filter(|(name, _)| named(name)).map(|&(_, text)| text);
    let texts: Vec<&str> = headers.chain([code.as_str()]).collect();
    // Of the built-in ones only that they do not read as f32 what is stored in 16 bits.
    let asked =
        |name: &str| is_own || TYPES.iter().flatten().any(|(constant, _)| *constant == name);
    let constants: Vec<_> = constants.iter().filter(|c| asked(c.0)).copied().collect();
    heeds(kernel, &constants, &path, &texts, Machine::Cuda)?;
    Ok(Loaded { path, text: code, prefix_lines: 0, tuned: Vec::new(), own: is_own })
}

/// The WGSL text of a kernel, with its includes in front and its `// tune:` constants set.
///
/// # Errors
/// The kernel has no WGSL body, it includes a part that does not exist, or the overlay's file
/// cannot be read or does not name a constant that it must heed.
pub fn load_wgsl(
    kernel: &Kernel,
    constants: &[(&'static str, u32)],
    overlay: Option<&Overlay>,
) -> Result<Loaded> {
    let built_in = kernel.wgsl.ok_or_else(|| no_body(kernel, Machine::Wgpu))?;
    match read(kernel, overlay, Machine::Wgpu)? {
        Some((path, text)) => {
            let loaded = expand_wgsl(path, &text, built_in.includes, constants)?;
            heeds(kernel, constants, &loaded.path, &[&loaded.text], Machine::Wgpu)?;
            Ok(Loaded { own: true, ..loaded })
        }
        None => {
            let path = format!("shaders/{}.wgsl", kernel.path);
            expand_wgsl(path, built_in.text, built_in.includes, constants)
        }
    }
}

fn read(
    kernel: &Kernel,
    overlay: Option<&Overlay>,
    machine: Machine,
) -> Result<Option<(String, String)>> {
    let Some(overlay) = overlay else { return Ok(None) };
    let found = overlay.read(kernel.path, machine)?;
    Ok(found.map(|(file, text)| (file.display().to_string(), text)))
}

/// The constants that choose a float's type, and what texts call it.
const TYPES: [Option<(&str, &str)>; 2] =
    [Element::Stored.chosen_by(), Element::Outcome.chosen_by()];

/// Whether a reader's text names the constants it must heed, as far as the launch sets them.
fn heeds(
    kernel: &Kernel,
    constants: &[(&'static str, u32)],
    path: &str,
    texts: &[&str],
    machine: Machine,
) -> Result<()> {
    let names = |name: &str| texts.iter().any(|text| vet::names(text, machine, name));
    // A text of 16-bit floats names their type; the constant itself stands in the header.
    let known = |name: &&str| match TYPES.into_iter().flatten().find(|(n, _)| n == name) {
        Some((_, ty)) => names(ty),
        None => !kernel.heeded.contains(name) || names(name),
    };
    match constants.iter().map(|c| c.0).find(|name| !known(name)) {
        None => Ok(()),
        Some(constant) => Err(Error::Unheeded { path: path.into(), constant, kernel: kernel.path }),
    }
}

fn no_body(kernel: &Kernel, machine: Machine) -> Error {
    Error::Launch { kernel: kernel.path.into(), reason: format!("it has no body for {machine}") }
}

/// Puts the parts named by `// include: a b` lines in front of a WGSL text and sets the constants
/// it declares as `const NAME: u32 = 4; // tune: 4 8`.
///
/// # Errors
/// An include that does not exist, or is named twice.
pub fn expand_wgsl(
    path: String,
    text: &str,
    includes: &[(&str, &str)],
    constants: &[(&'static str, u32)],
) -> Result<Loaded> {
    let mut prefix = String::new();
    let names = text.lines().filter_map(|line| line.trim().strip_prefix("// include:"));
    let mut seen = Vec::new();
    for name in names.flat_map(str::split_whitespace) {
        if seen.contains(&name) {
            let log = format!("`// include: {name}` stands there twice");
            return Err(Error::Compile { path, device: "WGSL".into(), log });
        }
        seen.push(name);
        let file = format!("{name}.wgsl");
        let Some((_, part)) = includes.iter().find(|(n, _)| *n == file) else {
            let log = format!("`// include: {name}`: there is no shaders/include/{file}");
            return Err(Error::Compile { path, device: "WGSL".into(), log });
        };
        prefix.push_str(part);
        if !part.ends_with('\n') {
            prefix.push('\n');
        }
    }
    let prefix_lines = prefix.lines().count();
    let mut tuned = Vec::new();
    let mut body = String::with_capacity(text.len());
    for line in text.lines() {
        match tune(line, constants) {
            Some((name, set)) => {
                tuned.push(name);
                body.push_str(&set);
            }
            None => body.push_str(line),
        }
        body.push('\n');
    }
    Ok(Loaded { path, text: prefix + &body, prefix_lines, tuned, own: false })
}

/// `const NAME: u32 = 4; // tune: 4 8` with its value replaced, if `constants` names it.
fn tune(line: &str, constants: &[(&'static str, u32)]) -> Option<(&'static str, String)> {
    let (code, note) = line.split_once("// tune:")?;
    let declared = code.trim_start().strip_prefix("const ")?;
    let name = declared.split([':', '=', ' ']).next()?.trim();
    let (name, value) = constants.iter().find(|(n, _)| *n == name)?;
    let (head, _) = code.split_once('=')?;
    let suffix = if head.contains("u32") { "u" } else { "" };
    Some((name, format!("{head}= {value}{suffix}; // tune:{note}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn includes_come_first_and_constants_are_set() {
        let text = "// include: reduce\nconst TILE: u32 = 4u; // tune: 4 8\nfn main() {}\n";
        let parts = [("reduce.wgsl", "fn sum() {}\n")];
        let loaded = expand_wgsl("x.wgsl".into(), text, &parts, &[("TILE", 8)]).unwrap();
        assert_eq!(loaded.prefix_lines, 1);
        assert!(loaded.text.starts_with("fn sum() {}\n// include: reduce\n"));
        assert!(loaded.text.contains("const TILE: u32 = 8u; // tune: 4 8"));
        assert_eq!(loaded.tuned, ["TILE"]);
    }

    #[test]
    fn a_missing_include_names_the_file() {
        let error = expand_wgsl("mine.wgsl".into(), "// include: nope\n", &[], &[]).unwrap_err();
        assert!(error.to_string().contains("mine.wgsl"), "{error}");
        assert!(error.to_string().contains("shaders/include/nope.wgsl"), "{error}");
        let (twice, parts) = ("// include: a\n".repeat(2), [("a.wgsl", "const A = 1;\n")]);
        let error = expand_wgsl("mine.wgsl".into(), &twice, &parts, &[]).unwrap_err();
        assert!(error.to_string().contains("twice"), "{error}");
    }
}
