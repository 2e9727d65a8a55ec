//! The fuzzer's targets, for a moment; `tests/fuzz` goes on for as long as wanted.

#[path = "../fuzz/targets/mod.rs"]
mod targets;

use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_a_packet_or_none(bytes in prop::collection::vec(any::<u8>(), 0..600), code in 0..8_u8) {
        targets::decode(&bytes);
        targets::decode(&[&[0, code][..], &bytes].concat());
    }

    #[test]
    fn a_transfer_keeps_to_its_terms_and_ends(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        targets::session(&bytes);
    }
}
