//! placeholder
use std::io::Write;
/// placeholder
pub fn demo(_out: &mut dyn Write) -> std::io::Result<()> { Ok(()) }
