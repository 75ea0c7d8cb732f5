//! The verbs, one file per subject. A verb sends requests and shows responses; the server decides.

mod account;
mod admin;
mod announcements;
mod chat;
mod data;
mod feed;
mod fields;
mod follow;
mod host;
mod keys;
mod nodes;
mod paging;
mod people;
mod tool;
mod write;

use crate::args::operator::HostAction;
use crate::args::{AccountsAction, Verb};
use crate::context::Context;
use crate::exit::Failure;

/// Runs a verb. With `--json=help` it only prints the names of its fields.
pub(crate) async fn run(context: &Context, verb: Verb) -> Result<(), Failure> {
    if context.out.wants_names() {
        return match fields::names(&verb) {
            [] => Err(Failure::Usage("this command prints no fields".to_owned())),
            names => context.out.names(names),
        };
    }
    let if_empty = fields::if_empty(&verb);
    carry_out(context, verb).await?;
    if let Some(text) = if_empty.filter(|_| context.out.rows() == 0) {
        context.out.say(text);
    }
    Ok(())
}

async fn carry_out(context: &Context, verb: Verb) -> Result<(), Failure> {
    if context.global.read_only && changes_this_machine(&verb) {
        return Err(client::ClientError::ReadOnly.into());
    }
    match verb {
        Verb::Signup(ask) => account::sign_up(context, ask).await,
        Verb::Login(ask) => account::log_in(context, ask).await,
        Verb::Logout { everywhere } => account::log_out(context, everywhere).await,
        Verb::Whoami => account::whoami(context).await,
        Verb::Accounts { action } => account::accounts(context, action),
        Verb::Sessions { action } => account::sessions(context, action).await,
        Verb::Keys { action } => keys::keys(context, action).await,
        Verb::Passwd { password_stdin } => account::change_password(context, password_stdin).await,
        Verb::DeleteAccount { password_stdin } => account::delete(context, password_stdin).await,
        Verb::Export => account::export(context).await,

        Verb::Post(ask) => write::post(context, ask).await,
        Verb::Reply(ask) => write::reply(context, ask).await,
        Verb::Quote(ask) => write::quote(context, ask).await,
        Verb::Edit(ask) => write::edit(context, ask).await,
        Verb::Retweet(tweet) => write::retweet(context, tweet.id).await,
        Verb::Unretweet(tweet) => write::undo_retweet(context, tweet.id).await,
        Verb::Like(tweet) => write::like(context, tweet.id).await,
        Verb::Unlike(tweet) => write::unlike(context, tweet.id).await,
        Verb::Bookmark(tweet) => write::bookmark(context, tweet.id).await,
        Verb::Unbookmark(tweet) => write::unbookmark(context, tweet.id).await,
        Verb::Delete(tweet) => write::delete(context, tweet.id).await,

        Verb::Feed(ask) => feed::feed(context, ask).await,
        Verb::Show(tweet) => feed::show(context, tweet.id).await,
        Verb::Thread { tweet, page } => feed::thread(context, tweet.id, page).await,
        Verb::History(tweet) => feed::history(context, tweet.id).await,
        Verb::Notifs(ask) => follow::notifications(context, ask).await,
        Verb::Search(ask) => feed::search(context, ask).await,
        Verb::Tags { limit } => feed::trends(context, limit).await,

        Verb::People(ask) => people::people(context, ask).await,
        Verb::Profile(ask) => people::profile(context, ask).await,
        Verb::Follow(ask) => people::follow(context, ask).await,
        Verb::Unfollow(ask) => people::unfollow(context, ask).await,
        Verb::Followers(ask) => people::followers(context, ask).await,
        Verb::Following(ask) => people::following(context, ask).await,
        Verb::RemoveFollower(ask) => people::remove_follower(context, ask).await,
        Verb::Mute(ask) => people::mute(context, ask).await,
        Verb::Unmute(ask) => people::unmute(context, ask).await,
        Verb::Block(ask) => people::block(context, ask).await,
        Verb::Unblock(ask) => people::unblock(context, ask).await,
        Verb::Report { what, reason } => people::report(context, &what, &reason).await,
        Verb::Online { follow } => follow::online(context, follow).await,

        Verb::Chat(ask) => chat::chat(context, ask).await,
        Verb::Watch { since } => follow::watch(context, &since).await,

        // The program's entry point runs it, before any other verb; over ssh it is not available.
        Verb::Serve(_) => Err(Failure::Usage("`serve` cannot run inside another command".to_owned())),
        Verb::Host { action } => host::host(context, action).await,
        Verb::Admin(ask) => admin::admin(context, ask).await,
        Verb::Backup { file, data } => data::backup(context, &file, &data),
        Verb::Restore { file, data } => data::restore(context, &file, &data),
        Verb::Move { from, to } => data::move_network(context, &from, &to).await,
        Verb::Check { data } => data::check(context, &data),
        Verb::Import { source } => data::import(context, source).await,
        Verb::Info => admin::info(context).await,
        Verb::Announcements { action } => announcements::announcements(context, action).await,
        Verb::Completion { shell } => tool::completion(shell),
        Verb::Man { directory } => tool::manual(directory.as_deref()),
        Verb::Keymap { action } => tool::keymap(context, action.as_ref()),
        Verb::Version => tool::version(context),
    }
}

/// Whether the verb changes something without a request to a server.
fn changes_this_machine(verb: &Verb) -> bool {
    let of_accounts = |action: &AccountsAction| !matches!(action, AccountsAction::List);
    match verb {
        Verb::Accounts { action } => action.as_ref().is_some_and(of_accounts),
        Verb::Host { action } => !matches!(action, None | Some(HostAction::Status)),
        Verb::Restore { .. } | Verb::Move { .. } | Verb::Import { .. } | Verb::Serve(_) => true,
        _ => false,
    }
}
