//! `bellhop dhcp`: what DHCP servers are told, in the words of each.

use crate::support::{Site, command};

/// One vendor known by its class with an option of its own code and one with sub-options, one known by its addresses
/// with the server's address, one that says nothing of DHCP.
const CATALOG: &str = r#"
name = "NAME"
ouis = ["00:09:45", "00:09:46:E5"]
DHCP
[model.one]
name = "One"
protocols = ["https", "http"]
files."{mac}.cfg" = { template = "one.cfg", main = true }
interval = { unit = "minutes", parameter = "interval" }
lines = 1

[model.old]
name = "Old"
protocols = ["http", "tftp"]
files."{mac}.cfg" = { template = "one.cfg", main = true }
interval = { unit = "minutes", parameter = "interval" }
lines = 1
"#;

fn site() -> Site {
    let by_class = r#"dhcp = { classes = ["Class"], options = [{ code = 160, text = "{url}/$mac,{path}" }, { code = 43, sub = 1, text = "ab" }, { code = 43, sub = 3, text = "{host}" }] }"#;
    let by_address =
        r#"dhcp = { options = [{ code = 150 }, { code = 66, text = "{server}:{http-port}:{https-port}" }] }"#;
    let vendors = [("byclass", by_class), ("byaddress", by_address), ("silent", "dhcp = {}")];
    let site = Site::new().config("catalog = [\"catalog\"]");
    vendors.into_iter().fold(site, |site, (vendor, dhcp)| {
        let facts = CATALOG.replace("NAME", vendor).replace("DHCP", dhcp);
        site.write(&format!("catalog/{vendor}/vendor.toml"), &facts)
            .write(&format!("catalog/{vendor}/templates/one.cfg"), "")
    })
}

fn told(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = command(&site(), &[&["dhcp"], arguments].concat(), "");
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[track_caller]
fn prints(arguments: &[&str], expected: &str) {
    let (code, out, err) = told(arguments);
    assert_eq!((code, out.trim()), (Some(0), expected.trim()), "{err}");
}

const HOST: &str = "70:72:6f:76:69:73:69:6f:6e:69:6e:67:2e:65:78:61:6d:70:6c:65:2e:6e:65:74";

#[test]
fn isc_gets_classes() {
    prints(
        &["isc", "--vendor", "byclass"],
        &format!(
            r#"option phones-160 code 160 = text;

# byclass
class "byclass" {{
  match if substring(option vendor-class-identifier, 0, 5) = "Class";
  option phones-160 "http://provisioning.example.net/$mac,";
  option vendor-encapsulated-options 01:02:61:62:03:18:{HOST};
}}"#
        ),
    );
    prints(
        &["isc", "--vendor", "byaddress", "--address", "192.0.2.1", "--address", "192.0.2.2"],
        r#"option phones-150 code 150 = array of ip-address;

# byaddress
class "byaddress" {
  match if substring(hardware, 1, 3) = 00:09:45
    or substring(hardware, 1, 4) = 00:09:46:e5;
  option phones-150 192.0.2.1, 192.0.2.2;
  option tftp-server-name "provisioning.example.net:80:443";
}"#,
    );
}

#[test]
fn kea_gets_definitions_and_classes() {
    let read = |arguments: &[&str]| {
        let (code, out, err) = told(arguments);
        assert_eq!(code, Some(0), "{err}");
        serde_json::from_str::<serde_json::Value>(&out).unwrap()
    };
    let expected = serde_json::json!({ "Dhcp4": {
        "option-def": [{ "name": "phones-160", "code": 160, "type": "string", "array": false }],
        "client-classes": [{
            "name": "byclass",
            "test": "substring(option[60].hex, 0, 5) == 'Class'",
            "option-data": [
                { "code": 160, "data": "http://provisioning.example.net/$mac\\,", "csv-format": true },
                { "code": 43, "data": format!("010261620318{}", HOST.replace(':', "")), "csv-format": false },
            ],
        }],
    }});
    assert_eq!(read(&["kea", "--vendor", "byclass"]), expected);
    let expected = serde_json::json!({ "Dhcp4": {
        "option-def": [{ "name": "phones-150", "code": 150, "type": "ipv4-address", "array": true }],
        "client-classes": [{
            "name": "byaddress",
            "test": "substring(pkt4.mac, 0, 3) == 0x000945 or substring(pkt4.mac, 0, 4) == 0x000946e5",
            "option-data": [
                { "code": 150, "data": "192.0.2.1", "csv-format": true },
                { "code": 66, "data": "provisioning.example.net:80:443", "csv-format": true },
            ],
        }],
    }});
    assert_eq!(read(&["kea", "--vendor", "byaddress", "--address", "192.0.2.1"]), expected);
}

#[test]
fn dnsmasq_gets_lines() {
    prints(
        &["dnsmasq", "--vendor", "byclass"],
        &format!(
            r#"# byclass
# option 60: Class
dhcp-match=set:byclass,60,43:6c:61:73:73
dhcp-option=tag:byclass,160,"http://provisioning.example.net/$mac,"
dhcp-option=tag:byclass,43,01:02:61:62:03:18:{HOST}"#
        ),
    );
    prints(
        &["dnsmasq", "--vendor", "byaddress", "--address", "192.0.2.1"],
        r#"# byaddress
dhcp-mac=set:byaddress,00:09:45:*:*:*
dhcp-mac=set:byaddress,00:09:46:E5:*:*
dhcp-option=tag:byaddress,150,192.0.2.1
dhcp-option=tag:byaddress,66,"provisioning.example.net:80:443""#,
    );
}

#[test]
fn mikrotik_gets_commands() {
    prints(
        &["mikrotik", "--vendor", "byclass"],
        &format!(
            r#"# byclass
/ip dhcp-server option add name=byclass-160 code=160 value="s'http://provisioning.example.net/\$mac,'"
/ip dhcp-server option add name=byclass-43 code=43 value=0x010261620318{}
/ip dhcp-server option sets add name=byclass options=byclass-160,byclass-43
/ip dhcp-server matcher add name=byclass server=all code=60 matching-type=substring value="Class" option-set=byclass"#,
            HOST.replace(':', "")
        ),
    );
    let (_, out, _) = told(&["mikrotik", "--vendor", "byaddress", "--address", "192.0.2.1"]);
    assert!(out.contains("name=byaddress-150 code=150 value=0xc0000201\n"), "{out}");
    assert!(out.contains("# These phones send no certain class."), "{out}");
}

#[test]
fn the_protocol_is_one_that_all_phones_speak_or_the_wanted_one() {
    let url = |arguments: &[&str]| {
        let (_, out, err) = told(&[&["dnsmasq", "--vendor", "byclass"], arguments].concat());
        let (_, rest) = out.split_once("160,\"").expect(&err);
        rest.split_once("/$mac").unwrap().0.to_owned()
    };
    assert_eq!(url(&[]), "http://provisioning.example.net");
    assert_eq!(url(&["--protocol", "https"]), "https://provisioning.example.net");
    assert_eq!(url(&["--protocol", "tftp"]), "tftp://provisioning.example.net");
}

#[test]
fn what_is_missing_is_told() {
    for (arguments, expected) in [
        (&["isc"][..], "name one with --vendor, or add devices"),
        (&["isc", "--vendor", "silent"], "no phones of silent are known to read DHCP options"),
        (&["isc", "--vendor", "nobody"], "there is no vendor `nobody`"),
        (&["isc", "--vendor", "byaddress"], "give this server's with --address"),
    ] {
        let (code, out, err) = told(arguments);
        assert_eq!((code, out.as_str()), (Some(1), ""), "{err}");
        assert!(err.contains(expected), "{arguments:?}: {err}");
    }
}
