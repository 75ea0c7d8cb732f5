//! Flows as scripts of keys: what a user does, what they see, and what is requested.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod driver;

use driver::{NOW, TuiDriver, account, id, message, tweet};
use mini_tweet_tui::composer::{Audience, Draft, Outgoing, Writing};
use mini_tweet_tui::message::{Effect, LocalItem, Message, Topic};
use mini_tweet_tui::route::Route;
use mini_tweet_tui::row::Row;
use mini_tweet_tui::view::draw;
use proptest::prelude::*;
use protocol::v1;
use protocol::v1::event::Event as LiveEvent;
use protocol::v1::request::Op;
use terminal::key::Event;

fn driver() -> TuiDriver {
    TuiDriver::new(80, 24)
}

/// The selected tweet and the screen line on which it begins.
fn anchor(driver: &TuiDriver) -> (Option<Row>, Option<usize>) {
    let screen = driver.screen();
    (driver.state.selected().cloned(), screen.lines().position(|line| line.contains('▌')))
}

#[test]
fn new_tweets_never_move_the_reader() {
    let mut driver = driver();
    driver.press("j j j");
    let before = anchor(&driver);
    for n in 0..5 {
        let mut new = tweet(0, 2, "fresh");
        new.id = id(0) + n;
        driver.receive_tweet(new);
    }
    assert_eq!(anchor(&driver), before);
    assert!(driver.shows("▲ 5 new"), "{}", driver.screen());
    driver.press(".");
    assert!(driver.shows("fresh") && !driver.shows("▲"), "{}", driver.screen());
}

#[derive(Debug, Clone)]
enum Step {
    Post,
    Delete(usize),
    Edit(usize),
    Resize(u16, u16),
    /// The connection is lost, this number of tweets is missed, and it is made again.
    Reconnect(usize),
    Wait,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        Just(Step::Post),
        (0_usize..30).prop_map(Step::Delete),
        (0_usize..30).prop_map(Step::Edit),
        (50_u16..140, 24_u16..60).prop_map(|(width, height)| Step::Resize(width, height)),
        (0_usize..60).prop_map(Step::Reconnect),
        Just(Step::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]
    #[test]
    fn no_event_moves_the_reader_from_their_row_and_line(
        steps in 0_usize..5,
        all in prop::collection::vec(step(), 1..25),
    ) {
        let mut driver = driver();
        for _ in 0..steps {
            driver.press("j");
        }
        let before = anchor(&driver);
        prop_assert!(before.1.is_some());
        for (n, one) in (0_u64..).zip(all) {
            match one {
                Step::Post => {
                    let new = v1::Tweet { id: id(0) + 1_000 * (n + 1), ..tweet(0, 2, "fresh") };
                    driver.receive_tweet(new);
                }
                Step::Delete(place) => {
                    let place = place % driver.tweets.len();
                    let gone = driver.tweets.remove(place).id;
                    let deleted = v1::TweetDeleted { tweet_id: gone };
                    driver.live(Topic::Home, LiveEvent::TweetDeleted(deleted));
                }
                Step::Edit(place) => {
                    let place = place % driver.tweets.len();
                    // The reader's row may become higher, but its first line stays.
                    driver.tweets[place].text = format!("Another text, and a longer one: {}", "word ".repeat(place));
                    let live = v1::LiveTweet {
                        tweet: Some(driver.tweets[place].clone()),
                        referenced: Vec::new(),
                        accounts: driver.accounts.clone(),
                    };
                    driver.live(Topic::Home, LiveEvent::TweetEdited(live));
                }
                Step::Resize(width, height) => {
                    let size = terminal::grid::Size { width, height };
                    driver.handle(Message::Resized(size));
                }
                Step::Reconnect(missed) => {
                    driver.handle(Message::Link(client::State::Reconnecting { why: "gone".into() }));
                    for m in 0..missed {
                        let id = id(0) + 1_000 * (n + 1) + u64::try_from(m).unwrap() + 1;
                        driver.tweets.insert(0, v1::Tweet { id, ..tweet(0, 3, "missed") });
                    }
                    driver.handle(Message::Link(client::State::Connected));
                }
                Step::Wait => {
                    driver.wait(61_000);
                }
            }
            let now = anchor(&driver);
            prop_assert_eq!(&now.0, &before.0);
            // A row that no longer fits is moved up until its end is at the bottom of the screen.
            let screen = driver.screen();
            let end = screen.lines().collect::<Vec<_>>().iter().rposition(|line| line.contains('▌'));
            let touches_end = end.is_some_and(|end| end + 3 >= usize::from(driver.state.terminal.size.height));
            prop_assert!(now.1 == before.1 || touches_end, "{:?} {:?}\n{screen}", before.1, now.1);
        }
    }
}

#[test]
fn a_deleted_tweet_under_the_reader_leaves_a_tombstone_until_they_move() {
    let mut driver = driver();
    driver.press("j");
    let Some(Row::Tweet(id, _)) = driver.state.selected().cloned() else { panic!() };
    let line = anchor(&driver).1;
    driver.live(Topic::Home, LiveEvent::TweetDeleted(v1::TweetDeleted { tweet_id: id }));
    assert_eq!(anchor(&driver), (Some(Row::Tweet(id, 0)), line));
    assert!(driver.shows("This tweet was deleted"));
    driver.press("j");
    assert!(!driver.shows("This tweet was deleted"), "{}", driver.screen());
}

#[test]
fn likes_show_at_once_and_are_undone_when_the_server_refuses_them() {
    let mut driver = driver();
    driver.responds = false;
    driver.press("f");
    assert!(driver.shows("♥ 4 (you)"), "{}", driver.screen());
    driver.responds = true;
    driver.refusal = Some(model::Error::forbidden("they blocked you"));
    driver.respond_to_all();
    assert!(driver.shows("♡ 3") && driver.shows("they blocked you"), "{}", driver.screen());
}

#[test]
fn undo_and_redo_request_the_inverse_and_the_action() {
    let mut driver = driver();
    driver.press("f u");
    assert!(driver.requests().contains(&&Op::Unlike(v1::Unlike { tweet_id: id(2) })));
    driver.press("ctrl-r");
    assert!(driver.shows("♥ 4 (you)"));
    driver.press("5 j j j F");
    assert!(driver.shows("You follow @yukari"), "{}", driver.screen());
    driver.press("u");
    assert!(driver.requests().contains(&&Op::Unfollow(v1::Unfollow { username: "yukari".into() })));
}

#[test]
fn an_action_without_inverse_waits_so_that_it_can_be_undone() {
    let mut driver = driver();
    let removed = Op::RemoveFollower(v1::RemoveFollower { username: "grace".into() });
    driver.press("5 R");
    assert!(driver.shows("removed in 8 s") && driver.shows("u undo remove @grace"), "{}", driver.screen());
    driver.press("u").wait(60_000);
    assert!(!driver.requests().contains(&&removed));
    driver.press("R").wait(8_001);
    assert!(driver.requests().contains(&&removed));
}

#[test]
fn a_report_is_about_the_selected_tweet_or_the_named_account() {
    let mut driver = driver();
    let of_tweet = v1::Report { tweet_id: id(2), reason: "sells pills".into(), ..v1::Report::default() };
    driver.press(": text:report_sells_pills enter 2").wait(8_001);
    assert!(driver.requests().contains(&&Op::Report(of_tweet)), "{:?}", driver.requests());
    let of_person = v1::Report { username: "yukari".into(), reason: "is Bob".into(), tweet_id: 0 };
    driver.press(": text:report_@Yukari_is_Bob enter 2").wait(8_001);
    assert!(driver.requests().contains(&&Op::Report(of_person)), "{:?}", driver.requests());
    driver.press(": text:report enter 2").wait(8_001);
    let without = v1::Report { tweet_id: id(2), ..v1::Report::default() };
    assert!(driver.requests().contains(&&Op::Report(without)), "{:?}", driver.requests());
}

#[test]
fn a_tweet_waits_before_it_is_sent_and_undo_restores_the_text() {
    let mut driver = driver();
    let posts = |driver: &TuiDriver| driver.requests().iter().filter(|op| matches!(op, Op::Post(_))).count();
    driver.press("c text:hello_#world ctrl-s");
    assert_eq!(posts(&driver), 0);
    driver.press("u");
    assert!(driver.shows("hello #world") && driver.state.composer.is_some(), "{}", driver.screen());
    driver.press("ctrl-s").wait(5_001);
    assert_eq!(posts(&driver), 1);
    assert!(driver.state.texts.outbox.is_empty() && driver.state.texts.drafts.is_empty());
    // It was saved in the outbox before it was sent, and deleted after the response.
    let kept = driver.saved().iter().filter(|what| matches!(what, LocalItem::Outgoing(_))).count();
    let dropped =
        driver.effects.iter().filter(|effect| matches!(effect, Effect::Drop(LocalItem::Outgoing(_)))).count();
    assert_eq!((kept, dropped), (2, 2));
}

#[test]
fn a_draft_is_saved_within_300_ms_and_opened_again() {
    let mut driver = driver();
    driver.press("j r text:half_a_thought");
    let deadline = mini_tweet_tui::update::deadline(&driver.state).unwrap();
    assert!(deadline - driver.now <= 300, "saved only after {} ms", deadline - driver.now);
    driver.wait(deadline - driver.now);
    let name = Writing::Reply(id(9)).name();
    assert!(driver.saved().contains(&&LocalItem::Draft(name)));
    driver.press("esc k j r");
    assert!(driver.shows("@grace half a thought"), "{}", driver.screen());
}

#[test]
fn after_a_crash_drafts_are_there_and_the_outbox_is_sent_with_its_old_key() {
    let text =
        |writing, text: &str| Draft { writing, text: text.into(), audience: Audience::Public, saved_ms: 0 };
    let outgoing = Outgoing::new(vec![3; 16].into(), text(Writing::New, "sent once"), Vec::new(), 0);
    let again = Outgoing::from_toml(&outgoing.to_toml()).unwrap();
    let setup = mini_tweet_tui::state::Setup {
        username: Some("ada".into()),
        drafts: vec![text(Writing::New, "unfinished")],
        outbox: vec![again],
        ..TuiDriver::setup(80, 24)
    };
    let driver = TuiDriver::with(setup, true);
    let sent: Vec<_> = driver
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Ask(_, op, key) if matches!(**op, Op::Post(_)) => key.clone(),
            _ => None,
        })
        .collect();
    assert_eq!(sent, [outgoing.request().1]);
    let mut driver = driver;
    driver.press("c");
    assert!(driver.shows("unfinished"));
}

#[test]
fn a_refused_text_stays_in_the_outbox_and_can_be_edited() {
    let mut driver = driver();
    driver.press("c text:hello ctrl-s");
    driver.refusal = Some(model::Error::invalid("text", "is not liked here"));
    driver.wait(5_001);
    assert!(driver.shows("is not liked here"), "{}", driver.screen());
    driver.press("g d enter");
    assert!(driver.state.composer.as_ref().unwrap().editor.text() == "hello");
}

#[test]
fn texts_wait_for_a_connection() {
    let mut driver = driver();
    driver.handle(Message::Link(client::State::Reconnecting { why: "the server went away".into() }));
    assert!(driver.shows("reconnecting"));
    driver.press("c text:later ctrl-s").wait(5_001);
    assert!(!driver.requests().iter().any(|op| matches!(op, Op::Post(_))));
    driver.press("g d");
    assert!(driver.shows("Waiting for the connection"), "{}", driver.screen());
    driver.handle(Message::Link(client::State::Connected));
    assert!(driver.requests().iter().any(|op| matches!(op, Op::Post(post) if post.text == "later")));
}

#[test]
fn after_a_long_absence_there_is_a_gap_that_loads_from_both_sides() {
    let mut driver = driver();
    driver.press("j j");
    let before = anchor(&driver);
    let fresh: Vec<v1::Tweet> =
        (0..100).map(|n| v1::Tweet { id: id(0) + n, ..tweet(0, 2, &format!("missed {n}")) }).collect();
    driver.tweets.splice(0..0, fresh.into_iter().rev());
    driver.handle(Message::Link(client::State::Reconnecting { why: "x".into() }));
    driver.handle(Message::Link(client::State::Connected));
    assert_eq!(anchor(&driver), before, "reconnecting moved the reader");
    assert!(driver.shows("▲ 40+ new"), "{}", driver.screen());
    driver.press("k k k");
    assert!(matches!(driver.state.selected(), Some(Row::Gap(_))), "{:?}", driver.state.selected());
    driver.press("enter");
    // From below, the reader gets to the tweet above their last one.
    assert_eq!(driver.state.selected(), Some(&Row::Tweet(id(0), 0)));
    driver.press("k");
    while !matches!(driver.state.selected(), Some(Row::Gap(_))) {
        driver.press("k");
    }
    driver.press("enter");
    let ids = &driver.state.screens.by_route[&Route::Home].ids;
    for n in 0..100 {
        assert!(ids.contains(&(id(0) + n)), "missed {n} was not loaded");
    }
    assert!(driver.state.screens.by_route[&Route::Home].gaps.is_empty());
    assert!(ids.is_sorted_by(|a, b| a > b));
}

#[test]
fn tweets_deleted_while_offline_disappear_after_reconnecting() {
    let mut driver = driver();
    driver.tweets.remove(3);
    driver.handle(Message::Link(client::State::Reconnecting { why: "x".into() }));
    driver.handle(Message::Link(client::State::Connected));
    let shown: Vec<u64> = driver.state.screens.by_route[&Route::Home].ids.iter().take(40).copied().collect();
    let truth: Vec<u64> = driver.tweets.iter().map(|tweet| tweet.id).take(40).collect();
    assert_eq!(shown, truth[..shown.len().min(truth.len())]);
}

#[test]
fn the_read_line_is_where_the_reader_left() {
    let read_lines = [("home".to_owned(), id(11))].into();
    let setup =
        mini_tweet_tui::state::Setup { username: Some("ada".into()), read_lines, ..TuiDriver::setup(80, 24) };
    let mut driver = TuiDriver::with(setup, true);
    assert!(driver.shows("── Read up to here"), "{}", driver.screen());
    driver.press("G '");
    assert_eq!(driver.state.selected(), Some(&Row::Tweet(id(11), 0)));
    // Visible tweets count as read the next time.
    driver.wait(3_000);
    assert!(driver.saved().contains(&&LocalItem::ReadLines));
    assert_eq!(driver.state.reading.lines["home"], id(2));
    let moved = v1::SetReadLine { timeline: "home".into(), tweet_id: id(2) };
    assert!(driver.requests().contains(&&Op::SetReadLine(moved)));
}

#[test]
fn the_read_line_follows_other_devices() {
    let setup = mini_tweet_tui::state::Setup { username: Some("ada".into()), ..TuiDriver::setup(80, 24) };
    let mut driver = TuiDriver::with(setup, false);
    driver.read_lines.push(v1::ReadLine { timeline: "home".into(), tweet_id: id(9) });
    driver.connect(true);
    let screen = driver.screen();
    let line = screen.lines().position(|line| line.contains("── Read up to here")).expect(&screen);
    let first = screen.lines().position(|line| line.contains("This, but with fewer locks")).unwrap();
    assert!(line < first, "{screen}");
}

#[test]
fn a_chat_sends_with_enter_shows_new_messages_and_marks_them_read() {
    let mut driver = driver();
    driver.press("3 enter text:on_my_way enter").wait(5_001);
    assert!(
        driver.requests().iter().any(|op| matches!(op, Op::SendMessage(sent) if sent.text == "on my way"))
    );
    let grace = account(2, "grace", "Grace Hopper");
    let mut new = message(0, 2, "Bring cables");
    new.id = id(0) + 1;
    let live = v1::LiveMessage {
        message: Some(new.clone()),
        author: Some(grace.clone()),
        with: Some(grace.clone()),
    };
    driver.live(Topic::Conversations, LiveEvent::Message(live));
    assert!(driver.shows("Bring cables"));
    let read = v1::MarkConversation { username: "grace".into(), delivered: new.id, read: new.id };
    assert!(driver.requests().contains(&&Op::MarkConversation(read)));
    driver.live(Topic::Conversations, LiveEvent::Typing(v1::LiveTyping { account: Some(grace) }));
    assert!(driver.shows("typing…"));
    driver.wait(5_001);
    assert!(!driver.shows("typing…"));
}

#[test]
fn a_message_of_another_chat_is_announced_and_alt_a_opens_it() {
    let mut driver = driver();
    let grace = account(2, "grace", "");
    let mut new = message(0, 2, "psst");
    new.id = id(0) + 1;
    let live = v1::LiveMessage { message: Some(new), author: Some(grace.clone()), with: Some(grace) };
    driver.live(Topic::Conversations, LiveEvent::Message(live));
    assert!(
        driver.shows("3 Chats ◆2") && driver.shows("New message from @grace · Alt-a to open"),
        "{}",
        driver.screen()
    );
    driver.press("alt-a");
    assert_eq!(*driver.state.route(), Route::Conversation("grace".into()));
}

#[test]
fn completion_offers_people_hashtags_and_emoji() {
    let mut driver = driver();
    driver.press("c text:@gr tab text:#ru tab text::tada tab");
    assert_eq!(driver.state.composer.as_ref().unwrap().editor.text(), "@grace #rust 🎉");
}

#[test]
fn a_text_that_is_too_long_can_become_a_thread() {
    let mut driver = driver();
    driver.press("c");
    driver
        .handle(Message::Input(Event::Paste { text: "word ".repeat(120).trim().to_owned(), is_cut: false }));
    assert!(driver.shows("✕ 99 too long"), "{}", driver.screen());
    driver.press("ctrl-s");
    assert!(driver.state.composer.is_some());
    driver.press("alt-t enter").wait(5_001);
    let posts: Vec<_> = driver
        .requests()
        .into_iter()
        .filter_map(|op| if let Op::Post(post) = op { Some(post.clone()) } else { None })
        .collect();
    assert_eq!(posts.len(), 2);
    assert!(posts[0].text.ends_with("1/2") && posts[1].text.ends_with("2/2"));
    assert_ne!(posts[1].reply_to, 0);
}

#[test]
fn a_revoked_session_asks_to_sign_in_and_loses_no_text() {
    let mut driver = driver();
    driver.press("c text:precious");
    let ended = client::ClientError::Refused(model::Error::Unauthenticated("the session has ended".into()));
    driver.handle(Message::Link(client::State::SignedOut(ended)));
    assert!(driver.shows("The session has ended. Your drafts are saved"), "{}", driver.screen());
    assert!(driver.saved().iter().any(|what| matches!(what, LocalItem::Draft(_))));
    driver.connect(false);
    driver.press("enter text:secret enter");
    assert!(driver.state.session.me.is_some(), "{}", driver.screen());
    assert!(
        driver.state.composer.is_some()
            || driver.state.texts.drafts.values().any(|draft| draft.text == "precious")
    );
}

#[test]
fn signing_in_with_another_account_starts_again() {
    let mut driver = driver();
    driver.press("c text:mine ctrl-s");
    let ended = client::ClientError::Refused(model::Error::Unauthenticated("the session has ended".into()));
    driver.handle(Message::Link(client::State::SignedOut(ended)));
    driver.connect(false);
    driver.press("up ctrl-u text:grace enter text:secret enter").wait(60_000);
    let switched = |effect: &Effect| matches!(effect, Effect::Switch(name) if name.starts_with("grace@"));
    assert!(driver.effects.iter().any(switched), "{}", driver.screen());
    assert!(driver.requests().iter().all(|op| !matches!(op, Op::Post(_))), "ada's text was sent by grace");
}

#[test]
fn read_only_changes_nothing() {
    let setup = mini_tweet_tui::state::Setup {
        username: Some("ada".into()),
        is_read_only: true,
        ..TuiDriver::setup(80, 24)
    };
    let mut driver = TuiDriver::with(setup, true);
    driver.press("f b s c F d").wait(60_000);
    assert!(driver.requests().iter().all(|op| !matches!(
        op,
        Op::Like(_) | Op::Retweet(_) | Op::Bookmark(_) | Op::Post(_) | Op::Follow(_) | Op::Unfollow(_)
    )));
    assert!(driver.state.composer.is_none());
}

#[test]
fn unbound_keys_do_nothing_and_q_quits_only_when_pressed_twice() {
    let mut driver = driver();
    driver.press("x z z Q ~ q");
    assert!(!driver.effects.contains(&Effect::Quit));
    driver.wait(3_000).press("q");
    assert!(!driver.effects.contains(&Effect::Quit));
    driver.press("q");
    assert!(driver.effects.contains(&Effect::Quit));
}

#[test]
fn quitting_sends_waiting_texts_and_saves_drafts() {
    let mut driver = driver();
    driver.press("c text:held ctrl-s c text:draft ctrl-c ctrl-c");
    assert!(driver.requests().iter().any(|op| matches!(op, Op::Post(post) if post.text == "held")));
    assert!(driver.saved().contains(&&LocalItem::Draft("new".into())));
    assert!(driver.effects.contains(&Effect::Quit));
}

#[test]
fn escape_is_always_one_step_back() {
    let mut driver = driver();
    driver.press("j t : esc");
    assert!(matches!(driver.state.route(), Route::Thread(_)) && driver.state.prompt.is_none());
    driver.press("a / text:n enter esc");
    assert!(matches!(driver.state.route(), Route::Profile(..)));
    driver.press("esc");
    assert!(matches!(driver.state.route(), Route::Thread(_)));
    driver.press("esc");
    assert_eq!(*driver.state.route(), Route::Home);
    assert_eq!(driver.state.selected(), Some(&Row::Tweet(id(9), 0)));
}

#[test]
fn the_palette_runs_commands_and_says_why_one_is_unavailable() {
    let mut driver = driver();
    driver.press(": text:tag_rust enter");
    assert_eq!(*driver.state.route(), Route::Hashtag("rust".into()));
    driver.press(": text:delete enter");
    assert!(driver.shows("Not your tweet"), "{}", driver.screen());
}

#[test]
fn a_thread_is_opened_by_its_id() {
    let mut driver = driver();
    driver.press(&format!(": text:thread_{} enter", id(11)));
    assert_eq!(*driver.state.route(), Route::Thread(id(11)));
    driver.press(": text:thread_abc enter");
    assert!(driver.shows("Type the id of a tweet"), "{}", driver.screen());
}

#[test]
fn notifications_are_grouped_and_marked() {
    let mut driver = driver();
    driver.press("2");
    assert!(driver.shows("@grace and @alan liked your tweet"), "{}", driver.screen());
    driver.press("m");
    assert!(driver.requests().iter().any(|op| matches!(op, Op::MarkNotificationsRead(_))));
    assert!(!driver.shows("Notifs ◆") && !driver.shows("◆♥"));
}

#[test]
fn the_mouse_selects_opens_and_scrolls() {
    let mut driver = driver();
    let mouse = |action, x, y| Message::Input(Event::Mouse(action, x, y));
    driver.handle(mouse(terminal::key::MouseAction::Press, 10, 7));
    let first = driver.state.selected().cloned();
    assert_ne!(first, Some(Row::Tweet(id(2), 0)));
    driver.handle(mouse(terminal::key::MouseAction::Press, 10, 7));
    assert!(matches!(driver.state.route(), Route::Thread(_)));
    driver.press("esc");
    driver.handle(mouse(terminal::key::MouseAction::Menu, 10, 7));
    assert!(driver.state.prompt.is_some());
    driver.press("esc");
    driver.handle(mouse(terminal::key::MouseAction::Press, 14, 0));
    assert_eq!(*driver.state.route(), Route::NOTIFICATIONS);
    for _ in 0..5 {
        driver.handle(mouse(terminal::key::MouseAction::WheelDown, 10, 7));
    }
}

#[test]
fn a_client_that_has_nothing_to_do_wakes_at_most_once_a_minute() {
    let mut driver = driver();
    driver.wait(20_000);
    let wait = mini_tweet_tui::update::deadline(&driver.state).unwrap() - driver.now;
    assert!(wait > 1_000, "wakes after {wait} ms");
    let before = draw(&driver.state).0;
    driver.wait(1_000);
    assert!(draw(&driver.state).0 == before);
    assert!(NOW < driver.now);
}

#[test]
fn notifications_use_the_sequence_of_the_terminal_and_respect_quiet_hours() {
    let notification = |term: &str, hours_east: i8, looks: bool| {
        let mut driver = driver();
        driver.state.terminal.capabilities.term = term.to_owned();
        driver.state.terminal.capabilities.zone =
            Some(jiff::tz::TimeZone::fixed(jiff::tz::offset(hours_east)));
        driver.state.preferences.settings.quiet = "22 7".parse().unwrap();
        driver.now += 43_200_000 - driver.now.rem_euclid(86_400_000);
        driver.handle(Message::Input(Event::Focus(looks)));
        driver.live(
            Topic::Conversations,
            LiveEvent::Message(v1::LiveMessage {
                message: Some(message(0, 2, "psst")),
                author: Some(account(2, "grace", "Grace")),
                with: Some(account(2, "grace", "Grace")),
            }),
        );
        let written = driver.effects.iter().filter_map(|effect| match effect {
            Effect::Terminal(bytes) => Some(bytes.as_str()),
            _ => None,
        });
        written.collect::<String>()
    };
    assert_eq!(notification("xterm-256color", 0, false), "\u{1b}]9;New message from @grace\u{1b}\\");
    assert_eq!(notification("xterm-kitty", 0, false), "\u{1b}]99;;New message from @grace\u{1b}\\");
    assert_eq!(
        notification("foot", 0, false),
        "\u{1b}]777;notify;Mini-Tweet;New message from @grace\u{1b}\\"
    );
    assert_eq!(notification("xterm", 0, true), "", "no notification while the terminal has the focus");
    // In this zone it is 2 at night when it is noon UTC.
    assert_eq!(notification("xterm", 14, false), "");
}

#[test]
fn a_shortcut_can_be_changed_but_not_to_one_in_use() {
    let mut driver = driver();
    driver.press(": text:bind enter");
    assert!(driver.shows("╭─ Change a shortcut ─"), "{}", driver.screen());
    // The prompt shows the result before Enter.
    driver.press("text:like_j");
    assert!(driver.shows("j runs “like”") && driver.shows("keys: j is bound to both"), "{}", driver.screen());
    driver.press("enter");
    assert!(
        driver.state.preferences.settings.keys.is_empty()
            && driver.shows("keys: j is bound to both “down” and “like”"),
        "{}",
        driver.screen()
    );
    driver.press("ctrl-u text:like_x enter");
    assert!(driver.saved().contains(&&LocalItem::Settings));
    driver.press("x");
    assert!(driver.shows("♥ 4 (you)"), "{}", driver.screen());
    driver.press(": text:bind_like_default enter f");
    assert!(driver.shows("♡ 3") && driver.state.preferences.settings.keys.is_empty(), "{}", driver.screen());
}

#[test]
fn settings_can_be_changed_and_read_as_their_file() {
    let mut driver = driver();
    driver.press("g s G enter");
    assert!(driver.shows("settings.toml") && driver.shows("theme = \"terminal\""), "{}", driver.screen());
    driver.press("esc / text:test enter enter");
    let rings = |effect: &Effect| matches!(effect, Effect::Terminal(bytes) if bytes.contains("\u{1b}]9;"));
    assert!(driver.effects.iter().any(rings), "{}", driver.screen());
}

#[test]
fn links_of_a_tweet_open_by_number() {
    let mut driver = driver();
    let mut new = tweet(0, 2, "see https://a.example/x and https://b.example/y or ask @alan");
    new.id = id(0) + 7;
    driver.receive_tweet(new);
    driver.press(". o");
    assert!(driver.shows("2 https://b.example/y  opens b.example"), "{}", driver.screen());
    driver.press("2");
    assert!(driver.effects.contains(&Effect::OpenLink("https://b.example/y".into())));
    driver.press("o 3");
    assert!(matches!(driver.state.route(), Route::Profile(name, _) if name == "alan"));
}

/// A tweet is posted that the response in flight does not contain.
fn posted_meanwhile(driver: &mut TuiDriver, topic: Topic) {
    let tweet = v1::Tweet { id: id(0) + 5, ..tweet(0, 2, "just in time") };
    let accounts = driver.accounts.clone();
    driver.live(
        topic,
        LiveEvent::TweetPosted(v1::LiveTweet { tweet: Some(tweet), referenced: Vec::new(), accounts }),
    );
    driver.responds = true;
    driver.respond_to_all();
}

#[test]
fn a_tweet_posted_while_an_empty_feed_is_reloaded_is_not_lost() {
    let setup = mini_tweet_tui::state::Setup { username: Some("ada".into()), ..TuiDriver::setup(80, 24) };
    let mut driver = TuiDriver::with(setup, false);
    driver.tweets.clear();
    driver.connect(true);
    assert!(driver.shows("Your home feed fills up"));
    driver.handle(Message::Link(client::State::Reconnecting { why: "gone".into() }));
    driver.responds = false;
    driver.handle(Message::Link(client::State::Connected));
    posted_meanwhile(&mut driver, Topic::Home);
    assert_eq!(driver.state.screens.by_route[&Route::Home].ids, [id(0) + 5]);
    assert!(driver.shows("just in time"), "{}", driver.screen());
}

#[test]
fn a_tweet_posted_while_a_feed_is_loaded_is_not_lost() {
    let mut driver = driver();
    driver.responds = false;
    driver.press("g l");
    posted_meanwhile(&mut driver, Topic::Local);
    assert!(driver.shows("just in time"), "{}", driver.screen());
    assert!(driver.state.screens.by_route[&Route::Local].ids.len() > 10, "the page was merged");
}

#[test]
fn a_tweet_posted_before_the_subscription_began_is_loaded() {
    let mut driver = driver();
    driver.subscribes_at_once = false;
    driver.press("g l");
    let new = v1::Tweet { id: id(0) + 5, ..tweet(0, 2, "just in time") };
    driver.tweets.insert(0, new);
    assert!(!driver.shows("just in time"));
    driver.handle(Message::Following(Topic::Local));
    driver.press(".");
    assert!(driver.shows("just in time"), "{}", driver.screen());
    let read =
        |driver: &TuiDriver| driver.requests().iter().filter(|op| matches!(op, Op::ReadTimeline(_))).count();
    let before = read(&driver);
    driver.handle(Message::Following(Topic::Local));
    assert_eq!(read(&driver), before, "once is enough");
}

#[test]
fn advice_does_not_hide_a_problem_of_the_settings() {
    let setup = mini_tweet_tui::state::Setup {
        username: Some("ada".into()),
        settings: "theme = 3".into(),
        ..TuiDriver::setup(80, 24)
    };
    let mut driver = TuiDriver::with(setup, false);
    let profile = v1::Profile {
        account: Some(account(1, "ada", "Ada")),
        own: Some(v1::OwnSettings { password_change_advised: true, ..v1::OwnSettings::default() }),
        ..v1::Profile::default()
    };
    let answer = Ok(protocol::v1::response::Result::Profile(profile));
    driver.handle(Message::Answered(mini_tweet_tui::message::Purpose::Me, answer));
    assert!(driver.shows("Settings not used: line 1"), "{}", driver.screen());
}

/// Presses keys while the server does not respond, then lets it refuse the last request.
fn press_and_be_refused(driver: &mut TuiDriver, keys: &str) {
    driver.responds = false;
    driver.press(keys);
    driver.responds = true;
    driver.refusal = Some(model::Error::forbidden("not today"));
    driver.respond_to_all();
}

#[test]
fn presence_is_hidden_only_when_the_server_has_confirmed_it() {
    let mut driver = driver();
    driver.responds = false;
    driver.press(": text:hide-presence enter");
    assert!(!driver.shows("No one can see that you're online"), "{}", driver.screen());
    assert!(!driver.state.session.me.as_ref().unwrap().is_hidden);
    driver.responds = true;
    driver.respond_to_all();
    assert!(driver.shows("No one can see that you're online"), "{}", driver.screen());
    assert!(driver.state.session.me.as_ref().unwrap().is_hidden);
    driver.press(": text:hide-presence enter");
    assert!(driver.shows("Others can see that you're online"), "{}", driver.screen());
}

#[test]
fn presence_that_could_not_be_hidden_is_reported() {
    let mut driver = driver();
    press_and_be_refused(&mut driver, ": text:hide-presence enter");
    assert!(driver.shows("Others can still see that you're online: not today"), "{}", driver.screen());
    assert!(!driver.state.session.me.as_ref().unwrap().is_hidden);
}

#[test]
fn notifications_stay_unread_when_the_server_could_not_mark_them() {
    let mut driver = driver();
    driver.press("2");
    press_and_be_refused(&mut driver, "m");
    assert!(driver.shows("Notifications not marked as read: not today"), "{}", driver.screen());
    assert_eq!(driver.state.live.unread, 2);
    assert!(driver.shows("2 Notifs ◆2"), "{}", driver.screen());
}

#[test]
fn a_notification_that_arrives_while_others_are_marked_stays_unread() {
    let mut driver = driver();
    driver.press("2");
    driver.responds = false;
    driver.press("m");
    driver.receive_follow(id(0));
    driver.responds = true;
    driver.respond_to_all();
    assert_eq!(driver.state.live.unread, 1);
}

#[test]
fn a_paste_goes_into_every_field_up_to_its_limit() {
    let paste = |text: String| Message::Input(Event::Paste { text, is_cut: false });
    // The composer, also when it is opened by the paste.
    for keys in ["", "c"] {
        let mut driver = driver();
        if !keys.is_empty() {
            driver.press(keys);
        }
        driver.handle(paste("line\n".repeat(60_000)));
        let text = driver.state.composer.as_ref().unwrap().editor.text().to_owned();
        assert!(text.starts_with("line\nline\n") && text.len() <= 16 * 1024, "{}", text.len());
        assert!(driver.shows("Only the beginning of the pasted text fits here"), "{}", driver.screen());
        driver.press("x ctrl-s");
        assert!(driver.shows("too long"), "{}", driver.screen());
    }
    // One line: refused as a whole.
    for keys in ["/", "ctrl-k", ":"] {
        let mut driver = driver();
        driver.press(keys).handle(paste("word ".repeat(60_000)));
        let toast = driver.state.toast.clone().unwrap();
        assert!(toast.text.contains("too long for this field"), "{keys} {toast:?}");
        assert_eq!(driver.state.prompt.as_ref().unwrap().editor.text(), "");
    }
    let mut driver = driver();
    driver.press(": text:password enter").handle(paste("p".repeat(300_000)));
    let toast = driver.state.toast.clone().unwrap();
    assert!(toast.text.contains("too long for this field"), "{toast:?}");
    assert_eq!(driver.state.form.as_ref().unwrap().fields[0].editor.text(), "");
}

#[test]
fn keys_of_another_layout_act_as_the_latin_ones_in_their_place_except_while_writing() {
    let mut driver = driver();
    let first = driver.state.selected().cloned();
    driver.press("о");
    assert_ne!(driver.state.selected().cloned(), first, "о is j");
    driver.press("л");
    assert_eq!(driver.state.selected().cloned(), first, "л is k");
    driver.press("п т");
    assert_eq!(driver.state.route(), &Route::NOTIFICATIONS, "п т is g n");
    driver.press("с text:ол");
    assert_eq!(driver.state.composer.as_ref().unwrap().editor.text(), "ол");
}

#[test]
fn a_burst_of_mentions_rings_once_and_then_gives_a_summary() {
    let mut driver = driver();
    driver.handle(Message::Input(Event::Focus(false)));
    let rings = |driver: &TuiDriver| {
        let all = driver.effects.iter().filter_map(|effect| match effect {
            Effect::Terminal(bytes) if bytes.contains("\x1b]9;") => Some(bytes.clone()),
            _ => None,
        });
        all.collect::<Vec<_>>()
    };
    driver.state.preferences.settings.notify = true;
    driver.state.preferences.settings.quiet = "off".parse().unwrap();
    let grace = account(2, "grace", "Grace");
    for number in 0..60 {
        let live = v1::LiveMessage {
            message: Some(message(number, 2, "hello")),
            author: Some(grace.clone()),
            with: Some(grace.clone()),
        };
        driver.live(Topic::Conversations, LiveEvent::Message(live));
    }
    assert_eq!(rings(&driver).len(), 1);
    driver.wait(1_000);
    let rings = rings(&driver);
    assert!(rings.len() == 2 && rings[1].contains("59 new messages"), "{rings:?}");
}

#[test]
fn a_response_of_another_type_is_shown_as_a_failure() {
    for wrong in
        [v1::response::Result::Done(v1::Done::default()), v1::response::Result::Thread(v1::Thread::default())]
    {
        let mut driver = TuiDriver::new(80, 24);
        driver.responds = false;
        driver.press("g b");
        let (purpose, _) = driver.waiting.pop_front().unwrap();
        driver.handle(Message::Answered(purpose, Ok(wrong)));
        assert!(driver.shows("does not match the request"), "{}", driver.screen());
    }
}
