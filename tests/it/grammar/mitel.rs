//! Aastra, Mitel, Avaya, Nortel, AudioCodes, Patton, Digium, Sangoma P and Alcatel-Lucent Enterprise.

use roxmltree::{Document, Node};

use super::lines::{Once, ensure, once, pattern, read, sections};
use super::{Grammar, Sample, Verdict, xml};

pub(super) const GRAMMARS: &[Grammar] = &[
    Grammar {
        name: "Aastra",
        claims: &["aastra/.*", "mitel/6[0-9]+i?[^/]*/.*"],
        check: aastra,
        broken: &[
            ("", "it is empty"),
            ("sip line1 password: a#b\n", "a comment begins in"),
            ("sip line1 password: \"a\n", "quotes"),
            ("sip line1 password: a b \n", "blanks around"),
            ("sip line1 user name=1\n", "no known shape"),
            ("^dhcp: 1\ndhcp: 0\n", "dhcp stands twice"),
        ],
    },
    Grammar {
        name: "Mitel 53xx",
        claims: &["mitel/5[23].*"],
        check: |sample| {
            xml::root(sample, "Parameter", |root| {
                ensure(!xml::attribute(root, "Model")?.is_empty(), "it is for no model")?;
                xml::sisters(root, &["Line", "ID", "num"])
            })
        },
        broken: &[
            ("<Parameter>\n</Parameter>\n", "Parameter has no Model"),
            ("<Parameter Model=\"5340\"><tftp>a</tftp><tftp>b</tftp></Parameter>\n", "tftp stands twice"),
            ("<parameter Model=\"5340\"/>\n", "its root is parameter"),
        ],
    },
    Grammar {
        name: "Avaya",
        claims: &[r"avaya/[^b][^/]+/.*\.(txt|scr)"],
        check: |sample| {
            let lines = read(sample.text()?, &["SET ([A-Z0-9_]+) \"([^\"]*)\"", r"GET ([$A-Za-z0-9_.]+)"])?;
            ensure(!lines.is_empty(), "it says nothing")?;
            // One parameter holds a key each.
            once(&lines.into_iter().filter(|line| line.name != "PHONEKEY").collect::<Vec<_>>(), 0)
        },
        broken: &[
            ("SET SIG 2\n", "no known shape"),
            ("SET SIG \"a\"b\"\n", "no known shape"),
            ("SET SIG \"2\"\nSET SIG \"1\"\n", "SIG stands twice"),
            ("FETCH 46xxsettings.txt\n", "no known shape"),
            ("\n", "it says nothing"),
        ],
    },
    Grammar {
        name: "Avaya B179",
        claims: &["avaya/b179.*"],
        check: |sample| xml::root(sample, "config", |root| xml::sisters(root, &[])),
        broken: &[
            ("<config><account1/><account1/></config>\n", "account1 stands twice"),
            (
                "<config><account1><name>a</name><name>b</name></account1></config>\n",
                "name stands twice in account1",
            ),
            ("<conf/>\n", "its root is conf"),
        ],
    },
    Grammar {
        name: "Nortel's file of a model",
        claims: &["nortel/[^/]+/1[0-9]+eSIP.cfg", "nortel/[^/]+/1230SIP.cfg"],
        check: |sample| {
            let lines = nortel(sample, &[r"\[([A-Z_]+)\]", "([A-Z0-9_]+) (.+)"])?;
            sections(&lines.iter().map(|(shape, name)| line(*shape, name)).collect::<Vec<_>>())
        },
        broken: &[
            ("[USER_CONFIG]\nVERSION=1\n", "no known shape"),
            ("VERSION 000001\n", "before any section"),
            ("[A]\nVERSION 1\nVERSION 2\n", "VERSION stands twice"),
        ],
    },
    Grammar {
        name: "Nortel",
        claims: &["nortel/[^/]+/SIP[0-9A-F]{12}.cfg"],
        check: |sample| {
            let mut names = Once::default();
            for (_, name) in nortel(sample, &["([A-Z0-9][A-Z0-9._]*) (.*)"])? {
                names.add(name)?;
            }
            Ok(())
        },
        broken: &[
            ("SIP_DOMAIN1=a\n", "no known shape"),
            ("SIP_DOMAIN1 a\nSIP_DOMAIN1 b\n", "SIP_DOMAIN1 stands twice"),
            (
                "A aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
                "80 bytes",
            ),
        ],
    },
    Grammar {
        name: "Nortel keys",
        claims: &["nortel/[^/]+/.*-keys.fk"],
        check: nortel_keys,
        broken: &[
            ("[keys]\n", "no known shape"),
            ("index=3\n", "before any key"),
            ("[key]\nindex=3\n[key]\nindex=3\n", "index 3 stands twice"),
            ("[key]\nlabel=a\n", "a key has no index"),
            ("[key]\nindex=3\ncolor=red\n", "no known shape"),
        ],
    },
    Grammar {
        name: "AudioCodes",
        claims: &["audiocodes/[^m].*"],
        check: |sample| {
            let text = sample.crlf()?;
            ensure(
                text.ends_with("\n\n\n") && !text.ends_with("\n\n\n\n"),
                "it does not end in two empty lines",
            )?;
            once(&read(&text, &["([a-z0-9_]+(?:/[A-Za-z0-9_]+)+)=(.*)"])?, 0)
        },
        broken: &[
            ("system/type=310HD\n\n\n", "CR LF"),
            ("system/type=310HD\r\n\r\n", "two empty lines"),
            ("system/type = 310HD\r\n\r\n\r\n", "no known shape"),
            ("a/b=1\r\na/b=2\r\n\r\n\r\n", "a/b stands twice"),
        ],
    },
    Grammar {
        name: "AudioCodes MediaPack",
        claims: &["audiocodes/mp.*"],
        check: media_pack,
        broken: &[
            ("[T]\r\nFORMAT T_Index = T_A, T_B;\r\nT 0 = a;\r\n[\\T]\r\n", "1 columns and not 2"),
            ("[T]\r\nFORMAT T_Index = T_A;\r\nT 0 = a\r\n[\\T]\r\n", "does not end in ;"),
            ("[T]\r\nFORMAT T_Index = T_A;\r\nT 0 = a;\r\n", "T is not closed"),
            ("[T]\r\nFORMAT T_Index = T_A;\r\nT 0 = a;\r\nT 0 = b;\r\n[\\T]\r\n", "T 0 stands twice"),
            ("[T]\r\nFORMAT T_Index = T_A;\r\nU 0 = a;\r\n[\\T]\r\n", "stands in the table T"),
            ("A = 1\r\nA = 2\r\n", "A stands twice"),
            ("A = 1\n", "CR LF"),
        ],
    },
    Grammar {
        name: "Patton",
        claims: &["patton/.*"],
        check: |sample| {
            let text = sample.text()?;
            ensure(
                text.lines().next().is_some_and(|line| pattern("cli version [0-9.]+").is_match(line)),
                "its first line tells no version",
            )?;
            // Modes within modes are told by two blanks each; a mode cannot be entered from two above.
            let mut depth = 0;
            for line in text.lines().filter(|line| !line.is_empty()) {
                let blanks = line.len() - line.trim_start().len();
                ensure(blanks % 2 == 0 && blanks / 2 <= depth, format!("a line is set in too far: {line}"))?;
                depth = blanks / 2 + 1;
                ensure(line.matches('"').count() % 2 == 0, format!("quotes are not in pairs: {line}"))?;
            }
            Ok(())
        },
        broken: &[
            ("system\n  ic voice 0\n", "tells no version"),
            ("cli version 3.20\nsystem\n    ic voice 0\n", "too far"),
            ("cli version 3.20\nuser \"a\n", "quotes"),
        ],
    },
    Grammar {
        name: "Digium and Sangoma P",
        claims: &["(digium|sangoma/p)[^s]*/.*"],
        check: digium,
        broken: &[
            (
                "<config><setting id=\"a\" value=\"1\"/><setting id=\"a\" value=\"2\"/></config>\n",
                "setting a stands twice",
            ),
            ("<config><setting value=\"1\"/></config>\n", "setting has no id"),
            (
                "<config><smart_blf><blf_items><blf_item contact_id=\"key-1\"/></blf_items></smart_blf></config>\n",
                "key-1 is nobody's",
            ),
            (
                "<phonebooks><contacts><contact id=\"a\"/><contact id=\"a\"/></contacts></phonebooks>\n",
                "contact a stands twice",
            ),
            ("<settings/>\n", "its root is settings"),
        ],
    },
    Grammar {
        name: "Alcatel-Lucent",
        claims: &["alcatel/(80|h3|m).*"],
        check: |sample| {
            xml::root(sample, "settings", |root| {
                let mut names = Once::default();
                for setting in xml::elements(root) {
                    ensure(xml::tag(setting) == "setting", format!("{} is no setting", xml::tag(setting)))?;
                    xml::attributes(setting, &["id", "value", "override"])?;
                    xml::attribute(setting, "value")?;
                    xml::leaf(setting)?;
                    names.add(xml::attribute(setting, "id")?)?;
                }
                Ok(())
            })
        },
        broken: &[
            (
                "<settings><setting id=\"a\" value=\"1\"/><setting id=\"a\" value=\"2\"/></settings>\n",
                "a stands twice",
            ),
            ("<settings><setting id=\"a\"/></settings>\n", "setting has no value"),
            ("<settings><item id=\"a\" value=\"1\"/></settings>\n", "item is no setting"),
        ],
    },
    Grammar {
        name: "Alcatel-Lucent 4008 and 4018",
        claims: &["alcatel/40[^/]+/sipconfig.*"],
        check: |sample| sections(&read(sample.text()?, &[r"\[([a-z0-9]+)\]", "([a-z0-9_]+)=(.*)"])?),
        broken: &[
            ("[sip]\ndomain_name = a\n", "no known shape"),
            ("domain_name=a\n", "before any section"),
            ("[sip]\n[sip]\n", "sip stands twice"),
            ("[sip]\na=1\na=2\n", "a stands twice"),
        ],
    },
    Grammar {
        name: "Alcatel-Lucent's kind of application",
        claims: &["alcatel/40[^/]+/lanpbx.cfg"],
        check: |sample| ensure(sample.text()? == "APPLICATION_TYPE=APPL_SIP\n", "it asks for no SIP"),
        broken: &[("APPLICATION_TYPE=APPL_NOE\n", "it asks for no SIP")],
    },
];

fn aastra(sample: &Sample<'_>) -> Verdict {
    // A phone keeps asking for a common file that is empty.
    ensure(!sample.bytes.is_empty(), "it is empty")?;
    let lines = read(sample.text()?, &[r"\^?([A-Za-z][A-Za-z0-9 ./_-]*|dst \[start\|end\] [a-z ]+): ?(.*)"])?;
    once(&lines, 0)?;
    for line in lines {
        let value = line.value;
        if let Some(inner) = value.strip_prefix('"') {
            let inner = inner.strip_suffix('"').unwrap_or("\"");
            ensure(!inner.contains('"'), format!("the quotes of {} are not in pairs", line.name))?;
        } else {
            ensure(!value.contains('#'), format!("a comment begins in {}", line.name))?;
            ensure(!value.contains('"'), format!("the quotes of {} are not in pairs", line.name))?;
            ensure(value.trim() == value, format!("blanks around {} are lost", line.name))?;
        }
    }
    Ok(())
}

/// Lines of less than 80 bytes: the shape and the name of each.
fn nortel(sample: &Sample<'_>, shapes: &[&str]) -> Verdict<Vec<(usize, String)>> {
    let text = sample.text()?;
    if let Some(line) = text.lines().find(|line| line.len() >= 80) {
        return Err(format!("a line has 80 bytes or more: {line}"));
    }
    Ok(read(text, shapes)?.into_iter().map(|line| (line.shape, line.name.to_owned())).collect())
}

fn line(shape: usize, name: &str) -> super::lines::Line<'_> {
    super::lines::Line { number: 0, shape, name, value: "" }
}

fn nortel_keys(sample: &Sample<'_>) -> Verdict {
    if sample.bytes.is_empty() {
        return Ok(());
    }
    let mut indexes = Once::default();
    let mut key: Option<Once> = None;
    let end = |key: Option<Once>| ensure(key.is_none_or(|key| key.has("index")), "a key has no index");
    for line in read(sample.text()?, &[r"\[key\]", "(index|label|target|type)=(.*)"])? {
        if line.shape == 0 {
            end(key.replace(Once::default()))?;
            continue;
        }
        key.as_mut().ok_or("a line stands before any key")?.add(line.name)?;
        if line.name == "index" {
            indexes.add(format!("index {}", line.value))?;
        }
    }
    end(key)
}

/// Parameters in sections, and tables whose rows have as many columns as their format.
fn media_pack(sample: &Sample<'_>) -> Verdict {
    let text = sample.crlf()?;
    let shapes = [
        r"\[([A-Za-z ]+)\]",
        r"\[\\([A-Za-z]+)\]",
        "FORMAT ([A-Za-z]+)_Index = (.*)",
        "([A-Za-z]+ [0-9]+) = (.*)",
        "([A-Za-z0-9]+) = (.*)",
    ];
    let mut names = Once::default();
    let mut section = "";
    let mut columns = None;
    for line in read(&text, &shapes)? {
        let row = |value: &str| -> Verdict<usize> {
            let bare = value.strip_suffix(';').ok_or_else(|| format!("{} does not end in ;", line.name))?;
            let quotes = bare.split('"').step_by(2).collect::<String>();
            Ok(quotes.split(',').count())
        };
        match line.shape {
            0 => {
                ensure(columns.is_none(), format!("{section} is not closed"))?;
                names.add(format!("[{}]", line.name))?;
                section = line.name;
            }
            1 => {
                ensure(
                    columns.take().is_some() && section == line.name,
                    format!("{} closes no table", line.name),
                )?;
            }
            2 => {
                ensure(section == line.name, format!("{} stands in the table {section}", line.name))?;
                columns = Some(row(line.value)?);
            }
            3 => {
                let own = line.name.split(' ').next().unwrap_or_default();
                ensure(own == section, format!("{own} stands in the table {section}"))?;
                let (count, wanted) = (row(line.value)?, columns.unwrap_or_default());
                ensure(count == wanted, format!("{} has {count} columns and not {wanted}", line.name))?;
                names.add(line.name)?;
            }
            _ => {
                ensure(columns.is_none(), format!("{} stands in the table {section}", line.name))?;
                // One parameter gives each port its number.
                if line.name != "TRUNKGROUP" {
                    names.add(line.name)?;
                }
            }
        }
    }
    ensure(columns.is_none(), format!("{section} is not closed"))
}

fn digium(sample: &Sample<'_>) -> Verdict {
    let contacts = sample.text()?.contains("<phonebooks");
    xml::root(sample, if contacts { "phonebooks" } else { "config" }, |root| {
        let mut names = Once::default();
        let told: Vec<Node<'_, '_>> = root
            .descendants()
            .filter(|node| ["setting", "contact", "account"].contains(&xml::tag(*node)))
            .collect();
        for node in told {
            // Settings of an account and of the phone may have one name.
            let mut at = node.ancestors().skip(1);
            let account = at.find_map(|up| up.attribute("index").or(up.attribute("number")));
            let id = match xml::tag(node) {
                "account" => node.attribute("index").unwrap_or_default(),
                _ => xml::attribute(node, "id")?,
            };
            let of = account.map(|account| format!(" of {account}")).unwrap_or_default();
            names.add(format!("{} {id}{of}", xml::tag(node)))?;
        }
        let book = sample.case.iter().find(|(name, _)| name.ends_with("-contacts.xml"));
        let book = book.map_or("<phonebooks/>", |(_, bytes)| str::from_utf8(bytes).unwrap_or_default());
        let book = Document::parse(book).map_err(|error| error.to_string())?;
        let known = |id: &str| {
            book.descendants().any(|node| xml::tag(node) == "contact" && node.attribute("id") == Some(id))
        };
        let wanted = root.descendants().filter_map(|node| node.attribute("contact_id"));
        for id in wanted {
            ensure(known(id), format!("{id} is nobody's"))?;
        }
        Ok(())
    })
}
