#![no_main]

#[path = "../src/id_token.rs"]
mod id_token;

libfuzzer_sys::fuzz_target!(|data: &[u8]| id_token::run(data));
