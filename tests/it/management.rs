//! The records of those who manage: read, found, and told of when they are wrong.

use bellhop::model::{RecordKind, RecordRef, TokenScope, Visibility};

use bellhop::reload::Loader;

use crate::support::Site;

const HASH: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

const GOOD: &str = r#"
[preferences]
mac-based = true
update-interval = 600

[[login]]
id = "mary"
account = "sp"
password = "$argon2id$v=19$m=19456,t=2,p=1$CANARY$CANARY"

[[login]]
id = "phone"
account = "0087*001"
status = "disabled"

[[token]]
id = "t1"
login = "mary"
hash = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
scope = "write"
expires = 2027-01-01T00:00:00Z

[[template]]
id = "quiet"
name = "Quiet phones"
owner = "sp"
visibility = "organization"

[[template.equipment]]
model = "yealink/t46s"
firmware = "66.86"
files = { "{mac}.cfg" = "ring = 0\n" }
"#;

#[test]
fn records_of_those_who_manage_are_found_by_their_names() {
    let site = Site::with_phone().write("fleet/managed.toml", GOOD);
    let snapshot = site.load();
    let login = snapshot.login("mary").unwrap();
    assert_eq!((&*login.account, login.enabled), ("sp", true));
    assert!(!snapshot.login("phone").unwrap().enabled);
    assert!(snapshot.login("quiet").is_none(), "a name is one of its kind");
    let token = snapshot.token("t1").unwrap();
    assert_eq!((token.scope, token.expires.as_deref()), (TokenScope::Write, Some("2027-01-01T00:00:00Z")));
    let template = snapshot.template("quiet").unwrap();
    assert_eq!(template.visibility, Visibility::Organization);
    assert_eq!(&*template.equipment[0].files[0].body, "ring = 0\n");
    assert_eq!(snapshot.preferences().unwrap().mac_based, Some(true));
    let counted = [
        snapshot.providers().count(),
        snapshot.organizations().count(),
        snapshot.users().count(),
        snapshot.extensions().count(),
        snapshot.logins().count(),
        snapshot.tokens().count(),
        snapshot.templates().count(),
    ];
    assert_eq!(counted, [1, 1, 1, 2, 2, 1, 1]);
    assert_eq!(
        snapshot.assigned("0087*001").map(|(phone, line)| (phone.device.name.as_str(), line)),
        Some(("Desk", 1))
    );
    assert!(snapshot.assigned("0087*002").is_none());
    let line = |kind, key| {
        let (path, line) = snapshot.written_at(&RecordRef::new(kind, key))?;
        Some((path.file_name()?.to_str()?.to_owned(), line))
    };
    assert_eq!(line(RecordKind::Preferences, ""), Some(("managed.toml".to_owned(), 2)));
    assert_eq!(line(RecordKind::Token, "t1"), Some(("managed.toml".to_owned(), 16)));
    assert_eq!(line(RecordKind::Extension, "0087*009"), None);
    assert!(!format!("{snapshot:?}").contains("CANARY"));
    assert!(!format!("{snapshot:?}").contains(HASH));
}

#[test]
fn every_fault_of_those_records_is_told() {
    let cases: &[(&str, &str, &str)] = &[
        (
            "account = \"sp\"",
            "account = \"nobody\"",
            "there is no account `nobody`; add its record or mend the name",
        ),
        (
            "$argon2id$",
            "$plain$",
            "`password` is no hash by argon2id; `bellhop login password` asks for the password and writes it",
        ),
        (
            "login = \"mary\"",
            "login = \"marv\"",
            "there is no login `marv`; add its record, or take the token away",
        ),
        (HASH, "short", "`hash` is not the SHA-256 of a token; `bellhop token add` makes whole tokens"),
        (
            "id = \"phone\"",
            "id = \"mary\"",
            "`mary` is already the id of a login (fleet/managed.toml:6); give one of them another",
        ),
        (
            "owner = \"sp\"",
            "owner = \"user\"",
            "there is no provider or organization `user`; add its record or mend the name",
        ),
        (
            "\"organization\"",
            "\"administrator\"",
            "`visibility` is administrator, which hides it from its owner; write at least provider",
        ),
        ("yealink/t46s", "yealink/t99", "there is no model `yealink/t99`; `bellhop catalog` lists them"),
        ("66.86", "1.2", "model `yealink/t46s` has no firmware `1.2`"),
        ("id = \"quiet\"", "id = \"default\"", "`default` is the administrator's; leave `owner` out"),
        (
            "update-interval = 600",
            "update-interval = 5",
            "`update-interval` is 5; give a whole number from 60 to 5999940",
        ),
        ("mac-based = true", "mac-base = true", "unknown key `mac-base`; did you mean `mac-based`?"),
    ];
    for (good, bad, told) in cases {
        let site = Site::with_phone().write("fleet/managed.toml", &GOOD.replace(good, bad));
        let faults = site.lines(&site.try_load().unwrap_err());
        assert!(faults.iter().any(|fault| fault.ends_with(told)), "{bad}: {faults:?}");
    }
    let twice =
        Site::with_phone().write("fleet/managed.toml", GOOD).write("fleet/more.toml", "[preferences]\n");
    let faults = twice.lines(&twice.try_load().unwrap_err());
    assert_eq!(
        faults,
        ["fleet/more.toml:1: there are preferences already (fleet/managed.toml:2); put them together"]
    );
}

#[test]
fn what_others_refer_to_cannot_be_taken_away() {
    let site = Site::with_phone().write("fleet/managed.toml", GOOD);
    let mut loader = Loader::new(&site.path("bellhop.toml")).unwrap();
    let snapshot = loader.load(&loader.nothing()).unwrap().unwrap().snapshot;
    site.put("fleet/managed.toml", &GOOD.replace("id = \"mary\"", "id = \"marie\""));
    let faults = site.lines(&loader.load(&snapshot).unwrap_err());
    assert_eq!(
        faults,
        ["fleet/managed.toml:18: there is no login `mary`; add its record, or take the token away"]
    );
}

#[test]
fn a_number_that_becomes_an_accounts_id_is_told_of_whichever_file_changes() {
    let site = Site::with_phone();
    let mut loader = Loader::new(&site.path("bellhop.toml")).unwrap();
    let nothing = loader.nothing();
    let first = loader.load(&nothing).unwrap().unwrap().snapshot;
    site.put("fleet/more.toml", "[[extension]]\nnumber = \"12\"\nuser = \"user\"\n");
    let second = loader.load(&first).unwrap().unwrap().snapshot;
    site.put("fleet/other.toml", "[[provider]]\nid = \"12\"\n");
    let faults = loader.load(&second).unwrap_err();
    let wanted =
        "fleet/more.toml:2: `12` is already the id of an account (fleet/other.toml:1); choose another number";
    assert_eq!(site.lines(&faults), [wanted]);
}

#[test]
fn a_device_of_an_extension_has_the_settings_of_its_user() {
    let device =
        "[[device]]\nserial = \"a1b2c3d4e5f6g7h8j9k1m2n3p4\"\nname = \"Own\"\nmodel = \"yealink/t46s\"\n";
    let users =
        crate::support::ACCOUNTS.replace("name = \"User\"", "settings = { time-zone = \"Asia/Tokyo\" }");
    let site = Site::new().write("fleet/accounts.toml", &users);
    site.put("fleet/device.toml", &format!("{device}owner = \"0087*002\"\n"));
    let mut loader = Loader::new(&site.path("bellhop.toml")).unwrap();
    let nothing = loader.nothing();
    let first = loader.load(&nothing).unwrap().unwrap().snapshot;
    let phone = first.phone_by_serial("a1b2c3d4e5f6g7h8j9k1m2n3p4").unwrap();
    let accounts = phone.accounts();
    assert_eq!(accounts.user.unwrap().id, "user");
    assert_eq!(accounts.provider.unwrap().id, "sp");
    assert!(phone.since() < first.published() || first.serial() == 1);
    // The owner moves to another user: the phone's files are no longer as they were.
    let moved = users
        .replace("number = \"0087*002\"\nuser = \"user\"", "number = \"0087*002\"\nuser = \"other\"")
        + "[[user]]\nid = \"other\"\norganization = \"org\"\n";
    site.put("fleet/accounts.toml", &moved);
    let second = loader.load(&first).unwrap().unwrap().snapshot;
    let phone = second.phone_by_serial("a1b2c3d4e5f6g7h8j9k1m2n3p4").unwrap();
    assert_eq!(phone.accounts().user.unwrap().id, "other");
    assert_eq!(phone.since(), second.published());
    // An owner that is gone is a fault.
    site.put("fleet/accounts.toml", &users.replace("0087*002", "0087*003"));
    let faults = loader.load(&second).unwrap_err();
    assert!(site.lines(&faults)[0].contains("there is no account `0087*002`"), "{faults:?}");
}

const GRANTED: &str = r#"
[[group]]
id = "desk"
name = "Help desk"
logins = ["mary"]

[[grant]]
id = "own"
login = "mary"
platform = "org"
provisioning = true
on-demand-jobs = ["remove"]

[[grant]]
id = "desks"
group = "desk"
platform = "org"
bulk-admin = true

[[job]]
id = "remove"
platform = "org"
kind = "on-demand"
operation = "device.delete"
"#;

#[test]
fn groups_grants_and_jobs_are_found_by_their_names() {
    let site = Site::with_phone().write("fleet/managed.toml", GOOD).write("fleet/granted.toml", GRANTED);
    let (snapshot, warnings) = site.try_load().unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!(snapshot.group("desk").unwrap().name, "Help desk");
    let grant = snapshot.grant("own").unwrap();
    assert!(grant.provisioning && !grant.bulk_admin && !grant.provisioning_administrator);
    assert_eq!(&*grant.on_demand_jobs, [std::sync::Arc::from("remove")]);
    assert_eq!(
        (&*snapshot.job("remove").unwrap().platform, snapshot.job("remove").unwrap().version),
        ("org", 1)
    );
    assert_eq!((snapshot.groups().count(), snapshot.grants().count(), snapshot.jobs().count()), (1, 2, 1));
}

#[test]
fn every_fault_of_groups_grants_and_jobs_is_told() {
    let cases: &[(&str, &str, &str)] = &[
        ("logins = [\"mary\"]", "logins = [\"mart\"]", "there is no login `mart`; did you mean `mary`?"),
        (
            "login = \"mary\"",
            "login = \"peter-paul\"",
            "there is no login `peter-paul`; add its record or mend the name",
        ),
        ("group = \"desk\"", "group = \"disk\"", "there is no group `disk`; add its record or mend the name"),
        (
            "login = \"mary\"",
            "login = \"mary\"\ngroup = \"desk\"",
            "names a login and a group; write one grant for each of them",
        ),
        ("login = \"mary\"\n", "", "says not who holds it; write `login` or `group`"),
        (
            "group = \"desk\"",
            "login = \"mary\"",
            "grant `desks` is for the same holder and platform; put them together",
        ),
        (
            "platform = \"org\"\nprovisioning",
            "platform = \"user\"\nprovisioning",
            "there is no provider or organization `user`; add its record or mend the name",
        ),
        (
            "platform = \"org\"\nkind",
            "platform = \"nowhere\"\nkind",
            "there is no provider or organization `nowhere`; add its record or mend the name",
        ),
        ("id = \"desks\"", "id = \"own\"", "give one of them another"),
        ("bulk-admin = true", "bulk-admins = true", "unknown key `bulk-admins`; did you mean `bulk-admin`?"),
        (
            "kind = \"on-demand\"",
            "kind = \"on-demand\"\nbatch = 5",
            "is for bulk jobs, which run over rows; leave it out",
        ),
    ];
    for (good, bad, told) in cases {
        assert!(GRANTED.contains(good), "{good}");
        let text = GRANTED.replacen(good, bad, 1);
        let site = Site::with_phone().write("fleet/managed.toml", GOOD).write("fleet/granted.toml", &text);
        let faults = site.lines(&site.try_load().unwrap_err());
        assert!(faults.iter().any(|fault| fault.ends_with(told)), "{bad}: {faults:?}");
    }
    for bad in ["removed", "rows"] {
        // What a list names in vain is a warning: whoever deletes a job by hand stops no server.
        let text = GRANTED.replacen("[\"remove\"]", &format!("[\"remove\", \"{bad}\"]"), 1);
        let site = Site::with_phone().write("fleet/managed.toml", GOOD).write("fleet/granted.toml", &text);
        let (_, warnings) = site.try_load().unwrap();
        let told =
            format!("there is no on-demand job `{bad}` of `org`; the name counts for nothing, take it out");
        assert!(warnings.iter().any(|warning| warning.message.ends_with(&told)), "{warnings:?}");
    }
}

#[test]
fn a_login_or_platform_that_a_grant_names_cannot_be_taken_away() {
    let site = Site::with_phone().write("fleet/managed.toml", GOOD).write("fleet/granted.toml", GRANTED);
    let mut loader = Loader::new(&site.path("bellhop.toml")).unwrap();
    let snapshot = loader.load(&loader.nothing()).unwrap().unwrap().snapshot;
    let token = GOOD.find("[[token]]").unwrap();
    let without = GOOD[..token].replace("id = \"mary\"", "id = \"marie\"");
    site.put("fleet/managed.toml", &without);
    let faults = site.lines(&loader.load(&snapshot).unwrap_err());
    let told = |key: &str| faults.iter().any(|fault| fault.starts_with(&format!("fleet/granted.toml:{key}")));
    assert!(told("5: ") && told("9: "), "the group and the grant: {faults:?}");
}
