//! Every operation, tried by every kind of account on every level: on what is below it, and on what is beside it.

use bellhop::operation::{
    Caller, Code, Edit, Filter, JobFilter, Page, Problem, Query, Request, Through, look, perform,
};
use bellhop::reload::Loader;
use bellhop::snapshot::Snapshot;
use serde_json::{Value, json};

use super::fleet::{FIRMWARE, MODEL, serial};
use super::golden::{Table, check};
use super::tables::{ACTORS, Tree, levels};
use crate::support::Site;

/// Names an edit, and says what its permission rests on; without a row here a new operation does not compile.
fn of_edit(edit: &Edit) -> (&'static str, &'static str) {
    match edit {
        Edit::AccountAdd { .. } => ("account-add", "accounts"),
        Edit::AccountEdit { .. } => ("account-edit", "accounts"),
        Edit::AccountRemove { .. } => ("account-remove", "accounts"),
        Edit::DeviceAdd { .. } => ("device-add", "4.4"),
        Edit::DeviceClear { .. } => ("device-clear", "4.5"),
        Edit::DeviceDisable { .. } => ("device-disable", "4.5, 4.6"),
        Edit::DeviceEdit { .. } => ("device-edit", "4.5, 4.6"),
        Edit::DeviceEnable { .. } => ("device-enable", "4.5, 4.6"),
        Edit::DevicePassword { .. } => ("device-password", "4.5, 4.6"),
        Edit::DeviceRemove { .. } => ("device-remove", "4.5"),
        Edit::DeviceRotate { .. } => ("device-rotate", "4.5, 4.6"),
        Edit::ExtensionAdd { .. } => ("extension-add", "accounts"),
        Edit::ExtensionEdit { .. } => ("extension-edit", "accounts"),
        Edit::ExtensionRemove { .. } => ("extension-remove", "accounts"),
        Edit::GrantAdd { .. } => ("grant-add", "jobs"),
        Edit::GrantEdit { .. } => ("grant-edit", "jobs"),
        Edit::GrantPermit { .. } => ("grant-permit", "jobs"),
        Edit::GrantRemove { .. } => ("grant-remove", "jobs"),
        Edit::GrantRevoke { .. } => ("grant-revoke", "jobs"),
        Edit::GroupAdd { .. } => ("group-add", "jobs"),
        Edit::GroupEdit { .. } => ("group-edit", "jobs"),
        Edit::GroupJoin { .. } => ("group-join", "jobs"),
        Edit::GroupLeave { .. } => ("group-leave", "jobs"),
        Edit::GroupRemove { .. } => ("group-remove", "jobs"),
        Edit::JobAdd { .. } => ("job-add", "grants"),
        Edit::JobEdit { .. } => ("job-edit", "grants"),
        Edit::JobRemove { .. } => ("job-remove", "grants"),
        Edit::LevelSet { .. } => ("level-set", "1.3"),
        Edit::LoginAdd { .. } => ("login-add", "accounts"),
        Edit::LoginEdit { .. } => ("login-edit", "accounts"),
        Edit::LoginRemove { .. } => ("login-remove", "accounts"),
        Edit::PreferencesSet { .. } => ("preferences-set", "2.4"),
        Edit::TemplateAdd { .. } => ("template-add", "4.7"),
        Edit::TemplateEdit { .. } => ("template-edit", "4.7"),
        Edit::TemplateEquip { .. } => ("template-equip", "4.7"),
        Edit::TemplateFile { .. } => ("template-file", "4.7"),
        Edit::TemplateImport { .. } => ("template-import", "4.7"),
        Edit::TemplateRemove { .. } => ("template-remove", "4.7"),
        Edit::TemplateUnequip { .. } => ("template-unequip", "4.7"),
        Edit::TokenAdd { .. } => ("token-add", "accounts"),
        Edit::TokenRevoke { .. } => ("token-revoke", "accounts"),
    }
}

/// Names a query, like [`of_edit`].
fn of_query(query: &Query) -> (&'static str, &'static str) {
    match query {
        Query::Account { .. } => ("account", "accounts"),
        Query::Accounts { .. } => ("accounts", "accounts"),
        Query::Device { .. } => ("device", "4.3"),
        Query::DeviceOptions { .. } => ("device-options", "4.4"),
        Query::Devices { .. } => ("devices", "4.3"),
        Query::Extension { .. } => ("extension", "accounts"),
        Query::Extensions { .. } => ("extensions", "accounts"),
        Query::Grant { .. } => ("grant", "jobs"),
        Query::Grants { .. } => ("grants", "jobs"),
        Query::Group { .. } => ("group", "jobs"),
        Query::Groups { .. } => ("groups", "jobs"),
        Query::Job { .. } => ("job", "grants"),
        Query::JobChoices { .. } => ("job-choices", "grants"),
        Query::JobForm { .. } => ("job-form", "grants"),
        Query::Jobs { .. } => ("jobs", "grants"),
        Query::Login { .. } => ("login", "accounts"),
        Query::Logins { .. } => ("logins", "accounts"),
        Query::Preferences => ("preferences", "2.4"),
        Query::Self_ => ("self", "accounts"),
        Query::Template { .. } => ("template", "4.7"),
        Query::TemplateCheck { .. } => ("template-check", "4.7"),
        Query::TemplateExport { .. } => ("template-export", "4.7"),
        Query::TemplatePreview { .. } => ("template-preview", "4.7"),
        Query::Templates { .. } => ("templates", "4.7"),
        Query::Tokens { .. } => ("tokens", "accounts"),
    }
}

/// Lists the operations that the program itself knows: it names them all to whoever asks for an unknown one.
fn known<T: serde::de::DeserializeOwned>(tag: &str) -> Vec<String> {
    let error = serde_json::from_value::<T>(json!({ tag: "?" })).err().map(|error| error.to_string());
    let error = error.unwrap_or_default();
    let names = error.split_once("expected one of").unwrap_or_else(|| panic!("{error}")).1;
    names.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// What an operation is tried on: the records of one of the two trees.
struct Side {
    account: &'static str,
    organization: &'static str,
    user: &'static str,
    extension: &'static str,
    device: &'static str,
    template: &'static str,
}

const NEAR: Side = Side {
    account: "user",
    organization: "org",
    user: "user",
    extension: "v",
    device: "near",
    template: "t-near",
};
const FAR: Side = Side {
    account: "user2",
    organization: "org2",
    user: "user2",
    extension: "y",
    device: "far",
    template: "t-far",
};

/// One edit of each kind on a side.
fn edits(side: &Side) -> Vec<Edit> {
    let Side { account, organization, user, extension, device, template } = *side;
    let fields = |value: Value| value.as_object().cloned().unwrap_or_default();
    let (device, template) = (serial(device), template.to_owned());
    let (model, firmware) = (MODEL.to_owned(), FIRMWARE.to_owned());
    let line = if organization == "org" { "m" } else { "z" };
    vec![
        Edit::AccountAdd {
            kind: "user".into(),
            fields: fields(json!({ "id": "new", "organization": organization })),
        },
        Edit::AccountEdit { account: account.into(), fields: fields(json!({ "name": "New" })) },
        Edit::AccountRemove { account: format!("{account}-empty") },
        Edit::LevelSet { account: account.into(), level: Some("view".into()) },
        Edit::ExtensionAdd { fields: fields(json!({ "number": "new", "user": user })) },
        Edit::ExtensionEdit { extension: extension.into(), fields: fields(json!({ "display-name": "New" })) },
        Edit::ExtensionRemove { extension: extension.into() },
        Edit::DeviceAdd { fields: fields(json!({ "name": "New", "model": MODEL, "lines": [line] })) },
        Edit::DeviceEdit { device: device.clone(), fields: fields(json!({ "notes": "New" })) },
        Edit::DeviceRemove { device: device.clone() },
        Edit::DeviceClear { device: device.clone() },
        Edit::DeviceEnable { device: device.clone() },
        Edit::DeviceDisable { device: device.clone() },
        Edit::DeviceRotate { device: device.clone() },
        Edit::DevicePassword { device },
        Edit::TemplateAdd {
            fields: fields(
                json!({ "id": "new", "name": "New", "owner": organization, "visibility": "organization" }),
            ),
        },
        Edit::TemplateEdit { template: template.clone(), fields: fields(json!({ "name": "New" })) },
        Edit::TemplateRemove { template: template.clone() },
        Edit::TemplateEquip {
            template: template.clone(),
            model: "linksys/spa941".into(),
            firmware: "4.1.10".into(),
        },
        Edit::TemplateUnequip {
            template: template.clone(),
            model: model.clone(),
            firmware: firmware.clone(),
        },
        Edit::TemplateFile {
            template: template.clone(),
            model,
            firmware,
            file: "{mac}.cfg".into(),
            body: None,
        },
        Edit::TemplateImport {
            template,
            exported: json!({ "version": 1, "name": "Imported", "equipment": [{ "model": "linksys/spa941", "firmware": "4.1.10", "files": {} }] }),
        },
        Edit::PreferencesSet { fields: fields(json!({ "mac-based": true })) },
        Edit::LoginAdd { fields: fields(json!({ "id": "new", "account": account })) },
        Edit::LoginEdit { login: format!("l-{account}"), fields: fields(json!({ "name": "New" })) },
        Edit::LoginRemove { login: format!("l-{account}") },
        Edit::TokenAdd { fields: fields(json!({ "login": format!("l-{account}"), "name": "new" })) },
        Edit::TokenRevoke { token: format!("t-{account}") },
        Edit::JobAdd {
            fields: fields(json!({
                "id": "new",
                "platform": organization,
                "kind": "on-demand",
                "operation": "device.delete",
            })),
        },
        Edit::JobEdit { job: format!("j-{organization}"), fields: fields(json!({ "name": "New" })) },
        Edit::JobRemove { job: format!("j-{organization}") },
    ]
}

/// One edit of each kind on the groups and grants of a side.
fn grant_edits(side: &Side) -> Vec<Edit> {
    let Side { account, organization, .. } = *side;
    let fields = |value: Value| value.as_object().cloned().unwrap_or_default();
    let (group, grant) = (|| format!("g-{account}"), || format!("r-{account}"));
    vec![
        Edit::GroupAdd { fields: fields(json!({ "id": "new", "logins": [format!("l-{account}")] })) },
        Edit::GroupEdit { group: group(), fields: fields(json!({ "name": "New" })) },
        Edit::GroupRemove { group: group() },
        Edit::GroupJoin { group: group(), login: "l-free".into() },
        Edit::GroupLeave { group: group(), login: format!("l-{account}") },
        Edit::GrantAdd {
            fields: fields(json!({ "group": group(), "platform": organization, "provisioning": true })),
        },
        Edit::GrantEdit { grant: grant(), fields: fields(json!({ "bulk-admin": true })) },
        Edit::GrantRemove { grant: grant() },
        Edit::GrantPermit { grant: grant(), job: format!("j-{organization}") },
        Edit::GrantRevoke { grant: grant(), job: format!("k-{organization}") },
    ]
}

/// One query of each kind on a side.
fn queries(side: &Side) -> Vec<Query> {
    let page = Page { offset: 0, limit: 1000 };
    let below = || Some(side.organization.to_owned());
    let template = || side.template.to_owned();
    vec![
        Query::Self_,
        Query::Accounts { kind: None, below: below(), page },
        Query::Account { account: side.account.into() },
        Query::Extensions { below: below(), assignable: false, page },
        Query::Extension { extension: side.extension.into() },
        Query::Devices { filter: Filter { organization: below(), ..Filter::default() }, page },
        Query::Device { device: serial(side.device) },
        Query::DeviceOptions { model: None },
        Query::Templates { page },
        Query::Template { template: template() },
        Query::TemplatePreview { template: template(), device: serial(side.device), file: None, body: None },
        Query::TemplateCheck { template: template() },
        Query::TemplateExport { template: template(), model: None },
        Query::Preferences,
        Query::Logins { page },
        Query::Login { login: format!("l-{}", side.account) },
        Query::Tokens { login: Some(format!("l-{}", side.account)), page },
        Query::Groups { page },
        Query::Group { group: format!("g-{}", side.account) },
        Query::Grants { login: None, group: None, platform: Some(side.organization.into()), page },
        Query::Grant { grant: format!("r-{}", side.account) },
        Query::Jobs { filter: JobFilter { platform: below(), ..JobFilter::default() }, page },
        Query::Job { job: format!("j-{}", side.organization) },
        Query::JobForm { job: format!("j-{}", side.organization) },
        Query::JobChoices {
            job: format!("j-{}", side.organization),
            field: "device".into(),
            text: None,
            page,
        },
    ]
}

/// Writes how something ended.
fn ended(problem: &Problem) -> String {
    assert!(!matches!(problem.code, Code::Failed | Code::Faulty), "{problem:?}");
    let code = serde_json::to_value(problem.code).unwrap();
    let rule = problem.rule.as_deref().map(|rule| format!(" {rule}")).unwrap_or_default();
    format!("{}{rule}", code.as_str().unwrap_or_default())
}

/// Writes the records that the operations are about.
fn records(id: &str, own: &str) -> String {
    let mut text = Tree { on: vec![(id, own)], more: Vec::new() }.text();
    text.extension("z", "user2", "modify");
    text.account("user", "user-empty", "org", "none", "").account("user", "user2-empty", "org2", "none", "");
    text.device("near", "org", "", &["v"]).device("far", "org2", "", &["y"]);
    text.template("t-near", "org", "organization").template("t-far", "org2", "organization");
    text.add("[[login]]\nid = \"l-free\"\naccount = \"administrator\"\n");
    for (account, organization) in [("user", "org"), ("user2", "org2")] {
        text.add(&format!("[[group]]\nid = \"g-{account}\"\nlogins = [\"l-{account}\"]\n"));
        let grant = format!("[[grant]]\nid = \"r-{account}\"\nlogin = \"l-{account}\"\n");
        text.add(&format!("{grant}platform = \"{organization}\"\non-demand-jobs = [\"k-{organization}\"]\n"));
        for job in ["j", "k"] {
            let job = format!("[[job]]\nid = \"{job}-{organization}\"\nplatform = \"{organization}\"\n");
            text.add(&format!("{job}kind = \"on-demand\"\noperation = \"device.clear\"\n"));
        }
        text.add(&format!("[[login]]\nid = \"l-{account}\"\naccount = \"{account}\"\n"));
        let hash = "0".repeat(64);
        text.add(&format!("[[token]]\nid = \"t-{account}\"\nlogin = \"l-{account}\"\nhash = \"{hash}\"\n"));
    }
    text.0
}

fn asked(snapshot: &Snapshot, caller: &Caller, query: &Query) -> String {
    match look(snapshot, caller, query) {
        Err(problem) => ended(&problem),
        Ok(answer) => match answer.get("total") {
            Some(total) => format!("yes, {total} rows"),
            None => "yes".to_owned(),
        },
    }
}

fn tried(loader: &mut Loader, caller: &Caller, edit: &Edit) -> String {
    let request = Request { edits: vec![edit.clone()], dry_run: true, if_match: None };
    match perform(&mut loader.desk(), caller, &request) {
        Err(problem) => ended(&problem),
        Ok(outcome) if outcome.changed => "yes".to_owned(),
        Ok(_) => "yes, no change".to_owned(),
    }
}

#[test]
fn every_operation_is_permitted_and_refused_as_checked_in() {
    let columns = ["operation", "rests on", "actor", "own", "below", "beside"];
    let mut changes = Table::new("Edits, on what is below the organization `org` and beside it", &columns);
    let mut looks = Table::new("Queries, on what is below the organization `org` and beside it", &columns);
    let site =
        Site::new().with_vendors(&["linksys", "cisco"]).config("\n[features]\nprovisioning-jobs = true\n");
    let mut loader = Loader::new(&site.path("bellhop.toml")).unwrap();
    let mut rows: Vec<(usize, bool, [String; 6])> = Vec::new();
    for (kind, id) in ACTORS {
        for own in levels(kind) {
            site.put("fleet/fleet.toml", &records(id, own));
            let caller = Caller {
                account: id.to_owned(),
                login: None,
                through: Through::Shell,
                peer: None,
                run: None,
            };
            let both = [&NEAR, &FAR].map(|side| [edits(side), grant_edits(side)].concat());
            for (at, (near, far)) in both[0].iter().zip(&both[1]).enumerate() {
                let (name, rests) = of_edit(near);
                let [below, beside] = [near, far].map(|edit| tried(&mut loader, &caller, edit));
                rows.push((at, true, [name, rests, kind, own, &below, &beside].map(str::to_owned)));
            }
            let desk = loader.desk();
            for (at, (near, far)) in queries(&NEAR).iter().zip(&queries(&FAR)).enumerate() {
                let (name, rests) = of_query(near);
                let [below, beside] = [near, far].map(|query| asked(desk.snapshot(), &caller, query));
                rows.push((at, false, [name, rests, kind, own, &below, &beside].map(str::to_owned)));
            }
        }
    }
    rows.sort_by_key(|(at, is_edit, _)| (*at, *is_edit));
    for (_, is_edit, row) in &rows {
        let table = if *is_edit { &mut changes } else { &mut looks };
        table.row(&row.each_ref().map(String::as_str));
    }
    let has_rows = |names: Vec<String>, is_edit| {
        for name in names {
            let of_name = rows.iter().filter(|(_, edit, row)| *edit == is_edit && row[0] == name);
            assert_eq!(of_name.count(), 13, "{name} lacks rows: five kinds of actors on every level");
        }
    };
    has_rows(known::<Edit>("operation"), true);
    has_rows(known::<Query>("query"), false);
    check("operations.txt", [changes, looks]);
}
