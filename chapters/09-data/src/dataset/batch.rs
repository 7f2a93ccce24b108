/// One batch: `batch` rows of `context` tokens, row after row.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// What the model reads; `batch * context` ids.
    pub inputs: Vec<u32>,
    /// What it should say next at each position, or [`IGNORE`](super::IGNORE).
    pub targets: Vec<u32>,
    /// Rows.
    pub batch: usize,
    /// Tokens in a row.
    pub context: usize,
    /// Targets that are not [`IGNORE`](super::IGNORE): the divisor of the mean loss. It can be 0 only in a
    /// validation batch that was asked for beyond the last.
    pub scored: usize,
    /// Bytes of text that the scored targets stand for, for bits per byte.
    pub bytes: usize,
    /// For stories, the sum of −ln of the probability of what is scored, in nats: the loss floor
    /// of this very batch is `floor_nats / scored`.
    pub floor_nats: Option<f64>,
}

impl Batch {
    /// The loss no model can beat on stories like these, in nats per token; `None` where the
    /// entropy of the text is not known.
    pub fn floor(&self) -> Option<f64> {
        self.floor_nats.filter(|_| self.scored > 0).map(|nats| nats / self.scored as f64)
    }

    /// Joins rows of equal length.
    pub(super) fn from_rows(rows: Vec<Row>, context: usize) -> Self {
        let mut batch = Self {
            inputs: Vec::with_capacity(rows.len() * context),
            targets: Vec::with_capacity(rows.len() * context),
            batch: rows.len(),
            context,
            scored: 0,
            bytes: 0,
            floor_nats: rows.iter().map(|row| row.floor_nats).sum(),
        };
        for row in rows {
            batch.inputs.extend(row.inputs);
            batch.targets.extend(row.targets);
            batch.scored += row.scored;
            batch.bytes += row.bytes;
        }
        batch
    }
}

/// One row of a batch.
pub(super) struct Row {
    pub inputs: Vec<u32>,
    pub targets: Vec<u32>,
    pub scored: usize,
    pub bytes: usize,
    pub floor_nats: Option<f64>,
}
