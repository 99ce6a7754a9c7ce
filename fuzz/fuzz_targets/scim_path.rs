#![no_main]

#[path = "../src/scim_path.rs"]
mod scim_path;

libfuzzer_sys::fuzz_target!(|data: &[u8]| scim_path::run(data));
