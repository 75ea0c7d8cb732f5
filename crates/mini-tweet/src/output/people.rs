//! Rows about people: accounts, profiles, notifications, conversations, messages, ssh keys and sessions.

use model::SafeText;
use protocol::v1;
use serde_json::{Value, json};

use super::Row;
use super::style::{TimeFormat, account, bold, count, dim, list_time, local_time, named, prose, rfc3339};
use super::tweets::{Referred, author, names};

/// An account in a list.
pub(crate) fn person(person: &v1::AccountView) -> Row {
    let who = person.account.clone().unwrap_or_default();
    let relationship = person.relationship.unwrap_or_default();
    let mut about = in_words(&relationship);
    match presence(person.presence()) {
        "offline" => {}
        state => about.insert(0, state),
    }
    let about = if about.is_empty() { String::new() } else { format!("  {}", dim(about.join(" · "))) };
    let text = format!("{}{about}{}", account(&who.username), named(&who.display_name));
    let values = [
        who.username.as_str().into(),
        who.display_name.as_str().into(),
        relationship.following.into(),
        relationship.followed_by.into(),
        relationship.blocking.into(),
        relationship.muting.into(),
        presence(person.presence()).into(),
        person.idle_seconds.into(),
        person.tweets.into(),
        person.followers.into(),
        if person.last_post_ms == 0 { Value::Null } else { rfc3339(person.last_post_ms).into() },
    ];
    Row::new(&PERSON, values, text)
}

pub(crate) const PERSON: [&str; 11] = [
    "username",
    "name",
    "you_follow",
    "follows_you",
    "you_block",
    "you_mute",
    "presence",
    "idle_s",
    "tweets",
    "followers",
    "last_post",
];

fn in_words(relationship: &v1::Relationship) -> Vec<&'static str> {
    let words = [
        (relationship.following, "you follow"),
        (relationship.followed_by, "follows you"),
        (relationship.blocking, "blocked"),
        (relationship.muting, "muted"),
    ];
    words.into_iter().filter(|(is_so, _)| *is_so).map(|(_, word)| word).collect()
}

pub(crate) fn presence(state: v1::PresenceState) -> &'static str {
    match state {
        v1::PresenceState::Online => "online",
        v1::PresenceState::Away => "away",
        v1::PresenceState::Offline | v1::PresenceState::Unspecified => "offline",
    }
}

/// A profile.
pub(crate) fn profile(profile: &v1::Profile) -> Row {
    let who = profile.account.clone().unwrap_or_default();
    let relationship = profile.relationship.unwrap_or_default();
    let is_admin = profile.role() == v1::Role::Admin;
    let mut lines = vec![format!("{}{}", account(&who.username), named(&who.display_name))];
    if !profile.bio.is_empty() {
        lines.push(prose(&profile.bio));
    }
    let counts = [
        count(profile.tweets, "tweet"),
        format!("{} following", profile.following),
        count(profile.followers, "follower"),
    ];
    lines.push(format!("  {}", counts.join(" · ")));
    let mut about = vec![presence(profile.presence())];
    about.extend(is_admin.then_some("admin"));
    about.extend(profile.suspended.then_some("suspended"));
    about.extend(in_words(&relationship));
    about.extend(profile.own.as_ref().filter(|own| own.presence_hidden).map(|_| "hides when online"));
    lines.push(format!(
        "  {}",
        dim(format!("joined {} · {}", local_time(profile.created_ms), about.join(" · ")))
    ));
    let values = [
        who.username.as_str().into(),
        who.display_name.as_str().into(),
        profile.bio.as_str().into(),
        if is_admin { "admin" } else { "member" }.into(),
        rfc3339(profile.created_ms).into(),
        profile.tweets.into(),
        profile.followers.into(),
        profile.following.into(),
        relationship.following.into(),
        relationship.followed_by.into(),
        relationship.blocking.into(),
        relationship.muting.into(),
        presence(profile.presence()).into(),
        profile.suspended.into(),
    ];
    Row::new(&PROFILE, values, lines.join("\n"))
}

pub(crate) const PROFILE: [&str; 14] = [
    "username",
    "name",
    "bio",
    "role",
    "created",
    "tweets",
    "followers",
    "following",
    "you_follow",
    "follows_you",
    "you_block",
    "you_mute",
    "presence",
    "suspended",
];

/// An account as admins list it.
pub(crate) fn listed(profile: &v1::Profile) -> Row {
    let who = profile.account.clone().unwrap_or_default();
    let is_admin = profile.role() == v1::Role::Admin;
    let mut about = Vec::new();
    about.extend(is_admin.then(|| "admin".to_owned()));
    about.extend(profile.suspended.then(|| "suspended".to_owned()));
    about.push(count(profile.tweets, "tweet"));
    about.push(count(profile.followers, "follower"));
    about.push(format!("joined {}", local_time(profile.created_ms)));
    let about = dim(about.join(" · "));
    let text = format!("{}  {about}{}", account(&who.username), named(&who.display_name));
    self::profile(profile).only(&LISTED, text)
}

pub(crate) const LISTED: [&str; 9] =
    ["username", "name", "bio", "role", "created", "tweets", "followers", "following", "suspended"];

/// A notification.
pub(crate) fn notification(notification: &v1::Notification, referred: &Referred, time: TimeFormat) -> Row {
    let (kind, did) = match notification.kind() {
        v1::NotificationKind::Follow => ("follow", "followed you"),
        v1::NotificationKind::Mention => ("mention", "mentioned you"),
        v1::NotificationKind::Reply => ("reply", "replied to you"),
        v1::NotificationKind::Retweet => ("retweet", "retweeted your tweet"),
        v1::NotificationKind::Quote => ("quote", "quoted your tweet"),
        v1::NotificationKind::Like => ("like", "liked your tweet"),
        // A kind that only newer servers send.
        v1::NotificationKind::Unspecified => ("other", "sent a notification of an unknown kind"),
    };
    let who = referred.account(notification.account_id);
    let (by, name) = names(who);
    let mark = if notification.unread { "*" } else { " " };
    let mut text = format!("{mark} {by} {did}  {}{name}", dim(time(notification.created_ms)));
    let tweet = referred.tweet(notification.tweet_id);
    if let Some(tweet) = tweet {
        text += &format!("\n{}", prose(&tweet.text));
    }
    let tweet = tweet.map_or(
        Value::Null,
        |tweet| json!({ "id": tweet.id.to_string(), "author": referred.author(tweet), "text": tweet.text }),
    );
    let values = [
        notification.id.to_string().into(),
        kind.into(),
        rfc3339(notification.created_ms).into(),
        who.map_or(Value::Null, author),
        tweet,
        notification.unread.into(),
    ];
    Row::new(&["id", "kind", "created", "by", "tweet", "unread"], values, text)
}

/// A conversation in the list.
pub(crate) fn conversation(conversation: &v1::Conversation) -> Row {
    let with = conversation.with.clone().unwrap_or_default();
    let last = conversation.last.clone().unwrap_or_default();
    let unread = match conversation.unread {
        0 => String::new(),
        number => format!("  {}", bold(format_args!("{number} unread"))),
    };
    let text = format!(
        "{}  {}{unread}{}\n{}",
        account(&with.username),
        dim(list_time(last.created_ms)),
        named(&with.display_name),
        said(&last)
    );
    let last = json!({
        "id": last.id.to_string(), "from_them": last.author_id == with.id, "text": last.text,
        "created": rfc3339(last.created_ms),
    });
    Row::new(&["with", "unread", "last"], [author(&with), conversation.unread.into(), last], text)
}

/// The text of a message, or that it was deleted.
fn said(message: &v1::DirectMessage) -> String {
    if message.deleted { format!("  {}", dim("message deleted")) } else { prose(&message.text) }
}

/// A message of the conversation with this account. `theirs` are its read receipts for our messages; their time is that of
/// this message, if that is known.
pub(crate) fn message(
    message: &v1::DirectMessage,
    with: &v1::Account,
    theirs: v1::ReadReceipts,
    time: TimeFormat,
) -> Row {
    let is_theirs = message.author_id == with.id;
    let state = match message.id {
        _ if is_theirs => "",
        id if id <= theirs.read => "read",
        id if id <= theirs.delivered => "delivered",
        _ => "sent",
    };
    let who = if is_theirs { account(&with.username) } else { bold("you") };
    let edited = if message.edited_ms == 0 { "" } else { "edited " };
    let read_ms = Some(theirs.read_ms).filter(|ms| state == "read" && *ms != 0);
    let read = read_ms.map_or_else(String::new, |ms| format!(" {}", time(ms)));
    let about = format!("{} {} {edited}{state}{read}", time(message.created_ms), message.id);
    let about = dim(about.trim_end());
    let text = format!("{who}  {about}\n{}", said(message));
    let values = [
        message.id.to_string().into(),
        author(with),
        is_theirs.into(),
        message.text.as_str().into(),
        rfc3339(message.created_ms).into(),
        state.into(),
        if message.edited_ms == 0 { Value::Null } else { rfc3339(message.edited_ms).into() },
        message.deleted.into(),
        read_ms.map(rfc3339).into(),
    ];
    Row::new(&MESSAGE, values, text)
}

pub(crate) const MESSAGE: [&str; 9] =
    ["id", "with", "from_them", "text", "created", "state", "edited", "deleted", "read_at"];

/// An ssh key of the account.
pub(crate) fn ssh_key(key: &v1::SshKey) -> Row {
    let used = match key.last_used_ms {
        0 => "never used".to_owned(),
        last_used_ms => format!("last used {}", local_time(last_used_ms)),
    };
    let text = format!(
        "{}  {}  {}{}",
        key.id,
        SafeText::line(&key.fingerprint),
        dim(format!("added {}, {used}", local_time(key.created_ms))),
        named(&key.name)
    );
    let last_used = if key.last_used_ms == 0 { Value::Null } else { rfc3339(key.last_used_ms).into() };
    let values = [
        key.id.to_string().into(),
        key.name.as_str().into(),
        key.fingerprint.as_str().into(),
        rfc3339(key.created_ms).into(),
        last_used,
    ];
    Row::new(&["id", "name", "fingerprint", "created", "last_used"], values, text)
}

/// A session of the account.
pub(crate) fn session(session: &v1::Session) -> Row {
    let here = if session.current { "  (this session)" } else { "" };
    let text = format!(
        "{}  {}{here}{}",
        session.id,
        dim(format!(
            "signed in {}, last used {}",
            local_time(session.created_ms),
            local_time(session.last_used_ms)
        )),
        named(&session.client_name)
    );
    let values = [
        session.id.to_string().into(),
        session.client_name.as_str().into(),
        rfc3339(session.created_ms).into(),
        rfc3339(session.last_used_ms).into(),
        session.current.into(),
    ];
    Row::new(&["id", "client", "created", "last_used", "current"], values, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(row: &Row) -> String {
        anstream::adapter::strip_str(&row.text).to_string()
    }

    #[test]
    fn no_bio_or_name_is_where_the_program_speaks() {
        let account = v1::Account { id: 1, username: "eve".into(), display_name: "you follow".into() };
        let shown = profile(&v1::Profile {
            account: Some(account.clone()),
            bio: "hi\n9000 tweets · 1 following\njoined 2020".into(),
            ..v1::Profile::default()
        });
        let text = plain(&shown);
        let expected =
            "@eve  \"you follow\"\n    hi\n    9000 tweets · 1 following\n    joined 2020\n  0 tweets · ";
        assert!(text.starts_with(expected), "{text}");
        let listed =
            person(&v1::AccountView { account: Some(account.clone()), ..v1::AccountView::default() });
        assert_eq!(plain(&listed), "@eve  \"you follow\"");
        let relationship = Some(v1::Relationship { following: true, ..v1::Relationship::default() });
        let followed = v1::AccountView { account: Some(account), relationship, ..v1::AccountView::default() };
        assert_eq!(plain(&person(&followed)), "@eve  you follow  \"you follow\"");
    }

    #[test]
    fn a_conversation_says_that_its_last_message_was_deleted() {
        let last = v1::DirectMessage { id: 3, author_id: 1, deleted: true, ..v1::DirectMessage::default() };
        let with = v1::Account { id: 1, username: "eve".into(), display_name: String::new() };
        let row = conversation(&v1::Conversation {
            with: Some(with),
            last: Some(last),
            ..v1::Conversation::default()
        });
        assert!(plain(&row).ends_with("\n  message deleted"), "{}", plain(&row));
    }
}
