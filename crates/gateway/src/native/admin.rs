//! Requests about the server itself, most of them for the operator and admins only.

use model::{
    AnnouncementId, Cursor, DisplayName, Error, Password, Presence, ReportId, Result, Role, TweetId, Username,
};
use protocol::convert::{self, required, role};
use protocol::v1;
use protocol::v1::response;

use super::call::{Call, change_result};
use super::config::sign_up_mode;
use service::{NewAccount, ProfileFilter};

pub(super) async fn server_info(call: Call<'_>) -> Result<response::Result> {
    let info = call.service.server_info(&call.caller).await?;
    Ok(response::Result::ServerInfo(v1::ServerInfo {
        name: info.name,
        version: info.version.into(),
        sign_up: sign_up_mode(info.sign_up).into(),
        accounts: info.accounts,
        tweets: info.tweets,
        online: info.online,
        announcement: info.announcements.first().map_or_else(String::new, |newest| newest.text.clone()),
        started_ms: info.started_ms,
        description: info.description,
        rules: info.rules,
        announcements: convert::all(info.announcements),
    }))
}

pub(super) async fn create_account(call: Call<'_>, ask: v1::CreateAccount) -> Result<response::Result> {
    let password = Password::parse_new("password", ask.password)?;
    let username = Username::parse_new(&ask.username)?;
    let display_name = DisplayName::parse(&ask.display_name)?;
    let role = role(ask.role)?.unwrap_or(Role::Member);
    let new = NewAccount { username, display_name, password, role };
    call.service.create_account(&call.caller, new).await.map(change_result)
}

pub(super) async fn create_invite(call: Call<'_>, ask: v1::CreateInvite) -> Result<response::Result> {
    let (code, expires_ms) = call.service.create_invite(&call.caller, ask.uses, ask.valid_hours).await?;
    Ok(response::Result::Invite(v1::Invite { code, expires_ms }))
}

pub(super) async fn suspend(call: Call<'_>, ask: &v1::Suspend) -> Result<response::Result> {
    call.service.suspend(&call.caller, &Username::parse(&ask.username)?).await.map(change_result)
}

pub(super) async fn unsuspend(call: Call<'_>, ask: &v1::Unsuspend) -> Result<response::Result> {
    call.service.unsuspend(&call.caller, &Username::parse(&ask.username)?).await.map(change_result)
}

pub(super) async fn reset_password(call: Call<'_>, ask: v1::ResetPassword) -> Result<response::Result> {
    let password = Password::parse_new("new_password", ask.new_password)?;
    call.service
        .reset_password(&call.caller, &Username::parse(&ask.username)?, &password)
        .await
        .map(change_result)
}

pub(super) async fn announce(call: Call<'_>, ask: &v1::Announce) -> Result<response::Result> {
    call.service.announce(&call.caller, &ask.text, ask.valid_hours).await.map(change_result)
}

pub(super) async fn remove_announcement(
    call: Call<'_>,
    ask: v1::RemoveAnnouncement,
) -> Result<response::Result> {
    let announcement = required(ask.announcement_id, "announcement_id", AnnouncementId::new)?;
    call.service.remove_announcement(&call.caller, announcement).await.map(change_result)
}

pub(super) async fn dismiss_announcement(
    call: Call<'_>,
    ask: v1::DismissAnnouncement,
) -> Result<response::Result> {
    let announcement = required(ask.announcement_id, "announcement_id", AnnouncementId::new)?;
    call.service.dismiss_announcement(&call.caller, announcement).await.map(change_result)
}

pub(super) async fn get_statistics(call: Call<'_>) -> Result<response::Result> {
    let statistics = call.service.statistics(&call.caller).await?;
    let shared = &call.context.gateway.shared;
    Ok(response::Result::Statistics(v1::Statistics {
        accounts: statistics.store.accounts,
        tweets: statistics.store.tweets,
        sessions: statistics.store.sessions,
        database_bytes: statistics.store.database_bytes,
        connections: shared.connections.total(),
        subscriptions: statistics.live.subscriptions,
        online: statistics.live.online,
        requests: shared.requests(),
        commits: statistics.store.commits,
        changes: statistics.store.changes,
    }))
}

pub(super) async fn list_reports(call: Call<'_>) -> Result<response::Result> {
    let (reports, more) = call.service.list_reports(&call.caller).await?;
    let reports = reports
        .into_iter()
        .map(|report| v1::ReportedThing {
            id: report.id.get(),
            reporter: Some((&report.reporter).into()),
            account: Some((&report.account).into()),
            tweet_id: report.tweet.map_or(0, TweetId::get),
            text: report.text,
            reason: report.reason.as_str().to_owned(),
            created_ms: report.id.time_ms(),
        })
        .collect();
    Ok(response::Result::ReportList(v1::ReportList { reports, more }))
}

pub(super) async fn close_report(call: Call<'_>, ask: v1::CloseReport) -> Result<response::Result> {
    let report = required(ask.report_id, "report_id", ReportId::new)?;
    call.service.close_report(&call.caller, report).await.map(change_result)
}

pub(super) async fn list_invites(call: Call<'_>) -> Result<response::Result> {
    let invites = call.service.invites(&call.caller).await?;
    let invites = invites
        .into_iter()
        .map(|invite| v1::InviteRecord {
            id: invite.id(),
            uses_left: invite.uses_left,
            expires_ms: invite.expires_ms,
        })
        .collect();
    Ok(response::Result::InviteList(v1::InviteList { invites }))
}

pub(super) async fn revoke_invite(call: Call<'_>, ask: &v1::RevokeInvite) -> Result<response::Result> {
    call.service.revoke_invite(&call.caller, &ask.invite).await.map(change_result)
}

pub(super) async fn remove_tweet(call: Call<'_>, ask: v1::RemoveTweet) -> Result<response::Result> {
    let tweet = required(ask.tweet_id, "tweet_id", TweetId::new)?;
    call.service.remove_tweet(&call.caller, tweet).await.map(change_result)
}

pub(super) async fn remove_account(call: Call<'_>, ask: &v1::RemoveAccount) -> Result<response::Result> {
    call.service.remove_account(&call.caller, &Username::parse(&ask.username)?).await.map(change_result)
}

pub(super) async fn list_profiles(call: Call<'_>, ask: &v1::ListProfiles) -> Result<response::Result> {
    let after = match convert::before(ask.page.as_ref())? {
        None => None,
        Some(Cursor::Username(username)) => Some(username),
        Some(_) => return Err(Error::invalid("cursor", "belongs to another kind of list")),
    };
    let limit = convert::limit(ask.page.as_ref())?;
    let filter = ProfileFilter {
        query: ask.query.clone(),
        suspended_only: ask.suspended_only,
        admins_only: ask.admins_only,
    };
    let page = call.service.profiles(&call.caller, filter, after, limit).await?;
    let profiles = page
        .items
        .iter()
        .map(|profile| v1::Profile {
            own: None,
            presence: v1::PresenceState::Unspecified.into(),
            ..convert::profile(profile, None, Presence::Offline)
        })
        .collect();
    let next = convert::cursor(page.next.as_ref());
    Ok(response::Result::ProfilePage(v1::ProfilePage { profiles, next }))
}

pub(super) async fn set_role(call: Call<'_>, ask: &v1::SetRole) -> Result<response::Result> {
    let Some(role) = role(ask.role)? else { return Err(Error::invalid("role", "is missing")) };
    call.service.set_role(&call.caller, &Username::parse(&ask.username)?, role).await.map(change_result)
}
