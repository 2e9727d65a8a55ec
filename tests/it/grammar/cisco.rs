//! Cisco and Linksys.

use roxmltree::Node;

use super::lines::{Once, ensure, once, read};
use super::{Grammar, Verdict, xml};

pub(super) const GRAMMARS: &[Grammar] = &[
    Grammar {
        name: "Cisco flat profile",
        claims: &[
            "cisco/(88[45]1(-plain)?|9861-plain|ata19[12](-plain)?|spa[0-9]+g?(-plain)?)/.*",
            "cisco/spa504g-encrypted/spa504G.cfg",
            "cisco/8841-rfc8188/8841-3PCC.xml",
            "linksys/.*",
        ],
        check: |sample| {
            xml::root(sample, "flat-profile", |root| {
                ensure(xml::elements(root).next().is_some(), "it says nothing")?;
                let bare = root.descendants().filter(|node| node.attributes().len() > 0);
                for node in bare {
                    xml::attributes(node, &["ua", "group"])?;
                }
                xml::sisters(root, &[])
            })
        },
        broken: &[
            ("<flat-profile><A>1</A><A>2</A></flat-profile>\n", "A stands twice"),
            ("<flat-profile><A b=\"1\">1</A></flat-profile>\n", "A has the attribute b"),
            ("<flat-profile/>\n", "it says nothing"),
            ("<flat-profile><A>a&b</A></flat-profile>\n", "reference"),
            ("<device/>\n", "its root is device"),
        ],
    },
    Grammar {
        name: "OpenSSL's salted format",
        claims: &["cisco/[^/]+-encrypted/[0-9a-f]{12}.xml"],
        check: |sample| {
            let rest = sample.bytes.strip_prefix(b"Salted__").ok_or("it tells no salt")?;
            ensure(rest.len() > 8 && rest.len() % 16 == 8, "it is not made of a salt and whole blocks")
        },
        broken: &[
            ("<flat-profile/>\n", "it tells no salt"),
            ("Salted__12345678", "whole blocks"),
            ("Salted__12345678123456781234567", "whole blocks"),
        ],
    },
    Grammar {
        name: "RFC 8188",
        claims: &["cisco/[^/]+-rfc8188/[0-9a-f]{12}.xml"],
        check: |sample| {
            let (head, records) = sample.bytes.split_at_checked(21).ok_or("it has no header")?;
            ensure(head[16..] == [0, 0, 16, 0, 0], "its records have not 4,096 bytes, or a key has a name")?;
            // The last one has 16 bytes of a tag and one that ends its text.
            ensure(records.len() > 17 && (1..17).all(|rest| records.len() % 4096 != rest), "a record is cut")
        },
        broken: &[
            ("<flat-profile/>\n", "no header"),
            ("<flat-profile><A>1</A></flat-profile>\n", "records have not"),
            ("1234567812345678\0\0\x10\0\0a", "a record is cut"),
        ],
    },
    Grammar {
        name: "Cisco enterprise",
        claims: &[r"cisco/[^/]+/(SEP|ATA)[0-9A-F]{12}\.cnf\.xml"],
        check: |sample| xml::root(sample, "device", enterprise),
        broken: &[
            ("<device><a/></device>\n", "device has no deviceProtocol"),
            ("<device><deviceProtocol>SCCP</deviceProtocol></device>\n", "speaks SCCP"),
            (
                "<device><deviceProtocol>SIP</deviceProtocol><sipProfile><sipLines><line button=\"1\"/><line button=\"1\"/></sipLines></sipProfile></device>\n",
                "line button=1 stands twice",
            ),
            ("<device><deviceProtocol>SIP</deviceProtocol><a/><a/></device>\n", "a stands twice"),
        ],
    },
    Grammar {
        name: "Cisco 7940 and 7960",
        claims: &[r"cisco/79[46]0[^/]*/SIP.*\.cnf"],
        check: |sample| once(&read(&sample.latin_1()?, &["([a-z0-9_]+): \"([^\"]*)\"", "#.*"])?, 0),
        broken: &[
            ("proxy1_port: 5060\n", "no known shape"),
            ("proxy1_port: \"5\"0\"\n", "no known shape"),
            ("a: \"1\"\na: \"2\"\n", "a stands twice"),
        ],
    },
    Grammar {
        name: "Cisco dial plan",
        claims: &["cisco/[^/]+/(DialTemplate|dialplan).xml"],
        check: |sample| {
            xml::root(sample, "DIALTEMPLATE", |root| {
                for template in xml::elements(root) {
                    ensure(xml::tag(template) == "TEMPLATE", "a strange element")?;
                    ensure(!xml::attribute(template, "MATCH")?.is_empty(), "a template matches nothing")?;
                }
                Ok(())
            })
        },
        broken: &[
            ("<DIALTEMPLATE><TEMPLATE Timeout=\"5\"/></DIALTEMPLATE>\n", "TEMPLATE has no MATCH"),
            ("<dialplan/>\n", "its root is dialplan"),
        ],
    },
    Grammar {
        name: "Cisco soft keys",
        claims: &["cisco/[^/]+/SoftKeys.xml"],
        check: |sample| xml::root(sample, "softKeyCfg", soft_keys),
        broken: &[
            (
                "<softKeyCfg><typeSoftKey><softKeyDef keyID=\"A\"/><softKeyDef keyID=\"A\"/></typeSoftKey></softKeyCfg>\n",
                "the key A stands twice",
            ),
            (
                "<softKeyCfg><typeSoftKey><softKeyDef/></typeSoftKey></softKeyCfg>\n",
                "softKeyDef has no keyID",
            ),
            ("<softKeys/>\n", "its root is softKeys"),
        ],
    },
    Grammar {
        name: "Cisco feature policy",
        claims: &["cisco/[^/]+/FeaturePolicy.xml"],
        check: |sample| {
            xml::root(sample, "featurePolicy", |root| {
                let mut ids = Once::default();
                for feature in xml::elements(root) {
                    xml::attribute(feature, "name")?;
                    xml::only(feature, "enable")?;
                    ids.add(format!("the feature {}", xml::text(xml::only(feature, "id")?)))?;
                }
                xml::sisters(root, &["name"])
            })
        },
        broken: &[
            (
                "<featurePolicy><featureDef name=\"a\"><id>1</id><enable>true</enable></featureDef><featureDef name=\"b\"><id>1</id><enable>true</enable></featureDef></featurePolicy>\n",
                "the feature 1 stands twice",
            ),
            (
                "<featurePolicy><featureDef name=\"a\"><id>1</id></featureDef></featurePolicy>\n",
                "has no enable",
            ),
        ],
    },
    Grammar {
        name: "Cisco image synchronization",
        claims: &["cisco/[^/]+/syncinfo.xml"],
        check: |sample| {
            xml::root(sample, "IMAGE", |root| {
                xml::attribute(root, "VERSION")?;
                xml::attribute(root, "SYNC").map(drop)
            })
        },
        broken: &[("<IMAGE VERSION=\"*\"/>\n", "IMAGE has no SYNC"), ("<SYNC/>\n", "its root is SYNC")],
    },
];

fn enterprise(root: Node<'_, '_>) -> Verdict {
    let protocol = xml::text(xml::only(root, "deviceProtocol")?);
    ensure(protocol == "SIP", format!("it speaks {protocol}"))?;
    for node in root.descendants().filter(|node| ["ntp", "phoneService"].contains(&xml::tag(*node))) {
        xml::sisters(node, &[])?;
    }
    // Only these lists have members that nothing but their place tells apart.
    let lists = ["ntps", "phoneServices"];
    let strange = xml::twins(root, &["priority", "button", "idx"]);
    strange.into_iter().find(|(list, _)| !lists.contains(list)).map_or(Ok(()), |(_, why)| Err(why))
}

fn soft_keys(root: Node<'_, '_>) -> Verdict {
    let mut keys = Once::default();
    for key in root.descendants().filter(|node| xml::tag(*node) == "softKeyDef") {
        keys.add(format!("the key {}", xml::attribute(key, "keyID")?))?;
    }
    for used in root.descendants().filter(|node| xml::tag(*node) == "softKey") {
        let key = format!("the key {}", xml::attribute(used, "keyID")?);
        ensure(keys.has(&key), format!("{key} is used and not defined"))?;
    }
    Ok(())
}
