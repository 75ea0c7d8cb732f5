//! Where passwords and tokens must not be: after sign-ups, log-ins, wrong passwords, an import and a backup, with a log
//! that says everything. And who may read the files.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use client::Client;
use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use protocol::v1;
use rusqlite::Connection;
use sha_crypt::{Sha512Params, sha512_crypt_b64};

use super::alike::write_python;
use crate::Error;
use crate::report::{Control, Line};
use crate::scenario::Setup;
use crate::server::{Launch, Server, private_directory};

const FIRST: &str = "zqfirstpassword9";
const SECOND: &str = "zqsecondpassword9";
const WRONG: &str = "zqwrongpassword9";
const IMPORTED: &str = "zqimportedpassword9";
const ROUNDS: usize = 5_000;
/// As OWASP wants it at least.
const ARGON2ID: &str = "$argon2id$v=19$m=19456,t=2,p=1$";

pub(super) async fn run(setup: &Setup) -> Result<Line, Error> {
    let found = try_server(&setup.program, "").await?;
    let told = try_server(&setup.faults, "log-secrets").await?;
    let told: Vec<_> = told.broken.iter().filter(|line| line.contains("server.log")).collect();
    let mut broken = found.broken;
    if found.hashes == 0 || found.digests == 0 {
        broken.push("the search finds not even what is kept of a token".to_owned());
    }
    Ok(Line {
        promise: 29,
        tried: format!(
            "3 passwords, a wrong one, an imported hash and {} tokens, each in 5 ways of writing, looked for in {} files, the log at \
             its most talkative and the process's arguments and environment",
            found.tokens, found.files
        ),
        figures: format!(
            "0 is what is wanted: {} places; {} hashes are argon2id with 19 MiB, 2 passes, 1 scenario and a salt of their own; \
             the same search finds {} SHA-256 of tokens",
            broken.len(),
            found.hashes,
            found.digests
        ),
        broken,
        control: Control::of(
            told.len() >= 3,
            format!(
                "a server that writes secrets to its log, and a file for everybody: {} noticed",
                told.len()
            ),
        ),
    })
}

#[derive(Debug, Default)]
struct Found {
    broken: Vec<String>,
    tokens: usize,
    files: usize,
    hashes: usize,
    digests: usize,
}

async fn try_server(program: &Path, faults: &str) -> Result<Found, Error> {
    let directory = private_directory()?;
    let path = |name: &str| directory.path().join(name);
    let bare = bare_hash()?;
    write_python(&path("python"), &[("imported", format!("saltsalt${bare}"))])?;
    // Files are for their owner only, whatever the shell says.
    let launch = Launch::new(program, &path("data"))
        .log_to(&path("server.log"))
        .through(["sh", "-c", "umask 0; exec \"$@\"", "sh"])
        .with("MINI_TWEET_FAULTS", faults)
        .with("MINI_TWEET_LOG_LEVEL", "trace");
    let out = launch.operator(&["import", "python", &path("python").to_string_lossy(), "--json"])?;
    fs::remove_dir_all(path("python"))?;
    if !out.status.success() {
        return Err(String::from_utf8_lossy(&out.stderr).into_owned().into());
    }
    let mut found = Found::default();
    found.broken.extend(places(directory.path(), "an imported hash", bare.as_bytes())?);
    let server = launch.start().await?;
    let tokens = people(&server).await?;
    found.tokens = tokens.len();
    let out = launch.operator(&["backup", &path("backup.db").to_string_lossy()])?;
    if !out.status.success() {
        return Err(String::from_utf8_lossy(&out.stderr).into_owned().into());
    }
    for at in ["while it runs", "after its stop"] {
        if at == "while it runs" {
            for what in ["cmdline", "environ"] {
                fs::copy(format!("/proc/{}/{what}", server.process.id()), path(what))?;
                fs::set_permissions(path(what), fs::Permissions::from_mode(0o600))?;
            }
        }
        for (what, secret) in secrets(&tokens, &bare) {
            let places = places(directory.path(), what, &secret)?;
            found.broken.extend(places.into_iter().map(|place| format!("{place} {at}")));
        }
        for token in &tokens {
            found.digests += places(directory.path(), "digest", &sha256(token))?.len();
        }
        found.broken.extend(open_files(directory.path())?);
    }
    server.stop().await?;
    found.files = files(directory.path())?.len();
    let (hashes, wrong) = kept(&launch.database())?;
    found.hashes = hashes;
    found.broken.extend(wrong);
    if !faults.is_empty() {
        // The same look at a file that everybody can read.
        fs::write(path("open"), "")?;
        fs::set_permissions(path("open"), fs::Permissions::from_mode(0o644))?;
        let noticed = open_files(directory.path())?.len();
        found.broken.extend((noticed > 0).then(|| "server.log's neighbour is open".to_owned()));
    }
    Ok(found)
}

/// Everything that is done with passwords and tokens; the tokens.
async fn people(server: &Server) -> Result<Vec<Vec<u8>>, Error> {
    let mut tokens = Vec::new();
    let connect = || async { Ok::<_, Error>(Client::connect(server.options()?).await?) };
    let log_in =
        |username: &str, password: &str| v1::LogIn { username: username.into(), password: password.into() };
    let client = connect().await?;
    let sign_up =
        v1::SignUp { username: "ada".to_owned(), password: FIRST.to_owned(), ..v1::SignUp::default() };
    tokens.push(client.sign_up(sign_up).await?.token);
    for (name, password) in [("ada", WRONG), ("nobody", WRONG), ("imported", WRONG)] {
        if connect().await?.log_in(log_in(name, password)).await.is_ok() {
            return Err("a wrong password is taken".into());
        }
    }
    tokens.push(connect().await?.log_in(log_in("ada", FIRST)).await?.token);
    tokens.push(connect().await?.log_in(log_in("imported", IMPORTED)).await?.token);
    let mut options = server.options()?;
    options.token = Some(client::Token::from_bytes(tokens[1].clone()));
    let again = Client::connect(options).await?;
    let change = v1::ChangePassword { old_password: FIRST.to_owned(), new_password: SECOND.to_owned() };
    again.ask(change).await?;
    again.ask(v1::Export { cursor: String::new() }).await?;
    tokens.push(connect().await?.log_in(log_in("ada", SECOND)).await?.token);
    Ok(tokens)
}

/// In all the ways in which they could have been written down.
fn secrets(tokens: &[Vec<u8>], bare: &str) -> Vec<(&'static str, Vec<u8>)> {
    let passwords = [FIRST, SECOND, WRONG, IMPORTED];
    let mut all: Vec<(&str, Vec<u8>)> = vec![("an imported hash", bare.as_bytes().to_vec())];
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
        // As a list of numbers, the way Rust shows bytes.
        let numbers: Vec<String> = secret.iter().take(8).map(u8::to_string).collect();
        all.push((what, numbers.join(", ").into_bytes()));
    }
    all
}

fn places(directory: &Path, what: &str, secret: &[u8]) -> Result<Vec<String>, Error> {
    let mut places = Vec::new();
    for file in files(directory)? {
        if file.metadata()?.is_file() && fs::read(&file)?.windows(secret.len()).any(|part| part == secret) {
            places.push(format!("{what} is in {}", name(&file)));
        }
    }
    Ok(places)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Files, sockets and directories below this one.
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

/// What others than its owner can read or write. The log is a file of whoever starts the server.
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

/// How many passwords are kept, and what is wrong with them.
fn kept(database: &Path) -> Result<(usize, Vec<String>), Error> {
    let db = Connection::open(database)?;
    let mut query = db.prepare("SELECT username, password_phc, password_legacy FROM account")?;
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let rows: Vec<(String, String, Option<String>)> = rows.collect::<Result<_, _>>()?;
    let mut wrong = Vec::new();
    let mut salts = std::collections::HashSet::new();
    for (username, phc, legacy) in &rows {
        if !phc.starts_with(ARGON2ID) {
            wrong.push(format!("the password of {username} is kept as {phc}"));
        }
        if legacy.is_some() && username == "imported" {
            wrong.push("an imported hash is not replaced when its owner logs in".to_owned());
        }
        if !salts.insert(phc.split('$').nth(4)) {
            wrong.push(format!("{username} has the salt of somebody else"));
        }
    }
    Ok((rows.len(), wrong))
}

/// The digest of sha512-crypt alone, as the original program kept it.
fn bare_hash() -> Result<String, Error> {
    let params = Sha512Params::new(ROUNDS).map_err(|error| format!("{error:?}"))?;
    Ok(sha512_crypt_b64(IMPORTED.as_bytes(), b"saltsalt", &params).map_err(|error| format!("{error:?}"))?)
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).into()
}
