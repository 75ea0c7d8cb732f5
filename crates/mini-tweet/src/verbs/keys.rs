//! `keys`: the ssh keys of the account.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use protocol::v1;

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
            let public_key = public_key(context, &file)?;
            let name = model::to_nfc(&name.unwrap_or_default());
            let client = context.signed_in().await?;
            let done = client.ask(v1::AddSshKey { public_key, name, ..v1::AddSshKey::default() }).await?;
            let list = client.ask(v1::ListSshKeys {}).await?;
            context.out.say(if done.changed {
                "Key added. You can now sign in over ssh with its private key:"
            } else {
                "This key was already added:"
            });
            context.out.all(list.keys.iter().filter(|key| key.id == done.id).map(people::ssh_key))
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

fn public_key(context: &Context, file: &Path) -> Result<String, Failure> {
    let text = if file == Path::new("-") {
        context.stdin()?
    } else if !context.is_local() {
        return Err(Failure::Usage(
            "files on your computer can't be read over ssh; use `keys add - < FILE`".to_owned(),
        ));
    } else {
        let mut text = String::new();
        File::open(file)
            .and_then(|opened| opened.take(KEY_BYTES_MAX).read_to_string(&mut text))
            .map_err(|error| Failure::Failed(format!("{}: {error}", file.display())))?;
        text
    };
    if text.contains("PRIVATE KEY") {
        return Err(Failure::Usage(
            "this is a private key; keep it secret and use the file that ends in .pub".to_owned(),
        ));
    }
    Ok(text.trim().to_owned())
}
