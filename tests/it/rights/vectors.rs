//! The vectors V1 to V11 of the rules, in their words.

use bellhop::model::{Level, Visibility};
use bellhop::rights::{DeviceChange, Editable, NewDevice, Rule};
use bellhop::snapshot::Snapshot;

use super::fleet::{FIRMWARE, MODEL, Switches, Text, account, actor, phone};

/// A device on these lines, as somebody adds it who says nothing of its owner.
fn new<'a>(lines: &'a [Option<&'a str>]) -> NewDevice<'a> {
    NewDevice {
        serial: "new-0123456789abcdef",
        owner: None,
        organization: None,
        lines,
        template: None,
        model: MODEL,
        firmware: FIRMWARE,
    }
}

/// Lists the extensions that an account is offered for a line.
fn offered<'s>(snapshot: &'s Snapshot, id: &str) -> Vec<&'s str> {
    let actor = actor(snapshot, id);
    let offered = snapshot.extensions().filter(|extension| actor.assignable(extension).is_ok());
    offered.map(|extension| extension.number.as_str()).collect()
}

/// Tells whether an account may edit, remove and clear a device.
fn may(snapshot: &Snapshot, id: &str, device: &str) -> (Editable, bool, bool) {
    let state = actor(snapshot, id).device_state(&phone(snapshot, device));
    (state.editable, state.removable, state.clearable)
}

/// A provider, its organization and its user with three extensions; the user is on none.
fn three(provider: &str, organization: &str, levels: [&str; 3]) -> Text {
    let mut text = Text::default();
    text.account("provider", "sp", "", provider, "")
        .account("organization", "org", "sp", organization, "")
        .account("user", "user", "org", "none", "");
    for (number, level) in ["1", "2", "3"].into_iter().zip(levels) {
        text.extension(number, "user", level);
    }
    text
}

#[test]
fn v1_a_provider_on_view_lowers_its_organization_to_view_and_can_never_raise_it_again() {
    let before = three("view", "modify", ["none"; 3]).load(Switches::default());
    let provider = actor(&before, "sp");
    let organization = account(&before, "org");
    assert!(provider.sees_level(organization));
    assert_eq!(provider.settable_levels(organization), [Level::None, Level::View]);
    assert_eq!(provider.set_level(organization, Some(Level::View)).unwrap().rule(), Rule::SetLevel);
    // The form is saved without a touch on the level that the provider could not choose.
    provider.set_level(organization, Some(Level::Modify)).unwrap();

    let after = three("view", "view", ["none"; 3]).load(Switches::default());
    let organization = account(&after, "org");
    let provider = actor(&after, "sp");
    assert_eq!(provider.settable_levels(organization), [Level::None, Level::View]);
    let denial = provider.set_level(organization, Some(Level::Modify)).unwrap_err();
    assert_eq!((denial.rule, denial.hidden, denial.field), (Rule::SetLevel, false, Some("provisioning")));
    let administrator = actor(&after, "administrator");
    assert_eq!(
        administrator.set_level(organization, Some(Level::Modify)).unwrap().rule(),
        Rule::Administrator
    );
}

#[test]
fn v2_a_provider_on_none_sees_through_its_organization_and_adds_for_the_extension_on_modify() {
    let mut text = three("none", "view", ["modify", "none", "view"]);
    text.device("second", "", "", &["2"]).device("third", "", "", &["3"]);
    let before = text.load(Switches::default());
    let provider = actor(&before, "sp");
    for device in ["second", "third"] {
        assert_eq!(provider.see_device(&phone(&before, device)), Ok(Rule::See));
        assert_eq!(may(&before, "sp", device), (Editable::No, false, false));
    }
    assert_eq!(provider.can_add(), Ok(Rule::Add));
    assert_eq!(offered(&before, "sp"), ["1"]);
    assert_eq!(provider.add_device(&new(&[Some("1")])).unwrap().rule(), Rule::Add);
    for lines in [&[][..], &[Some("2")], &[Some("3")], &[None, Some("1")], &[Some("1"), Some("3")]] {
        let denial = provider.add_device(&new(lines)).unwrap_err();
        assert!(matches!(denial.rule, Rule::Add | Rule::Assignable), "{lines:?} {denial:?}");
        assert_eq!((denial.hidden, denial.field), (false, Some("lines")), "{lines:?}");
    }

    let after = text.device("first", "sp", "", &["1"]).load(Switches::default());
    let provider = actor(&after, "sp");
    assert_eq!(provider.can_add().unwrap_err().rule, Rule::Add);
    assert_eq!(offered(&after, "sp"), [""; 0]);
    assert_eq!(may(&after, "sp", "first"), (Editable::Some, false, false));
    let first = phone(&after, "first");
    provider
        .edit_device(&first, &DeviceChange { keys: &["name", "notes"], ..DeviceChange::default() })
        .unwrap();
    for device in ["first", "second", "third"] {
        assert_eq!(provider.remove_device(&phone(&after, device)).unwrap_err().rule, Rule::Remove);
        assert_eq!(provider.clear_device(&phone(&after, device)).unwrap_err().rule, Rule::Remove);
    }
}

#[test]
fn v3_adding_is_disabled_for_a_provider_and_an_organization_on_view_when_every_extension_has_a_device() {
    let mut text = three("view", "view", ["modify", "view", "none"]);
    text.device("all", "", "", &["1", "2", "3"]);
    let snapshot = text.load(Switches::default());
    for id in ["sp", "org"] {
        let denial = actor(&snapshot, id).can_add().unwrap_err();
        assert_eq!((denial.rule, denial.hidden), (Rule::Add, false), "{id}");
    }
}

#[test]
fn v4_adding_is_never_disabled_on_modify_and_a_device_without_assignment_is_accepted() {
    for (provider, organization, id) in [("modify", "none", "sp"), ("none", "modify", "org")] {
        let mut text = three(provider, organization, ["none"; 3]);
        text.device("all", "", "", &["1", "2", "3"]);
        let snapshot = text.load(Switches::default());
        let actor = actor(&snapshot, id);
        assert_eq!(actor.can_add(), Ok(Rule::Add), "{id}");
        assert_eq!(actor.add_device(&new(&[])).unwrap().rule(), Rule::Add, "{id}");
    }
}

#[test]
fn v5_an_organization_on_none_manages_the_device_of_its_extension_on_modify() {
    let mut text = three("none", "none", ["modify", "modify", "view"]);
    text.device("first", "", "", &["1"]);
    let snapshot = text.load(Switches::default());
    let organization = actor(&snapshot, "org");
    assert_eq!(organization.see_device(&phone(&snapshot, "first")), Ok(Rule::See));
    assert_eq!(may(&snapshot, "org", "first"), (Editable::Some, false, false));
    assert_eq!(organization.can_add(), Ok(Rule::Add));
    assert_eq!(offered(&snapshot, "org"), ["2"]);
    organization.add_device(&new(&[Some("2")])).unwrap();
}

#[test]
fn v6_a_provider_on_view_reads_one_device_and_adds_another_that_only_the_administrator_removes() {
    let mut text = three("view", "none", ["modify", "view", "none"]);
    text.device("second", "", "", &["2"]);
    let before = text.load(Switches::default());
    let provider = actor(&before, "sp");
    assert_eq!(provider.see_device(&phone(&before, "second")), Ok(Rule::See));
    assert_eq!(may(&before, "sp", "second"), (Editable::No, false, false));
    assert_eq!(offered(&before, "sp"), ["1"]);
    let lines = [Some("1")];
    provider.add_device(&NewDevice { organization: Some("org"), ..new(&lines) }).unwrap();

    let after = text.device("first", "sp", "org", &["1"]).load(Switches::default());
    assert_eq!(may(&after, "sp", "first"), (Editable::Some, false, false));
    for device in ["first", "second"] {
        assert_eq!(may(&after, "administrator", device), (Editable::All, true, true));
        for id in ["sp", "org", "user"] {
            let (_, removable, clearable) = may(&after, id, device);
            assert!(!removable && !clearable, "{id} {device}");
        }
    }
}

#[test]
fn v7_a_free_extension_on_modify_provisions_itself_with_the_server_default() {
    let mut text = three("none", "none", ["modify", "none", "none"]);
    text.template("all", "administrator", "organization");
    let snapshot = text.load(Switches::default());
    let extension = actor(&snapshot, "1");
    assert_eq!(extension.can_add(), Ok(Rule::Extension));
    let lines = [Some("1")];
    assert_eq!(extension.add_device(&new(&lines)).unwrap().rule(), Rule::Extension);
    let denial = extension.add_device(&NewDevice { template: Some("all"), ..new(&lines) }).unwrap_err();
    assert_eq!((denial.rule, denial.field), (Rule::Extension, Some("template")));
    for other in [&[][..], &[Some("2")], &[Some("1"), Some("2")], &[None, Some("1")]] {
        assert_eq!(extension.add_device(&new(other)).unwrap_err().field, Some("lines"), "{other:?}");
    }
    for device in [
        NewDevice { owner: Some("user"), ..new(&lines) },
        NewDevice { organization: Some("org"), ..new(&lines) },
    ] {
        assert_eq!(extension.add_device(&device).unwrap_err().rule, Rule::Extension);
    }
}

#[test]
fn v8_an_extension_on_modify_on_a_parents_device_adds_nothing_and_edits_the_limited_fields() {
    let mut text = three("none", "none", ["modify", "none", "none"]);
    text.device("first", "org", "", &["1"]);
    let snapshot = text.load(Switches::default());
    let extension = actor(&snapshot, "1");
    let denial = extension.can_add().unwrap_err();
    assert_eq!((denial.rule, denial.hidden), (Rule::Extension, false));
    assert_eq!(extension.add_device(&new(&[Some("1")])).unwrap_err().rule, Rule::Extension);
    let first = phone(&snapshot, "first");
    assert_eq!(may(&snapshot, "1", "first"), (Editable::Some, false, false));
    let edit =
        |keys: &[&str]| extension.edit_device(&first, &DeviceChange { keys, ..DeviceChange::default() });
    let open =
        ["name", "notes", "admin-user", "admin-password", "update-interval", "settings.time-zone", "network"];
    assert_eq!(edit(&open).unwrap().rule(), Rule::Extension);
    for key in
        ["model", "firmware", "application-version", "serial", "mac", "mac-based", "protocol", "template"]
    {
        let denial = edit(&[key]).unwrap_err();
        assert_eq!((denial.rule, denial.hidden, denial.field), (Rule::Extension, false, Some(key)));
    }
}

#[test]
fn v9_the_provisioning_function_is_unavailable_to_an_extension_on_view_or_none() {
    for level in ["view", "none"] {
        let snapshot = three("modify", "modify", [level, "none", "none"]).load(Switches::default());
        let extension = actor(&snapshot, "1");
        assert_eq!(extension.can_add().unwrap_err().rule, Rule::Extension, "{level}");
        assert_eq!(extension.add_device(&new(&[Some("1")])).unwrap_err().rule, Rule::Extension, "{level}");
    }
}

#[test]
fn v10_a_providers_template_is_offered_in_its_own_tree_and_for_its_equipment_alone() {
    let mut text = three("view", "view", ["modify", "none", "none"]);
    text.account("provider", "rival", "", "modify", "")
        .account("organization", "rival-org", "rival", "modify", "")
        .template_for("spa941", "sp", "organization", "linksys/spa941", "4.1.10");
    let snapshot = text.load(Switches::default());
    let template = snapshot.template("spa941").unwrap();
    let uses = |id: &str, model, firmware| actor(&snapshot, id).use_template(Some(template), model, firmware);
    for id in ["sp", "org", "user"] {
        assert_eq!(uses(id, "linksys/spa941", "4.1.10"), Ok(Rule::Templates), "{id}");
        for (model, firmware) in [(MODEL, FIRMWARE), ("linksys/spa941", "5.0")] {
            let denial = uses(id, model, firmware).unwrap_err();
            assert_eq!((denial.rule, denial.hidden), (Rule::Templates, false), "{id}");
        }
    }
    for (id, hidden) in [("rival", true), ("rival-org", true), ("1", true), ("administrator", false)] {
        let denial = uses(id, "linksys/spa941", "4.1.10").unwrap_err();
        assert_eq!((denial.rule, denial.hidden), (Rule::Templates, hidden), "{id}");
    }
}

#[test]
fn v11_a_provider_on_none_has_no_templates_of_its_own_and_manages_those_of_its_organization_on_view() {
    let mut text = three("none", "view", ["none"; 3]);
    text.template("mine", "sp", "provider").template("theirs", "org", "organization");
    let snapshot = text.load(Switches::default());
    let provider = actor(&snapshot, "sp");
    assert_eq!(provider.template_page(account(&snapshot, "sp")).unwrap_err().rule, Rule::Templates);
    let own = provider.add_template(account(&snapshot, "sp"), Visibility::Provider, "new");
    assert_eq!(own.unwrap_err().rule, Rule::Templates);
    assert!(provider.edit_template(snapshot.template("mine").unwrap(), &["name"], None).is_err());
    assert_eq!(provider.template_page(account(&snapshot, "org")), Ok(Rule::Templates));
    provider.add_template(account(&snapshot, "org"), Visibility::Organization, "new").unwrap();
    provider.edit_template(snapshot.template("theirs").unwrap(), &["name"], None).unwrap();

    let without = three("none", "none", ["none"; 3]).load(Switches::default());
    assert!(actor(&without, "sp").template_page(account(&without, "org")).is_err());
}
