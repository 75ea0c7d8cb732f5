//! ssh keys of one's account.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use protocol::v1;

use crate::args::KeysAction;
use crate::context::Context;
use crate::exit::Failure;
use crate::output::people;

/// No public key is longer: room for a refusal that says what is wrong.
const KEY_BYTES_MAX: u64 = 16 * 1024;

pub(super) async fn keys(context: &Context, action: Option<KeysAction>) -> Result<(), Failure> {
    match action.unwrap_or(KeysAction::List) {
        KeysAction::List => {
            let list = context.signed_in().await?.ask(v1::ListSshKeys {}).await?;
            context.out.all(list.keys.iter().map(people::ssh_key))
        }
        KeysAction::Add { file, name } => {
            // Before anything is sent: what is in the file may be the private half.
            let public_key = public_key(context, &file)?;
            let name = model::to_nfc(&name.unwrap_or_default());
            let client = context.signed_in().await?;
            let done = client.ask(v1::AddSshKey { public_key, name }).await?;
            let list = client.ask(v1::ListSshKeys {}).await?;
            context.out.say(if done.changed {
                "Whoever has the private half of this key comes in by ssh as you:"
            } else {
                "This key was yours already:"
            });
            context.out.all(list.keys.iter().filter(|key| key.id == done.id).map(people::ssh_key))
        }
        KeysAction::Revoke { id } => {
            let key_id = id.parse().map_err(|_| Failure::Usage("the id of a key is a number".to_owned()))?;
            let done = context.signed_in().await?.ask(v1::RevokeSshKey { key_id }).await?;
            if !done.changed {
                return Err(model::Error::not_found("ssh key").into());
            }
            context.out.say("Nobody comes in with that key any more.");
            Ok(())
        }
    }
}

fn public_key(context: &Context, file: &Path) -> Result<String, Failure> {
    let text = if file == Path::new("-") {
        context.stdin()?
    } else if !context.is_at_home() {
        return Err(Failure::Usage("files of your machine are not here: keys add - < FILE".to_owned()));
    } else {
        let mut text = String::new();
        File::open(file)
            .and_then(|opened| opened.take(KEY_BYTES_MAX).read_to_string(&mut text))
            .map_err(|error| Failure::Failed(format!("{}: {error}", file.display())))?;
        text
    };
    if text.contains("PRIVATE KEY") {
        return Err(Failure::Usage(
            "that is a private key, which must stay where it is: name the file that ends in .pub".to_owned(),
        ));
    }
    Ok(text.trim().to_owned())
}
