//! The commands of groups, grants, jobs and runs: their words, what they ask, how they end.

use serde_json::Value;

use crate::support::{ACCOUNTS, Running, Site, command};

/// Exit code, standard output and standard error of a command.
pub(super) fn run(site: &Site, arguments: &[&str], input: &str) -> (Option<i32>, String, String) {
    let output = command(site, arguments, input);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// Runs a command that must do well; gives what it printed.
pub(super) fn done(site: &Site, arguments: &[&str], input: &str) -> String {
    let (code, out, err) = run(site, arguments, input);
    assert_eq!(code, Some(0), "{arguments:?}: {out}{err}");
    out
}

pub(super) fn json(site: &Site, arguments: &[&str]) -> Value {
    serde_json::from_str(&done(site, &[arguments, &["--json"]].concat(), "")).unwrap()
}

#[test]
fn the_operator_acts_as_a_login_by_its_id_and_says_which_where_an_account_has_the_same() {
    let logins = "[[login]]\nid = \"anna\"\nname = \"Anna\"\naccount = \"org\"\n\n\
                  [[login]]\nid = \"user\"\nname = \"Same\"\naccount = \"sp\"\n\n\
                  [[login]]\nid = \"gone\"\nname = \"Gone\"\naccount = \"org\"\nstatus = \"disabled\"\n";
    let accounts = ACCOUNTS.replace("name = \"User\"", "name = \"User\"\nprovisioning = \"modify\"");
    let site = Site::with_phone().write("fleet/accounts.toml", &accounts).write("fleet/logins.toml", logins);
    let check = |site: &Site| {
        for (who, account) in [
            ("anna", "org"),
            ("login:anna", "org"),
            ("org", "org"),
            ("0087*001", "0087*001"),
            ("login:user", "sp"),
            ("account:user", "user"),
            ("administrator", "administrator"),
        ] {
            assert_eq!(json(site, &["as", who, "self"])["account"], account, "{who}");
        }
        for (who, code, part) in [
            ("user", 2, "write `account:user` or `login:user`"),
            ("ana", 4, "did you mean `anna`?"),
            ("login:org", 4, "there is no account or login `login:org` to act as"),
            ("gone", 4, "the login `gone` is disabled"),
            ("account:anna", 4, "to act as"),
        ] {
            let (ended, out, err) = run(site, &["as", who, "self"], "");
            assert_eq!((ended, out.as_str()), (Some(code), ""), "{who}: {err}");
            assert!(err.contains(part), "{who}: {err}");
        }
        done(site, &["as", "anna", "device", "edit", "Desk", "--notes", "by Anna"], "");
    };
    check(&site);
    let server = Running::start(site);
    server.command(&["device", "edit", "Desk", "--notes", "before"]);
    check(&server.site);
    let noted = json(&server.site, &["audit", "search", "--operation", "device-edit", "--who", "org"]);
    let logins: Vec<&Value> = noted.as_array().unwrap().iter().map(|line| &line["login"]).collect();
    assert_eq!(logins, ["anna", "anna"], "{noted}");
}

/// Two logins, and two jobs of the organization.
const RECORDS: &str = r#"
[[login]]
id = "anna"
name = "Anna"
account = "org"

[[login]]
id = "bert"
name = "Bert"
account = "org"

[[job]]
id = "create"
name = "Create a Device"
platform = "org"
kind = "on-demand"
operation = "device.create"
fields = { mac = { required = true }, name = { default = "Phone" }, model = { fixed = "yealink/t46s" } }

[[job]]
id = "import"
name = "Import"
platform = "org"
kind = "bulk"
operation = "device.create"
fields = { mac = {}, name = {}, model = { fixed = "yealink/t46s" } }
"#;

pub(super) fn site() -> Site {
    Site::with_phone().config("[features]\nprovisioning-jobs = true\n").write("fleet/jobs.toml", RECORDS)
}

#[test]
fn groups_and_grants_are_managed_by_commands() {
    let site = site();
    done(&site, &["group", "add", "help-desk", "--name", "Help desk"], "");
    done(&site, &["group", "join", "help-desk", "anna", "bert"], "");
    done(&site, &["group", "leave", "help-desk", "bert"], "");
    let group = json(&site, &["group", "show", "help-desk"]);
    assert_eq!((&group["name"], &group["logins"]), (&"Help desk".into(), &serde_json::json!(["anna"])));
    let added = ["grant", "add", "desk", "--group", "help-desk", "--platform", "org", "--provisioning"];
    done(&site, &added, "");
    done(&site, &["grant", "permit", "desk", "create", "import"], "");
    done(&site, &["grant", "revoke", "desk", "import"], "");
    done(&site, &["grant", "edit", "desk", "--bulk-admin", "false", "--on-demand-admin=false"], "");
    let grant = json(&site, &["grant", "show", "desk"]);
    assert_eq!((&grant["provisioning"], &grant["bulk-admin"]), (&true.into(), &false.into()), "{grant}");
    assert_eq!(
        (&grant["on-demand-jobs"], &grant["bulk-jobs"]),
        (&serde_json::json!(["create"]), &serde_json::json!([]))
    );
    let listed = json(&site, &["grant", "list", "--login", "anna"]);
    assert_eq!(listed.as_array().unwrap().len(), 1, "by the group: {listed}");
    let table = done(&site, &["grant", "list"], "");
    assert!(table.lines().nth(1).unwrap().starts_with("desk "), "{table}");
    for (code, arguments, part) in [
        (2, &["grant", "add", "--platform", "org"][..], "--login"),
        (2, &["grant", "edit", "desk", "--bulk-admin", "perhaps"], "true"),
        (2, &["group", "remove", "help-desk"], "give --yes"),
        (1, &["group", "show", "help-dsk"], "did you mean `help-desk`?"),
        (1, &["grant", "permit", "dsk", "create"], "did you mean `desk`?"),
        (4, &["as", "anna", "group", "add", "more"], "administrator"),
    ] {
        let (ended, out, err) = run(&site, arguments, "");
        assert_eq!(ended, Some(code), "{arguments:?}: {out}{err}");
        assert!(err.contains(part), "{arguments:?}: {err}");
    }
    done(&site, &["group", "remove", "help-desk", "--yes"], "");
    assert_eq!(json(&site, &["grant", "list"]), serde_json::json!([]), "its grants went with it");
}

#[test]
fn jobs_are_built_from_flags_and_from_files() {
    let site = site().write("secret", "CANARY-fixed\n");
    let secret = format!("admin-password={}", site.path("secret").display());
    let built = [
        "job",
        "add",
        "phone",
        "--name",
        "A Phone",
        "--platform",
        "org",
        "--kind",
        "on-demand",
        "--operation",
        "device.create",
        "--field",
        "mac=ask,required,label:MAC address",
        "--field",
        "name=default:Phone",
        "--field",
        "model=fixed:yealink/t46s",
        "--field-file",
        &secret,
        "--approval",
        "--at",
        "2030-12-01 22:00",
        "--zone",
        "Europe/Vienna",
    ];
    let told = done(&site, &built, "");
    assert!(!told.contains("CANARY"), "{told}");
    let job = json(&site, &["job", "show", "phone"]);
    assert_eq!(job["fields"]["mac"], serde_json::json!({ "required": true, "label": "MAC address" }));
    assert_eq!((&job["fields"]["name"]["default"], &job["edition"]), (&"Phone".into(), &1.into()), "{job}");
    assert_eq!((&job["approval"], &job["start-at"]), (&true.into(), &"2030-12-01T22:00".into()));
    // What `show` tells is what a job can be made of again.
    let again = job.to_string();
    done(&site, &["job", "add", "copy", "--from", "-", "--field", "admin-password=fixed:generate"], &again);
    done(
        &site,
        &[
            "job",
            "edit",
            "copy",
            "--field",
            "name=ask,required",
            "--unset",
            "fields.mac",
            "--unset",
            "approval",
        ],
        "",
    );
    let copy = json(&site, &["job", "show", "copy"]);
    assert_eq!(
        (&copy["fields"]["name"], &copy["fields"]["mac"]),
        (&serde_json::json!({ "required": true }), &Value::Null)
    );
    assert_eq!((&copy["edition"], &copy["approval"]), (&2.into(), &false.into()), "{copy}");
    let toml = "[[job]]\nid = \"rows\"\nplatform = \"org\"\nkind = \"bulk\"\noperation = \"device.edit\"\nbatch = 100\n\
                fields = { notes = {} }\n";
    done(&site, &["job", "add", "--from", "-", "--column", "Device MAC=mac", "--column", "Room=notes"], toml);
    let rows = json(&site, &["job", "show", "rows"]);
    assert_eq!(rows["columns"], serde_json::json!({ "Device MAC": "mac", "Room": "notes" }));
    let form: Value = serde_json::from_str(&done(&site, &["job", "form", "phone"], "")).unwrap();
    assert_eq!(form["required"], serde_json::json!(["mac"]));
    assert_eq!(json(&site, &["job", "list", "--kind", "bulk"]).as_array().unwrap().len(), 2);
    done(&site, &["job", "remove", "copy", "--yes"], "");
    assert!(done(&site, &["job", "mappings"], "").contains("fusionpbx"));
    assert!(done(&site, &["job", "mappings", "fusionpbx"], "").contains("device_address"));
    let kept = std::fs::read_to_string(site.path("state/audit.log")).unwrap();
    assert!(!kept.contains("CANARY"), "{kept}");
}

#[test]
fn jobs_that_make_no_sense_are_refused_with_the_nearest_word() {
    let site = site();
    let add = ["job", "add", "new", "--platform", "org", "--kind", "on-demand", "--operation"];
    for (code, arguments, part) in [
        (1, [&add[..], &["device.creat"]].concat(), "device.create"),
        (1, [&add[..], &["device.edit", "--field", "nmae"]].concat(), "name"),
        (2, [&add[..], &["device.edit", "--field", "name=askk"]].concat(), "did you mean `ask`?"),
        (2, [&add[..], &["device.edit", "--field", "admin-password=fixed:CANARY"]].concat(), "--field-file"),
        (2, vec!["job", "add", "--platform", "org"], "<ID>"),
        (2, vec!["job", "edit", "create", "--unset", "aproval"], "did you mean `approval`?"),
        (2, vec!["job", "remove", "create"], "give --yes"),
        (1, vec!["job", "form", "creat"], "did you mean `create`?"),
        (2, vec!["job", "mappings", "fusion"], "did you mean `fusionpbx`?"),
        (1, vec!["as", "anna", "job", "show", "create"], "as far as you may see"),
    ] {
        let (ended, out, err) = run(&site, &arguments, "");
        assert_eq!(ended, Some(code), "{arguments:?}: {out}{err}");
        assert!(err.contains(part) && !err.contains("CANARY"), "{arguments:?}: {err}");
    }
}
