//! Direct messages: the list of conversations, and one conversation, also live.

use std::io::IsTerminal as _;

use client::Client;
use model::SafeText;
use protocol::v1;
use protocol::v1::event::Event;
use protocol::v1::page_request::Position;
use protocol::v1::subscribe::Topic;
use tokio::sync::mpsc;

use super::follow;
use super::paging::page_request;
use crate::args::Chat;
use crate::context::{Context, username, written};
use crate::exit::Failure;
use crate::output::people;
use crate::output::style::{TimeFormat, list_time, local_time};

pub(super) async fn chat(context: &Context, ask: Chat) -> Result<(), Failure> {
    let client = context.signed_in().await?;
    if ask.with == "list" {
        let page = Some(page_request(&ask.page));
        let list = client.ask(v1::ListConversations { page }).await?;
        return context.out.all(list.conversations.iter().map(people::conversation));
    }
    if !ask.with.starts_with('@') {
        return Err(Failure::Usage(format!("{:?} is neither `list` nor a username with @", ask.with)));
    }
    let with = username(&ask.with);
    if let Some(message_id) = ask.delete {
        let done = client.ask(v1::DeleteMessage { message_id }).await?;
        return changed(context, &done, "Deleted.");
    }
    match ask.text() {
        Some(text) if ask.edit.is_some() || ask.edit_last => {
            let text = written(&if text == "-" { context.stdin()? } else { text });
            let message_id = match ask.edit {
                Some(id) => id,
                None => last_own_message(&client, &with).await?,
            };
            let done = client.ask(v1::EditMessage { message_id, text }).await?;
            changed(context, &done, "Edited.")
        }
        Some(text) => {
            let text = if text == "-" { context.stdin()? } else { text };
            let send = v1::SendMessage { username: with.clone(), text: written(&text) };
            let failure = |error| {
                let advice = format!("Before you try again, look: mini-tweet chat @{with}");
                let failure = Failure::from(error).name_action("message yourself");
                failure.if_outcome_is_unknown("It is not known whether the message was sent", &advice)
            };
            let sent = client.ask(send).await.map_err(failure)?;
            context.out.say("Sent.");
            let id = sent.message_id.to_string();
            context.out.word(&["id"], [id.as_str().into()], &id)
        }
        None if ask.follow => stay(context, &client, with, page_request(&ask.page)).await,
        None => {
            read(context, &client, &with, page_request(&ask.page), list_time).await?;
            Ok(())
        }
    }
}

/// The last message that the user wrote in a conversation and has not deleted.
async fn last_own_message(client: &Client, with: &str) -> Result<u64, Failure> {
    let mut position = None;
    loop {
        let page = Some(v1::PageRequest { limit: 100, position });
        let page = client.ask(v1::ReadConversation { username: with.to_owned(), page }).await?;
        let other = page.with.unwrap_or_default().id;
        let is_own = |one: &&v1::DirectMessage| one.author_id != other && !one.deleted;
        if let Some(message) = page.messages.iter().find(is_own) {
            return Ok(message.id);
        }
        if page.next.is_empty() {
            return Err(model::Error::not_found("message").into());
        }
        position = Some(Position::Before(page.next));
    }
}

fn changed(context: &Context, done: &v1::Done, text: &str) -> Result<(), Failure> {
    context.out.say(if done.changed { text } else { "No change." });
    let id = done.id.to_string();
    context.out.word(&["id", "changed"], [id.as_str().into(), done.changed.into()], &id)
}

/// The conversation that is shown, and how far.
#[derive(Debug, Default)]
struct Shown {
    with: v1::Account,
    /// How far the other person has received and read our messages.
    theirs: v1::ReadReceipts,
    /// The newest message shown.
    newest: u64,
}

/// Shows messages, oldest first as one reads a conversation, and marks them as read.
async fn read(
    context: &Context,
    client: &Client,
    with: &str,
    page: v1::PageRequest,
    time: TimeFormat,
) -> Result<Shown, Failure> {
    let is_newest = !matches!(page.position, Some(Position::Before(_)));
    let page = client.ask(v1::ReadConversation { username: with.to_owned(), page: Some(page) }).await?;
    let mut shown = Shown {
        with: page.with.unwrap_or_default(),
        theirs: page.theirs.unwrap_or_default(),
        newest: page.messages.first().map_or(0, |newest| newest.id),
    };
    // The time of the read receipts is that of the newest of our messages that was read.
    let is_read = |one: &&v1::DirectMessage| one.author_id != shown.with.id && one.id <= shown.theirs.read;
    let last_read = page.messages.iter().find(is_read).map(|one| one.id).filter(|_| is_newest);
    let theirs_for = |one: &v1::DirectMessage| match last_read {
        Some(id) if id == one.id => shown.theirs,
        _ => v1::ReadReceipts { read_ms: 0, ..shown.theirs },
    };
    let rows = page.messages.iter().rev();
    context.out.all(rows.map(|one| people::message(one, &shown.with, theirs_for(one), time)))?;
    shown.theirs.read_ms = 0;
    if shown.newest > 0 && shown.newest > page.yours.unwrap_or_default().read {
        mark_read(context, client, &shown).await?;
    }
    shown.with.username = if shown.with.username.is_empty() { with.to_owned() } else { shown.with.username };
    Ok(shown)
}

async fn mark_read(context: &Context, client: &Client, shown: &Shown) -> Result<(), Failure> {
    if context.global.read_only {
        return Ok(());
    }
    let username = shown.with.username.clone();
    client.ask(v1::MarkConversation { username, delivered: shown.newest, read: shown.newest }).await?;
    Ok(())
}

/// Shows new messages until the end of the input, and sends the lines that are typed on a terminal.
async fn stay(
    context: &Context,
    client: &Client,
    with: String,
    page: v1::PageRequest,
) -> Result<(), Failure> {
    let mut state = client.state();
    let mut live = client.subscribe(Topic::Conversation(with.clone()), None).await?;
    let mut shown = read(context, client, &with, page, local_time).await?;
    let mut typed = typed_lines(context);
    context.out.say("Type a message and press Enter to send it. Ctrl-D or Ctrl-C to leave.");
    loop {
        let update = tokio::select! {
            update = follow::next(context, &mut live, &mut state) => update?,
            line = typed.recv() => match line {
                Some(line) => {
                    erase(&line);
                    if !line.trim().is_empty() {
                        let send = v1::SendMessage { username: with.clone(), text: written(&line) };
                        // The line was erased: the failure shows it again.
                        let not_sent = |error| Failure::from(error).and(&format!("Not sent: {line}"));
                        client.ask(send).await.map_err(not_sent)?;
                    }
                    continue;
                }
                None => return Ok(()),
            },
        };
        match update.event {
            Event::Message(came) => {
                let message = came.message.unwrap_or_default();
                if message.id > shown.newest {
                    shown.newest = message.id;
                    context.out.row(&people::message(&message, &shown.with, shown.theirs, local_time))?;
                    if message.author_id == shown.with.id {
                        mark_read(context, client, &shown).await?;
                    }
                }
            }
            Event::MessageChanged(came) => {
                let message = came.message.unwrap_or_default();
                context.out.row(&people::message(&message, &shown.with, shown.theirs, local_time))?;
            }
            Event::Marks(came) if came.account.as_ref().is_some_and(|who| who.id == shown.with.id) => {
                shown.theirs = v1::ReadReceipts { read_ms: 0, ..came.marks.unwrap_or_default() };
            }
            Event::Gap(_) => {
                let position = Some(Position::After(shown.newest.to_string()));
                let missed =
                    read(context, client, &with, v1::PageRequest { limit: 100, position }, local_time)
                        .await?;
                shown.newest = shown.newest.max(missed.newest);
            }
            _ => {}
        }
    }
}

/// Erases the line that was typed: it comes back as a message.
fn erase(line: &str) {
    let columns = rustix::termios::tcgetwinsize(std::io::stdout()).map_or(0, |size| usize::from(size.ws_col));
    if columns > 0 {
        let rows = SafeText::line(line).width().div_ceil(columns).max(1);
        // Cursor up by its rows, then clear to the end of the screen.
        eprint!("\x1b[{rows}A\x1b[J");
    }
}

/// Lines typed on the terminal. Without a terminal the channel stays open and empty.
fn typed_lines(context: &Context) -> mpsc::Receiver<String> {
    let (lines, typed) = mpsc::channel(16);
    let is_terminal = context.is_local() && context.prompts.is_possible() && std::io::stdin().is_terminal();
    std::thread::spawn(move || {
        if !is_terminal {
            // Keeps the channel open: output goes on without input.
            std::thread::park();
        }
        let mut stdin = std::io::stdin().lock();
        while let Ok(Some(line)) = crate::locale::next_line(&mut stdin) {
            if lines.blocking_send(line).is_err() {
                return;
            }
        }
    });
    typed
}
