//! Yealink and those who took its formats, and the vendors of small phones.

use super::lines::{Once, ensure, read, sections};
use super::{Grammar, Sample, Verdict, xml};

pub(super) const GRAMMARS: &[Grammar] = &[
    Grammar {
        name: "Yealink",
        claims: &[
            "yealink/(ax|cp|w|t19|t20p-v70|t21|t23|t28p-v72|t30|t38g-v70|t4|t5|t7|t8|vp).*",
            "akuvox/.*",
            "dinstar/.*",
            "flyingvoice/.*",
            "zultys/zip(33i|-37g).*",
        ],
        check: flat,
        broken: &[
            ("account.1.enable = 1\n", "its first line"),
            ("#!version:1.0.0.1\naccount.1.enable=1\n", "has no known shape"),
            ("#!version:1.0.0.1\naccount 1 = 1\n", "has no known shape"),
            ("#!version:1.0.0.1\na.b = 1\na.b = 2\n", "a.b stands twice"),
            ("#!version:1.0.0.1\na.b = 1", "its last line does not end"),
            ("#!version:1.0.0.1\r\na.b = 1\r\n", "control character"),
        ],
    },
    Grammar {
        name: "Yealink up to V61",
        claims: &["yealink/(t18|t26p-v61).*"],
        check: sectioned,
        broken: &[
            ("path = /config/a.cfg\n", "before any section"),
            ("[ account ]\nEnable = 1\n", "does not begin with its path"),
            ("[ account ]\npath = /a\nEnable = 1\nEnable = 1\n", "/a account Enable stands twice"),
            ("[account]\npath = /a\n", "no known shape"),
            ("[ a ]\n[ b ]\npath = /b\n", "does not begin with its path"),
            ("[ a ]\n", "does not begin with its path"),
        ],
    },
    Grammar {
        name: "Yealink T3x and Xorcom",
        claims: &["yealink/t32g-cfg/.*", "xorcom/.*"],
        check: typed,
        broken: &[
            ("account.Enable = 1\n", "before any section"),
            ("[ cfg:/a.cfg ]\nEnable = 1\n", "no section of the file"),
            ("[ ini:/a.cfg ]\n", "no known shape"),
            ("[ cfg:/a.cfg ]\na.b = 1\na.b = 1\n", "a.b stands twice"),
            ("[ cfg:/a.cfg ]\na.b = 1\n[ cfg:/a.cfg ]\na.b = 1\n", "a.b stands twice"),
        ],
    },
    Grammar {
        name: "Htek and Sangoma S",
        claims: &["htek/.*", "sangoma/s[0-9].*"],
        check: htek,
        broken: &[
            (
                "<hl_provision version=\"1\">\n<config version=\"1\">\n<P1>1</P1>\n<P1>2</P1>\n</config>\n</hl_provision>\n",
                "P1 stands twice",
            ),
            (
                "<hl_provision version=\"1\">\n<config version=\"1\">\n<Px>1</Px>\n</config>\n</hl_provision>\n",
                "Px is no parameter",
            ),
            ("<gs_provision/>\n", "its root is gs_provision"),
            ("<hl_provision>\n</hl_provision>\n", "has no config"),
            ("<hl_provision><config><P1>&</P1></config></hl_provision>\n", "reference"),
        ],
    },
    Grammar {
        name: "Escene",
        claims: &["escene/.*"],
        check: escene,
        broken: &[
            ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<all/>\n", "has a declaration"),
            (
                "<all>\n<sipUsers>\n<sipUser id=\"0\" a=\"1\" a=\"2\"/>\n</sipUsers>\n</all>\n",
                "already defined",
            ),
            ("<all>\n<sipUsers>\n<sipUser id=\"1\"/>\n</sipUsers>\n</all>\n", "sipUser 0 has the id 1"),
            (
                "<all>\n<sipUsers><sipUser id=\"0\"/><sipUser id=\"2\"/></sipUsers>\n</all>\n",
                "sipUser 1 has the id 2",
            ),
            ("<all>\n<a>text</a>\n</all>\n", "a has text"),
        ],
    },
    Grammar {
        name: "LG-Ericsson",
        claims: &["lg-ericsson/.*"],
        check: lg_ericsson,
        broken: &[
            ("[LAN]\nnetwork_mode=dhcp\n", "no known shape"),
            ("[VOIP]\nline1_password a;b\n", "a comment begins in"),
            ("[VOIP]\nline1_password \"a\n", "quotes"),
            ("[VOIP]\nline1_name a\nline1_name b\n", "line1_name stands twice"),
            ("network_mode dhcp\n", "before any section"),
        ],
    },
    Grammar {
        name: "Zultys",
        claims: &["zultys/zip[24]x.*"],
        check: zultys,
        broken: &[
            ("[SIP_CONFIG]\nname value\n", "no known shape"),
            ("name=value\n", "before any section"),
            ("[SIP_CONFIG]\nname=1\nname=2\n", "name stands twice"),
            ("[SIP_CONFIG]\nname=1\n[SIP_CONFIG]\n", "SIP_CONFIG stands twice"),
            ("[SIP_CONFIG]\nname=Zo\u{c3}\u{89}\n", "control character"),
        ],
    },
];

fn flat(sample: &Sample<'_>) -> Verdict {
    let text = sample.text()?;
    let rest = text.strip_prefix("#!version:1.0.0.1\n").ok_or("its first line is not that of the format")?;
    let mut names = Once::default();
    for line in read(rest, &["([A-Za-z0-9_.]+) = (.*)"])? {
        // One parameter holds a password for each user.
        if !["security.user_password", "static.security.user_password"].contains(&line.name) {
            names.add(line.name)?;
        }
    }
    Ok(())
}

fn sectioned(sample: &Sample<'_>) -> Verdict {
    let lines = read(sample.text()?, &[r"\[ ([A-Za-z0-9_ ]+) \]", "([A-Za-z0-9_ ./()-]+) = (.*)"])?;
    let heads: Vec<usize> =
        lines.iter().enumerate().filter(|(_, line)| line.shape == 0).map(|(at, _)| at).collect();
    ensure(heads.first() == Some(&0), "a line stands before any section")?;
    let mut names = Once::default();
    for (n, head) in heads.iter().enumerate() {
        let end = heads.get(n + 1).copied().unwrap_or(lines.len());
        let section = &lines[head + 1..end];
        let path = section.first().filter(|line| line.name == "path" && !line.value.is_empty());
        let path = path.ok_or_else(|| format!("{} does not begin with its path", lines[*head].name))?;
        // A section may go on further below.
        for line in &section[1..] {
            names.add(format!("{} {} {}", path.value, lines[*head].name, line.name))?;
        }
    }
    Ok(())
}

fn typed(sample: &Sample<'_>) -> Verdict {
    let lines = read(
        sample.text()?,
        &[r"\[ ((?:cfg|bin|rom|psw):[^\]]+) \]", "([A-Za-z0-9_ ]+[.][A-Za-z0-9_]+|[A-Za-z0-9_]+) = (.*)"],
    )?;
    let mut head = "";
    let mut names = Once::default();
    for line in &lines {
        if line.shape == 0 {
            head = line.name;
            continue;
        }
        ensure(!head.is_empty(), format!("{} stands before any section", line.name))?;
        let named = !head.starts_with("cfg:") || line.name.contains('.');
        ensure(named, format!("line {}: {} names no section of the file", line.number, line.name))?;
        // A file may go on further below.
        names.add(format!("{head} {}", line.name))?;
    }
    Ok(())
}

fn htek(sample: &Sample<'_>) -> Verdict {
    xml::root(sample, "hl_provision", |root| {
        let config = xml::only(root, "config")?;
        let mut names = Once::default();
        for parameter in xml::elements(config) {
            let name = xml::tag(parameter);
            let number = name.strip_prefix('P').is_some_and(|rest| rest.parse::<u32>().is_ok());
            ensure(number, format!("{name} is no parameter"))?;
            xml::leaf(parameter)?;
            names.add(name)?;
        }
        Ok(())
    })
}

fn escene(sample: &Sample<'_>) -> Verdict {
    ensure(!sample.bytes.starts_with(b"<?xml"), "it has a declaration")?;
    xml::root(sample, "all", |root| {
        for node in root.descendants() {
            let written = node.is_text() && !node.text().unwrap_or_default().trim().is_empty();
            let parent = node.parent().map_or("", xml::tag);
            ensure(!written, format!("{parent} has text"))?;
        }
        let users = root.descendants().filter(|node| xml::tag(*node) == "sipUser");
        for (at, user) in users.enumerate() {
            let id = xml::attribute(user, "id")?;
            ensure(id == at.to_string(), format!("sipUser {at} has the id {id}"))?;
        }
        Ok(())
    })
}

fn lg_ericsson(sample: &Sample<'_>) -> Verdict {
    let lines = read(sample.text()?, &[r"\[([A-Z]+)\]", r"([a-z0-9_]+) (.*)"])?;
    // Only in these sections a name is a command, and may stand for each key or code.
    let mut section = "";
    let mut names = Once::default();
    for line in &lines {
        if line.shape == 0 {
            section = line.name;
            names.add(format!("[{section}]"))?;
            continue;
        }
        ensure(!section.is_empty(), format!("{} stands before any section", line.name))?;
        if !["DIAL", "PROG"].contains(&section) {
            names.add(line.name)?;
        }
        let quoted = line.value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        let (bare, value) = (quoted.is_none(), quoted.unwrap_or(line.value));
        ensure(!value.contains('"'), format!("the quotes of {} are not in pairs", line.name))?;
        ensure(!(bare && value.contains(';')), format!("a comment begins in {}", line.name))?;
        ensure(value.trim() == value || !bare, format!("blanks around {} are lost", line.name))?;
    }
    Ok(())
}

fn zultys(sample: &Sample<'_>) -> Verdict {
    sections(&read(&sample.latin_1()?, &[r"\[([A-Z_0-9]+)\]", "([A-Za-z0-9_]+)=(.*)"])?)
}
