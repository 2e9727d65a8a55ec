//! An inventory goes out as CSV and comes back by a job, and nothing has changed.

use bellhop::jobs::{Cell, Exported, export, plan, read_rows};
use bellhop::model::{Job, JobOperation};
use bellhop::operation::{Caller, Edit, Filter, Many, ManyOutcome, RunRef, Status, Through, perform_many};
use bellhop::reload::Loader;

use crate::jobs::rows::job;
use crate::support::Site;

/// A provider with devices whose texts look like syntax, and a stranger.
const FLEET: &str = r#"
[[provider]]
id = "sp"
name = "Provider"
provisioning = "modify"

[[organization]]
id = "org"
provider = "sp"
name = "Organization"
provisioning = "modify"

[[user]]
id = "user"
organization = "org"
name = "User"
provisioning = "modify"

[[extension]]
number = "+49*1"
user = "user"
sip = { password = "CANARY-sip-1" }

[[extension]]
number = "0087*002"
user = "user"
sip = { password = "CANARY-sip-2" }

[[device]]
serial = "t4h7k2m9x3q8w6e5r1y0u9p2an"
name = "Clear"
model = "yealink/t46s"
mac = "00:15:65:4A:A9:37"
admin-user = "=admin"
admin-password = "CANARY-admin"
update-user = "phone"
update-password = "CANARY-update"
protocol = "https"
host = "phones.example.net"
owner = "sp"
organization = "org"
lines = ["+49*1", "", "0087*002"]
notes = "a \"b\", c; d\r\n\té =1"
update-interval = 60
network = { address = "192.0.2.10", netmask = "255.255.255.0", gateway = "192.0.2.1", dns-servers = ["192.0.2.53", "192.0.2.54"] }

[device.settings]
codecs = ["pcma", "g722"]
ldap-name-attributes = ["cn|sn", "a\\b", "=x"]
ldap-name-filter = "(|(cn=%)(sn=%))"
ldap-user = "@cn"
user-password = "CANARY-user"
vlan = 5
lldp = false
line-keys = [{ type = "blf", value = "0087*002" }]

[device.raw]
"A=b;c" = "=1+1"
"d.e" = "-rf /"
"quoted \"x\"" = "'apostrophe"
word = "clear"
edge = "  both  "
"account.password" = "CANARY-raw"
empty = ""

[device.raw.yealink]
"local.name" = "+x"
"a,b" = "\"\""

[[device]]
serial = "v4h7k2m9x3q8w6e5r1y0u9p2an"
name = "Plain"
model = "aastra/51i"
status = "disabled"
notes = "clear"

[[device]]
serial = "w4h7k2m9x3q8w6e5r1y0u9p2an"
name = "Of the provider"
model = "yealink/t46s"
mac = "00:15:65:4A:A9:38"
mac-based = true
notes = "  '********'"
owner = "sp"
organization = "org"
"#;

const STRANGER: &str = r#"
[[provider]]
id = "stranger"
name = "Stranger"
provisioning = "modify"

[[organization]]
id = "stranger-org"
provider = "stranger"
name = "Stranger"

[[device]]
serial = "x4h7k2m9x3q8w6e5r1y0u9p2an"
name = "STRANGER"
model = "yealink/t46s"
owner = "stranger"
organization = "stranger-org"
"#;

fn site() -> Site {
    Site::new().with_every_vendor().write("fleet/sp/org.toml", FLEET).write("fleet/stranger.toml", STRANGER)
}

fn caller(account: &str) -> Caller {
    Caller { account: account.to_owned(), login: None, through: Through::Shell, peer: None, run: None }
}

fn exported(site: &Site, account: &str) -> (String, Exported) {
    let mut written = Vec::new();
    let exported = export(&site.load(), &caller(account), &Filter::default(), &mut written).unwrap();
    (String::from_utf8(written).unwrap(), exported)
}

/// A job of a platform that takes the columns of a table.
fn taking(text: &str, platform: &str) -> Job {
    let header = text.lines().next().unwrap();
    let (mut names, mut name, mut quoted) = (Vec::new(), String::new(), false);
    let mut header = header.chars().chain([',']).peekable();
    while let Some(c) = header.next() {
        match c {
            '"' if quoted && header.next_if_eq(&'"').is_some() => name.push('"'),
            '"' => quoted = !quoted,
            ',' if !quoted => names.push(std::mem::take(&mut name)),
            _ => name.push(c),
        }
    }
    let mut job = job(JobOperation::DeviceEdit, &names.iter().map(String::as_str).collect::<Vec<_>>());
    job.platform = platform.into();
    job
}

/// Runs a table over a site by a job that takes its columns.
fn import(site: &Site, platform: &str, text: &str) -> ManyOutcome {
    run(site, &taking(text, platform), text)
}

/// Runs rows over a site.
fn run(site: &Site, job: &Job, text: &str) -> ManyOutcome {
    let rows = read_rows(job, text.as_bytes(), None).unwrap();
    let snapshot = site.load();
    let mut edits: Vec<(u64, Edit)> = Vec::new();
    for row in &rows.rows {
        let planned = plan(&snapshot, job, row).unwrap_or_else(|problem| panic!("{}: {problem}", row.number));
        edits.extend(planned.edits.into_iter().map(|edit| (row.number, edit)));
    }
    let mut loader = Loader::new(&site.path("bellhop.toml")).unwrap();
    let run =
        RunRef { undoes: false, job: "bulk".into(), run: "1".into(), platform: job.platform.to_string() };
    let caller = Caller { run: Some(run), ..caller("administrator") };
    let options = Many {
        dry_run: false,
        skip_refused: false,
        diff: false,
        cancelled: &|| false,
        progress: &|_| (),
        note: &mut |_| Ok(()),
    };
    perform_many(&mut loader.desk(), &caller, &edits, options).unwrap()
}

#[test]
fn an_inventory_that_is_imported_again_changes_nothing() {
    for (exporter, platform, devices) in
        [("administrator", "sp", 2), ("sp", "sp", 2), ("sp", "org", 2), ("org", "org", 2)]
    {
        let site = site();
        let filter = Filter { organization: Some("org".to_owned()), ..Filter::default() };
        let mut written = Vec::new();
        let told = export(&site.load(), &caller(exporter), &filter, &mut written).unwrap();
        assert_eq!(told.devices, devices, "{exporter}");
        let text = String::from_utf8(written).unwrap();
        let outcome = import(&site, platform, &text);
        let problems: Vec<_> = outcome.rows.iter().filter_map(|row| row.problem.clone()).collect();
        assert_eq!(problems, [], "{exporter} {platform}\n{text}");
        assert!(
            outcome.rows.iter().all(|row| row.status == Status::Unchanged),
            "{exporter} {platform}\n{text}"
        );
        assert_eq!(std::fs::read_to_string(site.path("fleet/sp/org.toml")).unwrap(), FLEET);
    }
}

#[test]
fn an_inventory_holds_what_is_there_and_no_secret_and_no_formula() {
    let site = site();
    let (text, told) = exported(&site, "sp");
    assert!(!text.contains("CANARY") && !text.contains("STRANGER"), "{text}");
    assert_eq!(told.warnings, ["leaves out what no cell can hold: `raw.empty`, `settings.line-keys`"]);
    let job = taking(&text, "sp");
    let rows = read_rows(&job, text.as_bytes(), None).unwrap().rows;
    let value = |field: &str| match rows[0].cells.get(field) {
        Some(Cell::Value(text)) => text.as_str(),
        Some(Cell::Clear) => panic!("nothing is cleared"),
        Some(Cell::Leave) | None => "-",
    };
    for (field, expected) in [
        ("name", "Clear"),
        ("serial", "t4h7k2m9x3q8w6e5r1y0u9p2an"),
        ("notes", "a \"b\", c; d\r\n\té =1"),
        ("admin-user", "=admin"),
        ("admin-password", "-"),
        ("line-1", "+49*1"),
        ("line-2", "-"),
        ("line-3", "0087*002"),
        ("network.dns-servers", "192.0.2.53|192.0.2.54"),
        ("settings.codecs", "pcma|g722"),
        ("settings.ldap-name-attributes", "cn\\|sn|a\\\\b|=x"),
        ("settings.ldap-user", "@cn"),
        ("settings.vlan", "5"),
        ("settings.lldp", "false"),
        ("raw.A=b;c", "=1+1"),
        ("raw.d.e", "-rf /"),
        ("raw.quoted \"x\"", "'apostrophe"),
        ("raw.word", "clear"),
        ("raw.edge", "  both  "),
        ("raw.account.password", "-"),
        ("raw.yealink.local.name", "+x"),
        ("raw.yealink.a,b", "\"\""),
    ] {
        assert_eq!(value(field), expected, "{field}\n{text}");
    }
    // No cell begins as a formula does, in quotes or not.
    let starts = |sign: char| text.contains(&format!(",{sign}")) || text.contains(&format!(",\"{sign}"));
    assert!(!starts('=') && !starts('@') && !starts('+') && !starts('-'), "{text}");
}

#[test]
fn a_cell_that_is_changed_in_an_inventory_changes_that_alone() {
    let site = site();
    let (text, _) = exported(&site, "sp");
    let text = text.replace("'-rf /", "changed").replace("'+x", "'=changed").replace("  '********'", "clear");
    let outcome = import(&site, "sp", &text);
    let statuses: Vec<Status> = outcome.rows.iter().map(|row| row.status).collect();
    assert_eq!(statuses, [Status::Done, Status::Done], "{outcome:?}");
    let after = std::fs::read_to_string(site.path("fleet/sp/org.toml")).unwrap();
    let expected = FLEET
        .replace("\"-rf /\"", "\"changed\"")
        .replace("\"+x\"", "\"=changed\"")
        .replace("notes = \"  '********'\"\n", "");
    let lines = |text: &str| -> Vec<String> {
        text.lines().filter(|line| !line.starts_with("updated = ")).map(str::to_owned).collect()
    };
    assert_eq!(lines(&after), lines(&expected));
}

#[test]
fn an_inventory_is_of_what_the_account_sees_and_asked_for() {
    let site = site();
    let (text, told) = exported(&site, "administrator");
    assert!(text.contains("STRANGER") && told.devices == 4, "{text}");
    let (text, _) = exported(&site, "stranger");
    assert!(text.contains("STRANGER") && !text.contains("Plain") && !text.contains("Clear"), "{text}");
    let filter = Filter { text: Some("plain".to_owned()), ..Filter::default() };
    let mut written = Vec::new();
    export(&site.load(), &caller("administrator"), &filter, &mut written).unwrap();
    let text = String::from_utf8(written).unwrap();
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.contains(",'clear,"), "{text}");
}

#[test]
fn what_another_system_exported_becomes_devices_and_the_same_file_changes_nothing_again() {
    let taken = ["mac", "vendor", "model", "name", "notes", "status", "line-1", "line-2", "line-3"];
    for (mapping, file, devices, lines) in [
        (
            "freepbx-endpoint-manager",
            "freepbx.csv",
            ["Phone 0015654aa937", "Phone 00085d1ae98c"],
            "[\"100\", \"101\"]",
        ),
        (
            "freepbx-endpoint-manager",
            "freepbx-ipei.csv",
            ["Phone 0015654aa937", "Phone 00085d1ae98c"],
            "[\"100\", \"101\"]",
        ),
        ("fusionpbx", "fusionpbx.csv", ["Reception", "Hall"], "[\"100\", \"\", \"101\"]"),
        ("issabel", "issabel.csv", ["Phone 0015654aa937", "Phone 00085d1ae98c"], "[\"100\", \"101\"]"),
    ] {
        let extension = |number: &str| {
            format!(
                "[[extension]]\nnumber = \"{number}\"\nuser = \"user\"\nsip = {{ password = \"CANARY-{number}\" }}\n"
            )
        };
        let mut fleet = FLEET[..FLEET.find("[[extension]]").unwrap()].to_owned();
        fleet.extend(["100", "101", "102"].map(extension));
        let site = Site::new().with_every_vendor().write("fleet/sp/org.toml", &fleet);
        let mut job = job(JobOperation::DeviceCreate, &taken);
        (job.platform, job.mapping) = ("org".into(), Some(mapping.into()));
        let path = format!("{}/tests/it/jobs/samples/{file}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        for expected in [Status::Done, Status::Unchanged] {
            let outcome = run(&site, &job, &text);
            let statuses: Vec<Status> = outcome.rows.iter().map(|row| row.status).collect();
            assert_eq!(statuses, [expected; 2], "{mapping}: {outcome:?}");
        }
        let snapshot = site.load();
        let mut names: Vec<String> = snapshot.phones().map(|phone| phone.device.name.to_string()).collect();
        names.sort_unstable();
        let mut devices = devices.map(str::to_owned);
        devices.sort_unstable();
        assert_eq!(names, devices, "{mapping}");
        let written = std::fs::read_to_string(site.path("fleet/sp/org.toml")).unwrap();
        assert!(
            written.contains(&format!("lines = {lines}")) && written.contains("lines = [\"102\"]"),
            "{written}"
        );
    }
}
