//! Devices: lists, one of them, and what can be chosen for a new one.

use bellhop::operation::{Code, Edit, Filter, Query};
use serde_json::Value;

use super::{ALL, SERIAL, STRANGE_SERIAL, device, is_hidden, refused, seen, site};
use crate::support::Site;

fn names(site: &Site, account: &str, filter: Filter) -> Vec<String> {
    let list = seen(site, account, &Query::Devices { filter, page: ALL }).unwrap();
    let rows = list["rows"].as_array().unwrap();
    assert_eq!(list["total"], rows.len());
    rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
}

/// A few more devices of the provider.
const MORE: &str = r#"
[[device]]
serial = "aaaa7h2m9x3q8w6e5r1y0u9p2an"
name = "Hall"
model = "snom/d785"
owner = "sp"
status = "disabled"
notes = "under the stairs"

[[device]]
serial = "bbbb7h2m9x3q8w6e5r1y0u9p2an"
name = "Hall"
model = "yealink/t46s"
organization = "org"
lines = ["", "0087*002"]
"#;

fn more() -> Site {
    site().with_vendors(&["snom", "vtech"]).write("fleet/more.toml", MORE)
}

#[test]
fn everybody_lists_the_devices_in_their_sight_by_name() {
    let site = more();
    assert_eq!(names(&site, "administrator", Filter::default()), ["Desk", "Hall", "Hall", "Stranger phone"]);
    assert_eq!(names(&site, "sp", Filter::default()), ["Desk", "Hall", "Hall"]);
    assert_eq!(names(&site, "org", Filter::default()), ["Desk", "Hall"]);
    assert_eq!(names(&site, "stranger-org", Filter::default()), ["Stranger phone"]);
    assert_eq!(names(&site, "0087*001", Filter::default()), ["Desk"]);
}

#[test]
fn a_filter_keeps_what_it_names_and_nothing_else() {
    let site = more();
    let by = |set: &dyn Fn(&mut Filter)| {
        let mut filter = Filter::default();
        set(&mut filter);
        names(&site, "sp", filter)
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(by(&|filter| filter.context = text("0087*002")), ["Hall"]);
    assert_eq!(by(&|filter| filter.owner = text("sp")), ["Desk", "Hall"]);
    assert_eq!(by(&|filter| filter.owner = text("administrator")), ["Hall"]);
    assert_eq!(by(&|filter| filter.organization = text("org")), ["Desk", "Hall"]);
    assert_eq!(by(&|filter| filter.extension = text("0087*001")), ["Desk"]);
    assert_eq!(by(&|filter| filter.model = text("yealink/t46s")), ["Desk", "Hall"]);
    assert_eq!(by(&|filter| filter.model = text("snom")), ["Hall"]);
    assert_eq!(by(&|filter| filter.status = text("disabled")), ["Hall"]);
    assert_eq!(by(&|filter| filter.text = text("STAIRS")), ["Hall"]);
    assert_eq!(by(&|filter| filter.text = text("0015654aa9")), ["Desk"]);
    assert_eq!(by(&|filter| filter.text = text("*002")), ["Hall"]);
    assert_eq!(by(&|filter| filter.text = text("canary")), [""; 0]);
}

#[test]
fn a_context_outside_the_tree_and_an_unknown_status_are_refused() {
    let site = site();
    let problem = |filter| seen(&site, "sp", &Query::Devices { filter, page: ALL }).unwrap_err();
    let of = |id: &str| problem(Filter { context: Some(id.to_owned()), ..Filter::default() });
    let (hidden, missing) = (of("stranger-org"), of("nobody"));
    assert_eq!(hidden.code, Code::NotFound);
    assert_eq!(hidden.message.replace("stranger-org", "nobody"), missing.message);
    let status = problem(Filter { status: Some("on".to_owned()), ..Filter::default() });
    assert_eq!((status.code, status.field.as_deref()), (Code::Invalid, Some("status")));
}

#[test]
fn a_page_is_a_part_of_the_whole_list() {
    let site = more();
    let part = |offset, limit| {
        let page = bellhop::operation::Page { offset, limit };
        let list = seen(&site, "administrator", &Query::Devices { filter: Filter::default(), page }).unwrap();
        let rows: Vec<Value> = list["rows"].as_array().unwrap().clone();
        assert_eq!(list["total"], 4);
        rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let whole = part(0, 10);
    assert_eq!([part(0, 2), part(2, 2), part(4, 2)].concat(), whole);
    assert_eq!(whole.len(), 4);
}

#[test]
fn a_row_says_what_the_actor_may_do_with_it_and_by_which_rule() {
    let site = more();
    let row = |account: &str, name: &str| {
        let list = seen(&site, account, &Query::Devices { filter: Filter::default(), page: ALL }).unwrap();
        list["rows"].as_array().unwrap().iter().find(|row| row["name"] == name).unwrap().clone()
    };
    let desk = row("sp", "Desk");
    assert_eq!(
        (&desk["state"], &desk["removable"], &desk["clearable"]),
        (&"editable".into(), &true.into(), &true.into())
    );
    let desk = row("org", "Desk");
    assert_eq!((&desk["state"], &desk["removable"]), (&"editable".into(), &false.into()));
    let hall = row("org", "Hall");
    assert_eq!((&hall["state"], &hall["rule"]), (&"read-only".into(), &"R5".into()));
    assert!(hall["why"].as_str().unwrap().contains("read-only"), "{hall}");
}

#[test]
fn a_device_is_found_by_id_serial_mac_and_a_name_that_one_alone_has() {
    let site = more();
    let desk = device(&site, "sp", "Desk");
    let id = desk["id"].as_str().unwrap();
    assert_eq!(id.len(), 16);
    for called in [id, SERIAL, "00:15:65:4A:A9:37", "0015654aa937"] {
        assert_eq!(device(&site, "sp", called)["name"], "Desk", "{called}");
    }
    let problem = seen(&site, "sp", &Query::Device { device: "Hall".to_owned() }).unwrap_err();
    assert_eq!(problem.code, Code::Conflict);
    assert!(problem.message.starts_with("2 devices are called `Hall`"), "{problem}");
}

#[test]
fn what_is_hidden_is_told_of_in_the_words_for_what_is_missing() {
    let site = site();
    let of = |called: &str| seen(&site, "sp", &Query::Device { device: called.to_owned() }).unwrap_err();
    let missing = of("nobody-has-this").message;
    for hidden in [STRANGE_SERIAL, "00:15:65:99:99:99", "Stranger phone"] {
        assert!(is_hidden(&site, "sp", hidden));
        assert_eq!(of(hidden).message.replace(hidden, "nobody-has-this"), missing);
    }
    let edit = Edit::DeviceRemove { device: STRANGE_SERIAL.to_owned() };
    assert_eq!(refused(&site, "sp", edit).message.replace(STRANGE_SERIAL, "nobody-has-this"), missing);
}

#[test]
fn a_device_shows_its_record_its_lines_and_its_urls() {
    let desk = device(&site(), "sp", "Desk");
    assert_eq!(desk["serial"], SERIAL);
    assert_eq!(desk["model"], "yealink/t46s");
    assert_eq!(desk["lines"], serde_json::json!(["0087*001"]));
    assert_eq!(desk["extensions"][0]["display-name"], "First");
    assert_eq!(desk["admin-password-mode"], "own");
    let url = format!("http://provisioning.example.net/{SERIAL}/0015654aa937.cfg");
    assert!(desk["urls"].as_array().unwrap().contains(&url.into()), "{desk}");
    assert!(desk["files"].as_array().unwrap().contains(&"0015654aa937.cfg".into()), "{desk}");
    assert!(desk["version"].is_string() && desk["update-interval"].is_number(), "{desk}");
}

#[test]
fn no_look_holds_a_password_and_the_serial_only_one_by_who_edits() {
    let site = more();
    for account in ["administrator", "sp", "org", "user", "0087*001", "0087*002"] {
        let mut told = seen(&site, account, &Query::Devices { filter: Filter::default(), page: ALL })
            .unwrap()
            .to_string();
        assert!(!told.contains(SERIAL), "{account}");
        for called in ["Desk", "Hall"] {
            let query = Query::Device { device: called.to_owned() };
            told += &seen(&site, account, &query).map(|shown| shown.to_string()).unwrap_or_default();
        }
        told += &seen(&site, account, &Query::DeviceOptions { model: None }).unwrap().to_string();
        assert!(!told.contains("CANARY"), "{account}: {told}");
        assert!(account == "administrator" || !told.to_lowercase().contains("stranger"), "{account}: {told}");
    }
    let read_only = device(&site, "0087*002", "Hall");
    assert_eq!(read_only["state"], "read-only");
    assert!(read_only.get("serial").is_none() && read_only.get("urls").is_none(), "{read_only}");
}

#[test]
fn options_say_whether_a_device_can_be_added_and_what_can_be_chosen() {
    let site = site();
    let options = |account: &str| seen(&site, account, &Query::DeviceOptions { model: None }).unwrap();
    let of_provider = options("sp");
    assert_eq!((&of_provider["possible"], &of_provider["assignment"]), (&true.into(), &"optional".into()));
    assert_eq!(of_provider["organizations"][0]["id"], "org");
    assert_eq!(of_provider["extensions-total"], 2, "one is on a line already");
    let of_organization = options("org");
    assert_eq!(of_organization["assignment"], "required");
    assert_eq!(of_organization["extensions"][0]["number"], "0087*003", "only that one is on modify");
    assert_eq!(of_organization["extensions-total"], 1);
    let of_extension = options("0087*002");
    assert_eq!((&of_extension["possible"], &of_extension["rule"]), (&false.into(), &"R7".into()));
    assert!(of_extension["why"].is_string(), "{of_extension}");
}

#[test]
fn options_of_a_model_list_firmwares_protocols_lines_and_first_mac_bytes() {
    let site = site();
    let of = |model: &str| seen(&site, "sp", &Query::DeviceOptions { model: Some(model.to_owned()) });
    let model = of("aastra/51i").unwrap()["models"][0].clone();
    assert_eq!(model["mac-prefix"], "00:08:5D");
    assert_eq!(model["vendor"], "aastra");
    let firmware = &model["firmwares"][0];
    assert!(!firmware["protocols"].as_array().unwrap().is_empty(), "{firmware}");
    assert_eq!(
        (&firmware["update-interval"], &firmware["update-interval-unit"]),
        (&1.into(), &"days".into())
    );
    assert_eq!(firmware["templates"][0]["id"], "default");
    let problem = of("aastra/51").unwrap_err();
    assert_eq!((problem.code, problem.field.as_deref()), (Code::Invalid, Some("model")));
    assert!(problem.message.contains("did you mean"), "{problem}");
}
