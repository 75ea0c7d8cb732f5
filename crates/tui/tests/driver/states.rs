//! The states that a screen can be in: of the connection, of what is loaded, and of what the user has just done.

use client::State as Connection;
use mini_tweet_tui::message::{Message, Topic};
use mini_tweet_tui::state::Setup;
use protocol::v1;
use protocol::v1::event::Event as LiveEvent;
use terminal::key::Event;

use super::screens::{Opened, Screen, Start};
use super::{TuiDriver, account, announcement, id, message, tweet};

/// All screens and states.
pub(crate) fn everything() -> impl Iterator<Item = Screen> {
    super::screens::screens().chain(states())
}

/// All states.
pub(crate) fn states() -> impl Iterator<Item = Screen> {
    let all = CONNECTION.into_iter().chain(EMPTY).chain(ACTIONS).chain(CONTENTS);
    all.map(|(name, open)| Screen::new(name, open))
}

const CONNECTION: [Opened; 10] = [
    ("connecting", |start| TuiDriver::with(start.setup(), false)),
    ("loading", |start| {
        let mut driver = start.ada();
        driver.responds = false;
        driver.press("g b").wait(200);
        driver
    }),
    ("loading_again", |start| {
        let mut driver = start.ada();
        driver.responds = false;
        driver.press("ctrl-l").wait(200);
        driver
    }),
    ("slow", |start| {
        let mut driver = start.ada();
        driver.responds = false;
        driver.press("g b").wait(3_000).handle(Message::Link(Connection::Late));
        driver
    }),
    ("reconnecting", |start| lost(start.ada())),
    ("offline", |start| {
        let mut driver = start.ada();
        driver.handle(Message::Link(Connection::Stopped(client::ClientError::TimedOut {
            endpoint: "tweets.example.org:4280".into(),
        })));
        driver
    }),
    ("never_loaded", |start| pressed(lost(start.ada()), "g b")),
    ("failed_page", |start| {
        let mut driver = start.ada();
        driver.refusal = Some(model::Error::Busy);
        driver.press("g b");
        driver
    }),
    ("read_only", |start| connected(Setup { is_read_only: true, ..start.setup() })),
    ("two_accounts", |start| {
        let others = vec!["work@works.example:4280".into()];
        let mut driver = connected(Setup { others, ..start.setup() });
        driver.handle(Message::UnreadElsewhere("work@works.example:4280".into(), Some(2)));
        driver
    }),
];

const EMPTY: [Opened; 19] = [
    ("empty_home", |start| new(start, "down")),
    ("empty_local", |start| new(start, "g l")),
    ("empty_own_tweets", |start| new(start, "g m")),
    ("empty_bookmarks", |start| new(start, "g b")),
    ("empty_liked", |start| new(start, "g f")),
    ("empty_hashtag", |start| new(start, "# text:nothing enter")),
    ("empty_search", |start| new(start, "g / text:printr enter")),
    ("empty_search_of_people", |start| new(start, "g / text:printr enter >")),
    ("empty_filter", |start| pressed(start.ada(), "/ text:printr enter")),
    ("empty_notifications", |start| new(start, "2")),
    ("empty_chats", |start| new(start, "3")),
    ("empty_conversation", |start| {
        let mut driver = start.ada();
        driver.has_no_messages = true;
        driver.press("@ text:grace enter C");
        driver
    }),
    ("empty_tags", |start| new(start, "4")),
    ("empty_followers", |start| new(start, "5 > >")),
    ("empty_muted", |start| new(start, ": text:muted enter")),
    ("empty_blocked", |start| new(start, ": text:blocked enter")),
    ("empty_online", |start| new(start, "6")),
    ("empty_drafts", |start| new(start, "g d")),
    ("empty_keys", |start| new(start, ": text:keys enter")),
];

const ACTIONS: [Opened; 18] = [
    ("message_over_a_list", |start| pressed(start.ada(), "f")),
    ("error_over_a_list", |start| pressed(start.ada(), ": text:theme_nothing enter")),
    ("long_error_over_a_list", |start| {
        let mut driver = start.ada();
        let rule = "people who do not follow you cannot be written to in the first week of an account";
        driver.state.complain(format!("Not sent: {rule}; edit it in the outbox"));
        driver
    }),
    ("message_over_a_composer", |start| {
        let mut driver = start.after("c text:hello");
        receive_message(&mut driver);
        driver
    }),
    ("message_over_completions", |start| {
        let mut driver = start.after("c text:hello_@gr");
        receive_message(&mut driver);
        driver
    }),
    ("too_long", |start| {
        let mut driver = start.after("c");
        driver.handle(Message::Input(Event::Paste { text: "x".repeat(501), is_cut: false }));
        driver.press("ctrl-s");
        driver
    }),
    ("undo_after_a_message", |start| {
        let mut driver = pressed(start.ada(), "f");
        driver.wait(9_000);
        driver
    }),
    ("pending_like", |start| pressed(lost(start.ada()), "f")),
    ("refused_like", |start| {
        let mut driver = start.ada();
        driver.refusal = Some(model::Error::forbidden("you block this account"));
        driver.press("f");
        driver
    }),
    ("held_tweet", |start| pressed(start.ada(), "c text:hello ctrl-s")),
    ("held_tweet_in_the_outbox", |start| pressed(start.ada(), "c text:hello ctrl-s g d")),
    ("held_message", |start| pressed(start.ada(), "3 enter text:on_my_way enter")),
    ("held_deletion", |start| pressed(start.ada(), "g m d")),
    ("held_removal", |start| pressed(start.ada(), "5 R")),
    ("waiting_tweet", |start| {
        let mut driver = pressed(lost(start.ada()), "c text:hello ctrl-s");
        driver.wait(20_000);
        driver
    }),
    ("refused_message_edit", |start| {
        let mut driver = pressed(start.ada(), "3 enter up text:! enter esc");
        driver.refusal = Some(model::Error::forbidden("you block this account"));
        driver.wait(20_000);
        driver
    }),
    ("deleted_under_the_selection", |start| {
        let mut driver = pressed(start.ada(), "j");
        let deleted = v1::TweetDeleted { tweet_id: id(9) };
        driver.live(Topic::Home, LiveEvent::TweetDeleted(deleted));
        driver
    }),
    ("quitting", |start| pressed(start.ada(), "ctrl-c")),
];

const CONTENTS: [Opened; 9] = [
    ("new_tweets_above", |start| {
        let mut driver = pressed(start.ada(), "j j");
        for n in 1..4 {
            driver.receive_tweet(v1::Tweet { id: id(0) + n, ..tweet(0, 2, "while you read") });
        }
        driver
    }),
    ("gap", gap),
    ("read_line", |start| {
        connected(Setup { read_lines: [("home".to_owned(), id(9))].into(), ..start.setup() })
    }),
    ("read_line_of_a_chat", |start| {
        let mut driver = pressed(start.ada(), "3 enter esc");
        driver.press("g h");
        receive_message(&mut driver);
        driver.wait(9_000).press("3 enter");
        driver
    }),
    ("long_usernames", |start| {
        let mut driver = TuiDriver::with(start.setup(), false);
        driver.accounts[1].username = "a_username_of_thirty_character".to_owned();
        driver.accounts[3].username = "another_one_of_thirty_letters_".to_owned();
        driver.connect(true);
        driver.wait(9_000);
        driver
    }),
    ("long_usernames_of_people", |start| {
        let mut driver = TuiDriver::with(start.setup(), false);
        driver.accounts[1].username = "a_username_of_thirty_character".to_owned();
        driver.accounts[3].username = "another_one_of_thirty_letters_".to_owned();
        driver.connect(true);
        driver.wait(9_000).press("5");
        driver
    }),
    ("wide_characters", |start| {
        let mut driver = TuiDriver::with(start.setup(), false);
        driver.accounts.push(account(6, "emoji", "👩‍👩‍👧‍👦 🏳️‍🌈 日本語の名前がとても長い人です"));
        let family = "👩‍👩‍👧‍👦 👩🏽‍🚀 🏳️‍🌈 🇩🇪🇫🇷 ❤️ #️⃣ 日本語のとても長いツイートです。改行なしでどこまでも続きます。";
        driver.tweets.insert(0, tweet(1, 6, family));
        driver.connect(true);
        driver.wait(9_000);
        driver
    }),
    ("counts_over_99", |start| {
        let mut driver = start.ada();
        driver.state.live.unread = 100;
        driver
    }),
    ("announcement", |start| {
        let mut driver = TuiDriver::with(start.setup(), false);
        driver.info.announcements = vec![announcement(5, "We restart at 18:00")];
        driver.connect(true);
        driver.wait(60_000);
        driver
    }),
];

fn connected(setup: Setup) -> TuiDriver {
    let mut driver = TuiDriver::with(setup, true);
    driver.wait(9_000);
    driver
}

fn lost(mut driver: TuiDriver) -> TuiDriver {
    driver.handle(Message::Link(Connection::Reconnecting { why: "the server went away".into() }));
    driver.responds = false;
    driver
}

fn pressed(mut driver: TuiDriver, keys: &str) -> TuiDriver {
    driver.press(keys);
    driver
}

/// Ada alone on a server on which nothing has happened yet, after these keys.
fn new(start: Start<'_>, keys: &str) -> TuiDriver {
    let mut driver = TuiDriver::with(start.setup(), false);
    driver.tweets.clear();
    driver.online.clear();
    driver.is_new = true;
    driver.following = 0;
    driver.connect(true);
    driver.wait(60_000).press(keys).wait(200);
    driver
}

/// Grace sends a message.
fn receive_message(driver: &mut TuiDriver) {
    let grace = driver.accounts.get(1).cloned();
    let new = v1::DirectMessage { id: id(0) + 1, ..message(0, 2, "Bring cables") };
    let live = v1::LiveMessage { message: Some(new), author: grace.clone(), with: grace };
    driver.live(Topic::Conversations, LiveEvent::Message(live));
}

/// Tweets between two pages that are not loaded.
fn gap(start: Start<'_>) -> TuiDriver {
    let mut driver = pressed(start.ada(), "j j");
    let missed = (0..100).map(|n| v1::Tweet { id: id(0) + n, ..tweet(0, 2, &format!("missed {n}")) });
    driver.tweets.splice(0..0, missed.rev());
    driver.handle(Message::Link(Connection::Reconnecting { why: "gone".into() }));
    driver.handle(Message::Link(Connection::Connected));
    driver.press("k k k").wait(9_000);
    driver
}
