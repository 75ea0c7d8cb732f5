//! `keys`: the ssh keys of the account.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use client::{Client, ClientError};
use model::Error;
use protocol::v1;
use zeroize::Zeroizing;

use crate::args::KeysAction;
use crate::context::Context;
use crate::exit::Failure;
use crate::output::people;

/// Bytes of a key file that are read; public keys are shorter.
const KEY_BYTES_MAX: u64 = 16 * 1024;

pub(super) async fn keys(context: &Context, action: Option<KeysAction>) -> Result<(), Failure> {
    match action.unwrap_or(KeysAction::List) {
        KeysAction::List => {
            let list = context.signed_in().await?.ask(v1::ListSshKeys {}).await?;
            context.out.all(list.keys.iter().map(people::ssh_key))
        }
        KeysAction::Add { file, name } => {
            // Read and checked before anything is sent: the file may hold a private key.
            let public_keys = public_keys(&text(context, &file)?)?;
            if name.is_some() && public_keys.len() > 1 {
                return Err(Failure::Usage("--name is for one key, and there are several".to_owned()));
            }
            let name = model::to_nfc(&name.unwrap_or_default());
            let client = context.signed_in().await?;
            let mut password = None;
            for public_key in public_keys {
                let key = v1::AddSshKey { public_key, name: name.clone(), password: String::new() };
                let done = add(context, &client, key, &mut password).await?;
                let list = client.ask(v1::ListSshKeys {}).await?;
                context.out.say(if done.changed {
                    "Key added. You can now sign in over ssh with its private key:"
                } else {
                    "This key was already added:"
                });
                context.out.all(list.keys.iter().filter(|key| key.id == done.id).map(people::ssh_key))?;
            }
            Ok(())
        }
        KeysAction::Revoke { id } => {
            let key_id = id
                .parse()
                .map_err(|_| Failure::Usage("a key id is a number; see `mini-tweet keys`".to_owned()))?;
            let done = context.signed_in().await?.ask(v1::RevokeSshKey { key_id }).await?;
            if !done.changed {
                return Err(model::Error::not_found("ssh key").into());
            }
            context.out.say("Key revoked. The sessions that used it have ended.");
            Ok(())
        }
    }
}

/// What the file has, or standard input.
fn text(context: &Context, file: &Path) -> Result<String, Failure> {
    let text = if file == Path::new("-") {
        context.stdin()?
    } else if !context.is_local() {
        return Err(Failure::Usage(
            "files on your computer can't be read over ssh; use `keys add - < FILE`".to_owned(),
        ));
    } else {
        let mut text = String::new();
        File::open(file).and_then(|opened| opened.take(KEY_BYTES_MAX).read_to_string(&mut text)).map_err(
            |error| Failure::Failed(format!("{}: {}", file.display(), model::os_error_in_words(&error))),
        )?;
        text
    };
    Ok(text)
}

/// The keys of a file as OpenSSH writes it: one on each line, between comments and empty lines.
fn public_keys(text: &str) -> Result<Vec<String>, Failure> {
    if text.contains("PRIVATE KEY") {
        return Err(Failure::Usage(
            "this is a private key; keep it secret and use the file that ends in .pub".to_owned(),
        ));
    }
    let mut keys = Vec::new();
    for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let is_type = |word: &str| ["ssh-", "ecdsa-", "sk-"].iter().any(|begin| word.starts_with(begin));
        let mut words = line.split_whitespace();
        if !words.next().is_some_and(is_type) && words.any(is_type) {
            return Err(Failure::Usage(format!(
                "line {} begins with options for a server of OpenSSH, which have no effect here; remove what is before \
                 the type of the key",
                number + 1
            )));
        }
        keys.push(line.to_owned());
    }
    if keys.is_empty() {
        return Err(Failure::Usage("there is no public key in it".to_owned()));
    }
    Ok(keys)
}

/// Adds a key. The server needs the password unless the session was opened with it a short time ago: it is asked for
/// once, and then kept in `password` for further keys.
async fn add(
    context: &Context,
    client: &Client,
    mut key: v1::AddSshKey,
    password: &mut Option<Zeroizing<String>>,
) -> Result<v1::Done, Failure> {
    if password.is_none() {
        match client.ask(key.clone()).await {
            Err(ClientError::Refused(Error::Invalid { field, .. }))
                if field == "password" && !context.prompts.is_possible() =>
            {
                return Err(Failure::Usage(
                    "adding a key needs your password, which is asked for on a terminal; run this command in one on \
                     your own computer, or within 15 minutes after `mini-tweet login`"
                        .to_owned(),
                ));
            }
            Err(ClientError::Refused(Error::Invalid { field, .. })) if field == "password" => {
                *password = Some(context.prompts.password("Password")?);
            }
            other => return Ok(other?),
        }
    }
    key.password = password.as_deref().cloned().unwrap_or_default();
    Ok(client.ask(key).await?)
}
