//! Grandstream, and Fanvil with the vendors whose phones it makes.

use roxmltree::Node;

use super::lines::{Once, ensure, pattern, read};
use super::{Grammar, Sample, Verdict, xml};

pub(super) const GRAMMARS: &[Grammar] = &[
    Grammar {
        name: "Grandstream",
        claims: &[r"grandstream/(dp|gac|ghp|grp|gsc|gxp|gxv|gxw|ht|wp)[0-9][^/]*/cfg[0-9a-f]{12}\.xml"],
        check: provision,
        broken: &[
            (
                "<gs_provision version=\"1\"><config version=\"1\"><P1>1</P1><P1>2</P1></config></gs_provision>\n",
                "P1 stands twice",
            ),
            (
                "<gs_provision version=\"1\"><config version=\"1\"><item name=\"a\">1</item></config></gs_provision>\n",
                "item is no parameter",
            ),
            (
                "<gs_provision version=\"1\"><config version=\"1\"><P01>1</P01></config></gs_provision>\n",
                "P01 is no parameter",
            ),
            (
                "<gs_provision version=\"1\"><config version=\"2\"><P1>1</P1></config></gs_provision>\n",
                "P1 is no item",
            ),
            (
                "<gs_provision version=\"1\"><config version=\"2\"><item name=\"a.b\">1</item><item name=\"a.b\">1</item></config></gs_provision>\n",
                "a.b stands twice",
            ),
            ("<gs_provision version=\"1\"><config version=\"3\"/></gs_provision>\n", "the version 3"),
            (
                "<!DOCTYPE gs_provision>\n<gs_provision version=\"1\"><config version=\"1\"/></gs_provision>\n",
                "DTD",
            ),
            (
                "\u{feff}<gs_provision version=\"1\"><config version=\"1\"/></gs_provision>\n",
                "byte order mark",
            ),
        ],
    },
    Grammar {
        name: "Grandstream's door stations",
        claims: &["grandstream/gds.*"],
        check: |sample| xml::root(sample, "Device", device),
        broken: &[
            ("<gs_provision/>\n", "its root is gs_provision"),
            ("<Device>\n<Module_A>\n<Module_B/></Module_A>\n</Device>\n", "Module_B is no parameter"),
            (
                "<Device>\n<Module_A>\n<P1>1</P1></Module_A><Module_B><P1>1</P1></Module_B>\n</Device>\n",
                "P1 stands twice",
            ),
            ("<Device>\n<Admin/>\n</Device>\n", "Admin is no module"),
            ("<Device>\n<P1>1</P1>\n</Device>\n", "P1 is no module"),
        ],
    },
    Grammar {
        name: "Grandstream's binary configuration",
        claims: &[r"grandstream/(bt200|gxp1200|gxp2000|ht286)[^/]*/cfg[0-9a-f]{12}"],
        check: binary,
        broken: &[
            ("short\n", "no header"),
            ("\0\0\0\u{9}ab\0\0\0\0\0\0\r\n\r\na", "odd"),
            ("\0\0\0\u{9}ab\0\0\0\0\0\0\r\n\r\nab", "MAC"),
            ("\0\0\0\u{9}ab\0\0\0\0\0\0\r\n\n\rab", "does not end its header"),
            ("\0\0\0\u{8}ab\0\0\0\0\0\0\r\n\r\nab", "tells 8 words"),
        ],
    },
    Grammar {
        name: "Fanvil and Atcom text",
        claims: &["fanvil/(c58-plain|x3s-plain|x5|x6)/.*", "swissvoice/.*", "atcom/.*"],
        check: modules,
        broken: &[
            ("<NET CONFIG MODULE>\nDHCP :1\n<<END OF FILE>>\n", "its first line"),
            ("<<VOIP CONFIG FILE>>Version:2.0002\n<NET CONFIG MODULE>\nDHCP :1\n", "its last line"),
            ("<<VOIP CONFIG FILE>>Version:2.0002\nDHCP :1\n<<END OF FILE>>\n", "before any module"),
            (
                "<<VOIP CONFIG FILE>>Version:2.0002\n<NET CONFIG MODULE>\nDHCP=1\n<<END OF FILE>>\n",
                "no known shape",
            ),
            (
                "<<VOIP CONFIG FILE>>Version:2.0002\n<A MODULE>\nDHCP :1\nDHCP :0\n<<END OF FILE>>\n",
                "DHCP stands twice",
            ),
            (
                "<<VOIP CONFIG FILE>>Version:2.0002\n<A MODULE>\n<<END OF FILE>>\n<<END OF FILE>>\n",
                "no known shape",
            ),
        ],
    },
    Grammar {
        name: "Fanvil XML",
        claims: &["fanvil/(v62|w6|x210|x5u)[^/]*/.*"],
        check: system,
        broken: &[
            ("<sysConf>\n<net/>\n<Version>2.0002</Version>\n</sysConf>\n", "Version is not first"),
            (
                "<sysConf>\n<Version>2.0002</Version>\n<sip><line index=\"1\"/><line index=\"1\"/></sip>\n</sysConf>\n",
                "line index=1 stands twice",
            ),
            ("<sysConf>\n<Version>2</Version>\n<net><A>1</A><A>2</A></net>\n</sysConf>\n", "A stands twice"),
            ("<sysConf>\n<Version>2</Version>\nnet\n</sysConf>\n", "text stands beside"),
        ],
    },
];

fn provision(sample: &Sample<'_>) -> Verdict {
    xml::root(sample, "gs_provision", |root| {
        ensure(xml::attribute(root, "version")? == "1", "the file is not of version 1")?;
        let config = xml::only(root, "config")?;
        ensure(
            xml::elements(root).all(|child| ["config", "mac"].contains(&xml::tag(child))),
            "a strange element",
        )?;
        let mut names = Once::default();
        match xml::attribute(config, "version")? {
            "1" => xml::elements(config).try_for_each(|child| parameter(child, &mut names)),
            "2" => xml::elements(config).try_for_each(|child| item(child, &mut names)),
            other => Err(format!("config has the version {other}")),
        }
    })
}

/// `<P47>…</P47>`.
fn parameter(node: Node<'_, '_>, names: &mut Once) -> Verdict {
    let name = xml::tag(node);
    ensure(pattern("P[1-9][0-9]*").is_match(name), format!("{name} is no parameter"))?;
    xml::leaf(node)?;
    xml::attributes(node, &[])?;
    names.add(name)
}

/// `<item name="account.1.enable">…</item>`.
fn item(node: Node<'_, '_>, names: &mut Once) -> Verdict {
    ensure(xml::tag(node) == "item", format!("{} is no item", xml::tag(node)))?;
    xml::leaf(node)?;
    xml::attributes(node, &["name"])?;
    let name = xml::attribute(node, "name")?;
    ensure(
        pattern("[A-Za-z0-9_]+(?:[.][A-Za-z0-9_-]+)+").is_match(name),
        format!("{name} is no item's name"),
    )?;
    names.add(name)
}

/// Modules, one level of them, with parameters.
fn device(root: Node<'_, '_>) -> Verdict {
    let (mut modules, mut names) = (Once::default(), Once::default());
    for module in xml::elements(root) {
        let name = xml::tag(module);
        ensure(name.starts_with("Module_"), format!("{name} is no module"))?;
        modules.add(name)?;
        xml::elements(module).try_for_each(|child| parameter(child, &mut names))?;
    }
    Ok(())
}

/// A header of 16 bytes (words in all, the checksum, the MAC address, two line ends), then `P1=…&…&gnkey=0b82`, filled
/// up to whole words.
fn binary(sample: &Sample<'_>) -> Verdict {
    let bytes = sample.bytes;
    let (header, body) = bytes.split_at_checked(16).ok_or("it has no header")?;
    ensure(bytes.len().is_multiple_of(2), "its length is odd")?;
    ensure(header[12..] == *b"\r\n\r\n", "it does not end its header")?;
    let words = u32::from_be_bytes([header[0], header[1], header[2], header[3]]);
    ensure(u32::try_from(bytes.len() / 2) == Ok(words), format!("it tells {words} words"))?;
    let mac: String = header[6..12].iter().map(|byte| format!("{byte:02x}")).collect();
    ensure(sample.mac().as_ref() == Some(&mac), format!("it tells the MAC address {mac}"))?;
    let pairs = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let sum = pairs.fold(0_u16, u16::wrapping_add);
    ensure(sum == 0, format!("its words add up to {sum}"))?;
    let body = body.strip_suffix(b"\0").unwrap_or(body);
    let text = str::from_utf8(body).map_err(|error| error.to_string())?;
    let text = text.strip_suffix("&gnkey=0b82").ok_or("it does not end with its key")?;
    let mut names = Once::default();
    for pair in text.split('&') {
        let (name, value) = pair.split_once('=').ok_or_else(|| format!("{pair} is no pair"))?;
        ensure(pattern("P[1-9][0-9]*").is_match(name), format!("{name} is no parameter"))?;
        let encoded = pattern("(?:[A-Za-z0-9*._+-]|%[0-9A-Fa-f]{2})*");
        ensure(encoded.is_match(value), format!("{name} is not encoded: {value}"))?;
        names.add(name)?;
    }
    Ok(())
}

#[test]
fn a_binary_configuration_is_refused_for_one_bit() {
    let body = b"P2=a%21&P3=*9&gnkey=0b82";
    let words = u8::try_from((16 + body.len()) / 2).expect("it is short");
    let mut bytes = vec![0, 0, 0, words, 0, 0, 0x00, 0x15, 0x65, 0xaa, 0xbb, 0xcc, 13, 10, 13, 10];
    bytes.extend_from_slice(body);
    let pairs = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let sum = pairs.fold(0_u16, u16::wrapping_add);
    bytes[4..6].copy_from_slice(&sum.wrapping_neg().to_be_bytes());
    let case = std::collections::BTreeMap::new();
    let check = |bytes: &[u8]| binary(&Sample { name: "cfg001565aabbcc", bytes, case: &case });
    assert_eq!(check(&bytes), Ok(()));
    for at in 0..bytes.len() {
        let mut other = bytes.clone();
        other[at] ^= 1;
        assert!(check(&other).is_err(), "byte {at} may be any");
    }
}

fn modules(sample: &Sample<'_>) -> Verdict {
    let text = sample.text()?;
    let (head, rest) = text.split_once('\n').ok_or("it has one line")?;
    let first = pattern(r"<<VOIP CONFIG FILE>>Version:[0-9]+\.[0-9]+");
    ensure(first.is_match(head), "its first line is not that of the format")?;
    let rest = rest.strip_suffix("<<END OF FILE>>\n").ok_or("its last line is not that of the format")?;
    let shapes =
        [r"<([A-Z ]+) MODULE>", r"--([A-Za-z0-9 ]+)-- *:", r"([A-Za-z0-9][A-Za-z0-9 _./&+()-]*?) *:(.*)"];
    let (mut modules, mut names, mut part) = (Once::default(), None, "");
    for line in read(rest, &shapes)? {
        match line.shape {
            0 => {
                modules.add(line.name)?;
                (names, part) = (Some(Once::default()), "");
            }
            1 => part = line.name,
            _ => {
                let names =
                    names.as_mut().ok_or_else(|| format!("{} stands before any module", line.name))?;
                names.add(format!("{part} {}", line.name).trim_start())?;
            }
        }
    }
    Ok(())
}

fn system(sample: &Sample<'_>) -> Verdict {
    xml::root(sample, "sysConf", |root| {
        let first = xml::elements(root).next().map(xml::tag);
        ensure(first == Some("Version"), "Version is not first")?;
        xml::sisters(root, &["index"])
    })
}
