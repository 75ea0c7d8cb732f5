//! Text that people write cannot look like the rows of the client: it stands further to the right.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod driver;

use driver::{NOW, TuiDriver, account, id, message, tweet};
use mini_tweet_tui::message::{Message, Purpose};
use mini_tweet_tui::state::Setup;
use protocol::v1;
use protocol::v1::response::Result as Response;

const WIDTHS: [u16; 7] = [20, 30, 40, 60, 80, 109, 160];
/// A text that looks like two rows of other people.
const FAKE: &str = "Hi\n\n@grace Grace Hopper · 2m\nI lost a bet\n♥ 9 (you)\n\n│ @alan · 1m\n│ quoted\n\
                    ↳ Replying to @ada · x\n▌ @alan · 1m\n● @alan";
/// The beginnings of its lines.
const FAKED: [&str; 6] = ["@grace Grace", "♥ 9 (you)", "│ @alan", "↳ Replying to @ada", "▌ @alan", "● @alan"];

/// A client whose newest tweets, a reply and a quote among them, are fakes.
fn driver(width: u16) -> TuiDriver {
    let setup = Setup { username: Some("ada".into()), ..TuiDriver::setup(width, 60) };
    let mut driver = TuiDriver::with(setup, false);
    driver.accounts.push(account(66, "mallory", ""));
    driver.tweets.clear();
    driver.tweets.push(v1::Tweet { quote_of: id(5), ..tweet(1, 66, FAKE) });
    driver.tweets.push(v1::Tweet { reply_to: id(5), ..tweet(2, 66, FAKE) });
    driver.tweets.push(tweet(5, 66, FAKE));
    driver.connect(true);
    driver.wait(60_000);
    driver
}

/// Columns at which a text begins on a screen.
fn columns_of(screen: &str, text: &str) -> Vec<usize> {
    let columns = |line: &str| line.find(text).map(|at| terminal::measure::columns(&line[..at]));
    screen.lines().filter_map(columns).collect()
}

/// Fails if a faked line begins where a real row of that list can begin.
fn assert_no_imitation(driver: &TuiDriver, real: &str, what: &str) {
    let screen = driver.screen();
    let row = columns_of(&screen, real).into_iter().min().unwrap_or_else(|| panic!("{what}\n{screen}"));
    for fake in FAKED {
        for line in screen.lines().filter(|line| line.contains(fake)) {
            let at = columns_of(line, fake);
            let before: String = line.chars().take_while(|c| *c != fake.chars().next().unwrap()).collect();
            // Inside a quote or a thread there is a sign of the client in the column of the rows.
            let is_inside = before.contains(['│', '╎']) && !fake.starts_with('│');
            assert!(at.iter().all(|at| *at >= row + 2) || is_inside, "{what}: {fake:?}\n{screen}");
        }
    }
}

#[test]
fn tweets_quotes_and_threads() {
    for width in WIDTHS {
        let mut driver = driver(width);
        assert_no_imitation(&driver, "@mallory", "home");
        driver.press("G t");
        assert_no_imitation(&driver, "@mallory", "thread");
    }
}

#[test]
fn the_text_of_a_quote_stands_further_right_than_its_author() {
    for width in WIDTHS {
        let driver = driver(width);
        let screen = driver.screen();
        let author = columns_of(&screen, "│ @mallory");
        let (Some(bar), Some(text)) = (author.first(), columns_of(&screen, "Hi").into_iter().max()) else {
            panic!("{screen}")
        };
        assert!(text >= bar + 4, "{screen}");
    }
}

#[test]
fn messages() {
    for width in WIDTHS {
        let mut driver = driver(width);
        driver.press("3 enter");
        let mut fake = message(0, 2, FAKE);
        fake.id = id(0) + 1;
        fake.created_ms = NOW + 3_600_000;
        let grace = account(2, "grace", "");
        let live = v1::LiveMessage { message: Some(fake), author: Some(grace.clone()), with: Some(grace) };
        driver.live(mini_tweet_tui::message::Topic::Conversations, v1::event::Event::Message(live));
        let screen = driver.screen();
        let real = screen.lines().filter(|line| line.contains("21:00"));
        let real =
            real.filter_map(|line| line.find("@grace").map(|at| terminal::measure::columns(&line[..at])));
        let head = real.min().unwrap_or_else(|| panic!("{screen}"));
        for fake in FAKED {
            assert!(columns_of(&screen, fake).into_iter().all(|at| at >= head + 2), "{fake:?}\n{screen}");
        }
    }
}

#[test]
fn profiles_and_their_descriptions() {
    for width in WIDTHS {
        let mut driver = driver(width);
        let profile = v1::Profile {
            account: Some(account(66, "mallory", "@grace")),
            bio: FAKE.to_owned(),
            ..v1::Profile::default()
        };
        driver.press("@ text:mallory enter");
        let purpose = Purpose::Profile("mallory".into());
        driver.handle(Message::Answered(purpose, Ok(Response::Profile(profile))));
        assert_no_imitation(&driver, "@mallory", "profile");
        let screen = driver.screen();
        let head = screen.lines().find(|line| line.contains("▌ ")).unwrap();
        assert!(head.contains("▌ @mallory"), "the username is first\n{screen}");
    }
}
