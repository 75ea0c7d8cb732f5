//! Chats: commands that are typed in them, and messages whose sending can be undone.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod driver;

use driver::{MINUTE, NOW, TuiDriver, account, id, message};
use mini_tweet_tui::composer::Writing;
use mini_tweet_tui::message::{Message, Topic};
use mini_tweet_tui::route::Route;
use protocol::v1;
use protocol::v1::request::Op;
use terminal::key::Event;

/// In the chat with Grace, with the caret in the line for a message.
fn in_a_chat() -> TuiDriver {
    let mut driver = TuiDriver::new(80, 24);
    driver.wait(9_000).press("3 enter");
    driver
}

/// The message of Ada in the chat.
const OWN: &str = "It linked at the first try 🎉";

/// The messages that were sent.
fn sent(driver: &TuiDriver) -> Vec<String> {
    let sent = driver.requests().into_iter().filter_map(|op| match op {
        Op::SendMessage(message) => Some(message.text.clone()),
        _ => None,
    });
    sent.collect()
}

fn written(driver: &TuiDriver) -> &str {
    driver.state.composer.as_ref().unwrap().editor.text()
}

#[test]
fn a_command_in_a_chat_runs_and_is_not_sent() {
    let mut driver = in_a_chat();
    driver.press("text::theme_night enter").wait(60_000);
    assert_eq!(sent(&driver), Vec::<String>::new());
    assert_eq!(driver.state.preferences.settings.theme, "night");
    assert_eq!(written(&driver), "", "the chat is open for the next message");
    driver.press("text::home enter").wait(60_000);
    assert_eq!((driver.state.route(), sent(&driver)), (&Route::Home, Vec::new()));
    assert!(driver.state.texts.drafts.is_empty(), "no command is kept as a draft");
}

#[test]
fn what_looks_like_a_command_is_sent_only_with_a_space_before_it() {
    let mut driver = in_a_chat();
    for keys in ["enter", "ctrl-s"] {
        driver.press("text::thme_night").press(keys).wait(60_000);
        assert_eq!((sent(&driver), written(&driver)), (Vec::new(), ":thme night"));
        driver.press(keys);
        assert!(driver.shows("There is no command :thme. To send it as a message"), "{}", driver.screen());
        driver.press("ctrl-u");
    }
    driver.press("text:_:wq enter").wait(60_000);
    driver.press("text::) enter").wait(60_000);
    assert_eq!(sent(&driver), [":wq", ":)"]);
}

#[test]
fn sending_a_message_can_be_undone_while_it_is_held() {
    for keys in ["ctrl-z", "up", "esc u"] {
        let mut driver = in_a_chat();
        driver.press("text:oops enter").wait(3_000);
        assert_eq!((sent(&driver), written(&driver)), (Vec::new(), ""));
        assert!(driver.shows("sending in 2 s"), "{}", driver.screen());
        driver.press(keys).wait(60_000);
        assert_eq!((sent(&driver), written(&driver)), (Vec::new(), "oops"), "{keys}");
        driver.press("enter").wait(5_001);
        assert_eq!(sent(&driver), ["oops"]);
    }
}

#[test]
fn undo_on_another_screen_goes_back_to_the_chat() {
    let mut driver = in_a_chat();
    driver.press("text:oops enter esc g h u");
    assert_eq!(*driver.state.route(), Route::Conversation("grace".into()));
    assert_eq!(written(&driver), "oops");
}

#[test]
fn undo_says_that_a_message_was_sent_already() {
    for keys in ["ctrl-z", "esc u"] {
        let mut driver = in_a_chat();
        driver.press("text:hello enter").wait(5_001).press(keys);
        assert!(driver.shows("Already sent; select it, then d deletes it"), "{}", driver.screen());
    }
}

#[test]
fn up_edits_only_what_was_written_in_this_chat() {
    let mut driver = in_a_chat();
    driver.press("esc g h c text:tweet ctrl-s 3 enter up");
    assert_eq!(written(&driver), OWN);
}

#[test]
fn messages_of_a_chat_are_sent_in_order() {
    let mut driver = in_a_chat();
    driver.press("text:one enter").wait(1_000).press("text:two enter").wait(4_001);
    assert_eq!(sent(&driver), ["one"]);
    driver.wait(1_000);
    assert_eq!(sent(&driver), ["one", "two"]);
}

#[test]
fn a_message_behind_one_that_cannot_be_sent_waits_without_waking_the_client() {
    let mut driver = in_a_chat();
    let limit = std::time::Duration::from_secs(600);
    driver.press("text:one enter");
    driver.refusal =
        Some(model::Error::RateLimited { limit: "too many messages".into(), retry_after: limit });
    driver.wait(5_001).press("text:two enter").wait(5_001).wait(20_000);
    assert_eq!(sent(&driver), ["one"]);
    let wait = mini_tweet_tui::update::deadline(&driver.state).unwrap() - driver.now;
    assert!(wait > 1_000, "wakes after {wait} ms");
    driver.wait(580_000);
    assert_eq!(sent(&driver), ["one", "one", "two"]);
}

/// A message from Grace at this time, after now, in milliseconds.
fn receive(driver: &mut TuiDriver, number: u64, after_ms: i64, author: u64, text: &str) {
    let new =
        v1::DirectMessage { id: id(0) + number, created_ms: NOW + after_ms, ..message(0, author, text) };
    driver.now = NOW + after_ms;
    arrives(driver, account(2, "grace", "Grace Hopper"), new);
}

/// A message arrives in the chat with someone.
fn arrives(driver: &mut TuiDriver, with: v1::Account, message: v1::DirectMessage) {
    let live = v1::LiveMessage { message: Some(message), author: Some(with.clone()), with: Some(with) };
    driver.live(Topic::Conversations, v1::event::Event::Message(live));
}

/// The number of lines of the screen that contain a text.
fn lines_with(driver: &TuiDriver, text: &str) -> usize {
    driver.screen().lines().filter(|line| line.contains(text)).count()
}

#[test]
fn messages_of_one_person_within_five_minutes_share_a_header() {
    let mut driver = in_a_chat();
    for (number, minutes) in [(1, 10), (2, 12), (3, 14), (4, 16)] {
        receive(&mut driver, number, minutes * MINUTE, 2, &format!("number {number}"));
    }
    assert!(driver.shows("20:10") && driver.shows("20:16"), "{}", driver.screen());
    assert!(!driver.shows("20:12") && !driver.shows("20:14"), "{}", driver.screen());
}

#[test]
fn each_day_of_a_chat_has_a_rule() {
    let mut driver = in_a_chat();
    assert_eq!(lines_with(&driver, "── Monday 23 November ─"), 1, "{}", driver.screen());
    receive(&mut driver, 1, 5 * 60 * MINUTE, 2, "after midnight");
    assert_eq!(lines_with(&driver, "── Tuesday 24 November ─"), 1, "{}", driver.screen());
    assert!(lines_with(&driver, "@grace Grace Hopper") >= 2, "{}", driver.screen());
}

#[test]
fn a_line_shows_what_is_new_since_the_chat_was_read() {
    let mut driver = in_a_chat();
    assert!(!driver.shows("New since"), "{}", driver.screen());
    driver.press("esc g h");
    receive(&mut driver, 1, MINUTE, 2, "while you were away");
    driver.wait(60_000).press("3 enter");
    assert_eq!(lines_with(&driver, "── New since 19:56 ─"), 1, "{}", driver.screen());
    let screen = driver.screen();
    let place = |text: &str| screen.lines().position(|line| line.contains(text)).unwrap();
    assert!(place("Shall we meet") < place("New since") && place("New since") < place("while you were"));
    // Without anything new there is no line.
    driver.press("esc g h 3 enter");
    assert!(!driver.shows("New since"), "{}", driver.screen());
}

#[test]
fn a_message_that_is_being_sent_has_a_sign() {
    let mut driver = in_a_chat();
    driver.responds = false;
    driver.press("text:hello enter").wait(60_000);
    assert!(driver.shows("hello  …"), "{}", driver.screen());
}

#[test]
fn help_and_the_next_unread_work_while_a_message_is_written() {
    let mut driver = in_a_chat();
    driver.press("text:half_a f1");
    assert!(driver.shows("Help · what you can do here") && driver.shows("Writing"), "{}", driver.screen());
    driver.press("esc");
    assert_eq!(written(&driver), "half a");
    driver.press("text:?");
    assert_eq!(written(&driver), "half a?", "a key that types a character is typed");
    driver.press("alt-a");
    assert_eq!(*driver.state.route(), Route::NOTIFICATIONS, "{}", driver.screen());
    driver.press("3 enter");
    assert_eq!(written(&driver), "half a?", "the text is a draft");
}

#[test]
fn a_message_that_is_edited_or_deleted_elsewhere_changes_on_the_screen() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("3 enter");
    let changed = |driver: &mut TuiDriver, message: v1::DirectMessage| {
        let live = v1::LiveMessage { message: Some(message), ..v1::LiveMessage::default() };
        driver.live(Topic::Conversations, v1::event::Event::MessageChanged(live));
    };
    let first = message(4, 2, "Shall we meet at the interpreter?");
    changed(&mut driver, v1::DirectMessage { edited_ms: NOW, ..first.clone() });
    assert!(driver.shows("Shall we meet at the interpreter?  edited"), "{}", driver.screen());
    assert!(!driver.shows("compiler"), "{}", driver.screen());
    changed(&mut driver, v1::DirectMessage { deleted: true, text: String::new(), ..first });
    assert!(driver.shows("✕ Message deleted") && !driver.shows("interpreter"), "{}", driver.screen());
}

#[test]
fn a_chat_with_something_new_is_on_the_screen_when_the_list_is_opened_again() {
    for (away, again) in [("g h", "3"), ("g h", "h"), ("a", "esc"), ("3", "3")] {
        let mut driver = TuiDriver::new(80, 24);
        driver.press("3").press(away);
        arrives(&mut driver, account(4, "linus", ""), message(0, 4, "hello from someone else"));
        driver.press(again);
        assert!(driver.shows("@linus") && driver.shows("hello from someone else"), "{}", driver.screen());
        assert!(!driver.shows("▲"), "{away} {again}\n{}", driver.screen());
    }
}

#[test]
fn a_chat_above_the_screen_with_something_new_is_counted() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("3");
    arrives(&mut driver, account(4, "linus", ""), message(0, 4, "hello from someone else"));
    assert!(driver.shows("▲ 1 new · . to show"), "{}", driver.screen());
    driver.press(".");
    assert!(driver.shows("▌◆○ @linus") && !driver.shows("▲"), "{}", driver.screen());
}

#[test]
fn going_back_to_a_chat_opens_its_line_only_if_it_was_open() {
    let mut driver = in_a_chat();
    driver.press("esc 1 esc");
    assert_eq!(*driver.state.route(), Route::Conversation("grace".into()));
    assert!(driver.state.composer.is_none(), "{}", driver.screen());
    driver.press("enter");
    driver.press("alt-a esc");
    assert_eq!(*driver.state.route(), Route::Conversation("grace".into()));
    assert!(driver.state.composer.is_some(), "{}", driver.screen());
    driver.press("text::home enter esc");
    assert!(driver.state.composer.is_some(), "{}", driver.screen());
    driver.press("esc 3 enter");
    assert!(driver.state.composer.is_some(), "opened again\n{}", driver.screen());
}

#[test]
fn going_back_to_a_chat_leads_to_the_message_that_was_read() {
    let mut driver = in_a_chat();
    driver.press("esc k k");
    let read = driver.state.selected().cloned();
    driver.press("a esc");
    assert_eq!((driver.state.selected().cloned(), driver.state.composer.is_none()), (read, true));
    driver.press("1");
    receive(&mut driver, 1, MINUTE, 2, "something new");
    driver.press("esc");
    assert!(driver.shows("something new"), "{}", driver.screen());
    assert_eq!(driver.state.selected(), Some(&mini_tweet_tui::row::Row::Message(id(0) + 1)));
}

#[test]
fn pasted_text_in_a_chat_stays_in_the_chat() {
    let mut driver = in_a_chat();
    driver.press("c text:a_tweet esc");
    driver.press("esc");
    for is_line_open in [true, false] {
        driver.press(if is_line_open { "enter" } else { "esc" });
        let text = "for your eyes".to_owned();
        driver.handle(Message::Input(Event::Paste { text, is_cut: false }));
        let composer = driver.state.composer.as_ref().unwrap();
        assert_eq!(composer.writing, Writing::Message("grace".into()), "{}", driver.screen());
        assert!(composer.editor.text().ends_with("for your eyes"));
    }
}

#[test]
fn a_message_that_waits_has_a_header_of_its_own() {
    let mut driver = in_a_chat();
    driver.press("text:hello enter text:again enter");
    let screen = driver.screen();
    let place = |text: &str| screen.lines().position(|line| line.contains(text)).unwrap();
    let header = screen.lines().position(|line| line.trim() == "You").unwrap();
    assert!(place("Shall we meet") < header && header + 1 == place("hello"), "{screen}");
    let headers = screen.lines().filter(|line| line.trim() == "You").count();
    assert_eq!(headers, 1, "{screen}");
}

#[test]
fn a_message_that_is_too_long_is_not_to_become_a_thread() {
    let mut driver = in_a_chat();
    let long = "x".repeat(1_001);
    driver.handle(Message::Input(Event::Paste { text: long, is_cut: false }));
    driver.press("enter");
    assert!(driver.shows("too long: shorten it") && !driver.shows("Alt-t"), "{}", driver.screen());
    driver.press("ctrl-u text:short alt-t");
    assert!(driver.shows("A message can't become a thread"), "{}", driver.screen());
    assert!(!driver.shows("Ctrl-s sends it") && !driver.shows("too long"), "{}", driver.screen());
}

#[test]
fn someone_who_is_blocked_cannot_be_written_to() {
    let mut driver = in_a_chat();
    driver.press("esc X").wait(9_000).press("enter");
    assert!(driver.state.composer.is_none(), "{}", driver.screen());
    assert!(driver.shows("You blocked @grace: X unblocks them"), "{}", driver.screen());
    driver.press("g c");
    assert!(driver.shows("@grace Grace Hopper · blocked"), "{}", driver.screen());
    driver.press("enter text:x");
    assert!(driver.state.composer.is_none(), "{}", driver.screen());
}

#[test]
fn a_chat_with_an_account_that_does_not_exist_says_so_before_anything_is_typed() {
    let mut driver = TuiDriver::new(80, 24);
    driver.refusal = Some(model::Error::not_found("account"));
    driver.wait(9_000).press(": text:chat_nosuch enter");
    assert!(driver.shows("There is no account @nosuch"), "{}", driver.screen());
    let requests = driver.requests().len();
    driver.press("text:hello enter").wait(60_000);
    assert_eq!((driver.requests().len(), sent(&driver)), (requests, Vec::new()), "{}", driver.screen());
    assert!(driver.state.composer.is_none() && driver.state.prompt.is_none(), "{}", driver.screen());
    // What was typed meanwhile is kept.
    let mut driver = TuiDriver::new(80, 24);
    driver.refusal = Some(model::Error::not_found("account"));
    driver.responds = false;
    driver.wait(9_000).press(": text:chat_nosuch enter text:hello");
    driver.responds = true;
    driver.respond_to_all();
    assert!(driver.shows("There is no account @nosuch"), "{}", driver.screen());
    assert!(driver.state.texts.drafts.values().any(|draft| draft.text == "hello"));
}

#[test]
fn a_message_is_answered_with_its_first_words() {
    let mut driver = in_a_chat();
    driver.press("text:half esc G r");
    assert_eq!(written(&driver), "> Shall we meet at the compiler?\nhalf", "{}", driver.screen());
    driver.press("text:_done enter").wait(60_000);
    assert_eq!(sent(&driver), ["> Shall we meet at the compiler?\nhalf done"]);
    // A long message is cut.
    let mut driver = in_a_chat();
    let long = message(0, 2, &"many words ".repeat(30));
    driver.press("esc");
    arrives(&mut driver, account(2, "grace", "Grace Hopper"), long);
    driver.press("G r");
    let written = written(&driver);
    assert!(written.starts_with("> many words many") && written.ends_with("…\n"), "{written}");
    assert!(written.chars().count() < 70, "{written}");
}

#[test]
fn blocked_people_have_no_unread_badge_and_are_not_online() {
    let mut driver = TuiDriver::new(120, 40);
    driver.wait(9_000);
    let before = driver.screen();
    assert!(before.contains("3 Chats          ◆1") && before.contains("● @grace"), "{before}");
    driver.state.entities.relationship_mut(2).blocking = true;
    let after = driver.screen();
    assert!(!after.contains("3 Chats          ◆1") && !after.contains("● @grace"), "{after}");
    assert!(!after.contains("@grace         ◆1"), "{after}");
    driver.press("3");
    assert!(!driver.shows("1 new") && !driver.shows("● @grace"), "{}", driver.screen());
}
