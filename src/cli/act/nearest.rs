//! The name that was probably meant, where there is nothing of the one that was given.

use serde_json::Value;

use crate::document::nearest;
use crate::operation::{Edit, Filter, JobFilter, Page, Query};

/// Most names that are looked through.
const PAGE: Page = Page { offset: 0, limit: 10_000 };

/// Gives the name in a query, and the query that lists such names.
pub(super) fn query(query: &Query) -> Option<(Query, &str)> {
    match query {
        Query::Account { account } => Some((accounts(), account)),
        Query::Extension { extension } => Some((extensions(), extension)),
        Query::Device { device } | Query::TemplatePreview { device, .. } => Some((devices(), device)),
        Query::Template { template }
        | Query::TemplateCheck { template }
        | Query::TemplateExport { template, .. } => Some((templates(), template)),
        Query::Group { group } | Query::Grants { group: Some(group), .. } => Some((groups(), group)),
        Query::Grant { grant } => Some((grants(), grant)),
        Query::Job { job } | Query::JobForm { job } | Query::JobChoices { job, .. } => Some((jobs(), job)),
        Query::Login { login } | Query::Tokens { login: Some(login), .. } => Some((logins(), login)),
        _ => None,
    }
}

/// Gives the name in an edit, and the query that lists such names.
pub(super) fn edit(edit: &Edit) -> Option<(Query, &str)> {
    match edit {
        Edit::AccountEdit { account, .. }
        | Edit::AccountRemove { account }
        | Edit::LevelSet { account, .. } => Some((accounts(), account)),
        Edit::ExtensionEdit { extension, .. } | Edit::ExtensionRemove { extension } => {
            Some((extensions(), extension))
        }
        Edit::DeviceEdit { device, .. }
        | Edit::DeviceRemove { device }
        | Edit::DeviceClear { device }
        | Edit::DeviceEnable { device }
        | Edit::DeviceDisable { device }
        | Edit::DeviceRotate { device }
        | Edit::DevicePassword { device } => Some((devices(), device)),
        Edit::TemplateEdit { template, .. }
        | Edit::TemplateRemove { template }
        | Edit::TemplateEquip { template, .. }
        | Edit::TemplateUnequip { template, .. }
        | Edit::TemplateFile { template, .. }
        | Edit::TemplateImport { template, .. } => Some((templates(), template)),
        Edit::GroupEdit { group, .. }
        | Edit::GroupRemove { group }
        | Edit::GroupJoin { group, .. }
        | Edit::GroupLeave { group, .. } => Some((groups(), group)),
        Edit::GrantEdit { grant, .. }
        | Edit::GrantRemove { grant }
        | Edit::GrantPermit { grant, .. }
        | Edit::GrantRevoke { grant, .. } => Some((grants(), grant)),
        Edit::JobEdit { job, .. } | Edit::JobRemove { job } => Some((jobs(), job)),
        Edit::LoginEdit { login, .. } | Edit::LoginRemove { login } => Some((logins(), login)),
        _ => None,
    }
}

/// Finds the nearest name in a list.
pub(super) fn row(told: &Value, called: &str) -> Option<String> {
    let rows = told["rows"].as_array()?;
    let names = rows.iter().flat_map(|row| [&row["id"], &row["number"], &row["name"]]);
    nearest(called, names.filter_map(Value::as_str)).map(str::to_owned)
}

fn accounts() -> Query {
    Query::Accounts { kind: None, below: None, page: PAGE }
}

fn extensions() -> Query {
    Query::Extensions { below: None, assignable: false, page: PAGE }
}

fn devices() -> Query {
    Query::Devices { filter: Filter::default(), page: PAGE }
}

fn templates() -> Query {
    Query::Templates { page: PAGE }
}

fn logins() -> Query {
    Query::Logins { page: PAGE }
}

fn groups() -> Query {
    Query::Groups { page: PAGE }
}

fn grants() -> Query {
    Query::Grants { login: None, group: None, platform: None, page: PAGE }
}

fn jobs() -> Query {
    Query::Jobs { filter: JobFilter::default(), page: PAGE }
}
