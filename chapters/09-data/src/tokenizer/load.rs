//! Opening `tokenizer.json`.
//!
//! What we write can be read, and so can GPT-2's own file and those that `tokenizers` saves after
//! training a byte-level BPE, with merges as `"a b"` or as `["a", "b"]`. A file that asks for anything
//! that would give other ids than the library gives (a normalizer, a prefix space, another splitting
//! rule, tokens put around a text or truncated, merges left to chance), or another text of the
//! ids, or that contradicts itself, is refused by name; quietly wrong ids would be worse than none.
//!
//! One thing is otherwise on purpose: the name of a control token in a text is text here, and never
//! the token. And where the library drops a byte that the vocabulary lacks, or writes `unk_token` for
//! it, `encode` fails and names the byte.

use super::file::{Added, File, Merges, Model as FileModel, Part, Vocabulary};
use super::{Model, Tokenizer, bytes};
use crate::error::{DataError, Result, clipped, quoted};
use std::collections::{HashMap, HashSet};
use std::path::Path;

/// The largest file there is any use for: GPT-2's has 1.3 MB. In memory it takes thirty times as much.
const LARGEST_FILE: u64 = 32 << 20;

/// The longest token: what is longer is no piece of language.
const LONGEST_TOKEN: usize = 1 << 20;

/// An id that nobody uses costs a place in the table, and a row of a model: there may be a few, and a
/// few times as many as there are tokens.
const SPARE: (usize, usize) = (4096, 4);

impl Tokenizer {
    /// Opens a `tokenizer.json`: one that we saved, GPT-2's, or one that `tokenizers` trained
    /// with a byte-level BPE.
    ///
    /// # Errors
    /// [`DataError::Missing`], [`DataError::File`], or [`DataError::TokenizerFile`] if the file is
    /// damaged or describes another kind of tokenizer.
    pub fn load(path: &Path) -> Result<Self> {
        let text = strata_files::read_text(path, LARGEST_FILE);
        let text = text.map_err(|error| match error.is_not_found() {
            true => DataError::Missing { path: path.to_owned() },
            false => error.into(),
        })?;
        let file = path.display().to_string();
        parse(&text).map_err(|message| DataError::TokenizerFile { file, message })
    }

    /// Reads the text of a `tokenizer.json`.
    ///
    /// # Errors
    /// [`DataError::TokenizerFile`] as for [`load`](Self::load).
    pub fn from_json(text: &str) -> Result<Self> {
        let file = "tokenizer.json".to_owned();
        let parsed = match text.len() as u64 > LARGEST_FILE {
            true => {
                Err(format!("{} bytes are too many, at most {LARGEST_FILE} are read", text.len()))
            }
            false => parse(text),
        };
        parsed.map_err(|message| DataError::TokenizerFile { file, message })
    }
}

type Parsed<T> = std::result::Result<T, String>;

fn parse(text: &str) -> Parsed<Tokenizer> {
    let file: File = serde_json::from_str(text).map_err(|error| {
        let why = clipped(&error.to_string());
        if error.is_data() { why } else { format!("not JSON: {why}") }
    })?;
    refuse(&file)?;
    let specials = added_tokens(file.added_tokens.unwrap_or_default())?;
    let mut model = file.model.ok_or("it has no model")?;
    let vocab = model.vocab.take().ok_or("it has no model.vocab")?;
    let kind = model.r#type.as_deref();
    match (vocab, kind, model.merges.is_some()) {
        // Files before version 0.9 do not name the type of a BPE model.
        (Vocabulary::Ids(vocab), Some("BPE") | None, true) => {
            decodes(file.decoder.as_ref(), "ByteLevel")?;
            bpe(file.pre_tokenizer.as_ref(), &model, vocab, specials)
        }
        (Vocabulary::Ids(vocab), Some("WordLevel"), _) => {
            decodes(file.decoder.as_ref(), "Fuse")?;
            characters(file.pre_tokenizer.as_ref(), vocab, specials)
        }
        (Vocabulary::Ids(_), Some("BPE"), false) => Err("it has no model.merges".to_owned()),
        (Vocabulary::Foreign, Some("BPE" | "WordLevel"), _) => {
            Err("model.vocab is a list, not tokens with their ids".to_owned())
        }
        _ => {
            let kind = name(&model.r#type);
            Err(format!("the model {kind} is not supported, only BPE and single characters"))
        }
    }
}

/// Refuses what changes ids before the vocabulary is asked, or after.
fn refuse(file: &File) -> Parsed<()> {
    if let Some(version) = file.version.as_deref().filter(|version| *version != "1.0") {
        return Err(format!("its version is {}, only 1.0 is known", quoted(version)));
    }
    if let Some(normalizer) = &file.normalizer {
        return Err(format!("the normalizer {} is not supported", name(&normalizer.r#type)));
    }
    for (field, given, what) in [
        ("truncation", file.truncation.is_some(), "cuts long texts off"),
        ("padding", file.padding.is_some(), "fills short texts up"),
    ] {
        if given {
            return Err(format!("its {field} {what}, which is not supported; set it to null"));
        }
    }
    file.post_processor.as_ref().map_or(Ok(()), |part| processes(part, true))
}

/// Of post-processors `ByteLevel` alone, which trims offsets, leaves the ids as they are.
fn processes(part: &Part, outermost: bool) -> Parsed<()> {
    match (part.r#type.as_deref(), &part.processors) {
        (Some("ByteLevel"), _) => Ok(()),
        (Some("Sequence"), Some(parts)) if outermost => {
            parts.iter().try_for_each(|part| processes(part, false))
        }
        _ => Err(format!(
            "the post-processor {} is not supported: it may put tokens around a text; \
             set post_processor to null if it is not wanted",
            name(&part.r#type)
        )),
    }
}

/// The one decoder that makes of ids the text they were made of.
fn decodes(decoder: Option<&Part>, wanted: &str) -> Parsed<()> {
    match decoder {
        Some(part) if part.r#type.as_deref() != Some(wanted) => {
            Err(format!("the decoder {} is not supported, only {wanted}", name(&part.r#type)))
        }
        _ => Ok(()),
    }
}

fn name(kind: &Option<String>) -> String {
    kind.as_deref().map_or("unknown".to_owned(), clipped)
}

/// Control tokens, in the order of their ids; each id and each name once.
fn added_tokens(added: Vec<Added>) -> Parsed<Vec<(u32, String)>> {
    let mut specials = Vec::new();
    for token in added {
        if token.special == Some(false) {
            let content = quoted(&token.content);
            return Err(format!(
                "the added token {content} is ordinary text, which is not supported"
            ));
        }
        specials.push((token.id.0, token.content));
    }
    specials.sort();
    for ((id, name), (next_id, next)) in specials.iter().zip(specials.iter().skip(1)) {
        if id == next_id {
            let (a, b) = (quoted(name), quoted(next));
            return Err(format!("the added tokens {a} and {b} share the id {id}"));
        }
    }
    let mut names = HashSet::new();
    if let Some((_, name)) = specials.iter().find(|(_, name)| !names.insert(name.as_str())) {
        return Err(format!("the added token {} has two ids", quoted(name)));
    }
    Ok(specials)
}

/// Tokens by their names and by their ids, and which of them are control tokens.
struct Tokens {
    /// Ordinary tokens only: no text is ever spelled with a control token.
    ids: HashMap<String, u32>,
    /// The bytes of every id; control tokens are spelled by their names, though they stand for no
    /// text.
    table: Vec<Option<Vec<u8>>>,
    specials: Vec<(u32, String)>,
}

#[expect(clippy::indexing_slicing, reason = "`largest` is the largest of all ids, or 0")]
fn tokens(
    mut ids: HashMap<String, u32>,
    specials: Vec<(u32, String)>,
    spell: impl Fn(&str) -> Parsed<Vec<u8>>,
) -> Parsed<Tokens> {
    // A vocabulary lists control tokens, too, or does not.
    for (id, name) in &specials {
        match ids.remove(name) {
            Some(other) if other != *id => {
                let name = quoted(name);
                return Err(format!("the added token {name} has two ids, {id} and {other}"));
            }
            _ => {}
        }
    }
    if ids.is_empty() {
        return Err("its vocabulary is empty".to_owned());
    }
    let count = ids.len() + specials.len();
    let all = ids.values().chain(specials.iter().map(|(id, _)| id));
    let largest = all.max().map_or(0, |&id| id as usize);
    if largest >= SPARE.0 + SPARE.1 * count {
        return Err(format!("it has {count} tokens, and one of them the id {largest}"));
    }
    let mut table = vec![None; largest + 1];
    for (id, name) in &specials {
        table[*id as usize] = Some(name.as_bytes().to_vec());
    }
    for (token, &id) in &ids {
        if token.len() > LONGEST_TOKEN {
            let token = quoted(token);
            return Err(format!("the token {token} is longer than {LONGEST_TOKEN} bytes"));
        }
        if table[id as usize].is_some() {
            return Err(shared(&ids, &specials, id));
        }
        table[id as usize] = Some(spell(token)?);
    }
    Ok(Tokens { ids, table, specials })
}

/// Names the tokens that have one id.
fn shared(ids: &HashMap<String, u32>, specials: &[(u32, String)], id: u32) -> String {
    let named = ids.iter().map(|(token, id)| (*id, token));
    let named = named.chain(specials.iter().map(|(id, token)| (*id, token)));
    let mut names: Vec<_> =
        named.filter(|(other, _)| *other == id).map(|(_, t)| quoted(t)).collect();
    names.sort();
    format!("the tokens {} share the id {id}", names.join(" and "))
}

fn bpe(
    before: Option<&Part>,
    model: &FileModel,
    vocab: HashMap<String, u32>,
    specials: Vec<(u32, String)>,
) -> Parsed<Tokenizer> {
    let byte_level = before.filter(|part| {
        part.r#type.as_deref() == Some("ByteLevel")
            && part.add_prefix_space != Some(true)
            && part.use_regex != Some(false)
    });
    if byte_level.is_none() {
        return Err(format!(
            "the pre-tokenizer {} is not supported, only ByteLevel without a prefix space",
            before.map_or("unknown".to_owned(), |part| name(&part.r#type))
        ));
    }
    if let Some(dropout) = model.dropout.filter(|dropout| *dropout != 0.0) {
        return Err(format!(
            "model.dropout is {dropout}: it leaves merges out by chance, which is not supported; \
             set it to null"
        ));
    }
    for (part, affix) in [
        ("continuing_subword_prefix", &model.continuing_subword_prefix),
        ("end_of_word_suffix", &model.end_of_word_suffix),
    ] {
        if let Some(affix) = affix.as_deref().filter(|affix| !affix.is_empty()) {
            return Err(format!("{part} {} is not supported", quoted(affix)));
        }
    }
    let Tokens { ids, table, specials } = tokens(vocab, specials, |token| {
        bytes::from_visible(token)
            .ok_or_else(|| format!("the token {} is not byte-level", quoted(token)))
    })?;
    let mut alphabet = [u32::MAX; 256];
    for (place, byte) in alphabet.iter_mut().zip(0..=255) {
        if let Some(&id) = ids.get(&bytes::to_visible(&[byte])) {
            *place = id;
        }
    }
    if model.byte_fallback == Some(true) && alphabet.contains(&u32::MAX) {
        let why = "it spells bytes that the vocabulary lacks in another way";
        return Err(format!("model.byte_fallback is true: {why}, which is not supported"));
    }
    let merges = merges(model.merges.as_ref(), &ids)?;
    let trust = model.ignore_merges == Some(true);
    Ok(Tokenizer::bpe(alphabet, merges, table, specials, trust))
}

/// Merges by ids: what stood left, what stood right, what they become.
fn merges(list: Option<&Merges>, ids: &HashMap<String, u32>) -> Parsed<Vec<(u32, u32, u32)>> {
    let find = |token: &str| match ids.get(token) {
        Some(&id) => Ok(id),
        None => Err(format!(
            "a merge names {}, which is not in the vocabulary, or is a control token",
            quoted(token)
        )),
    };
    let mut seen = HashSet::new();
    let mut both = String::new();
    let mut merges = Vec::new();
    for (left, right) in list.into_iter().flat_map(Merges::pairs) {
        both.clear();
        both.push_str(left);
        both.push_str(right);
        let merge = (find(left)?, find(right)?, find(&both)?);
        if !seen.insert((merge.0, merge.1)) {
            return Err(format!(
                "the merge of {} and {} stands twice",
                quoted(left),
                quoted(right)
            ));
        }
        merges.push(merge);
    }
    Ok(merges)
}

/// Whether a pre-tokenizer makes a word of each character and loses none.
fn one_by_one(part: &Part) -> bool {
    let regex = part.pattern.as_ref().and_then(|pattern| pattern.regex.as_deref());
    part.r#type.as_deref() == Some("Split")
        && matches!(regex, Some("[\\s\\S]" | "(?s)."))
        && part.behavior.as_deref() == Some("Isolated")
        && part.invert != Some(true)
}

fn characters(
    before: Option<&Part>,
    vocab: HashMap<String, u32>,
    specials: Vec<(u32, String)>,
) -> Parsed<Tokenizer> {
    if !before.is_some_and(one_by_one) {
        return Err(
            "a WordLevel model that does not split into single characters (pre_tokenizer: \
                    Split by the Regex [\\s\\S], Isolated) is not supported"
                .to_owned(),
        );
    }
    let Tokens { ids, table, specials } =
        tokens(vocab, specials, |token| Ok(token.as_bytes().to_vec()))?;
    let mut characters = HashMap::new();
    for (token, id) in ids {
        let mut letters = token.chars();
        match (letters.next(), letters.next()) {
            (Some(character), None) => characters.insert(character, id),
            _ => return Err(format!("the token {} is not a single character", quoted(&token))),
        };
    }
    Ok(Tokenizer { model: Model::Char(characters), tokens: table, specials })
}
