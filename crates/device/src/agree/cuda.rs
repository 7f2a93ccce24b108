use super::{Binding, Param, Taken};
use crate::{Access, DType, Element};

/// What an entry of a CUDA text takes. Read from the text alone: the structs that its headers and
/// itself define, and the list behind the entry's name.
///
/// # Errors
/// No such entry, or a declaration that is none of those that kernels use, in words.
pub fn read(text: &str, headers: &[(&str, &str)], entry: &str) -> Result<Taken, String> {
    let mut whole = String::new();
    let mut seen = Vec::new();
    gather(text, headers, &mut seen, &mut whole);
    let code = bare(&whole);
    let list = arguments(&code, entry).ok_or_else(|| format!("it has no entry `{entry}`"))?;
    let mut taken = Taken::default();
    for argument in list.split(',').map(str::trim).filter(|argument| !argument.is_empty()) {
        taken.arguments += 1;
        match argument.rsplit_once('*') {
            Some((ty, name)) => taken.bindings.push(Some(binding(ty, name)?)),
            None => {
                let ty = argument.split_whitespace().rev().nth(1).unwrap_or_default();
                // Made by the launch, of a binding.
                if !matches!(ty, "TensorMap" | "TensorMaps") {
                    taken.params = fields(&code, ty, 1)?;
                }
            }
        }
    }
    Ok(taken)
}

/// A text with its headers where they are asked for, each once.
fn gather<'a>(
    text: &str,
    headers: &[(&'a str, &'a str)],
    seen: &mut Vec<&'a str>,
    to: &mut String,
) {
    for line in text.lines() {
        let asked = line.trim_start().strip_prefix("#include").map(str::trim);
        match asked.and_then(|name| headers.iter().find(|(n, _)| name == format!("\"{n}\""))) {
            Some((name, _)) if seen.contains(name) => {}
            Some((name, header)) => {
                seen.push(name);
                gather(header, headers, seen, to);
            }
            None => {
                to.push_str(line);
                to.push('\n');
            }
        }
    }
}

/// Without comments.
fn bare(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('/') {
        let (before, from) = rest.split_at(at);
        code.push_str(before);
        let end = match from.as_bytes().get(1) {
            Some(b'/') => from.find('\n').unwrap_or(from.len()),
            Some(b'*') => from.find("*/").map_or(from.len(), |end| end + 2),
            _ => {
                code.push('/');
                1
            }
        };
        rest = &from[end..];
    }
    code + rest
}

/// What stands between the parentheses behind an entry's name.
fn arguments<'a>(code: &'a str, entry: &str) -> Option<&'a str> {
    code.match_indices("__global__").find_map(|(at, _)| {
        let from = &code[at..];
        let head = &from[..from.find('{').unwrap_or(from.len())];
        let named = |(i, _): &(usize, &str)| {
            let word = |c: char| c.is_alphanumeric() || c == '_';
            !head[..*i].ends_with(word) && head[i + entry.len()..].trim_start().starts_with('(')
        };
        let (name, _) = head.match_indices(entry).find(named)?;
        let list = &head[name + entry.len()..];
        list.get(list.find('(')? + 1..list.rfind(')')?)
    })
}

fn binding(ty: &str, name: &str) -> Result<Binding, String> {
    let mut words: Vec<&str> = ty.split_whitespace().collect();
    let constant = words.contains(&"const");
    words.retain(|word| *word != "const");
    let name = name.split_whitespace().last().unwrap_or_default().to_string();
    let element = match words.as_slice() {
        ["float" | "float2" | "float4"] => Some(Element::Of(DType::F32)),
        ["unsigned" | "uint2" | "uint4"] | ["unsigned", "int"] => Some(Element::Of(DType::U32)),
        ["int" | "int2" | "int4"] => Some(Element::Of(DType::I32)),
        ["bf16"] => Some(Element::Of(DType::BF16)),
        ["f16"] => Some(Element::Of(DType::F16)),
        ["StepState"] => Some(Element::State),
        ["stored"] => Some(Element::Stored),
        ["result"] => Some(Element::Outcome),
        [_] => None,
        _ => return Err(format!("`{ty}* {name}` is no type that a binding has")),
    };
    let access = if constant { Access::Read } else { Access::Write };
    Ok(Binding { name, access, element })
}

/// The body of a struct.
fn body<'a>(code: &'a str, name: &str) -> Option<&'a str> {
    let (_, from) = code.split_once(&format!("struct {name} {{"))?;
    Some(from.split_once('}')?.0)
}

/// `depth` structs may stand within it, one in another.
fn fields(code: &str, name: &str, depth: usize) -> Result<Vec<Param>, String> {
    let body = body(code, name).ok_or_else(|| format!("it defines no struct `{name}`"))?;
    let mut list: Vec<Param> = Vec::new();
    for line in body.split(';').map(str::trim).filter(|line| !line.is_empty()) {
        let (ty, names) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let names = names.trim_start();
        let names =
            if ty == "unsigned" { names.strip_prefix("int ").unwrap_or(names) } else { names };
        let (dtype, each) = match ty {
            "float" => (DType::F32, 1),
            "unsigned" => (DType::U32, 1),
            "int" => (DType::I32, 1),
            other => inner(code, other, depth)?,
        };
        for name in names.split(',').map(str::trim) {
            let (name, count) = match name.split_once('[') {
                Some((name, count)) => (name, count.trim_end_matches(']').trim().parse().ok()),
                None => (name, Some(1)),
            };
            let count: usize = count.ok_or_else(|| format!("`{line}`: a length is a number"))?;
            let at = list.last().map_or(0, |last| last.at.saturating_add(last.words));
            let words = each.saturating_mul(count);
            list.push(Param { name: name.trim().into(), dtype, at, words });
        }
    }
    Ok(list)
}

/// A struct within one: words of one type.
fn inner(code: &str, name: &str, depth: usize) -> Result<(DType, usize), String> {
    let wrong = || format!("`{name}` is no type that a field of Params has");
    let list = fields(code, name, depth.checked_sub(1).ok_or_else(wrong)?).map_err(|_| wrong())?;
    let dtype = list.first().ok_or_else(wrong)?.dtype;
    match list.iter().all(|field| field.dtype == dtype) {
        true => {
            Ok((dtype, list.iter().fold(0, |sum: usize, field| sum.saturating_add(field.words))))
        }
        false => Err(wrong()),
    }
}
