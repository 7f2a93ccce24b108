//! Code out of the tree: panels, tabs, `{{#rust}}` and `{{#ts}}`.

use super::{Args, Context, Output};
use crate::fault::Fault;
use crate::source::highlight::{Language, escape, html};
use crate::source::{region, rust as source};

/// A piece of code and where it stands.
pub struct Tab {
    /// Its language.
    pub language: Language,
    /// The file's path in the repository.
    pub path: String,
    /// The code.
    pub text: String,
}

/// A figure of code: its file above it, linked.
pub fn panel(context: &Context<'_>, tab: &Tab) -> String {
    let Tab { language, path, text } = tab;
    let address = context.tree.address(path);
    let code = html(text, *language);
    let path = escape(path);
    // The keyboard must be able to scroll long lines.
    let region =
        format!("tabindex=\"0\" role=\"group\" aria-label=\"{}, {path}\"", language.name());
    format!(
        "<p class=\"file\"><a href=\"{address}\">{path}</a></p><pre {region}><code>{code}</code></pre>"
    )
}

/// Code that was typed into the page: a line or two.
pub fn typed(text: &str, language: Language) -> String {
    let terminal = if language == Language::Console { " terminal" } else { "" };
    let region = format!("tabindex=\"0\" role=\"group\" aria-label=\"{}\"", language.name());
    let code = html(text, language);
    format!("<div class=\"code{terminal}\"><pre {region}><code>{code}</code></pre></div>")
}

/// Code in tabs, or without them where there is only one. They work without a script: each is a
/// radio button.
pub fn tabs(context: &Context<'_>, tabs: &[Tab]) -> String {
    if let [only] = tabs {
        return format!("<div class=\"code\">{}</div>", panel(context, only));
    }
    let id = context.id();
    let (mut heads, mut panels) = (String::new(), String::new());
    for (i, tab) in tabs.iter().enumerate() {
        let name = tab.language.name();
        let key = name.to_lowercase();
        let checked = if i == 0 { " checked" } else { "" };
        heads.push_str(&format!(
            "<input type=\"radio\" name=\"tabs{id}\" id=\"tab{id}-{key}\" value=\"{key}\"{checked}>\
             <label for=\"tab{id}-{key}\">{name}</label>"
        ));
        panels.push_str(&format!("<div class=\"panel\">{}</div>", panel(context, tab)));
    }
    format!(
        "<fieldset class=\"code tabs\"><legend>Language</legend>{heads}<div class=\"panels\">{panels}</div>\
         </fieldset>"
    )
}

/// `{{#rust FILE fn=walk}}`, `item=Grads`, `region=…` or the whole file.
pub(super) fn rust(context: &Context<'_>, words: &str) -> Result<Output, Fault> {
    let mut args = Args::parse(words)?;
    args.expect_keys(&["fn", "item", "region"])?;
    let bare = args.words.iter().position(|word| word == "body");
    if let Some(at) = bare {
        args.words.remove(at);
    }
    let path = args.only("file")?;
    let text = context.tree.read(path)?;
    let found = match (args.get("fn"), args.get("item"), args.get("region")) {
        (Some(name), None, None) => source::function(path, &text, name)?,
        (None, Some(name), None) => source::item(path, &text, name)?,
        (None, None, Some(name)) => region::one(path, &text, name)?,
        (None, None, None) => without_opening(&region::strip(&text)),
        _ => return Err(Fault::Argument("one of `fn=`, `item=` and `region=`".into())),
    };
    let text = if bare.is_some() { source::without_docs(&found) } else { found };
    let tab = Tab { language: Language::Rust, path: path.into(), text };
    Ok(Output::Block(tabs(context, &[tab])))
}

/// `{{#ts FILE region=…}}` or the whole file.
pub(super) fn ts(context: &Context<'_>, words: &str) -> Result<Output, Fault> {
    let args = Args::parse(words)?;
    args.expect_keys(&["region"])?;
    let path = args.only("file")?;
    let text = context.tree.read(path)?;
    let text = match args.get("region") {
        Some(name) => region::one(path, &text, name)?,
        None => region::strip(&text),
    };
    let tab = Tab { language: Language::TypeScript, path: path.into(), text };
    Ok(Output::Block(tabs(context, &[tab])))
}

/// Without the `//!` docs that a file begins with.
fn without_opening(text: &str) -> String {
    let rest: Vec<&str> = text.lines().skip_while(|line| line.starts_with("//!")).collect();
    format!("{}\n", rest.join("\n").trim_matches('\n'))
}
