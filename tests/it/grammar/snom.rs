//! Snom, VTech, Gigaset and Panasonic.

use roxmltree::Node;

use super::lines::{Once, ensure, once, pattern, read};
use super::{Grammar, Sample, Verdict, xml};

pub(super) const GRAMMARS: &[Grammar] = &[
    Grammar {
        name: "Snom XML",
        claims: &[
            r"snom/(d[0-9]|m300|m400|m9|mp|pa1|s300|s720)[^/]*/(-|snom[A-Za-z0-9]+(-[0-9A-F]{12})?\.|[0-9A-F]{12}).*",
            r"vtech/et[^/]+/([0-9A-F]{12}\.xml|ET685\.htm)",
            r"gigaset/p[78][^/]+/([0-9A-F]{12}\.xml|gigasetP850\.htm)",
        ],
        check: |sample| xml::root(sample, "settings", snom),
        broken: &[
            (
                "<settings><phone-settings><user_name idx=\"0\">a</user_name></phone-settings></settings>\n",
                "user_name has the index 0",
            ),
            ("<settings><phone-settings><a>1</a><a>2</a></phone-settings></settings>\n", "a stands twice"),
            (
                "<settings><phone-settings><a idx=\"1\">1</a><a idx=\"1\">2</a></phone-settings></settings>\n",
                "a 1 stands twice",
            ),
            (
                "<settings><functionKeys><fkey idx=\"0\">none</fkey><fkey idx=\"0\">none</fkey></functionKeys></settings>\n",
                "fkey 0 stands twice",
            ),
            ("<settings><functionKeys><fkey>none</fkey></functionKeys></settings>\n", "fkey has no idx"),
            (
                "<settings><functionKeys><user_name idx=\"1\">a</user_name></functionKeys></settings>\n",
                "user_name is no key",
            ),
            ("<settings><strange/></settings>\n", "strange is no part"),
            ("<settings/>\n<settings/>\n", "unknown token"),
        ],
    },
    Grammar {
        name: "Snom firmware",
        claims: &["(snom/[dms][0-9]+[^t]*|vtech/et685|gigaset/p850)/.*-firmware.xml"],
        check: |sample| {
            xml::root(sample, "firmware-settings", |root| {
                let firmware = xml::only(root, "firmware")?;
                xml::leaf(firmware)?;
                ensure(xml::elements(root).count() == 1, "there is more than firmware")
            })
        },
        broken: &[
            ("<firmware-settings/>\n", "has no firmware"),
            ("<firmware-settings><firmware/><firmware/></firmware-settings>\n", "firmware stands twice"),
            ("<settings/>\n", "its root is settings"),
        ],
    },
    Grammar {
        name: "Snom text",
        claims: &["snom/s320-text.*"],
        check: snom_text,
        broken: &[
            ("user_name1$: a\n", "is not in <html><pre>"),
            ("<html>\n<pre>\nuser name1$: a\n</pre>\n</html>\n", "no known shape"),
            ("<html>\n<pre>\nuser_name1$: a\nuser_name1$: b\n</pre>\n</html>\n", "user_name1 stands twice"),
            ("<html>\n<pre>\nuser_name1=a\n</pre>\n</html>\n", "no known shape"),
            ("<html>\n<pre>\nuser_name1$: a\n</html>\n", "is not in <html><pre>"),
        ],
    },
    Grammar {
        name: "Snom M3",
        claims: &["snom/m3(-plain)?/.*"],
        check: m3,
        broken: &[
            ("%A%:1\n", "END_OF_FILE"),
            ("%A%:text\nEND_OF_FILE\n", "no known shape"),
            ("%A%:\"a\"b\"\nEND_OF_FILE\n", "no known shape"),
            ("%A%:1\n%A%:2\nEND_OF_FILE\n", "A stands twice"),
            ("A:1\nEND_OF_FILE\n", "no known shape"),
        ],
    },
    Grammar {
        name: "VTech XML",
        claims: &["snom/(c520|m100kle).*"],
        check: vtech,
        broken: &[
            ("<settings><a><idx id=\"1\"/><idx id=\"1\"/></a></settings>\n", "idx id=1 stands twice in a"),
            ("<settings><a>1</a><a>2</a></settings>\n", "a stands twice"),
            ("<setting/>\n", "it has setting"),
            ("<settings/>\n<profile/>\n", "it has settings, profile"),
            ("<profile/>\n", "it has profile"),
        ],
    },
    Grammar {
        name: "VTech text",
        claims: &["vtech/v.*"],
        check: |sample| {
            once(&read(sample.text()?, &["([a-z][A-Za-z0-9_]*(?:[.][A-Za-z0-9_]+)+) = (.*)", "#.*"])?, 0)
        },
        broken: &[
            ("network.ip=1\n", "no known shape"),
            ("network = 1\n", "no known shape"),
            ("a.b = 1\na.b = 2\n", "a.b stands twice"),
        ],
    },
    Grammar {
        name: "Gigaset frame",
        claims: &["gigaset/(c610|de|n510|n720|s685).*"],
        check: frame,
        broken: &[
            ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ProviderFrame/>\n", "is not in ISO-8859-1"),
            (
                "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<ProviderFrame><Provider><MAC_ADDRESS value=\"001565AABBCD\"/></Provider></ProviderFrame>\n",
                "001565AABBCD",
            ),
            (
                "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<ProviderFrame><Provider><A value=\"1\"/></Provider></ProviderFrame>\n",
                "has no MAC_ADDRESS",
            ),
            (
                "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<ProviderFrame><Provider><MAC_ADDRESS value=\"001565AABBCC\"/><SYMB_ITEM ID=\"a\" value=\"1\"/><SYMB_ITEM ID=\"a\" value=\"2\"/></Provider></ProviderFrame>\n",
                "a stands twice",
            ),
            (
                "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<ProviderFrame><Provider><MAC_ADDRESS value=\"001565AABBCC\"/><A/></Provider></ProviderFrame>\n",
                "A has no value",
            ),
        ],
    },
    Grammar {
        name: "Gigaset parameters",
        claims: &["gigaset/(maxwell|n610|n870).*"],
        check: |sample| xml::root(sample, "provisioning", provisioning),
        broken: &[
            (
                "<provisioning version=\"1.1\"><nvm><param name=\"a\" value=\"1\"/><param name=\"a\" value=\"2\"/></nvm></provisioning>\n",
                "a stands twice",
            ),
            (
                "<provisioning version=\"1.1\"><nvm><param name=\"a\"/></nvm></provisioning>\n",
                "param has no value",
            ),
            ("<provisioning version=\"1.1\"/>\n", "has no nvm"),
            ("<provisioning version=\"1.1\"><nvm><item/></nvm></provisioning>\n", "item is no parameter"),
        ],
    },
    Grammar {
        name: "Panasonic",
        claims: &["panasonic/(hdv|tgp|ut[16]).*"],
        check: panasonic,
        broken: &[
            ("ADMIN_ID=\"root\"\r\n", "its first line"),
            ("# Panasonic SIP Phone Standard Format File #\nA=\"1\"\n", "CR LF"),
            ("# Panasonic SIP Phone Standard Format File #\r\nA=1\r\n", "no known shape"),
            ("# Panasonic SIP Phone Standard Format File #\r\nA=\"1\"\r\nA=\"2\"\r\n", "A stands twice"),
            ("# Panasonic SIP Phone Standard Format File #\r\nA=\"a\"b\"\r\n", "no known shape"),
            (
                "# Panasonic SIP Phone Standard Format File #\r\nABCDEFGHIJKLMNOPQRSTUVWXYZ_ABCDEFGHIJK=\"1\"\r\n",
                "too long",
            ),
        ],
    },
    Grammar {
        name: "Panasonic UTG",
        claims: &["panasonic/utg.*"],
        check: |sample| xml::root(sample, "PANASIPPhoneConfig", utg),
        broken: &[
            (
                "<PANASIPPhoneConfig><Device><A perm=\"!RW\">1</A><A perm=\"!RW\">2</A></Device></PANASIPPhoneConfig>\n",
                "A stands twice",
            ),
            ("<PANASIPPhoneConfig><Device><A>1</A></Device></PANASIPPhoneConfig>\n", "A has no perm"),
            ("<Device/>\n", "its root is Device"),
        ],
    },
];

/// Parts with settings, each told apart by its index where it has one.
fn snom(root: Node<'_, '_>) -> Verdict {
    let mut parts = Once::default();
    for part in xml::elements(root) {
        let name = xml::tag(part);
        ensure(
            ["phone-settings", "functionKeys", "firmware-settings"].contains(&name),
            format!("{name} is no part"),
        )?;
        parts.add(name)?;
        let mut settings = Once::default();
        for setting in xml::elements(part) {
            xml::attributes(setting, &["idx", "perm", "context", "label", "type"])?;
            let tag = xml::tag(setting);
            if name == "functionKeys" {
                ensure(tag == "fkey", format!("{tag} is no key"))?;
                xml::attribute(setting, "idx")?;
            }
            let index = setting.attribute("idx");
            if let Some(index) = index {
                let number = index.parse::<u16>().map_err(|error| error.to_string())?;
                ensure(number >= u16::from(tag != "fkey"), format!("{tag} has the index {number}"))?;
            }
            xml::leaf(setting)?;
            settings.add(index.map_or_else(|| tag.to_owned(), |index| format!("{tag} {index}")))?;
        }
    }
    Ok(())
}

fn snom_text(sample: &Sample<'_>) -> Verdict {
    let inner = sample
        .text()?
        .strip_prefix("<html>\n<pre>\n")
        .and_then(|text| text.strip_suffix("</pre>\n</html>\n"));
    let inner = inner.ok_or("it is not in <html><pre>")?;
    once(&read(inner, &[r"([a-z][a-z0-9_]*(?:\[[0-9]+\])?)[$!&]?:( .*)?", "#.*"])?, 0)
}

fn m3(sample: &Sample<'_>) -> Verdict {
    let text = sample.text()?.strip_suffix("\nEND_OF_FILE\n").ok_or("its last line is not END_OF_FILE")?;
    once(
        &read(text, &["%([A-Z0-9_]+)%:((?:0x[0-9A-F]{2}|[0-9]+)(?:,(?:0x[0-9A-F]{2}|[0-9]+))*|\"[^\"]*\")"])?,
        0,
    )
}

fn frame(sample: &Sample<'_>) -> Verdict {
    let head = br#"<?xml version="1.0" encoding="ISO-8859-1"?>"#;
    ensure(sample.bytes.starts_with(head), "it is not in ISO-8859-1")?;
    xml::root(sample, "ProviderFrame", |root| {
        let provider = xml::only(root, "Provider")?;
        let told = xml::attribute(xml::only(provider, "MAC_ADDRESS")?, "value")?;
        let own = sample.mac().unwrap_or_default().to_ascii_uppercase();
        ensure(told == own, format!("it is for {told} and not for {own}"))?;
        let mut names = Once::default();
        for item in xml::elements(provider) {
            xml::attribute(item, "value")?;
            names.add(item.attribute("ID").unwrap_or_else(|| xml::tag(item)))?;
        }
        Ok(())
    })
}

fn provisioning(root: Node<'_, '_>) -> Verdict {
    xml::attribute(root, "version")?;
    let mut names = Once::default();
    for child in xml::elements(xml::only(root, "nvm")?) {
        match xml::tag(child) {
            "param" => {
                xml::attribute(child, "value")?;
                names.add(xml::attribute(child, "name")?)?;
            }
            "oper" => xml::attribute(child, "name").map(drop)?,
            other => return Err(format!("{other} is no parameter")),
        }
    }
    Ok(())
}

fn panasonic(sample: &Sample<'_>) -> Verdict {
    // The first 44 bytes tell the phone that the file is one.
    let head = b"# Panasonic SIP Phone Standard Format File #";
    ensure(sample.bytes.starts_with(head), "its first line is not that of the format")?;
    ensure(sample.bytes.len() <= 120 * 1024, "it is too long")?;
    let text = sample.crlf()?;
    if let Some(line) = text.lines().find(|line| line.len() + 2 > 537) {
        return Err(format!("the line is too long: {line}"));
    }
    let lines = read(&text, &["([A-Z][A-Z0-9_]*)=\"([^\"]*)\"", "#.*"])?;
    for line in lines.iter().filter(|line| line.shape == 0) {
        ensure(line.name.len() <= 32, format!("{} is too long a name", line.name))?;
        ensure(line.value.len() <= 500, format!("{} has too long a value", line.name))?;
    }
    once(&lines, 0)
}

fn utg(root: Node<'_, '_>) -> Verdict {
    xml::sisters(root, &["index", "idx", "id"])?;
    let access = pattern("!?R?W?");
    // An element of layout may be empty; it is a line end then.
    let layout = |node: &Node<'_, '_>| xml::text(*node).starts_with('\n');
    let leaves = root.descendants().filter(|node| node.is_element() && xml::leaf(*node).is_ok());
    for leaf in leaves.filter(|node| !layout(node)) {
        let permission = xml::attribute(leaf, "perm")?;
        ensure(access.is_match(permission), format!("the permission {permission}"))?;
    }
    Ok(())
}

/// The settings, and the passwords before them: two documents in one, by the only file that is public.
fn vtech(sample: &Sample<'_>) -> Verdict {
    let text = sample.text()?;
    let parts = text.strip_prefix("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n").unwrap_or(text);
    let whole = format!("<parts>\n{parts}</parts>\n");
    let whole = Sample { bytes: whole.as_bytes(), ..*sample };
    xml::root(&whole, "parts", |root| {
        let names: Vec<&str> = root.children().filter(|node| node.is_element()).map(xml::tag).collect();
        ensure(
            matches!(names[..], ["settings"] | ["profile", "settings"]),
            format!("it has {}", names.join(", ")),
        )?;
        xml::sisters(root, &["id"])
    })
}
