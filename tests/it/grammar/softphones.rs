//! Unify, and what runs on computers and mobiles.

use roxmltree::Node;

use super::lines::{Once, ensure, pattern, read};
use super::{Grammar, Sample, Verdict, xml};

pub(super) const GRAMMARS: &[Grammar] = &[
    Grammar {
        name: "Unify",
        claims: &["unify/[^/]+/.*_config.xml"],
        check: |sample| {
            xml::root(sample, "DLSMessage", |root| {
                let space = root.tag_name().namespace();
                ensure(space == Some("http://www.siemens.com/DLS"), format!("its namespace is {space:?}"))?;
                let message = xml::only(root, "Message")?;
                ensure(xml::text(xml::only(message, "Action")?) == "WriteItems", "it writes nothing")?;
                items(xml::only(message, "ItemList")?)
            })
        },
        broken: &[
            ("<DLSMessage><Message/></DLSMessage>\n", "its namespace is None"),
            (
                "<DLSMessage xmlns=\"http://www.siemens.com/DLS\"><Message><Action>ReadItems</Action></Message></DLSMessage>\n",
                "it writes nothing",
            ),
            (
                "<DLSMessage xmlns=\"http://www.siemens.com/DLS\"><Message><Action>WriteItems</Action><ItemList><Item name=\"a\">1</Item><Item name=\"a\">2</Item></ItemList></Message></DLSMessage>\n",
                "a stands twice",
            ),
        ],
    },
    Grammar {
        name: "Unify items",
        claims: &["unify/[^/]+/DeploymentService__LoginService"],
        check: unify_items,
        broken: &[
            ("<Item name=\"a\">1</Item><Item name=\"b\">1</Item>\n", "no known shape"),
            ("<Item name=\"a\">1</Item>\n<Item name=\"a\">2</Item>\n", "a stands twice"),
            ("<Item>1</Item>\n", "no known shape"),
            ("<Item name=\"a\">1&2</Item>\n", "reference"),
            (
                "<Item name=\"a\" index=\"1\">1</Item>\n<Item name=\"a\" index=\"1\">2</Item>\n",
                "a 1 stands twice",
            ),
        ],
    },
    Grammar {
        name: "nothing",
        claims: &["unify/[^/]+/dcmp__contact-me"],
        check: |sample| ensure(sample.bytes.is_empty(), "it says something"),
        broken: &[("\n", "it says something")],
    },
    Grammar {
        name: "Acrobits and MicroSIP",
        claims: &["(acrobits|microsip)/.*"],
        check: |sample| {
            xml::root(sample, "account", |root| {
                xml::only(root, "username")?;
                xml::only(root, "password")?;
                xml::sisters(root, &[])
            })
        },
        broken: &[
            (
                "<account><username>a</username><username>b</username><password/></account>\n",
                "username stands twice",
            ),
            ("<account><username>a</username></account>\n", "account has no password"),
            ("<accounts/>\n", "its root is accounts"),
        ],
    },
    Grammar {
        name: "Zoiper",
        claims: &["zoiper/.*"],
        check: |sample| xml::root(sample, "options", zoiper),
        broken: &[
            ("<options/>\n", "options has no accounts"),
            (
                "<options><accounts><account><ident>a</ident></account><account><ident>a</ident></account></accounts></options>\n",
                "the account a stands twice",
            ),
            (
                "<options><accounts><account><ident>a</ident><name>1</name><name>2</name></account></accounts></options>\n",
                "name stands twice",
            ),
        ],
    },
    Grammar {
        name: "Linphone",
        claims: &["linphone/.*"],
        check: |sample| xml::root(sample, "config", linphone),
        broken: &[
            ("<config/>\n", "its namespace is None"),
            (
                "<config xmlns=\"http://www.linphone.org/xsds/lpconfig.xsd\"><entry name=\"a\">1</entry></config>\n",
                "entry is no section",
            ),
            (
                "<config xmlns=\"http://www.linphone.org/xsds/lpconfig.xsd\"><section><entry name=\"a\">1</entry></section></config>\n",
                "section has no name",
            ),
            (
                "<config xmlns=\"http://www.linphone.org/xsds/lpconfig.xsd\"><section name=\"a\"><entry name=\"b\">1</entry><entry name=\"b\">1</entry></section></config>\n",
                "a/b stands twice",
            ),
            (
                "<config xmlns=\"http://www.linphone.org/xsds/lpconfig.xsd\"><section name=\"a\"><b/></section></config>\n",
                "b is no entry",
            ),
        ],
    },
    Grammar {
        name: "Bria",
        claims: &["bria/.*"],
        check: bria,
        broken: &[
            ("[DATA]\nSuccess=1\n", "CR LF"),
            ("[SETTINGS]\r\na:b=\"1\"\r\n", "does not begin"),
            ("[DATA]\r\nSuccess=1\r\n\r\n[SETTINGS]\r\na:b=1\r\n", "no known shape"),
            ("[DATA]\r\nSuccess=1\r\n\r\n[SETTINGS]\r\na:b=\"1\"\r\na:b=\"2\"\r\n", "a:b stands twice"),
            ("[DATA]\r\nSuccess=1\r\n\r\n[SETTINGS]\r\na:b=\"1\"2\"\r\n", "no known shape"),
        ],
    },
];

fn items(list: Node<'_, '_>) -> Verdict {
    let mut names = Once::default();
    for item in xml::elements(list) {
        ensure(xml::tag(item) == "Item", format!("{} is no item", xml::tag(item)))?;
        xml::attributes(item, &["name", "index"])?;
        xml::leaf(item)?;
        let index = item.attribute("index").map(|index| format!(" {index}")).unwrap_or_default();
        names.add(format!("{}{index}", xml::attribute(item, "name")?))?;
    }
    ensure(xml::elements(list).next().is_some(), "it has no items")
}

/// Items, one a line, which the server puts into messages.
fn unify_items(sample: &Sample<'_>) -> Verdict {
    let text = sample.text()?;
    read(text, &["<Item name=\"([A-Za-z0-9-]+)\"(?: index=\"[0-9]+\")?>[^<]*</Item>"])?;
    let whole = format!("<ItemList>\n{text}</ItemList>\n");
    xml::root(&Sample { name: sample.name, bytes: whole.as_bytes(), case: sample.case }, "ItemList", items)
}

fn zoiper(root: Node<'_, '_>) -> Verdict {
    let mut accounts = Once::default();
    for account in xml::elements(xml::only(root, "accounts")?) {
        accounts.add(format!("the account {}", xml::text(xml::only(account, "ident")?)))?;
        for list in xml::elements(account) {
            // Only the list of codecs has sisters of one name.
            let entries = if xml::tag(list) == "codecs" { xml::elements(list).collect() } else { vec![list] };
            entries.into_iter().try_for_each(|entry| xml::sisters(entry, &[]))?;
        }
        let mut names = Once::default();
        xml::elements(account).try_for_each(|child| names.add(xml::tag(child)))?;
    }
    Ok(())
}

fn linphone(root: Node<'_, '_>) -> Verdict {
    let space = root.tag_name().namespace();
    ensure(
        space == Some("http://www.linphone.org/xsds/lpconfig.xsd"),
        format!("its namespace is {space:?}"),
    )?;
    let mut entries = Once::default();
    for section in xml::elements(root) {
        ensure(xml::tag(section) == "section", format!("{} is no section", xml::tag(section)))?;
        // A section may go on further below.
        let name = xml::attribute(section, "name")?;
        for entry in xml::elements(section) {
            ensure(xml::tag(entry) == "entry", format!("{} is no entry", xml::tag(entry)))?;
            xml::attributes(entry, &["name", "overwrite"])?;
            xml::leaf(entry)?;
            entries.add(format!("{name}/{}", xml::attribute(entry, "name")?))?;
        }
    }
    Ok(())
}

fn bria(sample: &Sample<'_>) -> Verdict {
    let text = sample.crlf()?;
    let rest =
        text.strip_prefix("[DATA]\nSuccess=1\n\n[SETTINGS]\n").ok_or("it does not begin as it should")?;
    let mut names = Once::default();
    for line in read(rest, &["([a-z0-9_]+(?::[A-Za-z0-9_]+)+)=\"([^\"]*)\""])? {
        names.add(line.name)?;
    }
    ensure(pattern("(?s).*\n").is_match(rest), "it has no settings")
}
