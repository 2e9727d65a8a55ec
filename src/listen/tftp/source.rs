//! What a transfer sends: bytes in memory, or a file that is read in windows and never held whole.
//!
//! Promises: a transfer keeps what it began with, whatever takes its place; a slow disk delays nobody else; memory
//! does not grow with a file (promise T5).

use std::sync::Arc;

use bytes::Bytes;

use crate::listen::assets::Taken;

/// Bytes of a file that are read at once for a client that has answered, since each reading costs.
const AHEAD: usize = 16 << 10;

/// Where the bytes of a transfer come from.
pub(super) enum Source {
    /// A file on disk.
    File(Arc<Taken>),
    /// Bytes in memory.
    Memory(Bytes),
}

impl Source {
    /// Gives how many bytes there are.
    pub(super) fn size(&self) -> u64 {
        match self {
            Self::File(taken) => taken.size(),
            Self::Memory(bytes) => bytes.len() as u64,
        }
    }

    /// Gives bytes that a session wants, within the file, with where they begin; `ahead` allows for more than those.
    ///
    /// None where they cannot be read.
    pub(super) async fn read(&self, offset: u64, length: usize, ahead: bool) -> Option<(u64, Bytes)> {
        match self {
            Self::File(taken) => {
                let rest = usize::try_from(taken.size().checked_sub(offset)?).unwrap_or(usize::MAX);
                let length = if ahead { length.max(AHEAD).min(rest) } else { length };
                // Boxed, so that transfers out of memory stay small.
                Some((offset, Box::pin(taken.read(offset, length)).await?))
            }
            // All of them are at hand.
            Self::Memory(bytes) => {
                let begin = usize::try_from(offset).ok()?;
                bytes.get(begin..begin.checked_add(length)?).map(|_| (0, bytes.clone()))
            }
        }
    }
}
