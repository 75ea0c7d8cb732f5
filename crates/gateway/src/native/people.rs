//! Requests about other accounts: profiles, lists, relationships, notifications, presence.

use model::{NotificationId, ReportReason, Result, TweetId, Username, page_limit};
use protocol::convert::{self, all, person, required};
use protocol::v1;
use protocol::v1::response;

use super::call::{Call, change_result, username_or_self};
use service::{AccountListRequest, AccountView, Reported};

pub(super) async fn get_profile(call: Call<'_>, ask: &v1::GetProfile) -> Result<response::Result> {
    let username = username_or_self(&ask.username)?;
    let view = call.service.profile(&call.caller, username.as_ref()).await?;
    Ok(response::Result::Profile(convert::profile(&view.profile, view.relationship, view.presence)))
}

pub(super) async fn list_accounts(call: Call<'_>, ask: &v1::ListAccounts) -> Result<response::Result> {
    let list = match ask.list() {
        v1::AccountList::People => AccountListRequest::People,
        v1::AccountList::Followers => AccountListRequest::Followers(username_or_self(&ask.username)?),
        v1::AccountList::Following => AccountListRequest::Following(username_or_self(&ask.username)?),
        v1::AccountList::Blocked => AccountListRequest::Blocked,
        v1::AccountList::Muted => AccountListRequest::Muted,
        v1::AccountList::Unspecified => {
            return Err(model::Error::invalid("list", "is none that this server knows"));
        }
    };
    let (position, limit) = (convert::before(ask.page.as_ref())?, convert::limit(ask.page.as_ref())?);
    let page = call.service.list_accounts(&call.caller, list, position, limit).await?;
    let next = convert::cursor(page.next.as_ref());
    Ok(response::Result::AccountPage(v1::AccountPage { people: rows(&page.items), next }))
}

pub(super) async fn search_people(call: Call<'_>, ask: &v1::SearchPeople) -> Result<response::Result> {
    let found = call.service.search_people(&call.caller, &ask.query, page_limit(ask.limit)?).await?;
    Ok(response::Result::AccountPage(v1::AccountPage { people: rows(&found), next: String::new() }))
}

pub(super) async fn list_online(call: Call<'_>) -> Result<response::Result> {
    let people = rows(&call.service.online(&call.caller).await?);
    Ok(response::Result::OnlineList(v1::OnlineList { people }))
}

fn rows(people: &[AccountView]) -> Vec<v1::AccountView> {
    let row = |view: &AccountView| person(&view.account, Some(view.relationship), view.presence, view.idle);
    people.iter().map(row).collect()
}

pub(super) async fn follow(call: Call<'_>, ask: &v1::Follow) -> Result<response::Result> {
    call.service.follow(&call.caller, call.key, &Username::parse(&ask.username)?).await.map(change_result)
}

pub(super) async fn unfollow(call: Call<'_>, ask: &v1::Unfollow) -> Result<response::Result> {
    call.service.unfollow(&call.caller, call.key, &Username::parse(&ask.username)?).await.map(change_result)
}

pub(super) async fn remove_follower(call: Call<'_>, ask: &v1::RemoveFollower) -> Result<response::Result> {
    call.service
        .remove_follower(&call.caller, call.key, &Username::parse(&ask.username)?)
        .await
        .map(change_result)
}

pub(super) async fn block(call: Call<'_>, ask: &v1::Block) -> Result<response::Result> {
    call.service.block(&call.caller, call.key, &Username::parse(&ask.username)?).await.map(change_result)
}

pub(super) async fn unblock(call: Call<'_>, ask: &v1::Unblock) -> Result<response::Result> {
    call.service.unblock(&call.caller, call.key, &Username::parse(&ask.username)?).await.map(change_result)
}

pub(super) async fn mute(call: Call<'_>, ask: &v1::Mute) -> Result<response::Result> {
    call.service.mute(&call.caller, call.key, &Username::parse(&ask.username)?).await.map(change_result)
}

pub(super) async fn unmute(call: Call<'_>, ask: &v1::Unmute) -> Result<response::Result> {
    call.service.unmute(&call.caller, call.key, &Username::parse(&ask.username)?).await.map(change_result)
}

pub(super) async fn list_notifications(
    call: Call<'_>,
    ask: &v1::ListNotifications,
) -> Result<response::Result> {
    let (span, limit) = (convert::span(ask.page.as_ref())?, convert::limit(ask.page.as_ref())?);
    let view = call.service.notifications(&call.caller, span, ask.unread_only, limit).await?;
    Ok(response::Result::NotificationPage(v1::NotificationPage {
        notifications: all(&view.page.items),
        tweets: all(view.tweets),
        accounts: all(&view.accounts),
        unread: view.unread,
        next: convert::cursor(view.page.next.as_ref()),
    }))
}

pub(super) async fn mark_notifications_read(
    call: Call<'_>,
    ask: v1::MarkNotificationsRead,
) -> Result<response::Result> {
    let up_to = required(ask.up_to, "up_to", NotificationId::new)?;
    call.service.mark_notifications_read(&call.caller, up_to).await.map(change_result)
}

pub(super) async fn report(call: Call<'_>, ask: &v1::Report) -> Result<response::Result> {
    let what = match (ask.username.as_str(), ask.tweet_id) {
        (username, 0) => Reported::Account(Username::parse(username)?),
        ("", tweet) => Reported::Tweet(required(tweet, "tweet_id", TweetId::new)?),
        _ => {
            return Err(model::Error::invalid("tweet_id", "and username cannot both be set"));
        }
    };
    let reason = ReportReason::parse(&ask.reason)?;
    call.service.report(&call.caller, call.key, &what, reason).await.map(change_result)
}
