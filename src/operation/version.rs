//! Versions of records, by which an edit says what it was made for.

use std::sync::OnceLock;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::model::{RecordKind, RecordRef};
use crate::operation::record::{self, Secrets};
use crate::snapshot::Snapshot;

/// Gives the version of a record: another one whenever anything in it is another, a secret included.
///
/// It is a keyed hash, so that nobody can try what a secret might be; the key lives as long as the process. `None`
/// where there is no such record, or the system gives no random key.
pub fn version(snapshot: &Snapshot, record: &RecordRef) -> Option<String> {
    static KEY: OnceLock<Option<[u8; 32]>> = OnceLock::new();
    let key = KEY.get_or_init(|| {
        let mut key = [0; 32];
        getrandom::fill(&mut key).ok().map(|()| key)
    });
    let fields = record::of(snapshot, record, Secrets::Write)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_ref()?).ok()?;
    mac.update(record.kind.word().as_bytes());
    mac.update(b"\n");
    mac.update(record.key.as_bytes());
    mac.update(b"\n");
    mac.update(Value::Object(fields).to_string().as_bytes());
    Some(mac.finalize().into_bytes().iter().take(16).map(|byte| format!("{byte:02x}")).collect())
}

/// A record as it stands at one time, by which it can be told for as long as one likes whether it was touched since.
///
/// The key of a device and the digest, which somebody could try secrets on, are secrets.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Version {
    /// The record's kind.
    pub kind: String,
    /// The value of its key.
    pub key: String,
    /// The SHA-256 of all that it says; absent where there was no such record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

impl Version {
    /// Gives the version of a record as it stands.
    pub(super) fn of(snapshot: &Snapshot, record: &RecordRef) -> Self {
        let fields = record::of(snapshot, record, Secrets::Write);
        let digest = fields.map(|fields| {
            let digest = Sha256::digest(Value::Object(fields).to_string().as_bytes());
            digest.iter().map(|byte| format!("{byte:02x}")).collect()
        });
        Self { kind: record.kind.word().to_owned(), key: record.key.to_string(), digest }
    }

    /// Tells whether the record stands as it stood, or is not there as it was not.
    pub fn stands(&self, snapshot: &Snapshot) -> bool {
        let kind = RecordKind::ALL.iter().find(|kind| kind.word() == self.kind);
        kind.is_some_and(|kind| Self::of(snapshot, &RecordRef::new(*kind, &self.key)) == *self)
    }
}

impl std::fmt::Debug for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Version({})", self.kind)
    }
}
