//! The records of the fleet's files.

use serde_json::{Value, json};

use crate::manage::schema::parts::{
    Shape, account_or_number, flag, host, id, integer, ipv4, name, nullable, number, secret, table, text,
    text_or_empty, time, words, words_of,
};
use crate::manage::schema::settings::{raw, settings};
use crate::model::{ExtensionKind, Level, Protocol, Scope, SipTransport, TEXT_MAX, TokenScope, Visibility};

/// A provider, organization or user.
pub(super) fn account() -> Shape {
    let keys = json!({
        "id": id("unique among accounts; `administrator` is taken"),
        "name": name("name for people"),
        "provider": id("the provider that an organization belongs to"),
        "organization": id("the organization that a user belongs to"),
        "provisioning": words_of(Level::ALL, "what it may do with devices; none when not set"),
        "roles-management": flag("whether it may set levels of those below it; true when not set"),
        "sip-management": flag("of a user: whether it may provision its extensions; true when not set"),
        "settings": settings(Scope::Phone),
        "raw": raw(),
    });
    Shape::new("A provider, organization or user", &["kind", "id"], &["id"], keys)
}

/// What an account, or an extension, may do from now on.
pub(super) fn level() -> Value {
    let help = "what it may do with devices; null has an extension inherit its user's";
    table("A level.", &["level"], json!({ "level": nullable(words_of(Level::ALL, help)) }))
}

/// An extension.
pub(super) fn extension() -> Shape {
    let sip = json!({
        "user": name("user part of its address; the number when not set"),
        "auth-user": name("name in the authentication; the user part when not set"),
        "password": secret(1, TEXT_MAX, "password in the authentication"),
        "server": host("registrar; the setting `registrar` when not set"),
        "port": integer(1, 65_535, "port of the registrar; the setting `registrar-port` when not set"),
        "transport": words_of(SipTransport::ALL, "transport; the setting `transport` when not set"),
    });
    let keys = json!({
        "number": number("its extended number, like 0087*001; unique"),
        "user": id("the user that it belongs to"),
        "kind": words_of(ExtensionKind::ALL, "what it is; only a phone-terminal can be put on a line"),
        "provisioning": words_of(Level::ALL, "what it may do with its device; its user's level when not set"),
        "display-name": text_or_empty(TEXT_MAX, "name that calls show"),
        "label": text_or_empty(64, "text beside its line key; the display name when empty"),
        "sip": table("What it registers with.", &[], sip),
        "settings": settings(Scope::Line),
        "raw": raw(),
    });
    Shape::new("An extension", &["number", "user"], &["number"], keys)
}

/// A device.
pub(super) fn device() -> Shape {
    let mut keys = json!({
        "serial": {
            "type": "string", "pattern": "^[A-Za-z0-9._~-]{1,255}$",
            "description": "the secret part of its update URL; unique; one of 128 bits is made when not set",
        },
        "name": {
            "type": "string", "minLength": 3, "maxLength": 32,
            "pattern": r"^[^\x00-\x1f!-,/:-@\[-\^`{-\x7f]+$",
            "description": "friendly name: letters, digits, blanks, `_`, `-` and `.`",
        },
        "model": text(130, "its model, vendor/model of the catalog"),
        "firmware": text_or_empty(64, "its firmware, by the catalog's id; the model's usual one when empty"),
        "application-version": text_or_empty(TEXT_MAX, "version printed into the files of models that need one"),
        "mac": {
            "type": "string",
            "pattern": "^([0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}|[0-9A-Fa-f]{2}(-[0-9A-Fa-f]{2}){5}|[0-9A-Fa-f]{12})$",
            "description": "its MAC address; unique",
        },
        "mac-based": flag("whether its update URL is built from the MAC address"),
        "status": words(["enabled", "disabled"], "whether it gets any file"),
        "notes": text_or_empty(TEXT_MAX, "free text"),
        "admin-user": name("user name of the phone's administrator"),
        "admin-password": secret(4, 64, "password of the phone's administrator"),
        "update-interval": integer(1, 99_999, "how often it asks, in the unit of its firmware"),
        "protocol": words_of(Protocol::ALL, "how it asks; one that its firmware offers"),
        "template": id("the template that its files come from; `default` when not set"),
        "owner": account_or_number("the account that owns it; administrator when not set"),
        "organization": id("the organization that it is assigned to"),
        "lines": {
            "type": "array", "maxItems": 99,
            "items": { "type": "string", "pattern": "^[A-Za-z0-9*#+_.-]{0,64}$" },
            "description": "the extensions on line 1, 2, …; an empty text leaves a line free",
        },
        "host": host("host in its update URL; the server's when not set"),
    });
    let network = json!({
        "address": ipv4("its address"), "netmask": ipv4("its netmask"), "gateway": ipv4("its router"),
        "dns-servers": { "type": "array", "maxItems": 2, "items": ipv4("a name server") },
    });
    keys["network"] =
        table("A static address; DHCP when not set.", &["address", "netmask", "gateway"], network);
    keys["update-user"] = json!({
        "type": "string", "pattern": r"^[!#-9;-\[\]-~]{1,64}$",
        "description": "user name of its digest credentials; its MAC address when not set",
    });
    keys["update-password"] = secret(8, 64, "password of its digest credentials");
    keys["encryption-key"] = secret(8, 64, "key that its files are encrypted by over plain transports");
    keys["settings"] = settings(Scope::Phone);
    keys["raw"] = raw();
    Shape::new("A device", &["name", "model"], &[], keys)
}

/// A template, without its equipment.
pub(super) fn template() -> Shape {
    let keys = json!({
        "id": id("unique among templates; `default` is the catalog's own"),
        "name": name("name for people, unique for its owner"),
        "owner": id("the provider or organization that owns it; the administrator when not set"),
        "visibility": words_of(Visibility::ALL, "the lowest kind of account that may use it"),
    });
    Shape::new("A template", &["id", "name"], &["id"], keys)
}

/// A model and firmware of a template.
pub(super) fn equipment() -> Value {
    let keys = json!({
        "model": text(130, "the model, vendor/model of the catalog"),
        "firmware": text(64, "the firmware, by the catalog's id"),
    });
    table("A model and firmware that a template is for.", &["model", "firmware"], keys)
}

/// A file of a template.
pub(super) fn file() -> Value {
    let body = json!({
        "type": ["string", "null"], "maxLength": 1_048_576,
        "description": "what the file is rendered from; null uses the default one",
    });
    let keys = json!({
        "model": text(130, "the model, vendor/model of the catalog"),
        "firmware": text(64, "the firmware, by the catalog's id"),
        "file": text(TEXT_MAX, "the file's name in the catalog, like {mac}.cfg"),
        "body": body,
    });
    table("A configuration file of a template.", &["model", "firmware", "file", "body"], keys)
}

/// What an export gave.
pub(super) fn exported() -> Value {
    let body = json!({ "type": "string", "maxLength": 1_048_576 });
    let files = json!({
        "type": "object", "additionalProperties": body,
        "description": "bodies by the file's name in the catalog; files that are not listed use the default one",
    });
    let equipment = json!({
        "model": text(130, "the model, vendor/model of the catalog"),
        "firmware": text(64, "the firmware, by the catalog's id"),
        "files": files,
    });
    let equipment = table("The bodies of one model and firmware.", &["model", "firmware"], equipment);
    let keys = json!({
        "version": integer(1, 1, "the version of the format"),
        "name": text_or_empty(TEXT_MAX, "what it was called; for people"),
        "equipment": { "type": "array", "items": equipment, "description": "what it is for" },
    });
    table("A template on its way from one place to another.", &["version", "equipment"], keys)
}

/// The global preferences.
pub(super) fn preferences() -> Shape {
    let keys = json!({
        "mac-based": flag("whether phones may be known by their MAC address alone over HTTP and HTTPS"),
        "protocol": words_of(Protocol::ALL, "protocol of devices that name none, where their firmware offers it"),
        "update-interval": integer(60, 5_999_940, "seconds between requests of devices that name no interval"),
    });
    Shape::new("The global preferences", &[], &[], keys)
}

/// A login.
pub(super) fn login() -> Shape {
    let keys = json!({
        "id": id("unique among logins"),
        "name": name("name for people"),
        "account": account_or_number("the account that it acts as: an id, an extension's number, or administrator"),
        "password": {
            "type": "string", "minLength": 12, "maxLength": 128,
            "description": "its password, which is kept hashed; without one it has tokens alone",
        },
        "status": words(["enabled", "disabled"], "whether it, and its tokens, open anything"),
    });
    Shape::new("A login", &["id", "account"], &["id"], keys)
}

/// A token.
pub(super) fn token() -> Shape {
    let keys = json!({
        "login": id("the login that it stands for; the one that asks when not set"),
        "name": name("what it is for"),
        "scope": words_of(TokenScope::ALL, "what it opens; read when not set"),
        "expires": time("when it ends (RFC 3339); never when not set"),
    });
    Shape::new("A token", &["name"], &[], keys)
}

/// A group of logins.
pub(super) fn group() -> Shape {
    let logins =
        json!({ "type": "array", "items": id("a login"), "description": "the logins that are in it" });
    let keys = json!({
        "id": id("unique among groups"), "name": text_or_empty(TEXT_MAX, "name for people"), "logins": logins,
    });
    Shape::new("A group of logins", &["id"], &["id"], keys)
}

/// A grant.
pub(super) fn grant() -> Shape {
    let list = |help: &str| json!({ "type": "array", "items": id("a job"), "description": help });
    let keys = json!({
        "id": id("unique among grants; made of its holder and platform when not set"),
        "login": id("the login that holds it, or"), "group": id("the group that does"),
        "platform": id("the provider or organization whose jobs it is about"),
        "provisioning": flag("whether it counts at all"),
        "provisioning-administrator": flag("whether its holder does everything with the platform's jobs"),
        "bulk-admin": flag("whether its holder creates, runs and deletes bulk jobs"),
        "on-demand-admin": flag("whether its holder builds, edits, deletes and runs on-demand jobs"),
        "bulk-jobs": list("the bulk jobs that its holder may run without being an administrator of them"),
        "on-demand-jobs": list("the on-demand jobs that its holder may run without being an administrator of them"),
    });
    Shape::new(
        "What a login or a group may do with the jobs of a platform",
        &["platform"],
        &["id", "login", "group", "platform"],
        keys,
    )
}

/// What signs in.
pub(super) fn credentials() -> Value {
    let keys = json!({
        "login": text(64, "the login"),
        "password": text(512, "its password"),
    });
    table("What signs a login in.", &["login", "password"], keys)
}

/// What kind an account is.
pub(super) fn account_kind() -> Value {
    words(["provider", "organization", "user"], "what it is")
}

/// Whether a device gets any file.
pub(super) fn device_status() -> Value {
    words(["enabled", "disabled"], "whether it gets any file")
}

/// What became of what somebody wanted to do.
pub(super) fn audit_outcome() -> Value {
    words(["done", "refused"], "what became of it")
}
