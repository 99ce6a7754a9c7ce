#![no_main]

#[path = "../src/callback.rs"]
mod callback;

libfuzzer_sys::fuzz_target!(|data: &[u8]| callback::run(data));
