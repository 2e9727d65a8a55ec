//! What a writer is about to write, on the disk before it begins, so that somebody else can finish it.
//!
//! A journal is a checksum of all that follows, a line of JSON that says which documents there are, what they were (by
//! a digest) and how long they and the audit log's lines shall be, and then these texts as they are: it is as large as
//! what is written, and no larger.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use crate::documents::{Change, Rewrite, WriteError};
use crate::durable;

/// What the journal is called; hidden, so that nobody takes it for a document.
pub(super) const NAME: &str = ".bellhop-journal";

/// What the shape of a journal is called.
const VERSION: u64 = 2;

/// The shape that had texts before and after as JSON; one that an older bellhop left is finished.
const OLDER: u64 = 1;

/// What a killed writer has left.
pub(super) struct Left {
    /// The documents that it was about to write.
    pub(super) documents: Vec<Document>,
    /// What the audit log is to be told.
    pub(super) audit: String,
}

/// A document that was to be written.
pub(super) struct Document {
    pub(super) path: PathBuf,
    /// The digest of what it was; `None` where there was none.
    before: Option<u128>,
    /// What it shall be.
    pub(super) after: Arc<str>,
}

impl Document {
    /// Tells whether the document is as it was when the writer began.
    pub(super) fn is_as_before(&self, now: Option<&str>) -> bool {
        now.map(|text| xxh3_128(text.as_bytes())) == self.before
    }
}

/// Writes the journal of a change, behind its own checksum.
pub(super) fn write(journal: &Path, root: &Path, change: &Change) -> io::Result<()> {
    let file = |rewrite: &Rewrite| {
        let path = rewrite.path.strip_prefix(root).ok().and_then(Path::to_str);
        let path = path.ok_or(ErrorKind::InvalidFilename)?;
        let before = rewrite.before.as_ref().map(|text| format!("{:032x}", xxh3_128(text.as_bytes())));
        Ok(json!({ "path": path, "before": before, "after": rewrite.after.len() }))
    };
    let files = change.rewrites.iter().map(file).collect::<Result<Vec<Value>, ErrorKind>>()?;
    let head = json!({ "version": VERSION, "files": files, "audit": change.audit.len() }).to_string() + "\n";
    let mut parts = vec![head.as_bytes()];
    parts.extend(change.rewrites.iter().map(|rewrite| rewrite.after.as_bytes()));
    parts.push(change.audit.as_bytes());
    let mut checksum = Xxh3::new();
    parts.iter().for_each(|part| checksum.update(part));
    let checksum = format!("{:032x}\n", checksum.digest128());
    parts.insert(0, checksum.as_bytes());
    // The group's, like the documents, so that whoever may write these may finish the change.
    durable::write_parts(journal, &parts, 0o640)
}

/// Reads the journal that a killed writer left; `None` where there is none.
pub(super) fn read(journal: &Path, root: &Path) -> Result<Option<Left>, WriteError> {
    match fs::read_to_string(journal) {
        Ok(text) => {
            let left = parse(&text, root);
            left.map(Some).ok_or_else(|| WriteError::Damaged(journal.to_owned()))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(WriteError::Write { path: journal.to_owned(), source }),
    }
}

fn parse(text: &str, root: &Path) -> Option<Left> {
    let (checksum, body) = text.split_once('\n')?;
    let is_whole = |body: &str| checksum == format!("{:032x}", xxh3_128(body.as_bytes()));
    if !is_whole(body) {
        return body
            .strip_suffix('\n')
            .filter(|body| is_whole(body))
            .and_then(|body| parse_older(body, root));
    }
    let (head, mut texts) = body.split_once('\n')?;
    let head: Value = serde_json::from_str(head).ok()?;
    if head.get("version")?.as_u64()? != VERSION {
        return None;
    }
    let mut next = |length: &Value| {
        let (text, rest) = texts.split_at_checked(usize::try_from(length.as_u64()?).ok()?)?;
        texts = rest;
        Some(text)
    };
    let mut documents = Vec::new();
    for file in head.get("files")?.as_array()? {
        let before = match file.get("before")? {
            Value::Null => None,
            before => Some(u128::from_str_radix(before.as_str()?, 16).ok()?),
        };
        let path: PathBuf = root.join(file.get("path")?.as_str()?);
        documents.push(Document { path, before, after: next(file.get("after")?)?.into() });
    }
    let audit = next(head.get("audit")?)?.to_owned();
    texts.is_empty().then_some(Left { documents, audit })
}

fn parse_older(body: &str, root: &Path) -> Option<Left> {
    let body: Value = serde_json::from_str(body).ok()?;
    if body.get("version")?.as_u64()? != OLDER {
        return None;
    }
    let file = |file: &Value| {
        let before = match file.get("before")? {
            Value::Null => None,
            before => Some(xxh3_128(before.as_str()?.as_bytes())),
        };
        let path: PathBuf = root.join(file.get("path")?.as_str()?);
        Some(Document { path, before, after: file.get("after")?.as_str()?.into() })
    };
    let documents = body.get("files")?.as_array()?.iter().map(file).collect::<Option<_>>()?;
    Some(Left { documents, audit: body.get("audit")?.as_str()?.to_owned() })
}
