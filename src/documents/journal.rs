//! What a writer is about to write, on the disk before it begins, so that somebody else can finish it.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use xxhash_rust::xxh3::xxh3_128;

use crate::documents::{Change, Rewrite, WriteError};
use crate::durable;

/// What the journal is called; hidden, so that nobody takes it for a document.
pub(super) const NAME: &str = ".bellhop-journal";

/// What the shape of a journal is called; another one is not read.
const VERSION: u64 = 1;

/// Writes the journal of a change, behind its own checksum.
pub(super) fn write(journal: &Path, root: &Path, change: &Change) -> io::Result<()> {
    let file = |rewrite: &Rewrite| {
        let path = rewrite.path.strip_prefix(root).ok().and_then(Path::to_str);
        let path = path.ok_or(ErrorKind::InvalidFilename)?;
        Ok(json!({ "path": path, "before": rewrite.before, "after": rewrite.after }))
    };
    let files = change.rewrites.iter().map(file).collect::<Result<Vec<Value>, ErrorKind>>()?;
    let body = json!({ "version": VERSION, "files": files, "audit": change.audit }).to_string();
    let whole = format!("{:032x}\n{body}\n", xxh3_128(body.as_bytes()));
    // The group's, like the documents, so that whoever may write these may finish the change.
    durable::write(journal, whole.as_bytes(), 0o640)
}

/// Reads the journal that a killed writer left; `None` where there is none.
pub(super) fn read(journal: &Path, root: &Path) -> Result<Option<Change>, WriteError> {
    match fs::read_to_string(journal) {
        Ok(text) => {
            let change = parse(&text, root);
            change.map(Some).ok_or_else(|| WriteError::Damaged(journal.to_owned()))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(WriteError::Write { path: journal.to_owned(), source }),
    }
}

fn parse(text: &str, root: &Path) -> Option<Change> {
    let (checksum, body) = text.strip_suffix('\n')?.split_once('\n')?;
    if checksum != format!("{:032x}", xxh3_128(body.as_bytes())) {
        return None;
    }
    let body: Value = serde_json::from_str(body).ok()?;
    if body.get("version")?.as_u64()? != VERSION {
        return None;
    }
    let file = |file: &Value| {
        let before = match file.get("before")? {
            Value::Null => None,
            before => Some(before.as_str()?.to_owned()),
        };
        let path: PathBuf = root.join(file.get("path")?.as_str()?);
        Some(Rewrite { path, before, after: file.get("after")?.as_str()?.to_owned() })
    };
    let rewrites = body.get("files")?.as_array()?.iter().map(file).collect::<Option<_>>()?;
    Some(Change { rewrites, audit: body.get("audit")?.as_str()?.to_owned() })
}
