//! What stands between a directive's name and its closing braces.

use crate::fault::{Fault, list};

/// The arguments of a directive: words, `key=value` pairs, either in quotes where they have spaces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Args {
    /// The words, in order.
    pub words: Vec<String>,
    /// The pairs, in order.
    pub pairs: Vec<(String, String)>,
}

impl Args {
    /// Takes a text apart.
    ///
    /// # Errors
    /// A quote is not closed.
    pub fn parse(text: &str) -> Result<Args, Fault> {
        let mut args = Args::default();
        for word in split(text)? {
            let key = |k: &str| k.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            match word.split_once('=') {
                Some((k, value)) if !k.is_empty() && key(k) && !word.starts_with('"') => {
                    args.pairs.push((k.into(), value.trim_matches('"').into()));
                }
                _ => args.words.push(word.trim_matches('"').to_string()),
            }
        }
        Ok(args)
    }

    /// The value of a pair.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.pairs.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    /// The value of a pair that has to be there.
    ///
    /// # Errors
    /// It is not there.
    pub fn need(&self, key: &str) -> Result<&str, Fault> {
        self.get(key).ok_or_else(|| Fault::Argument(format!("`{key}=` is missing")))
    }

    /// The only word.
    ///
    /// # Errors
    /// There is none or several; `what` says what it should be.
    pub fn only(&self, what: &str) -> Result<&str, Fault> {
        match self.words.as_slice() {
            [word] => Ok(word),
            _ => Err(Fault::Argument(format!("one {what} is expected"))),
        }
    }

    /// Checks that there are no other keys.
    ///
    /// # Errors
    /// There is one.
    pub fn expect_keys(&self, keys: &[&str]) -> Result<(), Fault> {
        match self.pairs.iter().find(|(k, _)| !keys.contains(&k.as_str())) {
            None => Ok(()),
            Some((key, _)) => {
                Err(Fault::Unknown { kind: "argument", name: key.clone(), have: list(keys) })
            }
        }
    }
}

/// Words, where quotes hold spaces together (and stay, for the caller to see).
fn split(text: &str) -> Result<Vec<String>, Fault> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for c in text.chars() {
        quoted ^= c == '"';
        if c.is_whitespace() && !quoted {
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
        } else {
            word.push(c);
        }
    }
    if quoted {
        return Err(Fault::Argument("a quote is not closed".into()));
    }
    if !word.is_empty() {
        words.push(word);
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_pairs_may_be_quoted() {
        let args = Args::parse(r#"strides caption="One buffer, two" "rows[a=b].c""#).unwrap();
        assert_eq!(args.words, ["strides", "rows[a=b].c"]);
        assert_eq!(args.get("caption"), Some("One buffer, two"));
        assert_eq!(args.need("x").unwrap_err().to_string(), "`x=` is missing");
        let unknown = args.expect_keys(&["alt"]).unwrap_err().to_string();
        assert_eq!(unknown, "there is no argument `caption`; there are alt");
        assert!(Args::parse("a \"b").is_err());
        assert_eq!(Args::parse("rows[op=matmul].x").unwrap().words.len(), 1);
    }
}
