#![no_main]

#[path = "../src/id_token.rs"]
mod id_token;
#[path = "../src/stranger.rs"]
mod stranger;

libfuzzer_sys::fuzz_target!(|data: &[u8]| id_token::run(data));
