//! Phones that talk with the server instead of asking for files: conversations, polls and logins, over real HTTPS.

use crate::support::{ACCOUNTS, Reply, Running, Site, TlsPhone, until};

const CONVERSATION: &str = "/DeploymentService/LoginService";

const RULES: &str = "\n[provisioning]\nmac-based = true\ndigest = [\"SHA-256\", \"MD5\"]\n";

const OPENSTAGE: &str = r#"
[[device]]
serial = "t4h7k2m9x3q8w6e5r1y0u9p2an"
name = "Desk"
model = "unify/openstage40"
mac = "00:01:E3:00:A9:F3"
mac-based = true
admin-password = "CANARY-admin"
protocol = "https"
owner = "sp"
organization = "org"
lines = ["0087*001", "0087*002"]
"#;

/// A program whose user logs in.
const PROGRAM: &str = r#"
[[device]]
serial = "u4h7k2m9x3q8w6e5r1y0u9p2an"
name = "Program"
model = "acrobits/groundwire"
mac = "02:00:00:00:00:01"
update-user = "zoë?"
update-password = "CANARY update&1"
protocol = "https"
owner = "sp"
organization = "org"
lines = ["0087*001"]
"#;

/// Asks over HTTPS; lines of the head end.
fn ask(server: &Running, line: &str, lines: &str, body: &str) -> Reply {
    let length =
        if line.starts_with("POST") { format!("Content-Length: {}\r\n", body.len()) } else { String::new() };
    let request =
        format!("{line} HTTP/1.1\r\nHost: localhost\r\n{lines}{length}Connection: close\r\n\r\n{body}");
    TlsPhone::default().connect(server.https).unwrap().send(&request)
}

/// Writes a message as a phone does.
fn message(reason: &str, items: &[(&str, &str)]) -> String {
    let items: String =
        items.iter().map(|(name, value)| format!("<Item name=\"{name}\">{value}</Item>\n")).collect();
    format!(
        "<WorkpointMessage xsi:schemaLocation=\"http://www.siemens.com/DLS\" xmlns=\"http://www.siemens.com/DLS\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\n<Message nonce=\"957AE6C2E40C0E91\" maxItems=\"-1\">\n\
         {reason}\n<ItemList>\n{items}</ItemList>\n</Message>\n</WorkpointMessage>\n"
    )
}

fn starts(model: &str, mac: &str) -> String {
    message(
        "<ReasonForContact>start-up</ReasonForContact>",
        &[("device-type", model), ("software-version", "V3 R5.12.0"), ("mac-addr", mac)],
    )
}

fn wrote(status: &str) -> String {
    let reason = "<ReasonForContact action=\"WriteItems\" status=\"accepted\">reply-to</ReasonForContact>";
    message(&reason.replace("accepted", status), &[])
}

fn say(server: &Running, path: &str, lines: &str, body: &str) -> Reply {
    ask(server, &format!("POST {path}"), &format!("Content-Type: text/xml\r\n{lines}"), body)
}

fn text(reply: &Reply) -> String {
    String::from_utf8(reply.body.clone()).unwrap()
}

fn server(devices: &str, rules: &str) -> Running {
    let site = Site::new()
        .with_vendors(&["unify", "acrobits"])
        .write("fleet/accounts.toml", ACCOUNTS)
        .write("fleet/devices.toml", devices);
    Running::start(site.config(rules))
}

#[test]
fn a_phone_that_starts_is_told_its_settings_and_then_that_it_may_go() {
    let server = server(OPENSTAGE, RULES);
    let told = say(&server, CONVERSATION, "", &starts("OpenStage 40", "00:01:E3:00:A9:F3"));
    assert_eq!((told.status, told.header("content-type")), (200, Some("text/xml")));
    assert_eq!(told.header("content-length"), Some(told.body.len().to_string().as_str()));
    let items = text(&told);
    assert!(items.contains("<Message nonce=\"957AE6C2E40C0E91\">\n<Action>WriteItems</Action>"), "{items}");
    assert!(items.contains("<Item name=\"sip-pwd\">CANARY-sip-1</Item>"), "{items}");
    let cookie = told.header("set-cookie").unwrap().split(';').next().unwrap();
    let rest = say(&server, CONVERSATION, &format!("Cookie: theme=dark; {cookie}\r\n"), &wrote("accepted"));
    assert_eq!((rest.status, rest.header("set-cookie")), (200, None));
    assert!(text(&rest).contains("<Action>CleanUp</Action>"), "{}", text(&rest));
    let busy = say(&server, CONVERSATION, &format!("Cookie: {cookie}\r\n"), &wrote("busy"));
    assert!(text(&busy).contains("<Item name=\"send-solicited\">true</Item>"));
    assert!(server.metric("bellhop_requests_total{transport=\"https\",outcome=\"served\"}") >= 3.0);
    let log = server.stop();
    assert!(!log.contains("CANARY"), "{log}");
}

#[test]
fn a_path_with_the_serial_needs_no_address() {
    let device = OPENSTAGE.replace("mac-based = true\n", "");
    let server = server(&device, "\n[provisioning]\npath-prefix = \"phones\"\n");
    let start = message("<ReasonForContact>solicited</ReasonForContact>", &[]);
    let path = format!("/phones/t4h7k2m9x3q8w6e5r1y0u9p2an{CONVERSATION}");
    assert!(text(&say(&server, &path, "", &start)).contains("<Action>WriteItems</Action>"));
    // What the message says must not be another phone's.
    let other = starts("OpenStage 40", "00:01:E3:00:A9:F4");
    assert_eq!(say(&server, &path, "", &other).status, 404);
    // Nobody gets the items as a file.
    assert_eq!(ask(&server, &format!("GET {path}"), "", "").status, 404);
    // The device is not known by its address.
    let own = starts("OpenStage 40", "00:01:E3:00:A9:F3");
    assert_eq!(say(&server, CONVERSATION, "", &own).status, 404);
}

#[test]
fn a_phone_whose_path_is_fixed_needs_no_prefix() {
    let server = server(OPENSTAGE, "\n[provisioning]\nmac-based = true\npath-prefix = \"phones\"\n");
    let start = starts("OpenStage 40", "00:01:E3:00:A9:F3");
    assert_eq!(say(&server, CONVERSATION, "", &start).status, 200);
    assert_eq!(say(&server, &format!("/phones{CONVERSATION}"), "", &start).status, 200);
}

#[test]
fn whoever_gets_nothing_gets_the_same_whatever_was_said() {
    let disabled =
        OPENSTAGE.replace("t4h7", "v4h7").replace("A9:F3", "A9:F5").replace("\"0087*001\", \"0087*002\"", "");
    let serial = disabled.replace("v4h7", "w4h7").replace("A9:F5", "A9:F6").replace("mac-based = true\n", "");
    let disabled = disabled + "status = \"disabled\"\n";
    let server = server(&format!("{OPENSTAGE}{disabled}{serial}"), "\n[provisioning]\nmac-based = true\n");
    let nobody = ask(&server, "GET /nobody/nothing.cfg", "", "");
    assert_eq!(nobody.status, 404);
    let known = "00:01:E3:00:A9:F3";
    for (what, body) in [
        ("an unknown phone", starts("OpenStage 40", "00:01:E3:FF:FF:FF")),
        ("a disabled phone", starts("OpenStage 40", "00:01:E3:00:A9:F5")),
        ("a phone that is known by its serial", starts("OpenStage 40", "00:01:E3:00:A9:F6")),
        ("another model", starts("OpenStage 60", known)),
        ("no address", message("<ReasonForContact>start-up</ReasonForContact>", &[])),
        ("half an address", starts("OpenStage 40", "00:01:E3")),
        ("a reply of nobody", wrote("accepted")),
    ] {
        let reply = say(&server, CONVERSATION, "", &body);
        assert_eq!((&reply.head, &reply.body), (&nobody.head, &nobody.body), "{what}");
    }
    let forged = say(&server, CONVERSATION, "Cookie: dls=0001e3ffffff.0\r\n", &wrote("accepted"));
    assert_eq!((&forged.head, &forged.body), (&nobody.head, &nobody.body));
    // The device asks by HTTPS: in clear it is nobody, and gets nothing that it might have.
    let start = starts("OpenStage 40", known);
    let clear = format!(
        "POST {CONVERSATION} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{start}",
        start.len()
    );
    assert_eq!(Reply::parse(&server.raw(clear.as_bytes())).body, nobody.body);
}

#[test]
fn what_is_no_message_is_refused_before_anybody_is_looked_for() {
    let server = server(OPENSTAGE, RULES);
    let start = starts("OpenStage 40", "00:01:E3:00:A9:F3");
    let entities = start.replace("<WorkpointMessage", "<!DOCTYPE x [<!ENTITY a \"b\">]><WorkpointMessage");
    for (what, path, body, status) in [
        ("nothing", CONVERSATION, String::new(), 400),
        ("a form", CONVERSATION, "a=b".to_owned(), 400),
        ("entities", CONVERSATION, entities, 400),
        ("half a message", CONVERSATION, start[..start.len() / 2].to_owned(), 400),
        ("too much", CONVERSATION, " ".repeat(70_000), 413),
        ("another path", "/DeploymentService/Other", start.clone(), 405),
        ("a file", "/0015654aa937.cfg", start, 405),
    ] {
        assert_eq!(say(&server, path, "", &body).status, status, "{what}");
    }
    assert_eq!(ask(&server, &format!("PUT {CONVERSATION}"), "", "").status, 405);
}

#[test]
fn a_phone_that_polls_hears_whether_it_shall_come() {
    let server = server(OPENSTAGE, "\n[provisioning]\nmac-based = true\n");
    let poll = |mac: &str| ask(&server, &format!("GET /dcmp/contact-me?device-id={mac}"), "", "").status;
    // It was not there yet; nobody else is told anything.
    assert_eq!(poll("00:01:E3:00:A9:F3"), 202);
    assert_eq!(poll("00%3a01%3aE3%3a00%3aA9%3aF3"), 202);
    assert_eq!((poll("00:01:E3:00:A9:F4"), poll("x"), poll("")), (404, 404, 404));
    assert_eq!(ask(&server, "GET /dcmp/contact-me", "", "").status, 404);
    // Times are counted in seconds: a phone that fetched in the one in which something changed fetches once more.
    until("nothing is new", || {
        let told = say(&server, CONVERSATION, "", &starts("OpenStage 40", "00:01:E3:00:A9:F3"));
        told.status == 200 && poll("00:01:E3:00:A9:F3") == 200
    });
    server.site.put("fleet/devices.toml", &OPENSTAGE.replace("CANARY-admin", "CANARY-other"));
    until("the change is told", || poll("00:01:E3:00:A9:F3") == 202);
}

/// Logs in to the program's file.
fn query(user: &str, password: &str) -> String {
    format!("cloud_username={user}&cloud_password={password}")
}

#[test]
fn a_program_logs_in_by_whatever_shape_it_sends() {
    let device = PROGRAM.replace("zoë?", "zo?");
    let server = server(&device, RULES);
    let path = "/020000000001/account.xml";
    let right = query("zo%3f", "CANARY+update%261");
    let served =
        |reply: &Reply| reply.status == 200 && text(reply).contains("<password>CANARY-sip-1</password>");
    assert!(served(&ask(&server, &format!("GET {path}?{right}"), "", "")));
    for body in [
        right.clone(),
        format!("platform=android&{right}"),
        "{\"cloud_username\": \"zo?\", \"cloud_password\": \"CANARY update&1\", \"n\": 1}".to_owned(),
        "cloud_username=zo%3f\r\ncloud_password=CANARY+update%261\r\n".to_owned(),
        "cloud_username=\"zo?\"\ncloud_password=\"CANARY update&1\"\n".to_owned(),
    ] {
        assert!(served(&ask(&server, &format!("POST {path}"), "", &body)), "{body}");
    }
    let head = ask(&server, &format!("HEAD {path}?{right}"), "", "");
    assert_eq!((head.status, head.body.len()), (200, 0));
    let log = server.stop();
    assert!(!log.contains("CANARY"), "{log}");
}

#[test]
fn a_program_may_name_itself_by_its_address_alone() {
    let device = PROGRAM.replace("update-user = \"zoë?\"\n", "");
    let server = server(&device, RULES);
    let right = query("02%3A00:00:00:00:01", "CANARY+update%261");
    // Its name is the address, as it is written into the record where none is given.
    assert_eq!(ask(&server, &format!("GET /account.xml?{right}"), "", "").status, 401);
    let right = query("020000000001", "CANARY+update%261");
    assert_eq!(ask(&server, &format!("GET /account.xml?{right}"), "", "").status, 200);
    assert_eq!(ask(&server, "POST /account.xml", "", &right).status, 200);
}

#[test]
fn a_wrong_password_and_an_unknown_program_are_told_the_same() {
    let device = PROGRAM.replace("zoë?", "zo");
    let server = server(&device, RULES);
    let right = query("zo", "CANARY+update%261");
    let told = |reply: &Reply| {
        // The challenge names the address that was asked for, and a nonce.
        let lines = reply.head.lines().filter(|line| !line.starts_with("Www-Authenticate"));
        (lines.collect::<Vec<_>>().join("\n"), text(reply))
    };
    let unknown = ask(&server, &format!("GET /020000000002/account.xml?{right}"), "", "");
    assert_eq!(unknown.status, 401);
    for (what, login) in [
        ("a wrong password", query("zo", "CANARY+update%262")),
        ("a wrong name", query("zoe", "CANARY+update%261")),
        ("no password", "cloud_username=zo".to_owned()),
        ("a name twice", format!("{right}&cloud_username=zo")),
        ("nothing", String::new()),
    ] {
        let by_query = ask(&server, &format!("GET /020000000001/account.xml?{login}"), "", "");
        assert_eq!((by_query.status, told(&by_query)), (401, told(&unknown)), "{what}");
        let by_body = ask(&server, "POST /020000000001/account.xml", "", &login);
        assert_eq!((by_body.status, told(&by_body)), (401, told(&unknown)), "{what}");
    }
    assert_eq!(ask(&server, "POST /020000000001/account.xml", "", &"x".repeat(9_000)).status, 413);
}

#[test]
fn a_login_counts_over_tls_only_and_for_files_that_have_one() {
    let clear = PROGRAM.replace("zoë?", "zo").replace("\"https\"", "\"http\"");
    let phone = clear
        .replace("u4h7", "x4h7")
        .replace("acrobits/groundwire", "yealink/t46s")
        .replace("02:00:00:00:00:01", "00:15:65:4A:A9:37")
        .replace("\"http\"", "\"https\"")
        .replace("\"0087*001\"", "");
    let server = server(&(clear + &phone), RULES);
    let right = query("zo", "CANARY+update%261");
    assert_eq!(server.get(&format!("/020000000001/account.xml?{right}")).status, 401);
    assert_eq!(ask(&server, &format!("GET /0015654aa937/0015654aa937.cfg?{right}"), "", "").status, 401);
    assert_eq!(ask(&server, "POST /0015654aa937/0015654aa937.cfg", "", &right).status, 405);
}
