#![no_main]

#[path = "../src/discovery.rs"]
mod discovery;
#[path = "../src/stranger.rs"]
mod stranger;

libfuzzer_sys::fuzz_target!(|data: &[u8]| discovery::run(data));
