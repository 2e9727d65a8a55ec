//! What no sequence of permitted operations brings, through the real operations, step by step.

use std::collections::{BTreeMap, BTreeSet};

use bellhop::model::{Device, Level};
use bellhop::operation::{Caller, Edit, Filter, Page, Query, Request, Through, look, perform};
use bellhop::reload::Loader;
use bellhop::snapshot::Snapshot;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};

use super::fleet::{MODEL, Text};
use crate::support::Site;

/// Numbers that a step is made of: who acts, what is done, and with what.
type Step = (u8, u8, u8, u8, u8);

/// Levels as often as accounts have them here, so that something comes of most steps.
const LEVELS: [&str; 4] = ["none", "view", "modify", "modify"];

/// Writes two trees of accounts with these levels, and devices of all sorts; whatever is of a tree has its name in it.
fn fleet(levels: &[u8], devices: &[Step]) -> Text {
    let mut text = Text::default();
    let mut level = levels.iter().map(|number| LEVELS[usize::from(*number) % LEVELS.len()]).cycle();
    for tree in ["red", "blue"] {
        let provider = format!("{tree}-sp");
        text.account("provider", &provider, "", level.next().unwrap(), "");
        for organization in ["o1", "o2"] {
            let organization = format!("{tree}-{organization}");
            text.account("organization", &organization, &provider, level.next().unwrap(), "");
            let user = format!("{organization}-u");
            text.account("user", &user, &organization, level.next().unwrap(), "");
            text.account("user", &format!("{organization}-free-u"), &organization, "none", "");
            text.extension(&format!("{organization}-1"), &user, level.next().unwrap());
            text.extension(&format!("{organization}-2"), &user, level.next().unwrap());
            text.extension(&format!("{organization}-3"), &user, "");
        }
    }
    let mut free: BTreeSet<String> = BTreeSet::new();
    for tree in ["red-o1", "red-o2", "blue-o1", "blue-o2"] {
        free.extend(["1", "2", "3"].map(|number| format!("{tree}-{number}")));
    }
    for (at, (tree, owner, line, organization, _)) in devices.iter().enumerate() {
        let tree = ["red", "blue"][usize::from(*tree) % 2];
        let place = format!("{tree}-o{}", 1 + organization % 2);
        let owners =
            [String::new(), format!("{tree}-sp"), place.clone(), format!("{place}-u"), format!("{place}-1")];
        let number = format!("{place}-{}", 1 + line % 3);
        let lines = if line % 4 < 3 && free.remove(&number) { vec![number.as_str()] } else { Vec::new() };
        let owner = &owners[usize::from(*owner) % owners.len()];
        let assigned = if organization % 3 == 0 { place.as_str() } else { "" };
        text.device(&format!("{tree}-d{at}"), owner, assigned, &lines);
    }
    text
}

/// Every account with the account above it and its level.
fn accounts(snapshot: &Snapshot) -> BTreeMap<String, (String, Level)> {
    let mut all = BTreeMap::new();
    for one in snapshot.providers() {
        all.insert(one.id.to_string(), ("administrator".to_owned(), one.provisioning));
    }
    for one in snapshot.organizations() {
        all.insert(one.id.to_string(), (one.provider.to_string(), one.provisioning));
    }
    for one in snapshot.users() {
        all.insert(one.id.to_string(), (one.organization.to_string(), one.provisioning));
    }
    for one in snapshot.extensions() {
        let inherited = || all[&*one.user].1;
        let level = one.provisioning.unwrap_or_else(inherited);
        all.insert(one.number.to_string(), (one.user.to_string(), level));
    }
    all
}

/// What there is, as the tests look at it.
struct Seen {
    accounts: BTreeMap<String, (String, Level)>,
    records: BTreeMap<String, String>,
    devices: BTreeMap<String, Device>,
    logins: BTreeMap<String, String>,
}

impl Seen {
    fn of(snapshot: &Snapshot) -> Self {
        let mut records = BTreeMap::new();
        records.extend(snapshot.providers().map(|one| (one.id.to_string(), format!("{one:?}"))));
        records.extend(snapshot.organizations().map(|one| (one.id.to_string(), format!("{one:?}"))));
        records.extend(snapshot.users().map(|one| (one.id.to_string(), format!("{one:?}"))));
        records.extend(snapshot.extensions().map(|one| (one.number.to_string(), format!("{one:?}"))));
        let device = |device: &Device| Device { dates: None, ..device.clone() };
        let named = |device: &Device| (device.name.to_string(), device.clone());
        Self {
            accounts: accounts(snapshot),
            records,
            devices: snapshot.phones().map(|phone| named(&device(phone.device))).collect(),
            logins: snapshot
                .logins()
                .map(|login| (login.id.to_string(), login.account.to_string()))
                .collect(),
        }
    }

    /// Tells whether one account is another or below it.
    fn is_below(&self, id: &str, above: &str) -> bool {
        let mut at = id;
        loop {
            if at == above {
                return true;
            }
            match self.accounts.get(at) {
                Some((parent, _)) => at = parent,
                None => return false,
            }
        }
    }

    /// Tells whether a device has to do with an account or one below it.
    fn has(&self, above: &str, device: &Device) -> bool {
        let lines = device.lines.iter().flatten().map(compact_str::CompactString::as_str);
        let holders = [device.owner.as_deref(), device.organization.as_deref()].into_iter().flatten();
        lines.chain(holders).any(|id| self.is_below(id, above))
    }

    fn level(&self, id: &str) -> Level {
        self.accounts.get(id).map(|(_, level)| *level).unwrap_or_default()
    }
}

/// Makes an edit of a step on what there is.
fn edit(seen: &Seen, step: Step) -> (String, Edit) {
    let (who, what, one, two, three) = step;
    let all: Vec<&String> = seen.accounts.keys().collect();
    // Those above others act more often, and most steps stay in the actor's own tree, where something can come of them.
    let high = ["red-sp", "blue-sp", "red-o1", "blue-o2", "red-o2-u"];
    let actor = match high.get(usize::from(who) % 8) {
        Some(high) if seen.accounts.contains_key(*high) => (*high).to_owned(),
        _ => all[usize::from(who / 8) % all.len()].clone(),
    };
    let tree = actor.split('-').next().unwrap_or_default();
    let near = |id: &str| three % 8 == 0 || id.starts_with(tree);
    let pick = |number: u8, kind: &dyn Fn(&str) -> bool| {
        let those: Vec<_> = all.iter().filter(|id| near(id) && kind(id)).collect();
        those.get(usize::from(number) % those.len().max(1)).map_or_else(String::new, |id| (**id).clone())
    };
    let is_user = |id: &str| id.ends_with("-u");
    let is_extension =
        |id: &str| id.rsplit('-').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
    let is_organization = |id: &str| !is_user(id) && !is_extension(id) && !id.ends_with("-sp");
    let devices: Vec<_> = seen.devices.values().filter(|device| near(&device.name)).collect();
    let device = devices.get(usize::from(one) % devices.len().max(1));
    let device = device.map_or_else(String::new, |device| device.serial.expose().to_owned());
    let extension = pick(two, &is_extension);
    let level = [Some("none"), Some("view"), Some("modify"), None][usize::from(two) % 4];
    let fields = |value: Value| value.as_object().cloned().unwrap_or_else(Map::new);
    let line = if two % 5 == 0 { json!([]) } else { json!([extension]) };
    let edit = match what % 20 {
        0 => Edit::LevelSet { account: pick(one, &|_| true), level: level.map(str::to_owned) },
        1 | 2 => {
            let mut new =
                json!({ "name": format!("{tree}-n{one}-{two}-{three}"), "model": MODEL, "lines": line });
            if three % 3 == 0 {
                new["owner"] = json!(pick(one, &|_| true));
            }
            if three % 5 == 0 {
                new["organization"] = json!(pick(one, &is_organization));
            }
            Edit::DeviceAdd { fields: fields(new) }
        }
        3 => Edit::DeviceEdit { device, fields: fields(json!({ "notes": format!("note {two}") })) },
        4 | 5 => Edit::DeviceEdit { device, fields: fields(json!({ "lines": line })) },
        6 => Edit::DeviceEdit { device, fields: fields(json!({ "owner": pick(two, &|_| true) })) },
        7 => {
            let organization = if two % 3 == 0 { Value::Null } else { json!(pick(two, &is_organization)) };
            Edit::DeviceEdit { device, fields: fields(json!({ "organization": organization })) }
        }
        8 => Edit::DeviceRemove { device },
        9 => Edit::DeviceClear { device },
        10 => Edit::DeviceDisable { device },
        11 => Edit::DeviceRotate { device },
        12 => {
            let mut new = json!({ "number": format!("{tree}-{one}{two}"), "user": pick(one, &is_user) });
            new["provisioning"] = level.map_or(Value::Null, |level| json!(level));
            Edit::ExtensionAdd { fields: fields(new) }
        }
        13 => Edit::ExtensionEdit { extension, fields: fields(json!({ "user": pick(one, &is_user) })) },
        14 => Edit::ExtensionEdit {
            extension,
            fields: fields(json!({ "display-name": "X", "provisioning": level })),
        },
        15 => Edit::ExtensionRemove { extension },
        16 => {
            let parent = pick(one, &is_organization);
            let new =
                json!({ "id": format!("{parent}-{two}-u"), "organization": parent, "provisioning": level });
            Edit::AccountAdd { kind: "user".to_owned(), fields: fields(new) }
        }
        17 => {
            let more = [
                json!({ "name": "N" }),
                json!({ "provisioning": level }),
                json!({ "roles-management": true }),
            ];
            let new = fields(more[usize::from(two) % 3].clone());
            Edit::AccountEdit { account: pick(one, &|id| !is_extension(id)), fields: new }
        }
        18 => Edit::AccountRemove { account: pick(one, &is_user) },
        _ => Edit::LoginAdd {
            fields: fields(json!({ "id": format!("l{one}-{two}-{three}"), "account": pick(one, &|_| true) })),
        },
    };
    (actor, edit)
}

/// Says what a step brought that it must not have brought.
fn wrong(actor: &str, before: &Seen, after: &Seen) -> Vec<String> {
    let own = before.level(actor);
    let mut wrong = Vec::new();
    for (id, (_, level)) in &after.accounts {
        let was = before.level(id);
        if id == actor && *level != was {
            wrong.push(format!("its own level became {level:?}"));
        }
        if *level > was && (!after.is_below(id, actor) || *level > own) {
            wrong.push(format!("{id} was raised from {was:?} to {level:?} by {own:?}"));
        }
    }
    let keys = |a: &BTreeMap<String, String>, b: &BTreeMap<String, String>| {
        let differ = |key: &&String| a.get(*key) != b.get(*key);
        a.keys().chain(b.keys()).filter(differ).cloned().collect::<BTreeSet<_>>()
    };
    for id in keys(&before.records, &after.records) {
        if id == actor || !(before.is_below(&id, actor) || after.is_below(&id, actor)) {
            wrong.push(format!("{id} is not below it and changed"));
        }
        if !after.records.contains_key(&id) && own < Level::Modify {
            wrong.push(format!("{id} was removed by {own:?}"));
        }
    }
    for id in keys(&before.logins, &after.logins) {
        let account = after.logins.get(&id).or(before.logins.get(&id)).unwrap();
        if !after.is_below(account, actor) {
            wrong.push(format!("{id} signs in as {account}"));
        }
    }
    for (name, old) in &before.devices {
        let new = after.devices.get(name);
        if new == Some(old) {
            continue;
        }
        if !before.has(actor, old) {
            wrong.push(format!("{name} is not of its tree and changed"));
        }
        let kept = |line: &compact_str::CompactString| {
            new.is_some_and(|new| new.lines.iter().flatten().any(|other| other == line))
        };
        let cleared = old.lines.iter().flatten().any(|line| !kept(line));
        let left = new.is_some_and(|new| old.organization.is_some() && new.organization != old.organization);
        if (new.is_none() || cleared || left) && own < Level::Modify {
            wrong.push(format!("{name} was removed or cleared by {own:?}"));
        }
    }
    for (name, new) in &after.devices {
        let beside = |id: &str| !after.is_below(id, actor);
        let old = before.devices.get(name);
        if old.is_none() && new.lines.iter().flatten().any(|line| beside(line)) {
            wrong.push(format!("{name} was added with a line that is not of its tree"));
        }
        if old.is_none() && new.owner.as_deref().is_none_or(beside) {
            wrong.push(format!("{name} was added for somebody who is not of its tree"));
        }
    }
    wrong
}

/// What was permitted at least once, so that the steps are not all refused.
const OPERATIONS: &[&str] = &[
    "device-add",
    "device-edit",
    "device-remove",
    "device-clear",
    "device-disable",
    "device-rotate",
    "level-set",
    "account-add",
    "account-edit",
    "account-remove",
    "extension-add",
    "extension-edit",
    "extension-remove",
    "login-add",
];

const ALL: Page = Page { offset: 0, limit: 1000 };

/// Everything that an account can list.
fn listed(snapshot: &Snapshot, caller: &Caller) -> String {
    let queries = [
        Query::Devices { filter: Filter::default(), page: ALL },
        Query::Accounts { kind: None, below: None, page: ALL },
        Query::Extensions { below: None, assignable: false, page: ALL },
        Query::Extensions { below: None, assignable: true, page: ALL },
        Query::DeviceOptions { model: None },
        Query::Logins { page: ALL },
        Query::Self_,
    ];
    let said = queries.iter().filter_map(|query| look(snapshot, caller, query).ok());
    said.map(|value| value.to_string()).collect()
}

/// What came of all steps: how many of each operation were permitted.
type Tally = BTreeMap<String, usize>;

fn run(site: &Site, text: &Text, steps: &[Step], tally: &mut Tally) -> Result<(), TestCaseError> {
    std::fs::remove_dir_all(site.path("fleet")).unwrap();
    site.put("fleet/fleet.toml", &text.0);
    let mut loader = Loader::new(&site.path("bellhop.toml")).unwrap();
    let mut before = {
        let desk = loader.desk();
        prop_assert!(desk.faults().is_empty(), "{:?}", desk.faults());
        Seen::of(desk.snapshot())
    };
    for step in steps {
        let (actor, edit) = edit(&before, *step);
        let caller =
            Caller { account: actor.clone(), login: None, through: Through::Shell, peer: None, run: None };
        let request = Request { edits: vec![edit.clone()], dry_run: false, if_match: None };
        let done = perform(&mut loader.desk(), &caller, &request);
        let desk = loader.desk();
        let after = Seen::of(desk.snapshot());
        if done.is_err() {
            prop_assert_eq!(&before.records, &after.records);
            prop_assert_eq!(&before.devices, &after.devices);
        }
        let wrong = wrong(&actor, &before, &after);
        prop_assert!(
            wrong.is_empty(),
            "{} by {:?} did {:?}: {:?}\n{}",
            actor,
            before.level(&actor),
            edit,
            wrong,
            text.0
        );
        let other = if actor.starts_with("red") { "blue-" } else { "red-" };
        let told = listed(desk.snapshot(), &caller);
        prop_assert!(!told.contains(other), "{} hears of the other tree: {}", actor, told);
        if let Ok(outcome) = done {
            let answer = serde_json::to_string(&outcome.results).unwrap();
            prop_assert!(!answer.contains(other), "{} is answered {}", actor, answer);
            let word = serde_json::to_value(&edit).unwrap()["operation"].as_str().unwrap().to_owned();
            *tally.entry(word).or_default() += usize::from(outcome.changed);
        }
        before = after;
    }
    Ok(())
}

#[test]
fn no_sequence_of_permitted_operations_raises_a_level_leaves_its_tree_or_removes_without_modify() {
    let site = Site::new();
    let config = Config { cases: 40, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let step = || (any::<u8>(), any::<u8>(), any::<u8>(), any::<u8>(), any::<u8>());
    let strategy = (vec(any::<u8>(), 20), vec(step(), 3..10), vec(step(), 10..30));
    let tally = std::cell::RefCell::new(Tally::new());
    let done = runner.run(&strategy, |(levels, devices, steps)| {
        run(&site, &fleet(&levels, &devices), &steps, &mut tally.borrow_mut())
    });
    if let Err(error) = done {
        panic!("{error}");
    }
    let tally = tally.borrow();
    for operation in OPERATIONS {
        assert!(tally.contains_key(*operation), "nothing came of {operation}: {tally:?}");
    }
}
