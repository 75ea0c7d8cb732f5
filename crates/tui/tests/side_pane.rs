//! The side pane: who is online in the order of lists, and what belongs to the selected row.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod driver;

use driver::{NOW, TuiDriver, account, id, tweet};
use mini_tweet_tui::message::Topic;
use mini_tweet_tui::state::Setup;
use protocol::v1;
use protocol::v1::event::Event as LiveEvent;
use protocol::v1::request::Op;

/// Places of these texts on the screen.
fn places(driver: &TuiDriver, texts: &[&str]) -> Vec<usize> {
    let screen = driver.screen();
    texts.iter().map(|text| screen.find(text).unwrap_or_else(|| panic!("{text}\n{screen}"))).collect()
}

/// A server on which people with numbers in their names are online, none of whom Ada follows.
fn with_numbers(width: u16, height: u16) -> TuiDriver {
    let setup = Setup { username: Some("ada".into()), ..TuiDriver::setup(width, height) };
    let mut driver = TuiDriver::with(setup, false);
    for (id, name) in [(12, "p10"), (11, "p9"), (10, "p2")] {
        driver.accounts.push(account(id, name, ""));
        driver.online.push(id);
    }
    driver.connect(true);
    driver.wait(9_000);
    driver
}

#[test]
fn names_with_numbers_are_in_the_order_of_the_numbers_wherever_people_are_listed() {
    let sorted = ["@p2", "@p9", "@p10"];
    let driver = with_numbers(120, 40);
    assert!(places(&driver, &sorted).is_sorted(), "in the side pane\n{}", driver.screen());
    for keys in ["5 esc @", "5 esc ctrl-k text:p", "5 esc c text:@p", "6"] {
        let mut driver = with_numbers(80, 24);
        driver.press(keys);
        assert!(places(&driver, &sorted).is_sorted(), "{keys}\n{}", driver.screen());
    }
}

/// The client with a list of hashtags on the screen, of which #rust is selected.
fn on_rust() -> TuiDriver {
    let mut driver = TuiDriver::new(120, 40);
    driver.press("4");
    assert!(driver.shows("Latest in #rust") && driver.shows("Shipping tonight"), "{}", driver.screen());
    driver
}

fn live(driver: &mut TuiDriver, make: fn(v1::LiveTweet) -> LiveEvent, tweet: v1::Tweet) {
    let accounts = driver.accounts.clone();
    driver.live(Topic::Home, make(v1::LiveTweet { tweet: Some(tweet), referenced: Vec::new(), accounts }));
}

#[test]
fn the_latest_tweets_with_a_hashtag_follow_what_is_posted_edited_and_deleted() {
    let mut driver = on_rust();
    live(&mut driver, LiveEvent::TweetPosted, tweet(1, 2, "Written in #Rust"));
    assert!(places(&driver, &["Written in #Rust", "Shipping tonight"]).is_sorted(), "the newest is first");
    let edited = v1::Tweet { edited_ms: NOW, ..tweet(1, 2, "Written in another language") };
    live(&mut driver, LiveEvent::TweetEdited, edited);
    assert!(!driver.shows("Written in"), "{}", driver.screen());
    driver.live(Topic::Home, LiveEvent::TweetDeleted(v1::TweetDeleted { tweet_id: id(2) }));
    assert!(!driver.shows("Latest in #rust"), "{}", driver.screen());
}

#[test]
fn the_replies_to_the_selected_tweet_follow_what_is_posted_and_deleted() {
    let mut driver = TuiDriver::new(120, 40);
    driver.press("g g");
    assert!(!driver.shows("Replies"), "none of them was loaded\n{}", driver.screen());
    let reply = |minutes, text| v1::Tweet { reply_to: id(2), ..tweet(minutes, 3, text) };
    live(&mut driver, LiveEvent::TweetPosted, reply(0, "The second answer"));
    live(&mut driver, LiveEvent::TweetPosted, reply(1, "The first answer"));
    let order = ["Replies · 2", "The first answer", "The second answer"];
    assert!(places(&driver, &order).is_sorted(), "{}", driver.screen());
    driver.live(Topic::Home, LiveEvent::TweetDeleted(v1::TweetDeleted { tweet_id: id(0) }));
    assert!(!driver.shows("The second answer") && driver.shows("The first answer"), "{}", driver.screen());
}

/// The requests for whom both Ada and someone else follow, by the username of the other.
fn asked_about(driver: &TuiDriver) -> Vec<&str> {
    let requests = driver.requests().into_iter();
    let lists = requests.filter_map(|op| if let Op::ListAccounts(list) = op { Some(list) } else { None });
    let of_both = lists.filter(|list| list.list() == v1::AccountList::BothFollow);
    of_both.map(|list| list.username.as_str()).collect()
}

#[test]
fn whom_both_follow_is_next_to_a_profile_and_about_a_person_in_a_list() {
    let mut driver = TuiDriver::new(120, 40);
    driver.press(": text:user_alan enter").wait(200);
    let screen = driver.screen();
    let below = screen.lines().skip_while(|line| !line.contains("You both follow · 2")).skip(1);
    let names = below.filter_map(|line| Some(line.rsplit_once("│ ")?.1.trim())).take(3).collect::<Vec<_>>();
    assert_eq!(names[..2], ["@grace Grace Hopper", "@linus"], "{screen}");
    assert!(places(&driver, &["Online", "You both follow"]).is_sorted(), "{screen}");
    assert_eq!(asked_about(&driver), ["alan"]);
    // Nothing of that is asked about oneself, or where no pane shows it.
    driver.press("g p").wait(200);
    driver.terminal(80, 24);
    driver.press(": text:user_alan enter").wait(200);
    assert_eq!(asked_about(&driver), ["alan"]);

    let mut driver = TuiDriver::new(120, 40);
    driver.press("5 g g j").wait(200);
    let screen = driver.screen();
    assert!(driver.shows("About @alan") && driver.shows("You both follow @grace and"), "{screen}");
    driver.press("k").wait(200);
    assert!(driver.shows("You both follow @linus") && !driver.shows("@linus and"), "{}", driver.screen());
    assert_eq!(asked_about(&driver), ["alan", "grace"]);
}

#[test]
fn a_server_that_does_not_know_whom_both_follow_is_not_an_error() {
    let mut driver = TuiDriver::new(120, 40);
    driver.press(": text:user_alan enter");
    driver.refusal = Some(model::Error::invalid("list", "is none that this server knows"));
    driver.wait(200);
    assert_eq!(asked_about(&driver), ["alan"]);
    assert!(driver.refusal.is_none() && !driver.shows("You both follow"), "{}", driver.screen());
    driver.press(": text:log enter");
    assert!(!driver.shows("refused a request"), "{}", driver.screen());
    // Any other refusal is logged.
    let mut driver = TuiDriver::new(120, 40);
    driver.press(": text:user_alan enter");
    driver.refusal = Some(model::Error::Busy);
    driver.wait(200).press(": text:log enter");
    assert!(driver.shows("refused a request"), "{}", driver.screen());
}
