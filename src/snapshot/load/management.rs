//! The records of those who manage: logins, tokens, templates, preferences.

use std::sync::Arc;

use compact_str::CompactString;

use crate::document::{Entry, Table};
use crate::model::{
    Equipment, InvalidText, Login, Preferences, Protocol, Secret, TEXT_MAX, Template, TemplateFile, Token,
    TokenScope, Visibility, check_id, check_number,
};
use crate::snapshot::load::{ADMINISTRATOR, Reader, required};

const LOGIN_KEYS: &[&str] = &["account", "id", "name", "password", "status"];
const TOKEN_KEYS: &[&str] = &["created", "expires", "hash", "id", "login", "name", "scope"];
const TEMPLATE_KEYS: &[&str] = &["equipment", "id", "name", "owner", "visibility"];
const EQUIPMENT_KEYS: &[&str] = &["files", "firmware", "model"];
const PREFERENCE_KEYS: &[&str] = &["mac-based", "protocol", "update-interval"];

/// Most bytes of a template's body.
const BODY_MAX: usize = 1 << 20;

/// Longest interval in seconds: 99,999 minutes.
const INTERVAL_MAX: u32 = 99_999 * 60;

impl Reader {
    pub(super) fn login(&mut self, table: &Table<'_>) -> Option<Login> {
        let (mut id, mut name, mut account) = (None, CompactString::default(), None);
        let (mut password, mut enabled) = (None, true);
        for entry in table.clone() {
            match entry.key() {
                "account" => account = entry.checked(check_account).map(|id| self.shared(id)),
                "id" => id = entry.checked(check_id).map(CompactString::from),
                "name" => name = entry.text_or_empty(TEXT_MAX).unwrap_or_default().into(),
                "password" => password = password_hash(&entry),
                "status" => {
                    enabled = entry.one_of(&[("disabled", false), ("enabled", true)]).unwrap_or(true);
                }
                _ => entry.unknown(LOGIN_KEYS),
            }
        }
        required(table, "id", "give the login a unique one");
        required(table, "account", "say which account it acts as");
        Some(Login { id: id?, name, account: account?, password, enabled })
    }

    pub(super) fn token(&mut self, table: &Table<'_>) -> Option<Token> {
        let (mut id, mut name, mut login, mut hash) = (None, CompactString::default(), None, None);
        let (mut scope, mut expires, mut created) = (TokenScope::default(), None, None);
        for entry in table.clone() {
            match entry.key() {
                "created" => created = entry.time().map(Into::into),
                "expires" => expires = entry.time().map(Into::into),
                "hash" => hash = token_hash(&entry),
                "id" => id = entry.checked(check_id).map(CompactString::from),
                "login" => login = entry.checked(check_id).map(|id| self.shared(id)),
                "name" => name = entry.text_or_empty(TEXT_MAX).unwrap_or_default().into(),
                "scope" => scope = entry.one_of(TokenScope::ALL).unwrap_or_default(),
                _ => entry.unknown(TOKEN_KEYS),
            }
        }
        required(table, "id", "`bellhop token add` makes whole tokens");
        required(table, "login", "say which login it stands for");
        required(table, "hash", "`bellhop token add` makes whole tokens");
        Some(Token { id: id?, login: login?, name, hash: hash?, scope, expires, created })
    }

    pub(super) fn template(&mut self, table: &Table<'_>) -> Option<Template> {
        let (mut id, mut name, mut owner) = (None, CompactString::default(), None);
        let (mut visibility, mut equipment) = (None, Vec::new());
        for entry in table.clone() {
            match entry.key() {
                "equipment" => {
                    equipment = entry.records().filter_map(|(table, _)| self.equipment(&table)).collect();
                }
                "id" => id = entry.checked(check_id).map(CompactString::from),
                "name" => name = entry.text(TEXT_MAX).unwrap_or_default().into(),
                "owner" => {
                    let id = entry.checked(check_id).filter(|id| *id != ADMINISTRATOR);
                    owner = id.map(|id| self.shared(id));
                }
                "visibility" => visibility = entry.one_of(Visibility::ALL),
                _ => entry.unknown(TEMPLATE_KEYS),
            }
        }
        required(table, "id", "give the template a unique one");
        required(table, "name", "give it a name for people");
        let visibility = visibility.unwrap_or_default();
        Some(Template { id: id?, name, owner, visibility, equipment: equipment.into_boxed_slice() })
    }

    fn equipment(&mut self, table: &Table<'_>) -> Option<Equipment> {
        let (mut model, mut firmware, mut files) = (None, None, Vec::new());
        for entry in table.clone() {
            match entry.key() {
                "files" => {
                    files = entry.table().into_iter().flatten().filter_map(|entry| body(&entry)).collect();
                }
                "firmware" => firmware = entry.text(64).map(|id| self.shared(id)),
                "model" => model = entry.text(130).map(|id| self.shared(id)),
                _ => entry.unknown(EQUIPMENT_KEYS),
            }
        }
        required(table, "model", "name the model that the files are for");
        required(table, "firmware", "name the firmware that the files are for");
        Some(Equipment { model: model?, firmware: firmware?, files: files.into_boxed_slice() })
    }
}

/// Reads the table `[preferences]`.
pub(super) fn preferences(entry: &Entry<'_>) -> Option<(Preferences, u32)> {
    let table = entry.table()?;
    let mut preferences = Preferences::default();
    for entry in table {
        match entry.key() {
            "mac-based" => preferences.mac_based = entry.boolean(),
            "protocol" => preferences.protocol = entry.one_of(Protocol::ALL),
            "update-interval" => preferences.update_interval = entry.integer(60, INTERVAL_MAX),
            _ => entry.unknown(PREFERENCE_KEYS),
        }
    }
    Some((preferences, entry.line()))
}

/// Checks what a login acts as: an account's id or an extension's number.
fn check_account(text: &str) -> Result<(), InvalidText> {
    check_id(text).or_else(|_| check_number(text))
}

fn password_hash(entry: &Entry<'_>) -> Option<Secret> {
    let text = entry.text(TEXT_MAX)?;
    if !text.starts_with("$argon2id$") {
        entry.error("is no hash by argon2id; `bellhop login password` asks for the password and writes it");
        return None;
    }
    Some(Secret::new(text))
}

fn token_hash(entry: &Entry<'_>) -> Option<Secret> {
    let text = entry.text(TEXT_MAX)?;
    if text.len() != 64 || !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        entry.error("is not the SHA-256 of a token; `bellhop token add` makes whole tokens");
        return None;
    }
    Some(Secret::new(text))
}

fn body(entry: &Entry<'_>) -> Option<TemplateFile> {
    let body = entry.text_or_empty(BODY_MAX)?;
    Some(TemplateFile { name: entry.key().into(), body: Arc::from(body) })
}
