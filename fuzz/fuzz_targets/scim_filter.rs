#![no_main]

#[path = "../src/scim_filter.rs"]
mod scim_filter;

libfuzzer_sys::fuzz_target!(|data: &[u8]| scim_filter::run(data));
