#![no_main]

#[path = "../src/loopback.rs"]
mod loopback;

libfuzzer_sys::fuzz_target!(|data: &[u8]| loopback::run(data));
