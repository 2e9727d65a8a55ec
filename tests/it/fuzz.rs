//! The fuzzer's targets, for a moment; `tests/fuzz` goes on for as long as wanted.

#[path = "../fuzz/targets/mod.rs"]
mod targets;

use std::fs;
use std::path::Path;

use proptest::prelude::*;

#[test]
fn the_seeds_break_nothing() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds/forwarded");
    let seeds: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect();
    assert!(!seeds.is_empty());
    seeds.iter().for_each(|seed| targets::forwarded(seed));
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
    fn a_transfer_keeps_to_its_terms_and_ends(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        targets::session(&bytes);
    }
}
