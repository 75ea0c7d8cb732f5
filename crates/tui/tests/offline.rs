//! Without a connection: cached pages are shown with their age.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod driver;

use driver::plain::PlainDriver;
use driver::{MINUTE, NOW, TuiDriver, id, tweet};
use mini_tweet_tui::message::{Effect, LocalItem, Message, Purpose};
use mini_tweet_tui::page::Page;
use mini_tweet_tui::route::{PageSelector, ProfileTab, Route};
use mini_tweet_tui::state::Setup;
use protocol::v1;
use protocol::v1::request::Op;
use protocol::v1::response::Result as Answer;

/// Twelve minutes after the pages were cached.
const LATER: i64 = 12 * MINUTE + 10_000;

/// The pages that a client caches on the way of these keys.
fn cached_pages(keys: &str) -> Vec<(String, Page)> {
    let mut driver = TuiDriver::new(80, 24);
    driver.press(keys).wait(2_000);
    let page = |effect| match effect {
        Effect::Save(LocalItem::Page(name), bytes) => Some((name, Page::decode(&bytes).unwrap())),
        _ => None,
    };
    driver.effects.into_iter().filter_map(page).collect()
}

/// A client of Ada twelve minutes later, without a connection, with cached pages.
fn without_connection(cached: &[(String, Page)]) -> TuiDriver {
    let home = cached.iter().find(|(name, _)| name == "home").map(|(_, page)| page.clone());
    let setup = Setup { username: Some("ada".into()), home, now: NOW + LATER, ..TuiDriver::setup(80, 24) };
    let mut driver = TuiDriver::with(setup, false);
    driver.now = NOW + LATER;
    let endpoint = "a.org".to_owned();
    driver.handle(Message::Unreachable(client::ClientError::Unreachable {
        endpoint,
        reason: "no route".into(),
    }));
    driver
}

/// Reads the cached pages that the client asks for.
fn recall(driver: &mut TuiDriver, cached: &[(String, Page)]) {
    let wanted: Vec<(Purpose, String)> = std::mem::take(&mut driver.effects)
        .into_iter()
        .filter_map(
            |effect| if let Effect::Recall(purpose, name) = effect { Some((purpose, name)) } else { None },
        )
        .collect();
    for (purpose, name) in wanted {
        if let Some((_, page)) = cached.iter().rev().find(|(other, _)| *other == name) {
            driver.handle(Message::Recalled(purpose, Box::new(page.clone())));
        }
    }
}

#[test]
fn cached_pages_are_shown_with_their_age() {
    let cached = cached_pages("g n g c g t g l g p");
    let mut driver = without_connection(&cached);
    assert!(driver.shows("saved 12 min ago") && driver.shows("Shipping tonight"), "{}", driver.screen());
    for (keys, shows) in
        [("g n", "followed you"), ("g t", "#rust"), ("g l", "Shipping tonight"), ("g p", "I like")]
    {
        driver.press(keys);
        recall(&mut driver, &cached);
        assert!(driver.shows(shows) && driver.shows("saved 12 min ago"), "{keys}: {}", driver.screen());
    }
    // A screen that was never loaded is not cached.
    driver.press("g b");
    recall(&mut driver, &cached);
    assert!(!driver.shows("saved "), "{}", driver.screen());
}

#[test]
fn no_one_is_shown_as_online_without_a_connection() {
    let mut driver = TuiDriver::new(120, 40);
    assert!(driver.shows("● Grace") || driver.shows("● @grace"), "{}", driver.screen());
    driver.handle(Message::Link(client::State::Reconnecting { why: "gone".into() }));
    assert!(!driver.shows("● Grace") && !driver.shows("● @grace"), "{}", driver.screen());
    assert!(driver.shows("saved just now"), "{}", driver.screen());
}

#[test]
fn cached_pages_are_loaded_again_with_a_connection() {
    let cached = cached_pages("g n");
    let mut driver = without_connection(&cached);
    driver.press("g n");
    recall(&mut driver, &cached);
    driver.press("g h");
    driver.tweets.insert(0, tweet(-5, 2, "while you were away"));
    driver.connect(true);
    assert!(!driver.shows("saved "), "{}", driver.screen());
    assert!(driver.state.entities.tweet(id(-5)).is_some(), "while you were away");
    let before = driver.requests().len();
    driver.press("g n");
    assert!(driver.requests().len() > before, "notifications are asked for");
    assert!(!driver.shows("saved "), "{}", driver.screen());
}

#[test]
fn a_cached_page_never_replaces_a_response() {
    let mut driver = TuiDriver::new(80, 24);
    let page = v1::TweetPage { tweets: vec![tweet(1, 2, "old")], ..v1::TweetPage::default() };
    let purpose = Purpose::Fill(Route::Home, PageSelector::Newest);
    let page = Page { received_ms: NOW - MINUTE, result: Answer::TweetPage(page) };
    driver.handle(Message::Recalled(purpose, Box::new(page)));
    assert!(!driver.shows("saved ") && driver.shows("Shipping tonight"), "{}", driver.screen());
}

#[test]
fn nothing_is_cached_over_ssh_or_after_signing_out() {
    let mut setup = Setup { username: Some("ada".into()), ..TuiDriver::setup(80, 24) };
    setup.capabilities.is_local = false;
    let mut driver = TuiDriver::with(setup, true);
    driver.press("g n g l");
    assert!(!driver.saved().iter().any(|what| matches!(what, LocalItem::Page(_))));

    let mut driver = TuiDriver::new(80, 24);
    driver.press(": text:log-out enter 2");
    assert!(driver.effects.contains(&Effect::Drop(LocalItem::Pages)), "{:?}", driver.effects.last());
}

#[test]
fn replies_are_a_tab_of_a_profile() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("g p >");
    assert!(
        matches!(driver.state.route(), Route::Profile(_, ProfileTab::Replies)),
        "{:?}",
        driver.state.route()
    );
    assert!(
        driver.shows("[Replies]") && driver.shows("who writes the reader") && !driver.shows("Note number"),
        "{}",
        driver.screen()
    );
}

fn lose(driver: &mut TuiDriver) {
    driver.handle(Message::Link(client::State::Reconnecting { why: "gone".into() }));
}

fn reconnect(driver: &mut TuiDriver) {
    driver.handle(Message::Link(client::State::Connected));
}

#[test]
fn what_was_done_without_a_connection_is_shown_as_waiting_and_stays() {
    for (before, keys, waiting, done) in [
        ("g g", "f", "♥ 4 … (you)", "♥ 4 (you)"),
        ("g g", "b", "↻ 2 … (you)", "↻ 2 (you)"),
        ("g g", "s", "★ …", "★"),
        ("5 j j j", "F", "you follow …", "you follow"),
    ] {
        let mut driver = TuiDriver::new(80, 24);
        driver.press(before);
        lose(&mut driver);
        driver.responds = false;
        driver.press(keys);
        assert!(driver.shows(waiting), "{keys}\n{}", driver.screen());
        reconnect(&mut driver);
        // Reads may overtake changes.
        let action = driver.waiting.iter().position(|(purpose, _)| matches!(purpose, Purpose::UserAction(_)));
        let action = driver.waiting.remove(action.unwrap()).unwrap();
        driver.waiting.push_back(action);
        driver.responds = true;
        driver.respond_to_all();
        driver.wait(1_000);
        let row = driver.screen();
        assert!(row.contains(done) && !row.contains(waiting), "{keys}\n{row}");
    }
}

#[test]
fn an_action_is_requested_again_after_a_long_time_without_a_connection() {
    let mut driver = TuiDriver::new(80, 24);
    let likes = |driver: &TuiDriver| {
        driver.requests().iter().filter(|op| matches!(op, protocol::v1::request::Op::Like(_))).count()
    };
    lose(&mut driver);
    driver.responds = false;
    driver.press("f");
    let (purpose, _) = driver.waiting.pop_back().unwrap();
    let error = client::ClientError::TimedOut { endpoint: "a.org".into() };
    driver.handle(Message::Answered(purpose, Err(error)));
    assert!(driver.shows("♥ 4 … (you)"), "{}", driver.screen());
    assert_eq!(likes(&driver), 1);
    driver.responds = true;
    reconnect(&mut driver);
    assert_eq!(likes(&driver), 2);
    driver.wait(1_000);
    assert!(driver.shows("♥ 4 (you)") && !driver.shows("… (you)"), "{}", driver.screen());
}

#[test]
fn who_is_online_is_right_after_the_connection_is_back() {
    // On the screen, on another one, and on the screen since it was lost.
    for (before, during) in [("6", ""), ("", ""), ("", "6"), ("6 1", "6")] {
        let mut driver = TuiDriver::new(80, 24);
        if !before.is_empty() {
            driver.press(before);
        }
        lose(&mut driver);
        driver.responds = false;
        if !during.is_empty() {
            driver.press(during);
        }
        assert!(!driver.shows("6 Online 3"), "{}", driver.screen());
        driver.online = vec![3, 4, 5];
        driver.responds = true;
        reconnect(&mut driver);
        driver.press("6");
        let screen = driver.screen();
        assert!(screen.contains("6 Online 4") && screen.contains("@linus"), "{before} {during}\n{screen}");
        assert!(!screen.contains("@grace"), "{before} {during}\n{screen}");
        assert_eq!(screen.matches("○").count(), 0, "{screen}");
    }
}

#[test]
fn a_server_that_does_not_respond_is_shown_at_once() {
    let mut driver = TuiDriver::new(80, 24);
    driver.responds = false;
    driver.press("g b");
    driver.handle(Message::Link(client::State::Late));
    assert!(driver.shows("waiting…") && !driver.shows("live"), "{}", driver.screen());
    assert!(driver.shows("Waiting for the server…") && !driver.shows("Loading"), "{}", driver.screen());
    driver.responds = true;
    driver.respond_to_all();
    driver.handle(Message::Link(client::State::Connected));
    assert!(driver.shows("live") && !driver.shows("Waiting"), "{}", driver.screen());
}

/// How often the text was sent.
fn posts(driver: &TuiDriver, text: &str) -> usize {
    driver.requests().iter().filter(|op| matches!(op, Op::Post(post) if post.text == text)).count()
}

#[test]
fn a_text_that_cannot_be_sent_says_that_it_waits_and_is_sent_once_later() {
    for (link, waits) in [
        (client::State::Late, "Waiting for the server"),
        (client::State::Reconnecting { why: "gone".into() }, "Waiting for the connection"),
    ] {
        let mut driver = TuiDriver::new(80, 24);
        driver.handle(Message::Link(link));
        driver.press("c text:hello ctrl-s");
        assert!(driver.shows(waits), "at once: {}", driver.screen());
        driver.wait(6_000);
        assert!(driver.shows(waits), "after the time to undo: {}", driver.screen());
        assert_eq!(posts(&driver, "hello"), 0);
        driver.handle(Message::Link(client::State::Connected));
        driver.wait(1_000).wait(60_000);
        assert_eq!(posts(&driver, "hello"), 1);
        assert!(driver.state.texts.outbox.is_empty());
    }
}

#[test]
fn a_gap_in_presence_is_filled_on_the_screen_too() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("6");
    driver.online = vec![4];
    let gap = protocol::v1::event::Event::Gap(v1::Gap { after: 1 });
    driver.live(mini_tweet_tui::message::Topic::Presence, gap);
    assert!(driver.shows("6 Online 2") && driver.shows("@linus"), "{}", driver.screen());
    assert!(!driver.shows("@grace"), "{}", driver.screen());
}

#[test]
fn a_text_that_is_being_sent_says_so_when_the_server_stops_responding() {
    let mut driver = TuiDriver::new(80, 24);
    driver.responds = false;
    driver.press("c text:hello ctrl-s").wait(6_000).wait(9_000);
    assert_eq!(posts(&driver, "hello"), 1);
    driver.handle(Message::Link(client::State::Late));
    assert!(driver.shows("Waiting for the server"), "{}", driver.screen());
    driver.press("g d");
    assert!(driver.shows("Waiting for the server"), "{}", driver.screen());
    driver.responds = true;
    driver.respond_to_all();
    driver.handle(Message::Link(client::State::Connected));
    assert_eq!(posts(&driver, "hello"), 1, "the request is still on its way");
    assert!(driver.state.texts.outbox.is_empty());
}

#[test]
fn ages_are_measured_against_the_clock_of_the_server() {
    // Written two minutes ago, whatever the clock of this machine says.
    for hours_ahead in [-2, 2] {
        let mut driver = TuiDriver::new(80, 24);
        driver.now = NOW - hours_ahead * 60 * MINUTE;
        driver.state.connection.clock_ahead_ms = hours_ahead * 60 * MINUTE;
        driver.wait(1);
        assert!(driver.shows(" 2m "), "{}", driver.screen());
    }
}

#[test]
fn what_was_never_loaded_is_not_shown_as_empty() {
    let routes = [
        "g h",
        "g n",
        "g c",
        "g t",
        "g l",
        "g p",
        "g b",
        "g u",
        "6",
        "g a",
        "@ text:bob enter",
        "# text:rust enter",
        "g / text:bo enter",
        ": text:mine enter",
        ": text:muted enter",
        ": text:sessions enter",
        "m",
    ];
    for keys in routes {
        let mut driver = without_connection(&[]);
        driver.terminal(120, 40);
        driver.press(keys);
        let screen = driver.screen();
        let is_said = screen.contains("there is no connection") || screen.contains("There was no connection");
        assert!(is_said, "{keys}\n{screen}");
        for claim in ["Nothing", "No one", "No results", "No trends", "Online 0", "Everyone can sign up"] {
            assert!(!screen.contains(claim), "{keys}: {claim}\n{screen}");
        }
    }
    // Numbers are said once they are known.
    let mut driver = without_connection(&[]);
    driver.press("=");
    assert!(!driver.shows("unread"), "{}", driver.screen());
}

#[test]
fn trends_and_profiles_that_are_not_up_to_date_say_so() {
    let mut driver = TuiDriver::new(120, 40);
    driver.press("g p g h");
    driver.wait(3 * MINUTE);
    lose(&mut driver);
    driver.responds = false;
    driver.wait(10 * MINUTE).press("g t");
    assert!(driver.shows("#selfhosted") && driver.shows("saved 10 min ago"), "{}", driver.screen());
    driver.press("g p");
    assert!(driver.shows("I like #rust") && driver.shows("saved 13 min ago"), "{}", driver.screen());
}

#[test]
fn a_text_never_disappears_before_the_server_has_it() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("c text:hello ctrl-s");
    driver.responds = false;
    driver.wait(5_000);
    assert!(driver.shows("Sending…"), "as soon as it is sent: {}", driver.screen());
    driver.wait(3_000);
    assert!(driver.shows("Sending…"), "{}", driver.screen());
    driver.handle(Message::Link(client::State::Late));
    driver.wait(1);
    assert!(driver.shows("Waiting for the server"), "{}", driver.screen());
    driver.wait(60_000);
    assert!(driver.shows("Waiting for the server"), "{}", driver.screen());
    lose(&mut driver);
    driver.wait(60_000);
    assert!(driver.shows("Waiting for the connection"), "{}", driver.screen());
    // Another message is shown for its time.
    driver.press("y y");
    assert!(!driver.shows("Waiting for the connection"), "{}", driver.screen());
    driver.wait(20_000);
    assert!(driver.shows("Waiting for the connection"), "{}", driver.screen());
    reconnect(&mut driver);
    driver.responds = true;
    driver.respond_to_all();
    assert!(driver.shows("Sent"), "{}", driver.screen());
    driver.wait(60_000);
    assert!(!driver.shows("Sen") && !driver.shows("Waiting"), "{}", driver.screen());
}

#[test]
fn the_user_is_among_those_who_are_online_from_the_start() {
    let mut driver = TuiDriver::new(120, 40);
    assert!(driver.shows("Online · 3") && driver.shows("● @ada"), "{}", driver.screen());
    driver.press("6");
    assert!(driver.shows("Online · 3") && driver.shows("You are shown as online"), "{}", driver.screen());
    // Those who hide it are not.
    let hidden = |is_hidden| {
        let done = Answer::Done(v1::Done { id: 1, changed: true });
        Message::Answered(Purpose::HidePresence(is_hidden), Ok(done))
    };
    driver.handle(hidden(true));
    assert!(driver.shows("Online · 2") && driver.shows("You are hidden"), "{}", driver.screen());
    driver.handle(hidden(false));
    assert!(driver.shows("Online · 3") && driver.shows("You are shown as online"), "{}", driver.screen());
    lose(&mut driver);
    reconnect(&mut driver);
    assert!(driver.shows("Online · 3") && driver.shows("You are shown as online"), "{}", driver.screen());
    // A server that knows about this connection lists the user itself.
    driver.online = vec![1, 2];
    lose(&mut driver);
    reconnect(&mut driver);
    assert!(driver.shows("Online · 2"), "{}", driver.screen());
}

#[test]
fn a_page_that_was_never_loaded_has_no_age() {
    let mut driver = TuiDriver::new(80, 24);
    driver.handle(Message::Link(client::State::Reconnecting { why: "gone".into() }));
    driver.responds = false;
    driver.press("5 >").wait(1_000);
    assert!(driver.shows("Not loaded yet") && !driver.shows("saved"), "{}", driver.screen());
}

#[test]
fn what_is_done_to_a_person_without_a_connection_is_said() {
    let mut driver = TuiDriver::new(80, 24);
    driver.handle(Message::Link(client::State::Reconnecting { why: "gone".into() }));
    driver.responds = false;
    driver.press("F");
    assert!(driver.shows("You follow @linus: waiting for the connection"), "{}", driver.screen());
}

#[test]
fn what_waits_has_a_sign_in_every_list() {
    let mut driver = TuiDriver::new(80, 30);
    driver.press("5 2 @ text:alan enter 1");
    lose(&mut driver);
    driver.responds = false;
    // Likes, retweets and bookmarks of a tweet that is quoted, in a thread and in a notification.
    assert!(driver.state.screen_mut().list.select(|row| row.tweet() == Some(id(9))));
    driver.press("f b s");
    assert!(driver.shows("↻ 1 … (you)   ♡ 8 …   ★ …"), "{}", driver.screen());
    driver.press("t");
    assert!(driver.shows("↻ 1 … (you)   ♡ 8 …   ★ …"), "in a thread: {}", driver.screen());
    driver.press("2");
    assert!(driver.shows("↻ … (you)   ♡ removed …   ★ …"), "in notifications: {}", driver.screen());
    driver.press("1 s");
    assert!(driver.shows("★ removed …"), "{}", driver.screen());

    // A follow, in lists of people of three widths, in a profile and in a notification.
    driver.press("5").press(":").press("text:follow_@alan enter");
    for (width, words) in
        [(120, "you follow each other …"), (80, "you follow each other …"), (40, "mutual …")]
    {
        driver.terminal(width, 30);
        assert!(driver.shows(words), "{width}\n{}", driver.screen());
    }
    driver.terminal(80, 30);
    driver.press("@ text:alan enter");
    assert!(driver.shows("you follow each other …"), "in a profile: {}", driver.screen());
    driver.press("2");
    assert!(driver.shows("you follow each other …"), "in notifications: {}", driver.screen());
}

#[test]
fn plain_mode_says_what_waits() {
    let mut plain = PlainDriver::new();
    plain.lines(&["people", "home"]);
    lose(&mut plain.tui);
    plain.tui.responds = false;
    plain.line("unlike 2");
    plain.line("like 1");
    let said = plain.line("home");
    assert!(said.contains("You liked it, waiting for the connection."), "{said}");
    assert!(said.contains("You no longer have it liked, waiting for the connection."), "{said}");
    plain.line("people");
    plain.line("follow alan");
    let said = plain.line("people");
    assert!(said.contains("you follow each other, waiting for the connection"), "{said}");
}

#[test]
fn what_waits_for_the_connection_is_said_on_every_screen() {
    for (width, height) in [(40, 12), (60, 20), (80, 24), (120, 40)] {
        let mut driver = TuiDriver::new(width, height);
        driver.wait(60_000);
        lose(&mut driver);
        assert!(!driver.shows(" waiting"), "{}", driver.screen());
        driver.responds = false;
        driver.press("f c text:hello ctrl-s").wait(60_000);
        for keys in ["g h", "2", "3", "4", "5", "6", "g s", "g d", "g a", "g h j t", "a", ": text:log enter"]
        {
            driver.press(keys).wait(60_000);
            driver.state.toast = None;
            assert!(driver.shows("2 waiting"), "{keys}\n{}", driver.screen());
        }
        reconnect(&mut driver);
        driver.responds = true;
        driver.respond_to_all();
        driver.wait(1_000);
        assert!(!driver.shows(" waiting"), "{}", driver.screen());
    }
}
