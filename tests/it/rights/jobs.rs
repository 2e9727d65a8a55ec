//! The truth table of grants: every switch, each verb, with a job on the list and without, through the real decisions.

use std::fmt::Write as _;

use bellhop::model::{Job, JobKind};
use bellhop::operation::{Caller, Through};
use bellhop::reload::{Desk, Loader};
use bellhop::rights::{Denial, JobRights, JobSight};

use super::golden::{Table, check};
use crate::support::{ACCOUNTS, Site};

/// What a grant says.
#[derive(Clone, Copy, Default)]
struct Says {
    provisioning: bool,
    administrator: bool,
    bulk: bool,
    on_demand: bool,
    listed: bool,
}

impl Says {
    fn grant(self, holder: &str) -> String {
        let mut text = format!("[[grant]]\nid = \"{}\"\n{holder}\nplatform = \"org\"\n", holder.len());
        for (key, is_on) in [
            ("provisioning", self.provisioning),
            ("provisioning-administrator", self.administrator),
            ("bulk-admin", self.bulk),
            ("on-demand-admin", self.on_demand),
        ] {
            writeln!(text, "{key} = {is_on}").unwrap();
        }
        if self.listed {
            text += "bulk-jobs = [\"over-rows\"]\non-demand-jobs = [\"asked\"]\n";
        }
        text
    }
}

/// The accounts, logins and jobs that the grants are about.
fn records() -> String {
    let mut text = ACCOUNTS.replace("name = \"User\"", "provisioning = \"modify\"");
    for (id, account, status) in [
        ("mary", "user", "enabled"),
        ("gone", "user", "disabled"),
        ("chief", "administrator", "enabled"),
        ("former-chief", "administrator", "disabled"),
    ] {
        write!(text, "[[login]]\nid = \"{id}\"\naccount = \"{account}\"\nstatus = \"{status}\"\n").unwrap();
    }
    for (id, kind) in [("over-rows", "bulk"), ("asked", "on-demand")] {
        write!(text, "[[job]]\nid = \"{id}\"\nplatform = \"org\"\nkind = \"{kind}\"\n").unwrap();
        text += "operation = \"device.clear\"\n";
    }
    text
}

fn site(licensed: bool) -> (Site, Loader) {
    let site = Site::new().config(&format!("\n[features]\nprovisioning-jobs = {licensed}\n"));
    let loader = Loader::new(&site.path("bellhop.toml")).unwrap();
    (site, loader)
}

fn caller(account: &str, login: Option<&str>) -> Caller {
    Caller {
        account: account.to_owned(),
        login: login.map(str::to_owned),
        through: Through::Shell,
        peer: None,
        run: None,
    }
}

const VERBS: [&str; 8] =
    ["bulk create", "bulk run", "bulk edit", "bulk delete", "od create", "od edit", "od delete", "od run"];

const SIGHTS: [&str; 2] = ["bulk seen", "od seen"];

/// Tries every verb of the table, and looks at both jobs.
fn tried(desk: &Desk<'_>, caller: &Caller) -> Vec<String> {
    let snapshot = desk.snapshot();
    let rights = caller.job_rights(snapshot, "org");
    let (bulk, asked) = (snapshot.job("over-rows").unwrap(), snapshot.job("asked").unwrap());
    let word = |decided: Result<(), Denial>| match decided {
        Ok(()) => "yes",
        Err(denial) if denial.hidden => "hidden",
        Err(_) => "no",
    };
    let create = |kind| word(rights.add_job(kind, "new").map(|_| ()));
    let edit = |job| word(rights.edit_job(job).map(|_| ()));
    let delete = |job| word(rights.remove_job(job).map(|_| ()));
    let run = |job| word(rights.run_job(job).map(|_| ()));
    for (kind, job) in [(JobKind::Bulk, bulk), (JobKind::OnDemand, asked)] {
        agree(&rights, kind, job);
    }
    let verbs = [
        create(JobKind::Bulk),
        run(bulk),
        edit(bulk),
        delete(bulk),
        create(JobKind::OnDemand),
        edit(asked),
        delete(asked),
        run(asked),
    ];
    let seen = [bulk, asked].map(|job| match rights.sight(job) {
        None => "-",
        Some(JobSight::Form) => "form",
        Some(JobSight::Whole) => "whole",
    });
    verbs.into_iter().chain(seen).map(str::to_owned).collect()
}

/// What is told of the rights is what the decisions say.
fn agree(rights: &JobRights<'_>, kind: JobKind, job: &Job) {
    assert_eq!(rights.may_create(kind), rights.add_job(kind, "new").is_ok());
    assert_eq!(rights.may_edit(kind), rights.edit_job(job).is_ok());
    assert_eq!(rights.may_delete(kind), rights.remove_job(job).is_ok());
    assert_eq!(rights.may_run(job), rights.run_job(job).is_ok());
    assert_eq!(rights.may_see(job), rights.see_job(job).is_ok());
}

fn row(table: &mut Table, head: &[&str], cells: &[String]) {
    let cells: Vec<&str> = head.iter().copied().chain(cells.iter().map(String::as_str)).collect();
    table.row(&cells);
}

fn columns<'c>(head: &[&'c str]) -> Vec<&'c str> {
    head.iter().copied().chain(VERBS).chain(SIGHTS).collect()
}

/// Every combination of the switches.
fn every() -> impl Iterator<Item = Says> {
    (0..32_u8).map(|bits| {
        let is_on = |bit: u8| bits & (16 >> bit) != 0;
        Says {
            provisioning: is_on(0),
            administrator: is_on(1),
            bulk: is_on(2),
            on_demand: is_on(3),
            listed: is_on(4),
        }
    })
}

fn switches() -> Table {
    let head = ["L", "P", "A", "B", "D", "listed"];
    let mut table = Table::new("What a grant of its own lets a login do", &columns(&head));
    for licensed in [false, true] {
        let (site, mut loader) = site(licensed);
        for says in every() {
            site.put("fleet/fleet.toml", &(records() + &says.grant("login = \"mary\"")));
            let desk = loader.desk();
            let switches =
                [licensed, says.provisioning, says.administrator, says.bulk, says.on_demand, says.listed];
            let head = switches.map(|is_on| if is_on { "1" } else { "0" });
            row(&mut table, &head, &tried(&desk, &caller("user", Some("mary"))));
        }
    }
    table
}

fn others() -> Table {
    let title = "Who has rights without a grant that counts, and who has none in spite of one";
    let mut table = Table::new(title, &columns(&["L", "who"]));
    let all = Says { provisioning: true, administrator: true, ..Says::default() };
    let everybody = [
        ("the administrator at the shell", caller("administrator", None)),
        ("a login of the administrator", caller("administrator", Some("chief"))),
        ("a disabled login of the administrator", caller("administrator", Some("former-chief"))),
        ("a login of another account as the administrator", caller("administrator", Some("mary"))),
        ("a login that is not there as the administrator", caller("administrator", Some("nobody"))),
        ("an account on modify at the shell", caller("user", None)),
        ("a login with A on another platform", caller("user", Some("mary"))),
        ("a disabled login with A", caller("user", Some("gone"))),
    ];
    for licensed in [false, true] {
        let (site, mut loader) = site(licensed);
        let elsewhere = all.grant("login = \"mary\"").replace("\"org\"", "\"sp\"");
        site.put("fleet/fleet.toml", &(records() + &all.grant("login = \"gone\" ") + &elsewhere));
        let desk = loader.desk();
        for (who, caller) in &everybody {
            let licensed = if licensed { "1" } else { "0" };
            row(&mut table, &[licensed, who], &tried(&desk, caller));
        }
    }
    table
}

fn unions() -> Table {
    let title = "What a login does that is granted one thing itself and another as a member of a group";
    let mut table = Table::new(title, &columns(&["own", "group's"]));
    let on = Says { provisioning: true, ..Says::default() };
    let grants = [
        (
            "off with all",
            Says { provisioning: false, administrator: true, bulk: true, on_demand: true, listed: true },
        ),
        ("P", on),
        ("list", Says { listed: true, ..on }),
        ("B", Says { bulk: true, ..on }),
        ("D", Says { on_demand: true, ..on }),
        ("A", Says { administrator: true, ..on }),
    ];
    let (site, mut loader) = site(true);
    for (own, its) in grants {
        for (groups, theirs) in grants {
            let group = "[[group]]\nid = \"help-desk\"\nlogins = [\"gone\", \"mary\"]\n";
            let both = its.grant("login = \"mary\"") + &theirs.grant("group = \"help-desk\"");
            site.put("fleet/fleet.toml", &(records() + group + &both));
            row(&mut table, &[own, groups], &tried(&loader.desk(), &caller("user", Some("mary"))));
        }
    }
    table
}

#[test]
fn a_grant_lets_do_what_the_truth_table_says() {
    check("jobs.txt", [switches(), others(), unions()]);
}
