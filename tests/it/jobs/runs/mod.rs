//! Runs of jobs: from their order to their end.

mod approval;
mod batches;
mod kill;
mod life;
mod trouble;
mod undo;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bellhop::audit::{Found, Log, Search};
use bellhop::jobs::Format;
use bellhop::jobs::runs::{Input, Order, RowResult, RowStatus, Run, RunId, Runs};
use bellhop::operation::{Caller, Edit, Fields, Page, Problem, Request, Through, perform};
use bellhop::reload::{Desk, Loader};
use serde_json::Value;

use crate::support::Site;

/// A platform with two phones, a stranger beside it, and those who have to do with its jobs.
const FLEET: &str = r#"
[[provider]]
id = "sp"
name = "Provider"

[[organization]]
id = "org"
provider = "sp"
name = "Organization"

[[organization]]
id = "beside"
provider = "sp"
name = "Beside"

[[user]]
id = "user"
organization = "org"
name = "User"

[[extension]]
number = "7*001"
user = "user"
sip = { password = "CANARY-sip-1" }

[[device]]
serial = "q7x2m9t4h8k3w6e5r1y001zpan"
name = "Hall"
model = "yealink/t46s"
mac = "00:15:65:00:00:01"
admin-password = "CANARY-admin-1"
owner = "sp"
organization = "org"
lines = ["7*001"]

[[device]]
serial = "q7x2m9t4h8k3w6e5r1y002zpan"
name = "Desk"
model = "yealink/t46s"
mac = "00:15:65:00:00:02"
admin-password = "CANARY-admin-2"
owner = "sp"
organization = "org"

[[device]]
serial = "q7x2m9t4h8k3w6e5r1y009zpan"
name = "Strange"
model = "yealink/t46s"
mac = "00:15:65:00:00:09"
owner = "sp"
organization = "beside"

[[login]]
id = "helper"
account = "user"
name = "Help desk"

[[login]]
id = "second"
account = "user"
name = "Second of the help desk"

[[login]]
id = "chief"
account = "user"
name = "Chief"

[[login]]
id = "nobody"
account = "user"
name = "Nobody"

[[group]]
id = "desk"
name = "Help desk"
logins = ["helper", "second"]

[[grant]]
id = "desk"
group = "desk"
platform = "org"
provisioning = true
on-demand-jobs = ["rename", "rotate", "password"]
bulk-jobs = ["rows", "batches", "careful", "kept", "rotates"]

[[grant]]
id = "chief"
login = "chief"
platform = "org"
provisioning = true
provisioning-administrator = true
"#;

/// What those may run.
const JOBS: &str = r#"
[[job]]
id = "rename"
name = "Say what a phone is for"
platform = "org"
kind = "on-demand"
operation = "device.edit"
fields = { notes = { required = true } }

[[job]]
id = "rotate"
name = "Give a phone a new URL"
platform = "org"
kind = "on-demand"
operation = "device.rotate-url"

[[job]]
id = "password"
name = "Give a phone a new administrator"
platform = "org"
kind = "on-demand"
operation = "device.set-admin-password"
approval = true
fields = { admin-password = { fixed = "generate" } }

[[job]]
id = "rows"
name = "Notes of many phones"
platform = "org"
kind = "bulk"
operation = "device.edit"
fields = { notes = {} }

[[job]]
id = "batches"
name = "Notes of many phones, some at a time"
platform = "org"
kind = "bulk"
operation = "device.edit"
batch = 2
stop-on-error = false
fields = { notes = {} }

[[job]]
id = "careful"
name = "Notes of many phones, some at a time, until one fails"
platform = "org"
kind = "bulk"
operation = "device.edit"
batch = 2
fields = { notes = {} }

[[job]]
id = "kept"
name = "Notes that are kept with the job"
platform = "org"
kind = "bulk"
operation = "device.edit"
rows = "device,notes\nHall,kept\n"
start-at = "2027-01-04T22:00"
time-zone = "Europe/Bucharest"
fields = { notes = {} }

[[job]]
id = "rotates"
name = "New URLs of many phones"
platform = "org"
kind = "bulk"
operation = "device.rotate-url"
"#;

/// When the tests' time begins.
const BEGIN: &str = "2026-12-01T10:00:00Z";

/// A site with its runs, under a clock that the test turns.
struct Bench {
    site: Site,
    runs: Runs,
    /// Seconds since [`BEGIN`].
    clock: Arc<AtomicU64>,
}

const ALL: Page = Page { offset: 0, limit: usize::MAX };

impl Bench {
    fn new() -> Self {
        Self::with("")
    }

    /// Makes one with more records.
    fn with(more: &str) -> Self {
        let site = Site::new().config("\n[features]\nprovisioning-jobs = true\n");
        let site = site.write("fleet/org.toml", FLEET).write("fleet/jobs.toml", &format!("{JOBS}{more}"));
        let clock = Arc::new(AtomicU64::new(0));
        let runs = Self::open(&site, &clock);
        Self { site, runs, clock }
    }

    /// Opens the runs of a site, as another process would.
    fn open(site: &Site, clock: &Arc<AtomicU64>) -> Runs {
        let clock = Arc::clone(clock);
        let begin = humantime::parse_rfc3339(BEGIN).unwrap();
        let now = move || begin + Duration::from_secs(clock.load(Ordering::Relaxed));
        Runs::with_clock(&site.path("state"), now)
    }

    /// Turns the clock forward.
    fn pass(&self, time: Duration) {
        self.clock.fetch_add(time.as_secs(), Ordering::Relaxed);
    }

    /// Does something at the desk.
    fn at_desk<T>(&self, act: impl FnOnce(&mut Desk<'_>) -> T) -> T {
        let mut loader = Loader::new(&self.site.path("bellhop.toml")).unwrap();
        let mut desk = loader.desk();
        assert!(desk.faults().is_empty(), "{:?}", self.site.lines(desk.faults()));
        act(&mut desk)
    }

    fn order(&self, who: &str, order: &Order) -> Result<Run, Problem> {
        self.runs.order(&self.site.load(), &login(who), order)
    }

    /// Does a run to its end, each step at a desk of its own.
    fn execute(&self, id: &RunId) -> Result<Run, Problem> {
        self.at_desk(|desk| self.runs.execute(desk, id))
    }

    /// Orders a run and does it.
    fn run(&self, who: &str, order: &Order) -> Run {
        let run = self.order(who, order).unwrap();
        self.execute(&run.id).unwrap()
    }

    fn look(&self, who: &str, id: &RunId) -> Result<Run, Problem> {
        self.runs.look(&self.site.load(), &login(who), id)
    }

    fn rows(&self, id: &RunId) -> Vec<RowResult> {
        self.runs.rows(&self.site.load(), &login("chief"), id, None, ALL).unwrap().0
    }

    fn statuses(&self, id: &RunId) -> Vec<(u64, RowStatus)> {
        self.rows(id).iter().map(|row| (row.row, row.status)).collect()
    }

    fn undo(&self, who: &str, id: &RunId) -> Result<Run, Problem> {
        self.at_desk(|desk| self.runs.undo(desk, &login(who), id))
    }

    /// Gives the notes of a device by its name.
    fn notes(&self, name: &str) -> String {
        let snapshot = self.site.load();
        let phone = snapshot.phones().find(|phone| phone.device.name == name).unwrap();
        phone.device.notes.to_string()
    }

    /// Changes the notes of a device by hand.
    fn touch(&self, device: &str, notes: &str) {
        let fields = fields(serde_json::json!({ "notes": notes }));
        let edit = Edit::DeviceEdit { device: device.to_owned(), fields };
        let request = Request { edits: vec![edit], dry_run: false, if_match: None };
        self.at_desk(|desk| perform(desk, &administrator(), &request)).unwrap();
    }

    /// Gives the lines of the audit log of operations that begin so.
    fn audited(&self, operation: &str) -> Vec<Found> {
        let search = Search { operation: Some(operation.to_owned()), ..Search::default() };
        Log::at(&self.site.path("state")).search(&search).unwrap()
    }
}

fn login(id: &str) -> Caller {
    let (account, login) =
        if id == "administrator" { ("administrator", None) } else { ("user", Some(id.to_owned())) };
    Caller { account: account.to_owned(), login, through: Through::Session, peer: None, run: None }
}

fn administrator() -> Caller {
    login("administrator")
}

fn fields(value: Value) -> Fields {
    let Value::Object(fields) = value else { panic!("fields are a table") };
    fields
}

/// Orders an on-demand job.
fn asked(job: &str, values: Value) -> Order {
    Order::new(job, Input::Values(fields(values)))
}

/// Orders a bulk job.
fn rows(job: &str, csv: &str) -> Order {
    Order::new(job, Input::Rows { bytes: csv.as_bytes().to_vec(), format: Format::Csv })
}
