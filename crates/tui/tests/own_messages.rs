//! Messages after they were sent: they are edited, deleted, copied and looked at.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod driver;

use driver::plain::PlainDriver;
use driver::screens::with_settings;
use driver::{NOW, TuiDriver, account, id, message};
use mini_tweet_tui::keymap::PRESETS;
use mini_tweet_tui::message::{Effect, Message, Topic};
use mini_tweet_tui::route::Route;
use protocol::v1;
use protocol::v1::request::Op;

const OWN: &str = "It linked at the first try 🎉";

/// In the chat with Grace, with the caret in the line for a message.
fn in_a_chat() -> TuiDriver {
    with_settings("", "3 enter", (120, 40))
}

/// The same with Ada's message selected.
fn on_own_message() -> TuiDriver {
    with_settings("", "3 enter esc k", (120, 40))
}

fn written(driver: &TuiDriver) -> &str {
    driver.state.composer.as_ref().unwrap().editor.text()
}

/// The new versions of messages that were requested.
fn edits(driver: &TuiDriver) -> Vec<(u64, String)> {
    let edits = driver.requests().into_iter().filter_map(|op| match op {
        Op::EditMessage(edit) => Some((edit.message_id, edit.text.clone())),
        _ => None,
    });
    edits.collect()
}

fn deletions(driver: &TuiDriver) -> usize {
    let delete = Op::DeleteMessage(v1::DeleteMessage { message_id: id(20) });
    driver.requests().into_iter().filter(|op| **op == delete).count()
}

fn sent(driver: &TuiDriver) -> usize {
    driver.requests().into_iter().filter(|op| matches!(op, Op::SendMessage(_))).count()
}

/// The texts that were copied to the clipboard.
fn copied(driver: &TuiDriver) -> Vec<String> {
    let texts = driver.effects.iter().filter_map(|effect| match effect {
        Effect::Terminal(bytes) => bytes.strip_prefix("\x1b]52;c;")?.strip_suffix('\x07').map(str::to_owned),
        _ => None,
    });
    let decode = |text: String| data_encoding::BASE64.decode(text.as_bytes()).unwrap();
    texts.map(|text| String::from_utf8(decode(text)).unwrap()).collect()
}

// Editing.

#[test]
fn up_in_an_empty_line_edits_the_last_message() {
    let mut driver = in_a_chat();
    assert!(driver.shows("↑ edit last"), "{}", driver.screen());
    driver.press("up");
    assert_eq!(written(&driver), OWN);
    assert!(driver.shows("─ Edit message to @grace ─"), "{}", driver.screen());
    driver.press("text:! enter").wait(5_001);
    assert_eq!(edits(&driver), [(id(20), format!("{OWN}!"))]);
    assert!(driver.shows("first try 🎉!  edited"), "{}", driver.screen());
    assert_eq!((written(&driver), sent(&driver)), ("", 0), "the line is there for the next message");
}

#[test]
fn the_last_message_is_edited_while_a_text_is_written_too() {
    let mut driver = in_a_chat();
    driver.press("text:half_a");
    assert!(!driver.shows("edit last"), "the arrow moves in the text");
    driver.press("up ctrl-x e text:! enter");
    assert_eq!(written(&driver), "half a", "the text is there again");
    driver.wait(5_001);
    assert_eq!(edits(&driver), [(id(20), format!("{OWN}!"))]);
}

#[test]
fn up_leaves_out_messages_that_are_deleted() {
    let mut driver = on_own_message();
    driver.press("d enter up");
    assert_eq!(written(&driver), "", "it is about to be deleted");
    driver.wait(8_001).press("ctrl-x e");
    assert!(driver.shows("There is no message of yours to edit here"), "{}", driver.screen());
}

#[test]
fn an_edit_is_shown_at_once_and_can_be_undone_while_it_is_held() {
    for keys in ["ctrl-z", "esc u", "up"] {
        let mut driver = on_own_message();
        driver.press("e text:! enter");
        assert!(driver.shows("first try 🎉!"), "{}", driver.screen());
        assert!(driver.shows("sending in 5 s · Ctrl-z to undo"), "{}", driver.screen());
        driver.press(keys).wait(60_000);
        assert_eq!((written(&driver), edits(&driver)), (format!("{OWN}!").as_str(), Vec::new()), "{keys}");
        driver.press("esc");
        assert!(!driver.shows("🎉!"), "{}", driver.screen());
        assert!(driver.shows("Draft saved"), "{}", driver.screen());
        driver.press("e");
        assert_eq!(written(&driver), format!("{OWN}!"), "the text is a draft");
    }
}

#[test]
fn undo_on_another_screen_opens_the_edit_again() {
    let mut driver = on_own_message();
    driver.press("e text:! enter esc g h u");
    assert_eq!(*driver.state.route(), Route::Conversation("grace".into()));
    assert_eq!(written(&driver), format!("{OWN}!"));
}

#[test]
fn undo_after_an_edit_was_sent_says_so() {
    let mut driver = on_own_message();
    driver.press("e text:! enter").wait(5_001).press("ctrl-z");
    assert!(driver.shows("Already changed; select it, then e edits it again"), "{}", driver.screen());
}

#[test]
fn an_edit_without_a_change_leaves_no_draft() {
    let mut driver = on_own_message();
    driver.press("e esc");
    assert!(driver.state.composer.is_none() && driver.state.texts.drafts.is_empty());
    assert!(driver.shows("▌ You") || driver.shows("▌   It linked"), "{}", driver.screen());
}

#[test]
fn a_refused_edit_keeps_the_text_and_shows_the_message_as_it_was() {
    let refusals = [
        model::Error::not_found("message"),
        model::Error::forbidden("you block this account"),
        model::Error::invalid("message_id", "was edited too often"),
    ];
    for refusal in refusals {
        let mut driver = on_own_message();
        driver.press("e text:! enter");
        driver.refusal = Some(refusal);
        driver.wait(5_001);
        let screen = driver.screen();
        assert!(screen.contains("✕ not sent: ") && screen.contains(" · e to edit"), "{screen}");
        assert!(!screen.contains("🎉!"), "{screen}");
        driver.press("esc e");
        assert_eq!(written(&driver), format!("{OWN}!"));
    }
}

#[test]
fn an_edit_without_a_connection_is_sent_when_there_is_one() {
    let mut driver = on_own_message();
    driver.handle(Message::Link(client::State::Reconnecting { why: "gone".into() }));
    driver.press("e text:! enter").wait(20_000);
    assert!(
        driver.shows("first try 🎉!") && driver.shows("Waiting for the connection"),
        "{}",
        driver.screen()
    );
    assert_eq!(edits(&driver), Vec::new());
    driver.handle(Message::Link(client::State::Connected));
    driver.wait(1_000);
    assert_eq!(edits(&driver), [(id(20), format!("{OWN}!"))]);
}

#[test]
fn a_line_that_looks_like_a_command_is_the_text_of_an_edit() {
    let mut driver = on_own_message();
    driver.press("e ctrl-u text::theme_night enter").wait(5_001);
    assert_eq!(edits(&driver), [(id(20), ":theme night".to_owned())]);
}

// Deleting.

#[test]
fn a_message_is_deleted_after_the_time_to_undo() {
    let mut driver = on_own_message();
    driver.press("d");
    assert!(driver.shows("deleted in 8 s · u to keep"), "{}", driver.screen());
    driver.wait(3_000).press("u");
    assert!(driver.shows("Message kept") && !driver.shows("deleted in"), "{}", driver.screen());
    assert_eq!(deletions(driver.wait(60_000)), 0);
    driver.press("d").wait(8_001);
    assert_eq!(deletions(&driver), 1);
    assert!(driver.shows("✕ Message deleted") && !driver.shows("linked"), "{}", driver.screen());
}

#[test]
fn a_deletion_can_be_undone_from_the_empty_line() {
    let mut driver = on_own_message();
    driver.press("d enter");
    assert!(driver.shows("deleted in 8 s · Ctrl-z to keep"), "{}", driver.screen());
    driver.press("text:a");
    assert!(driver.shows("deleted in 8 s") && !driver.shows("to keep"), "{}", driver.screen());
    driver.press("backspace ctrl-z").wait(60_000);
    assert_eq!(deletions(&driver), 0);
}

#[test]
fn a_message_that_the_server_does_not_delete_stays() {
    let mut driver = on_own_message();
    driver.press("d");
    driver.refusal = Some(model::Error::Busy);
    driver.wait(8_001);
    assert!(driver.shows("✕ Message not deleted: ") && driver.shows(OWN), "{}", driver.screen());
}

#[test]
fn a_deletion_without_a_connection_is_marked_and_sent_later() {
    let mut driver = on_own_message();
    driver.press("d");
    driver.responds = false;
    driver.wait(8_001);
    assert!(driver.shows("deleting…"), "{}", driver.screen());
    driver.handle(Message::Link(client::State::Reconnecting { why: "gone".into() }));
    assert!(driver.shows("deleted once there is a connection"), "{}", driver.screen());
}

#[test]
fn the_deletion_of_an_unread_message_counts_the_unread_ones_again() {
    let mut driver = TuiDriver::new(80, 24);
    let chats = |driver: &TuiDriver| {
        driver.requests().into_iter().filter(|op| matches!(op, Op::ListConversations(_))).count()
    };
    let before = chats(&driver);
    let gone = v1::DirectMessage { deleted: true, text: String::new(), ..message(4, 2, "") };
    let live = v1::LiveMessage { message: Some(gone), ..v1::LiveMessage::default() };
    driver.live(Topic::Conversations, v1::event::Event::MessageChanged(live));
    assert_eq!(chats(&driver), before + 1);
}

// Whose messages.

#[test]
fn only_ones_own_messages_are_edited_and_deleted() {
    let mut driver = in_a_chat();
    driver.press("esc");
    assert!(driver.shows("i details") && !driver.shows("e edit") && !driver.shows("d delete"));
    for keys in ["e", "d"] {
        driver.press(keys);
        assert!(driver.shows("Not your message"), "{}", driver.screen());
    }
    driver.press("k");
    assert!(driver.shows("e edit  d delete  i details  yt copy"), "{}", driver.screen());
    driver.press("d").wait(8_001);
    for keys in ["e", "d"] {
        driver.press(keys);
        assert!(driver.shows("This message was deleted"), "{}", driver.screen());
    }
    assert_eq!((edits(&driver), driver.state.composer.is_none()), (Vec::new(), true));
}

#[test]
fn a_client_that_only_reads_changes_no_message() {
    let setup = mini_tweet_tui::state::Setup {
        username: Some("ada".into()),
        is_read_only: true,
        ..TuiDriver::setup(120, 40)
    };
    let mut driver = TuiDriver::with(setup, true);
    driver.press("3 enter k e d").wait(9_000);
    assert!(driver.state.composer.is_none() && driver.state.undo.waiting.is_empty());
    driver.press("i");
    assert!(driver.shows("Read by @grace"), "{}", driver.screen());
}

// Details and copies.

#[test]
fn the_details_of_a_message_say_who_has_read_it() {
    let mut driver = on_own_message();
    driver.press("i");
    for line in ["By you", "Written 23 Nov 2026, 19:40", "Read by @grace 23 Nov 2026, 19:42"] {
        assert!(driver.shows(line), "{line}: {}", driver.screen());
    }
    driver.press("esc j i");
    assert!(driver.shows("By @grace") && !driver.shows("Read by"), "{}", driver.screen());
    driver.press("esc");
    // Further messages of Ada, which Grace has not received or not read.
    let grace = account(2, "grace", "Grace Hopper");
    for (minutes, text) in [(2, "received"), (1, "on its way")] {
        let live = v1::LiveMessage {
            message: Some(message(minutes, 1, text)),
            author: driver.accounts.first().cloned(),
            with: Some(grace.clone()),
        };
        driver.live(Topic::Conversations, v1::event::Event::Message(live));
    }
    let receive_marks = |driver: &mut TuiDriver, marks| {
        let account = Some(grace.clone());
        let live = v1::LiveReadReceipts { conversation_id: 77, account, marks: Some(marks) };
        driver.live(Topic::Conversations, v1::event::Event::Marks(live));
    };
    receive_marks(&mut driver, v1::ReadReceipts { delivered: id(2), read: id(20), read_ms: 0 });
    driver.press("G i");
    assert!(driver.shows("Not delivered to @grace yet"), "{}", driver.screen());
    driver.press("esc k i");
    assert!(driver.shows("Delivered to @grace, not read yet"), "{}", driver.screen());
    driver.press("esc");
    // Of messages before the last one that was read, only that one's time is known.
    receive_marks(&mut driver, v1::ReadReceipts { delivered: id(1), read: id(1), read_ms: NOW });
    driver.press("G i");
    assert!(driver.shows("Read by @grace 23 Nov 2026, 20:00"), "{}", driver.screen());
    driver.press("esc k i");
    assert!(driver.shows("Read by @grace") && !driver.shows("Read by @grace 23"), "{}", driver.screen());
}

#[test]
fn the_text_the_id_and_the_link_of_a_message_are_copied() {
    let mut driver = in_a_chat();
    driver.press("esc y t k y t y i y y");
    let id = id(20).to_string();
    assert_eq!(copied(&driver), ["Shall we meet at the compiler?", OWN, id.as_str(), id.as_str()]);
    let linked = v1::DirectMessage { edited_ms: NOW, ..message(20, 1, "see https://example.org/a") };
    let live = v1::LiveMessage { message: Some(linked), ..v1::LiveMessage::default() };
    driver.live(Topic::Conversations, v1::event::Event::MessageChanged(live));
    driver.press("y y");
    assert_eq!(copied(&driver).last().unwrap(), "https://example.org/a");
}

#[test]
fn a_text_that_was_not_sent_is_copied_as_well() {
    let mut driver = in_a_chat();
    driver.press("text:on_its_way enter esc y t");
    assert_eq!(copied(&driver), ["on its way"]);
    driver.press("g h c text:unfinished esc g d G y t");
    assert_eq!(copied(&driver), ["on its way", "unfinished"]);
}

#[test]
fn every_preset_has_the_same_keys_for_messages() {
    for preset in PRESETS {
        let settings = format!("preset = {preset:?}");
        let keys = |keys: &str| with_settings(&settings, keys, (120, 40));
        assert_eq!(written(&keys("3 enter up")), OWN, "{preset}");
        assert_eq!(written(&keys("3 enter ctrl-x e")), OWN, "{preset}");
        assert_eq!(written(&keys("3 enter esc up e")), OWN, "{preset}");
        assert!(keys("3 enter esc up d").shows("deleted in 8 s"), "{preset}");
        assert!(keys("3 enter esc up i").shows("Read by @grace"), "{preset}");
        assert_eq!(copied(&keys("3 enter esc up y t")), [OWN], "{preset}");
    }
}

#[test]
fn the_palette_and_help_have_what_can_be_done_with_a_message() {
    let mut driver = on_own_message();
    driver.press(":");
    for title in ["Edit your message", "Delete your message", "Details", "Copy the text"] {
        assert!(driver.shows(title), "{title}: {}", driver.screen());
    }
    driver.press("text:edit");
    assert!(driver.shows(&format!("chat @grace --edit {} TEXT", id(20))), "{}", driver.screen());
    driver.press("esc ?");
    assert!(driver.shows("This message"), "{}", driver.screen());
}

// Plain mode.

#[test]
fn plain_mode_edits_deletes_and_describes_messages_by_their_number() {
    let mut plain = PlainDriver::new();
    let said = plain.line("chat grace");
    assert!(said.contains(&format!("\n2. You, 20 minutes ago, read: {OWN}\n")), "{said}");
    let said = plain.line("edit 2 better");
    assert!(said.contains("“:edit 2 better”"), "it could be meant as a message: {said}");
    plain.line(":edit 2 It linked at once");
    assert_eq!(plain.sent(), ["It linked at once"]);
    let said = plain.line(":details 2");
    assert!(said.contains("By you\n") && said.contains("Read by @grace 23 Nov 2026, 19:42 UTC\n"), "{said}");
    let said = plain.lines(&["", ":delete 1"]);
    assert!(said.contains("Not your message."), "{said}");
    let said = plain.line(":delete 2");
    assert!(said.contains("Deleting the message. Type “:undo” to undo."), "{said}");
    assert!(plain.line(":undo").contains("Message kept."), "{}", plain.printed);
    plain.line(":delete 2");
    let said = plain.wait(8_001);
    assert!(said.contains("Message deleted."), "{said}");
    assert!(
        plain.line(":repeat").contains("2. You, 21 minutes ago: Message deleted.\n"),
        "{}",
        plain.printed
    );
    assert!(plain.line(":edit 7 x").contains("There is no item 7 here."), "{}", plain.printed);
}

#[test]
fn plain_mode_asks_for_the_new_text_of_the_last_message() {
    let mut plain = PlainDriver::new();
    plain.line("chat grace");
    let said = plain.line(":edit-last");
    let question = format!("Edit your message to @grace. “{OWN}”\nType the new text in one line");
    assert!(said.contains(&question), "{said}");
    let said = plain.line("It linked at once");
    assert!(said.contains("To @grace, private"), "the next line is a message again: {said}");
    assert_eq!(plain.sent(), ["It linked at once"]);
}

#[test]
fn plain_mode_reads_no_line_as_a_message_after_an_edit_outside_of_the_chat_line() {
    let mut plain = PlainDriver::new();
    plain.lines(&["chat grace", "", "edit 2 It linked at once"]);
    assert!(plain.tui.state.composer.is_none());
    assert_eq!(plain.sent(), ["It linked at once"]);
}
