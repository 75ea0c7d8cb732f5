//! Threads in which a tweet is missing: it was deleted, or is hidden from the reader.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod driver;

use driver::plain::PlainDriver;
use driver::{MINUTE, NOW, TuiDriver, id, tweet};
use mini_tweet_tui::message::{Message, Purpose, Topic};
use mini_tweet_tui::route::{PageSelector, Route};
use protocol::v1;
use protocol::v1::event::Event as LiveEvent;
use protocol::v1::response::Result as Response;

/// The tweet that the thread is about.
const ROOT: i64 = 11;

/// The reply with this number to another one; 0 is the root.
fn reply(number: u64, to: u64) -> v1::Tweet {
    v1::Tweet {
        id: id(ROOT) + number,
        reply_to: id(ROOT) + to,
        created_ms: NOW - ROOT * MINUTE,
        ..tweet(ROOT, 2 + number % 3, &format!("reply {number}"))
    }
}

/// The thread arrives with these ancestors and replies.
fn receive(driver: &mut TuiDriver, ancestors: Vec<v1::Tweet>, replies: Vec<v1::Tweet>) {
    let root = driver.tweets.iter().find(|tweet| tweet.id == id(ROOT)).cloned().unwrap();
    let reply_to = ancestors.last().map_or(root.reply_to, |_| id(ROOT) - 1);
    let thread = v1::Thread {
        ancestors,
        tweet: Some(v1::Tweet { reply_to, ..root }),
        replies: Some(v1::TweetPage { tweets: replies, ..v1::TweetPage::default() }),
        accounts: driver.accounts.clone(),
        ..v1::Thread::default()
    };
    let purpose = Purpose::Fill(Route::Thread(id(ROOT)), PageSelector::Newest);
    driver.handle(Message::Answered(purpose, Ok(Response::Thread(thread))));
}

/// The thread is open.
fn driver() -> TuiDriver {
    let mut driver = TuiDriver::new(80, 40);
    driver.press("j j t");
    assert_eq!(driver.state.route(), &Route::Thread(id(ROOT)));
    driver
}

fn line(driver: &TuiDriver, text: &str) -> usize {
    let screen = driver.screen();
    screen.lines().position(|line| line.contains(text)).unwrap_or_else(|| panic!("no {text}\n{screen}"))
}

fn column(driver: &TuiDriver, text: &str) -> u16 {
    driver.cell_of(text).0
}

const HIDDEN: &str = "✕ This tweet was deleted or is hidden from you";
const DELETED: &str = "✕ This tweet was deleted";

#[test]
fn answers_to_a_reply_that_is_missing_are_below_a_row_in_its_place() {
    let mut driver = driver();
    // Reply 2 was deleted; 3 and 4 answer it, and 5 answers 4.
    receive(&mut driver, Vec::new(), vec![reply(1, 0), reply(3, 2), reply(4, 2), reply(5, 4), reply(6, 0)]);
    let order = ["reply 1", HIDDEN, "reply 3", "reply 4", "reply 5", "reply 6"];
    let lines: Vec<usize> = order.iter().map(|text| line(&driver, text)).collect();
    assert!(lines.is_sorted(), "{}", driver.screen());
    assert_eq!(driver.screen().matches(HIDDEN).count(), 1, "{}", driver.screen());
    assert!(column(&driver, "reply 1") < column(&driver, "reply 3"), "{}", driver.screen());
    assert_eq!(column(&driver, "reply 3"), column(&driver, "reply 4"), "{}", driver.screen());
    assert!(driver.shows("Thread · 6 tweets"), "the missing one is none of them: {}", driver.screen());
}

#[test]
fn a_reply_that_is_deleted_keeps_its_place_while_something_answers_it() {
    let mut driver = driver();
    receive(&mut driver, Vec::new(), vec![reply(1, 0), reply(2, 1), reply(3, 2), reply(4, 0)]);
    driver.press("j j");
    let before = (line(&driver, "reply 3"), column(&driver, "reply 3"));
    let delete = |n: u64| LiveEvent::TweetDeleted(v1::TweetDeleted { tweet_id: id(ROOT) + n });
    driver.live(Topic::Local, delete(2));
    assert!(driver.shows("▌") && driver.shows(DELETED) && !driver.shows("reply 2"), "{}", driver.screen());
    assert_eq!(column(&driver, "reply 3"), before.1, "as deep as before: {}", driver.screen());
    assert!(line(&driver, "reply 1") < line(&driver, DELETED), "{}", driver.screen());
    assert!(line(&driver, DELETED) < line(&driver, "reply 3"), "{}", driver.screen());
    driver.press("j");
    assert!(driver.shows(DELETED), "the row stays when the reader goes on: {}", driver.screen());
    driver.live(Topic::Local, delete(3));
    driver.press("j");
    assert!(!driver.shows(DELETED), "nothing answers it any more: {}", driver.screen());
    assert!(driver.shows("reply 4"), "{}", driver.screen());
}

#[test]
fn nothing_can_be_done_with_a_missing_reply_and_what_answers_it_is_folded_with_the_rest() {
    let mut driver = driver();
    receive(&mut driver, Vec::new(), vec![reply(3, 2), reply(4, 3)]);
    driver.press("j");
    let sent = driver.requests().len();
    driver.press("f b s d enter");
    assert_eq!(driver.requests().len(), sent, "{}", driver.screen());
    driver.press("k z c");
    assert!(driver.shows("⋯ 2 replies folded"), "{}", driver.screen());
    assert!(driver.shows("Thread · 3 tweets"), "{}", driver.screen());
}

#[test]
fn a_missing_ancestor_has_a_row_in_its_place() {
    let mut driver = driver();
    let grandparent = v1::Tweet { id: id(ROOT) - 2, ..tweet(12, 4, "the beginning") };
    receive(&mut driver, vec![grandparent], vec![]);
    driver.press("g g");
    assert!(line(&driver, "the beginning") < line(&driver, HIDDEN), "{}", driver.screen());
    assert!(line(&driver, HIDDEN) < line(&driver, "One writer"), "{}", driver.screen());
}

#[test]
fn what_the_first_tweet_of_a_thread_answers_is_looked_for() {
    let mut driver = TuiDriver::new(80, 40);
    driver.tweets.retain(|tweet| tweet.id != id(11));
    driver.press("Ctrl-l");
    assert!(driver.state.screen_mut().list.select(|row| row.tweet() == Some(id(40))));
    driver.press("t");
    assert!(line(&driver, HIDDEN) < line(&driver, "who writes the reader"), "{}", driver.screen());
}

#[test]
fn plain_mode_reads_the_answers_to_a_deleted_reply() {
    let mut plain = PlainDriver::new();
    plain.tui.responds = false;
    plain.line("thread 3");
    receive(&mut plain.tui, Vec::new(), vec![reply(1, 0), reply(3, 2)]);
    let said = plain.heard();
    assert!(said.starts_with("Thread. 3 tweets."), "{said}");
    assert!(said.contains("Reply, level 1. A tweet that was deleted or is hidden from you."), "{said}");
    assert!(said.contains("Reply, level 2. grace"), "{said}");
}

/// A thread whose first tweet answers one that the server did not send.
fn deep(driver: &mut TuiDriver) -> u64 {
    let above = v1::Tweet { id: id(ROOT) - 3, ..tweet(13, 5, "the very beginning") };
    let first = v1::Tweet { id: id(ROOT) - 1, reply_to: above.id, ..tweet(12, 4, "deep 18") };
    driver.tweets.push(above.clone());
    receive(driver, vec![first], vec![reply(1, 0)]);
    above.id
}

#[test]
fn a_row_leads_to_the_tweets_above_those_that_the_server_sends() {
    let mut driver = driver();
    let above = deep(&mut driver);
    let row = "⋯ Earlier tweets of this thread · Enter to show them";
    driver.press("g g");
    assert!(line(&driver, row) < line(&driver, "deep 18"), "{}", driver.screen());
    assert!(!driver.shows("Thread · "), "the number of tweets is not known: {}", driver.screen());
    driver.press("enter");
    assert_eq!(driver.state.route(), &Route::Thread(above));
    assert!(driver.shows("the very beginning") && !driver.shows("Earlier tweets"), "{}", driver.screen());
}

#[test]
fn a_thread_that_is_whole_has_no_row_for_earlier_tweets() {
    let mut driver = driver();
    let first = v1::Tweet { id: id(ROOT) - 1, ..tweet(12, 4, "the beginning") };
    receive(&mut driver, vec![first], vec![]);
    assert!(driver.shows("Thread · 2 tweets") && !driver.shows("Earlier tweets"), "{}", driver.screen());
}

#[test]
fn plain_mode_reads_that_a_thread_has_earlier_tweets() {
    let mut plain = PlainDriver::new();
    plain.tui.responds = false;
    plain.line("thread 3");
    let above = deep(&mut plain.tui);
    let said = plain.heard();
    assert!(
        said.starts_with("Thread. 3 tweets or more.\n1. Earlier tweets of this thread. Type “open”"),
        "{said}"
    );
    plain.tui.responds = true;
    plain.line("open 1");
    assert_eq!(plain.tui.state.route(), &Route::Thread(above));
}
