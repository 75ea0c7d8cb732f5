//! Flows as scripts of keys: what a person does, and what they see and what is asked for them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod desk;

use desk::{Desk, NOW, account, id, message, tweet};
use mini_tweet_tui::key::Event;
use mini_tweet_tui::message::{Effect, Message, Shelved, Topic};
use mini_tweet_tui::place::Place;
use mini_tweet_tui::rows::Row;
use mini_tweet_tui::view::draw;
use mini_tweet_tui::writing::{Audience, Draft, Outgoing, Writing};
use proptest::prelude::*;
use protocol::v1;
use protocol::v1::event::Event as Happening;
use protocol::v1::request::Op;

fn desk() -> Desk {
    Desk::new(80, 24)
}

/// The selected tweet and the screen line on which it begins.
fn anchor(desk: &Desk) -> (Option<Row>, Option<usize>) {
    let screen = desk.screen();
    (desk.state.selected().cloned(), screen.lines().position(|line| line.contains('▌')))
}

#[test]
fn what_arrives_never_moves_the_reader() {
    let mut desk = desk();
    desk.press("j j j");
    let before = anchor(&desk);
    for n in 0..5 {
        let mut new = tweet(0, 2, "fresh");
        new.id = id(0) + n;
        desk.posted(new);
    }
    assert_eq!(anchor(&desk), before);
    assert!(desk.shows("▲ 5 new"), "{}", desk.screen());
    desk.press(".");
    assert!(desk.shows("fresh") && !desk.shows("▲"), "{}", desk.screen());
}

#[derive(Debug, Clone)]
enum Happens {
    Post,
    Delete(usize),
    Edit(usize),
    Resize(u16, u16),
    /// The connection is lost, so much is missed, and it is there again.
    Reconnect(usize),
    Wait,
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        Just(Happens::Post),
        (0_usize..30).prop_map(Happens::Delete),
        (0_usize..30).prop_map(Happens::Edit),
        (50_u16..140, 24_u16..60).prop_map(|(width, height)| Happens::Resize(width, height)),
        (0_usize..60).prop_map(Happens::Reconnect),
        Just(Happens::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]
    #[test]
    fn whatever_happens_the_reader_stays_on_the_same_row_and_line(
        steps in 0_usize..5,
        all in prop::collection::vec(happens(), 1..25),
    ) {
        let mut desk = desk();
        for _ in 0..steps {
            desk.press("j");
        }
        let before = anchor(&desk);
        prop_assert!(before.1.is_some());
        for (n, one) in (0_u64..).zip(all) {
            match one {
                Happens::Post => {
                    let new = v1::Tweet { id: id(0) + 1_000 * (n + 1), ..tweet(0, 2, "fresh") };
                    desk.posted(new);
                }
                Happens::Delete(place) => {
                    let place = place % desk.tweets.len();
                    let gone = desk.tweets.remove(place).id;
                    let deleted = v1::TweetDeleted { tweet_id: gone };
                    desk.live(Topic::Home, Happening::TweetDeleted(deleted));
                }
                Happens::Edit(place) => {
                    let place = place % desk.tweets.len();
                    // The reader's own row may become higher; it begins where it began.
                    desk.tweets[place].text = format!("Another text, and a longer one: {}", "word ".repeat(place));
                    let live = v1::LiveTweet {
                        tweet: Some(desk.tweets[place].clone()),
                        referenced: Vec::new(),
                        accounts: desk.accounts.clone(),
                    };
                    desk.live(Topic::Home, Happening::TweetEdited(live));
                }
                Happens::Resize(width, height) => {
                    let size = mini_tweet_tui::grid::Size { width, height };
                    desk.tell(Message::Resized(size));
                }
                Happens::Reconnect(missed) => {
                    desk.tell(Message::Link(client::State::Reconnecting { why: "gone".into() }));
                    for m in 0..missed {
                        let id = id(0) + 1_000 * (n + 1) + u64::try_from(m).unwrap() + 1;
                        desk.tweets.insert(0, v1::Tweet { id, ..tweet(0, 3, "missed") });
                    }
                    desk.tell(Message::Link(client::State::Connected));
                }
                Happens::Wait => {
                    desk.wait(61_000);
                }
            }
            let now = anchor(&desk);
            prop_assert_eq!(&now.0, &before.0);
            // Only a row that would not fit is moved up, so far that it ends at the end of the screen.
            let screen = desk.screen();
            let end = screen.lines().collect::<Vec<_>>().iter().rposition(|line| line.contains('▌'));
            let touches_end = end.is_some_and(|end| end + 3 >= usize::from(desk.state.size.height));
            prop_assert!(now.1 == before.1 || touches_end, "{:?} {:?}\n{screen}", before.1, now.1);
        }
    }
}

#[test]
fn a_deleted_tweet_under_the_reader_leaves_a_stone_until_they_move() {
    let mut desk = desk();
    desk.press("j");
    let Some(Row::Tweet(id, _)) = desk.state.selected().cloned() else { panic!() };
    let line = anchor(&desk).1;
    desk.live(Topic::Home, Happening::TweetDeleted(v1::TweetDeleted { tweet_id: id }));
    assert_eq!(anchor(&desk), (Some(Row::Tweet(id, 0)), line));
    assert!(desk.shows("this tweet was deleted"));
    desk.press("j");
    assert!(!desk.shows("this tweet was deleted"), "{}", desk.screen());
}

#[test]
fn likes_show_at_once_and_are_taken_back_when_the_server_says_no() {
    let mut desk = desk();
    desk.is_answered = false;
    desk.press("f");
    assert!(desk.shows("♥ you, 4"), "{}", desk.screen());
    desk.is_answered = true;
    desk.refusal = Some(model::Error::forbidden("they blocked you"));
    desk.answer_all();
    assert!(desk.shows("♡ 3") && desk.shows("they blocked you"), "{}", desk.screen());
}

#[test]
fn undo_reverses_and_redo_does_again() {
    let mut desk = desk();
    desk.press("f u");
    assert!(desk.asked().contains(&&Op::Unlike(v1::Unlike { tweet_id: id(2) })));
    desk.press("ctrl-r");
    assert!(desk.shows("♥ you, 4"));
    desk.press("5 j j j F");
    assert!(desk.shows("You follow @yukari"), "{}", desk.screen());
    desk.press("u");
    assert!(desk.asked().contains(&&Op::Unfollow(v1::Unfollow { username: "yukari".into() })));
}

#[test]
fn what_cannot_be_reversed_is_held_and_can_be_taken_back() {
    let mut desk = desk();
    let removed = Op::RemoveFollower(v1::RemoveFollower { username: "grace".into() });
    desk.press("5 R");
    assert!(desk.shows("u undo (8 s)"), "{}", desk.screen());
    desk.press("u").wait(60_000);
    assert!(!desk.asked().contains(&&removed));
    desk.press("R").wait(8_001);
    assert!(desk.asked().contains(&&removed));
}

#[test]
fn the_operators_are_told_of_what_is_selected_or_of_who_is_named_and_why() {
    let mut desk = desk();
    let of_tweet = v1::Report { tweet_id: id(2), reason: "sells pills".into(), ..v1::Report::default() };
    desk.press(": text:report_sells_pills enter").wait(8_001);
    assert!(desk.asked().contains(&&Op::Report(of_tweet)), "{:?}", desk.asked());
    let of_person = v1::Report { username: "yukari".into(), reason: "is Bob".into(), tweet_id: 0 };
    desk.press(": text:report_@Yukari_is_Bob enter").wait(8_001);
    assert!(desk.asked().contains(&&Op::Report(of_person)), "{:?}", desk.asked());
    desk.press(": text:report enter").wait(8_001);
    let without = v1::Report { tweet_id: id(2), ..v1::Report::default() };
    assert!(desk.asked().contains(&&Op::Report(without)), "{:?}", desk.asked());
}

#[test]
fn a_tweet_is_held_then_sent_and_undo_brings_the_text_back() {
    let mut desk = desk();
    let posts = |desk: &Desk| desk.asked().iter().filter(|op| matches!(op, Op::Post(_))).count();
    desk.press("c text:hello_#world ctrl-s");
    assert_eq!(posts(&desk), 0);
    desk.press("u");
    assert!(desk.shows("hello #world") && desk.state.composer.is_some(), "{}", desk.screen());
    desk.press("ctrl-s").wait(5_001);
    assert_eq!(posts(&desk), 1);
    assert!(desk.state.outbox.is_empty() && desk.state.drafts.is_empty());
    // It was in the outbox on the disk before it went, and is gone from there after.
    let kept = desk.kept().iter().filter(|what| matches!(what, Shelved::Outgoing(_))).count();
    let dropped =
        desk.effects.iter().filter(|effect| matches!(effect, Effect::Drop(Shelved::Outgoing(_)))).count();
    assert_eq!((kept, dropped), (2, 2));
}

#[test]
fn what_is_typed_is_kept_within_300_ms_and_comes_back() {
    let mut desk = desk();
    desk.press("j r text:half_a_thought");
    let deadline = mini_tweet_tui::update::deadline(&desk.state).unwrap();
    assert!(deadline - desk.now <= 300, "kept only after {} ms", deadline - desk.now);
    desk.wait(deadline - desk.now);
    let name = Writing::Reply(id(9)).name();
    assert!(desk.kept().contains(&&Shelved::Draft(name)));
    desk.press("esc k j r");
    assert!(desk.shows("@grace half a thought"), "{}", desk.screen());
}

#[test]
fn after_a_crash_drafts_are_there_and_the_outbox_goes_under_its_old_key() {
    let text = |writing, text: &str| Draft { writing, text: text.into(), audience: Audience::Public };
    let outgoing = Outgoing::new(vec![3; 16].into(), text(Writing::New, "sent once"), Vec::new(), 0);
    let again = Outgoing::from_toml(&outgoing.to_toml()).unwrap();
    let setup = mini_tweet_tui::state::Setup {
        username: Some("ada".into()),
        drafts: vec![text(Writing::New, "unfinished")],
        outbox: vec![again],
        ..Desk::setup(80, 24)
    };
    let desk = Desk::with(setup, true);
    let sent: Vec<_> = desk
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Ask(_, op, key) if matches!(**op, Op::Post(_)) => key.clone(),
            _ => None,
        })
        .collect();
    assert_eq!(sent, [outgoing.request().1]);
    let mut desk = desk;
    desk.press("c");
    assert!(desk.shows("unfinished"));
}

#[test]
fn what_is_refused_stays_in_the_outbox_and_can_be_mended() {
    let mut desk = desk();
    desk.press("c text:hello ctrl-s");
    desk.refusal = Some(model::Error::invalid("text", "is not liked here"));
    desk.wait(5_001);
    assert!(desk.shows("is not liked here"), "{}", desk.screen());
    desk.press("g d enter");
    assert!(desk.state.composer.as_ref().unwrap().editor.text() == "hello");
}

#[test]
fn without_a_connection_texts_wait_and_go_when_there_is_one() {
    let mut desk = desk();
    desk.tell(Message::Link(client::State::Reconnecting { why: "the server went away".into() }));
    assert!(desk.shows("◌ reconnecting"));
    desk.press("c text:later ctrl-s").wait(5_001);
    assert!(!desk.asked().iter().any(|op| matches!(op, Op::Post(_))));
    desk.press("g d");
    assert!(desk.shows("waits for the connection"), "{}", desk.screen());
    desk.tell(Message::Link(client::State::Connected));
    assert!(desk.asked().iter().any(|op| matches!(op, Op::Post(post) if post.text == "later")));
}

#[test]
fn after_a_long_absence_there_is_a_gap_that_loads_from_either_side() {
    let mut desk = desk();
    desk.press("j j");
    let before = anchor(&desk);
    let fresh: Vec<v1::Tweet> =
        (0..100).map(|n| v1::Tweet { id: id(0) + n, ..tweet(0, 2, &format!("missed {n}")) }).collect();
    desk.tweets.splice(0..0, fresh.into_iter().rev());
    desk.tell(Message::Link(client::State::Reconnecting { why: "x".into() }));
    desk.tell(Message::Link(client::State::Connected));
    assert_eq!(anchor(&desk), before, "reconnecting moved the reader");
    assert!(desk.shows("▲ 40 new"), "{}", desk.screen());
    desk.press("k k k");
    assert!(matches!(desk.state.selected(), Some(Row::Gap(_))), "{:?}", desk.state.selected());
    desk.press("enter");
    // From below: the nearest to what was read.
    assert_eq!(desk.state.selected(), Some(&Row::Tweet(id(0), 0)));
    desk.press("k");
    while !matches!(desk.state.selected(), Some(Row::Gap(_))) {
        desk.press("k");
    }
    desk.press("enter");
    let ids = &desk.state.panels[&Place::Home].ids;
    for n in 0..100 {
        assert!(ids.contains(&(id(0) + n)), "missed {n} was not loaded");
    }
    assert!(desk.state.panels[&Place::Home].gaps.is_empty());
    assert!(ids.is_sorted_by(|a, b| a > b));
}

#[test]
fn what_was_deleted_while_away_is_gone_after_reconnecting() {
    let mut desk = desk();
    desk.tweets.remove(3);
    desk.tell(Message::Link(client::State::Reconnecting { why: "x".into() }));
    desk.tell(Message::Link(client::State::Connected));
    let shown: Vec<u64> = desk.state.panels[&Place::Home].ids.iter().take(40).copied().collect();
    let truth: Vec<u64> = desk.tweets.iter().map(|tweet| tweet.id).take(40).collect();
    assert_eq!(shown, truth[..shown.len().min(truth.len())]);
}

#[test]
fn the_read_line_stands_where_one_left() {
    let read_lines = [("home".to_owned(), id(11))].into();
    let setup =
        mini_tweet_tui::state::Setup { username: Some("ada".into()), read_lines, ..Desk::setup(80, 24) };
    let mut desk = Desk::with(setup, true);
    assert!(desk.shows("── read up to here"), "{}", desk.screen());
    desk.press("G '");
    assert_eq!(desk.state.selected(), Some(&Row::Tweet(id(11), 0)));
    // What was on the screen is read now, for the next time.
    desk.wait(3_000);
    assert!(desk.kept().contains(&&Shelved::ReadLines));
    assert_eq!(desk.state.read_lines["home"], id(2));
    let told = v1::SetReadLine { timeline: "home".into(), tweet_id: id(2) };
    assert!(desk.asked().contains(&&Op::SetReadLine(told)));
}

#[test]
fn what_was_read_on_another_device_is_read_here() {
    let setup = mini_tweet_tui::state::Setup { username: Some("ada".into()), ..Desk::setup(80, 24) };
    let mut desk = Desk::with(setup, false);
    desk.read_lines.push(v1::ReadLine { timeline: "home".into(), tweet_id: id(9) });
    desk.connect(true);
    let screen = desk.screen();
    let line = screen.lines().position(|line| line.contains("── read up to here")).expect(&screen);
    let first = screen.lines().position(|line| line.contains("This, but with fewer locks")).unwrap();
    assert!(line < first, "{screen}");
}

#[test]
fn a_chat_sends_with_enter_shows_what_comes_and_marks_it_read() {
    let mut desk = desk();
    desk.press("3 enter text:on_my_way enter");
    assert!(desk.asked().iter().any(|op| matches!(op, Op::SendMessage(sent) if sent.text == "on my way")));
    let grace = account(2, "grace", "Grace Hopper");
    let mut new = message(0, 2, "Bring cables");
    new.id = id(0) + 1;
    let live = v1::LiveMessage {
        message: Some(new.clone()),
        author: Some(grace.clone()),
        with: Some(grace.clone()),
    };
    desk.live(Topic::Conversations, Happening::Message(live));
    assert!(desk.shows("Bring cables"));
    let read = v1::MarkConversation { username: "grace".into(), delivered: new.id, read: new.id };
    assert!(desk.asked().contains(&&Op::MarkConversation(read)));
    desk.live(Topic::Conversations, Happening::Typing(v1::LiveTyping { account: Some(grace) }));
    assert!(desk.shows("@grace is writing"));
    desk.wait(5_001);
    assert!(!desk.shows("is writing"));
}

#[test]
fn a_message_elsewhere_is_announced_and_alt_a_goes_there() {
    let mut desk = desk();
    let grace = account(2, "grace", "");
    let mut new = message(0, 2, "psst");
    new.id = id(0) + 1;
    let live = v1::LiveMessage { message: Some(new), author: Some(grace.clone()), with: Some(grace) };
    desk.live(Topic::Conversations, Happening::Message(live));
    assert!(desk.shows("3 Chat ●2") && desk.shows("@grace wrote to you"), "{}", desk.screen());
    desk.press("alt-a");
    assert_eq!(*desk.state.place(), Place::Conversation("grace".into()));
}

#[test]
fn completion_offers_people_and_tags_and_emoji() {
    let mut desk = desk();
    desk.press("c text:@gr tab text:#ru tab text::tada tab");
    assert_eq!(desk.state.composer.as_ref().unwrap().editor.text(), "@grace #rust 🎉");
}

#[test]
fn a_text_that_is_too_long_is_counted_and_can_become_a_thread() {
    let mut desk = desk();
    desk.press("c");
    desk.tell(Message::Input(Event::Paste("word ".repeat(120).trim().to_owned())));
    assert!(desk.shows("✕ 99 too long"), "{}", desk.screen());
    desk.press("ctrl-s");
    assert!(desk.state.composer.is_some());
    desk.press("alt-t").wait(5_001);
    let posts: Vec<_> = desk
        .asked()
        .into_iter()
        .filter_map(|op| if let Op::Post(post) = op { Some(post.clone()) } else { None })
        .collect();
    assert_eq!(posts.len(), 2);
    assert!(posts[0].text.ends_with("1/2") && posts[1].text.ends_with("2/2"));
    assert_ne!(posts[1].reply_to, 0);
}

#[test]
fn a_revoked_session_asks_to_log_in_and_loses_no_text() {
    let mut desk = desk();
    desk.press("c text:precious");
    let ended = client::ClientError::Refused(model::Error::Unauthenticated("the session has ended".into()));
    desk.tell(Message::Link(client::State::SignedOut(ended)));
    assert!(desk.shows("Your session has ended"), "{}", desk.screen());
    assert!(desk.kept().iter().any(|what| matches!(what, Shelved::Draft(_))));
    desk.connect(false);
    desk.press("enter text:secret enter");
    assert!(desk.state.me.is_some(), "{}", desk.screen());
    assert!(
        desk.state.composer.is_some() || desk.state.drafts.values().any(|draft| draft.text == "precious")
    );
}

#[test]
fn whoever_logs_in_where_another_was_begins_anew() {
    let mut desk = desk();
    desk.press("c text:mine ctrl-s");
    let ended = client::ClientError::Refused(model::Error::Unauthenticated("the session has ended".into()));
    desk.tell(Message::Link(client::State::SignedOut(ended)));
    desk.connect(false);
    desk.press("up ctrl-u text:grace enter text:secret enter").wait(60_000);
    let switched = |effect: &Effect| matches!(effect, Effect::Switch(name) if name.starts_with("grace@"));
    assert!(desk.effects.iter().any(switched), "{}", desk.screen());
    assert!(desk.asked().iter().all(|op| !matches!(op, Op::Post(_))), "ada's text was sent by grace");
}

#[test]
fn read_only_changes_nothing() {
    let setup = mini_tweet_tui::state::Setup {
        username: Some("ada".into()),
        is_read_only: true,
        ..Desk::setup(80, 24)
    };
    let mut desk = Desk::with(setup, true);
    desk.press("f b s c F d").wait(60_000);
    assert!(desk.asked().iter().all(|op| !matches!(
        op,
        Op::Like(_) | Op::Retweet(_) | Op::Bookmark(_) | Op::Post(_) | Op::Follow(_) | Op::Unfollow(_)
    )));
    assert!(desk.state.composer.is_none());
}

#[test]
fn stray_keys_do_no_harm_and_q_quits_only_twice() {
    let mut desk = desk();
    desk.press("x z z Q ~ q");
    assert!(!desk.effects.contains(&Effect::Quit));
    desk.wait(3_000).press("q");
    assert!(!desk.effects.contains(&Effect::Quit));
    desk.press("q");
    assert!(desk.effects.contains(&Effect::Quit));
}

#[test]
fn quitting_sends_what_is_held_and_keeps_what_is_written() {
    let mut desk = desk();
    desk.press("c text:held ctrl-s c text:draft ctrl-c ctrl-c");
    assert!(desk.asked().iter().any(|op| matches!(op, Op::Post(post) if post.text == "held")));
    assert!(desk.kept().contains(&&Shelved::Draft("new".into())));
    assert!(desk.effects.contains(&Effect::Quit));
}

#[test]
fn escape_is_always_one_step_back() {
    let mut desk = desk();
    desk.press("j t : esc");
    assert!(matches!(desk.state.place(), Place::Thread(_)) && desk.state.prompt.is_none());
    desk.press("a / text:n enter esc");
    assert!(matches!(desk.state.place(), Place::Profile(..)));
    desk.press("esc");
    assert!(matches!(desk.state.place(), Place::Thread(_)));
    desk.press("esc");
    assert_eq!(*desk.state.place(), Place::Home);
    assert_eq!(desk.state.selected(), Some(&Row::Tweet(id(9), 0)));
}

#[test]
fn the_palette_runs_commands_and_says_why_not() {
    let mut desk = desk();
    desk.press(": text:tag_rust enter");
    assert_eq!(*desk.state.place(), Place::Hashtag("rust".into()));
    desk.press(": text:delete enter");
    assert!(desk.shows("it is not your tweet"), "{}", desk.screen());
}

#[test]
fn notifications_are_grouped_and_marked() {
    let mut desk = desk();
    desk.press("2");
    assert!(desk.shows("@grace, @alan liked your tweet"), "{}", desk.screen());
    desk.press("m");
    assert!(desk.asked().iter().any(|op| matches!(op, Op::MarkNotificationsRead(_))));
    assert!(!desk.shows("Notifs ●"));
}

#[test]
fn the_mouse_selects_opens_and_scrolls() {
    let mut desk = desk();
    let mouse = |action, x, y| Message::Input(Event::Mouse(action, x, y));
    desk.tell(mouse(mini_tweet_tui::key::MouseAction::Press, 10, 7));
    let first = desk.state.selected().cloned();
    assert_ne!(first, Some(Row::Tweet(id(2), 0)));
    desk.tell(mouse(mini_tweet_tui::key::MouseAction::Press, 10, 7));
    assert!(matches!(desk.state.place(), Place::Thread(_)));
    desk.press("esc");
    desk.tell(mouse(mini_tweet_tui::key::MouseAction::Menu, 10, 7));
    assert!(desk.state.prompt.is_some());
    desk.press("esc");
    desk.tell(mouse(mini_tweet_tui::key::MouseAction::Press, 14, 0));
    assert_eq!(*desk.state.place(), Place::Notifications);
    for _ in 0..5 {
        desk.tell(mouse(mini_tweet_tui::key::MouseAction::WheelDown, 10, 7));
    }
}

#[test]
fn a_client_that_has_nothing_to_do_wakes_at_most_once_a_minute() {
    let mut desk = desk();
    desk.wait(20_000);
    let wait = mini_tweet_tui::update::deadline(&desk.state).unwrap() - desk.now;
    assert!(wait > 1_000, "wakes after {wait} ms");
    let before = draw(&desk.state).0;
    desk.wait(1_000);
    assert!(draw(&desk.state).0 == before);
    assert!(NOW < desk.now);
}

#[test]
fn who_looks_away_is_told_in_the_way_of_the_terminal_but_not_at_night() {
    let told = |term: &str, hours_east: i8, looks: bool| {
        let mut desk = desk();
        desk.state.capabilities.term = term.to_owned();
        desk.state.capabilities.zone = Some(jiff::tz::TimeZone::fixed(jiff::tz::offset(hours_east)));
        desk.state.settings.quiet = (22, 7);
        desk.now += 43_200_000 - desk.now.rem_euclid(86_400_000);
        desk.tell(Message::Input(Event::Focus(looks)));
        desk.live(
            Topic::Conversations,
            Happening::Message(v1::LiveMessage {
                message: Some(message(0, 2, "psst")),
                author: Some(account(2, "grace", "Grace")),
                with: Some(account(2, "grace", "Grace")),
            }),
        );
        let written = desk.effects.iter().filter_map(|effect| match effect {
            Effect::Terminal(bytes) => Some(bytes.as_str()),
            _ => None,
        });
        written.collect::<String>()
    };
    assert_eq!(told("xterm-256color", 0, false), "\u{1b}]9;@grace wrote to you\u{1b}\\");
    assert_eq!(told("xterm-kitty", 0, false), "\u{1b}]99;;@grace wrote to you\u{1b}\\");
    assert_eq!(told("foot", 0, false), "\u{1b}]777;notify;Mini-Tweet;@grace wrote to you\u{1b}\\");
    assert_eq!(told("xterm", 0, true), "", "who looks sees it");
    // Where it is two at night when it is noon in Greenwich.
    assert_eq!(told("xterm", 14, false), "");
}

#[test]
fn a_command_gets_another_key_from_inside_but_never_one_that_means_something_else() {
    let mut desk = desk();
    desk.press(": text:bind enter");
    assert!(desk.shows("Command and key"), "{}", desk.screen());
    // What it would do is seen before it is done.
    desk.press("text:like_j");
    assert!(desk.shows("j is like") && desk.shows("(keys: j is"), "{}", desk.screen());
    desk.press("enter");
    assert!(desk.state.settings.keys.is_empty() && desk.shows("Not now"), "{}", desk.screen());
    desk.press("ctrl-u text:like_x enter");
    assert!(desk.kept().contains(&&Shelved::Settings));
    desk.press("x");
    assert!(desk.shows("♥ you, 4"), "{}", desk.screen());
    desk.press(": text:bind_like_default enter f");
    assert!(desk.shows("♡ 3") && desk.state.settings.keys.is_empty(), "{}", desk.screen());
}

#[test]
fn the_settings_can_be_tried_and_read_as_their_file() {
    let mut desk = desk();
    desk.press("g s G enter");
    assert!(desk.shows("settings.toml") && desk.shows("theme = \"terminal\""), "{}", desk.screen());
    desk.press("esc k enter");
    let rings = |effect: &Effect| matches!(effect, Effect::Terminal(bytes) if bytes.contains("\u{1b}]9;"));
    assert!(desk.effects.iter().any(rings), "{}", desk.screen());
}

#[test]
fn what_is_in_a_tweet_opens_by_its_number() {
    let mut desk = desk();
    let mut new = tweet(0, 2, "see https://a.example/x and https://b.example/y or ask @alan");
    new.id = id(0) + 7;
    desk.posted(new);
    desk.press(". o");
    assert!(desk.shows("2 https://b.example/y  leads to b.example"), "{}", desk.screen());
    desk.press("2");
    assert!(desk.effects.contains(&Effect::OpenLink("https://b.example/y".into())));
    desk.press("o 3");
    assert!(matches!(desk.state.place(), Place::Profile(name, _) if name == "alan"));
}

#[test]
fn a_servers_key_is_shown_whole_on_a_screen_of_80_columns() {
    let mut desk = Desk::with(
        mini_tweet_tui::state::Setup { server: "a.org:4280".into(), ..Desk::setup(80, 24) },
        false,
    );
    let key = "SHA256:u6cSixuwTcYVzrA2NltY/4e3a//BYobnCyorL5fE7c0";
    let connected = mini_tweet_tui::message::Connected {
        hello: v1::ServerHello::default(),
        first_contact: Some(key.to_owned()),
        signed_in: false,
    };
    desk.tell(Message::Connected(Box::new(connected)));
    assert!(desk.shows(key), "{}", desk.screen());
}

/// Somebody posts what the answer that is under way does not have yet.
fn posted_meanwhile(desk: &mut Desk, topic: Topic) {
    let tweet = v1::Tweet { id: id(0) + 5, ..tweet(0, 2, "just in time") };
    let accounts = desk.accounts.clone();
    desk.live(
        topic,
        Happening::TweetPosted(v1::LiveTweet { tweet: Some(tweet), referenced: Vec::new(), accounts }),
    );
    desk.is_answered = true;
    desk.answer_all();
}

#[test]
fn what_is_posted_while_an_empty_feed_is_read_again_is_not_lost() {
    let setup = mini_tweet_tui::state::Setup { username: Some("ada".into()), ..Desk::setup(80, 24) };
    let mut desk = Desk::with(setup, false);
    desk.tweets.clear();
    desk.connect(true);
    assert!(desk.shows("Nothing here yet"));
    desk.tell(Message::Link(client::State::Reconnecting { why: "gone".into() }));
    desk.is_answered = false;
    desk.tell(Message::Link(client::State::Connected));
    posted_meanwhile(&mut desk, Topic::Home);
    assert_eq!(desk.state.panels[&Place::Home].ids, [id(0) + 5]);
    assert!(desk.shows("just in time"), "{}", desk.screen());
}

#[test]
fn what_is_posted_while_a_feed_is_read_for_the_first_time_is_not_lost() {
    let mut desk = desk();
    desk.is_answered = false;
    desk.press("g l");
    posted_meanwhile(&mut desk, Topic::Local);
    assert!(desk.shows("just in time"), "{}", desk.screen());
    assert!(desk.state.panels[&Place::Local].ids.len() > 10, "what was there before is there");
}

#[test]
fn what_was_posted_between_reading_and_following_is_read_again() {
    let mut desk = desk();
    desk.follows_at_once = false;
    desk.press("g l");
    let new = v1::Tweet { id: id(0) + 5, ..tweet(0, 2, "just in time") };
    desk.tweets.insert(0, new);
    assert!(!desk.shows("just in time"));
    desk.tell(Message::Following(Topic::Local));
    desk.press(".");
    assert!(desk.shows("just in time"), "{}", desk.screen());
    let read = |desk: &Desk| desk.asked().iter().filter(|op| matches!(op, Op::ReadTimeline(_))).count();
    let before = read(&desk);
    desk.tell(Message::Following(Topic::Local));
    assert_eq!(read(&desk), before, "once is enough");
}

#[test]
fn good_advice_does_not_cover_what_is_wrong_with_the_settings() {
    let setup = mini_tweet_tui::state::Setup {
        username: Some("ada".into()),
        settings: "theme = 3".into(),
        ..Desk::setup(80, 24)
    };
    let mut desk = Desk::with(setup, false);
    let profile = v1::Profile {
        account: Some(account(1, "ada", "Ada")),
        own: Some(v1::OwnSettings { password_change_advised: true, ..v1::OwnSettings::default() }),
        ..v1::Profile::default()
    };
    let answer = Ok(protocol::v1::response::Result::Profile(profile));
    desk.tell(Message::Answered(mini_tweet_tui::message::Purpose::Me, answer));
    assert!(desk.shows("settings are not used: line 1"), "{}", desk.screen());
}
