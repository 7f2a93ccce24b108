use strata_device::DType;

/// What every op of Strata returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can be wrong with a call: the message names the op and the shapes.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The device said no.
    #[error(transparent)]
    Device(#[from] strata_device::Error),
    // region: shape
    /// Shapes that do not fit together, or not with the op.
    #[error("{op}: {reason} (shapes {shapes})")]
    Shape {
        /// The op.
        op: &'static str,
        /// The operands' shapes.
        shapes: String,
        /// What does not fit.
        reason: String,
    },
    // end: shape
    /// A dtype the op does not take.
    #[error("{op} takes {want}, got {got}; convert with `cast`")]
    DType {
        /// The op.
        op: &'static str,
        /// What it takes.
        want: &'static str,
        /// What it was given.
        got: DType,
    },
    /// Operands on different devices.
    #[error("{op}: one operand is on {a}, another on {b}; move one with `to_device`")]
    Devices {
        /// The op.
        op: &'static str,
        /// One device.
        a: String,
        /// The other.
        b: String,
    },
    /// A shape of more than [`MAX_ELEMENTS`](crate::MAX_ELEMENTS) elements.
    #[error("{op}: shape {shape:?} has more elements than a tensor can hold (4,278,190,080)")]
    Overflow {
        /// The op.
        op: &'static str,
        /// The shape.
        shape: Vec<usize>,
    },
    /// A tensor that there is no memory for.
    #[error("{op}: a tensor of shape {shape:?} takes {bytes} bytes. {reason}")]
    Room {
        /// The op.
        op: &'static str,
        /// The shape.
        shape: Vec<usize>,
        /// Its bytes.
        bytes: usize,
        /// Who has no room, and how much there is.
        reason: Box<strata_device::Error>,
    },
    /// An argument out of its range.
    #[error("{op}: {reason}")]
    Value {
        /// The op.
        op: &'static str,
        /// What is wrong and what would be right.
        reason: String,
    },
}

impl Error {
    /// An [`Error::Shape`] over the operands' shapes.
    pub fn shape(op: &'static str, shapes: &[&[usize]], reason: impl Into<String>) -> Self {
        let shapes: Vec<_> = shapes.iter().map(|s| format!("{s:?}")).collect();
        Error::Shape { op, shapes: shapes.join(", "), reason: reason.into() }
    }

    /// What a device said when it was asked for a tensor's memory: an [`Error::Room`] if it has none.
    pub(crate) fn room(
        op: &'static str,
        shape: &[usize],
        bytes: usize,
        reason: strata_device::Error,
    ) -> Self {
        use strata_device::Error as Refusal;
        match reason {
            Refusal::OutOfMemory { .. } | Refusal::TooLarge { .. } | Refusal::NoRoom { .. } => {
                Error::Room { op, shape: shape.to_vec(), bytes, reason: Box::new(reason) }
            }
            other => Error::Device(other),
        }
    }

    /// An [`Error::Value`].
    pub fn value(op: &'static str, reason: impl Into<String>) -> Self {
        Error::Value { op, reason: reason.into() }
    }
}
