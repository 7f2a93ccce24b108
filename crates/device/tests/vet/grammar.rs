//! What naga lets pass and WGSL does not: operators of bits beside others without parentheses. Tint,
//! the compiler of Chrome, refuses such a text.

const TEMPLATES: [&str; 7] = ["vec2", "vec3", "vec4", "array", "bitcast", "atomic", "var"];
const SIGNS: [&str; 21] = [
    "<<=", ">>=", "<<", ">>", "&&", "||", "==", "!=", "<=", ">=", "+=", "-=", "*=", "/=", "%=",
    "&=", "|=", "^=", "->", "++", "--",
];
const BITS: [&str; 5] = ["&", "|", "^", "<<", ">>"];
const OTHERS: [&str; 13] = ["+", "-", "*", "/", "%", "<", ">", "<=", ">=", "==", "!=", "&&", "||"];

fn tokens(text: &str) -> Vec<&str> {
    let mut list = Vec::new();
    for line in text.lines() {
        let mut rest = line.split("//").next().unwrap().trim_start();
        while let Some(first) = rest.chars().next() {
            let word = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'));
            let word = word.unwrap_or(rest.len());
            let sign = || SIGNS.iter().find(|s| rest.starts_with(**s)).map(|s| s.len());
            let len = if word > 0 { word } else { sign().unwrap_or(first.len_utf8()) };
            list.push(&rest[..len]);
            rest = rest[len..].trim_start();
        }
    }
    list
}

/// Where the brackets of a template that opens at `at` have closed.
fn behind_template(list: &[&str], mut at: usize) -> usize {
    let mut depth = 0;
    while at < list.len() {
        depth += match list[at] {
            "<" => 1,
            ">" => -1,
            ">>" => -2,
            _ => 0,
        };
        at += 1;
        if depth <= 0 {
            break;
        }
    }
    at
}

fn is_mixed(signs: &[&str]) -> bool {
    let other = signs.iter().any(|sign| *sign != signs[0]);
    let bits = signs.iter().any(|sign| BITS.contains(sign));
    let shifts = signs.iter().any(|sign| ["<<", ">>"].contains(sign));
    let logic = signs.contains(&"&&") && signs.contains(&"||");
    logic || bits && other || shifts && signs.len() > 1
}

/// The operators of every expression that mixes what WGSL wants parentheses for.
pub(super) fn mixed(text: &str) -> Vec<String> {
    let list = tokens(text);
    let (mut groups, mut found) = (vec![Vec::new()], Vec::new());
    let (mut at, mut operand) = (0, false);
    let judge = |signs: &[&str], found: &mut Vec<String>| {
        if is_mixed(signs) {
            found.push(signs.join(" "));
        }
    };
    while at < list.len() {
        let token = list[at];
        at += 1;
        match token {
            "(" | "[" => {
                groups.push(Vec::new());
                operand = false;
            }
            ")" | "]" => {
                judge(&groups.pop().unwrap(), &mut found);
                operand = true;
            }
            _ if token.starts_with(|c: char| c.is_alphanumeric() || c == '_') => {
                operand = token != "return";
                if TEMPLATES.contains(&token) && list.get(at) == Some(&"<") {
                    at = behind_template(&list, at);
                }
            }
            _ if BITS.contains(&token) || OTHERS.contains(&token) => {
                if operand {
                    groups.last_mut().unwrap().push(token);
                }
                operand = false;
            }
            "!" | "~" => operand = false,
            // What ends an expression.
            _ => {
                judge(groups.last().unwrap(), &mut found);
                groups.last_mut().unwrap().clear();
                operand = false;
            }
        }
    }
    found
}

/// The kernels that come with Strata, and whether this finds what it looks for.
pub(super) fn ours() {
    let refused =
        ["a % b & c", "a & b | c", "a << b + c", "a & b == c", "a && b || c", "a << b << c"];
    for text in refused {
        assert_eq!(mixed(&format!("x = {text};")).len(), 1, "{text}");
    }
    let taken = "let x = bitcast<vec4<u32>>(y) & vec4<u32>(7u); x ^= a + b; z = (a % b) & c & d;";
    assert_eq!(mixed(taken), [""; 0]);
    for (path, text) in strata_shaders::KERNELS.iter().chain(strata_shaders::INCLUDES) {
        assert_eq!(mixed(text), [""; 0], "{path}.wgsl");
    }
}
