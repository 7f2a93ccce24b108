//! `{{#kernel}}` and `{{#header}}`: one kernel in the languages it is written in.

use super::{Args, Context, Output, Tab, tabs};
use crate::fault::Fault;
use crate::source::highlight::{Language, escape, marked};
use crate::source::{kernel as source, region, rust};

/// Where a kernel's texts are: `include/matmul` is a shared part.
fn files(path: &str) -> (String, String) {
    let cuda = if path.starts_with("include/") { "cuh" } else { "cu" };
    (format!("kernels/{path}.{cuda}"), format!("shaders/{path}.wgsl"))
}

fn unknown(context: &Context<'_>, path: &str) -> Fault {
    let folder = path.split('/').next().unwrap_or_default();
    let mut have = context.tree.names(&format!("kernels/{folder}"));
    have.extend(context.tree.names(&format!("shaders/{folder}")));
    if have.is_empty() {
        have = context.tree.names("kernels");
        have.retain(|name| !name.contains('.') && name != "src");
        return Fault::Unknown { kind: "kernel", name: path.into(), have: have.join(", ") };
    }
    let named = |name: &String| name.split('.').next().map(|stem| format!("{folder}/{stem}"));
    let mut have: Vec<String> = have.iter().filter_map(named).collect();
    have.sort();
    have.dedup();
    Fault::Unknown { kind: "kernel", name: path.into(), have: have.join(", ") }
}

/// `{{#kernel matmul/3_tiled region=load}}`.
pub(super) fn kernel(context: &Context<'_>, words: &str) -> Result<Output, Fault> {
    let args = Args::parse(words)?;
    args.expect_keys(&["region"])?;
    let path = args.only("kernel")?;
    let wanted = args.get("region");
    let (cuda, wgsl) = files(path);
    let shown = |file: &str| -> Result<Option<String>, Fault> {
        let Some(text) = context.tree.read_if_there(file)? else { return Ok(None) };
        match wanted {
            None => Ok(Some(source::body(&region::strip(&text)))),
            Some(name) => region::one(file, &text, name).map(Some),
        }
    };
    let kernels = context.kernels(path);
    let promised = kernels.iter().all(|k| k.wgsl.is_some()) && !path.starts_with("include/");
    let first = shown(&cuda)?;
    let twin = match shown(&wgsl) {
        Err(Fault::Unknown { name, .. }) if first.is_some() => {
            let what = format!("the region `{}`", name.split('`').next().unwrap_or_default());
            if promised {
                return Err(Fault::NoTwin { cuda, wgsl, what });
            }
            None
        }
        other => other?,
    };
    if first.is_some() && twin.is_none() && promised {
        return Err(Fault::NoTwin { cuda, wgsl, what: "the kernel".into() });
    }
    let tab = |language, path, text: Option<String>| text.map(|text| Tab { language, path, text });
    let mut found: Vec<Tab> = Vec::new();
    found.extend(tab(Language::Cuda, cuda, first));
    found.extend(tab(Language::Wgsl, wgsl, twin));
    found.extend(cpu(context, path, wanted)?);
    if found.is_empty() {
        return Err(unknown(context, path));
    }
    Ok(Output::Block(tabs(context, &found)))
}

/// The kernel's functions in Rust: fresh from the file, which may have changed since this was built.
fn cpu(context: &Context<'_>, path: &str, wanted: Option<&str>) -> Result<Option<Tab>, Fault> {
    let mut tab: Option<Tab> = None;
    for written in context.kernels(path).iter().filter_map(|kernel| kernel.rust) {
        let path = written.path();
        let Some(text) = context.tree.read_if_there(&path)? else { continue };
        let part = match wanted {
            None => rust::function(&path, &text, written.name)?,
            Some(name) => {
                let regions = region::all(&path, &text)?;
                let Some(found) = regions.iter().find(|r| r.name == name) else { continue };
                region::dedent(&found.text)
            }
        };
        match &mut tab {
            Some(tab) if tab.text.contains(&part) => {}
            Some(tab) => tab.text = format!("{}\n{part}", tab.text),
            None => tab = Some(Tab { language: Language::Rust, path, text: part }),
        }
    }
    Ok(tab)
}

/// `{{#header matmul/3_tiled}}`: what the kernel says of itself.
pub(super) fn header(context: &Context<'_>, words: &str) -> Result<Output, Fault> {
    let args = Args::parse(words)?;
    args.expect_keys(&[])?;
    let path = args.only("kernel")?;
    let (cuda, wgsl) = files(path);
    let file = [cuda, wgsl].into_iter().find(|file| context.tree.has(file));
    let file = file.ok_or_else(|| unknown(context, path))?;
    let text = source::header(&context.tree.read(&file)?);
    if text.is_empty() {
        return Err(Fault::Elsewhere {
            path: file,
            line: 1,
            what: "it has no header comment".into(),
        });
    }
    let paragraphs: String = text.split("\n\n").map(paragraph).collect();
    let address = context.tree.address(&file);
    let from = format!("<footer><a href=\"{address}\">{}</a></footer>", escape(&file));
    Ok(Output::Block(format!(
        "<blockquote class=\"header-comment\">{paragraphs}{from}</blockquote>"
    )))
}

/// Lines flow together, but `Idea:`, `Cost:` and `Expected gain` begin a line of their own.
fn paragraph(text: &str) -> String {
    let mut html = String::from("<p>");
    for (i, line) in text.lines().enumerate() {
        let label = ["Idea", "Cost", "Expected gain", "Gain", "Why", "Note", "Limits"];
        let label = label.iter().find(|label| line.starts_with(**label));
        let head = label.and_then(|_| line.split_once(':'));
        if i > 0 {
            html.push_str(if head.is_some() { "</p><p>" } else { " " });
        }
        match head {
            Some((label, rest)) => {
                html.push_str(&format!("<strong>{}:</strong>{}", escape(label), marked(rest)));
            }
            None => html.push_str(&marked(line)),
        }
    }
    html + "</p>"
}
