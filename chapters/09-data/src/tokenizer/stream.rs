use super::Tokenizer;

/// Text as its tokens come, one by one or several at a time. A token's bytes may end in the middle of
/// a character: what is whole is handed out, the rest waits for its other bytes.
///
/// All texts together are what [`Tokenizer::decode`] gives for all tokens, read as UTF-8 with
/// U+FFFD in place of what is none.
#[derive(Clone, Debug)]
pub struct Decoder<'a> {
    tokenizer: &'a Tokenizer,
    /// The beginning of a character: at most three bytes.
    waiting: Vec<u8>,
}

impl Tokenizer {
    /// A decoder that has seen no token yet.
    pub fn decoder(&self) -> Decoder<'_> {
        Decoder { tokenizer: self, waiting: Vec::new() }
    }
}

impl Decoder<'_> {
    /// Takes tokens; the text that is whole by now, which may be empty.
    pub fn push(&mut self, ids: &[u32]) -> String {
        let mut bytes = std::mem::take(&mut self.waiting);
        bytes.extend(self.tokenizer.decode(ids));
        let mut text = String::new();
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            text.push_str(chunk.valid());
            let bad = chunk.invalid();
            if chunks.peek().is_none() && is_unfinished(bad) {
                self.waiting = bad.to_vec();
            } else if !bad.is_empty() {
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        text
    }

    /// The end of the text: U+FFFD where a character is not whole.
    pub fn finish(&mut self) -> String {
        match std::mem::take(&mut self.waiting).is_empty() {
            true => String::new(),
            false => char::REPLACEMENT_CHARACTER.into(),
        }
    }
}

/// Whether more bytes could make a character of these.
fn is_unfinished(bytes: &[u8]) -> bool {
    matches!(std::str::from_utf8(bytes), Err(error) if error.error_len().is_none())
}
