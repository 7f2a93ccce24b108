//! `tokenizer.json` as it is read: only what counts, each token once, and in little memory, for a
//! file of somebody else's may have been made to take much.

use crate::error::quoted;
use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor};
use std::collections::HashMap;
use std::fmt;

/// The parts of the file that say which ids a text has. What is not named here does not.
#[derive(Deserialize)]
pub(super) struct File {
    pub version: Option<String>,
    pub truncation: Option<IgnoredAny>,
    pub padding: Option<IgnoredAny>,
    pub normalizer: Option<Part>,
    pub pre_tokenizer: Option<Part>,
    pub post_processor: Option<Part>,
    pub decoder: Option<Part>,
    #[serde(default)]
    pub added_tokens: Option<Vec<Added>>,
    pub model: Option<Model>,
}

/// A normalizer, pre-tokenizer, post-processor or decoder.
#[derive(Deserialize)]
pub(super) struct Part {
    pub r#type: Option<String>,
    pub use_regex: Option<bool>,
    pub add_prefix_space: Option<bool>,
    pub pattern: Option<Pattern>,
    pub behavior: Option<String>,
    pub invert: Option<bool>,
    /// What a sequence of post-processors is made of.
    pub processors: Option<Vec<Part>>,
}

/// Where a `Split` splits; or by a `String`, which is never one of every character.
#[derive(Deserialize)]
pub(super) struct Pattern {
    #[serde(rename = "Regex")]
    pub regex: Option<String>,
}

/// A token that is not learned from text.
#[derive(Deserialize)]
pub(super) struct Added {
    pub id: Id,
    pub content: String,
    pub special: Option<bool>,
}

/// The vocabulary and the merges.
#[derive(Deserialize)]
pub(super) struct Model {
    pub r#type: Option<String>,
    pub vocab: Option<Vocabulary>,
    pub merges: Option<Merges>,
    pub continuing_subword_prefix: Option<String>,
    pub end_of_word_suffix: Option<String>,
    pub ignore_merges: Option<bool>,
    pub byte_fallback: Option<bool>,
    pub dropout: Option<f64>,
}

/// A token's number. The table of tokens has a place for each, so it is bounded later, by the
/// number of tokens.
#[derive(Clone, Copy)]
pub(super) struct Id(pub u32);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Number;
        impl Visitor<'_> for Number {
            type Value = Id;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a token id")
            }

            fn visit_u64<E: Error>(self, id: u64) -> Result<Id, E> {
                let id = u32::try_from(id).ok().filter(|&id| id < u32::MAX);
                id.map(Id).ok_or_else(|| E::custom("it is too large for a token id"))
            }

            fn visit_i64<E: Error>(self, id: i64) -> Result<Id, E> {
                Err(E::invalid_value(Unexpected::Signed(id), &self))
            }
        }
        from.deserialize_u64(Number)
    }
}

/// What stands under `vocab`.
pub(super) enum Vocabulary {
    /// Tokens and their ids, as BPE and WordLevel have them.
    Ids(HashMap<String, u32>),
    /// Something else: another kind of model, whose name says more than its vocabulary.
    Foreign,
}

impl<'de> Deserialize<'de> for Vocabulary {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Tokens;
        impl<'de> Visitor<'de> for Tokens {
            type Value = Vocabulary;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a vocabulary: tokens with their ids")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vocabulary, A::Error> {
                let mut ids = HashMap::new();
                while let Some((token, Id(id))) = map.next_entry::<String, Id>()? {
                    if ids.contains_key(&token) {
                        let twice = format!("the token {} stands in it twice", quoted(&token));
                        return Err(A::Error::custom(twice));
                    }
                    ids.insert(token, id);
                }
                Ok(Vocabulary::Ids(ids))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vocabulary, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Vocabulary::Foreign)
            }
        }
        from.deserialize_any(Tokens)
    }
}

/// Merges, all in one text: a String for each would take ten times the file.
#[derive(Default)]
pub(super) struct Merges {
    text: String,
    /// Where the left and the right of each end.
    ends: Vec<(u32, u32)>,
}

impl Merges {
    /// What stood left and what stood right, in order.
    #[expect(clippy::string_slice, reason = "`push` noted where the strings it appended end")]
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|end| end.1));
        starts.zip(&self.ends).map(|(start, &(middle, end))| {
            let [start, middle, end] = [start, middle, end].map(|at| at as usize);
            (&self.text[start..middle], &self.text[middle..end])
        })
    }

    fn push<E: Error>(&mut self, left: &str, right: &str) -> Result<(), E> {
        let end = |text: &str| u32::try_from(text.len()).map_err(|_| E::custom("too many merges"));
        self.text.push_str(left);
        let middle = end(&self.text)?;
        self.text.push_str(right);
        self.ends.push((middle, end(&self.text)?));
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Merges {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Merges;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of merges")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Merges, A::Error> {
                let mut merges = Merges::default();
                while let Some(Merge(left, right)) = list.next_element()? {
                    merges.push(&left, &right)?;
                }
                Ok(merges)
            }
        }
        from.deserialize_seq(List)
    }
}

/// `"a b"` or `["a", "b"]`.
struct Merge(String, String);

impl<'de> Deserialize<'de> for Merge {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Pair;
        impl<'de> Visitor<'de> for Pair {
            type Value = Merge;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a merge: \"a b\" or [\"a\", \"b\"]")
            }

            fn visit_str<E: Error>(self, both: &str) -> Result<Merge, E> {
                let pair = both.split_once(' ');
                let merge = pair.map(|(left, right)| Merge(left.to_owned(), right.to_owned()));
                merge.ok_or_else(|| E::custom(format!("{} is not a merge", quoted(both))))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut both: A) -> Result<Merge, A::Error> {
                let merge = both.next_element()?.zip(both.next_element()?);
                match (merge, both.next_element::<IgnoredAny>()?) {
                    (Some((left, right)), None) => Ok(Merge(left, right)),
                    _ => Err(A::Error::custom("a merge joins two tokens, no more and no fewer")),
                }
            }
        }
        from.deserialize_any(Pair)
    }
}
