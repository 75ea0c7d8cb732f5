//! Empty lists and pages that could not be loaded, drafts and the outbox, and the log.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod driver;

use driver::{TuiDriver, tweet};
use mini_tweet_tui::message::{Effect, LocalItem, Message};
use mini_tweet_tui::route::Route;
use mini_tweet_tui::row::Row;
use mini_tweet_tui::state::Setup;
use protocol::v1;
use protocol::v1::request::Op;

#[test]
fn a_new_home_feed_offers_people_hashtags_and_ways_to_begin() {
    let mut driver = TuiDriver::newcomer(80, 24);
    for text in [
        "Welcome to Gardeners.",
        "People to follow",
        "@alan",
        "Hashtags",
        "#rust",
        "Read everyone's public tweets",
        "Write your first tweet",
    ] {
        assert!(driver.shows(text), "{text}\n{}", driver.screen());
    }
    assert!(matches!(driver.state.selected(), Some(Row::Person(_))), "a person is selected");
    driver.press("G enter");
    assert!(driver.state.composer.is_some(), "{}", driver.screen());
}

#[test]
fn suggestions_stay_below_the_first_tweets_until_three_people_are_followed() {
    let mut driver = TuiDriver::newcomer(80, 40);
    driver.receive_tweet(tweet(0, 2, "hello"));
    assert!(driver.shows("hello") && driver.shows("People to follow"), "{}", driver.screen());
    driver.following = 3;
    driver.press("ctrl-l").wait(60_000);
    assert!(driver.shows("hello") && !driver.shows("People to follow"), "{}", driver.screen());
}

#[test]
fn the_first_tweet_of_a_new_home_feed_is_shown_whole() {
    for author in [1, 2] {
        let mut driver = TuiDriver::newcomer(80, 24);
        let selected = driver.state.selected().cloned();
        driver.receive_tweet(tweet(0, author, "Good morning! The first words of a new account."));
        let name = if author == 1 { "@ada" } else { "@grace" };
        let line = driver.screen().lines().nth(2).unwrap().to_owned();
        assert!(line.contains(name), "{author}\n{}", driver.screen());
        assert!(driver.shows("Good morning!"), "{}", driver.screen());
        assert_eq!(driver.state.selected().cloned(), selected);
    }
}

#[test]
fn a_suggestion_can_be_dismissed() {
    let mut driver = TuiDriver::newcomer(80, 24);
    driver.press("g g");
    assert!(driver.shows("▌ ◐ @alan"), "{}", driver.screen());
    driver.press("-");
    assert!(!driver.shows("◐ @alan "), "{}", driver.screen());
    assert!(
        driver.requests().iter().any(|op| matches!(op, Op::DismissSuggestion(one) if one.username == "alan"))
    );
}

#[test]
fn what_takes_the_place_of_items_goes_when_they_come() {
    let mut driver = TuiDriver::newcomer(80, 24);
    driver.press("g l");
    assert!(driver.shows("No one has tweeted here yet.") && driver.shows("Write the first tweet"));
    let new = tweet(0, 2, "the first one");
    let live = protocol::v1::LiveTweet {
        tweet: Some(new),
        referenced: Vec::new(),
        accounts: driver.accounts.clone(),
    };
    driver.live(mini_tweet_tui::message::Topic::Local, protocol::v1::event::Event::TweetPosted(live));
    assert!(driver.shows("the first one") && !driver.shows("Write the first tweet"), "{}", driver.screen());
}

#[test]
fn every_empty_screen_says_why_and_leads_on() {
    for (keys, why, onward) in [
        ("g m", "You haven't tweeted yet.", Some("Write the first tweet")),
        ("g b", "s bookmarks a tweet. Only you can see it.", Some("Home")),
        ("g f", "f likes a tweet.", Some("Local")),
        ("g / text:printr enter", "No tweets with “printr”.", Some("People with “printr”")),
        ("g d", "Unsent drafts appear here.", None),
        ("# text:nothing enter", "No tweets with #nothing yet.", Some("Write a tweet")),
    ] {
        let mut driver = TuiDriver::newcomer(80, 24);
        driver.press(keys);
        assert!(driver.shows(why), "{keys}\n{}", driver.screen());
        assert!(onward.is_none_or(|text| driver.shows(text)), "{keys}\n{}", driver.screen());
        if onward.is_some() {
            let before = driver.state.route().clone();
            driver.press("enter");
            assert!(
                *driver.state.route() != before || driver.state.composer.is_some(),
                "Enter leads on: {keys}\n{}",
                driver.screen()
            );
        }
    }
}

#[test]
fn a_page_that_could_not_be_loaded_is_a_row_that_loads_it() {
    let mut driver = TuiDriver::new(80, 24);
    driver.refusal = Some(model::Error::Busy);
    driver.press("g b");
    assert!(driver.shows("✕ Could not load: the server is busy · Enter to retry"), "{}", driver.screen());
    driver.press("enter");
    assert!(driver.shows("nanosecond") && !driver.shows("Could not load"), "{}", driver.screen());
}

#[test]
fn no_technical_text_is_on_a_screen_but_the_log_has_it() {
    let mut driver = TuiDriver::new(80, 24);
    driver.responds = false;
    driver.press("g b");
    let (purpose, _) =
        driver.waiting.iter().find(|(_, op)| matches!(op, Op::ReadTimeline(_))).cloned().unwrap();
    let error = client::ClientError::Unreachable {
        endpoint: "tweets.example.org:4280".into(),
        reason: "Connection refused (os error 111)".into(),
    };
    driver.handle(Message::Answered(purpose, Err(error)));
    assert!(driver.shows("Could not load: cannot reach tweets.example.org:4280"), "{}", driver.screen());
    assert!(!driver.shows("os error"), "{}", driver.screen());
    driver.press(": text:log enter enter");
    assert!(driver.shows("Connection refused"), "{}", driver.screen());
}

#[test]
fn what_was_never_loaded_is_not_called_empty() {
    let mut driver = TuiDriver::new(80, 24);
    driver.handle(Message::Link(client::State::Reconnecting { why: "gone".into() }));
    driver.responds = false;
    driver.press("g b");
    driver.wait(1_000);
    assert!(!driver.shows("bookmarks a tweet"), "{}", driver.screen());
}

#[test]
fn without_a_connection_there_are_simply_no_drafts() {
    let setup = Setup { username: Some("ada".into()), ..TuiDriver::setup(80, 24) };
    let mut driver = TuiDriver::with(setup, false);
    driver.press("g d");
    assert!(driver.shows("Unsent drafts appear here."), "{}", driver.screen());
}

#[test]
fn loading_is_shown_only_if_it_takes_a_while() {
    let mut driver = TuiDriver::new(80, 24);
    driver.responds = false;
    driver.press("g b");
    assert!(!driver.shows("Loading…"), "{}", driver.screen());
    let at = mini_tweet_tui::update::deadline(&driver.state).unwrap();
    assert!(at <= driver.now + 150, "the screen is drawn again in time");
    driver.wait(150);
    assert!(driver.shows("Loading…"), "{}", driver.screen());
}

// Drafts and the outbox.

#[test]
fn a_draft_is_sent_or_discarded_from_the_list_and_discarding_can_be_undone() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("c text:unfinished esc g d");
    assert!(driver.shows("Drafts · 1") && driver.shows("- discard"), "{}", driver.screen());
    driver.press("-");
    assert!(driver.shows("Unsent drafts appear here."), "{}", driver.screen());
    assert!(driver.effects.contains(&Effect::Drop(LocalItem::Draft("new".into()))));
    driver.press("u");
    assert!(driver.shows("unfinished"), "{}", driver.screen());
    driver.press("esc g d +").wait(20_000);
    assert!(driver.requests().iter().any(|op| matches!(op, Op::Post(post) if post.text == "unfinished")));
}

#[test]
fn a_new_draft_above_the_selected_one_is_on_the_screen() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("r text:an_answer esc g d g h c text:new_words esc g d");
    assert!(driver.shows("Drafts · 2") && driver.shows("new words"), "{}", driver.screen());
    // While the list is open, what is written there is shown too.
    let mut driver = TuiDriver::new(80, 24);
    driver.press("r text:an_answer esc g d c text:new_words esc");
    assert!(driver.shows("Drafts · 2") && driver.shows("new words"), "{}", driver.screen());
    assert!(driver.shows("▌   @linus an answer"), "the selection stays\n{}", driver.screen());
}

#[test]
fn what_was_bookmarked_since_is_on_the_screen_when_the_list_is_opened_again() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("g b g h");
    let first = driver.tweets[0].clone();
    driver
        .tweets
        .insert(0, v1::Tweet { id: first.id + 1, text: "kept for later".into(), bookmarked: true, ..first });
    driver.press("g b");
    assert!(driver.shows("kept for later"), "{}", driver.screen());
}

#[test]
fn the_outbox_says_what_each_text_waits_for() {
    let mut driver = TuiDriver::new(80, 24);
    driver.refusal = Some(model::Error::not_found("tweet"));
    driver.press("r text:refused ctrl-s").wait(20_000);
    driver.handle(Message::Link(client::State::Reconnecting { why: "gone".into() }));
    driver.press("c text:later ctrl-s").wait(20_000);
    driver.press("g d");
    for text in
        ["Waiting for the connection · 1", "sent when you are back online", "Not sent · 1", "✕ there is no"]
    {
        assert!(driver.shows(text), "{text}\n{}", driver.screen());
    }
}

#[test]
fn the_beginning_of_a_long_text_ends_in_one_sign() {
    for width in 40..60 {
        let mut driver = TuiDriver::new(width, 14);
        driver
            .press("c text:Shipping_tonight,_the_queue_drains_in_40_ms_and_then_some_more esc g d")
            .wait(60_000);
        assert!(driver.shows("…") && !driver.shows("……"), "{width}\n{}", driver.screen());
    }
}

#[test]
fn a_text_that_is_held_is_sent_at_once_when_that_is_asked_for() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("c text:now ctrl-s g d");
    assert!(driver.shows("Sending · 1"), "{}", driver.screen());
    driver.press("+");
    assert!(driver.requests().iter().any(|op| matches!(op, Op::Post(post) if post.text == "now")));
}

// The log and the doctor.

#[test]
fn the_log_has_failures_and_what_was_sent_but_no_likes() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("f c text:hello ctrl-s").wait(20_000);
    driver.handle(Message::Link(client::State::Reconnecting { why: "reset by peer".into() }));
    driver.wait(4_000);
    driver.handle(Message::Link(client::State::Connected));
    driver.press(": text:log enter");
    for text in
        ["Reconnected after 4 s", "Connection lost", "Sent your tweet", "Signed in as @ada on Gardeners"]
    {
        assert!(driver.shows(text), "{text}\n{}", driver.screen());
    }
    assert!(!driver.shows("Liked") && !driver.shows("reset by peer"), "{}", driver.screen());
    driver.press("j y t");
    let is_copied =
        |effect: &Effect| matches!(effect, Effect::Terminal(bytes) if bytes.starts_with("\u{1b}]52;"));
    assert!(driver.effects.iter().any(is_copied));
}

#[test]
fn the_doctor_counts_what_needs_attention_and_says_what_to_do() {
    let mut driver = TuiDriver::new(80, 24);
    driver.state.terminal.capabilities.has_answered = true;
    driver.press(": text:doctor enter");
    for text in ["Doctor · 2 warnings", "! Whole frames", "frames may flicker", "harmless", "✓ Server"] {
        assert!(driver.shows(text), "{text}\n{}", driver.screen());
    }
    let asked_again = driver.effects.len();
    driver.press("ctrl-l");
    let asks = |effect: &Effect| matches!(effect, Effect::Terminal(bytes) if bytes.contains("\u{1b}[c"));
    assert!(driver.effects[asked_again..].iter().any(asks), "the terminal is asked again");
}

#[test]
fn an_announcement_is_dismissed_where_it_is_read() {
    let mut driver = TuiDriver::new(80, 24);
    driver.info.announcements = vec![driver::announcement(5, "Maintenance tonight")];
    driver.info.description = "Be kind.".into();
    driver.press("g a");
    assert!(driver.shows("Announcements · 1 new") && driver.shows("Be kind."), "{}", driver.screen());
    driver.press("-");
    assert!(driver.shows("Maintenance tonight") && !driver.shows("1 new"), "{}", driver.screen());
    assert_eq!(*driver.state.route(), Route::About);
}

#[test]
fn someone_alone_is_offered_only_what_is_there() {
    let setup = Setup { username: Some("ada".into()), ..TuiDriver::setup(80, 24) };
    let mut driver = TuiDriver::with(setup, false);
    driver.tweets.clear();
    driver.accounts.truncate(1);
    driver.following = 0;
    driver.responds = false;
    driver.connect(true);
    driver.state.screen_mut().phase = mini_tweet_tui::state::Phase::Ready;
    driver.press("2 1");
    assert!(
        driver.shows("Your home feed fills up") && driver.shows("Write your first"),
        "{}",
        driver.screen()
    );
    assert!(!driver.shows("follows the selected person"), "{}", driver.screen());
    assert!(!driver.screen().lines().any(|line| line.trim() == "Or"), "{}", driver.screen());
}

#[test]
fn a_new_home_feed_begins_with_people_whatever_is_loaded_first() {
    let setup = Setup { username: Some("ada".into()), ..TuiDriver::setup(80, 24) };
    let mut driver = TuiDriver::with(setup, false);
    driver.tweets.clear();
    driver.following = 0;
    driver.responds = false;
    driver.connect(true);
    let trends = |op: &Op| matches!(op, Op::GetTrends(_) | Op::ReadTimeline(_) | Op::GetProfile(_));
    let (first, last): (Vec<_>, Vec<_>) =
        std::mem::take(&mut driver.waiting).into_iter().partition(|(_, op)| trends(op));
    driver.responds = true;
    for part in [first, last] {
        driver.waiting.extend(part);
        driver.wait(10);
    }
    assert!(matches!(driver.state.selected(), Some(Row::Person(_))), "{}", driver.screen());
}
