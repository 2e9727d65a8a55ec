//! Operations: through the functions that the command line and the API call, on the files of a site.

mod account;
mod account_level;
mod device_add;
mod device_edit;
mod device_look;
mod dry_run;
mod extension;
mod login;
mod odd;
mod preferences;
mod requests;
mod template;

use bellhop::operation::{
    Caller, Code, Edit, Fields, Outcome, Page, Problem, Query, Request, Through, look, perform,
};
use bellhop::reload::Loader;
use serde_json::Value;

use crate::support::Site;

/// Two providers, of which one has what the tests are about and the other is a stranger.
const FLEET: &str = r#"
# The provider that the tests are about.
[[provider]]
id = "sp"
name = "Provider"
provisioning = "modify"

[[organization]]
id = "org"
provider = "sp"
name = "Organization"
provisioning = "view"

[[user]]
id = "user"
organization = "org"
name = "User"

[[extension]]
number = "0087*001"
user = "user"
provisioning = "modify"
display-name = "First"
sip = { password = "CANARY-sip-1" }

[[extension]]
number = "0087*002"
user = "user"
provisioning = "view"
display-name = "Second"
sip = { password = "CANARY-sip-2" }

[[extension]]
number = "0087*003"
user = "user"
provisioning = "modify"
display-name = "Third"
sip = { password = "CANARY-sip-3" }

[[device]]
serial = "t4h7k2m9x3q8w6e5r1y0u9p2an"   # kept
name = "Desk"
model = "yealink/t46s"
mac = "00:15:65:4A:A9:37"
admin-password = "CANARY-admin"
protocol = "http"
owner = "sp"
organization = "org"
lines = ["0087*001"]
settings = { user-password = "CANARY-user" }
"#;

/// The stranger's records; nothing of them may be told to the others.
const STRANGER: &str = r#"
[[provider]]
id = "stranger-sp"
name = "Stranger provider"
provisioning = "modify"

[[organization]]
id = "stranger-org"
provider = "stranger-sp"
name = "Stranger organization"
provisioning = "modify"

[[user]]
id = "stranger-user"
organization = "stranger-org"
name = "Stranger user"
provisioning = "modify"

[[extension]]
number = "0999*001"
user = "stranger-user"

[[extension]]
number = "0999*002"
user = "stranger-user"

[[device]]
serial = "strangerserialk7x2m9q4w8e6"
name = "Stranger phone"
model = "yealink/t46s"
mac = "00:15:65:99:99:99"
protocol = "http"
owner = "stranger-sp"
lines = ["0999*001"]
"#;

/// The serial of the device `Desk`.
const SERIAL: &str = "t4h7k2m9x3q8w6e5r1y0u9p2an";

/// The serial of the stranger's device.
const STRANGE_SERIAL: &str = "strangerserialk7x2m9q4w8e6";

fn site() -> Site {
    Site::new().write("fleet/sp/org.toml", FLEET).write("fleet/stranger.toml", STRANGER)
}

fn caller(account: &str) -> Caller {
    Caller { account: account.to_owned(), login: None, through: Through::Shell, peer: None, run: None }
}

/// Makes fields of JSON.
fn fields(value: Value) -> Fields {
    let Value::Object(fields) = value else { panic!("fields are a table") };
    fields
}

fn request(edits: Vec<Edit>) -> Request {
    Request { edits, dry_run: false, if_match: None }
}

/// Does a request as an account, where no server runs.
fn ask(site: &Site, account: &str, request: &Request) -> Result<Outcome, Problem> {
    let mut loader = Loader::new(&site.path("bellhop.toml")).expect("the configuration is good");
    let mut desk = loader.desk();
    perform(&mut desk, &caller(account), request)
}

/// Does one edit, which must succeed, and gives what it answers.
fn done(site: &Site, account: &str, edit: Edit) -> Value {
    let mut outcome = ask(site, account, &request(vec![edit])).expect("the edit is allowed");
    assert!(outcome.changed, "{:?}", outcome.results);
    outcome.results.remove(0)
}

/// Does one edit, which must be refused and change nothing.
fn refused(site: &Site, account: &str, edit: Edit) -> Problem {
    let before = texts(site);
    let problem = ask(site, account, &request(vec![edit])).expect_err("the edit is refused");
    assert_eq!(texts(site), before, "{problem:?}");
    problem
}

fn seen(site: &Site, account: &str, query: &Query) -> Result<Value, Problem> {
    look(&site.load(), &caller(account), query)
}

/// Shows a device to an account that may see it.
fn device(site: &Site, account: &str, device: &str) -> Value {
    seen(site, account, &Query::Device { device: device.to_owned() }).expect("the device is seen")
}

fn is_hidden(site: &Site, account: &str, device: &str) -> bool {
    let problem = seen(site, account, &Query::Device { device: device.to_owned() });
    problem.is_err_and(|problem| problem.code == Code::NotFound)
}

const ALL: Page = Page { offset: 0, limit: usize::MAX };

/// Reads every file of the fleet.
fn texts(site: &Site) -> Vec<(String, String)> {
    let mut texts = Vec::new();
    let mut folders = vec![site.path("fleet")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the fleet is there").filter_map(Result::ok) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "toml") {
                texts.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap_or_default()));
            }
        }
    }
    texts.sort();
    texts
}

/// Gives everything that was said, to look for what must not be in it.
fn said(outcome: &Outcome) -> String {
    serde_json::to_string(outcome).expect("an outcome is JSON")
}
