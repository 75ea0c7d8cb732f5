//! Long texts, and texts that could not be sent at once.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod driver;

use std::time::Duration;

use driver::TuiDriver;
use mini_tweet_tui::message::Message;
use mini_tweet_tui::route::Route;
use protocol::v1::request::Op;
use terminal::key::Event;

fn posts(driver: &TuiDriver) -> Vec<String> {
    let posts = driver.requests().into_iter().filter_map(|op| match op {
        Op::Post(post) => Some(post.text.clone()),
        _ => None,
    });
    posts.collect()
}

/// With a text in the composer that is too long for a tweet.
fn with_a_long_text(width: u16, height: u16) -> TuiDriver {
    let mut driver = TuiDriver::new(width, height);
    driver.press("c");
    let text = "This sentence has exactly six words. ".repeat(20).trim().to_owned();
    driver.handle(Message::Input(Event::Paste { text, is_cut: false }));
    driver
}

#[test]
fn a_thread_is_shown_before_it_is_sent() {
    for (width, height) in [(40, 12), (80, 24), (200, 50)] {
        let mut driver = with_a_long_text(width, height);
        driver.press("alt-t").wait(60_000);
        assert_eq!(posts(&driver), Vec::<String>::new());
        assert!(driver.shows("Send 2 tweets") && driver.shows("six words."), "{}", driver.screen());
        driver.press("esc").wait(60_000);
        assert!(driver.state.composer.is_some() && posts(&driver).is_empty(), "the text is still there");
        driver.press("alt-t enter").wait(5_001);
        assert_eq!(posts(&driver).len(), 2);
        assert!(posts(&driver).iter().all(|text| text.contains("six words. ")), "{:?}", posts(&driver));
    }
}

#[test]
fn the_preview_shows_where_each_tweet_ends() {
    let mut driver = with_a_long_text(80, 50);
    driver.press("alt-t");
    assert!(driver.shows("words. 1/2") && driver.shows("words. 2/2"), "{}", driver.screen());
}

#[test]
fn a_text_is_sent_again_when_the_server_says_that_it_can_succeed() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("c text:hello ctrl-s");
    driver.refusal = Some(model::Error::RateLimited {
        limit: "too many tweets".into(),
        retry_after: Duration::from_secs(2_956),
    });
    driver.wait(5_001);
    assert!(driver.shows("Not sent: too many tweets; it is sent again in 50 min"), "{}", driver.screen());
    driver.wait(2_000_000).press("g d");
    assert!(driver.shows("sent again in 16 min: too many tweets"), "{}", driver.screen());
    assert!(driver.shows("Waiting for a limit · 1") && !driver.shows("connection"), "{}", driver.screen());
    assert_eq!(posts(&driver).len(), 1);
    // Quitting does not send it earlier.
    driver.wait(955_000);
    assert_eq!(posts(&driver).len(), 1);
    driver.wait(2_000);
    assert_eq!(posts(&driver), ["hello", "hello"]);
    assert!(driver.state.texts.outbox.is_empty());
}

#[test]
fn what_was_written_since_is_not_lost_when_sending_is_undone() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("c text:first ctrl-s c text:second esc u");
    let text = driver.state.composer.as_ref().unwrap().editor.text().to_owned();
    assert!(text.contains("first") && text.contains("second"), "{text}");
    let mut driver = TuiDriver::new(80, 24);
    driver.press("c text:first alt-x c text:second esc u");
    let text = driver.state.composer.as_ref().unwrap().editor.text().to_owned();
    assert!(text.contains("first") && text.contains("second"), "{text}");
}

#[test]
fn esc_closes_completions_and_leaves_the_word_alone() {
    for (typed, offer) in [(":hi", ":hi"), ("@gr", "Grace Hopper"), ("#ru", "#rust")] {
        let mut driver = TuiDriver::new(100, 24);
        driver.press(&format!("c text:{typed}"));
        let with_offers = driver.screen();
        assert!(with_offers.contains(offer), "{with_offers}");
        assert!(driver.shows("Esc close completions") && !driver.shows("keep draft"), "{with_offers}");
        driver.press("esc");
        assert!(driver.shows("Esc keep draft") && !driver.shows("close completions"), "{}", driver.screen());
        // What is typed continues the text, without a list that covers it again.
        driver.press("text:r");
        let composer = driver.state.composer.clone().unwrap();
        assert_eq!(composer.editor.text(), format!("{typed}r"));
        assert_eq!(composer.completion, None, "{}", driver.screen());
        // The next word has completions.
        driver.press(&format!("text:_{typed}"));
        assert!(driver.shows("Esc close completions"), "{}", driver.screen());
        driver.press("esc esc");
        assert!(driver.state.composer.is_none(), "{}", driver.screen());
    }
}

#[test]
fn the_title_of_the_composer_says_who_will_see_it() {
    for (width, height) in [(40, 12), (80, 24)] {
        let mut driver = TuiDriver::new(width, height);
        driver.press("c");
        assert!(driver.shows("─ New tweet · Public ─"), "{}", driver.screen());
        driver.press("alt-v alt-v");
        assert!(driver.shows("─ New tweet · Followers ─"), "{}", driver.screen());
        driver.press("alt-x B");
        assert!(driver.shows("─ Quote · Public ·") || width < 50, "{}", driver.screen());
        assert_eq!(driver.shows("leave empty to retweet"), width > 50, "{}", driver.screen());
        driver.press("text:x");
        assert!(!driver.shows("leave empty to retweet"), "{}", driver.screen());
    }
}

#[test]
fn what_is_answered_or_quoted_is_above_the_text() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("j j r text:indeed");
    let screen = driver.screen();
    let lines: Vec<&str> = screen.lines().collect();
    let place = |text: &str| lines.iter().rposition(|line| line.contains(text)).unwrap();
    let title = place("─ Reply to @alan · Public ─");
    assert!(
        title < place("│ @alan Alan Turing") && place("One writer, many readers.") < place("indeed"),
        "{screen}"
    );
    assert!(place("One writer, many readers.") > title, "{screen}");
}

#[test]
fn ctrl_x_shows_what_else_can_be_done_with_the_text() {
    for (width, height) in [(40, 12), (60, 20), (80, 24), (120, 40)] {
        let mut driver = TuiDriver::new(width, height);
        driver.press("c text:hello ctrl-x").wait(1_000);
        for what in ["Who sees it: Public", "Preview, split", "Discard the text", "Drafts and outbox"] {
            assert!(driver.shows(what), "{what}\n{}", driver.screen());
        }
        driver.press("v");
        assert!(driver.shows("New tweet · Unlisted"), "{}", driver.screen());
        driver.press("ctrl-x d");
        assert_eq!(*driver.state.route(), Route::Drafts);
        assert!(driver.shows("hello"), "{}", driver.screen());
        driver.press("c ctrl-x x");
        assert!(driver.state.composer.is_none() && driver.state.texts.drafts.is_empty());
        driver.press("u");
        assert_eq!(driver.state.composer.as_ref().unwrap().editor.text(), "hello");
    }
}

#[test]
fn the_tiny_composer_has_its_hints_in_its_last_row() {
    let mut driver = TuiDriver::new(40, 12);
    driver.press("c");
    assert!(driver.shows("Ctrl-s send · Ctrl-x more · F1 help"), "{}", driver.screen());
}

#[test]
fn help_works_while_a_tweet_is_written_and_runs_what_is_chosen() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("c text:hi f1 text:who_sees enter");
    assert!(driver.shows("New tweet · Unlisted") && driver.shows("hi"), "{}", driver.screen());
}

#[test]
fn an_edit_that_is_too_long_is_not_to_become_a_thread() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("g m e");
    driver.handle(Message::Input(Event::Paste { text: "x".repeat(600), is_cut: false }));
    driver.press("ctrl-s");
    assert!(driver.shows("too long: shorten it"), "{}", driver.screen());
}

#[test]
fn what_is_said_of_a_text_ends_when_it_changes_or_is_previewed() {
    for keys in ["backspace", "alt-t", "ctrl-x x"] {
        let mut driver = with_a_long_text(80, 24);
        driver.press("ctrl-s");
        assert!(driver.shows("too long; Alt-t splits it into a thread"), "{}", driver.screen());
        driver.press(keys);
        assert!(!driver.shows("Alt-t splits"), "{keys}\n{}", driver.screen());
    }
}

#[test]
fn what_undoes_sending_is_said_once() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("c text:hello ctrl-s");
    assert!(driver.shows("Sending in 5 s ") && driver.shows(" u undo tweet"), "{}", driver.screen());
    assert!(!driver.shows("u to undo"), "{}", driver.screen());
}

#[test]
fn a_tweet_for_few_cannot_be_quoted_or_retweeted() {
    for keys in ["B", "b"] {
        let mut driver = TuiDriver::new(80, 24);
        assert!(driver.state.screen_mut().list.select(|row| row.tweet() == Some(driver::id(90))));
        driver.press(keys);
        assert!(driver.shows("Only public and unlisted tweets can be"), "{}", driver.screen());
        assert!(driver.state.composer.is_none());
        assert!(!driver.requests().iter().any(|op| matches!(op, Op::Retweet(_))));
    }
}

#[test]
fn the_outbox_names_a_connection_only_if_it_is_what_a_text_waits_for() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("c text:hello ctrl-s");
    driver.refusal = Some(model::Error::Busy);
    driver.wait(5_001).press("g d");
    assert!(
        driver.shows("Waiting to be sent again · 1") && !driver.shows("connection"),
        "{}",
        driver.screen()
    );
    driver.handle(Message::Link(client::State::Reconnecting { why: "gone".into() }));
    assert!(driver.shows("Waiting for the connection · 1"), "{}", driver.screen());
}
