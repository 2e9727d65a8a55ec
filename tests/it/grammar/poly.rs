//! Polycom, Spectralink, Obihai, Algo, 2N and Thomson.

use std::collections::BTreeMap;

use roxmltree::Node;

use super::lines::{Once, ensure, once, pattern, read, sections};
use super::{Grammar, Sample, Verdict, xml};

pub(super) const GRAMMARS: &[Grammar] = &[
    Grammar {
        name: "Polycom UCS",
        claims: &["(polycom|spectralink)/[^/]+/.*-user.cfg"],
        check: ucs,
        broken: &[
            (
                "<polycomConfig><a reg.1.address=\"1\"/><b reg.1.address=\"1\"/></polycomConfig>\n",
                "reg.1.address stands twice",
            ),
            ("<polycomConfig><a reg.1.address=\"1\" reg.3.address=\"1\"/></polycomConfig>\n", "reg.2"),
            ("<polycomConfig><a device.x.y=\"1\"/></polycomConfig>\n", "device.set is not 1"),
            ("<polycomConfig><a device.set=\"1\" device.x=\"1\"/></polycomConfig>\n", "device.x is not set"),
            (
                "<polycomConfig><a device.set=\"1\" device.x=\"1\" device.x.set=\"0\"/></polycomConfig>\n",
                "device.x is not set",
            ),
            (
                "<polycomConfig><a device.set=\"1\" device.x.set=\"1\"/></polycomConfig>\n",
                "device.x has no value",
            ),
            ("<polycomConfig><a reg.1.label=\"a\" reg.1.label=\"b\"/></polycomConfig>\n", "already defined"),
            ("<polycomConfig><a reg.1.label=\"\"\"/></polycomConfig>\n", "expected a whitespace"),
            ("<polycomConfig><a bare=\"1\"/></polycomConfig>\n", "bare is no parameter"),
            ("<PHONE_CONFIG/>\n", "its root is PHONE_CONFIG"),
        ],
    },
    Grammar {
        name: "Polycom SIP 3.x",
        claims: &["polycom/[^/]+/.*-(phone1|sip).cfg"],
        check: |sample| {
            let phone = sample.name.ends_with("-phone1.cfg");
            xml::root(sample, if phone { "phone1" } else { "sip" }, parameters)
        },
        broken: &[
            ("<phone1/>\n", "its root is phone1"),
            ("<sip><a b.c=\"1\"/><d b.c=\"1\"/></sip>\n", "b.c stands twice"),
            ("<sip><a reg.2.address=\"1\"/></sip>\n", "reg.1"),
            ("<sip><a></sip>\n", "expected 'a' tag"),
        ],
    },
    Grammar {
        name: "Polycom master file",
        claims: &["(polycom|spectralink)/[^/]+/[0-9a-f]{12}.cfg"],
        check: master,
        broken: &[
            ("<APPLICATION APP_FILE_PATH=\"\"/>\n", "has no CONFIG_FILES"),
            ("<APPLICATION CONFIG_FILES=\"nobody.cfg\"/>\n", "nobody.cfg is no file"),
            ("<APPLICATION CONFIG_FILES=\"\"/>\n", "is no file"),
            ("<APPLICATION CONFIG_FILES=\"a\" PASSWORD=\"b\"/>\n", "PASSWORD"),
        ],
    },
    Grammar {
        name: "Polycom directory",
        claims: &["(polycom|spectralink)/[^/]+/.*-directory.xml"],
        check: directory,
        broken: &[
            (
                "<directory><item_list><item><ct>1</ct><sd>1</sd></item><item><ct>2</ct><sd>1</sd></item></item_list></directory>\n",
                "speed dial 1 stands twice",
            ),
            ("<directory><item_list><item><ct>1</ct></item></item_list></directory>\n", "item has no sd"),
            (
                "<directory><item_list><item><ct></ct><sd>1</sd></item></item_list></directory>\n",
                "nobody to call",
            ),
            ("<directory/>\n", "has no item_list"),
        ],
    },
    Grammar {
        name: "Obihai",
        claims: &["obihai/.*"],
        check: obihai,
        broken: &[
            ("<ParameterList><O><P><N>a</N><V>b</V></P></O></ParameterList>\n", "O has no N"),
            ("<ParameterList><O><N>A.B</N><P><N>a</N><V>b</V></P></O></ParameterList>\n", "A.B does not end"),
            ("<ParameterList><O><N>A.</N><P><N>a</N></P></O></ParameterList>\n", "P has no V"),
            ("<ParameterList><O><N>A.</N></O></ParameterList>\n", "A. sets nothing"),
            (
                "<ParameterList><O><N>A.</N><P><N>a</N><V>b</V></P></O><O><N>A.</N><P><N>a</N><V>c</V></P></O></ParameterList>\n",
                "A.a stands twice",
            ),
        ],
    },
    Grammar {
        name: "Algo",
        claims: &["algo/.*"],
        check: |sample| {
            let lines = read(sample.text()?, &["([a-z0-9]+(?:[.][A-Za-z0-9]+)+) = (.*)", "#.*"])?;
            once(&lines, 0)
        },
        broken: &[
            ("sip.proxy=a\n", "no known shape"),
            (" # indented\n", "no known shape"),
            ("sip.proxy = a\nsip.proxy = b\n", "sip.proxy stands twice"),
        ],
    },
    Grammar {
        name: "2N",
        claims: &["2n/.*"],
        check: |sample| xml::root(sample, "DeviceDatabase", |root| xml::sisters(root, &["At"])),
        broken: &[
            (
                "<DeviceDatabase><Phone><Sip At=\"0\"/><Sip At=\"0\"/></Phone></DeviceDatabase>\n",
                "Sip At=0 stands twice",
            ),
            ("<DeviceDatabase><Network/><Network/></DeviceDatabase>\n", "Network stands twice"),
            ("<Devices/>\n", "its root is Devices"),
        ],
    },
    Grammar {
        name: "Thomson",
        claims: &[r"thomson/.*\.txt"],
        check: thomson,
        broken: &[
            ("[sys]\nAutoAnsMode=1\n", "no config_sn"),
            ("[sys]\nconfig_sn=12345678901\n", "config_sn is 12345678901"),
            ("[sys]\nconfig_sn=123456789012\nconfig_sn=123456789012\n", "config_sn stands twice"),
            ("config_sn=123456789012\n", "before any section"),
            ("[sys]\nconfig_sn 123456789012\n", "no known shape"),
        ],
    },
    Grammar {
        name: "Thomson's file of a model",
        claims: &[r"thomson/.*\.inf"],
        check: |sample| {
            sections(&read(&sample.latin_1()?, &[r"\[(application|config)\]", "(fwurl|config)=(.+)"])?)
        },
        broken: &[
            ("[config]\nconfig=\n", "no known shape"),
            ("config=http://a/\n", "before any section"),
            ("[sys]\n", "no known shape"),
        ],
    },
];

/// The attributes of all elements; each may stand once in a file, and registrations follow one another.
fn parameters(root: Node<'_, '_>) -> Verdict {
    let mut names = Once::default();
    let mut registrations = BTreeMap::new();
    for node in root.descendants().filter(Node::is_element) {
        for attribute in node.attributes() {
            let name = attribute.name();
            ensure(name.contains('.'), format!("{name} is no parameter"))?;
            names.add(name)?;
            let number = name.strip_prefix("reg.").and_then(|rest| rest.split('.').next());
            if let Some(number) = number.and_then(|number| number.parse::<usize>().ok()) {
                registrations.insert(number, name);
            }
        }
    }
    for (at, (number, name)) in registrations.iter().enumerate() {
        ensure(*number == at + 1, format!("{name} stands where reg.{} is missing", at + 1))?;
    }
    Ok(())
}

fn ucs(sample: &Sample<'_>) -> Verdict {
    xml::root(sample, "polycomConfig", |root| {
        parameters(root)?;
        let all: BTreeMap<&str, &str> = root
            .descendants()
            .flat_map(|node| node.attributes())
            .map(|attribute| (attribute.name(), attribute.value()))
            .collect();
        let device = || all.iter().filter(|(name, _)| name.starts_with("device.") && **name != "device.set");
        ensure(device().next().is_none() || all.get("device.set") == Some(&"1"), "device.set is not 1")?;
        for (name, _) in device() {
            if let Some(parameter) = name.strip_suffix(".set") {
                ensure(all.contains_key(parameter), format!("{parameter} has no value"))?;
            } else {
                let set = all.get(format!("{name}.set").as_str());
                ensure(set == Some(&"1"), format!("{name} is not set"))?;
            }
        }
        Ok(())
    })
}

fn master(sample: &Sample<'_>) -> Verdict {
    xml::root(sample, "APPLICATION", |root| {
        let known = [
            "APP_FILE_PATH",
            "CONFIG_FILES",
            "MISC_FILES",
            "LOG_FILE_DIRECTORY",
            "OVERRIDES_DIRECTORY",
            "CONTACTS_DIRECTORY",
        ];
        xml::attributes(root, &known)?;
        let files = xml::attribute(root, "CONFIG_FILES")?;
        ensure(files.len() <= 2047, "CONFIG_FILES is too long")?;
        for file in files.split(',').map(str::trim) {
            ensure(file.len() <= 255, format!("{file} is too long"))?;
            // The one for all phones names them by what each puts its own address for. Whoever asks for it without
            // telling its model gets that of the newer firmware.
            let there = match file.strip_prefix("[PHONE_MAC_ADDRESS]") {
                Some("-user.cfg") if sample.name == "000000000000.cfg" => true,
                Some(rest) => sample.case.keys().any(|name| name.ends_with(rest)),
                None => sample.case.contains_key(file),
            };
            ensure(there, format!("{file} is no file of the phone"))?;
        }
        Ok(())
    })
}

fn directory(sample: &Sample<'_>) -> Verdict {
    xml::root(sample, "directory", |root| {
        let mut dials = Once::default();
        for item in xml::elements(xml::only(root, "item_list")?) {
            ensure(xml::tag(item) == "item", "a strange element")?;
            xml::sisters(item, &[])?;
            let dial = xml::text(xml::only(item, "sd")?);
            ensure(
                dial.parse::<u16>().is_ok_and(|dial| (1..=9999).contains(&dial)),
                format!("sd is {dial}"),
            )?;
            dials.add(format!("speed dial {dial}"))?;
            ensure(!xml::text(xml::only(item, "ct")?).is_empty(), "there is nobody to call")?;
        }
        Ok(())
    })
}

fn obihai(sample: &Sample<'_>) -> Verdict {
    xml::root(sample, "ParameterList", |root| {
        let mut names = Once::default();
        for object in xml::elements(root) {
            ensure(xml::tag(object) == "O", format!("{} is no object", xml::tag(object)))?;
            let path = xml::text(xml::only(object, "N")?);
            ensure(path.ends_with('.'), format!("{path} does not end in a dot"))?;
            let parameters: Vec<_> = xml::elements(object).filter(|child| xml::tag(*child) == "P").collect();
            ensure(!parameters.is_empty(), format!("{path} sets nothing"))?;
            ensure(
                parameters.len() + 1 == xml::elements(object).count(),
                format!("{path} has a strange element"),
            )?;
            for parameter in parameters {
                let name = xml::text(xml::only(parameter, "N")?);
                xml::leaf(xml::only(parameter, "V")?)?;
                ensure(!name.is_empty(), format!("{path} has a parameter without a name"))?;
                names.add(format!("{path}{name}"))?;
            }
        }
        Ok(())
    })
}

fn thomson(sample: &Sample<'_>) -> Verdict {
    let text = sample.latin_1()?;
    let lines = read(&text, &[r"\[([a-z]+)\]", "([A-Za-z0-9_-]+)=(.*)"])?;
    sections(&lines)?;
    let serial = lines.iter().find(|line| line.name == "config_sn").ok_or("there is no config_sn")?.value;
    ensure(pattern("[0-9]{12}").is_match(serial), format!("config_sn is {serial}"))
}
