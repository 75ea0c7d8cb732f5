//! Generates the messages from `proto/` with protox, so that a build needs no `protoc`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto");
    println!("cargo:rerun-if-changed={root}");
    let files = protox::compile([format!("{root}/mini_tweet/v1/connection.proto")], [root])?;
    prost_build::Config::new()
        .bytes([".mini_tweet.v1.Authenticate", ".mini_tweet.v1.Request"])
        .compile_fds(files)?;
    Ok(())
}
