//! The counts of tweets on the screen are those of the server, whatever others do and whatever an event says.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod driver;

use client::ClientError;
use driver::{NOW, TuiDriver, id, tweet};
use mini_tweet_tui::message::{Message, Purpose, Topic};
use mini_tweet_tui::state::Setup;
use mini_tweet_tui::view::draw;
use protocol::v1;
use protocol::v1::event::Event as LiveEvent;
use protocol::v1::request::Op;
use terminal::key::Event;

/// Ada's tweet that others act on.
const MINE: i64 = 40;

/// What the server sends when another account acts, with the tweet as it is then.
trait Others {
    fn changes(&mut self, id: u64, change: impl FnOnce(&mut v1::Tweet));
    fn notifies(&mut self, kind: v1::NotificationKind, tweet: u64);
    fn posts(&mut self, tweet: v1::Tweet);
    fn removes_notification(&mut self);
    fn row_of(&self, words: &str) -> String;
    fn asked(&self) -> usize;
}

impl Others for TuiDriver {
    fn changes(&mut self, id: u64, change: impl FnOnce(&mut v1::Tweet)) {
        change(self.tweets.iter_mut().find(|tweet| tweet.id == id).unwrap());
    }

    fn notifies(&mut self, kind: v1::NotificationKind, tweet_id: u64) {
        let tweet = self.tweets.iter().find(|tweet| tweet.id == tweet_id).cloned();
        let tweet = tweet.map(|tweet| v1::Tweet { liked: false, retweeted: false, ..tweet });
        let notification = v1::Notification {
            id: id(0) + u64::try_from(self.effects.len()).unwrap(),
            kind: kind.into(),
            created_ms: NOW,
            account_id: 2,
            tweet_id,
            unread: true,
        };
        let live = v1::LiveNotification {
            notification: Some(notification),
            tweet: Some(v1::LiveTweet { tweet, ..v1::LiveTweet::default() }),
            account: Some(driver::account(2, "grace", "Grace Hopper")),
        };
        self.live(Topic::Notifications, LiveEvent::Notification(live));
    }

    /// Grace is followed: her tweets come to the home feed.
    fn posts(&mut self, tweet: v1::Tweet) {
        self.receive_tweet(tweet);
    }

    fn removes_notification(&mut self) {
        self.live(Topic::Notifications, LiveEvent::Unread(v1::LiveUnread { unread: 2 }));
    }

    /// The counts of the tweet with these words: the line below them.
    fn row_of(&self, words: &str) -> String {
        let screen = self.screen();
        let mut lines = screen.lines().skip_while(|line| !line.contains(words)).skip(1);
        lines.next().unwrap_or_default().trim_matches(['▌', ' ']).to_owned()
    }

    fn asked(&self) -> usize {
        self.requests().iter().filter(|op| matches!(op, Op::GetTweets(_))).count()
    }
}

fn mine() -> u64 {
    id(MINE)
}

const WORDS: &str = "who writes the reader";

fn driver() -> TuiDriver {
    TuiDriver::new(80, 30)
}

#[test]
fn what_another_does_with_ones_tweet_is_counted_once() {
    let mut driver = driver();
    assert_eq!(driver.row_of(WORDS), "", "no counts: {}", driver.screen());
    driver.changes(mine(), |tweet| tweet.likes = 1);
    driver.notifies(v1::NotificationKind::Like, mine());
    assert_eq!(driver.row_of(WORDS), "♡ 1", "the event has the count: {}", driver.screen());
    driver.changes(mine(), |tweet| tweet.retweets = 1);
    driver.notifies(v1::NotificationKind::Retweet, mine());
    assert_eq!(driver.row_of(WORDS), "↻ 1   ♡ 1");

    let reply = v1::Tweet { id: id(0) + 1, reply_to: mine(), ..tweet(0, 2, "@ada I do") };
    driver.changes(mine(), |tweet| tweet.replies = 1);
    driver.posts(reply);
    driver.notifies(v1::NotificationKind::Reply, id(0) + 1);
    driver.wait(2_000);
    assert_eq!(driver.row_of(WORDS), "↳ 1   ↻ 1   ♡ 1", "{}", driver.screen());
    let quote = v1::Tweet { id: id(0) + 2, quote_of: mine(), ..tweet(0, 2, "look at this") };
    driver.changes(mine(), |tweet| tweet.quotes = 1);
    driver.tweets.insert(0, quote);
    driver.notifies(v1::NotificationKind::Quote, id(0) + 2);
    driver.wait(2_000);
    assert_eq!(driver.row_of(WORDS), "↳ 1   ↻ 1   ❝ 1   ♡ 1", "{}", driver.screen());
}

#[test]
fn what_another_undoes_is_not_counted_any_more() {
    let mut driver = driver();
    let reply = v1::Tweet { id: id(0) + 1, reply_to: mine(), ..tweet(0, 2, "@ada I do") };
    driver.changes(mine(), |tweet| (tweet.likes, tweet.retweets, tweet.replies) = (1, 1, 1));
    driver.posts(reply);
    driver.notifies(v1::NotificationKind::Like, mine());
    driver.wait(2_000);
    assert_eq!(driver.row_of(WORDS), "↳ 1   ↻ 1   ♡ 1");
    // An unlike, and a retweet that is undone, have no event but the number of unread notifications.
    driver.changes(mine(), |tweet| (tweet.likes, tweet.retweets) = (0, 0));
    driver.removes_notification();
    driver.wait(2_000);
    assert_eq!(driver.row_of(WORDS), "↳ 1", "{}", driver.screen());
    driver.changes(mine(), |tweet| tweet.replies = 0);
    driver.tweets.retain(|tweet| tweet.id != id(0) + 1);
    let deleted = LiveEvent::TweetDeleted(v1::TweetDeleted { tweet_id: id(0) + 1 });
    driver.live(Topic::Home, deleted);
    driver.wait(2_000);
    assert_eq!(driver.row_of(WORDS), "", "{}", driver.screen());
}

#[test]
fn what_others_do_with_the_tweets_of_others_is_seen_without_an_event() {
    let mut driver = driver();
    driver.changes(id(30), |tweet| (tweet.likes, tweet.replies, tweet.liked) = (7, 2, true));
    assert!(!driver.shows("♥ 7"));
    driver.wait(15_000);
    assert!(driver.shows("↳ 2   ♥ 7 (you)"), "also what one did oneself elsewhere: {}", driver.screen());
}

#[test]
fn ones_own_like_is_counted_once_whenever_the_server_tells_the_count() {
    let mut driver = driver();
    driver.press("j j j j");
    driver.responds = false;
    driver.press("f");
    assert_eq!(driver.row_of(WORDS), "♥ 1 (you)", "at once: {}", driver.screen());
    // Another like comes before the server has carried out one's own.
    driver.changes(mine(), |tweet| tweet.likes = 1);
    driver.notifies(v1::NotificationKind::Like, mine());
    assert_eq!(driver.row_of(WORDS), "♥ 2 (you)");
    driver.responds = true;
    driver.respond_to_all();
    driver.wait(2_000);
    assert_eq!(driver.row_of(WORDS), "♥ 2 (you)", "what the server says then: {}", driver.screen());
    // One comes afterwards.
    driver.changes(mine(), |tweet| tweet.likes = 3);
    driver.notifies(v1::NotificationKind::Like, mine());
    assert_eq!(driver.row_of(WORDS), "♥ 3 (you)");
    driver.press("u");
    assert_eq!(driver.row_of(WORDS), "♡ 2");
    driver.wait(2_000);
    assert_eq!(driver.row_of(WORDS), "♡ 2");
}

#[test]
fn a_quoted_tweet_that_is_edited_or_deleted_changes_where_it_is_quoted() {
    let mut driver = driver();
    let text = "Many writers, one reader.";
    driver.changes(id(11), |tweet| (tweet.text, tweet.edited_ms) = (text.into(), NOW));
    driver.wait(15_000);
    assert!(driver.shows("│   Many writers") && driver.shows("edited"), "{}", driver.screen());
    driver.tweets.retain(|tweet| tweet.id != id(11));
    driver.wait(15_000);
    assert!(driver.shows("The quoted tweet is no longer available"), "{}", driver.screen());
    assert!(!driver.shows("Many writers"), "{}", driver.screen());
    assert!(driver.shows("↳ Replying to a tweet that is no longer available"), "{}", driver.screen());
}

#[test]
fn a_tweet_that_is_no_longer_there_leaves_the_list_and_the_readers_row_says_so() {
    let mut driver = driver();
    driver.press("j");
    driver.tweets.retain(|tweet| ![id(9), id(30)].contains(&tweet.id));
    driver.wait(15_000);
    let gone = "▌ ✕ This tweet was deleted or is hidden from you";
    assert!(driver.shows(gone) && !driver.shows("今日は"), "{}", driver.screen());
    driver.press("j");
    assert!(!driver.shows("hidden from you"), "{}", driver.screen());
}

#[test]
fn a_page_that_was_read_before_a_deletion_does_not_bring_the_tweet_back() {
    let mut driver = driver();
    driver.live(Topic::Home, LiveEvent::TweetDeleted(v1::TweetDeleted { tweet_id: id(30) }));
    driver.press("Ctrl-l");
    assert!(!driver.shows("今日は"), "{}", driver.screen());
}

#[test]
fn the_readers_row_stays_where_it_is_when_a_row_above_gets_counts() {
    let mut driver = driver();
    driver.press("j j j j");
    let line = driver.cell_of(WORDS).1;
    driver.changes(id(30), |tweet| tweet.likes = 1);
    driver.wait(15_000);
    assert!(driver.shows("♡ 1"), "{}", driver.screen());
    assert_eq!(driver.cell_of(WORDS).1, line, "{}", driver.screen());
}

#[test]
fn one_request_reads_all_visible_tweets_and_few_are_made_while_no_one_uses_the_client() {
    let mut driver = driver();
    let before = driver.asked();
    for _ in 0..600 {
        driver.wait(1_000);
    }
    let idle = driver.asked() - before;
    assert!((4..=8).contains(&idle), "{idle} in ten minutes");
    let before = driver.asked();
    for _ in 0..60 {
        driver.wait(1_000).press("j k");
    }
    let used = driver.asked() - before;
    assert!((3..=6).contains(&used), "{used} in a minute of use");
    let longest = driver.requests().into_iter().filter_map(|op| match op {
        Op::GetTweets(get) => Some(get.tweet_ids.len()),
        _ => None,
    });
    assert!(longest.max().unwrap() <= 40);
}

#[test]
fn an_unchanged_count_draws_nothing() {
    let mut driver = driver();
    driver.wait(10_000);
    let drawn = draw(&driver.state).0;
    let saved = driver.saved().len();
    driver.wait(5_000);
    assert_eq!(driver.asked(), 1);
    let again = draw(&driver.state).0;
    assert_eq!(again.text(), drawn.text());
    driver.wait(4_000);
    assert_eq!(driver.saved().len(), saved, "nor is anything written");
}

#[test]
fn no_one_is_asked_while_no_one_looks_or_nothing_is_shown() {
    let mut driver = driver();
    driver.handle(Message::Input(Event::Focus(false)));
    let before = driver.asked();
    driver.wait(300_000);
    assert_eq!(driver.asked(), before, "the terminal is in the background");
    driver.handle(Message::Input(Event::Focus(true)));
    assert_eq!(driver.asked(), before + 1, "it is in front again");

    driver.press("5").wait(300_000).wait(300_000);
    assert_eq!(driver.asked(), before + 1, "a list of people");
}

#[test]
fn many_events_cause_one_request() {
    let mut driver = driver();
    driver.wait(15_000);
    let before = driver.asked();
    for number in 1..=20 {
        driver.posts(v1::Tweet { id: id(0) + number, reply_to: mine(), ..tweet(0, 2, "@ada me too") });
        driver.wait(100);
    }
    assert!((1..=2).contains(&(driver.asked() - before)), "{}", driver.asked() - before);
}

#[test]
fn a_server_without_the_request_is_asked_once_and_one_that_is_busy_again() {
    let mut driver = driver();
    driver.responds = false;
    driver.wait(15_000);
    let answer = |driver: &mut TuiDriver, error: model::Error| {
        let at = driver.waiting.iter().position(|(purpose, _)| matches!(purpose, Purpose::Shown(_)));
        let (purpose, _) = driver.waiting.remove(at.unwrap()).unwrap();
        driver.handle(Message::Answered(purpose, Err(ClientError::Refused(error))));
    };
    answer(&mut driver, model::Error::Busy);
    let before = driver.asked();
    driver.wait(3_000);
    assert_eq!(driver.asked(), before, "not at once");
    driver.wait(15_000);
    assert_eq!(driver.asked(), before + 1);
    answer(&mut driver, model::Error::invalid("op", "is none that this server knows"));
    driver.wait(300_000).press("j").wait(300_000);
    assert_eq!(driver.asked(), before + 1, "never again");
}

#[test]
fn a_quote_of_someone_whom_the_user_mutes_says_so() {
    let signed_in = || Setup { username: Some("ada".into()), ..TuiDriver::setup(80, 24) };
    let mut driver = TuiDriver::with(signed_in(), false);
    driver.muted = Some(3);
    driver.connect(true);
    assert!(driver.shows("This, but with fewer locks."), "{}", driver.screen());
    assert!(driver.shows("│ ⋯ The quoted tweet is by someone you muted"), "{}", driver.screen());
    assert!(!driver.shows("no longer available") && !driver.shows("One writer"), "{}", driver.screen());
    let asked = driver.requests().len();
    driver.wait(100).press("j k");
    assert_eq!(driver.requests().len(), asked, "it is asked once");
    // The tweet is there again once the author is no longer muted.
    driver.muted = None;
    driver.press("Ctrl-l").wait(1_000);
    driver.state.entities.relationship_mut(3).muting = false;
    assert!(driver.shows("│   One writer"), "{}", driver.screen());
    // One that is really gone.
    let mut driver = TuiDriver::with(signed_in(), false);
    driver.tweets.retain(|tweet| tweet.id != id(11));
    driver.connect(true);
    assert!(driver.shows("The quoted tweet is no longer available"), "{}", driver.screen());
}
