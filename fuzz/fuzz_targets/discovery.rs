#![no_main]

#[path = "../src/discovery.rs"]
mod discovery;

libfuzzer_sys::fuzz_target!(|data: &[u8]| discovery::run(data));
