//! Administration of a running server over its operator socket, and `info`.

use protocol::v1;
use serde_json::Value;

use super::account::new_password;
use crate::args::operator::{Admin, AdminAction, ReportsAction};
use crate::context::{Context, username, written};
use crate::exit::Failure;
use crate::output::Row;
use crate::output::style::{count, local_time, rfc3339};

pub(super) async fn admin(context: &Context, ask: Admin) -> Result<(), Failure> {
    let client = context.operator(&ask.data.data).await?;
    let out = &context.out;
    match ask.action {
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
            client.ask(v1::Suspend { username: username(&user) }).await?;
            out.say("Account suspended. It is hidden, and its sessions have ended.");
            Ok(())
        }
        AdminAction::Unsuspend { user } => {
            client.ask(v1::Unsuspend { username: username(&user) }).await?;
            out.say("Account restored.");
            Ok(())
        }
        AdminAction::ResetPassword { user, password_stdin } => {
            let new_password = new_password(context, password_stdin, "New password")?.to_string();
            client.ask(v1::ResetPassword { username: username(&user), new_password }).await?;
            out.say("Password changed. All sessions of the account have ended.");
            Ok(())
        }
        AdminAction::Announce { text } => {
            client.ask(v1::Announce { text: written(&text) }).await?;
            out.say("Announcement published. Everyone can see it, also with `mini-tweet info`.");
            Ok(())
        }
        AdminAction::Reports { action: None | Some(ReportsAction::List) } => {
            let list = client.ask(v1::ListReports {}).await?;
            out.all(list.reports.iter().map(report))?;
            if list.more {
                out.say("There are more reports. Close some of these to see them.");
            }
            Ok(())
        }
        AdminAction::Reports { action: Some(ReportsAction::Close { id }) } => {
            let report_id = id.parse().map_err(|_| {
                Failure::Usage("a report id is a number; see `mini-tweet admin reports`".to_owned())
            })?;
            let done = client.ask(v1::CloseReport { report_id }).await?;
            if !done.changed {
                return Err(model::Error::not_found("report").into());
            }
            out.say("Report closed.");
            Ok(())
        }
        AdminAction::Stats => out.row(&statistics(client.ask(v1::GetStatistics {}).await?)),
    }
}

/// An open report with the account or tweet it is about.
fn report(report: &v1::ReportedThing) -> Row {
    let name =
        |account: &Option<v1::Account>| account.as_ref().map_or("?", |account| &account.username).to_owned();
    let (by, about) = (name(&report.reporter), name(&report.account));
    let mut lines =
        vec![format!("{}  {}  @{by} reported @{about}", report.id, local_time(report.created_ms))];
    if !report.reason.is_empty() {
        lines.push(format!("  reason: {}", report.reason));
    }
    if report.tweet_id != 0 {
        let text = if report.text.is_empty() { "(deleted)" } else { &report.text };
        lines.push(format!("  tweet {}: {text}", report.tweet_id));
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
    Row::new(&names, values, model::SafeText::lines(&lines.join("\n")).to_string())
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
        info.name,
        info.version,
        local_time(info.started_ms),
        count(info.accounts, "account"),
        count(info.tweets, "tweet"),
        info.online,
        if sign_up == "invite" { "by invite" } else { sign_up }
    );
    if !info.announcement.is_empty() {
        text = format!("{text}\n{}", info.announcement);
    }
    let values = [
        info.name.into(),
        info.version.into(),
        sign_up.into(),
        info.accounts.into(),
        info.tweets.into(),
        info.online.into(),
        info.announcement.into(),
        rfc3339(info.started_ms).into(),
    ];
    let names = ["name", "version", "sign_up", "accounts", "tweets", "online", "announcement", "started"];
    context.out.row(&Row::new(&names, values, model::SafeText::lines(&text).to_string()))
}
