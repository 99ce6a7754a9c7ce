#![no_main]

#[path = "../src/identity_center.rs"]
mod identity_center;

libfuzzer_sys::fuzz_target!(|data: &[u8]| identity_center::authorize(data));
