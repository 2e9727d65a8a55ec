//! Versions of records, by which an edit says what it was made for.

use std::sync::OnceLock;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use crate::model::RecordRef;
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
