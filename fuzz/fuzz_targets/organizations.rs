#![no_main]

#[path = "../src/organizations.rs"]
mod organizations;

libfuzzer_sys::fuzz_target!(|data: &[u8]| organizations::run(data));
