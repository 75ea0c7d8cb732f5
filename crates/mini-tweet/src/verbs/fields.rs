//! What a verb prints: the names of its fields, for `--json=help`, and the sentence for an empty result.

use super::admin::{INFO, INVITE};
use super::announcements::{ANNOUNCEMENT, DISMISSED};
use super::host::HOST;
use super::nodes::NODE;
use crate::args::operator::{AdminAction, HostAction, InvitesAction, ReportsAction};
use crate::args::{AnnouncementsAction, KeysAction, SessionsAction, Verb};
use crate::output::people::{LISTED, MESSAGE, PERSON, PROFILE};
use crate::output::tweets::{TREND, TWEET};

const CHANGE: &[&str] = &["id", "changed"];

/// The names of the fields; empty if the verb prints none.
pub(super) fn names(verb: &Verb) -> &'static [&'static str] {
    match verb {
        Verb::Feed(_) | Verb::Show(_) | Verb::Thread { .. } => &TWEET,
        Verb::Search(ask) if ask.people => &PERSON,
        Verb::Search(ask) if ask.tags => &["hashtag", "tweets"],
        Verb::Search(_) => &TWEET,
        Verb::Post(_) | Verb::Reply(_) | Verb::Quote(_) | Verb::Edit(_) | Verb::Delete(_) => CHANGE,
        Verb::Retweet(_) | Verb::Unretweet(_) | Verb::Like(_) | Verb::Unlike(_) => CHANGE,
        Verb::Bookmark(_) | Verb::Unbookmark(_) => CHANGE,
        Verb::History(_) => &["text", "written"],
        Verb::People(ask) if ask.dismiss.is_some() => &["username", "dismissed", "changed"],
        Verb::People(_) | Verb::Followers(_) | Verb::Following(_) | Verb::Online { .. } => &PERSON,
        Verb::Mute(ask) | Verb::Block(ask) if ask.users.is_empty() => &PERSON,
        Verb::Follow(_) | Verb::Unfollow(_) => &["username", "following", "changed"],
        Verb::RemoveFollower(_) => &["username", "follows_you", "changed"],
        Verb::Mute(_) | Verb::Unmute(_) => &["username", "muted", "changed"],
        Verb::Block(_) | Verb::Unblock(_) => &["username", "blocked", "changed"],
        Verb::Report { .. } => &["about", "reported", "changed"],
        Verb::Profile(_) | Verb::Whoami | Verb::Signup(_) | Verb::Login(_) => &PROFILE,
        Verb::Notifs(_) => &["id", "kind", "created", "by", "tweet", "unread"],
        Verb::Tags { .. } => &TREND,
        Verb::Chat(ask) if ask.with == "list" => &["with", "unread", "last"],
        Verb::Chat(ask) if ask.edit.is_some() || ask.delete.is_some() => CHANGE,
        Verb::Chat(ask) if ask.text().is_some() => &["id"],
        Verb::Chat(_) => &MESSAGE,
        Verb::Sessions { action: None | Some(SessionsAction::List) } => {
            &["id", "client", "created", "last_used", "current"]
        }
        Verb::Keys { action: None | Some(KeysAction::List | KeysAction::Add { .. }) } => {
            &["id", "name", "fingerprint", "created", "last_used"]
        }
        Verb::Accounts { .. } => &["name", "username", "server", "current", "signed_in"],
        Verb::Info => &INFO,
        Verb::Announcements { action: Some(AnnouncementsAction::Dismiss { .. }) } => &DISMISSED,
        Verb::Announcements { .. } => &ANNOUNCEMENT,
        Verb::Watch { .. } => &["topic", "event", "sequence", "at", "about"],
        Verb::Backup { .. } | Verb::Restore { .. } => &["file", "accounts", "tweets", "bytes"],
        Verb::Move { .. } => &["from", "to", "rows"],
        Verb::Check { .. } => &["finding"],
        Verb::Import { .. } => {
            &["accounts", "follows", "tweets", "quotes", "hashtags", "already_there", "problems", "password"]
        }
        Verb::Keymap { .. } => &["command", "keys", "context", "title"],
        Verb::Version => &["version"],
        Verb::Host { action: None | Some(HostAction::Status | HostAction::Start | HostAction::Install) } => {
            &HOST
        }
        Verb::Admin(ask) => of_admin(&ask.action),
        _ => &[],
    }
}

fn of_admin(action: &AdminAction) -> &'static [&'static str] {
    match action {
        AdminAction::Create { .. } => &["id"],
        AdminAction::Invite { .. } => &["code", "expires"],
        AdminAction::Invites { action: None | Some(InvitesAction::List) } => &INVITE,
        AdminAction::Accounts { .. } => &LISTED,
        AdminAction::Reports { action: None | Some(ReportsAction::List) } => {
            &["id", "created", "by", "about", "tweet", "text", "reason"]
        }
        AdminAction::Announce { remove: None, .. } => CHANGE,
        AdminAction::Announcements => &ANNOUNCEMENT,
        AdminAction::Nodes => &NODE,
        AdminAction::Stats => &[
            "accounts",
            "tweets",
            "sessions",
            "database_bytes",
            "connections",
            "subscriptions",
            "online",
            "requests",
            "commits",
            "changes",
        ],
        _ => &[],
    }
}

/// What to say to a person when a list has nothing in it.
pub(super) fn if_empty(verb: &Verb) -> Option<&'static str> {
    Some(match verb {
        Verb::Feed(_) => "No tweets here.",
        Verb::Search(_) => "Nothing was found.",
        Verb::Notifs(_) => "No notifications.",
        Verb::Tags { .. } => "No hashtags yet. Write a public tweet with #something.",
        Verb::People(ask) if ask.dismiss.is_some() => return None,
        Verb::People(_) => "No one was found.",
        Verb::Followers(_) => "No followers.",
        Verb::Following(_) => "Follows no one.",
        Verb::Mute(ask) if ask.users.is_empty() => "You have muted no one.",
        Verb::Block(ask) if ask.users.is_empty() => "You have blocked no one.",
        Verb::Online { .. } => "No one is online.",
        Verb::Chat(ask) if ask.with == "list" => "No conversations.",
        Verb::Chat(ask) if ask.text().is_none() && ask.delete.is_none() => "No messages.",
        Verb::Keys { action: None | Some(KeysAction::List) } => "No ssh keys.",
        Verb::Announcements { action: None | Some(AnnouncementsAction::List) } => "No announcements.",
        Verb::Accounts { action: None | Some(crate::args::AccountsAction::List) } => {
            "No accounts on this machine."
        }
        Verb::Admin(ask) => match ask.action {
            AdminAction::Reports { action: None | Some(ReportsAction::List) } => "No open reports.",
            AdminAction::Invites { action: None | Some(InvitesAction::List) } => "No invites.",
            AdminAction::Accounts { .. } => "No accounts.",
            AdminAction::Announcements => "No announcements.",
            _ => return None,
        },
        _ => return None,
    })
}
