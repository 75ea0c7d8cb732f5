//! People: search, profiles, follows, mutes, blocks and reports.

use client::{Ask, Client};
use model::to_nfc;
use protocol::v1;
use protocol::v1::AccountList;

use super::paging::page_request;
use crate::args::{Everyone, Following, Page, People, PeopleOf, PeopleOrList, Profile, Sort};
use crate::context::{Context, username, written};
use crate::exit::Failure;
use crate::output::people;

pub(super) async fn people(context: &Context, ask: Everyone) -> Result<(), Failure> {
    let client = context.signed_in().await?;
    if let Some(user) = ask.dismiss {
        let dismiss = |username| v1::DismissSuggestion { username };
        return each(context, vec![user], DISMISS, dismiss).await;
    }
    if ask.suggested {
        let page = client.ask(v1::SuggestPeople { limit: page_request(&ask.page).limit }).await?;
        return context.out.all(page.people.iter().map(people::person));
    }
    match ask.name {
        Some(name) if ask.sort.is_none() => {
            let query = username(&name);
            let page = client.ask(v1::SearchPeople { query, limit: page_request(&ask.page).limit }).await?;
            context.out.all(page.people.iter().map(people::person))
        }
        name => {
            let query = name.as_deref().map(username).unwrap_or_default();
            let request = list_of(AccountList::People, String::new(), query, ask.sort);
            list(context, &client, request, ask.page).await
        }
    }
}

pub(super) async fn followers(context: &Context, ask: PeopleOf) -> Result<(), Failure> {
    people_of(context, AccountList::Followers, ask).await
}

pub(super) async fn following(context: &Context, ask: Following) -> Result<(), Failure> {
    let list = if ask.you_follow { AccountList::BothFollow } else { AccountList::Following };
    people_of(context, list, ask.of).await
}

async fn people_of(context: &Context, which: AccountList, ask: PeopleOf) -> Result<(), Failure> {
    let client = context.signed_in().await?;
    let user = ask.user.as_deref().map(username).unwrap_or_default();
    let query = ask.name.as_deref().map(username).unwrap_or_default();
    list(context, &client, list_of(which, user, query, ask.sort), ask.page).await
}

fn list_of(list: AccountList, username: String, query: String, sort: Option<Sort>) -> v1::ListAccounts {
    let sort = match sort {
        None => v1::AccountSort::Unspecified,
        Some(Sort::Username) => v1::AccountSort::Username,
        Some(Sort::Name) => v1::AccountSort::Name,
        Some(Sort::Newest) => v1::AccountSort::Newest,
        Some(Sort::Followers) => v1::AccountSort::Followers,
        Some(Sort::Active) => v1::AccountSort::Active,
    };
    v1::ListAccounts { list: list.into(), username, query, sort: sort.into(), page: None }
}

/// Shows pages until the limit is reached.
async fn list(context: &Context, client: &Client, ask: v1::ListAccounts, page: Page) -> Result<(), Failure> {
    let (mut left, mut request, mut total) = (page.limit, page_request(&page), None);
    loop {
        request.limit = request.limit.min(left);
        let answer = client.ask(v1::ListAccounts { page: Some(request), ..ask.clone() }).await?;
        total = total.or(answer.total);
        context.out.all(answer.people.iter().map(people::person))?;
        left = left.saturating_sub(u32::try_from(answer.people.len()).unwrap_or(u32::MAX));
        if answer.next.is_empty() || left == 0 {
            if let Some(total) = total.filter(|_| !answer.next.is_empty()) {
                context.out.say(&format!("{} of {total}", context.out.rows()));
            }
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

const DISMISS: Action =
    Action { verb: "dismiss", field: ("dismissed", true), text: ("You will not be suggested", " again") };
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
    let done = client.ask(ask).await.map_err(|error| Failure::from(error).name_action("report yourself"))?;
    let text = if done.changed {
        format!("Reported {what} to the admins of this server.")
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
    let ask = list_of(which, String::new(), String::new(), None);
    list(context, &client, ask, Page { limit: u32::MAX, before: None, since: None }).await
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
            .map_err(|error| Failure::from(error).name_action(&format!("{verb} yourself")))?;
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
