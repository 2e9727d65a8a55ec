//! Every cell of the tables on levels and templates, and of who manages accounts and logins.

use bellhop::model::{Level, Visibility};
use bellhop::rights::{Account, Actor, Kind};

use super::fleet::{FIRMWARE, MODEL, Switches, Text, account, actor};
use super::golden::{Table, check, decision};
use super::tables::{ACTORS, Tree, levels};

const LEVELS: [(&str, Level); 3] = [("none", Level::None), ("view", Level::View), ("modify", Level::Modify)];

/// Every account of [`Tree`] but the extensions m, v and n.
const TARGETS: [(&str, &str); 10] = [
    ("administrator", "administrator"),
    ("provider", "sp"),
    ("organization", "org"),
    ("user", "user"),
    ("extension", "x"),
    ("extension beside x", "o"),
    ("other provider", "sp2"),
    ("other organization", "org2"),
    ("other user", "user2"),
    ("other extension", "y"),
];

fn yes<T>(_: T) -> String {
    "yes".to_owned()
}

/// Writes what becomes of setting an account to a level.
fn set(actor: &Actor<'_>, target: Account<'_>, level: Option<Level>) -> String {
    decision(actor.set_level(target, level), |permit| ("yes".to_owned(), permit.rule()))
}

fn set_levels(title: &str, more: &[(&str, &str)]) -> Table {
    let columns =
        ["actor", "own", "account", "is on", "level seen", "to none", "to view", "to modify", "offered"];
    let mut table = Table::new(title, &columns);
    for (kind, id) in ACTORS {
        for own in levels(kind) {
            for (target_kind, target_id) in TARGETS {
                let itself = target_id == id;
                for (current, _) in LEVELS.into_iter().filter(|(current, _)| !itself || current == own) {
                    let fixed = target_id == "administrator" || target_id == "y";
                    if fixed && current != "modify" {
                        continue;
                    }
                    let tree = Tree { on: vec![(id, *own), (target_id, current)], more: more.to_vec() };
                    let snapshot = tree.text().load(Switches::default());
                    let (actor, target) = (actor(&snapshot, id), account(&snapshot, target_id));
                    let cells = LEVELS.map(|(_, level)| set(&actor, target, Some(level)));
                    let offered: Vec<_> =
                        actor.settable_levels(target).into_iter().map(Level::word).collect();
                    let seen = if actor.sees_level(target) { "yes" } else { "no" };
                    let [none, view, modify] = &cells;
                    let current = if target_id == "administrator" { "-" } else { current };
                    table.row(&[
                        kind,
                        own,
                        target_kind,
                        current,
                        seen,
                        none,
                        view,
                        modify,
                        &offered.join(" "),
                    ]);
                }
            }
        }
    }
    table
}

/// What becomes of leaving an extension to its user's level.
fn inherit() -> Table {
    let title = "1.3 and Q3: an extension inherits its user's level, which must be within the cap";
    let mut table = Table::new(title, &["actor", "own", "user", "extension", "to inherit"]);
    for (kind, id) in [("organization", "org"), ("user", "user")] {
        for own in levels(kind) {
            for (user, _) in LEVELS.into_iter().filter(|(user, _)| id != "user" || user == own) {
                for current in ["", "none", "view", "modify"] {
                    let mut text = Text::default();
                    text.account("provider", "sp", "", "none", "");
                    text.account("organization", "org", "sp", if id == "org" { own } else { "none" }, "");
                    text.account("user", "user", "org", user, "").extension("x", "user", current);
                    let snapshot = text.load(Switches::default());
                    let to_inherit = set(&actor(&snapshot, id), account(&snapshot, "x"), None);
                    table.row(&[
                        kind,
                        own,
                        user,
                        if current.is_empty() { "inherits" } else { current },
                        &to_inherit,
                    ]);
                }
            }
        }
    }
    table
}

/// What level a new account may begin with.
fn begin() -> Table {
    let title = "1.3: the level that a new account below the actor may begin with";
    let mut table =
        Table::new(title, &["actor", "own", "roles management", "inherits", "none", "view", "modify"]);
    for (kind, id) in ACTORS {
        for own in levels(kind) {
            for roles in ["yes", "no"]
                .into_iter()
                .filter(|roles| *roles == "yes" || !matches!(id, "administrator" | "x"))
            {
                let more = if roles == "no" { vec![(id, "roles-management = false")] } else { Vec::new() };
                let snapshot = Tree { on: vec![(id, *own)], more }.text().load(Switches::default());
                let begins = |level| decision(actor(&snapshot, id).new_level(level), |rule| (yes(()), rule));
                let cells = LEVELS.map(|(_, level)| begins(Some(level)));
                let [none, view, modify] = &cells;
                table.row(&[kind, own, roles, &begins(None), none, view, modify]);
            }
        }
    }
    table
}

#[test]
fn every_cell_of_set_level_is_as_checked_in() {
    let roles: Vec<_> = ["sp", "org", "user"].map(|id| (id, "roles-management = false")).to_vec();
    check(
        "levels.txt",
        [
            set_levels("1.3, SET_LEVEL: who sets the level of whom", &[]),
            set_levels("1.3, SET_LEVEL by accounts without roles management", &roles),
            inherit(),
            begin(),
        ],
    );
}

/// The templates of the tables, with their owners and what they are called here.
const TEMPLATES: [(&str, &str, &str); 8] = [
    ("admin", "administrator", "administrator"),
    ("admin-sp", "administrator", "provider"),
    ("admin-org", "administrator", "organization"),
    ("sp", "sp", "provider"),
    ("sp-org", "sp", "organization"),
    ("org", "org", "organization"),
    ("sp2-org", "sp2", "organization"),
    ("org2", "org2", "organization"),
];

fn templates(
    title: &str,
    switches: Switches,
    only: impl Fn(&str, &str) -> bool,
    more: &[(&str, &str)],
) -> Table {
    let columns = ["actor", "own", "organization", "template", "see", "use", "edit", "remove"];
    let mut table = Table::new(title, &columns);
    for (kind, id) in ACTORS {
        for own in levels(kind).iter().filter(|own| only(kind, own)) {
            for organization in levels("organization").iter().filter(|_| id != "org") {
                let mut text =
                    Tree { on: vec![(id, own), ("org", organization)], more: more.to_vec() }.text();
                template_rows(&mut table, &mut text, switches, [kind, own, organization], id);
            }
            if id == "org" {
                let mut text = Tree { on: vec![(id, own)], more: more.to_vec() }.text();
                template_rows(&mut table, &mut text, switches, [kind, own, own], id);
            }
        }
    }
    table
}

fn template_rows(table: &mut Table, text: &mut Text, switches: Switches, head: [&str; 3], id: &str) {
    for (template, owner, visibility) in TEMPLATES {
        text.template(template, owner, visibility);
    }
    let snapshot = text.load(switches);
    let actor = actor(&snapshot, id);
    let [kind, own, organization] = head;
    let default = decision(actor.use_template(None, MODEL, FIRMWARE), |rule| (yes(()), rule));
    let import = decision(actor.import_default(), |permit| (yes(()), permit.rule()));
    table.row(&[kind, own, organization, "default", "", &default, &import, ""]);
    for (name, ..) in TEMPLATES {
        let template = snapshot.template(name).unwrap();
        let see = decision(actor.see_template(template), |rule| (yes(()), rule));
        let used = decision(actor.use_template(Some(template), MODEL, FIRMWARE), |rule| (yes(()), rule));
        let other = actor.use_template(Some(template), MODEL, "1.0");
        assert!(other.is_err(), "{name} is for another firmware");
        let edit =
            decision(actor.edit_template(template, &["name"], None), |permit| (yes(()), permit.rule()));
        let remove = decision(actor.remove_template(template), |permit| (yes(()), permit.rule()));
        table.row(&[kind, own, organization, name, &see, &used, &edit, &remove]);
    }
}

fn template_pages(switches: Switches, title: &str) -> Table {
    let columns =
        ["actor", "own", "below", "page of", "page", "add administrator", "add provider", "add organization"];
    let mut table = Table::new(title, &columns);
    for (kind, id) in ACTORS {
        for own in levels(kind) {
            for (target_kind, target_id) in TARGETS {
                let below = id == "sp" && target_id == "org"
                    || id == "administrator" && matches!(target_id, "sp" | "org");
                for level in if below { &["modify", "view", "none"][..] } else { &["none"] } {
                    let mut on = vec![(id, *own)];
                    on.extend(below.then_some((target_id, *level)));
                    let snapshot = Tree { on, more: Vec::new() }.text().load(switches);
                    let (actor, target) = (actor(&snapshot, id), account(&snapshot, target_id));
                    let page = decision(actor.template_page(target), |rule| (yes(()), rule));
                    let add = |visibility| {
                        let added = actor.add_template(target, visibility, "new");
                        decision(added, |permit| (yes(()), permit.rule()))
                    };
                    let cells =
                        [Visibility::Administrator, Visibility::Provider, Visibility::Organization].map(add);
                    let [all, provider, organization] = &cells;
                    let level = if below { level } else { "" };
                    table.row(&[kind, own, level, target_kind, &page, all, provider, organization]);
                }
            }
        }
    }
    table
}

#[test]
fn every_cell_of_templates_is_as_checked_in() {
    let strict = Switches { strict_none: true, ..Switches::default() };
    let usual = Switches::default();
    check(
        "templates.txt",
        [
            templates(
                "4.7 and 5.2: who sees, uses, edits and removes which template",
                usual,
                |_, _| true,
                &[],
            ),
            templates(
                "4.7 with the switch `strict-none`, of actors on none",
                strict,
                |_, own| own == "none",
                &[],
            ),
            templates(
                "R9: of users without SIP management, and of their extensions",
                usual,
                |kind, own| matches!(kind, "user" | "extension") && own == "modify",
                &[("user", "sip-management = false")],
            ),
            template_pages(
                usual,
                "4.7 and 5.2: whose page of templates is whose to manage, and what may be added there",
            ),
            template_pages(strict, "4.7 with the switch `strict-none`"),
        ],
    );
}

fn accounts() -> Table {
    let columns =
        ["actor", "own", "account", "see", "edit", "remove", "add below", "login", "edit its level"];
    let mut table =
        Table::new("Who sees and changes accounts and extensions, and manages their logins", &columns);
    for (kind, id) in ACTORS {
        for own in levels(kind) {
            for (target_kind, target_id) in TARGETS {
                let snapshot =
                    Tree { on: vec![(id, *own)], more: Vec::new() }.text().load(Switches::default());
                let (actor, target) = (actor(&snapshot, id), account(&snapshot, target_id));
                let below = match target.kind() {
                    Kind::Administrator => Kind::Provider,
                    Kind::Provider => Kind::Organization,
                    Kind::Organization => Kind::User,
                    Kind::User | Kind::Extension => Kind::Extension,
                };
                let see = decision(actor.see_account(target), |rule| (yes(()), rule));
                let edit = decision(actor.edit_account(target, &["name"]), |permit| (yes(()), permit.rule()));
                let remove = decision(actor.remove_account(target), |permit| (yes(()), permit.rule()));
                let add =
                    decision(actor.add_account(below, target, "new"), |permit| (yes(()), permit.rule()));
                let login = decision(actor.add_login(target, "new"), |permit| (yes(()), permit.rule()));
                let level = decision(actor.edit_account(target, &["provisioning"]), |permit| {
                    (yes(()), permit.rule())
                });
                table.row(&[kind, own, target_kind, &see, &edit, &remove, &add, &login, &level]);
            }
        }
    }
    table
}

/// The keys of accounts that not everybody may change who may edit the account.
fn account_keys() -> Table {
    let columns = ["actor, on modify", "account", "key", "edit", "without roles management"];
    let mut table = Table::new("The keys of accounts and extensions that may be edited", &columns);
    for (kind, id, target_id) in [
        ("administrator", "administrator", "user"),
        ("provider", "sp", "org"),
        ("organization", "org", "user"),
        ("user", "user", "x"),
    ] {
        for key in [
            "id",
            "number",
            "name",
            "provider",
            "organization",
            "user",
            "settings",
            "raw",
            "sip",
            "provisioning",
            "roles-management",
            "sip-management",
        ] {
            let edit = |more| {
                let tree = Tree { on: vec![(id, "modify")], more };
                let snapshot = tree.text().load(Switches::default());
                let edited = actor(&snapshot, id).edit_account(account(&snapshot, target_id), &[key]);
                decision(edited, |permit| {
                    assert!(permit.lets(key));
                    (yes(()), permit.rule())
                })
            };
            let without =
                if id == "administrator" { Vec::new() } else { vec![(id, "roles-management = false")] };
            table.row(&[kind, target_id, key, &edit(Vec::new()), &edit(without)]);
        }
    }
    table
}

fn logins() -> Table {
    let columns = ["actor", "own", "login of", "see", "edit", "its account", "remove", "token", "revoke"];
    let mut table = Table::new("Who manages logins and tokens", &columns);
    let hash = "0".repeat(64);
    for (kind, id) in ACTORS {
        for own in levels(kind) {
            let mut text = Tree { on: vec![(id, own)], more: Vec::new() }.text();
            for (_, target) in TARGETS {
                text.add(&format!("[[login]]\nid = \"l-{target}\"\naccount = \"{target}\"\n"));
                text.add(&format!(
                    "[[token]]\nid = \"t-{target}\"\nlogin = \"l-{target}\"\nhash = \"{hash}\"\n"
                ));
            }
            let snapshot = text.load(Switches::default());
            let actor = actor(&snapshot, id);
            for (target_kind, target) in TARGETS {
                let login = snapshot.login(&format!("l-{target}")).unwrap();
                let token = snapshot.token(&format!("t-{target}")).unwrap();
                let cells = [
                    decision(actor.see_login(login), |rule| (yes(()), rule)),
                    decision(actor.edit_login(login, &["password"]), |permit| (yes(()), permit.rule())),
                    decision(actor.edit_login(login, &["account"]), |permit| (yes(()), permit.rule())),
                    decision(actor.remove_login(login), |permit| (yes(()), permit.rule())),
                    decision(actor.add_token(login, "new"), |permit| (yes(()), permit.rule())),
                    decision(actor.revoke_token(token), |permit| (yes(()), permit.rule())),
                ];
                let cells: Vec<_> =
                    [kind, own, target_kind].into_iter().chain(cells.iter().map(String::as_str)).collect();
                table.row(&cells);
            }
            let audit = decision(actor.see_audit(), |rule| (yes(()), rule));
            let preferences = decision(actor.preferences(), |permit| (yes(()), permit.rule()));
            assert_eq!(
                (audit.starts_with("yes"), preferences.starts_with("yes")),
                (own == &"-", own == &"-")
            );
        }
    }
    table
}

#[test]
fn every_cell_of_accounts_and_logins_is_as_checked_in() {
    check("accounts.txt", [accounts(), account_keys(), logins()]);
}
