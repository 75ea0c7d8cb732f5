//! Passwords and tokens must not be in any file, log, argument or variable of the server: after sign-ups, log-ins, wrong
//! passwords, an import and a backup, with the log at level `trace`. Files must be readable by their owner only.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use client::Client;
use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use protocol::v1;
use rusqlite::Connection;
use sha_crypt::{Sha512Params, sha512_crypt_b64};

use super::python_database;
use crate::context::Context;
use crate::error::Error;
use crate::finding::{Control, Finding};
use crate::server::{Launch, Server, private_directory};

const FIRST: &str = "zqfirstpassword9";
const SECOND: &str = "zqsecondpassword9";
const WRONG: &str = "zqwrongpassword9";
const IMPORTED: &str = "zqimportedpassword9";
const ROUNDS: usize = 5_000;
/// Parameters that OWASP recommends as a minimum.
const ARGON2ID: &str = "$argon2id$v=19$m=19456,t=2,p=1$";

pub(super) async fn run(context: &Context) -> Result<Finding, Error> {
    let found = search_server(&context.program, "").await?;
    let leaking = search_server(&context.faults, "log-secrets").await?;
    let in_log: Vec<_> = leaking.broken.iter().filter(|line| line.contains("server.log")).collect();
    let mut broken = found.broken;
    if found.hashes == 0 || found.token_hashes == 0 {
        broken.push("the search does not find the stored hashes of tokens".to_owned());
    }
    Ok(Finding {
        promise: 29,
        tried: format!(
            "4 passwords, an imported hash and {} tokens, in 5 encodings each, searched for in {} files, the log at level \
             trace, and arguments and environment of the process",
            found.tokens, found.files
        ),
        figures: format!(
            "{} occurrences; {} hashes are argon2id with 19 MiB, 2 passes, parallelism 1 and a unique salt; \
             the same search finds {} SHA-256 hashes of tokens",
            broken.len(),
            found.hashes,
            found.token_hashes
        ),
        broken,
        control: Control::of(
            in_log.len() >= 3,
            format!("a server that logs secrets, and a file readable by others: {} detected", in_log.len()),
        ),
    })
}

/// The result of one search.
#[derive(Debug, Default)]
struct Found {
    broken: Vec<String>,
    tokens: usize,
    files: usize,
    hashes: usize,
    token_hashes: usize,
}

async fn search_server(program: &Path, faults: &str) -> Result<Found, Error> {
    let directory = private_directory()?;
    let path = |name: &str| directory.path().join(name);
    let digest = legacy_digest()?;
    python_database::write(&path("python"), &[("imported", format!("saltsalt${digest}"))])?;
    // A umask of 0, so that modes come from the server only.
    let launch = Launch::new(program, &path("data"))
        .logging_to(&path("server.log"))
        .wrapped_by(["sh", "-c", "umask 0; exec \"$@\"", "sh"])
        .with("MINI_TWEET_FAULTS", faults)
        .with("MINI_TWEET_LOG_LEVEL", "trace");
    let out = launch.operator(&["import", "python", &path("python").to_string_lossy(), "--json"])?;
    fs::remove_dir_all(path("python"))?;
    if !out.status.success() {
        return Err(String::from_utf8_lossy(&out.stderr).into_owned().into());
    }
    let mut found = Found::default();
    found.broken.extend(occurrences(directory.path(), "an imported hash", digest.as_bytes())?);
    let server = launch.start().await?;
    let tokens = use_secrets(&server).await?;
    found.tokens = tokens.len();
    let out = launch.operator(&["backup", &path("backup.db").to_string_lossy()])?;
    if !out.status.success() {
        return Err(String::from_utf8_lossy(&out.stderr).into_owned().into());
    }
    for at in ["while it runs", "after it stopped"] {
        if at == "while it runs" {
            for what in ["cmdline", "environ"] {
                fs::copy(format!("/proc/{}/{what}", server.process.id()), path(what))?;
                fs::set_permissions(path(what), fs::Permissions::from_mode(0o600))?;
            }
        }
        for (what, secret) in secrets(&tokens, &digest) {
            let found_in = occurrences(directory.path(), what, &secret)?;
            found.broken.extend(found_in.into_iter().map(|occurrence| format!("{occurrence} {at}")));
        }
        for token in &tokens {
            found.token_hashes += occurrences(directory.path(), "a token hash", &sha256(token))?.len();
        }
        found.broken.extend(open_files(directory.path())?);
    }
    server.stop().await?;
    found.files = files(directory.path())?.len();
    let (hashes, wrong) = stored_passwords(&launch.database())?;
    found.hashes = hashes;
    found.broken.extend(wrong);
    if !faults.is_empty() {
        // The control: a file that everyone can read.
        fs::write(path("open"), "")?;
        fs::set_permissions(path("open"), fs::Permissions::from_mode(0o644))?;
        let noticed = open_files(directory.path())?.len();
        found
            .broken
            .extend((noticed > 0).then(|| "a file next to server.log is readable by others".to_owned()));
    }
    Ok(found)
}

/// Uses passwords and tokens in every way; returns the tokens.
async fn use_secrets(server: &Server) -> Result<Vec<Vec<u8>>, Error> {
    let mut tokens = Vec::new();
    let connect = || async { Ok::<_, Error>(Client::connect(server.options()?).await?) };
    let log_in =
        |username: &str, password: &str| v1::LogIn { username: username.into(), password: password.into() };
    let client = connect().await?;
    let sign_up =
        v1::SignUp { username: "ada".to_owned(), password: FIRST.to_owned(), ..v1::SignUp::default() };
    tokens.push(client.sign_up(sign_up).await?.token);
    for (name, password) in [("ada", WRONG), ("unknown", WRONG), ("imported", WRONG)] {
        if connect().await?.log_in(log_in(name, password)).await.is_ok() {
            return Err("a wrong password was accepted".into());
        }
    }
    tokens.push(connect().await?.log_in(log_in("ada", FIRST)).await?.token);
    tokens.push(connect().await?.log_in(log_in("imported", IMPORTED)).await?.token);
    let mut options = server.options()?;
    options.token = Some(client::Token::from_bytes(tokens[1].clone()));
    let resumed = Client::connect(options).await?;
    let change = v1::ChangePassword { old_password: FIRST.to_owned(), new_password: SECOND.to_owned() };
    resumed.ask(change).await?;
    resumed.ask(v1::Export { cursor: String::new() }).await?;
    tokens.push(connect().await?.log_in(log_in("ada", SECOND)).await?.token);
    Ok(tokens)
}

/// All secrets in every encoding in which they could be stored, each with a description.
fn secrets(tokens: &[Vec<u8>], digest: &str) -> Vec<(&'static str, Vec<u8>)> {
    let passwords = [FIRST, SECOND, WRONG, IMPORTED];
    let mut all: Vec<(&str, Vec<u8>)> = vec![("an imported hash", digest.as_bytes().to_vec())];
    all.extend(passwords.iter().map(|password| ("a password", password.as_bytes().to_vec())));
    for (what, secret) in passwords
        .iter()
        .map(|password| ("a password", password.as_bytes()))
        .chain(tokens.iter().map(|token| ("a token", token.as_slice())))
    {
        all.push((what, secret.to_vec()));
        all.push((what, HEXLOWER.encode(secret).into_bytes()));
        all.push((what, BASE64URL_NOPAD.encode(secret).into_bytes()));
        all.push((what, BASE64.encode(secret).into_bytes()));
        // As a list of numbers, as Rust formats bytes.
        let numbers: Vec<String> = secret.iter().take(8).map(u8::to_string).collect();
        all.push((what, numbers.join(", ").into_bytes()));
    }
    all
}

fn occurrences(directory: &Path, what: &str, secret: &[u8]) -> Result<Vec<String>, Error> {
    let mut occurrences = Vec::new();
    for file in files(directory)? {
        if file.metadata()?.is_file() && fs::read(&file)?.windows(secret.len()).any(|part| part == secret) {
            occurrences.push(format!("{what} is in {}", name(&file)));
        }
    }
    Ok(occurrences)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Files, sockets and directories in this directory.
fn files(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut all = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            all.extend(files(&path)?);
        }
        all.push(path);
    }
    Ok(all)
}

/// Files that others than their owner can read or write, except the log, which the process that starts the server creates.
fn open_files(directory: &Path) -> Result<Vec<String>, Error> {
    let mut open = Vec::new();
    for path in files(directory)? {
        let mode = path.metadata()?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 && name(&path) != "server.log" {
            open.push(format!("{} has mode {mode:o}", name(&path)));
        }
    }
    Ok(open)
}

/// Number of stored passwords, and what is wrong with them.
fn stored_passwords(database: &Path) -> Result<(usize, Vec<String>), Error> {
    let db = Connection::open(database)?;
    let mut query = db.prepare("SELECT username, password_phc, password_legacy FROM account")?;
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let rows: Vec<(String, String, Option<String>)> = rows.collect::<Result<_, _>>()?;
    let mut wrong = Vec::new();
    let mut salts = std::collections::HashSet::new();
    for (username, phc, legacy) in &rows {
        if !phc.starts_with(ARGON2ID) {
            wrong.push(format!("the password of {username} is stored as {phc}"));
        }
        if legacy.is_some() && username == "imported" {
            wrong.push("an imported hash is not replaced at log-in".to_owned());
        }
        if !salts.insert(phc.split('$').nth(4)) {
            wrong.push(format!("{username} has the same salt as another account"));
        }
    }
    Ok((rows.len(), wrong))
}

/// The digest of sha512-crypt without parameters and salt, as the original program stored it.
fn legacy_digest() -> Result<String, Error> {
    let params = Sha512Params::new(ROUNDS).map_err(|error| format!("{error:?}"))?;
    Ok(sha512_crypt_b64(IMPORTED.as_bytes(), b"saltsalt", &params).map_err(|error| format!("{error:?}"))?)
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).into()
}
