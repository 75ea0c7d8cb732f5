//! What the operator says to everyone: listing it, and dismissing it.

use client::Client;
use protocol::v1;

use crate::args::AnnouncementsAction;
use crate::context::Context;
use crate::exit::Failure;
use crate::output::Row;
use crate::output::style::{local_time, prose, rfc3339};

pub(super) const ANNOUNCEMENT: [&str; 5] = ["id", "text", "created", "ends", "dismissed"];

pub(super) const DISMISSED: [&str; 3] = ["id", "dismissed", "changed"];

pub(super) async fn announcements(
    context: &Context,
    action: Option<AnnouncementsAction>,
) -> Result<(), Failure> {
    let client = context.signed_in().await?;
    match action.unwrap_or(AnnouncementsAction::List) {
        AnnouncementsAction::List => {
            context.out.all(client.ask(v1::GetServerInfo {}).await?.announcements.iter().map(row))
        }
        AnnouncementsAction::Dismiss { id } => dismiss(context, &client, id).await,
    }
}

/// Dismisses an announcement; without an id, the newest one that is new.
async fn dismiss(context: &Context, client: &Client, id: Option<u64>) -> Result<(), Failure> {
    let announced = client.ask(v1::GetServerInfo {}).await?.announcements;
    let mut new = announced.iter().filter(|one| !one.dismissed);
    let Some(id) = id.or_else(|| new.next().map(|one| one.id)) else {
        context.out.say("There is no new announcement.");
        return Ok(());
    };
    let known = announced.iter().find(|one| one.id == id);
    let Some(known) = known else { return Err(model::Error::not_found("announcement").into()) };
    let done = client.ask(v1::DismissAnnouncement { announcement_id: id }).await?;
    if context.out.is_for_people() {
        let already = if done.changed { "" } else { " (no change)" };
        let first = known.text.lines().next().unwrap_or_default();
        context.out.say(&format!("Dismissed{already}: {first}"));
        return Ok(());
    }
    let text = id.to_string();
    context.out.word(&DISMISSED, [text.as_str().into(), true.into(), done.changed.into()], &text)
}

/// An announcement with its id, its times and whether the account has dismissed it.
pub(super) fn row(announcement: &v1::Announcement) -> Row {
    let ends_ms = Some(announcement.ends_ms).filter(|ms| *ms != 0);
    let until = ends_ms.map_or_else(String::new, |ms| format!(", until {}", local_time(ms)));
    let dismissed = if announcement.dismissed { ", dismissed" } else { "" };
    let created = local_time(announcement.created_ms);
    let text = format!("{}  {created}{until}{dismissed}\n{}", announcement.id, prose(&announcement.text));
    let values = [
        announcement.id.to_string().into(),
        announcement.text.as_str().into(),
        rfc3339(announcement.created_ms).into(),
        ends_ms.map(rfc3339).into(),
        announcement.dismissed.into(),
    ];
    Row::new(&ANNOUNCEMENT, values, text)
}
