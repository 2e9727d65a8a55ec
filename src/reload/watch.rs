//! What makes the server read its files again.

/// Placeholder.
#[derive(Debug)]
pub struct Bell;
/// Placeholder.
#[derive(Debug)]
pub struct Watch;
