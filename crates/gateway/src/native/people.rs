//! Requests about other accounts: profiles, lists, relationships, notifications, presence.

use model::limits::PAGE_ITEMS_MAX;
use model::{Error, NotificationId, ReportReason, Result, TweetId, Username, page_limit};
use protocol::convert::{self, account_view, all, required};
use protocol::v1;
use protocol::v1::response;

use super::call::{Call, change_result, username_or_self};
use service::{AccountFilter, AccountListRequest, AccountView, NotificationFilter, Reported};

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
        v1::AccountList::BothFollow => AccountListRequest::BothFollow(username_or_self(&ask.username)?),
        v1::AccountList::Blocked => AccountListRequest::Blocked,
        v1::AccountList::Muted => AccountListRequest::Muted,
        v1::AccountList::Unspecified => {
            return Err(Error::invalid("list", "is none that this server knows"));
        }
    };
    let (position, limit) = (convert::before(ask.page.as_ref())?, convert::limit(ask.page.as_ref())?);
    let filter = AccountFilter { query: ask.query.clone(), sort: convert::account_sort(ask.sort)? };
    let (page, total) = call.service.list_accounts(&call.caller, list, filter, position, limit).await?;
    let next = convert::cursor(page.next.as_ref());
    Ok(response::Result::AccountPage(v1::AccountPage { people: rows(&page.items), next, total }))
}

pub(super) async fn search_people(call: Call<'_>, ask: &v1::SearchPeople) -> Result<response::Result> {
    let found = call.service.search_people(&call.caller, &ask.query, page_limit(ask.limit)?).await?;
    Ok(response::Result::AccountPage(v1::AccountPage { people: rows(&found), ..v1::AccountPage::default() }))
}

pub(super) async fn suggest_people(call: Call<'_>, ask: v1::SuggestPeople) -> Result<response::Result> {
    let people = rows(&call.service.suggested_people(&call.caller, page_limit(ask.limit)?).await?);
    Ok(response::Result::AccountPage(v1::AccountPage { people, ..v1::AccountPage::default() }))
}

pub(super) async fn dismiss_suggestion(
    call: Call<'_>,
    ask: &v1::DismissSuggestion,
) -> Result<response::Result> {
    call.service
        .dismiss_suggestion(&call.caller, call.key, &Username::parse(&ask.username)?)
        .await
        .map(change_result)
}

pub(super) async fn list_online(call: Call<'_>) -> Result<response::Result> {
    let people = rows(&call.service.online(&call.caller).await?);
    Ok(response::Result::OnlineList(v1::OnlineList { people }))
}

fn rows(people: &[AccountView]) -> Vec<v1::AccountView> {
    let row = |view: &AccountView| v1::AccountView {
        tweets: view.counts.tweets,
        followers: view.counts.followers,
        last_post_ms: view.counts.last_post_ms,
        ..account_view(&view.account, Some(view.relationship), view.presence, view.idle)
    };
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
    let kinds = convert::notification_kinds(&ask.kinds)?;
    let filter = NotificationFilter { unread_only: ask.unread_only, kinds };
    let view = call.service.notifications(&call.caller, span, filter, limit).await?;
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
    if ask.ids.is_empty() {
        let up_to = required(ask.up_to, "up_to", NotificationId::new)?;
        return call.service.mark_notifications_read(&call.caller, up_to).await.map(change_result);
    }
    if ask.up_to != 0 {
        return Err(Error::invalid("up_to", "and ids cannot both be set"));
    }
    if ask.ids.len() > PAGE_ITEMS_MAX {
        return Err(Error::invalid("ids", format!("has more than {PAGE_ITEMS_MAX} identifiers")));
    }
    let ids =
        ask.ids.into_iter().map(|id| required(id, "ids", NotificationId::new)).collect::<Result<_>>()?;
    call.service.mark_each_notification_read(&call.caller, ids).await.map(change_result)
}

pub(super) async fn report(call: Call<'_>, ask: &v1::Report) -> Result<response::Result> {
    let what = match (ask.username.as_str(), ask.tweet_id) {
        (username, 0) => Reported::Account(Username::parse(username)?),
        ("", tweet) => Reported::Tweet(required(tweet, "tweet_id", TweetId::new)?),
        _ => {
            return Err(Error::invalid("tweet_id", "and username cannot both be set"));
        }
    };
    let reason = ReportReason::parse(&ask.reason)?;
    call.service.report(&call.caller, call.key, &what, reason).await.map(change_result)
}
