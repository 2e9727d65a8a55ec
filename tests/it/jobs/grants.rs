//! Groups and grants: who edits them, what they bring a login, and what goes with what is removed.

use bellhop::model::RecordKind;
use bellhop::operation::{
    Caller, Code, Edit, Fields, Outcome, Page, Problem, Query, Request, RunRef, Through, look, perform,
};
use bellhop::reload::Loader;
use serde_json::{Value, json};

use crate::support::{DEVICE, Site};

const FLEET: &str = r#"
[[provider]]
id = "sp"
name = "Provider"

[[organization]]
id = "org"
provider = "sp"
name = "Organization"
provisioning = "modify"

[[organization]]
id = "org2"
provider = "sp"
name = "Neighbour"

[[user]]
id = "user"
organization = "org"

[[extension]]
number = "0087*001"
user = "user"

[[login]]
id = "mary"
account = "user"

[[login]]
id = "paul"
account = "user"

[[login]]
id = "org-chief"
account = "org"

[[login]]
id = "chief"
account = "administrator"

[[job]]
id = "create"
name = "Create a Device"
platform = "org"
kind = "on-demand"
operation = "device.create"
fields = { name = { required = true }, model = { fixed = "yealink/t46s" }, admin-password = { fixed = "CANARY-fixed" } }

[[job]]
id = "delete"
name = "Delete Device"
platform = "org"
kind = "on-demand"
operation = "device.delete"

[[job]]
id = "rows"
name = "Rows"
platform = "org"
kind = "bulk"
operation = "device.edit"
fields = { notes = {} }

[[job]]
id = "neighbours"
platform = "org2"
kind = "on-demand"
operation = "device.clear"
"#;

const ALL: Page = Page { offset: 0, limit: usize::MAX };

fn site() -> Site {
    Site::new()
        .config("\n[features]\nprovisioning-jobs = true\n")
        .write("fleet/sp.toml", FLEET)
        .write("fleet/device.toml", DEVICE)
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

fn administrator() -> Caller {
    caller("administrator", None)
}

fn mary() -> Caller {
    caller("user", Some("mary"))
}

fn fields(value: Value) -> Fields {
    let Value::Object(fields) = value else { panic!("fields are a table") };
    fields
}

fn ask(site: &Site, caller: &Caller, edits: &[Edit]) -> Result<Outcome, Problem> {
    let mut loader = Loader::new(&site.path("bellhop.toml")).expect("the configuration is good");
    let request = Request { edits: edits.to_vec(), dry_run: false, if_match: None };
    perform(&mut loader.desk(), caller, &request)
}

/// Does one edit as the administrator, and gives what it answers and whether anything changed.
fn done(site: &Site, edit: Edit) -> (Value, bool) {
    let mut outcome = ask(site, &administrator(), &[edit]).expect("the edit is allowed");
    (outcome.results.remove(0), outcome.changed)
}

fn refused(site: &Site, caller: &Caller, edit: Edit) -> Problem {
    ask(site, caller, &[edit]).expect_err("the edit is refused")
}

fn grant(site: &Site, record: Value) -> String {
    let (told, _) = done(site, Edit::GrantAdd { fields: fields(record) });
    told["id"].as_str().expect("a grant has an id").to_owned()
}

fn group(site: &Site, id: &str, logins: &[&str]) {
    done(site, Edit::GroupAdd { fields: fields(json!({ "id": id, "name": "Help desk", "logins": logins })) });
}

fn seen(site: &Site, caller: &Caller, query: &Query) -> Result<Value, Problem> {
    look(&site.load(), caller, query)
}

/// Tells which jobs a caller may run on a platform, and which kinds it builds, edits and deletes.
fn rights(site: &Site, caller: &Caller, platform: &str) -> (Vec<String>, String) {
    let snapshot = site.load();
    let rights = caller.job_rights(&snapshot, platform);
    let runs = snapshot.jobs().filter(|job| rights.may_run(job)).map(|job| job.id.to_string()).collect();
    let mut verbs = String::new();
    for (letter, kind) in [('b', bellhop::model::JobKind::Bulk), ('d', bellhop::model::JobKind::OnDemand)] {
        for (verb, may) in [
            ("create", rights.may_create(kind)),
            ("edit", rights.may_edit(kind)),
            ("delete", rights.may_delete(kind)),
        ] {
            if may {
                verbs += &format!(" {letter}-{verb}");
            }
        }
    }
    (runs, verbs.trim_start().to_owned())
}

fn runs(site: &Site, caller: &Caller, platform: &str) -> Vec<String> {
    rights(site, caller, platform).0
}

fn set(site: &Site, id: &str, changes: Value) {
    done(site, Edit::GrantEdit { grant: id.to_owned(), fields: fields(changes) });
}

#[test]
fn a_bulk_admin_builds_and_deletes_bulk_jobs_and_edits_none() {
    let site = site();
    let id =
        grant(&site, json!({ "login": "mary", "platform": "org", "provisioning": true, "bulk-admin": true }));
    assert_eq!(rights(&site, &mary(), "org"), (vec!["rows".to_owned()], "b-create b-delete".to_owned()));
    set(&site, &id, json!({ "provisioning-administrator": true }));
    assert!(rights(&site, &mary(), "org").1.contains("b-edit"));
}

#[test]
fn what_a_login_and_its_groups_are_granted_adds_up() {
    let site = site();
    group(&site, "desk", &["mary"]);
    group(&site, "others", &["paul"]);
    let listed = |holder: Value, job: &str| {
        let mut record = fields(holder);
        record.extend(fields(json!({ "platform": "org", "provisioning": true, "on-demand-jobs": [job] })));
        grant(&site, Value::Object(record))
    };
    listed(json!({ "login": "mary" }), "create");
    assert_eq!(runs(&site, &mary(), "org"), ["create"]);
    listed(json!({ "group": "desk" }), "delete");
    assert_eq!(runs(&site, &mary(), "org"), ["create", "delete"]);
    let others = listed(json!({ "group": "others" }), "create");
    set(&site, &others, json!({ "bulk-admin": true }));
    assert_eq!(
        rights(&site, &mary(), "org"),
        (vec!["create".to_owned(), "delete".to_owned()], String::new())
    );
    // Joining brings what the group is granted at once, and leaving takes it.
    done(&site, Edit::GroupJoin { group: "others".into(), login: "mary".into() });
    assert_eq!(
        rights(&site, &mary(), "org"),
        (["create", "delete", "rows"].map(str::to_owned).to_vec(), "b-create b-delete".to_owned())
    );
    done(&site, Edit::GroupLeave { group: "others".into(), login: "mary".into() });
    done(&site, Edit::GroupLeave { group: "desk".into(), login: "mary".into() });
    assert_eq!(runs(&site, &mary(), "org"), ["create"]);
}

#[test]
fn lists_and_switches_are_kept_and_ignored_under_a_provisioning_administrator() {
    let site = site();
    let id = grant(
        &site,
        json!({
            "login": "mary", "platform": "org", "provisioning": true, "on-demand-admin": true, "bulk-jobs": ["rows"],
        }),
    );
    let before = rights(&site, &mary(), "org");
    set(&site, &id, json!({ "provisioning-administrator": true, "on-demand-admin": false }));
    let (all, verbs) = rights(&site, &mary(), "org");
    assert_eq!((all.len(), verbs.split(' ').count()), (3, 6), "everything, whatever the switches below say");
    let kept = seen(&site, &administrator(), &Query::Grant { grant: id.clone() }).unwrap();
    assert_eq!(kept["bulk-jobs"], json!(["rows"]));
    set(&site, &id, json!({ "provisioning-administrator": false, "on-demand-admin": true }));
    assert_eq!(rights(&site, &mary(), "org"), before);
}

#[test]
fn a_list_is_kept_and_ignored_while_its_kind_is_administered() {
    let site = site();
    let id = grant(
        &site,
        json!({ "login": "mary", "platform": "org", "provisioning": true, "on-demand-jobs": ["create"] }),
    );
    set(&site, &id, json!({ "on-demand-admin": true }));
    assert_eq!(runs(&site, &mary(), "org"), ["create", "delete"]);
    let kept = seen(&site, &administrator(), &Query::Grant { grant: id.clone() }).unwrap();
    assert_eq!(kept["on-demand-jobs"], json!(["create"]));
    set(&site, &id, json!({ "on-demand-admin": false }));
    assert_eq!(runs(&site, &mary(), "org"), ["create"]);
}

#[test]
fn without_the_license_every_right_is_void_at_once_and_the_records_stay() {
    let site = site();
    group(&site, "desk", &["mary"]);
    grant(
        &site,
        json!({ "group": "desk", "platform": "org", "provisioning": true, "provisioning-administrator": true }),
    );
    assert_eq!(runs(&site, &mary(), "org").len(), 3);
    assert_eq!(runs(&site, &administrator(), "org").len(), 3);
    let unlicensed = site.config("\n[features]\nprovisioning-jobs = false\n");
    for caller in [mary(), administrator(), caller("administrator", Some("chief"))] {
        assert_eq!(rights(&unlicensed, &caller, "org"), (Vec::new(), String::new()), "{caller:?}");
    }
    let snapshot = unlicensed.load();
    assert_eq!((snapshot.jobs().count(), snapshot.grants().count(), snapshot.groups().count()), (4, 1, 1));
    // The administrator still edits grants, so that all is in order once the license is back.
    done(&unlicensed, Edit::GroupJoin { group: "desk".into(), login: "paul".into() });
    let licensed = unlicensed.config("\n[features]\nprovisioning-jobs = true\n");
    assert_eq!(runs(&licensed, &mary(), "org").len(), 3);
    assert_eq!(runs(&licensed, &caller("user", Some("paul")), "org").len(), 3);
}

#[test]
fn a_grant_is_for_one_platform_alone() {
    let site = site();
    grant(
        &site,
        json!({ "login": "mary", "platform": "org2", "provisioning": true, "provisioning-administrator": true }),
    );
    assert_eq!(rights(&site, &mary(), "org"), (Vec::new(), String::new()), "a neighbour's");
    assert_eq!(runs(&site, &mary(), "org2"), ["neighbours"]);
    // A grant for a provider is not one for its organizations, nor the other way round.
    grant(
        &site,
        json!({ "login": "paul", "platform": "sp", "provisioning": true, "provisioning-administrator": true }),
    );
    let paul = caller("user", Some("paul"));
    assert_eq!(rights(&site, &paul, "org"), (Vec::new(), String::new()));
    assert_eq!(rights(&site, &paul, "sp").1.split(' ').count(), 6);
    // The job of one platform stands on no list of another.
    let wrong = json!({ "login": "paul", "platform": "org", "on-demand-jobs": ["neighbours"] });
    let problem = refused(&site, &administrator(), Edit::GrantAdd { fields: fields(wrong) });
    assert_eq!(
        (problem.code, problem.field.as_deref()),
        (Code::Invalid, Some("on-demand-jobs")),
        "{problem}"
    );
}

#[test]
fn an_account_has_no_right_to_a_job_by_its_level() {
    let site = site();
    for caller in [caller("org", None), caller("org", Some("org-chief"))] {
        assert_eq!(rights(&site, &caller, "org"), (Vec::new(), String::new()), "{caller:?}");
    }
}

#[test]
fn only_administrators_see_and_edit_groups_and_grants() {
    let site = site();
    group(&site, "desk", &["mary"]);
    let all = json!({
        "login": "org-chief", "platform": "org", "provisioning": true, "provisioning-administrator": true,
    });
    let id = grant(&site, all);
    let before = std::fs::read_to_string(site.path("fleet/administrator.toml")).unwrap();
    // Not even who administers all jobs of the platform, and has modify over it.
    let chief = caller("org", Some("org-chief"));
    let run = RunRef { undoes: false, job: "create".into(), run: "r1".into(), platform: "org".into() };
    let in_a_run = Caller { run: Some(run), ..administrator() };
    let own = || fields(json!({ "login": "org-chief", "platform": "sp", "provisioning": true }));
    for caller in [chief, mary(), in_a_run] {
        for (edit, code) in [
            (Edit::GroupAdd { fields: fields(json!({ "id": "mine" })) }, Code::Forbidden),
            (
                Edit::GroupEdit { group: "desk".into(), fields: fields(json!({ "name": "x" })) },
                Code::NotFound,
            ),
            (Edit::GroupJoin { group: "desk".into(), login: "org-chief".into() }, Code::NotFound),
            (Edit::GroupLeave { group: "desk".into(), login: "mary".into() }, Code::NotFound),
            (Edit::GroupRemove { group: "desk".into() }, Code::NotFound),
            (Edit::GrantAdd { fields: own() }, Code::Forbidden),
            (
                Edit::GrantEdit { grant: id.clone(), fields: fields(json!({ "bulk-admin": true })) },
                Code::NotFound,
            ),
            (Edit::GrantPermit { grant: id.clone(), job: "create".into() }, Code::NotFound),
            (Edit::GrantRevoke { grant: id.clone(), job: "create".into() }, Code::NotFound),
            (Edit::GrantRemove { grant: id.clone() }, Code::NotFound),
        ] {
            assert_eq!(refused(&site, &caller, edit.clone()).code, code, "{caller:?}: {edit:?}");
        }
        for query in [
            Query::Groups { page: ALL },
            Query::Grants { login: None, group: None, platform: None, page: ALL },
        ] {
            assert_eq!(seen(&site, &caller, &query).unwrap_err().code, Code::Forbidden);
        }
        // What is there is told of like what is not.
        let [known, unknown] = [id.as_str(), "nothing"].map(|id| {
            let problem = seen(&site, &caller, &Query::Grant { grant: id.to_owned() }).unwrap_err();
            problem.message.replace(id, "…")
        });
        assert_eq!(known, unknown);
    }
    assert_eq!(std::fs::read_to_string(site.path("fleet/administrator.toml")).unwrap(), before);
    let chief = caller("administrator", Some("chief"));
    assert!(ask(&site, &chief, &[Edit::GrantRemove { grant: id }]).unwrap().changed);
}

#[test]
fn a_login_is_told_its_own_groups_and_rights() {
    let site = site();
    group(&site, "desk", &["mary"]);
    grant(
        &site,
        json!({ "group": "desk", "platform": "org", "provisioning": true, "on-demand-jobs": ["create"] }),
    );
    grant(&site, json!({ "login": "mary", "platform": "org2", "provisioning": true, "bulk-admin": true }));
    grant(&site, json!({ "login": "mary", "platform": "sp", "bulk-admin": true }));
    let told = seen(&site, &mary(), &Query::Self_).unwrap();
    assert_eq!((&told["login"], &told["groups"]), (&json!("mary"), &json!(["desk"])));
    assert_eq!(
        told["platforms"],
        json!([
            {
                "platform": "org", "kind": "organization", "name": "Organization",
                "creates": [], "edits": [], "deletes": [], "runs": ["create"],
            },
            {
                "platform": "org2", "kind": "organization", "name": "Neighbour",
                "creates": ["bulk"], "edits": [], "deletes": ["bulk"], "runs": [],
            },
        ])
    );
    let told = seen(&site, &caller("user", Some("paul")), &Query::Self_).unwrap();
    assert_eq!((&told["groups"], &told["platforms"]), (&json!([]), &json!([])));
}

#[test]
fn a_login_that_is_removed_takes_its_grants_and_leaves_its_groups() {
    let site = site();
    group(&site, "desk", &["mary", "paul"]);
    let id = grant(&site, json!({ "login": "mary", "platform": "org", "provisioning": true }));
    let kept = grant(&site, json!({ "group": "desk", "platform": "org", "provisioning": true }));
    // Whoever may remove the login removes what is its along with it, without any right to grants.
    let outcome = ask(&site, &caller("org", None), &[Edit::LoginRemove { login: "mary".into() }]).unwrap();
    assert!(outcome.changed);
    let snapshot = site.load();
    assert!(snapshot.grant(&id).is_none() && snapshot.grant(&kept).is_some());
    let members: Vec<&str> = snapshot.group("desk").unwrap().logins.iter().map(|id| &**id).collect();
    assert_eq!(members, ["paul"]);
    // All of it is in the audit log.
    let log = std::fs::read_to_string(site.path("state/audit.log")).unwrap();
    for record in [format!("grant {id}"), "group desk".to_owned(), "login mary".to_owned()] {
        let is_told = |line: &&str| line.contains(&record) && line.contains("login-remove");
        assert!(log.lines().any(|line| is_told(&line)), "{record}: {log}");
    }
}

#[test]
fn a_group_that_is_removed_takes_its_grants_and_no_login() {
    let site = site();
    group(&site, "desk", &["mary", "paul"]);
    let held = grant(&site, json!({ "group": "desk", "platform": "org", "provisioning": true }));
    let kept = grant(&site, json!({ "login": "mary", "platform": "org", "provisioning": true }));
    done(&site, Edit::GroupRemove { group: "desk".into() });
    let snapshot = site.load();
    assert!(snapshot.group("desk").is_none() && snapshot.grant(&held).is_none());
    assert!(snapshot.grant(&kept).is_some() && snapshot.login("mary").is_some());
}

#[test]
fn a_platform_with_jobs_or_grants_stays() {
    let site = site();
    let remove = || Edit::AccountRemove { account: "org2".into() };
    let problem = refused(&site, &administrator(), remove());
    assert_eq!(problem.code, Code::Conflict);
    assert!(problem.message.contains("1 job (`neighbours`)"), "{problem}");
    let text = FLEET.split("[[job]]\nid = \"neighbours\"").next().unwrap();
    site.put("fleet/sp.toml", text);
    let id = grant(&site, json!({ "login": "mary", "platform": "org2" }));
    let problem = refused(&site, &administrator(), remove());
    assert!(problem.message.contains(&format!("1 grant (`{id}`)")), "{problem}");
    done(&site, Edit::GrantRemove { grant: id });
    done(&site, remove());
}

#[test]
fn a_grant_is_named_after_its_holder_and_platform_and_there_is_one_for_both() {
    let site = site();
    group(&site, "mary", &[]);
    let first = grant(&site, json!({ "login": "mary", "platform": "org" }));
    assert_eq!(first, "mary.org");
    // A group of the same name is another holder.
    assert_eq!(grant(&site, json!({ "group": "mary", "platform": "org" })), "mary.org.2");
    let again = fields(json!({ "login": "mary", "platform": "org", "provisioning": true }));
    let problem = refused(&site, &administrator(), Edit::GrantAdd { fields: again });
    assert_eq!(problem.code, Code::Conflict);
    assert!(problem.message.contains("`mary.org`"), "{problem}");
    let chosen = grant(&site, json!({ "id": "front-desk", "login": "paul", "platform": "org" }));
    assert_eq!(chosen, "front-desk");
    let list = |login: Option<&str>, group: Option<&str>, platform: Option<&str>| {
        let [login, group, platform] = [login, group, platform].map(|id| id.map(str::to_owned));
        let told =
            seen(&site, &administrator(), &Query::Grants { login, group, platform, page: ALL }).unwrap();
        let ids = told["rows"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(list(None, None, None), ["front-desk", "mary.org", "mary.org.2"]);
    assert_eq!(list(Some("mary"), None, None), ["mary.org"]);
    assert_eq!(list(None, Some("mary"), None), ["mary.org.2"]);
    assert_eq!(list(None, None, Some("org2")), [""; 0]);
    done(&site, Edit::GroupJoin { group: "mary".into(), login: "paul".into() });
    assert_eq!(list(Some("paul"), None, None), ["front-desk", "mary.org.2"]);
}

#[test]
fn a_job_is_put_on_the_list_of_its_kind_and_taken_off() {
    let site = site();
    let id = grant(&site, json!({ "login": "mary", "platform": "org", "provisioning": true }));
    let permit = |job: &str| Edit::GrantPermit { grant: id.clone(), job: job.to_owned() };
    let revoke = |job: &str| Edit::GrantRevoke { grant: id.clone(), job: job.to_owned() };
    done(&site, permit("rows"));
    let (told, changed) = done(&site, permit("create"));
    assert!(changed);
    assert_eq!((&told["bulk-jobs"], &told["on-demand-jobs"]), (&json!(["rows"]), &json!(["create"])));
    assert!(!done(&site, permit("create")).1, "it is there already");
    assert_eq!(refused(&site, &administrator(), permit("nothing")).code, Code::NotFound);
    assert_eq!(refused(&site, &administrator(), permit("neighbours")).code, Code::Invalid);
    let (told, _) = done(&site, revoke("rows"));
    assert_eq!(told["bulk-jobs"], json!([]));
    assert!(!done(&site, revoke("rows")).1, "it is off already");
    assert_eq!(refused(&site, &administrator(), revoke("nothing")).code, Code::NotFound);
    // A name that stands for no job any more is told of, counts for nothing, and can be taken off.
    let text = std::fs::read_to_string(site.path("fleet/administrator.toml")).unwrap();
    site.put("fleet/administrator.toml", &text.replace("\"create\"", "\"create\", \"long-gone\""));
    let (_, warnings) = site.try_load().unwrap();
    assert!(warnings.iter().any(|warning| warning.message.contains("`long-gone`")), "{warnings:?}");
    assert_eq!(runs(&site, &mary(), "org"), ["create"]);
    let (told, _) = done(&site, revoke("long-gone"));
    assert_eq!(told["on-demand-jobs"], json!(["create"]));
}

#[test]
fn a_grant_keeps_its_holder_and_platform() {
    let site = site();
    let id = grant(&site, json!({ "login": "mary", "platform": "org" }));
    for change in [json!({ "login": "paul" }), json!({ "platform": "org2" }), json!({ "id": "x" })] {
        let edit = Edit::GrantEdit { grant: id.clone(), fields: fields(change.clone()) };
        let problem = refused(&site, &administrator(), edit);
        assert_eq!(problem.code, Code::Invalid, "{change}");
        assert_eq!(problem.field.as_deref(), change.as_object().unwrap().keys().next().map(String::as_str));
    }
    let holders = [
        json!({ "platform": "org" }),
        json!({ "login": "mary", "group": "x", "platform": "org" }),
        json!({ "login": "paul" }),
        json!({ "login": "paul", "platform": "user" }),
    ];
    for record in holders {
        let edit = Edit::GrantAdd { fields: fields(record.clone()) };
        assert_eq!(refused(&site, &administrator(), edit).code, Code::Invalid, "{record}");
    }
    let nobody = Edit::GrantAdd { fields: fields(json!({ "login": "nobody", "platform": "org" })) };
    assert_eq!(refused(&site, &administrator(), nobody).code, Code::NotFound);
}

#[test]
fn a_run_acts_as_its_platform_on_modify_and_is_named_in_the_audit_log() {
    // The platform itself is on none, and strictly so; the runner is a user without any right of its own.
    let site = site().config("\n[features]\nprovisioning-jobs = true\n\n[permissions]\nstrict-none = true\n");
    site.put("fleet/sp.toml", &FLEET.replace("provisioning = \"modify\"", "roles-management = false"));
    let run = RunRef { undoes: false, job: "create".into(), run: "r-1".into(), platform: "org".into() };
    let running = Caller { run: Some(run.clone()), ..mary() };
    let edit = |notes: &str| Edit::DeviceEdit {
        device: "Desk".into(),
        fields: fields(json!({ "notes": notes, "admin-password": "CANARY-new" })),
    };
    for outside in [mary(), caller("org", None)] {
        assert!(ask(&site, &outside, &[edit("not by a run")]).is_err());
    }
    assert!(ask(&site, &running, &[edit("by a run")]).unwrap().changed);
    let level = Edit::LevelSet { account: "user".into(), level: Some("modify".into()) };
    assert!(ask(&site, &running, &[level]).unwrap().changed, "it manages roles, too");
    let log = std::fs::read_to_string(site.path("state/audit.log")).unwrap();
    let line = log.lines().find(|line| line.contains("by a run")).unwrap();
    let line: Value = serde_json::from_str(line).unwrap();
    assert_eq!(
        [&line["account"], &line["login"], &line["job"], &line["run"]],
        [&json!("user"), &json!("mary"), &json!("create"), &json!("r-1")]
    );
    assert!(!log.contains("CANARY"));
    // It is neither the platform's parent nor any administrator, and has to do with no login.
    for (kind, called) in [(RecordKind::Provider, "sp"), (RecordKind::Organization, "org2")] {
        let looked = seen(&site, &running, &Query::Account { account: called.into() });
        assert_eq!(looked.unwrap_err().code, Code::NotFound, "{}", kind.word());
    }
    assert_eq!(seen(&site, &running, &Query::Logins { page: ALL }).unwrap()["total"], 0);
    for platform in ["administrator", "user", "0087*001", "nobody"] {
        let run = RunRef { platform: platform.into(), ..run.clone() };
        let caller = Caller { run: Some(run), ..administrator() };
        let problem = refused(&site, &caller, edit("as anybody else"));
        assert!(matches!(problem.code, Code::Forbidden | Code::NotFound), "{platform}: {problem}");
    }
}

#[test]
fn a_job_that_is_deleted_is_on_no_list_any_more() {
    let site = site();
    let own = grant(
        &site,
        json!({ "login": "mary", "platform": "org", "provisioning": true, "on-demand-jobs": ["create", "delete"] }),
    );
    group(&site, "desk", &["paul"]);
    let groups = grant(
        &site,
        json!({ "group": "desk", "platform": "org", "provisioning": true, "on-demand-jobs": ["create"], "bulk-jobs": ["rows"] }),
    );
    grant(
        &site,
        json!({ "login": "org-chief", "platform": "org", "provisioning": true, "on-demand-admin": true }),
    );
    let remove = |job: &str| Edit::JobRemove { job: job.to_owned() };
    // Who is on the list may not delete it, and who administers the kind may, without any right to grants.
    assert_eq!(refused(&site, &mary(), remove("create")).code, Code::Forbidden);
    assert!(ask(&site, &caller("org", Some("org-chief")), &[remove("create")]).unwrap().changed);
    let snapshot = site.load();
    let listed = |id: &str| {
        let grant = snapshot.grant(id).unwrap();
        let lists = grant.on_demand_jobs.iter().chain(&grant.bulk_jobs);
        lists.map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!((listed(&own), listed(&groups)), (vec!["delete".to_owned()], vec!["rows".to_owned()]));
    let (_, warnings) = site.try_load().unwrap();
    assert!(warnings.is_empty(), "no name is left behind: {warnings:?}");
    // A new job of the same name is on no list.
    let text = std::fs::read_to_string(site.path("fleet/sp.toml")).unwrap();
    site.put("fleet/sp.toml", &format!("{text}\n{}", job("create", "org")));
    assert_eq!(runs(&site, &mary(), "org"), ["delete"]);
}

fn job(id: &str, platform: &str) -> String {
    format!(
        "[[job]]\nid = \"{id}\"\nplatform = \"{platform}\"\nkind = \"on-demand\"\noperation = \"device.clear\"\n"
    )
}

#[test]
fn who_is_on_a_list_sees_the_name_and_the_form_and_nothing_else_of_a_job() {
    let site = site();
    grant(
        &site,
        json!({ "login": "mary", "platform": "org", "provisioning": true, "on-demand-jobs": ["create"] }),
    );
    let query = |job: &str| Query::Job { job: job.to_owned() };
    let told = seen(&site, &mary(), &query("create")).unwrap();
    assert_eq!((&told["name"], &told["runnable"]), (&json!("Create a Device"), &json!(true)));
    let form = seen(&site, &mary(), &Query::JobForm { job: "create".into() }).unwrap();
    assert!(form.to_string().contains("\"name\""), "{form}");
    for told in [&told, &form] {
        assert!(told.get("fields").is_none() && !told.to_string().contains("CANARY"), "{told}");
        assert!(!told.to_string().contains("admin-password"), "what is fixed is not the runner's: {told}");
    }
    let whole = seen(&site, &administrator(), &query("create")).unwrap();
    assert!(whole["fields"]["admin-password"].is_object(), "{whole}");
    assert!(!whole.to_string().contains("CANARY"), "{whole}");
    // A job that is on no list is told of like one that is not there; nobody lists it.
    let [known, unknown] = ["delete", "nothing"].map(|id| {
        let problem = seen(&site, &mary(), &query(id)).unwrap_err();
        (problem.code, problem.message.replace(id, "…"))
    });
    assert_eq!(known, unknown);
    let all = seen(&site, &mary(), &Query::Jobs { filter: Default::default(), page: ALL }).unwrap();
    let ids: Vec<&Value> = all["rows"].as_array().unwrap().iter().map(|row| &row["id"]).collect();
    assert_eq!(ids, ["create"]);
}
