//! The answers of queries: records as they are shown, and rows of lists.

use serde_json::{Value, json};

use crate::manage::schema::parts::{Shape, flag, integer, nullable, time, words, words_of};
use crate::manage::schema::records;
use crate::manage::schema::settings;
use crate::manage::schema::shown::{Answer, count, each, loose, maybe, named, texts, told};
use crate::model::{ExtensionKind, JobKind, Level, Protocol, Scope, Visibility};

/// What every record says of the edition that is shown.
pub(in crate::manage) const VERSION: &str = "which edition of the record this is, as `ETag` has it";

/// What kind an account of its own record is.
const KINDS: &[&str] = &["administrator", "provider", "organization", "user"];

impl Shape {
    /// Gives its keys as they are shown; settings and vendor parameters of devices and accounts are those of `scope`.
    fn told(self, scope: Scope) -> Value {
        let keys = self.keys.iter().map(|(key, schema)| (key.clone(), loose(schema)));
        let mut keys = Value::Object(keys.collect());
        if !keys["settings"].is_null() {
            keys["settings"] = settings::shown(scope);
            keys["raw"] = settings::raw_shown();
        }
        keys
    }
}

fn level(help: &str) -> Value {
    words_of(Level::ALL, help)
}

/// A provider, organization or user, or the administrator.
pub(super) fn account() -> Value {
    let counts = json!({
        "providers": count("providers"), "organizations": count("organizations"), "users": count("users"),
        "extensions": count("extensions"), "devices": count("devices"),
    });
    let counts = Answer::new("How much lies below it, as far as the actor sees it.", json!({})).with(counts);
    let always = json!({
        "id": told("its id"), "kind": words(KINDS.iter().copied(), "what it is"), "name": told("name for people"),
        "counts": counts.schema(),
    });
    let more = json!({
        "version": told(VERSION),
        "settable-levels": each(&level("a level"), "the levels that the actor may set it to"),
    });
    let answer = Answer::new("An account as it is shown; secrets are masked.", always);
    answer.with(more).with(records::account().told(Scope::Phone)).schema()
}

/// An account of any kind: extensions are accounts as well.
pub(super) fn any_account() -> Value {
    json!({ "description": "An account, or an extension, as it is shown.", "anyOf": [named("Account"), named("Extension")] })
}

/// An account in a list.
pub(super) fn account_row() -> Value {
    let keys = json!({
        "id": told("its id"), "kind": words(KINDS[1..].iter().copied(), "what it is"),
        "name": told("name for people"), "parent": maybe("the account above it"),
        "provisioning": nullable(level("what it may do with devices; null where that is not the actor's to know")),
    });
    Answer::new("An account in a list.", keys).schema()
}

fn extension_keys() -> Value {
    let device = json!({ "id": told("the device's id"), "name": told("its name"), "line": integer(1, 99, "which line") });
    let device =
        Answer::new("The device that it is on; null where there is none that the actor sees.", device);
    json!({
        "number": told("its extended number"), "display-name": told("name that calls show"),
        "kind": words_of(ExtensionKind::ALL, "what it is"), "user": maybe("the user that it belongs to"),
        "organization": maybe("the organization of that user"),
        "provisioning": nullable(level("what it may do with its device; null where that is not the actor's to know")),
        "device": { "anyOf": [device.schema(), { "type": "null" }] },
    })
}

/// An extension in a list.
pub(super) fn extension_row() -> Value {
    Answer::new("An extension in a list.", extension_keys()).schema()
}

/// An extension.
pub(super) fn extension() -> Value {
    let mut always = extension_keys();
    always["inherits-level"] = nullable(flag("whether its level is its user's"));
    always["settable-levels"] = each(&level("a level"), "the levels that the actor may set it to");
    always["assignable"] = flag("whether the actor may put it on a line");
    always["why"] = maybe("why not");
    always["version"] = told(VERSION);
    let more = json!({ "sip-password": told("the SIP password that was just generated, shown this once") });
    let answer = Answer::new("An extension as it is shown; secrets are masked.", always);
    answer.with(more).with(records::extension().told(Scope::Line)).schema()
}

fn device_keys() -> Value {
    json!({
        "id": told("its public id, which opens nothing"), "name": told("friendly name"),
        "model": told("its model, vendor/model of the catalog"),
        "firmware": told("its firmware, by the catalog's id"),
        "status": records::device_status(), "protocol": words_of(Protocol::ALL, "how it asks"),
        "template": maybe("the template that its files come from; null where that is not the actor's to know"),
        "owner": maybe("the account that owns it; null where that is not the actor's to know"),
        "organization": maybe("the organization that it is assigned to, by itself or by its lines"),
        "lines": texts("the extensions on line 1, 2, …; empty where a line is free, masked where it is not the actor's to know"),
        "last-fetched": nullable(time("when it last fetched a file; null where it never did")),
        "state": words(["editable", "read-only"], "what the actor may do with it"),
        "removable": flag("whether the actor may remove it"),
        "clearable": flag("whether the actor may clear its lines"),
        "rule": told("the rule that sets the bounds"), "why": told("what sets them, for people; empty where there are none"),
    })
}

/// A device in a list.
pub(super) fn device_row() -> Value {
    let mut keys = device_keys();
    keys["mac"] = maybe("its MAC address");
    Answer::new("A device in a list.", keys).schema()
}

/// A device.
pub(super) fn device() -> Value {
    let extension = json!({
        "line": integer(1, 99, "which line"), "number": told("the extension"), "display-name": told("name that calls show"),
        "user": maybe("whose it is"),
    });
    let extension = Answer::new("An extension on a line.", extension).schema();
    let mut always = device_keys();
    let more = json!({
        "version": told(VERSION), "vendor": told("the vendor, by the catalog's id"),
        "mac-based": flag("whether its update URL is built from the MAC address"),
        "update-interval": count("how often it asks, in the unit of its firmware"),
        "update-interval-unit": words(["days", "hours", "minutes", "seconds"], "that unit"),
        "known-by": words(["credentials", "mac", "serial"], "what proves that it is this phone that asks"),
        "notes": told("free text"),
        "extensions": each(&extension, "the extensions on its lines that the actor sees"),
        "admin-password-mode": words(["own", "inherited", "none"], "where the password of its administrator comes from"),
        "files": texts("the files that it asks for"),
        "editable": texts("the keys that the actor may change"),
    });
    if let (Value::Object(always), Value::Object(more)) = (&mut always, more) {
        always.extend(more);
    }
    let sometimes = json!({
        "serial": told("the secret part of its update URL; for whoever may edit it"),
        "urls": texts("the URLs that it asks for its own files by; for whoever may edit it"),
        "admin-password": told("the password that was just generated, shown this once"),
        "update-password": told("the password that was just generated, shown this once"),
        "encryption-key": told("the key that was just generated, shown this once"),
        "created": told("when it was added (RFC 3339)"), "updated": told("when it was last changed (RFC 3339)"),
    });
    let answer = Answer::new("A device as it is shown; secrets are masked.", always);
    answer.with(sometimes).with(records::device().told(Scope::Phone)).schema()
}

/// What can be chosen for a new device.
pub(super) fn device_options() -> Value {
    let template =
        Answer::new("A template.", json!({ "id": told("its id"), "name": told("its name") })).schema();
    let firmware = json!({
        "id": told("its id"), "label": told("its name"), "default": flag("whether it is the usual one"),
        "protocols": each(&words_of(Protocol::ALL, "a protocol"), "how phones can ask"),
        "update-interval": count("how often they ask where nothing is said"),
        "update-interval-unit": words(["days", "hours", "minutes", "seconds"], "in which unit"),
        "update-interval-from": count("the least"), "update-interval-to": count("the most"),
        "application-version": flag("whether a device names the version of its application"),
        "templates": each(&template, "the templates that the actor may use"),
    });
    let firmware = Answer::new("A firmware of a model.", firmware).schema();
    let model = json!({
        "id": told("vendor/model"), "name": told("its name"), "vendor": told("the vendor's id"),
        "lines": count("how many lines it has"),
    });
    let whole = json!({
        "web-interface": flag("whether it has pages of its own"), "mac-prefix": maybe("how its MAC addresses usually begin"),
        "mac-prefixes": texts("how its MAC addresses begin"), "firmwares": each(&firmware, "its firmwares"),
    });
    let model = Answer::new("A model; whole where it was asked for.", model).with(whole).schema();
    let organization = json!({ "id": told("its id"), "name": told("its name") });
    let user =
        json!({ "id": told("its id"), "name": told("its name"), "organization": told("its organization") });
    let extension = json!({ "number": told("its number"), "display-name": told("its name"), "user": told("whose it is") });
    let always = json!({
        "possible": flag("whether a device can be added at all"), "rule": told("the rule that says so"),
        "why": maybe("why it cannot"),
        "assignment": words(["optional", "required"], "whether an extension must be chosen"),
        "models": each(&model, "the models"),
    });
    let lists = json!({
        "organizations": each(&Answer::new("An organization.", organization).schema(), "those that can be chosen"),
        "organizations-total": count("how many there are"),
        "users": each(&Answer::new("A user.", user).schema(), "those with an extension that can be chosen"),
        "users-total": count("how many there are"),
        "extensions": each(&Answer::new("An extension.", extension).schema(), "those that can be chosen"),
        "extensions-total": count("how many there are"),
    });
    Answer::new("What can be chosen for a new device.", always).with(lists).schema()
}

fn template_keys() -> Value {
    json!({
        "id": told("its id"), "name": told("name for people"), "owner": told("the account that owns it"),
        "visibility": words_of(Visibility::ALL, "the lowest kind of account that may use it"),
        "devices": { "type": ["integer", "null"], "minimum": 0, "description": "how many devices use it that the actor sees" },
        "editable": flag("whether the actor may change it"),
    })
}

/// A template in a list.
pub(super) fn template_row() -> Value {
    let mut keys = template_keys();
    keys["equipment"] = count("for how many models and firmwares it is");
    Answer::new("A template in a list.", keys).schema()
}

/// A template, with its bodies.
pub(super) fn template() -> Value {
    let files = json!({ "type": "object", "additionalProperties": { "type": "string" }, "description": "bodies by file" });
    let equipment = json!({
        "model": told("the model"), "firmware": told("the firmware"), "files": files,
        "defaults": texts("the files that use the default body"),
    });
    let mut keys = template_keys();
    keys["equipment"] =
        each(&Answer::new("A model and firmware of it.", equipment).schema(), "for what it is");
    keys["version"] = maybe(VERSION);
    Answer::new("A template as it is shown.", keys).schema()
}

/// What a file would be with a template.
pub(super) fn preview() -> Value {
    let keys = json!({
        "template": told("the template's id"), "device": told("the device's name"), "file": told("the file's name"),
        "body": told("what the phone would get, secrets masked"),
    });
    Answer::new("What a device's file would be with a template.", keys).schema()
}

/// Whether the devices that use a template render.
pub(super) fn trial() -> Value {
    let fault = json!({
        "device": told("the device's name"), "id": told("its id"), "file": told("the file"), "message": told("what is wrong"),
    });
    let fault = Answer::new("A file that does not render.", fault).schema();
    let keys = json!({
        "template": told("the template's id"), "devices": count("how many devices use it that the actor sees"),
        "faults": each(&fault, "what does not render"), "more": count("how many faults are left out"),
    });
    Answer::new("Whether every device that uses a template renders.", keys).schema()
}

/// The global preferences.
pub(super) fn preferences() -> Value {
    let mut keys = records::preferences().told(Scope::Phone);
    for key in ["mac-based", "protocol", "update-interval"] {
        keys[key] = nullable(keys[key].take());
    }
    keys["mac-based-holds"] = flag("what holds, be it said here or in the server's own settings");
    keys["version"] = maybe(VERSION);
    Answer::new("The global preferences, null where nothing is said.", keys).schema()
}

fn login_keys() -> Value {
    json!({
        "id": told("its id"), "account": told("the account that it acts as"),
        "status": words(["enabled", "disabled"], "whether it, and its tokens, open anything"),
        "has-password": flag("whether it can sign in"), "tokens": count("how many tokens it has"),
    })
}

/// A login in a list.
pub(super) fn login_row() -> Value {
    let name = json!({ "name": told("name for people") });
    Answer::new("A login in a list.", login_keys()).with(name).schema()
}

/// A login.
pub(super) fn login() -> Value {
    let mut keys = login_keys();
    keys["version"] = told(VERSION);
    Answer::new("A login as it is shown.", keys).with(json!({ "name": told("name for people") })).schema()
}

/// A token, without what it opens with.
pub(super) fn token() -> Value {
    let keys = json!({
        "id": told("its id"), "login": told("the login that it stands for"), "scope": words(["read", "write"], "what it opens"),
        "over": flag("whether it has ended"),
    });
    let more = json!({
        "name": told("what it is for"), "expires": time("when it ends; never when missing"),
        "created": told("when it was made"), "token": told("the token itself, shown this once when it is made"),
    });
    Answer::new("A token as it is shown.", keys).with(more).schema()
}

/// A group in a list.
pub(super) fn group_row() -> Value {
    let keys = json!({ "id": told("its id") });
    Answer::new("A group in a list.", keys).with(records::group().told(Scope::Phone)).schema()
}

/// A group, with its grants.
pub(super) fn group() -> Value {
    let keys = json!({
        "id": told("its id"), "logins": texts("the logins that are in it"), "version": told(VERSION),
        "grants": each(&named("GrantRow"), "what it is granted"),
    });
    Answer::new("A group as it is shown.", keys).with(records::group().told(Scope::Phone)).schema()
}

/// A grant in a list.
pub(super) fn grant_row() -> Value {
    let keys = json!({ "id": told("its id"), "platform": told("the provider or organization whose jobs it is about") });
    let answer = Answer::new("A grant in a list; switches that are off, and empty lists, are missing.", keys);
    answer.with(records::grant().told(Scope::Phone)).schema()
}

/// A grant.
pub(super) fn grant() -> Value {
    let mut keys = records::grant().told(Scope::Phone);
    let holder = json!({ "login": keys["login"].take(), "group": keys["group"].take() });
    if let Value::Object(keys) = &mut keys {
        keys.retain(|_, schema| !schema.is_null());
    }
    keys["version"] = told(VERSION);
    Answer::new("A grant as it is shown.", keys).with(holder).schema()
}

/// Whatever a query gives.
pub(super) fn anything() -> Value {
    json!({
        "type": "object", "additionalProperties": true, "description": "What the query's own path would give.",
        "properties": { "version": maybe(VERSION) },
    })
}

/// The actor itself.
pub(super) fn myself() -> Value {
    let kinds = || KINDS.iter().copied().chain(["extension"]);
    let of = |help: &str| each(&words_of(JobKind::ALL, "a kind"), help);
    let platform = json!({
        "platform": told("its id"), "kind": nullable(words(kinds(), "what it is")), "name": maybe("name for people"),
        "creates": of("jobs of which kinds the actor may build"), "edits": of("may edit"), "deletes": of("may delete"),
        "runs": texts("the jobs that it may run"),
    });
    let platform = Answer::new("What the actor may do with the jobs of a platform.", platform).schema();
    let keys = json!({
        "account": told("its account's id, or its number"), "kind": words(kinds(), "what it is"),
        "name": told("name for people"), "provisioning": level("what it may do with devices"),
        "parent": maybe("the account above it"), "sees-devices": flag("whether it has any sight of devices"),
        "adds-devices": flag("whether it may add one"), "why": maybe("why not"),
        "login": maybe("the login that acts"), "groups": texts("the groups that it is in"),
        "provisioning-jobs": flag("whether this server has jobs switched on"),
        "platforms": each(&platform, "the platforms whose jobs mean anything to it"),
    });
    Answer::new("The actor itself.", keys).schema()
}

/// A line of the audit log.
pub(super) fn audit_line() -> Value {
    let table = |help: &str| json!({ "type": "object", "description": help });
    let always = json!({
        "number": count("the line's number"), "at": time("when"), "id": told("what tells this entry from all others"),
        "account": told("the account that acted"),
        "through": words(["server", "session", "shell", "token"], "through what"),
        "operation": told("what it did, or wanted to"), "outcome": records::audit_outcome(),
        "previous": told("the hash of the line before"), "hash": told("the hash of this line"),
    });
    let sometimes = json!({
        "login": told("the login behind it"), "peer": told("the address that it came from"),
        "record": told("to what: a kind and an id"), "name": told("the record's name for people"),
        "rule": told("the rule that allowed or forbade it"), "code": told("the kind of refusal"),
        "why": told("why it was refused"), "before": table("the keys that changed as they were, secrets masked"),
        "after": table("the keys that changed as they are, secrets masked"),
        "job": told("the job that it was a run of"), "run": told("the run"),
        "snapshot": count("the snapshot that holds the change"),
    });
    Answer::new("A line of the audit log.", always).with(sometimes).schema()
}
