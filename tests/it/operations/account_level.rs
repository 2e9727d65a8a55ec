//! Levels: who sets the level of whom, and how far.

use bellhop::operation::{Code, Edit, Query};
use serde_json::json;

use super::account::level;
use super::{ask, done, fields, refused, request, seen};
use crate::support::Site;

/// A provider, its organization, a user and an extension, each on its level.
fn site(provider: &str, organization: &str, user: &str) -> Site {
    let fleet = format!(
        r#"
[[provider]]
id = "sp"
name = "Provider"
provisioning = "{provider}"

[[organization]]
id = "org"
provider = "sp"
name = "Organization"
provisioning = "{organization}"

[[user]]
id = "user"
organization = "org"
name = "User"
provisioning = "{user}"

[[extension]]
number = "001"
user = "user"
"#
    );
    Site::new().write("fleet/fleet.toml", &fleet)
}

const LEVELS: [&str; 3] = ["none", "view", "modify"];

/// Tells whether a level can be set, and that it is then.
fn sets(provider: &str, organization: &str, actor: &str, new: &str) -> bool {
    let site = site(provider, organization, "none");
    match ask(&site, actor, &request(vec![level("org", new)])) {
        Ok(outcome) => {
            assert_eq!(outcome.changed, new != organization);
            let now = site.load().organization("org").unwrap().provisioning;
            assert_eq!(now.word(), new);
            true
        }
        Err(problem) => {
            assert!(matches!(problem.code, Code::Forbidden | Code::NotFound), "{problem:?}");
            assert_eq!(site.load().organization("org").unwrap().provisioning.word(), organization);
            false
        }
    }
}

#[test]
fn a_parent_sets_up_to_its_own_level_and_the_administrator_sets_all() {
    for old in LEVELS {
        for new in LEVELS {
            assert!(sets("none", old, "administrator", new), "administrator {old} {new}");
            assert!(sets("modify", old, "sp", new), "modify {old} {new}");
            assert_eq!(sets("view", old, "sp", new), new != "modify" || old == "modify", "view {old} {new}");
            assert!(!sets("none", old, "sp", new), "none {old} {new}");
            assert!(
                !sets("modify", old, "org", new) && !sets("modify", old, "user", new),
                "no ancestor {old} {new}"
            );
        }
    }
}

#[test]
fn lowering_is_one_way_for_whoever_is_on_view() {
    let site = site("view", "modify", "none");
    done(&site, "sp", level("org", "view"));
    let problem = refused(&site, "sp", level("org", "modify"));
    assert_eq!((problem.code, problem.rule.as_deref()), (Code::Forbidden, Some("set-level")));
    assert_eq!(problem.field.as_deref(), Some("provisioning"));
    let org = seen(&site, "sp", &Query::Account { account: "org".to_owned() }).unwrap();
    assert_eq!(org["settable-levels"], json!(["none", "view"]));
    done(&site, "administrator", level("org", "modify"));
}

#[test]
fn any_account_above_sets_levels_with_the_same_cap() {
    let site = site("view", "none", "modify");
    done(&site, "sp", level("user", "view"));
    assert_eq!(refused(&site, "sp", level("user", "modify")).code, Code::Forbidden);
    let extension = done(&site, "user", level("001", "view"));
    assert_eq!((&extension["provisioning"], &extension["inherits-level"]), (&json!("view"), &json!(false)));
    assert_eq!(refused(&site, "user", level("001", "modify")).code, Code::Forbidden);
    let inherits = Edit::LevelSet { account: "001".to_owned(), level: None };
    assert_eq!(done(&site, "user", inherits)["inherits-level"], true);
}

#[test]
fn inheriting_does_not_lift_an_extension_above_the_setters_level() {
    let site = site("view", "none", "modify");
    done(&site, "administrator", level("001", "none"));
    let inherits = Edit::LevelSet { account: "001".to_owned(), level: None };
    assert_eq!(refused(&site, "sp", inherits.clone()).code, Code::Forbidden);
    done(&site, "administrator", inherits);
}

#[test]
fn an_account_on_none_is_not_told_the_levels_of_others() {
    // The user is in sight as it is on view; its level is not told for all that.
    let site = site("none", "none", "view");
    let user = seen(&site, "org", &Query::Account { account: "user".to_owned() }).unwrap();
    assert_eq!((user.get("provisioning"), &user["settable-levels"]), (None, &json!([])));
    let extension = seen(&site, "org", &Query::Extension { extension: "001".to_owned() }).unwrap();
    assert!(extension["provisioning"].is_null() && extension["inherits-level"].is_null(), "{extension}");
    let page = super::ALL;
    let list =
        seen(&site, "org", &Query::Accounts { kind: None, below: Some("org".to_owned()), page }).unwrap();
    assert_eq!((&list["rows"][0]["id"], &list["rows"][0]["provisioning"]), (&json!("user"), &json!(null)));
    let own = seen(&site, "org", &Query::Account { account: "org".to_owned() }).unwrap();
    assert_eq!(own["provisioning"], "none", "its own it knows");
}

#[test]
fn a_new_account_or_extension_does_not_begin_above_its_makers_level() {
    // Only accounts on modify add any, and what is above modify there is not; the word must be one of the levels.
    let site = site("modify", "modify", "none");
    let user = |level: &str| Edit::AccountAdd {
        kind: "user".to_owned(),
        fields: fields(json!({ "id": "u2", "organization": "org", "name": "U", "provisioning": level })),
    };
    let problem = refused(&site, "sp", user("admin"));
    assert_eq!((problem.code, problem.field.as_deref()), (Code::Invalid, Some("provisioning")));
    done(
        &site,
        "administrator",
        Edit::AccountEdit { account: "sp".to_owned(), fields: fields(json!({ "roles-management": false })) },
    );
    let problem = refused(&site, "sp", user("view"));
    assert_eq!((problem.code, problem.rule.as_deref()), (Code::Forbidden, Some("set-level")));
    done(&site, "sp", user("none"));
}

#[test]
fn a_word_that_is_no_level_is_refused_with_those_that_are() {
    let site = site("modify", "none", "none");
    let problem = refused(&site, "sp", level("org", "edit"));
    assert_eq!((problem.code, problem.field.as_deref()), (Code::Invalid, Some("provisioning")));
    assert!(LEVELS.iter().all(|level| problem.message.contains(level)), "{problem}");
}
