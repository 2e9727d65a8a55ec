//! Every cell of the rules' tables, tried through the real code.

use bellhop::rights::{DeviceChange, Editable, Permit};
use bellhop::snapshot::DEVICE_KEYS;

use super::fleet::{Switches, Text, actor, phone};
use super::golden::{Table, check, decision, refusal};

/// The kinds of actors with the id of the actor of each kind in [`Tree`].
pub(super) const ACTORS: [(&str, &str); 5] = [
    ("administrator", "administrator"),
    ("provider", "sp"),
    ("organization", "org"),
    ("user", "user"),
    ("extension", "x"),
];

/// The levels that an actor of a kind can be on.
pub(super) fn levels(kind: &str) -> &'static [&'static str] {
    if kind == "administrator" { &["-"] } else { &["modify", "view", "none"] }
}

/// What a tree of accounts is like: everybody is on none unless it says so.
#[derive(Default, Clone)]
pub(super) struct Tree<'t> {
    /// Levels by id.
    pub(super) on: Vec<(&'t str, &'t str)>,
    /// More keys of records by id.
    pub(super) more: Vec<(&'t str, &'t str)>,
}

impl Tree<'_> {
    fn level(&self, id: &str) -> &str {
        self.on.iter().find(|(known, _)| *known == id).map_or("none", |(_, level)| *level)
    }

    fn more(&self, id: &str) -> &str {
        self.more.iter().find(|(known, _)| *known == id).map_or("", |(_, more)| *more)
    }

    /// Writes its records: a provider, organization and user with the extensions x (the actor) and o (an owner), m, v
    /// and n (on modify, view and none), and another such tree beside it with the extension y.
    pub(super) fn text(&self) -> Text {
        let mut text = Text::default();
        for (kind, id, parent) in [
            ("provider", "sp", ""),
            ("organization", "org", "sp"),
            ("user", "user", "org"),
            ("provider", "sp2", ""),
            ("organization", "org2", "sp2"),
            ("user", "user2", "org2"),
        ] {
            text.account(kind, id, parent, self.level(id), self.more(id));
        }
        for number in ["x", "o"] {
            text.extension(number, "user", self.level(number));
        }
        text.extension("m", "user", "modify").extension("v", "user", "view").extension("n", "user", "none");
        text.extension("y", "user2", "modify");
        text
    }
}

/// Who owns a device, with the id: nothing for the administrator.
pub(super) fn owners(kind: &str) -> Vec<(&'static str, &'static str)> {
    let (own, above, below) = match kind {
        "administrator" => ("", None, "sp"),
        "provider" => ("sp", None, "org"),
        "organization" => ("org", Some("sp"), "user"),
        "user" => ("user", Some("org"), "o"),
        _ => ("x", Some("user"), ""),
    };
    let mut owners = vec![("actor", own)];
    if kind != "administrator" {
        owners.push(("administrator", ""));
    }
    owners.extend(above.map(|above| ("above", above)));
    if !below.is_empty() {
        owners.extend([("below", below), ("below on view", below)]);
    }
    owners.push(("beside", "sp2"));
    owners
}

/// What is on a device's lines, with its organization and extensions.
fn lines(kind: &str) -> Vec<(&'static str, &'static str, &'static [&'static str])> {
    if kind == "extension" {
        return vec![
            ("itself", "", &["x"]),
            ("itself, view", "", &["x", "v"]),
            ("view", "", &["v"]),
            ("unassigned", "", &[]),
            ("organization", "org", &[]),
        ];
    }
    let mut lines: Vec<(_, _, &'static [&'static str])> = vec![
        ("modify", "", &["m"]),
        ("view", "", &["v"]),
        ("none", "", &["n"]),
        ("modify, modify", "", &["m", "x"]),
        ("modify, view", "", &["m", "v"]),
        ("modify, none", "", &["m", "n"]),
        ("unassigned", "", &[]),
        ("organization", "org", &[]),
    ];
    if matches!(kind, "administrator" | "provider") {
        lines.push(("organization on view", "org", &[]));
    }
    lines.push(("beside", "", &["y"]));
    lines
}

/// Writes what an actor may do with a device.
fn device_cells(text: &Text, switches: Switches, id: &str) -> [String; 4] {
    let snapshot = text.load(switches);
    let (actor, phone) = (actor(&snapshot, id), phone(&snapshot, "device"));
    let state = actor.device_state(&phone);
    let permitted = |word: &str, permit: &Permit<_>| (word.to_owned(), permit.rule());
    let edit = match actor.edit_device(&phone, &DeviceChange { keys: &["name"], ..DeviceChange::default() }) {
        Ok(permit) => {
            let word = if state.editable == Editable::All { "all" } else { "some" };
            assert!(state.editable >= Editable::Some);
            format!("{word} {}", permit.rule())
        }
        Err(denial) => {
            assert_eq!((state.editable, state.rule), (Editable::No, denial.rule));
            refusal(&denial)
        }
    };
    let (remove, clear) = (actor.remove_device(&phone), actor.clear_device(&phone));
    assert_eq!((state.removable, state.clearable), (remove.is_ok(), clear.is_ok()));
    assert_eq!(state.why.is_empty(), state.removable && state.clearable && state.editable == Editable::All);
    assert_eq!(actor.editable_keys(&phone).is_empty(), state.editable == Editable::No);
    [
        decision(actor.see_device(&phone), |rule| ("yes".to_owned(), rule)),
        edit,
        decision(remove, |permit| ("yes".to_owned(), permit.rule())),
        decision(clear, |permit| permitted("yes", &permit)),
    ]
}

fn devices(
    title: &str,
    switches: Switches,
    only: impl Fn(&str, &str) -> bool,
    more: &[(&str, &str)],
) -> Table {
    let columns = ["actor", "own", "owner", "lines", "see", "edit", "remove", "clear"];
    let mut table = Table::new(title, &columns);
    for (kind, id) in ACTORS {
        for own in levels(kind).iter().filter(|own| only(kind, own)) {
            for (owner, owner_id) in owners(kind) {
                for (assigned, organization, extensions) in lines(kind) {
                    let mut on = vec![(id, *own)];
                    on.extend((owner == "below on view").then_some((owner_id, "view")));
                    on.extend((assigned == "organization on view").then_some(("org", "view")));
                    on.extend((assigned == "modify, modify").then_some(("x", "modify")));
                    let mut text = Tree { on, more: more.to_vec() }.text();
                    text.device("device", owner_id, organization, extensions);
                    let [see, edit, remove, clear] = device_cells(&text, switches, id);
                    table.row(&[kind, own, owner, assigned, &see, &edit, &remove, &clear]);
                }
            }
        }
    }
    table
}

#[test]
fn every_cell_of_list_edit_remove_and_clear_is_as_checked_in() {
    let strict = Switches { strict_none: true, ..Switches::default() };
    let without = "sip-management = false";
    check(
        "devices.txt",
        [
            devices(
                "4.3 and 4.5, LIST, EDIT, REMOVE and CLEAR: what an actor may do with a device (R2, R5, R6, R7)",
                Switches::default(),
                |_, _| true,
                &[],
            ),
            devices(
                "4.3 and 4.5 with the switch `strict-none`, of actors on none; nothing else changes",
                strict,
                |_, own| own == "none",
                &[],
            ),
            devices(
                "R9: the same of users without SIP management, and of their extensions",
                Switches::default(),
                |kind, _| matches!(kind, "user" | "extension"),
                &[("user", without)],
            ),
        ],
    );
}

#[test]
fn the_switches_change_nothing_but_what_they_are_for() {
    let both = Switches { strict_none: true, view_may_add_unassigned: true };
    let rows = |switches| devices("", switches, |_, own| own != "none", &[]).write();
    assert_eq!(rows(both), rows(Switches::default()));
}

#[test]
fn every_key_of_a_device_is_open_or_locked_as_checked_in() {
    let cases: [(&str, &str, &str, &str, &[&str]); 8] = [
        ("administrator", "administrator", "-", "", &["m"]),
        ("provider on modify", "sp", "modify", "", &["m"]),
        ("provider on view, R5 clause 2", "sp", "view", "sp", &["m"]),
        ("organization on none, R5 clause 2", "org", "none", "", &["m"]),
        ("user on none, R5 clause 2", "user", "none", "", &["m"]),
        ("provider on view, R5 clause 3", "sp", "view", "sp", &[]),
        ("extension, its own device", "x", "modify", "x", &["x"]),
        ("extension, a parent's device", "x", "modify", "user", &["x"]),
    ];
    let names = cases.iter().map(|(name, ..)| *name);
    let columns: Vec<_> = ["key"].into_iter().chain(names).collect();
    let mut table = Table::new("4.6: the keys of a device that may be edited (R5, R7)", &columns);
    let snapshots = cases.map(|(_, id, own, owner, lines)| {
        let mut text = Tree { on: vec![(id, own)], more: Vec::new() }.text();
        text.device("device", owner, "", lines);
        (id, text.load(Switches::default()))
    });
    for key in DEVICE_KEYS.iter().chain(&["settings.time-zone", "settings.language"]) {
        let cells = snapshots.iter().map(|(id, snapshot)| {
            let (actor, phone) = (actor(snapshot, id), phone(snapshot, "device"));
            let edited = actor.edit_device(&phone, &DeviceChange { keys: &[key], ..DeviceChange::default() });
            if let Ok(permit) = &edited {
                assert!(permit.lets(key));
            }
            decision(edited, |permit| ("yes".to_owned(), permit.rule()))
        });
        let cells: Vec<_> = [(*key).to_owned()].into_iter().chain(cells).collect();
        table.row(&cells.iter().map(String::as_str).collect::<Vec<_>>());
    }
    check("keys.txt", [table]);
}
