#![no_main]

#[path = "../src/scim_patch.rs"]
mod scim_patch;

libfuzzer_sys::fuzz_target!(|data: &[u8]| scim_patch::run(data));
