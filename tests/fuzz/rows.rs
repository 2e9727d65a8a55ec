//! `targets::rows` under a fuzzer.
#![no_main]

mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::rows(bytes));
