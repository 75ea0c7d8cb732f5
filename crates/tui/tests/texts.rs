//! No text is lost, and none is sent that the user did not send: drafts and the outbox over undo and new starts.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod driver;

use driver::TuiDriver;
use driver::plain::PlainDriver;
use mini_tweet_tui::message::{LocalItem, Message};
use protocol::v1::request::Op;
use terminal::key::Event;

/// The texts of the drafts after the next start.
fn drafts_after(driver: TuiDriver) -> Vec<String> {
    driver.restart(true).state.texts.drafts.values().map(|draft| draft.text.clone()).collect()
}

fn written(driver: &TuiDriver) -> &str {
    driver.state.composer.as_ref().unwrap().editor.text()
}

/// The texts of the tweets and messages that were requested to be sent.
fn sent(driver: &TuiDriver) -> Vec<String> {
    let texts = driver.requests().into_iter().filter_map(|op| match op {
        Op::Post(post) => Some(post.text.clone()),
        Op::SendMessage(message) => Some(message.text.clone()),
        Op::EditTweet(edit) => Some(edit.text.clone()),
        _ => None,
    });
    texts.collect()
}

#[test]
fn a_discarded_text_that_is_brought_back_is_there_after_the_next_start() {
    for keys in [
        // In the composer, in the list of drafts, in the outbox, in a chat, in the list of drafts of a chat.
        "c text:precious ctrl-x x u esc",
        "c text:precious esc g d - u esc",
        "c text:precious ctrl-s g d - u esc",
        "3 enter text:precious ctrl-x x u esc",
        "3 enter text:precious esc g d - u esc",
    ] {
        let mut driver = TuiDriver::new(80, 24);
        driver.wait(9_000).press(keys);
        assert_eq!(drafts_after(driver), ["precious"], "{keys}");
    }
    let mut plain = PlainDriver::new();
    plain.lines(&["post hello", ":undo", "", "drafts", "1", "remove", "undo", ""]);
    assert_eq!(drafts_after(plain.tui), ["hello"]);
}

#[test]
fn a_discarded_message_is_brought_back_into_the_open_line_of_its_chat() {
    let mut driver = TuiDriver::new(80, 24);
    driver.wait(9_000).press("3 enter text:precious ctrl-x x enter ctrl-z");
    assert_eq!(written(&driver), "precious");
    assert_eq!(drafts_after(driver), ["precious"]);
}

#[test]
fn discarding_a_text_of_the_outbox_keeps_the_draft_that_was_begun_since() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("c text:first ctrl-s c text:second esc g d -");
    assert_eq!(drafts_after(driver), ["second"]);
}

#[test]
fn a_line_that_was_too_long_to_be_sent_is_saved_before_the_end() {
    let mut plain = PlainDriver::new();
    let text = "long ".repeat(200).trim().to_owned();
    plain.line(&format!("post {text}"));
    plain.wait(1_000);
    assert!(plain.tui.disk[&LocalItem::Draft("new".to_owned())].contains(&text));
}

#[test]
fn a_refused_text_is_sent_again_only_by_the_user() {
    for (keys, text) in [
        ("3 enter text:hello enter", "hello"),
        ("c text:hello ctrl-s", "hello"),
        ("r text:hello ctrl-s", "@linus hello"),
    ] {
        let mut driver = TuiDriver::new(80, 24);
        driver.wait(9_000).press(keys);
        driver.refusal = Some(model::Error::Forbidden("one of you blocks the other".into()));
        driver.wait(6_000);
        assert_eq!(sent(&driver), [text], "{keys}");
        let mut driver = driver.restart(false);
        driver.press("g d");
        assert!(driver.shows("✕ one of you blocks the other"), "{}", driver.screen());
        driver.connect(true);
        driver.wait(60_000);
        assert!(driver.shows("✕ one of you blocks the other"), "{}", driver.screen());
        assert_eq!(sent(&driver), Vec::<String>::new(), "{keys}");
        driver.press("+");
        assert_eq!(sent(&driver), [text], "{keys}");
    }
}

#[test]
fn a_refused_part_of_a_thread_can_be_edited() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("c");
    let text = "This sentence has exactly six words. ".repeat(20).trim().to_owned();
    driver.handle(Message::Input(Event::Paste { text, is_cut: false }));
    driver.press("alt-t enter");
    driver.responds = false;
    driver.wait(5_001);
    let (purpose, op) = driver.waiting.pop_back().unwrap();
    assert!(matches!(op, Op::Post(_)), "{op:?}");
    let first = protocol::v1::response::Result::Done(protocol::v1::Done { id: 9, changed: true });
    driver.refusal = Some(model::Error::Forbidden("enough".into()));
    driver.responds = true;
    driver.handle(Message::Answered(purpose, Ok(first)));
    driver.press("g d enter");
    assert!(
        written(&driver).ends_with("six words.") && !written(&driver).contains("2/2"),
        "{}",
        written(&driver)
    );
    driver.press("ctrl-s").wait(5_001);
    let posts =
        driver.requests().into_iter().filter_map(|op| if let Op::Post(one) = op { Some(one) } else { None });
    assert_eq!(posts.last().map(|post| post.reply_to), Some(9));
}

#[test]
fn a_text_is_not_shown_as_sent_after_its_sending_was_undone() {
    for (keys, back) in [
        ("3 enter text:hello enter", "ctrl-z"),
        ("3 enter text:hello enter", "up"),
        ("3 enter text:hello enter esc", "u"),
    ] {
        let mut driver = TuiDriver::new(80, 24);
        driver.wait(9_000).press(keys).press(back);
        assert_eq!(written(&driver), "hello");
        assert!(!driver.shows("▌ Sent") && !driver.shows("▌Sent"), "{keys} {back}\n{}", driver.screen());
    }
    let mut driver = TuiDriver::new(80, 24);
    driver.press("c text:hello ctrl-s g d u");
    assert!(!driver.shows("▌Sent"), "{}", driver.screen());
    driver.press("esc 1 g d");
    assert!(!driver.shows("▌Sent") && driver.shows("hello"), "{}", driver.screen());
    let mut plain = PlainDriver::new();
    plain.lines(&["post hello", "drafts", "1", "open", ""]);
    let said = plain.line("drafts");
    assert!(said.contains("Draft, new tweet: hello") && !said.contains("sent"), "{said}");
}

#[test]
fn a_text_that_was_sent_is_not_in_the_list_the_next_time() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("c text:hello ctrl-s g d").wait(6_000);
    assert!(driver.shows("▌ Sent") || driver.shows("▌Sent"), "{}", driver.screen());
    driver.press("1 g d");
    assert!(!driver.shows("▌ Sent") && !driver.shows("▌Sent"), "{}", driver.screen());
}

#[test]
fn undoing_a_thread_brings_back_the_text_as_it_was_written() {
    let text = "This sentence has exactly six words. ".repeat(20).trim().to_owned();
    let mut driver = TuiDriver::new(80, 24);
    driver.press("c");
    driver.handle(Message::Input(Event::Paste { text: text.clone(), is_cut: false }));
    driver.press("alt-t enter u");
    assert_eq!(written(&driver), text);
    driver.press("alt-t enter");
    // Also after a new start.
    let mut driver = driver.restart(false);
    driver.press("g d enter");
    assert_eq!(written(&driver), text);
    driver.connect(true);
    driver.press("alt-t enter").wait(6_000);
    let posts = sent(&driver);
    assert!(posts.len() == 2 && posts.iter().all(|post| post.matches("/2").count() == 1), "{posts:?}");
}
