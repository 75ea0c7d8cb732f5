#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mini_tweet_hostile::run("legacy_hash", data));
