//! What no row and no edit of a run brings: anything of a record outside its platform, told or changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use bellhop::jobs::{Cell, Planner, Row};
use bellhop::model::JobOperation;
use bellhop::operation::{
    Caller, Code, Diff, Edit, Many, Page, Problem, Query, Request, RunRef, Through, look, perform,
    perform_many,
};
use bellhop::reload::Loader;
use bellhop::snapshot::Snapshot;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};

use crate::support::Site;

/// Numbers that a step is made of: what is done, to what, and with what.
type Step = (u8, u8, u8, u8, u8);

const MODEL: &str = "yealink/t46s";

/// What is of a record outside has this in it, whatever its key; nothing inside has.
const OUTSIDE: &str = "outside";

/// What stands in its place to ask for the same of what does not exist.
const NOWHERE: &str = "nowhere";

/// The platform of the runs, and the provider above it or beside it.
#[derive(Clone, Copy)]
enum Layout {
    /// An organization, whose provider is outside as well.
    Organization,
    /// A provider, beside another one.
    Provider,
}

impl Layout {
    fn platform(self) -> &'static str {
        match self {
            Self::Organization => "in-org",
            Self::Provider => "in-sp",
        }
    }

    /// The provider of the organization inside.
    fn above(self) -> &'static str {
        match self {
            Self::Organization => "outside-sp",
            Self::Provider => "in-sp",
        }
    }
}

fn serial(name: &str) -> String {
    let letters: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{letters}k7x2m9q4w8e6r5t3y1u0p2a")
}

fn device(name: &str, mac: &str, owner: &str, organization: &str, line: &str) -> String {
    let mut text = format!(
        "[[device]]\nserial = \"{}\"\nname = \"{name}\"\nmodel = \"{MODEL}\"\nmac = \"{mac}\"\nnotes = \"{name} note\"\n\
         admin-password = \"{name}-password\"\n",
        serial(name)
    );
    for (key, value) in [("owner", owner), ("organization", organization)] {
        if !value.is_empty() {
            writeln!(text, "{key} = \"{value}\"").unwrap();
        }
    }
    if !line.is_empty() {
        writeln!(text, "lines = [\"{line}\"]").unwrap();
    }
    text
}

/// Writes everything that there is, the one beside the other in one file.
fn fleet(layout: Layout) -> String {
    let mut text = "[[provider]]\nid = \"outside-sp\"\nname = \"outside provider\"\n".to_owned();
    if matches!(layout, Layout::Provider) {
        text += "[[provider]]\nid = \"in-sp\"\n";
    }
    let above = layout.above();
    for (organization, provider, side) in [("outside-org", "outside-sp", "outside"), ("in-org", above, "in")]
    {
        writeln!(
            text,
            "[[organization]]\nid = \"{organization}\"\nprovider = \"{provider}\"\nname = \"{side} org\""
        )
        .unwrap();
        writeln!(
            text,
            "[[user]]\nid = \"{side}-u\"\norganization = \"{organization}\"\nname = \"{side} user\""
        )
        .unwrap();
        for number in 1..=4 {
            writeln!(
                text,
                "[[extension]]\nnumber = \"{side}-{number}\"\nuser = \"{side}-u\"\ndisplay-name = \"{side} name\"\n\
                 sip = {{ password = \"{side}-sip\" }}"
            )
            .unwrap();
        }
        for (id, visibility) in [("t", "organization"), ("t2", "provider")] {
            writeln!(
                text,
                "[[template]]\nid = \"{side}-{id}\"\nname = \"{side} {id}\"\nowner = \"{organization}\"\n\
                 visibility = \"organization\"\n# For {visibility}s, says {side}.\n\
                 [[template.equipment]]\nmodel = \"{MODEL}\"\nfirmware = \"66.86\"\nfiles = {{}}"
            )
            .unwrap();
        }
        writeln!(text, "[[login]]\nid = \"{side}-login\"\naccount = \"{organization}\"").unwrap();
    }
    let mac = |side: &str, number: u8| format!("00:15:65:{side}:00:0{number}");
    for (number, (name, side, owner, organization, line)) in (0..).zip([
        ("outside-1", "EE", "outside-org", "outside-org", "outside-1"),
        ("in-1", "11", "in-org", "in-org", "in-1"),
        ("outside-2", "EE", "", "", ""),
        ("in-2", "11", above, "in-org", ""),
        ("outside-3", "EE", "outside-sp", "", ""),
        ("in-3", "11", "in-org", "", ""),
        ("outside-4", "EE", "outside-u", "", "outside-2"),
        ("in-4", "11", "", "in-org", "in-2"),
    ]) {
        write!(text, "# The phone {name}.\n{}", device(name, &mac(side, number), owner, organization, line))
            .unwrap();
    }
    for (word, _) in JobOperation::ALL {
        let id = word.replace('.', "-");
        let platform = layout.platform();
        writeln!(
            text,
            "[[job]]\nid = \"{id}\"\nplatform = \"{platform}\"\nkind = \"bulk\"\noperation = \"{word}\"\nfields = {{ {} }}",
            fields_of(word).iter().map(|field| format!("{field} = {{}}")).collect::<Vec<_>>().join(", ")
        )
        .unwrap();
    }
    text
}

/// Lists the fields that a job of an operation asks for.
fn fields_of(operation: &str) -> Vec<&'static str> {
    match operation {
        "device.create" => {
            vec!["name", "model", "mac", "serial", "owner", "organization", "template", "line-1"]
        }
        "device.edit" => {
            vec!["device", "name", "mac", "notes", "owner", "organization", "template", "line-1", "line-2"]
        }
        "device.assign" => vec!["device", "line-1", "organization"],
        "device.set-status" => vec!["device", "status"],
        "device.set-admin-password" => vec!["device", "admin-password"],
        "level.set" => vec!["account", "level"],
        "line.set-secret" => vec!["extension", "secret", "passcode"],
        "template.apply" => vec!["device", "template"],
        _ => vec!["device"],
    }
}

/// Where a value comes from that names something: inside, outside, above, or nowhere.
fn side(number: u8) -> &'static str {
    ["in", "outside", "in", NOWHERE, "outside", "in"][usize::from(number) % 6]
}

fn called(kind: &str, number: u8, other: u8) -> String {
    let (side, at) = (side(number), 1 + other % 4);
    match kind {
        "account" => {
            let all = ["org", "sp", "u", "1"];
            format!("{side}-{}", all[usize::from(other) % all.len()])
        }
        "device" => match (side, other % 3) {
            (side, 0) => serial(&format!("{side}-{at}")),
            (_, 1) => mac(number, other),
            _ => format!("{side}-{at}"),
        },
        "organization" => format!("{side}-org"),
        "template" => format!("{side}-t"),
        "user" => format!("{side}-u"),
        _ => format!("{side}-{at}"),
    }
}

/// A MAC address that something inside or outside has, or nothing.
fn mac(number: u8, other: u8) -> String {
    match side(number) {
        "in" => format!("00:15:65:11:00:0{}", 1 + 2 * (other % 4)),
        OUTSIDE => format!("00:15:65:EE:00:0{}", 2 * (other % 4)),
        _ => format!("00:15:65:DD:00:0{}", 2 * (other % 4)),
    }
}

/// What a record would have that something outside may have already; never what stands for nothing.
fn claimed(value: &str) -> String {
    value.replace(NOWHERE, "in-new").replace("00:15:65:DD", "00:15:65:22")
}

/// Makes an edit of a step, whether a job would make it or not.
fn edit(step: Step) -> Edit {
    let (what, one, two, three, four) = step;
    let fields = |value: Value| value.as_object().cloned().unwrap_or_else(Map::new);
    let device = || called("device", one, two);
    let record = || {
        let mut record = json!({ "notes": format!("n{three}") });
        for (bit, key, value) in [
            (1, "owner", json!(called("account", three, four))),
            (2, "organization", json!(called("organization", two, four))),
            (4, "template", json!(called("template", three, four))),
            (8, "lines", json!([called("extension", four, three)])),
            (16, "mac", json!(claimed(&mac(three, one)))),
            (32, "name", json!(format!("in-name-{three}"))),
        ] {
            if four & bit != 0 {
                record[key] = value;
            }
        }
        record
    };
    match what % 18 {
        0 | 1 => {
            let mut new = record();
            new["model"] = json!(MODEL);
            new["name"] = json!(format!("in-new-{one}-{two}-{three}"));
            if one % 5 == 0 {
                new["serial"] = json!(serial(&claimed(&called("device", two, 2))));
            }
            Edit::DeviceAdd { fields: fields(new) }
        }
        2..=4 => Edit::DeviceEdit { device: device(), fields: fields(record()) },
        5 => Edit::DeviceRemove { device: device() },
        6 => Edit::DeviceClear { device: device() },
        7 => Edit::DeviceDisable { device: device() },
        8 => Edit::DeviceRotate { device: device() },
        9 => Edit::DevicePassword { device: device() },
        10 => Edit::LevelSet { account: called("account", one, two), level: Some("modify".to_owned()) },
        11 => Edit::ExtensionEdit {
            extension: called("extension", one, two),
            fields: fields(json!({ "display-name": "New", "sip": { "password": "in-new-secret" } })),
        },
        12 => Edit::ExtensionAdd {
            fields: fields(
                json!({ "number": claimed(&called("extension", one, two)), "user": called("user", three, 0) }),
            ),
        },
        13 => Edit::ExtensionRemove { extension: called("extension", one, two) },
        14 => Edit::AccountEdit {
            account: called("account", one, two),
            fields: fields(json!({ "name": "New", "settings": { "vlan": three } })),
        },
        15 => Edit::TemplateEdit {
            template: called("template", one, two),
            fields: fields(json!({ "name": "N" })),
        },
        16 => Edit::LoginRemove { login: format!("{}-login", side(one)) },
        _ => Edit::AccountRemove { account: called("account", one, two) },
    }
}

/// Makes a row of a step, for a job.
fn row(step: Step, number: u64) -> (&'static str, Row) {
    let (what, one, two, three, four) = step;
    let (operation, _) = JobOperation::ALL[usize::from(what) % JobOperation::ALL.len()];
    let value = |field: &str| match field {
        "account" | "owner" => called("account", one, three),
        "admin-password" | "secret" => "generate".to_owned(),
        "device" => called("device", one, two),
        "extension" => called("extension", one, two),
        "level" => "view".to_owned(),
        "line-1" => called("extension", three, four),
        "line-2" => called("extension", four, three),
        "mac" => claimed(&mac(three, one)),
        "model" => MODEL.to_owned(),
        "name" => format!("in-row-{one}-{two}-{three}"),
        "organization" => called("organization", two, 0),
        "passcode" => "4711".to_owned(),
        "serial" => serial(&claimed(&called("device", four, 2))),
        "status" => "disabled".to_owned(),
        "template" => called("template", four, 0),
        _ => format!("in {three}"),
    };
    let named = ["account", "device", "extension", "model", "name", "level", "status"];
    let mut cells = BTreeMap::new();
    for (bit, field) in (0..).zip(fields_of(operation)) {
        if named.contains(&field) || (four ^ three) & (1 << (bit % 8)) != 0 {
            cells.insert(field.to_owned(), Cell::Value(value(field)));
        }
    }
    (operation, Row { number, cells })
}

/// Everything outside, as it is.
fn outside(snapshot: &Snapshot) -> BTreeSet<String> {
    let mut all: Vec<String> = Vec::new();
    all.extend(snapshot.providers().map(|one| format!("{one:?}")));
    all.extend(snapshot.organizations().map(|one| format!("{one:?}")));
    all.extend(snapshot.users().map(|one| format!("{one:?}")));
    all.extend(
        snapshot
            .extensions()
            .map(|one| format!("{one:?} {:?}", one.sip.password.as_ref().map(|it| it.expose()))),
    );
    all.extend(snapshot.templates().map(|one| format!("{one:?}")));
    all.extend(snapshot.logins().map(|one| format!("{one:?}")));
    all.extend(snapshot.phones().map(|phone| {
        let device = phone.device;
        format!("{} {device:?}", device.serial.expose())
    }));
    // A device inside may be its provider's, and says so.
    let is_inside = |text: &String| text.contains("name: \"in-") || text.contains("id: \"in-");
    all.into_iter().filter(|text| text.contains(OUTSIDE) && !is_inside(text)).collect()
}

/// Gives every text of a value, the longest first.
fn texts(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| texts(value, into)),
        Value::Object(fields) => fields.values().for_each(|value| texts(value, into)),
        Value::String(text) => into.push(text.clone()),
        Value::Bool(_) | Value::Null | Value::Number(_) => (),
    }
}

/// Takes what was asked for out of what is said.
fn without(said: &str, asked: &Value) -> String {
    let mut words = Vec::new();
    texts(asked, &mut words);
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words.iter().filter(|word| word.len() >= 4).fold(said.to_owned(), |said, word| {
        said.replace(word.as_str(), "…").replace(&word.to_lowercase(), "…")
    })
}

/// Checks that what is said names nothing outside that was not asked for in the same words.
fn tells_nothing(said: &str, asked: &Value) -> Result<(), TestCaseError> {
    let left = without(said, asked).to_lowercase();
    for mark in [OUTSIDE, "00:15:65:ee", "001565ee"] {
        prop_assert!(!left.contains(mark), "{mark} in {said}\nof {asked}");
    }
    Ok(())
}

/// Asks the same of what does not exist: what names something outside is replaced, what a record would have stays.
fn of_nothing(edit: &Edit) -> Option<Edit> {
    let mut value = serde_json::to_value(edit).unwrap();
    let kept: Vec<(String, Value)> = value
        .get("fields")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter(|(key, _)| ["mac", "name", "number", "serial"].contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let text = value.to_string();
    let nothing = text.replace(OUTSIDE, NOWHERE).replace("00:15:65:EE", "00:15:65:DD");
    if text == nothing {
        return None;
    }
    value = serde_json::from_str(&nothing).unwrap();
    for (key, kept) in kept {
        value["fields"][key] = kept;
    }
    let nothing: Edit = serde_json::from_value(value).unwrap();
    (nothing != *edit).then_some(nothing)
}

fn caller(layout: Layout) -> Caller {
    let run =
        RunRef { undoes: false, job: "job".into(), run: "run".into(), platform: layout.platform().into() };
    Caller { account: "in-u".into(), login: None, through: Through::Token, peer: None, run: Some(run) }
}

/// How a refusal reads, what it was asked in its own words left out.
fn refusal(problem: &Problem, edit: &Edit) -> (Code, Option<String>, String) {
    let asked = serde_json::to_value(edit).unwrap();
    (problem.code, problem.field.clone(), without(&problem.message, &asked))
}

fn diff_of(diff: Option<&Diff>) -> String {
    let Some(diff) = diff else { return String::new() };
    // What the program itself puts into every phone's file is nobody's.
    let rendered = diff.rendered.iter().map(|file| format!("{}\n{}\n{}", file.device, file.file, file.diff));
    diff.files.clone() + &rendered.collect::<String>()
}

/// What came of all steps: how many of each operation were permitted.
type Tally = BTreeMap<String, usize>;

/// Does edits one after the other, each tried out first, and each asked of nothing, too.
fn one_by_one(
    loader: &mut Loader,
    caller: &Caller,
    edits: &[Edit],
    tally: &mut Tally,
) -> Result<(), TestCaseError> {
    for edit in edits {
        let asked = serde_json::to_value(edit).unwrap();
        let tried = |loader: &mut Loader, edit: &Edit, dry_run| {
            let request = Request { edits: vec![edit.clone()], dry_run, if_match: None };
            perform(&mut loader.desk(), caller, &request)
        };
        let dry = tried(loader, edit, true);
        if let (Err(problem), Some(nothing)) = (&dry, of_nothing(edit)) {
            let other = tried(loader, &nothing, true);
            let other = other.as_ref().map_err(|problem| refusal(problem, &nothing)).err();
            prop_assert_eq!(other, Some(refusal(problem, edit)), "{:?} as of nothing", edit);
        } else if let Some(nothing) = of_nothing(edit) {
            prop_assert!(false, "{edit:?} is allowed, and {nothing:?}");
        }
        let said = match &dry {
            Ok(outcome) => {
                let results = serde_json::to_string(&outcome.results).unwrap();
                format!("{results} {:?} {}", outcome.warnings, diff_of(outcome.diff.as_ref()))
            }
            Err(problem) => format!("{problem:?}"),
        };
        tells_nothing(&said, &asked)?;
        let done = tried(loader, edit, false);
        prop_assert_eq!(done.is_ok(), dry.is_ok());
        if done.is_ok_and(|outcome| outcome.changed) {
            *tally.entry(asked["operation"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
        }
    }
    Ok(())
}

/// Does rows of jobs as one change, tried out first.
fn as_rows(
    loader: &mut Loader,
    caller: &Caller,
    steps: &[Step],
    tally: &mut Tally,
) -> Result<(), TestCaseError> {
    let mut edits: Vec<(u64, Edit)> = Vec::new();
    let mut asked = Vec::new();
    {
        let desk = loader.desk();
        let snapshot = desk.snapshot();
        for (number, step) in (1..).zip(steps) {
            let (operation, row) = row(*step, number);
            let job = snapshot.job(&operation.replace('.', "-")).unwrap();
            let planner =
                Planner::new(snapshot, job).map_err(|problem| TestCaseError::fail(problem.to_string()))?;
            let cells = |row: &Row| {
                let texts = row.cells.values().map(|cell| match cell {
                    Cell::Value(text) => json!(text),
                    Cell::Clear | Cell::Leave => Value::Null,
                });
                texts.collect::<Value>()
            };
            let said = cells(&row);
            match planner.plan(&row) {
                Ok(plan) => {
                    tells_nothing(&format!("{:?}", plan.note), &said)?;
                    edits.extend(plan.edits.into_iter().map(|edit| (number, edit)));
                }
                Err(problem) => {
                    tells_nothing(&format!("{problem:?}"), &said)?;
                    let mut nothing = row.clone();
                    for cell in nothing.cells.values_mut() {
                        if let Cell::Value(text) = cell {
                            *text = text.replace(OUTSIDE, NOWHERE).replace("00:15:65:EE", "00:15:65:DD");
                        }
                    }
                    let other = planner.plan(&nothing).err();
                    let other = other
                        .map(|other| (other.code, other.field, without(&other.message, &cells(&nothing))));
                    let own = (problem.code, problem.field.clone(), without(&problem.message, &said));
                    prop_assert_eq!(other, Some(own), "{} as of nothing: {:?}", operation, row);
                }
            }
            asked.push(said);
        }
    }
    let asked = Value::Array(asked);
    for dry_run in [true, false] {
        let options = Many {
            dry_run,
            skip_refused: true,
            diff: true,
            cancelled: &|| false,
            progress: &|_| (),
            note: &mut |_| Ok(()),
        };
        let outcome = perform_many(&mut loader.desk(), caller, &edits, options)
            .map_err(|problem| TestCaseError::fail(problem.to_string()))?;
        let mut said = format!("{:?} {}", outcome.warnings, diff_of(outcome.diff.as_ref()));
        for row in &outcome.rows {
            writeln!(
                said,
                "{:?} {:?} {:?} {:?} {}",
                row.problem, row.record, row.before, row.after, row.answer
            )
            .unwrap();
        }
        tells_nothing(&said, &asked)?;
        for row in outcome.rows.iter().filter(|row| outcome.committed && row.problem.is_none()) {
            let edit = edits.iter().find(|(number, _)| *number == row.row).map(|(_, edit)| edit);
            let word =
                serde_json::to_value(edit).unwrap()["operation"].as_str().unwrap_or_default().to_owned();
            *tally.entry(format!("row {word}")).or_default() += 1;
        }
    }
    Ok(())
}

/// Lists everything that the platform can list.
fn listed(snapshot: &Snapshot, caller: &Caller) -> String {
    let page = Page { offset: 0, limit: 1000 };
    let queries = [
        Query::Self_,
        Query::Accounts { kind: None, below: None, page },
        Query::Account { account: "in-org".into() },
        Query::Extensions { below: None, assignable: false, page },
        Query::Extensions { below: None, assignable: true, page },
        Query::Devices { filter: bellhop::operation::Filter::default(), page },
        Query::Device { device: "in-1".into() },
        Query::Device { device: "in-2".into() },
        Query::Device { device: "in-4".into() },
        Query::DeviceOptions { model: None },
        Query::DeviceOptions { model: Some(MODEL.into()) },
        Query::Templates { page },
        Query::Template { template: "in-t".into() },
        Query::Logins { page },
        Query::Tokens { login: None, page },
    ];
    let said = queries.iter().map(|query| match look(snapshot, caller, query) {
        Ok(value) => value.to_string(),
        Err(problem) => problem.to_string(),
    });
    said.collect()
}

fn run(
    site: &Site,
    layout: Layout,
    edits: &[Step],
    rows: &[Step],
    tally: &mut Tally,
) -> Result<(), TestCaseError> {
    std::fs::remove_dir_all(site.path("fleet")).unwrap();
    site.put("fleet/fleet.toml", &fleet(layout));
    let mut loader = Loader::new(&site.path("bellhop.toml")).unwrap();
    let before = {
        let desk = loader.desk();
        prop_assert!(desk.faults().is_empty(), "{:?}", desk.faults());
        outside(desk.snapshot())
    };
    let of_which = |word: &str| before.iter().filter(|text| text.starts_with(word)).count();
    prop_assert!(of_which("Extension") == 4 && of_which("outside") == 4, "{:?}", before);
    let caller = caller(layout);
    let edits: Vec<Edit> = edits.iter().map(|step| edit(*step)).collect();
    as_rows(&mut loader, &caller, rows, tally)?;
    one_by_one(&mut loader, &caller, &edits, tally)?;
    let desk = loader.desk();
    let after = outside(desk.snapshot());
    prop_assert_eq!(after, before);
    tells_nothing(&listed(desk.snapshot(), &caller), &Value::Null)
}

/// What was permitted at least once, so that not everything is refused.
const PERMITTED: &[&str] = &[
    "account-edit",
    "device-add",
    "device-clear",
    "device-disable",
    "device-edit",
    "device-password",
    "device-remove",
    "device-rotate",
    "extension-edit",
    "extension-remove",
    "level-set",
    "row device-add",
    "row device-edit",
    "row device-remove",
    "row extension-edit",
];

#[test]
fn no_row_and_no_edit_of_a_run_tells_or_changes_anything_outside_its_platform() {
    let step = || (any::<u8>(), any::<u8>(), any::<u8>(), any::<u8>(), any::<u8>());
    let config = Config { cases: 30, failure_persistence: None, max_shrink_iters: 40, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let (site, tally) = (Site::new(), std::cell::RefCell::new(Tally::new()));
    let strategy = (any::<bool>(), vec(step(), 12), vec(step(), 12));
    let done = runner.run(&strategy, |(is_provider, edits, rows)| {
        let layout = if is_provider { Layout::Provider } else { Layout::Organization };
        run(&site, layout, &edits, &rows, &mut tally.borrow_mut())
    });
    if let Err(error) = done {
        panic!("{error}");
    }
    let tally = tally.into_inner();
    let never: Vec<_> = PERMITTED.iter().filter(|word| !tally.contains_key(**word)).collect();
    assert!(never.is_empty(), "never permitted: {never:?} of {tally:?}");
}
