//! `{{#number}}` and `{{#cite}}`: numbers in sentences.

use super::{Args, Context, Output};
use crate::fault::Fault;
use crate::results::{Results, show};

/// `{{#number h200-cuda step.tokens_per_second unit=tokens/s digits=3}}`; `else=` is said as long as
/// nobody has recorded it.
pub(super) fn number(context: &Context<'_>, words: &str) -> Result<Output, Fault> {
    let args = Args::parse(words)?;
    args.expect_keys(&["unit", "digits", "over", "over_file", "else"])?;
    match (recorded(context, &args), args.get("else")) {
        (Err(Fault::NoMeasurement { .. }), Some(text)) => Ok(Output::Text(text.into())),
        (shown, _) => shown,
    }
}

fn recorded(context: &Context<'_>, args: &Args) -> Result<Output, Fault> {
    let [file, path] = args.words.as_slice() else {
        return Err(Fault::Argument("a file and a path are expected".into()));
    };
    let results = Results::open(context.tree, file)?;
    let mut number = results.number(path)?;
    if let Some(over) = args.get("over") {
        let other = match args.get("over_file") {
            Some(name) => Results::open(context.tree, name)?,
            None => results,
        };
        number /= other.number(over)?;
        if !number.is_finite() {
            return Err(Fault::Argument(format!("`{over}` is 0, and nothing can be told in it")));
        }
    }
    let digits = args.get("digits").unwrap_or("3");
    let digits: u8 = digits.parse().ok().filter(|d| (1..=15).contains(d)).ok_or_else(|| {
        Fault::Argument(format!("`digits={digits}` is not a number from 1 to 15"))
    })?;
    show(number, args.get("unit"), digits).map(Output::Text)
}

/// `{{#cite "4.8 TB/s" from="NVIDIA, H200 data sheet"}}`: what somebody else states.
pub(super) fn cite(_: &Context<'_>, words: &str) -> Result<Output, Fault> {
    let args = Args::parse(words)?;
    args.expect_keys(&["from"])?;
    let number = args.only("number")?;
    // A number stays with its unit; a whole phrase may break.
    let number =
        if number.len() <= 20 { number.replace(' ', "\u{a0}") } else { number.to_string() };
    Ok(Output::Text(format!("{number} ({})", args.need("from")?)))
}
