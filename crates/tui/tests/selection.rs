//! What the hints, the panes and the rows say about what is selected.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod driver;

use driver::{TuiDriver, account, id, message};
use mini_tweet_tui::message::{Message, Purpose, Topic};
use mini_tweet_tui::route::{PageSelector, PeopleSection, ProfileTab, Route};
use protocol::v1;
use protocol::v1::request::Op;
use protocol::v1::response::Result as Response;

fn line(driver: &TuiDriver, part: &str) -> String {
    let screen = driver.screen();
    screen.lines().find(|line| line.contains(part)).unwrap_or_else(|| panic!("{part}\n{screen}")).to_owned()
}

fn footer(driver: &TuiDriver) -> String {
    driver.screen().lines().last().unwrap().to_owned()
}

/// The requests for profiles, threads and feeds since the first `skipped` ones.
fn previews(driver: &TuiDriver, skipped: usize) -> Vec<&Op> {
    let is_preview = |op: &&Op| matches!(op, Op::GetProfile(_) | Op::GetThread(_) | Op::ReadTimeline(_));
    driver.requests().into_iter().skip(skipped).filter(is_preview).collect()
}

#[test]
fn hints_say_what_a_key_does_now() {
    let mut driver = TuiDriver::new(120, 40);
    driver.press("a");
    assert!(
        footer(&driver).starts_with(" F unfollow  C chat  > replies  Enter links"),
        "{}",
        driver.screen()
    );
    driver.press("F M");
    assert!(
        footer(&driver).contains("F follow") && footer(&driver).contains("M unmute"),
        "{}",
        driver.screen()
    );
    driver.press("> > >");
    assert!(footer(&driver).contains("> tweets"), "{}", driver.screen());
    driver.press("6");
    assert!(footer(&driver).starts_with(" Enter open  C chat  F unfollow"), "{}", driver.screen());
}

#[test]
fn a_group_of_notifications_is_about_the_person_it_names_first() {
    let mut driver = TuiDriver::new(120, 40);
    driver.press("2");
    assert!(driver.shows("◆♥ @grace and @alan liked your tweet"), "{}", driver.screen());
    assert!(driver.shows("About @grace"), "{}", driver.screen());
    driver.press("a");
    assert_eq!(*driver.state.route(), Route::Profile("grace".into(), ProfileTab::Tweets));
}

#[test]
fn several_new_followers_open_the_list_of_followers() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("2 <");
    driver.receive_follow(id(0));
    assert!(driver.shows("@linus and @alan followed you"), "{}", driver.screen());
    driver.press("g g enter");
    assert_eq!(*driver.state.route(), Route::People(PeopleSection::Followers));
}

#[test]
fn what_happened_is_never_cut() {
    let mut driver = TuiDriver::new(40, 12);
    driver.press("2");
    assert!(line(&driver, "@grace and @alan").ends_with("3m"), "{}", driver.screen());
    assert!(line(&driver, "liked your tweet").starts_with("▌   liked"), "{}", driver.screen());
}

#[test]
fn the_pane_is_filled_when_the_reader_rests_on_a_tweet() {
    let mut driver = TuiDriver::new(120, 40);
    driver.wait(1_000);
    let before = driver.requests().len();
    driver.press("j j");
    assert!(previews(&driver, before).is_empty(), "{:?}", previews(&driver, before));
    driver.wait(200);
    for part in [
        "About @alan",
        "I am alan and I like #rust.",
        "12 tweets · 1 follower",
        "Replies · 3",
        "First answer",
    ] {
        assert!(driver.shows(part), "{part}\n{}", driver.screen());
    }
    let asked = driver.requests().len();
    driver.wait(60_000).press("k").wait(200).press("j").wait(200);
    let again = previews(&driver, asked);
    assert!(
        !again.iter().any(|op| matches!(op, Op::GetThread(thread) if thread.tweet_id == id(11))),
        "{again:?}"
    );
}

#[test]
fn nothing_is_requested_for_a_pane_that_is_not_shown() {
    let mut driver = TuiDriver::new(80, 24);
    driver.wait(1_000);
    let before = driver.requests().len();
    driver.press("j j").wait(1_000);
    assert!(previews(&driver, before).is_empty(), "{:?}", previews(&driver, before));
    driver.press("\\").wait(1_000);
    assert!(driver.shows("I am alan and I like"), "{}", driver.screen());
}

#[test]
fn the_newest_tweets_with_a_hashtag_come_from_the_server() {
    let mut driver = TuiDriver::new(120, 40);
    driver.press("4").wait(200);
    let is_newest = |op: &&Op| matches!(op, Op::ReadTimeline(v1::ReadTimeline { timeline: Some(v1::read_timeline::Timeline::Hashtag(name)), .. }) if name == "rust");
    assert!(driver.requests().iter().any(is_newest), "{:?}", driver.requests());
    assert!(driver.shows("Latest in #rust"), "{}", driver.screen());
}

#[test]
fn on_a_very_wide_screen_what_is_selected_has_a_pane_of_its_own() {
    let mut driver = TuiDriver::new(200, 50);
    for (keys, parts) in [
        ("j j", ["Thread of the selected tweet", "About @alan"]),
        ("5", ["About @grace", "Latest"]),
        ("4", ["Trending today", "Latest in #rust"]),
        ("3", ["About @grace", "I am grace and I like"]),
    ] {
        driver.press(keys).wait(200);
        for part in parts {
            assert!(driver.shows(part), "{keys} {part}\n{}", driver.screen());
        }
        let line = line(&driver, parts[1]);
        let column = terminal::measure::columns(&line[..line.find(parts[1]).unwrap()]);
        assert!(column < 24 + 94 + 48, "{keys}: {}", driver.screen());
    }
}

#[test]
fn a_list_at_its_top_is_there_after_a_change_of_size() {
    let mut driver = TuiDriver::new(40, 12);
    // Something changes in the list, which stays where it is.
    driver.press("5 F");
    driver.terminal(60, 20);
    assert!(driver.shows("[Everyone]"), "{}", driver.screen());
    driver.press("F");
    driver.terminal(120, 40);
    assert!(driver.shows("[Everyone]"), "{}", driver.screen());
}

#[test]
fn a_conversation_that_fits_on_a_larger_screen_is_whole_there() {
    let mut driver = TuiDriver::new(40, 12);
    driver.press("3 enter");
    assert!(!driver.shows("Monday 23 November"), "{}", driver.screen());
    driver.live(Topic::Presence, v1::event::Event::Presence(v1::AccountView::default()));
    driver.press("text:x");
    driver.terminal(120, 40);
    assert!(driver.shows("── Monday 23 November ──"), "{}", driver.screen());
}

#[test]
fn a_chat_shows_how_far_the_last_message_has_come() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("3");
    let chat = v1::Conversation {
        id: 77,
        with: Some(account(2, "grace", "Grace Hopper")),
        last: Some(message(4, 1, "Thanks, found them.")),
        theirs: Some(v1::ReadReceipts { delivered: id(4), ..v1::ReadReceipts::default() }),
        ..v1::Conversation::default()
    };
    let page = v1::ConversationPage { conversations: vec![chat], ..v1::ConversationPage::default() };
    let purpose = Purpose::Fill(Route::Conversations, PageSelector::Newest);
    driver.handle(Message::Answered(purpose, Ok(Response::ConversationPage(page))));
    assert!(line(&driver, "You: Thanks").ends_with("You: Thanks, found them. ✓✓"), "{}", driver.screen());
    driver.terminal(28, 12);
    assert!(line(&driver, "You: Thanks").ends_with("… ✓✓"), "{}", driver.screen());
    driver.terminal(80, 24);
    let live = v1::LiveReadReceipts {
        account: Some(account(2, "grace", "Grace Hopper")),
        marks: Some(v1::ReadReceipts { delivered: id(4), read: id(4), read_ms: 0 }),
        ..v1::LiveReadReceipts::default()
    };
    driver.live(Topic::Conversations, v1::event::Event::Marks(live));
    assert!(driver.shows("You: Thanks, found them. ✓✓ read"), "{}", driver.screen());
}

#[test]
fn a_conversation_begins_with_a_name() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("3");
    assert!(footer(&driver).contains("+ new conversation"), "{}", driver.screen());
    driver.press("+ text:al");
    assert!(!driver.shows("@ada Ada"), "{}", driver.screen());
    driver.press("enter");
    assert_eq!(*driver.state.route(), Route::Conversation("alan".into()));
}

#[test]
fn the_read_line_has_the_time_of_what_was_read_last() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("2");
    assert!(driver.shows("── Read up to here · 19:52 ──"), "{}", driver.screen());
}

#[test]
fn a_blank_row_divides_the_last_message_from_the_input() {
    for ((width, height), is_divided) in [((80, 24), true), ((120, 40), true), ((40, 12), false)] {
        let mut driver = TuiDriver::new(width, height);
        driver.press("3 enter");
        let screen = driver.screen();
        let lines: Vec<&str> = screen.lines().collect();
        let input = lines.iter().position(|line| line.contains("─ Message to")).unwrap();
        assert_eq!(!lines[input - 1].contains("Shall we meet"), is_divided, "{screen}");
    }
}
