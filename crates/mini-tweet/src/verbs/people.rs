//! People: search, profiles, follows, mutes, blocks and reports.

use client::{Ask, Client};
use model::to_nfc;
use protocol::v1;
use protocol::v1::AccountList;

use super::paging::page_request;
use crate::args::{Page, People, PeopleOf, PeopleOrList, Profile};
use crate::context::{Context, username, written};
use crate::exit::Failure;
use crate::output::people;

pub(super) async fn people(context: &Context, name: Option<String>, page: Page) -> Result<(), Failure> {
    let client = context.signed_in().await?;
    match name {
        None => list(context, &client, AccountList::People, None, page).await,
        Some(name) => {
            let query = username(&name);
            let page = client.ask(v1::SearchPeople { query, limit: page_request(&page).limit }).await?;
            context.out.all(page.people.iter().map(people::person))
        }
    }
}

pub(super) async fn followers(context: &Context, ask: PeopleOf) -> Result<(), Failure> {
    let client = context.signed_in().await?;
    list(context, &client, AccountList::Followers, ask.user, ask.page).await
}

pub(super) async fn following(context: &Context, ask: PeopleOf) -> Result<(), Failure> {
    let client = context.signed_in().await?;
    list(context, &client, AccountList::Following, ask.user, ask.page).await
}

/// Shows pages until the limit is reached.
async fn list(
    context: &Context,
    client: &Client,
    list: AccountList,
    user: Option<String>,
    page: Page,
) -> Result<(), Failure> {
    let username = user.as_deref().map(username).unwrap_or_default();
    let (mut left, mut request) = (page.limit, page_request(&page));
    loop {
        request.limit = request.limit.min(left);
        let ask = v1::ListAccounts { list: list.into(), username: username.clone(), page: Some(request) };
        let answer = client.ask(ask).await?;
        context.out.all(answer.people.iter().map(people::person))?;
        left = left.saturating_sub(u32::try_from(answer.people.len()).unwrap_or(u32::MAX));
        if answer.next.is_empty() || left == 0 {
            return Ok(());
        }
        request = page_request(&Page { limit: left, before: Some(answer.next), since: None });
    }
}

pub(super) async fn profile(context: &Context, ask: Profile) -> Result<(), Failure> {
    let client = context.signed_in().await?;
    if ask.name.is_some() || ask.bio.is_some() || ask.show_presence.is_some() {
        let edit = v1::EditProfile {
            display_name: ask.name.as_deref().map(to_nfc),
            bio: ask.bio.as_deref().map(written),
            presence_hidden: ask.show_presence.map(|shown| !shown),
        };
        client.ask(edit).await?;
    }
    let username = ask.user.as_deref().map(username).unwrap_or_default();
    context.out.row(&people::profile(&client.ask(v1::GetProfile { username }).await?))
}

/// A change of the relationship to others: how it is called in words and in JSON.
struct Action {
    /// What cannot be done to oneself: "follow".
    verb: &'static str,
    /// The field of the row, and its value afterwards.
    field: (&'static str, bool),
    /// What people read, before and after the username.
    text: (&'static str, &'static str),
}

const FOLLOW: Action = Action { verb: "follow", field: ("following", true), text: ("You follow", "") };
const UNFOLLOW: Action =
    Action { verb: "unfollow", field: ("following", false), text: ("You no longer follow", "") };
const REMOVE_FOLLOWER: Action =
    Action { verb: "remove", field: ("follows_you", false), text: ("You removed", " from your followers") };
const MUTE: Action = Action { verb: "mute", field: ("muted", true), text: ("You muted", "") };
const UNMUTE: Action = Action { verb: "unmute", field: ("muted", false), text: ("You unmuted", "") };
const BLOCK: Action = Action { verb: "block", field: ("blocked", true), text: ("You blocked", "") };
const UNBLOCK: Action = Action { verb: "unblock", field: ("blocked", false), text: ("You unblocked", "") };

pub(super) async fn follow(context: &Context, ask: People) -> Result<(), Failure> {
    each(context, ask.users, FOLLOW, |username| v1::Follow { username }).await
}

pub(super) async fn unfollow(context: &Context, ask: People) -> Result<(), Failure> {
    each(context, ask.users, UNFOLLOW, |username| v1::Unfollow { username }).await
}

pub(super) async fn remove_follower(context: &Context, ask: People) -> Result<(), Failure> {
    each(context, ask.users, REMOVE_FOLLOWER, |username| v1::RemoveFollower { username }).await
}

pub(super) async fn mute(context: &Context, ask: PeopleOrList) -> Result<(), Failure> {
    if ask.users.is_empty() {
        return whole_list(context, AccountList::Muted).await;
    }
    each(context, ask.users, MUTE, |username| v1::Mute { username }).await
}

pub(super) async fn unmute(context: &Context, ask: People) -> Result<(), Failure> {
    each(context, ask.users, UNMUTE, |username| v1::Unmute { username }).await
}

pub(super) async fn block(context: &Context, ask: PeopleOrList) -> Result<(), Failure> {
    if ask.users.is_empty() {
        return whole_list(context, AccountList::Blocked).await;
    }
    each(context, ask.users, BLOCK, |username| v1::Block { username }).await
}

pub(super) async fn unblock(context: &Context, ask: People) -> Result<(), Failure> {
    each(context, ask.users, UNBLOCK, |username| v1::Unblock { username }).await
}

pub(super) async fn report(context: &Context, what: &str, reason: &str) -> Result<(), Failure> {
    let reason = written(reason);
    let ask = match what.parse() {
        Ok(tweet_id) => v1::Report { tweet_id, reason, ..v1::Report::default() },
        Err(_) => v1::Report { username: username(what), reason, ..v1::Report::default() },
    };
    let client = context.signed_in().await?;
    let done = client.ask(ask).await.map_err(|error| Failure::from(error).name_action("report"))?;
    let text = if done.changed {
        format!("Reported {what} to the operators of this server.")
    } else {
        format!("You have already reported {what}.")
    };
    if context.out.is_for_people() {
        context.out.say(&text);
        return Ok(());
    }
    let values = [what.trim_start_matches('@').into(), true.into(), done.changed.into()];
    context.out.word(&["about", "reported", "changed"], values, &text)
}

async fn whole_list(context: &Context, which: AccountList) -> Result<(), Failure> {
    let client = context.signed_in().await?;
    list(context, &client, which, None, Page { limit: u32::MAX, before: None, since: None }).await
}

/// Sends the request for each username; the first that fails ends it.
async fn each<A: Ask<Answer = v1::Done>>(
    context: &Context,
    users: Vec<String>,
    action: Action,
    request: impl Fn(String) -> A,
) -> Result<(), Failure> {
    let client = context.signed_in().await?;
    let Action { verb, field: (field, value), text: (before, after) } = action;
    for user in users {
        let name = username(&user).to_lowercase();
        let done = client
            .ask(request(name.clone()))
            .await
            .map_err(|error| Failure::from(error).name_action(verb))?;
        let already = if done.changed { "" } else { " (no change)" };
        let text = format!("{before} @{name}{after}{already}.");
        let values = [name.into(), value.into(), done.changed.into()];
        if context.out.is_for_people() {
            context.out.say(&text);
        } else {
            context.out.word(&["username", field, "changed"], values, &text)?;
        }
    }
    Ok(())
}
