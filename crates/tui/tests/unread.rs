//! What counts as new and as unread.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod driver;

use driver::{NOW, TuiDriver, account, id, message, tweet};
use mini_tweet_tui::message::{Message, Topic};
use mini_tweet_tui::row::Row;
use mini_tweet_tui::state::Setup;
use protocol::v1;
use protocol::v1::event::Event as LiveEvent;
use protocol::v1::request::Op;
use terminal::key::Event;

fn driver() -> TuiDriver {
    TuiDriver::new(80, 24)
}

fn new_by(author: u64, text: &str) -> v1::Tweet {
    v1::Tweet { id: id(0) + 7, ..tweet(0, author, text) }
}

fn has_nothing_new(driver: &TuiDriver) -> bool {
    !driver.shows("▲") && !driver.shows("Home ●")
}

#[test]
fn ones_own_tweet_is_shown_to_a_reader_at_the_top() {
    let mut driver = driver();
    driver.press("c text:by_me ctrl-s").wait(5_001);
    driver.receive_tweet(new_by(1, "by me"));
    assert!(driver.shows("by me") && has_nothing_new(&driver), "{}", driver.screen());
    assert_eq!(driver.state.selected(), Some(&Row::Tweet(id(2), 0)), "the selection does not change");
}

#[test]
fn ones_own_tweets_and_retweets_are_never_new() {
    let retweet = || v1::Tweet { retweet_of: id(90), text: String::new(), ..new_by(1, "") };
    for keys in ["", "j j j j j", "2", "g l"] {
        for own in [new_by(1, "from another device"), retweet()] {
            let mut driver = driver();
            if !keys.is_empty() {
                driver.press(keys);
            }
            driver.receive_tweet(own);
            assert!(has_nothing_new(&driver), "{keys}\n{}", driver.screen());
        }
    }
    let mut driver = driver();
    driver.press("2");
    driver.receive_tweet(new_by(2, "by grace"));
    assert!(driver.shows("Home ▲1"), "{}", driver.screen());
}

#[test]
fn ones_own_tweet_does_not_move_a_reader_further_down() {
    let mut driver = driver();
    driver.press("j j j j j j");
    let line = |driver: &TuiDriver| driver.screen().lines().position(|line| line.contains('▌'));
    let before = (driver.state.selected().cloned(), line(&driver));
    driver.receive_tweet(new_by(1, "by me"));
    assert_eq!((driver.state.selected().cloned(), line(&driver)), before);
}

#[test]
fn the_tweets_of_an_account_that_one_follows_now_are_not_new() {
    let setup = Setup { username: Some("ada".into()), ..TuiDriver::setup(80, 24) };
    let mut driver = TuiDriver::with(setup, false);
    let later = std::mem::take(&mut driver.tweets);
    driver.connect(true);
    driver.press("5 j j j");
    driver.tweets = later;
    driver.press("F");
    assert!(driver.shows("You follow @yukari") && has_nothing_new(&driver), "{}", driver.screen());
    driver.receive_tweet(new_by(5, "written afterwards"));
    assert!(driver.shows("Home ▲1"), "{}", driver.screen());
}

#[test]
fn a_count_that_is_not_complete_says_so() {
    let mut driver = driver();
    driver.press("j j");
    let missed = (0..180).map(|n| v1::Tweet { id: id(0) + n, ..tweet(0, 2, "missed") });
    driver.tweets.splice(0..0, missed.collect::<Vec<_>>().into_iter().rev());
    driver.handle(Message::Link(client::State::Reconnecting { why: "gone".into() }));
    driver.handle(Message::Link(client::State::Connected));
    assert!(driver.shows("▲ 40+ new"), "{}", driver.screen());
    driver.press("2");
    assert!(driver.shows("1 Home ▲40+"), "{}", driver.screen());
}

/// Whether this notification was marked as read.
fn has_marked(driver: &TuiDriver, id: u64) -> bool {
    let marks = |op: &&Op| matches!(op, Op::MarkNotificationsRead(mark) if mark.ids.contains(&id));
    driver.requests().iter().any(marks)
}

#[test]
fn notifications_are_read_after_a_second_and_keep_their_mark_until_the_screen_is_left() {
    let mut driver = driver();
    driver.press("2").wait(900);
    assert!(!has_marked(&driver, id(3)) && driver.shows("Notifs ◆2"), "{}", driver.screen());
    driver.wait(100);
    assert!(has_marked(&driver, id(3)) && !driver.shows("Notifs ◆"), "{}", driver.screen());
    assert!(driver.shows("◆♥ @grace and @alan") && driver.shows("── Read up to here"), "{}", driver.screen());
    driver.press("1 2");
    assert!(!driver.shows("◆♥") && !driver.shows("Read up to here"), "{}", driver.screen());
}

#[test]
fn what_was_on_the_screen_for_a_moment_only_stays_unread_unless_it_was_opened() {
    let mut driver = driver();
    driver.press("2").wait(500).press("1").wait(5_000);
    assert!(!has_marked(&driver, id(3)) && driver.shows("Notifs ◆2"), "{}", driver.screen());
    driver.press("2 enter");
    assert!(has_marked(&driver, id(3)) && !driver.shows("Notifs ◆"), "{}", driver.screen());
}

#[test]
fn no_one_reads_in_a_terminal_without_the_focus() {
    let mut driver = driver();
    driver.handle(Message::Input(Event::Focus(false)));
    driver.press("2").wait(5_000);
    assert!(!has_marked(&driver, id(3)), "{}", driver.screen());
    driver.handle(Message::Input(Event::Focus(true)));
    driver.wait(1_000);
    assert!(has_marked(&driver, id(3)), "{}", driver.screen());
}

#[test]
fn a_notification_that_was_not_on_the_screen_stays_unread() {
    let mut driver = TuiDriver::new(80, 14);
    driver.press("2");
    for minutes in 20..30 {
        live_like_of(&mut driver, id(minutes), id(200 + minutes));
    }
    driver.wait(1_000);
    assert!(has_marked(&driver, id(3)) && !has_marked(&driver, id(20)), "{}", driver.screen());
    driver.press("G").wait(1_000);
    assert!(has_marked(&driver, id(29)) && !has_marked(&driver, id(20)), "{}", driver.screen());
}

#[test]
fn what_is_read_in_a_section_leaves_the_other_kinds_unread() {
    let mut driver = driver();
    driver.press("2 > > >");
    driver.receive_follow(id(1));
    driver.wait(1_000);
    assert!(has_marked(&driver, id(3)) && !has_marked(&driver, id(1)), "{}", driver.screen());
    assert!(driver.shows("[Likes]") && driver.shows("Notifs ◆1"), "{}", driver.screen());
}

fn live_like(driver: &mut TuiDriver, id: u64) {
    live_like_of(driver, id, driver::id(40));
}

fn live_like_of(driver: &mut TuiDriver, id: u64, tweet_id: u64) {
    let like = v1::Notification {
        id,
        kind: v1::NotificationKind::Like.into(),
        created_ms: NOW,
        account_id: 4,
        tweet_id,
        unread: true,
    };
    let account = Some(driver::account(4, "linus", ""));
    let live = v1::LiveNotification { notification: Some(like), account, tweet: None };
    driver.live(Topic::Notifications, LiveEvent::Notification(live));
}

#[test]
fn a_like_that_was_removed_leaves_the_list_and_the_count() {
    let mut driver = driver();
    driver.press("2");
    live_like(&mut driver, id(1));
    live_like(&mut driver, id(1));
    assert_eq!(driver.state.live.unread, 3, "an event that comes twice counts once");
    assert!(driver.shows("@linus, @grace and 1 other liked your tweet"), "{}", driver.screen());
    driver.live(Topic::Notifications, LiveEvent::Unread(v1::LiveUnread { unread: 2 }));
    assert!(!driver.shows("@linus") && driver.shows("Notifs ◆2"), "{}", driver.screen());
    assert!(driver.shows("@grace and @alan liked your tweet"), "{}", driver.screen());
}

#[test]
fn a_removed_like_is_no_longer_counted_and_its_row_says_that_it_was_removed() {
    let mut driver = driver();
    driver.press("2");
    live_like_of(&mut driver, id(1), id(9));
    driver.press("g g");
    assert!(driver.shows("▌◆♥ @linus liked your tweet"), "{}", driver.screen());
    driver.live(Topic::Notifications, LiveEvent::Unread(v1::LiveUnread { unread: 2 }));
    assert!(driver.shows("✕ This notification was removed"), "{}", driver.screen());
    driver.wait(2_000);
    let counts_again = |op: &&Op| matches!(op, Op::GetTweets(get) if get.tweet_ids.contains(&id(9)));
    assert!(driver.requests().iter().any(counts_again), "the tweet is loaded with its new count");
    driver.press("j");
    assert!(!driver.shows("removed") && !driver.shows("@linus"), "{}", driver.screen());
}

#[test]
fn ones_own_tweet_that_waited_for_a_connection_is_shown() {
    let mut driver = driver();
    driver.handle(Message::Link(client::State::Reconnecting { why: "gone".into() }));
    driver.tweets.insert(0, new_by(1, "by me"));
    driver.handle(Message::Link(client::State::Connected));
    assert!(driver.shows("by me") && has_nothing_new(&driver), "{}", driver.screen());
    // Of what others wrote meanwhile, the count says that it is there.
    let mut driver = self::driver();
    driver.handle(Message::Link(client::State::Reconnecting { why: "gone".into() }));
    driver.tweets.insert(0, new_by(2, "by grace"));
    driver.handle(Message::Link(client::State::Connected));
    assert!(!driver.shows("by grace") && driver.shows("▲ 1 new"), "{}", driver.screen());
}

/// A message of Grace arrives, so many minutes after now.
fn grace_writes(driver: &mut TuiDriver, minutes: i64) {
    let grace = Some(account(2, "grace", "Grace Hopper"));
    driver.last_message = message(-minutes, 2, "Are you there?");
    let message = Some(driver.last_message.clone());
    let live = v1::LiveMessage { message, author: grace.clone(), with: grace };
    driver.live(Topic::Conversations, LiveEvent::Message(live));
}

/// Another device of Ada has received the messages of Grace up to one, and read them up to one.
fn another_device(driver: &mut TuiDriver, delivered: u64, read: u64) {
    let account = driver.accounts.first().cloned();
    let marks = Some(v1::ReadReceipts { delivered, read, read_ms: NOW });
    let live = v1::LiveReadReceipts { conversation_id: 77, account, marks };
    driver.live(Topic::Conversations, LiveEvent::Marks(live));
}

fn asks_for_chats(driver: &TuiDriver) -> usize {
    driver.requests().iter().filter(|op| matches!(op, Op::ListConversations(_))).count()
}

#[test]
fn a_chat_that_is_read_on_another_device_is_no_longer_unread() {
    let mut driver = driver();
    driver.press("3");
    assert!(driver.shows("Chats ◆1") && driver.shows("1 unread"), "{}", driver.screen());
    another_device(&mut driver, id(4), id(4));
    assert!(!driver.shows("Chats ◆") && !driver.shows("1 unread"), "{}", driver.screen());
    assert!(!driver.shows("1 new"), "{}", driver.screen());
    for minutes in [1, 2] {
        grace_writes(&mut driver, minutes);
        assert!(driver.shows("Chats ◆1"), "{}", driver.screen());
        another_device(&mut driver, id(-minutes), id(-minutes));
        assert!(!driver.shows("Chats ◆"), "{}", driver.screen());
    }
    // The other device may be faster than the message.
    another_device(&mut driver, id(-3), id(-3));
    grace_writes(&mut driver, 3);
    assert!(!driver.shows("Chats ◆"), "{}", driver.screen());
}

#[test]
fn a_chat_that_is_partly_read_on_another_device_has_the_count_of_the_server() {
    let mut driver = driver();
    for minutes in [1, 2, 3] {
        grace_writes(&mut driver, minutes);
    }
    assert!(driver.shows("Chats ◆4"), "{}", driver.screen());
    let before = asks_for_chats(&driver);
    another_device(&mut driver, id(-3), 0);
    assert_eq!(asks_for_chats(&driver), before, "nothing was read");
    driver.unread_messages = 2;
    another_device(&mut driver, id(-3), id(-1));
    assert_eq!(asks_for_chats(&driver), before + 1);
    assert!(driver.shows("Chats ◆2"), "{}", driver.screen());
}

#[test]
fn what_the_other_side_reads_changes_no_count() {
    let mut driver = driver();
    let grace = Some(account(2, "grace", "Grace Hopper"));
    let marks = Some(v1::ReadReceipts { delivered: id(0), read: id(0), read_ms: NOW });
    let live = v1::LiveReadReceipts { conversation_id: 77, account: grace, marks };
    driver.live(Topic::Conversations, LiveEvent::Marks(live));
    assert!(driver.shows("Chats ◆1"), "{}", driver.screen());
}

#[test]
fn a_chat_that_the_server_no_longer_lists_is_not_counted() {
    let mut driver = driver();
    driver.is_new = true;
    driver.handle(Message::Link(client::State::Reconnecting { why: "gone".into() }));
    driver.handle(Message::Link(client::State::Connected));
    assert!(!driver.shows("Chats ◆"), "{}", driver.screen());
}

#[test]
fn a_chat_that_was_left_before_it_was_loaded_stays_unread() {
    let mut driver = driver();
    driver.press("3");
    driver.responds = false;
    driver.press("enter esc esc 1");
    driver.responds = true;
    driver.respond_to_all();
    let marks = |op: &&Op| matches!(op, Op::MarkConversation(mark) if mark.read > 0);
    assert!(!driver.requests().iter().any(marks), "the server was not told");
    assert!(driver.shows("Chats ◆1"), "{}", driver.screen());
}

#[test]
fn the_chat_that_is_open_is_read_when_the_reader_is_back() {
    let mut driver = driver();
    driver.press("3 enter");
    driver.handle(Message::Input(Event::Focus(false)));
    grace_writes(&mut driver, 1);
    assert!(driver.shows("Chats ◆1"), "{}", driver.screen());
    driver.handle(Message::Input(Event::Focus(true)));
    assert!(!driver.shows("Chats ◆"), "{}", driver.screen());
    let marks = |op: &&Op| matches!(op, Op::MarkConversation(mark) if mark.read == id(-1));
    assert!(driver.requests().iter().any(marks));
}
