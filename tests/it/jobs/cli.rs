//! The commands of groups, grants, jobs and runs: their words, what they ask, how they end.

use serde_json::Value;

use crate::support::{ACCOUNTS, Running, Site, command};

/// Exit code, standard output and standard error of a command.
fn run(site: &Site, arguments: &[&str], input: &str) -> (Option<i32>, String, String) {
    let output = command(site, arguments, input);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// Runs a command that must do well; gives what it printed.
fn done(site: &Site, arguments: &[&str], input: &str) -> String {
    let (code, out, err) = run(site, arguments, input);
    assert_eq!(code, Some(0), "{arguments:?}: {out}{err}");
    out
}

fn json(site: &Site, arguments: &[&str]) -> Value {
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

fn site() -> Site {
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
