//! Administration of a running server, over its operator socket or by the role of an account, and `info`.

use client::{Client, ClientError};
use model::SafeText;
use protocol::v1;
use protocol::v1::page_request::Position;
use serde_json::Value;

use super::account::new_password;
use super::{announcements, nodes};
use crate::args::operator::{Admin, AdminAction, InvitesAction, ReportsAction, Role};
use crate::context::{Context, PAGE_MAX, username, written};
use crate::exit::Failure;
use crate::output::style::{account, count, local_time, prose, rfc3339};
use crate::output::{Row, people};

pub(super) async fn admin(context: &Context, ask: Admin) -> Result<(), Failure> {
    let client = context.operator(ask.data.as_deref()).await?;
    let out = &context.out;
    match ask.action {
        AdminAction::Invites { action } => invites(context, &client, action).await,
        AdminAction::Accounts { beginning, suspended, admins } => {
            accounts(context, &client, &beginning, suspended, admins).await
        }
        AdminAction::Role { user, role } => {
            let (role, name) = match role {
                Role::Admin => (v1::Role::Admin, "an admin"),
                Role::Member => (v1::Role::Member, "a member"),
            };
            let user = username(&user);
            let set_role = v1::SetRole { username: user.clone(), role: role.into() };
            let done = client.ask(set_role).await.map_err(own_account("change your own role"))?;
            out.say(&format!("@{user} is {name}{}.", if done.changed { " now" } else { " already" }));
            Ok(())
        }
        AdminAction::RemoveTweet { id } => {
            client.ask(v1::RemoveTweet { tweet_id: id }).await?;
            out.say("Tweet deleted.");
            Ok(())
        }
        AdminAction::Create { username: name, name: display_name, admin, password_stdin } => {
            let role = if admin { v1::Role::Admin } else { v1::Role::Member };
            let create = v1::CreateAccount {
                username: username(&name),
                display_name,
                password: new_password(context, password_stdin, "Password of the new account")?.to_string(),
                role: role.into(),
            };
            let done = client.ask(create).await?;
            let id = done.id.to_string();
            out.word(&["id"], [id.as_str().into()], &id)
        }
        AdminAction::Invite { uses, hours } => {
            let invite = client.ask(v1::CreateInvite { uses, valid_hours: hours }).await?;
            out.say(&format!("Valid until {}.", local_time(invite.expires_ms)));
            let values = [invite.code.as_str().into(), rfc3339(invite.expires_ms).into()];
            out.word(&["code", "expires"], values, &invite.code)
        }
        AdminAction::Suspend { user } => {
            let suspend = v1::Suspend { username: username(&user) };
            client.ask(suspend).await.map_err(own_account("suspend yourself"))?;
            out.say("Account suspended. It is hidden, and its sessions have ended.");
            Ok(())
        }
        AdminAction::Unsuspend { user } => {
            client.ask(v1::Unsuspend { username: username(&user) }).await?;
            out.say("Account restored.");
            Ok(())
        }
        AdminAction::DeleteAccount { user, yes } => {
            delete_account(context, &client, &username(&user), yes).await
        }
        AdminAction::ResetPassword { user, password_stdin } => {
            let new_password = new_password(context, password_stdin, "New password")?.to_string();
            let reset = v1::ResetPassword { username: username(&user), new_password };
            let own = own_account("reset your own password; change it with `mini-tweet passwd`");
            client.ask(reset).await.map_err(own)?;
            out.say("Password changed. All sessions of the account have ended.");
            Ok(())
        }
        AdminAction::Announce { remove: Some(id), .. } => remove_announcement(context, &client, id).await,
        AdminAction::Announce { text, hours, remove: None } => {
            announce(context, &client, &text.unwrap_or_default(), hours).await
        }
        AdminAction::Announcements => {
            out.all(client.ask(v1::GetServerInfo {}).await?.announcements.iter().map(announcements::row))
        }
        AdminAction::Reports { action } => reports(context, &client, action).await,
        AdminAction::Nodes => nodes::list(context, &client).await,
        AdminAction::Drain { id } => nodes::drain(context, &client, id.unwrap_or_default()).await,
        AdminAction::Stats => out.row(&statistics(client.ask(v1::GetStatistics {}).await?)),
    }
}

/// The failure of a request about an account, in a sentence if it is the admin's own.
fn own_account(action: &'static str) -> impl Fn(ClientError) -> Failure {
    move |error| Failure::from(error).name_action(action)
}

async fn delete_account(
    context: &Context,
    client: &Client,
    user: &str,
    is_sure: bool,
) -> Result<(), Failure> {
    if !is_sure {
        context.out.say(&format!(
            "This permanently deletes @{user} and everything it posted. To hide it instead: mini-tweet admin suspend {user}"
        ));
        let typed = context.prompts.line("Username again to confirm", "confirm it with --yes")?;
        if username(&typed).to_lowercase() != user.to_lowercase() {
            return Err(Failure::Failed("the usernames differ; nothing was deleted".to_owned()));
        }
    }
    let own = own_account("delete your own account as an admin; use `mini-tweet delete-account`");
    client.ask(v1::RemoveAccount { username: user.to_owned() }).await.map_err(own)?;
    context.out.say("Account deleted.");
    Ok(())
}

async fn invites(context: &Context, client: &Client, action: Option<InvitesAction>) -> Result<(), Failure> {
    match action.unwrap_or(InvitesAction::List) {
        InvitesAction::List => {
            context.out.all(client.ask(v1::ListInvites {}).await?.invites.iter().map(invite))
        }
        InvitesAction::Revoke { invite } => {
            if !client.ask(v1::RevokeInvite { invite }).await?.changed {
                return Err(model::Error::not_found("invite").into());
            }
            context.out.say("Invite revoked.");
            Ok(())
        }
    }
}

async fn reports(context: &Context, client: &Client, action: Option<ReportsAction>) -> Result<(), Failure> {
    match action.unwrap_or(ReportsAction::List) {
        ReportsAction::List => {
            let list = client.ask(v1::ListReports {}).await?;
            context.out.all(list.reports.iter().map(report))?;
            if list.more {
                context.out.say("There are more reports. Close some of these to see them.");
            }
            Ok(())
        }
        ReportsAction::Close { id } => {
            let report_id = id.parse().map_err(|_| {
                Failure::Usage("a report id is a number; see `mini-tweet admin reports`".to_owned())
            })?;
            if !client.ask(v1::CloseReport { report_id }).await?.changed {
                return Err(model::Error::not_found("report").into());
            }
            context.out.say("Report closed.");
            Ok(())
        }
    }
}

/// Publishes an announcement; an empty text removes all.
async fn announce(context: &Context, client: &Client, text: &str, hours: Option<u32>) -> Result<(), Failure> {
    let out = &context.out;
    let valid_hours = hours.unwrap_or_default();
    let done = client.ask(v1::Announce { text: written(text), valid_hours }).await?;
    if done.id == 0 {
        out.say(if done.changed { "All announcements removed." } else { "There is no announcement." });
        return Ok(());
    }
    out.say(if done.changed {
        "Announcement published. Everyone can see it, also with `mini-tweet info`."
    } else {
        "There is an announcement with this text already. To change when it ends, remove it first."
    });
    let id = done.id.to_string();
    out.word(&["id", "changed"], [id.as_str().into(), done.changed.into()], &id)
}

async fn remove_announcement(context: &Context, client: &Client, id: u64) -> Result<(), Failure> {
    if !client.ask(v1::RemoveAnnouncement { announcement_id: id }).await?.changed {
        return Err(model::Error::not_found("announcement").into());
    }
    context.out.say("Announcement removed.");
    Ok(())
}

/// Lists the accounts whose usernames begin with `beginning`, page after page.
async fn accounts(
    context: &Context,
    client: &Client,
    beginning: &str,
    suspended_only: bool,
    admins_only: bool,
) -> Result<(), Failure> {
    let mut position = None;
    loop {
        let page = Some(v1::PageRequest { limit: PAGE_MAX, position });
        let query = username(beginning);
        let answer = client.ask(v1::ListProfiles { page, query, suspended_only, admins_only }).await?;
        context.out.all(answer.profiles.iter().map(people::listed))?;
        if answer.next.is_empty() {
            return Ok(());
        }
        position = Some(Position::Before(answer.next));
    }
}

/// An invite that can still be used.
fn invite(invite: &v1::InviteRecord) -> Row {
    let uses = count(invite.uses_left, "use");
    let text = format!("{}  {uses} left, valid until {}", invite.id, local_time(invite.expires_ms));
    let values = [invite.id.as_str().into(), invite.uses_left.into(), rfc3339(invite.expires_ms).into()];
    Row::new(&INVITE, values, SafeText::line(&text).to_string())
}

pub(super) const INVITE: [&str; 3] = ["id", "uses_left", "expires"];

/// An open report with the account or tweet it is about.
fn report(report: &v1::ReportedThing) -> Row {
    let name =
        |account: &Option<v1::Account>| account.as_ref().map_or("?", |account| &account.username).to_owned();
    let (by, about) = (name(&report.reporter), name(&report.account));
    let mut lines = vec![format!(
        "{}  {}  {} reported {}",
        report.id,
        local_time(report.created_ms),
        account(&by),
        account(&about)
    )];
    if !report.reason.is_empty() {
        lines.push(format!("  reason:\n{}", prose(&report.reason)));
    }
    if report.tweet_id != 0 && report.text.is_empty() {
        lines.push(format!("  tweet {}: deleted", report.tweet_id));
    } else if report.tweet_id != 0 {
        lines.push(format!("  tweet {}:\n{}", report.tweet_id, prose(&report.text)));
    }
    let tweet = if report.tweet_id == 0 { Value::Null } else { report.tweet_id.to_string().into() };
    let values = [
        report.id.to_string().into(),
        rfc3339(report.created_ms).into(),
        by.into(),
        about.into(),
        tweet,
        report.text.as_str().into(),
        report.reason.as_str().into(),
    ];
    let names = ["id", "created", "by", "about", "tweet", "text", "reason"];
    Row::new(&names, values, lines.join("\n"))
}

fn statistics(is: v1::Statistics) -> Row {
    let counts: [(&str, u64); 10] = [
        ("accounts", is.accounts),
        ("tweets", is.tweets),
        ("sessions", is.sessions),
        ("database_bytes", is.database_bytes),
        ("connections", is.connections.into()),
        ("subscriptions", is.subscriptions.into()),
        ("online", is.online.into()),
        ("requests", is.requests),
        ("commits", is.commits),
        ("changes", is.changes),
    ];
    let lines: Vec<_> = counts.iter().map(|(name, number)| format!("{name:16} {number}")).collect();
    Row::new(&counts.map(|(name, _)| name), counts.map(|(_, number)| Value::from(number)), lines.join("\n"))
}

/// Public information about the server.
pub(super) async fn info(context: &Context) -> Result<(), Failure> {
    let client = context.connect().await?;
    let info = client.ask(v1::GetServerInfo {}).await?;
    let sign_up = match info.sign_up() {
        v1::SignUpMode::Open => "open",
        v1::SignUpMode::Invite => "invite",
        v1::SignUpMode::Closed | v1::SignUpMode::Unspecified => "closed",
    };
    let mut text = format!(
        "{} (version {}), up since {}\n{}, {}, {} online; sign-up: {}",
        SafeText::line(&info.name),
        SafeText::line(&info.version),
        local_time(info.started_ms),
        count(info.accounts, "account"),
        count(info.tweets, "tweet"),
        info.online,
        if sign_up == "invite" { "by invite" } else { sign_up }
    );
    let rules = (1..).zip(&info.rules).map(|(number, rule)| format!("{number}. {rule}"));
    let rules = rules.collect::<Vec<_>>().join("\n");
    let announced = info.announcements.iter().map(|one| &one.text);
    let paragraphs = [&info.description, &rules].into_iter().chain(announced);
    for paragraph in paragraphs.filter(|text| !text.is_empty()) {
        text = format!("{text}\n\n{}", prose(paragraph));
    }
    let announcements: Vec<Value> =
        info.announcements.iter().map(|one| announcements::row(one).into_value()).collect();
    let values = [
        info.name.into(),
        info.version.into(),
        sign_up.into(),
        info.accounts.into(),
        info.tweets.into(),
        info.online.into(),
        info.description.into(),
        info.rules.into(),
        info.announcement.into(),
        announcements.into(),
        rfc3339(info.started_ms).into(),
    ];
    context.out.row(&Row::new(&INFO, values, text))
}

pub(super) const INFO: [&str; 11] = [
    "name",
    "version",
    "sign_up",
    "accounts",
    "tweets",
    "online",
    "description",
    "rules",
    "announcement",
    "announcements",
    "started",
];
