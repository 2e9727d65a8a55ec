//! Files of XML.

use roxmltree::{Document, Node};

use super::lines::{Once, ensure, pattern};
use super::{Sample, Verdict};

/// Parses a file in the encoding that it tells, without a document type, and hands on its root, which must have one
/// name. Where elements stand in an element, no text stands beside them: every phone's schema has either.
pub(super) fn root(sample: &Sample<'_>, name: &str, check: impl FnOnce(Node<'_, '_>) -> Verdict) -> Verdict {
    let latin_1 = sample.bytes.starts_with(br#"<?xml version="1.0" encoding="ISO-8859-1"?>"#);
    let text = if latin_1 { sample.latin_1()? } else { sample.text()?.to_owned() };
    let head = text.lines().next().unwrap_or_default();
    let declaration =
        r#"<\?xml version="1\.0"(?: encoding="(?:UTF-8|utf-8|ISO-8859-1)")?(?: standalone="yes")?\?>"#;
    ensure(
        !head.starts_with("<?xml") || pattern(declaration).is_match(head),
        format!("its declaration is {head}"),
    )?;
    let document = Document::parse(&text).map_err(|error| error.to_string())?;
    let root = document.root_element();
    ensure(tag(root) == name, format!("its root is {}", tag(root)))?;
    for node in root.descendants().filter(Node::is_text) {
        let parent = node.parent().expect("text has a parent");
        let alone = !parent.children().any(|sister| sister.is_element());
        let blank = node.text().unwrap_or_default().trim().is_empty();
        ensure(alone || blank, format!("text stands beside elements in {}", tag(parent)))?;
    }
    check(root)
}

/// An element's name, without its namespace.
pub(super) fn tag<'n>(node: Node<'n, '_>) -> &'n str {
    node.tag_name().name()
}

/// The elements in an element.
pub(super) fn elements<'n, 'd: 'n>(node: Node<'n, 'd>) -> impl Iterator<Item = Node<'n, 'd>> {
    node.children().filter(Node::is_element)
}

/// The text of an element that holds nothing else.
pub(super) fn text<'n>(node: Node<'n, '_>) -> &'n str {
    node.text().unwrap_or_default()
}

/// An attribute that must be there.
pub(super) fn attribute<'n>(node: Node<'n, '_>, name: &str) -> Verdict<&'n str> {
    node.attribute(name).ok_or_else(|| format!("{} has no {name}", tag(node)))
}

/// The one element of a name in an element.
pub(super) fn only<'n, 'd: 'n>(node: Node<'n, 'd>, name: &str) -> Verdict<Node<'n, 'd>> {
    let mut found = elements(node).filter(|child| tag(*child) == name);
    let first = found.next().ok_or_else(|| format!("{} has no {name}", tag(node)))?;
    ensure(found.next().is_none(), format!("{name} stands twice"))?;
    Ok(first)
}

/// Refuses attributes other than these.
pub(super) fn attributes(node: Node<'_, '_>, known: &[&str]) -> Verdict {
    let strange = node.attributes().find(|attribute| !known.contains(&attribute.name()));
    strange.map_or(Ok(()), |strange| Err(format!("{} has the attribute {}", tag(node), strange.name())))
}

/// Refuses elements in an element.
pub(super) fn leaf(node: Node<'_, '_>) -> Verdict {
    ensure(elements(node).next().is_none(), format!("{} has elements in it", tag(node)))
}

/// Refuses sisters that have one name and the same values of the attributes that tell elements apart, at every level.
pub(super) fn sisters(node: Node<'_, '_>, apart: &[&str]) -> Verdict {
    twins(node, apart).into_iter().next().map_or(Ok(()), |(_, why)| Err(why))
}

/// Such sisters, each with the name of what they stand in.
pub(super) fn twins<'n>(root: Node<'n, '_>, apart: &[&str]) -> Vec<(&'n str, String)> {
    let mut found = Vec::new();
    for node in root.descendants().filter(Node::is_element) {
        let mut names = Once::default();
        for child in elements(node) {
            let told = apart.iter().filter_map(|name| Some(format!(" {name}={}", child.attribute(*name)?)));
            if let Err(why) = names.add(format!("{}{}", tag(child), told.collect::<String>())) {
                found.push((tag(node), format!("{why} in {}", tag(node))));
            }
        }
    }
    found
}
