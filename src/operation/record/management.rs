//! The records of those who manage as JSON: logins, tokens, templates and preferences.

use serde_json::json;

use crate::model::{Login, Preferences, Template, Token, TokenScope};
use crate::operation::Fields;
use crate::operation::record::{MASK, Secrets, put};

/// Gives a login; its password's hash is a secret.
pub(in crate::operation) fn login(login: &Login, secrets: Secrets) -> Fields {
    let mut fields = Fields::new();
    put(&mut fields, "id", &login.id);
    put(&mut fields, "name", &login.name);
    put(&mut fields, "account", &login.account);
    if let Some(password) = &login.password {
        put(&mut fields, "password", if secrets == Secrets::Write { password.expose() } else { MASK });
    }
    put(&mut fields, "status", if login.enabled { "enabled" } else { "disabled" });
    fields
}

/// Gives a token; its hash is a secret.
pub(in crate::operation) fn token(token: &Token, secrets: Secrets) -> Fields {
    let mut fields = Fields::new();
    put(&mut fields, "id", &token.id);
    put(&mut fields, "login", &token.login);
    put(&mut fields, "name", &token.name);
    put(&mut fields, "hash", if secrets == Secrets::Write { token.hash.expose() } else { MASK });
    let scope = TokenScope::ALL.iter().find(|(_, scope)| *scope == token.scope);
    put(&mut fields, "scope", scope.map_or("", |(word, _)| word));
    put(&mut fields, "expires", token.expires.as_deref().unwrap_or_default());
    put(&mut fields, "created", token.created.as_deref().unwrap_or_default());
    fields
}

/// Gives a template with its bodies.
pub(in crate::operation) fn template(template: &Template) -> Fields {
    let mut fields = Fields::new();
    put(&mut fields, "id", &template.id);
    put(&mut fields, "name", &template.name);
    put(&mut fields, "owner", template.owner.as_deref().unwrap_or("administrator"));
    put(&mut fields, "visibility", template.visibility.word());
    let equipment = template.equipment.iter().map(|equipment| {
        let files = equipment.files.iter().map(|file| (file.name.to_string(), json!(&*file.body)));
        let files: Fields = files.collect();
        json!({ "model": &*equipment.model, "firmware": &*equipment.firmware, "files": files })
    });
    fields.insert("equipment".to_owned(), equipment.collect());
    fields
}

/// Gives the global preferences.
pub(in crate::operation) fn preferences(preferences: &Preferences) -> Fields {
    let mut fields = Fields::new();
    fields.extend(preferences.mac_based.map(|allowed| ("mac-based".to_owned(), json!(allowed))));
    put(&mut fields, "protocol", preferences.protocol.map_or("", |protocol| protocol.word()));
    let interval =
        preferences.update_interval.map(|interval| ("update-interval".to_owned(), json!(interval)));
    fields.extend(interval);
    fields
}
