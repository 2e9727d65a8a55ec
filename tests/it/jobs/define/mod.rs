//! Jobs as records, their forms, and the way from what a run is given to edits.

mod examples;
mod faults;
mod fields;
mod form;
mod schema;

use bellhop::jobs::{Cell, Format, Plan, Row, plan, read_rows};
use bellhop::operation::{
    Caller, Edit, Fields, Outcome, Problem, Query, Request, RunRef, Through, look, perform,
};
use bellhop::reload::Loader;
use serde_json::{Value, json};

use crate::support::Site;

/// An organization whose jobs the tests are about, and another one beside it; neither has a level of its own.
const FLEET: &str = r#"
[[provider]]
id = "sp"
name = "Provider"

[[organization]]
id = "org"
provider = "sp"
name = "Organization"

[[user]]
id = "user"
organization = "org"
name = "User"

[[extension]]
number = "101"
user = "user"
display-name = "First"
sip = { password = "CANARY-sip-101" }

[[extension]]
number = "102"
user = "user"
display-name = "Second"
sip = { password = "CANARY-sip-102" }

[[extension]]
number = "103"
user = "user"
sip = { password = "CANARY-sip-103" }

[[device]]
serial = "t4h7k2m9x3q8w6e5r1y0u9p2an"
name = "Desk"
model = "yealink/t46s"
mac = "00:15:65:4A:A9:37"
admin-password = "CANARY-admin"
protocol = "http"
owner = "org"
organization = "org"
lines = ["101"]

[[device]]
serial = "h7k2m9x3q8w6e5r1y0u9p2ant4"
name = "Hall"
model = "yealink/t46s"
mac = "00:15:65:4A:A9:38"
protocol = "http"
owner = "org"

[[template]]
id = "ours"
name = "Ours"
owner = "org"
visibility = "organization"
equipment = [{ model = "yealink/t46s", firmware = "66.86", files = {} }]

[[organization]]
id = "other"
provider = "sp"
name = "Other"

[[user]]
id = "other-user"
organization = "other"

[[extension]]
number = "901"
user = "other-user"

[[device]]
serial = "strangerserialk7x2m9q4w8e6"
name = "Strange"
model = "yealink/t46s"
mac = "00:15:65:99:99:99"
protocol = "http"
owner = "other"
lines = ["901"]

[[template]]
id = "theirs"
name = "Theirs"
owner = "other"
visibility = "organization"
equipment = [{ model = "yealink/t46s", firmware = "66.86", files = {} }]

# Logins of an account that may do nothing by itself.
[[login]]
id = "builder"
account = "user"

[[login]]
id = "helper"
account = "user"

[[login]]
id = "nobody"
account = "user"

[[group]]
id = "help-desk"
logins = ["helper"]

[[grant]]
id = "builds"
login = "builder"
platform = "org"
provisioning = true
on-demand-admin = true
"#;

/// What devices are called by everybody.
const DESK: &str = "t4h7k2m9x3q8w6e5r1y0u9p2an";

/// A site on which delegated provisioning is on.
fn site() -> Site {
    Site::new().config("\n[features]\nprovisioning-jobs = true\n").write("fleet/fleet.toml", FLEET)
}

fn caller(account: &str, login: Option<&str>) -> Caller {
    Caller {
        account: account.to_owned(),
        login: login.map(str::to_owned),
        through: Through::Token,
        peer: None,
        run: None,
    }
}

fn fields(value: Value) -> Fields {
    let Value::Object(fields) = value else { panic!("fields are a table") };
    fields
}

fn ask(site: &Site, caller: &Caller, edits: Vec<Edit>) -> Result<Outcome, Problem> {
    let mut loader = Loader::new(&site.path("bellhop.toml")).unwrap();
    let mut desk = loader.desk();
    perform(&mut desk, caller, &Request { edits, dry_run: false, if_match: None })
}

/// Has the administrator build a job.
fn build(site: &Site, job: Value) -> Result<Value, Problem> {
    let added = ask(site, &caller("administrator", None), vec![Edit::JobAdd { fields: fields(job) }]);
    added.map(|mut outcome| outcome.results.remove(0))
}

/// A job of the organization with fields of an operation.
fn job(id: &str, kind: &str, operation: &str, told: impl Into<Value>) -> Value {
    json!({ "id": id, "platform": "org", "kind": kind, "operation": operation, "fields": told.into() })
}

fn seen(site: &Site, caller: &Caller, query: &Query) -> Result<Value, Problem> {
    look(&site.load(), caller, query)
}

fn form(site: &Site, job: &str) -> Value {
    seen(site, &caller("administrator", None), &Query::JobForm { job: job.to_owned() }).unwrap()
}

/// Makes a row of cells.
fn row(cells: &[(&str, &str)]) -> Row {
    let cell = |(name, text): &(&str, &str)| ((*name).to_owned(), Cell::read(text));
    Row { number: 1, cells: cells.iter().map(cell).collect() }
}

/// Turns cells into edits.
fn planned(site: &Site, job: &str, cells: &[(&str, &str)]) -> Result<Plan, Problem> {
    let snapshot = site.load();
    plan(&snapshot, snapshot.job(job).unwrap(), &row(cells))
}

/// Turns values, as a form has them, into edits.
fn planned_of(site: &Site, job: &str, values: &Value) -> Result<Plan, String> {
    let snapshot = site.load();
    let job = snapshot.job(job).unwrap();
    let line = serde_json::to_vec(values).unwrap();
    let rows = read_rows(job, &line, Some(Format::JsonLines));
    let rows = rows.map_err(|faults| faults.iter().map(ToString::to_string).collect::<String>())?;
    plan(&snapshot, job, &rows.rows[0]).map_err(|problem| problem.message)
}

/// Turns cells into edits and does them as a run does.
fn run(site: &Site, job: &str, login: &str, cells: &[(&str, &str)]) -> Result<Outcome, Problem> {
    let plan = planned(site, job, cells)?;
    let run = RunRef { undoes: false, job: job.to_owned(), run: "1".to_owned(), platform: "org".to_owned() };
    ask(site, &Caller { run: Some(run), ..caller("user", Some(login)) }, plan.edits)
}

/// Shows a device to the administrator.
fn device(site: &Site, called: &str) -> Result<Value, Problem> {
    seen(site, &caller("administrator", None), &Query::Device { device: called.to_owned() })
}

/// Gives the text of all files, for what is a secret.
fn fleet(site: &Site) -> String {
    std::fs::read_to_string(site.path("fleet/fleet.toml")).unwrap()
}
