//! Schemas of what goes in and out: the records of the fleet's files, edits and queries.
//!
//! Promises: words, ranges and lengths are those of [`model`](crate::model) where it has them; what a schema lets in
//! may still be refused, as only the fleet as a whole tells whether a change makes sense.

mod answers;
mod edits;
mod jobs;
mod parts;
mod records;
mod runs;
mod settings;
mod shown;

pub(super) use self::answers::VERSION;
pub(super) use self::runs::RUN;

use serde_json::Value;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// Gives types that stand for schemas, and all of these by name.
macro_rules! described {
    ($($(#[$doc:meta])* $name:ident = $schema:expr;)+) => {
        $(
            $(#[$doc])*
            pub(super) enum $name {}

            impl PartialSchema for $name {
                fn schema() -> RefOr<Schema> {
                    // The document takes the schema itself from `all`.
                    RefOr::T(Schema::Object(ObjectBuilder::new().build()))
                }
            }

            impl ToSchema for $name {}
        )+

        /// Gives every schema that a route names.
        fn of_routes() -> Vec<(&'static str, Value)> {
            vec![$((stringify!($name), $schema)),+]
        }
    };
}

/// Gives every schema by its name.
pub(super) fn all() -> Vec<(&'static str, Value)> {
    let mut all = of_routes();
    all.extend([
        ("Account", answers::account()),
        ("AccountRow", answers::account_row()),
        ("AuditLine", answers::audit_line()),
        ("DeviceRow", answers::device_row()),
        ("ExtensionRow", answers::extension_row()),
        ("Choice", jobs::choice()),
        ("GrantRow", answers::grant_row()),
        ("GroupRow", answers::group_row()),
        ("JobRow", jobs::row()),
        ("RowOfRun", runs::row()),
        ("LoginRow", answers::login_row()),
        ("TemplateRow", answers::template_row()),
        ("Token", answers::token()),
    ]);
    all
}

described! {
    /// A new provider, organization or user.
    AccountNew = records::account().with_kind().new_one();
    /// Changes of an account.
    AccountEdit = records::account().edit();
    /// What an account may do from now on.
    LevelEdit = records::level();
    /// A new extension.
    ExtensionNew = records::extension().new_one();
    /// Changes of an extension.
    ExtensionEdit = records::extension().edit();
    /// A new device.
    DeviceNew = records::device().new_one();
    /// Changes of a device.
    DeviceEdit = records::device().edit();
    /// A new template.
    TemplateNew = records::template().new_one();
    /// Changes of a template.
    TemplateEdit = records::template().edit();
    /// A model and firmware of a template.
    EquipmentNew = records::equipment();
    /// A file of a template.
    FileEdit = records::file();
    /// What an export gave.
    Exported = records::exported();
    /// Changes of the global preferences.
    PreferencesEdit = records::preferences().edit();
    /// A new login.
    LoginNew = records::login().new_one();
    /// Changes of a login.
    LoginEdit = records::login().edit();
    /// A new token.
    TokenNew = records::token().new_one();
    /// What signs in.
    Credentials = records::credentials();
    /// What kind an account is.
    AccountKind = records::account_kind();
    /// An account or an extension as it is shown.
    AnyAccount = answers::any_account();
    /// What came of an edit of an account.
    AccountChange = shown::change_of("AnyAccount");
    /// A part of the accounts.
    Accounts = shown::list_of("AccountRow");
    /// An extension as it is shown.
    Extension = answers::extension();
    /// What came of an edit of an extension.
    ExtensionChange = shown::change_of("Extension");
    /// A part of the extensions.
    Extensions = shown::list_of("ExtensionRow");
    /// A device as it is shown.
    Device = answers::device();
    /// What came of an edit of a device.
    DeviceChange = shown::change_of("Device");
    /// A part of the devices.
    Devices = shown::list_of("DeviceRow");
    /// Whether a device gets any file.
    DeviceStatus = records::device_status();
    /// What can be chosen for a new device.
    DeviceOptions = answers::device_options();
    /// A template as it is shown.
    Template = answers::template();
    /// What came of an edit of a template.
    TemplateChange = shown::change_of("Template");
    /// A part of the templates.
    Templates = shown::list_of("TemplateRow");
    /// What a device's file would be with a template.
    FilePreview = answers::preview();
    /// Whether every device that uses a template renders.
    Trial = answers::trial();
    /// The global preferences as they are shown.
    Preferences = answers::preferences();
    /// What came of an edit of the global preferences.
    PreferencesChange = shown::change_of("Preferences");
    /// A login as it is shown.
    Login = answers::login();
    /// What came of an edit of a login.
    LoginChange = shown::change_of("Login");
    /// A part of the logins.
    Logins = shown::list_of("LoginRow");
    /// A new group.
    GroupNew = records::group().new_one();
    /// Changes of a group.
    GroupEdit = records::group().edit();
    /// A group as it is shown.
    Group = answers::group();
    /// What came of an edit of a group.
    GroupChange = shown::change_of("Group");
    /// A part of the groups.
    Groups = shown::list_of("GroupRow");
    /// A new grant.
    GrantNew = records::grant().new_one();
    /// Changes of a grant.
    GrantEdit = records::grant().edit();
    /// A grant as it is shown.
    Grant = answers::grant();
    /// What came of an edit of a grant.
    GrantChange = shown::change_of("Grant");
    /// A part of the grants.
    Grants = shown::list_of("GrantRow");
    /// A new job.
    JobNew = jobs::job().new_one();
    /// Changes of a job.
    JobEdit = jobs::job().edit();
    /// A job as it is shown.
    Job = jobs::shown();
    /// What came of an edit of a job.
    JobChange = shown::change_of("Job");
    /// A part of the jobs.
    Jobs = shown::list_of("JobRow");
    /// What a run of a job is given.
    JobForm = jobs::form();
    /// How a job is run.
    JobKindWord = jobs::kind();
    /// What a job does.
    JobOperationWord = jobs::operation();
    /// A part of what can be chosen for a field.
    Choices = shown::list_of("Choice");
    /// What a run is given.
    OrderNew = runs::order();
    /// A run.
    Run = runs::run();
    /// A part of the runs.
    Runs = shown::list_of("Run");
    /// A part of what became of the rows of a run.
    RowsOfRun = shown::list_of("RowOfRun");
    /// What a run would bring.
    Preview = runs::preview();
    /// How far a run is.
    Progress = runs::progress();
    /// What a run generated.
    Collected = runs::collected();
    /// Where a run stands.
    RunStateWord = runs::state();
    /// What became of a row.
    RowStatusWord = runs::status();
    /// What came of making a token.
    TokenChange = shown::change_of("Token");
    /// A part of the tokens.
    Tokens = shown::list_of("Token");
    /// The actor itself.
    Myself = answers::myself();
    /// What came of an edit that removes something.
    Removal = shown::removal();
    /// Whatever a query gives.
    Shown = answers::anything();
    /// What became of what somebody wanted to do.
    AuditOutcome = records::audit_outcome();
    /// A part of the audit log.
    AuditLines = shown::list_of("AuditLine");
    /// What came of edits that are one change.
    Done = edits::outcome();
    /// Edits that are one change.
    Edits = edits::request();
    /// One look.
    Look = edits::query();
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::operation::{Edit, Query};
    use serde::de::DeserializeOwned;

    /// The routes as they are written.
    const ROUTES: &[&str] = &[
        include_str!("../routes/accounts.rs"),
        include_str!("../routes/devices.rs"),
        include_str!("../routes/extensions.rs"),
        include_str!("../routes/grants.rs"),
        include_str!("../routes/groups.rs"),
        include_str!("../routes/jobs.rs"),
        include_str!("../routes/logins.rs"),
        include_str!("../routes/operations.rs"),
        include_str!("../routes/templates.rs"),
    ];

    /// The words that a type knows, as it tells whoever gives it one that it does not know.
    fn known<T: DeserializeOwned>(tag: &str) -> BTreeSet<String> {
        let error = serde_json::from_value::<T>(json!({ tag: "?" })).err().map(|error| error.to_string());
        let told =
            error.as_deref().and_then(|error| error.split_once("expected one of ")).unwrap().1.to_owned();
        told.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    fn described(ways: &Value, tag: &str) -> BTreeSet<String> {
        let word = |way: &Value| way["properties"][tag]["enum"][0].as_str().unwrap().to_owned();
        ways.as_array().unwrap().iter().map(word).collect()
    }

    fn pascal(word: &str) -> String {
        let upper = |part: &str| part[..1].to_uppercase() + &part[1..];
        word.split('-').map(upper).collect()
    }

    #[test]
    fn every_edit_and_query_is_described_and_has_a_route_of_its_own() {
        let (edits, queries) = (known::<Edit>("operation"), known::<Query>("query"));
        assert!(edits.len() > 20 && queries.len() > 10, "{edits:?} {queries:?}");
        assert_eq!(described(&edits::request()["properties"]["edits"]["items"]["oneOf"], "operation"), edits);
        assert_eq!(described(&edits::query()["oneOf"], "query"), queries);
        let has = |kind: &str, word: &str| {
            let name = format!("{kind}::{}", pascal(word));
            let ends = |rest: &str| rest.starts_with([' ', ')', '_']);
            ROUTES.iter().any(|routes| routes.split(&name).skip(1).any(ends))
        };
        for word in edits {
            assert!(has("Edit", &word), "no route does {word}");
        }
        for word in queries {
            assert!(has("Query", &word), "no route asks {word}");
        }
    }

    #[test]
    fn a_batch_that_the_schema_lets_in_is_understood() {
        let edits = &edits::request()["properties"]["edits"]["items"]["oneOf"];
        for way in edits.as_array().unwrap() {
            let sample = sample(way);
            let read: Result<Edit, _> = serde_json::from_value(sample.clone());
            assert!(read.is_ok(), "{sample}: {read:?}");
        }
        for way in edits::query()["oneOf"].as_array().unwrap() {
            let sample = sample(way);
            let read: Result<Query, _> = serde_json::from_value(sample.clone());
            assert!(read.is_ok(), "{sample}: {read:?}");
        }
    }

    /// Makes a value with what a schema requires.
    fn sample(schema: &Value) -> Value {
        let keys = schema["properties"].as_object().cloned().unwrap_or_default();
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        let required = required.iter().map(|key| key.as_str().unwrap().to_owned());
        let value = |schema: &Value| match (&schema["enum"][0], schema["type"].as_str()) {
            (word @ Value::String(_), _) => word.clone(),
            (_, Some("object")) => sample(schema),
            (_, Some("boolean")) => json!(true),
            (_, Some("integer")) => schema["minimum"].clone(),
            _ => json!("x"),
        };
        Value::Object(required.map(|key| (key.clone(), value(&keys[&key]))).collect())
    }
}
