//! The fuzzer's targets, for a moment; `tests/fuzz` goes on for as long as wanted.

#[path = "../fuzz/targets/mod.rs"]
mod targets;

use std::fs;
use std::path::Path;

use proptest::prelude::*;

#[test]
fn the_seeds_break_nothing() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds");
    let targets = [
        ("audit", targets::audit as fn(&[u8])),
        ("credentials", targets::credentials),
        ("decode", targets::decode),
        ("forwarded", targets::forwarded),
        ("inquiry", targets::inquiry),
        ("records", targets::records),
        ("rows", targets::rows),
        ("session", targets::session),
        ("settings", targets::settings),
    ];
    for (name, target) in targets {
        let seeds: Vec<_> = fs::read_dir(folder.join(name)).unwrap().collect();
        assert!(!seeds.is_empty(), "{name}");
        seeds.into_iter().for_each(|seed| target(&fs::read(seed.unwrap().path()).unwrap()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_a_packet_or_none(bytes in prop::collection::vec(any::<u8>(), 0..600), code in 0..8_u8) {
        targets::decode(&bytes);
        targets::decode(&[&[0, code][..], &bytes].concat());
    }

    #[test]
    fn any_forwarded_for_is_an_address_or_none(bytes in prop::collection::vec(any::<u8>(), 0..100), text in "[0-9a-f.:\\[\\], \n]{0,100}") {
        targets::forwarded(&bytes);
        targets::forwarded(text.as_bytes());
    }

    #[test]
    fn any_path_gives_a_phone_s_file_only_to_who_has_its_serial(
        path in "(/|fuzz0fuzz1fuzz2fuzz3fuzz4f|%66|0015654aa937|.cfg|\\.\\.|%2f|[ -~]){0,8}",
        bytes in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        targets::inquiry(path.as_bytes());
        targets::inquiry(&[path.as_bytes(), b"\n", &bytes].concat());
        targets::inquiry(&bytes);
    }

    #[test]
    fn any_text_is_read_or_has_faults(text in "([a-z-]{1,12} ?= ?|\\[\\[?(device|http|limits)\\]?\\]|\"|\n|[ -~]){0,40}") {
        targets::records(text.as_bytes());
        targets::settings(text.as_bytes());
        targets::credentials(text.as_bytes());
    }

    #[test]
    fn any_file_of_rows_is_read_or_has_faults(
        text in "(mac|name|Notes|device|line-1|settings.vlan|raw.x|remark|ext|,|;|\t|\"|\r|\n|\r\n|0015654aa937|\\{|\\}|:|\\[|null|clear|'|=|[ -~]){0,40}",
        bytes in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        targets::rows(text.as_bytes());
        targets::rows(&[text.as_bytes(), &bytes].concat());
    }

    #[test]
    fn any_audit_log_is_read_and_gone_on_with(
        seed in "(\\{\"number\":[0-9]{1,3}|,\"previous\":\"|,\"hash\":\"|[0-9a-f]{64}|\"\\}|\n|[ -~]){0,12}",
        bytes in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        targets::audit(seed.as_bytes());
        targets::audit(&bytes);
    }

    #[test]
    fn a_transfer_keeps_to_its_terms_and_ends(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        targets::session(&bytes);
    }
}
