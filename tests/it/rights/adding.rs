//! Every cell of the table ADD and of its icon, tried through the real code.

use bellhop::rights::NewDevice;

use super::fleet::{FIRMWARE, MODEL, Switches, Text, actor};
use super::golden::{Table, check, decision};
use super::tables::{ACTORS, Tree, levels, owners};

const UNASSIGNED: Switches = Switches { strict_none: false, view_may_add_unassigned: true };

/// What a new device is to have: a name, the organization, and the extensions on its lines.
const TARGETS: [(&str, &str, &[Option<&str>]); 13] = [
    ("no assignment", "", &[]),
    ("organization alone", "org", &[]),
    ("modify", "", &[Some("m")]),
    ("view", "", &[Some("v")]),
    ("none", "", &[Some("n")]),
    ("modify, with organization", "org", &[Some("m")]),
    ("modify, modify", "", &[Some("m"), Some("o")]),
    ("modify, view", "", &[Some("m"), Some("v")]),
    ("modify, but on line 2", "", &[None, Some("m")]),
    ("modify, but on another device", "", &[Some("taken")]),
    ("modify, but a conference", "", &[Some("room")]),
    ("beside", "", &[Some("y")]),
    ("what does not exist", "", &[Some("nobody")]),
];

fn new<'a>(organization: &'a str, lines: &'a [Option<&'a str>]) -> NewDevice<'a> {
    NewDevice {
        serial: "new-0123456789abcdef",
        owner: None,
        organization: Some(organization).filter(|id| !id.is_empty()),
        lines,
        template: None,
        model: MODEL,
        firmware: FIRMWARE,
    }
}

/// Writes a tree with an extension on modify that has a device, and one that is no phone.
fn tree(on: Vec<(&str, &str)>, more: Vec<(&str, &str)>) -> Text {
    let mut text = Tree { on, more }.text();
    text.extension("taken", "user", "modify").device("taken", "", "", &["taken"]);
    text.extension("room", "user", "modify").add("kind = \"conference\"\n");
    text
}

fn targets(
    title: &str,
    switches: Switches,
    more: &[(&str, &str)],
    only: impl Fn(&str, &str) -> bool,
) -> Table {
    let mut table = Table::new(title, &["actor", "own", "target", "add"]);
    for (kind, id) in ACTORS.into_iter().filter(|(kind, _)| *kind != "extension") {
        for own in levels(kind).iter().filter(|own| only(kind, own)) {
            let on = vec![(id, *own), ("o", "modify")];
            let snapshot = tree(on, more.to_vec()).load(switches);
            for (target, organization, lines) in TARGETS {
                let added = actor(&snapshot, id).add_device(&new(organization, lines));
                let added = decision(added, |permit| ("yes".to_owned(), permit.rule()));
                table.row(&[kind, own, target, &added]);
            }
        }
    }
    table
}

/// What `view-may-add-unassigned` looks at: who below is on modify.
fn unassigned() -> Table {
    let title = "4.4 with the switch `view-may-add-unassigned`: a device that no extension is assigned to";
    let mut table = Table::new(title, &["actor", "own", "on modify below", "organization", "can add", "add"]);
    for (kind, id) in ACTORS.into_iter().filter(|(kind, _)| *kind != "extension") {
        for own in levels(kind) {
            for below in ["", "org", "user", "x"].into_iter().filter(|below| *below != id) {
                // Every extension has a device, so that nothing but the switch can allow it.
                let mut text = Tree { on: vec![(id, own), (below, "modify")], more: Vec::new() }.text();
                text.device("all", "", "", &["m", "v", "n", "x", "o"]);
                let snapshot = text.load(UNASSIGNED);
                let actor = actor(&snapshot, id);
                let can = decision(actor.can_add(), |rule| ("yes".to_owned(), rule));
                for organization in ["", "org"] {
                    let added = actor.add_device(&new(organization, &[]));
                    let added = decision(added, |permit| ("yes".to_owned(), permit.rule()));
                    table.row(&[kind, own, below, organization, &can, &added]);
                }
            }
        }
    }
    table
}

fn extensions() -> Table {
    let title = "4.4, ADD by an extension (R7, R9)";
    let mut table =
        Table::new(title, &["own", "it is", "can add", "itself", "another", "unassigned", "template"]);
    for own in levels("extension") {
        for (state, owner) in [
            ("free", ""),
            ("on its own device", "x"),
            ("on a parent's device", "user"),
            ("no phone", ""),
            ("without R9", ""),
        ] {
            let more =
                if state == "without R9" { vec![("user", "sip-management = false")] } else { Vec::new() };
            let mut text = Tree { on: vec![("x", own)], more }.text();
            if state == "no phone" {
                text.0 = text.0.replace("number = \"x\"\n", "number = \"x\"\nkind = \"queue\"\n");
            }
            text.template("t", "administrator", "organization");
            if !owner.is_empty() {
                text.device("taken", owner, "", &["x"]);
            }
            let snapshot = text.load(Switches::default());
            let actor = actor(&snapshot, "x");
            let add = |lines: &[Option<&str>], template| {
                let added = actor.add_device(&NewDevice { template, ..new("", lines) });
                decision(added, |permit| ("yes".to_owned(), permit.rule()))
            };
            let can = decision(actor.can_add(), |rule| ("yes".to_owned(), rule));
            let cells = [
                add(&[Some("x")], None),
                add(&[Some("m")], None),
                add(&[], None),
                add(&[Some("x")], Some("t")),
            ];
            let [itself, another, none, template] = &cells;
            table.row(&[own, state, &can, itself, another, none, template]);
        }
    }
    table
}

/// Whether the icon is enabled: while an extension that may be assigned remains.
fn icon(switches: Switches, title: &str) -> Table {
    let mut table = Table::new(title, &["actor", "own", "extensions", "add icon", "page"]);
    for (kind, id) in ACTORS.into_iter().filter(|(kind, _)| *kind != "extension") {
        for own in levels(kind) {
            for (state, assigned) in [
                ("one on modify is free", &["v", "n", "x", "o"][..]),
                ("those on view and none are free", &["m"]),
                ("all have a device", &["m", "v", "n", "x", "o"]),
            ] {
                let mut text = Tree { on: vec![(id, own)], more: Vec::new() }.text();
                text.device("all", "", "", assigned);
                let snapshot = text.load(switches);
                let actor = actor(&snapshot, id);
                let icon = decision(actor.can_add(), |rule| ("enabled".to_owned(), rule));
                let page = decision(actor.sees_page(), |rule| ("shown".to_owned(), rule));
                table.row(&[kind, own, state, &icon, &page]);
            }
            let snapshot = {
                let mut text = Text::default();
                text.account("provider", "sp", "", "none", "").account(
                    "organization",
                    "org",
                    "sp",
                    "none",
                    "",
                );
                text.account("user", "user", "org", "none", "").extension("n", "user", "none");
                text.0 = if *own == "-" { text.0 } else { with_level(&text.0, id, own) };
                text.load(switches)
            };
            let actor = actor(&snapshot, id);
            let icon = decision(actor.can_add(), |rule| ("enabled".to_owned(), rule));
            let page = decision(actor.sees_page(), |rule| ("shown".to_owned(), rule));
            table.row(&[kind, own, "everybody below is on none", &icon, &page]);
        }
    }
    table
}

/// Sets the level of one account in a text.
fn with_level(text: &str, id: &str, level: &str) -> String {
    let (before, after) = text.split_once(&format!("id = \"{id}\"\n")).unwrap();
    let after = after.replacen("provisioning = \"none\"", &format!("provisioning = \"{level}\""), 1);
    format!("{before}id = \"{id}\"\n{after}")
}

/// Who a new device on an extension on modify may belong to.
fn owned() -> Table {
    let title = "3.2 and 4.4: the owner of a new device, whose first line is an extension on modify";
    let mut table = Table::new(title, &["actor", "own", "owner", "add"]);
    for (kind, id) in ACTORS {
        for own in levels(kind) {
            let mut all: Vec<_> =
                owners(kind).into_iter().map(|(name, owner)| (name, owner, "none")).collect();
            all.extend(
                all.clone()
                    .into_iter()
                    .filter(|(name, ..)| *name == "below")
                    .map(|(_, owner, _)| ("below on modify", owner, "modify")),
            );
            let all = all.into_iter().filter(|(name, ..)| *name != "below on view");
            for (name, owner, level) in all.chain([("what does not exist", "nobody", "")]) {
                let mut on = vec![(id, *own)];
                on.extend((name == "below on modify").then_some((owner, level)));
                let snapshot = Tree { on, more: Vec::new() }.text().load(Switches::default());
                let line = if kind == "extension" { [Some("x")] } else { [Some("m")] };
                let owner = if owner.is_empty() { "administrator" } else { owner };
                let device = NewDevice { owner: Some(owner), ..new("", &line) };
                let added = actor(&snapshot, id).add_device(&device);
                table.row(&[kind, own, name, &decision(added, |permit| ("yes".to_owned(), permit.rule()))]);
            }
        }
    }
    table
}

#[test]
fn every_cell_of_add_and_its_icon_is_as_checked_in() {
    let strict = Switches { strict_none: true, ..Switches::default() };
    let usual = Switches::default();
    check(
        "adding.txt",
        [
            targets("4.4, ADD: what a new device may be assigned to (R3, R4)", usual, &[], |_, _| true),
            targets("4.4 with the switch `strict-none`, of actors on none", strict, &[], |_, own| {
                own == "none"
            }),
            targets(
                "R9: ADD by a user without SIP management",
                usual,
                &[("user", "sip-management = false")],
                |kind, _| kind == "user",
            ),
            unassigned(),
            extensions(),
            icon(usual, "4.4, the icon ADD, and R1, the page"),
            icon(strict, "4.4 with the switch `strict-none`"),
            owned(),
        ],
    );
}
