//! Conversations as phones have them, and what nobody but an attacker would say.

use super::*;

const ITEMS: &str =
    "<!-- a comment -->\n<Item name=\"e164\">4711</Item>\n  <Item name=\"sip-pwd\">a&amp;b</Item>\n\n";

fn says(attributes: &str, reason: &str, items: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<WorkpointMessage xsi:schemaLocation=\"http://www.siemens.com/DLS\" \
         xmlns=\"http://www.siemens.com/DLS\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\n\
         <Message nonce=\"AB15234DE14F15A667C6F8D0\" {attributes}>{reason}<ItemList>{items}</ItemList></Message>\n</WorkpointMessage>"
    )
}

fn comes(reason: &str) -> Message {
    let items = "<Item name=\"device-type\">OpenStage 60</Item><Item name=\"related-device-type\">OpenStage 40</Item>\
                 <Item name=\"software-version\">V3 R5.12.0</Item><Item name=\"mac-addr\">00:01:E3:00:A9:F3</Item>\
                 <Item name=\"contact-me-uri\">\nhttp://192.168.3.33:8085/contact_dls.html/ContactDLS\n</Item>";
    let reason = format!("<ReasonForContact>\n{reason}\n</ReasonForContact>");
    Message::read(says("maxItems=\"-1\"", &reason, items).as_bytes()).unwrap()
}

fn replies(status: &str, items: &str) -> Message {
    let reason =
        format!("<ReasonForContact action=\"WriteItems\" status=\"{status}\">reply-to</ReasonForContact>");
    Message::read(says("fragment=\"final\"", &reason, items).as_bytes()).unwrap()
}

fn text(reply: &Reply) -> &str {
    std::str::from_utf8(&reply.body).unwrap()
}

/// Gives the action and the items of an answer, which must be whole XML.
fn action(reply: &Reply) -> (String, usize) {
    let document = Document::parse(text(reply)).unwrap();
    assert_eq!(document.root_element().tag_name().name(), "DLSMessage");
    let message = child(document.root_element(), "Message").unwrap();
    assert_eq!(message.attribute("nonce"), Some("AB15234DE14F15A667C6F8D0"));
    let items = child(message, "ItemList").map_or(0, |list| list.children().filter(Node::is_element).count());
    (child(message, "Action").unwrap().text().unwrap().to_owned(), items)
}

#[test]
fn a_phone_that_starts_is_told_its_items_and_then_that_it_may_go() {
    let message = comes("start-up");
    assert_eq!(message.mac, "0001e300a9f3".parse().ok());
    assert_eq!(message.agent().as_deref(), Some("OpenStage 40 V3 R5.12.0 0001e300a9f3"));
    let first = message.answer(ITEMS.as_bytes(), None);
    assert_eq!(action(&first), ("WriteItems".to_owned(), 2));
    assert!(
        text(&first).contains("<Item name=\"e164\">4711</Item>\n<Item name=\"sip-pwd\">a&amp;b</Item>\n")
    );
    let bookmark = first.bookmark.unwrap();
    assert_eq!(bookmark.write(), "0001e300a9f3.2");
    assert_eq!(Bookmark::read(&bookmark.write()), Some(bookmark));
    let last = replies("accepted", "").answer(ITEMS.as_bytes(), Some(bookmark));
    assert_eq!((action(&last), last.bookmark), (("CleanUp".to_owned(), 0), None));
}

#[test]
fn every_reason_has_its_answer() {
    for (reason, expected) in [
        ("start-up", "WriteItems"),
        ("solicited", "WriteItems"),
        ("inventory-changes", "WriteItems"),
        ("local-changes", "CleanUp"),
        ("status", "CleanUp"),
        ("clean-up", "CleanUp"),
        ("reply-to", "CleanUp"),
        ("", "CleanUp"),
    ] {
        assert_eq!(action(&comes(reason).answer(ITEMS.as_bytes(), None)).0, expected, "{reason}");
    }
    // A phone without any item, and one that lost what it was given, may go.
    assert_eq!(action(&comes("start-up").answer(b"<!-- -->", None)).0, "CleanUp");
    assert_eq!(action(&replies("accepted", "").answer(ITEMS.as_bytes(), None)).0, "CleanUp");
}

#[test]
fn a_phone_that_is_busy_comes_again_when_it_is_free() {
    let reply = replies("busy", "").answer(ITEMS.as_bytes(), Some(Bookmark { mac: None, next: 0 }));
    assert_eq!((action(&reply), reply.bookmark), (("CleanUp".to_owned(), 1), None));
    assert!(text(&reply).contains("<Item name=\"send-solicited\">true</Item>"));
}

#[test]
fn items_that_a_phone_cannot_write_are_told() {
    let message =
        replies("failed", "<Item name=\"blf-popup\" index=\"3\" status=\"failed\"/><Item name=\"e164\"/>");
    assert_eq!(message.failed, ["blf-popup"]);
    assert_eq!(action(&message.answer(ITEMS.as_bytes(), Some(Bookmark { mac: None, next: 2 }))).0, "CleanUp");
}

#[test]
fn a_message_in_fragments_is_heard_to_its_end() {
    let reason = "<ReasonForContact>start-up</ReasonForContact>";
    let first = says("fragment=\"next\"", reason, "<Item name=\"mac-addr\">00:01:E3:00:A9:F3</Item>");
    let first = Message::read(first.as_bytes()).unwrap().answer(ITEMS.as_bytes(), None);
    assert_eq!(action(&first), ("GetNextFragment".to_owned(), 0));
    let last = Message::read(says("fragment=\"final\"", reason, "").as_bytes()).unwrap();
    assert_eq!(last.mac, None);
    let last = last.answer(ITEMS.as_bytes(), first.bookmark);
    assert_eq!(action(&last), ("WriteItems".to_owned(), 2));
    assert_eq!(last.bookmark.unwrap().write(), "0001e300a9f3.2");
}

#[test]
fn many_items_go_in_as_many_messages_as_the_phone_takes() {
    let file: String =
        (0..2_000).map(|n| format!("<Item name=\"key-label-unicode\" index=\"{n}\">{n}</Item>\n")).collect();
    for (attributes, most) in [("maxItems=\"-1\"", usize::MAX), ("maxItems=\"300\"", 300)] {
        let start = says(attributes, "<ReasonForContact>solicited</ReasonForContact>", "");
        let mut reply = Message::read(start.as_bytes()).unwrap().answer(file.as_bytes(), None);
        let (mut written, mut messages) = (String::new(), 0);
        while let Some(bookmark) = reply.bookmark {
            let (action, items) = action(&reply);
            assert_eq!(action, "WriteItems");
            assert!((1..=most).contains(&items) && reply.body.len() < 50_000, "{items} items");
            written.extend(
                text(&reply).lines().filter(|line| line.starts_with("<Item ")).flat_map(|line| [line, "\n"]),
            );
            messages += 1;
            let reason =
                "<ReasonForContact action=\"WriteItems\" status=\"accepted\">reply-to</ReasonForContact>";
            let next = says(attributes, reason, "");
            reply = Message::read(next.as_bytes()).unwrap().answer(file.as_bytes(), Some(bookmark));
        }
        assert_eq!(written, file);
        assert!(messages > 1);
        assert_eq!(action(&reply).0, "CleanUp");
    }
}

#[test]
fn an_item_that_no_message_holds_ends_the_conversation_all_the_same() {
    let file = format!("<Item name=\"a\">{}</Item>\n<Item name=\"b\"/>", "x".repeat(60_000));
    let first = comes("start-up").answer(file.as_bytes(), None);
    assert_eq!((action(&first).1, first.bookmark.unwrap().next), (1, 1));
    let beyond = Some(Bookmark { mac: None, next: usize::MAX });
    assert_eq!(action(&replies("accepted", "").answer(file.as_bytes(), beyond)).0, "CleanUp");
}

#[test]
fn what_is_no_message_is_not_answered() {
    let whole = says("", "<ReasonForContact>start-up</ReasonForContact>", "");
    let entity =
        whole.replacen("<WorkpointMessage", "<!DOCTYPE x [<!ENTITY e \"boom\">]><WorkpointMessage", 1);
    let deep = "<a>".repeat(20_000);
    let deep_inside =
        whole.replace("</ItemList>", &format!("{}{}</ItemList>", "<a>".repeat(9_000), "</a>".repeat(9_000)));
    let many = whole.replace("</ItemList>", &format!("{}</ItemList>", "<a/>".repeat(21_000)));
    for body in [
        "",
        "nonce",
        "<WorkpointMessage/>",
        "<DLSMessage><Message nonce=\"a\"><ReasonForContact>start-up</ReasonForContact></Message></DLSMessage>",
        &whole.replace("AB15", "&quot;&gt;"),
        &whole.replace("AB15234DE14F15A667C6F8D0", ""),
        &whole.replace("AB15", &"A".repeat(200)),
        &whole.replace("<ReasonForContact>start-up</ReasonForContact>", ""),
        &whole.replace("</WorkpointMessage>", ""),
        &entity,
        &deep,
        &many,
    ] {
        assert_eq!(Message::read(body.as_bytes()), None, "{body:.60}");
    }
    assert_eq!(Message::read(b"<WorkpointMessage \xff/>"), None);
    // However deep it goes, it is read or refused, and nothing falls over.
    Message::read(deep_inside.as_bytes());
    for bookmark in ["", ".", "x.1", "0001e300a9f3", "0001e300a9f3.-1", ".99999999999999999999999"] {
        assert_eq!(Bookmark::read(bookmark), None, "{bookmark}");
    }
}
