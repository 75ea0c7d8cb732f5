//! Plain mode: lines go in, sentences come out.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod driver;

use driver::plain::PlainDriver;
use driver::{NOW, TuiDriver, account, id, message, tweet};
use mini_tweet_tui::commands::{COMMANDS, Context, Interface, by_id};
use mini_tweet_tui::message::{Connected, Effect, Message, Topic};
use mini_tweet_tui::route::Route;
use mini_tweet_tui::state::Setup;
use protocol::v1;
use protocol::v1::event::Event as LiveEvent;
use protocol::v1::request::Op;

const PASSWORD: &str = "three words suffice";

fn follow(id: u64, account_id: u64) -> LiveEvent {
    let notification = v1::Notification {
        id,
        kind: v1::NotificationKind::Follow.into(),
        created_ms: NOW,
        account_id,
        unread: true,
        ..v1::Notification::default()
    };
    LiveEvent::Notification(v1::LiveNotification {
        notification: Some(notification),
        account: Some(account(account_id, "alan", "Alan Turing")),
        ..v1::LiveNotification::default()
    })
}

fn arrives(plain: &mut PlainDriver, text: &str, nth: u64) -> String {
    plain.tui.receive_tweet(v1::Tweet { id: id(0) + nth, ..tweet(0, 2, text) });
    plain.heard()
}

fn writes_to_us(plain: &mut PlainDriver, text: &str) -> String {
    let live = v1::LiveMessage {
        message: Some(message(0, 2, text)),
        author: Some(account(2, "grace", "Grace")),
        with: Some(account(2, "grace", "Grace")),
    };
    plain.tui.live(Topic::Conversations, LiveEvent::Message(live));
    plain.heard()
}

// Questions.

#[test]
fn a_heading_comes_before_its_choices_and_the_question_says_the_way_back() {
    let plain = PlainDriver::signed_out();
    let said = &plain.printed;
    let (heading, first) = (said.find("Welcome").unwrap(), said.find("1. Sign in").unwrap());
    assert!(heading < first, "{said}");
    assert!(said.ends_with("?\n") && said.contains("quit"), "{said}");
    let mut plain = PlainDriver::new();
    for line in ["search", "tag", "user", "filter", "jump", "links 1"] {
        let said = plain.line(line);
        assert!(said.contains("an empty line") && said.ends_with("?\n"), "{line}: {said}");
        let said = plain.line("");
        assert!(plain.tui.state.prompt.is_none() && !said.is_empty(), "{line}: {said}");
    }
}

#[test]
fn a_wrong_answer_at_a_menu_does_not_spoil_the_next_one() {
    for wrong in ["plainy", "99", "0", "x", "-1"] {
        let mut plain = PlainDriver::signed_out();
        let said = plain.line(wrong);
        assert!(said.contains(wrong) && said.contains("1. Sign in") && said.ends_with("?\n"), "{said}");
        assert!(plain.line("2").contains("Username"), "{wrong}");
    }
    // The beginning of a choice is as good as its number; an empty line asks again.
    let mut plain = PlainDriver::signed_out();
    assert!(plain.line("").contains("1. Sign in"));
    assert!(plain.line("sign up").contains("Create an account"));
}

#[test]
fn a_server_that_cannot_be_reached_is_no_dead_end() {
    let mut plain =
        PlainDriver::from(TuiDriver::with(Setup { server: String::new(), ..PlainDriver::setup() }, false));
    plain.lines(&["1", "nosuch"]);
    let endpoint = "nosuch:4280".to_owned();
    let unreachable = client::ClientError::Unreachable { endpoint, reason: "no route".into() };
    plain.tui.handle(Message::Unreachable(unreachable));
    assert!(plain.heard().contains("no route"));
    assert!(plain.line(":cancel").contains("1. Connect to a server"), "{}", plain.printed);
    plain.lines(&["1", "a.org"]);
    plain.tui.connect(false);
    assert!(!plain.heard().contains("again"), "{}", plain.printed);
}

#[test]
fn forms_can_be_left_and_gone_back_in() {
    let mut plain = PlainDriver::signed_out();
    let said = plain.line("2");
    assert!(
        said.contains("Create an account") && said.contains("“:cancel”") && said.ends_with("?\n"),
        "{said}"
    );
    let said = plain.line("lovelace");
    assert!(said.contains("Display name") && said.contains("“:back”"), "{said}");
    let said = plain.line(":back");
    assert!(said.contains("Username") && said.contains("lovelace"), "{said}");
    // An empty line keeps what is there.
    assert!(plain.line("").contains("Display name"));
    assert!(plain.line("back").contains("Username"), "the colon may be missing where it is no answer");
    let said = plain.line(":cancel");
    assert!(said.contains("1. Sign in"), "{said}");
    assert!(plain.lines(&["1", "ada", ":back", ":back"]).contains("1. Sign in"));
    plain.lines(&["1", ":quit"]);
    assert!(plain.tui.effects.contains(&Effect::Quit));
}

#[test]
fn of_two_passwords_that_differ_both_are_asked_for_again() {
    let mut plain = PlainDriver::signed_out();
    let said = plain.lines(&["2", "lovelace", "", "three wrods suffice", PASSWORD]);
    assert!(said.contains("Passwords don't match"), "{said}");
    assert!(said.contains("\nPassword") && !said.contains("Confirm"), "{said}");
    assert!(plain.line(PASSWORD).contains("Confirm password"));
    plain.line(PASSWORD);
    let passwords = plain.tui.requests().into_iter().filter_map(|op| match op {
        Op::SignUp(sign_up) => Some((sign_up.username.as_str(), sign_up.password.as_str())),
        _ => None,
    });
    assert_eq!(passwords.collect::<Vec<_>>(), [("lovelace", PASSWORD)]);
    let mut plain = PlainDriver::new();
    let said = plain.lines(&["password", "old one", PASSWORD, "another one"]);
    assert!(said.contains("don't match") && said.contains("New password"), "{said}");
}

#[test]
fn a_password_that_is_too_short_or_empty_is_refused_at_once() {
    let mut plain = PlainDriver::signed_out();
    plain.lines(&["2", "lovelace", ""]);
    for short in ["", "short", "lovelace"] {
        let said = plain.line(short);
        assert!(said.contains("assword ") && said.contains("\nPassword"), "{short}: {said}");
        assert!(!said.contains("Confirm"), "{short}: {said}");
    }
    assert!(plain.line(PASSWORD).contains("Confirm"));
}

fn sign_ups(plain: &PlainDriver) -> usize {
    plain.tui.requests().iter().filter(|op| matches!(op, Op::SignUp(_))).count()
}

#[test]
fn after_a_refusal_only_the_refused_field_is_asked_for_again() {
    let mut plain = PlainDriver::signed_out();
    plain.lines(&["2", "grace", "", PASSWORD]);
    plain.tui.refusal = Some(model::Error::AlreadyExists("username".into()));
    let said = plain.line(PASSWORD);
    assert!(said.contains("This username is taken") && said.contains("\nUsername"), "{said}");
    plain.line("grace2");
    assert_eq!(sign_ups(&plain), 2);
    let mut plain = PlainDriver::signed_out();
    plain.lines(&["1", "ada"]);
    plain.tui.refusal = Some(model::Error::Unauthenticated("wrong username or password".into()));
    let said = plain.line("not it");
    assert!(said.contains("Wrong username or password") && said.contains("“:back”"), "{said}");
    // It can be the username that was wrong.
    let said = plain.lines(&[":back", "ada2"]);
    assert!(said.contains("Password"), "{said}");
}

#[test]
fn a_server_that_wants_an_invite_code_asks_for_it_first() {
    let mut tui = TuiDriver::with(PlainDriver::setup(), false);
    let hello = v1::ServerHello { sign_up: v1::SignUpMode::Invite.into(), ..v1::ServerHello::default() };
    let connected = Connected { hello, key: None, signed_in: false };
    tui.handle(Message::Connected(Box::new(connected)));
    let mut plain = PlainDriver::from(tui);
    assert!(plain.line("2").contains("Invite code"));
    let said = plain.line("");
    assert!(said.contains("without one you can't sign up") && said.contains("\nInvite code"), "{said}");
    assert!(plain.line("AAAA-BBBB").contains("Username"));
    plain.lines(&["lovelace", "", PASSWORD]);
    plain.tui.refusal =
        Some(model::Error::Invalid { field: "invite_code".into(), reason: "cannot be used".into() });
    let said = plain.line(PASSWORD);
    assert!(said.contains("\nInvite code"), "{said}");
    plain.line("CCCC-DDDD");
    assert_eq!(sign_ups(&plain), 2, "the passwords are not asked for again");
}

#[test]
fn an_empty_line_in_the_profile_keeps_what_is_there() {
    let mut plain = PlainDriver::new();
    let said = plain.line("edit-profile");
    assert!(said.contains("“Ada Lovelace”") && said.contains("“:clear”"), "{said}");
    plain.lines(&["", ":clear"]);
    let edits = plain.tui.requests().into_iter().filter_map(|op| match op {
        Op::EditProfile(edit) => Some((edit.display_name.clone(), edit.bio.clone())),
        _ => None,
    });
    assert_eq!(edits.collect::<Vec<_>>(), [(Some("Ada Lovelace".into()), Some(String::new()))]);
}

#[test]
fn keys_of_servers_are_read_whole() {
    let key = "SHA256:u6cSixuwTcYVzrA2NltY/4e3a//BYobnCyorL5fE7c0";
    let other = key.replace('u', "v");
    let mut tui = TuiDriver::with(PlainDriver::setup(), false);
    let presented = protocol::tls::Fingerprint::parse(key).unwrap();
    tui.handle(Message::Unreachable(client::ClientError::KeyUnknown {
        endpoint: "a.org:4280".into(),
        presented,
    }));
    let plain = PlainDriver::from(tui);
    assert!(plain.printed.contains(key) && plain.printed.contains("1. Trust this key"), "{}", plain.printed);
    let mut plain = plain;
    assert!(!plain.line("nonsense").contains(key), "once is enough");
    plain.line("1");
    assert!(plain.tui.effects.contains(&Effect::Trust("a.org:4280".into(), presented)));
    let changed = || client::ClientError::KeyChanged {
        endpoint: "a.org:4280".into(),
        address: "a.org:4280".into(),
        known: protocol::tls::Fingerprint::parse(key).unwrap(),
        presented: protocol::tls::Fingerprint::parse(&other).unwrap(),
        known_hosts: "/home/ada/known_hosts".into(),
    };
    let assert_read = |said: &str| {
        assert!(said.contains(key) && said.contains(&other), "{said}");
        assert!(said.contains("from /home/ada/known_hosts") && !said.contains("Close"), "{said}");
    };
    let mut plain = PlainDriver::new();
    plain.tui.handle(Message::Link(client::State::Stopped(changed())));
    assert_read(&plain.heard());
    // It is no question: the next line is a command.
    assert!(plain.line("status").contains("Home"));
    let mut plain = PlainDriver::from(TuiDriver::with(PlainDriver::setup(), false));
    plain.tui.handle(Message::Unreachable(changed()));
    let said = plain.heard();
    assert_read(&said);
    assert!(plain.line("").contains("Welcome to Mini-Tweet"), "{}", plain.printed);
}

#[test]
fn who_asked_for_another_account_can_go_back() {
    let previous = Some("ada@a.org:4280".to_owned());
    let setup = || Setup {
        others: previous.clone().into_iter().collect(),
        previous: previous.clone(),
        ..PlainDriver::setup()
    };
    for line in ["back", "go to ada", "4"] {
        let mut plain = PlainDriver::with(setup());
        assert!(plain.printed.contains("4. Go to ada@a.org:4280, where you were."), "{}", plain.printed);
        plain.line(line);
        assert!(plain.tui.effects.contains(&Effect::Switch("ada@a.org:4280".into())), "{line}");
    }
}

// Texts.

#[test]
fn a_line_after_undo_is_not_published() {
    let mut plain = PlainDriver::new();
    plain.lines(&["post", "The engine works"]);
    let said = plain.line("undo");
    assert!(said.contains("Sending undone") && said.contains("Your draft is open"), "{said}");
    assert!(said.contains("The engine works") && said.contains("“:send”"), "{said}");
    assert!(said.contains("“:discard-draft”"), "{said}");
    for line in ["drafts", "post", "like 2", "reply 1 hello", "home"] {
        let mut plain = PlainDriver::new();
        plain.lines(&["post", "The engine works", "undo", line]);
        let sent = plain.sent();
        assert!(!sent.iter().any(|text| text.contains("engine")), "{line}: {sent:?}");
    }
    // What is neither a command nor an addition is asked about.
    let said = plain.line("and the compiler");
    assert!(said.contains("“:add and the compiler”"), "{said}");
    assert_eq!(plain.sent(), Vec::<String>::new());
    let said = plain.line(":add and the compiler");
    assert!(said.contains("The engine works and the compiler"), "{said}");
    plain.line(":send");
    assert_eq!(plain.sent(), ["The engine works and the compiler"]);
}

#[test]
fn a_reopened_draft_can_be_rewritten_discarded_or_kept() {
    let mut plain = PlainDriver::new();
    plain.lines(&["post", "one", "undo", ":rewrite two", ":send"]);
    assert_eq!(plain.sent(), ["two"]);
    let mut plain = PlainDriver::new();
    let said = plain.lines(&["post", "one", "undo", ":discard-draft"]);
    assert!(said.contains("Draft discarded") && plain.tui.state.composer.is_none(), "{said}");
    let mut plain = PlainDriver::new();
    let said = plain.lines(&["post", "one", "undo", ""]);
    assert!(said.contains("Draft saved") && plain.tui.state.composer.is_none(), "{said}");
    assert!(plain.line("post").contains("Your draft is open"));
    assert_eq!(plain.sent(), Vec::<String>::new());
}

#[test]
fn the_name_of_a_command_is_not_taken_for_a_text() {
    let names =
        ["quit", "/quit", ":quit", "drafts", ":home", "help", ":help", "?", "Undo", ":wrod", "more", "/help"];
    let with_items = ["like 5", "report 1 spam", "follow @ada", "open 2", "chat grace", "chat Grace hello"];
    for line in names.into_iter().chain(with_items) {
        for start in ["post", "chat grace", "reply 1", "quote 2"] {
            let mut plain = PlainDriver::new();
            plain.line(start);
            let said = plain.line(line);
            assert!(!said.is_empty() || line == ":quit", "{start}, {line}");
            assert_eq!(plain.sent(), Vec::<String>::new(), "{start}, {line}");
        }
    }
    let mut plain = PlainDriver::new();
    let said = plain.lines(&["chat grace", "quit"]);
    assert!(said.contains("“:quit”") && said.contains("“:send quit”"), "{said}");
    plain.lines(&[":send quit", "quit now", ":) yes", ":smile: hello", ":p", "/tmp is full"]);
    assert_eq!(plain.sent(), ["quit", "quit now", ":) yes", ":smile: hello", ":p", "/tmp is full"]);
    plain.line(":home");
    assert_eq!(plain.tui.state.route(), &Route::Home);
}

#[test]
fn commands_take_a_text() {
    let mut plain = PlainDriver::new();
    assert!(plain.line("post The engine works").contains("Sending"));
    assert_eq!(plain.sent(), ["The engine works"]);
    plain.line("reply 2 so do I");
    assert_eq!(plain.sent()[1..], ["@grace so do I"]);
    plain.line("quote 3 indeed");
    assert_eq!(plain.sent()[2..], ["indeed"]);
    plain.line("edit 5 @alan who reads it?");
    assert_eq!(plain.sent()[3..], ["@alan who reads it?"]);
    plain.line("chat grace At noon");
    assert_eq!(plain.sent()[4..], ["At noon"]);
    plain.lines(&["", "home", "1"]);
    plain.line("reply thank you");
    assert_eq!(plain.sent()[5..], ["@linus thank you"]);
}

#[test]
fn a_text_after_a_command_leaves_the_draft_alone() {
    let mut plain = PlainDriver::new();
    plain.lines(&["post", "a draft", "undo", ""]);
    plain.line("post something else");
    assert_eq!(plain.sent(), ["something else"]);
    assert!(plain.line("post").contains("“a draft”"));
    plain.lines(&["", "chat grace"]);
    plain.line("hello");
    assert_eq!(plain.sent()[1..], ["hello"]);
}

#[test]
fn a_new_text_for_an_edit_replaces_the_old_one() {
    let mut plain = PlainDriver::new();
    let said = plain.line("edit 5");
    assert!(said.contains("who writes the reader?"), "{said}");
    plain.line("@alan who reads it?");
    assert_eq!(plain.sent(), ["@alan who reads it?"]);
}

#[test]
fn numbers_select_what_a_command_is_about() {
    let mut plain = PlainDriver::new();
    assert!(plain.line("like 5").contains("Liked."));
    let liked = |plain: &PlainDriver| {
        plain.tui.requests().into_iter().find_map(|op| match op {
            Op::Like(like) => Some(like.tweet_id),
            _ => None,
        })
    };
    assert_eq!(liked(&plain), Some(id(40)));
    assert!(plain.line("like 500").contains("There is no item 500 here"));
    assert!(plain.line("thread 3").contains("One writer, many readers"));
    plain.lines(&["home", "follow 3"]);
    let is_follow = |op: &&Op| matches!(op, Op::Follow(one) if one.username == "alan");
    assert!(plain.tui.requests().iter().any(is_follow));
    plain.lines(&["home", "report 4 spam"]);
    plain.tui.wait(60_000);
    let is_report =
        |op: &&Op| matches!(op, Op::Report(one) if one.reason == "spam" && one.tweet_id == id(30));
    assert!(plain.tui.requests().iter().any(is_report));
    plain.lines(&["home", "chat 4 hello"]);
    assert!(plain.sent().contains(&"hello".to_owned()));
    let said = plain.lines(&[":home", "undo now"]);
    assert!(said.contains("“undo”"), "{said}");
}

#[test]
fn a_number_means_what_was_read_with_it() {
    let mut plain = PlainDriver::new();
    for nth in 1..4 {
        arrives(&mut plain, "fresh", nth);
    }
    plain.line("like 1");
    let is_first = |op: &&Op| matches!(op, Op::Like(like) if like.tweet_id == id(2));
    assert!(plain.tui.requests().iter().any(is_first), "{}", plain.printed);
    assert!(plain.line("more").starts_with("11. "));
    plain.tui.live(Topic::Home, LiveEvent::TweetDeleted(v1::TweetDeleted { tweet_id: id(9) }));
    assert!(plain.line("like 2").contains("no longer here"));
    assert!(plain.line("show-new").contains("1. grace, Grace Hopper, just now. fresh"));
}

#[test]
fn more_reads_on_over_the_end_of_a_page() {
    let mut plain = PlainDriver::new();
    for n in 0..60 {
        plain.tui.tweets.push(tweet(5_000 + n, 3, "old"));
    }
    plain.line("local");
    let mut last = String::new();
    for _ in 0..9 {
        last = plain.line("more");
    }
    assert!(last.contains("91. alan") && !last.contains("more · Enter"), "{last}");
    assert!(plain.line("more").contains("That was all."));
}

// Chats.

#[test]
fn a_chat_says_who_can_read_it_and_offers_what_has_sense_there() {
    let mut plain = PlainDriver::new();
    let said = plain.line("chat grace");
    assert!(said.contains("To @grace, private: only the two of you can read it."), "{said}");
    for word in ["public", "visibility", "split"] {
        assert!(!said.contains(word), "{word}: {said}");
    }
    // The question does not follow every message.
    let said = plain.line("hello");
    assert!(!said.contains("To @grace"), "{said}");
    let said = plain.line(":visibility");
    assert!(said.contains("“visibility”") && !said.contains("public"), "{said}");
    // Closed, and opened again.
    let said = plain.line("");
    assert!(said.contains("“chat grace”"), "{said}");
    assert!(plain.line("chat grace").contains("To @grace, private"));
}

#[test]
fn messages_are_read_as_they_arrive_and_older_ones_on_demand() {
    let mut plain = PlainDriver::new();
    let said = plain.line("chat grace");
    assert!(said.contains("grace, 4 minutes ago: Shall we meet at the compiler?"), "{said}");
    assert_eq!(writes_to_us(&mut plain, "At noon"), "4. grace, just now: At noon\n");
    // The first message of a chat is read as any other.
    let mut plain = PlainDriver::new();
    plain.tui.has_no_messages = true;
    assert!(plain.line("chat grace").contains("No messages yet."), "{}", plain.printed);
    assert_eq!(writes_to_us(&mut plain, "At noon"), "1. grace, just now: At noon\n");
}

// What the server has to confirm.

#[test]
fn following_is_said_once_the_server_has_confirmed_it() {
    let verbs = [
        ("follow nosuch", "You follow"),
        ("mute nosuch", "Muted"),
        ("block nosuch", "Blocked"),
        ("report @nosuch spam", "Reported"),
        ("remove-follower nosuch", "no longer follows"),
    ];
    for (line, done) in verbs {
        let mut plain = PlainDriver::new();
        plain.tui.refusal = Some(model::Error::not_found("account"));
        plain.line(line);
        plain.wait(60_000);
        let said = plain.printed.clone();
        assert!(!said.contains(done) && said.contains("@nosuch"), "{line}: {said}");
        assert!(said.contains("there is no such account"), "{line}: {said}");
        let mut plain = PlainDriver::new();
        plain.line(&line.replace("nosuch", "alan"));
        plain.wait(60_000);
        assert!(plain.printed.contains(done), "{line}: {}", plain.printed);
    }
}

#[test]
fn a_second_report_of_the_same_is_answered() {
    let mut plain = PlainDriver::new();
    assert!(
        plain.line("report @grace spam").contains("Reporting @grace to the admins. Type “undo” to undo.")
    );
    let said = plain.line("report @grace spam");
    assert!(!said.is_empty() && !said.contains("Home."), "{said}");
}

#[test]
fn your_profile_is_read_with_its_present_counts() {
    let mut plain = PlainDriver::new();
    let mut old = plain.tui.state.entities.profiles["ada"].clone();
    (old.tweets, old.followers) = (0, 0);
    plain.tui.state.entities.learn_profile(old);
    plain.tui.responds = false;
    assert_eq!(plain.line("me"), "");
    // The tweets arrive first.
    let waiting = std::mem::take(&mut plain.tui.waiting);
    let (tweets, profile): (Vec<_>, Vec<_>) =
        waiting.into_iter().partition(|(_, op)| matches!(op, Op::ReadTimeline(_)));
    plain.tui.responds = true;
    plain.tui.waiting.extend(tweets);
    plain.tui.respond_to_all();
    assert_eq!(plain.heard(), "");
    plain.tui.waiting.extend(profile);
    plain.tui.respond_to_all();
    let said = plain.heard();
    assert!(said.contains("12 tweets, 1 follower"), "{said}");
}

// What is new.

#[test]
fn what_has_arrived_is_counted() {
    let mut plain = PlainDriver::new();
    assert!(arrives(&mut plain, "fresh", 1).starts_with("1 new."));
    assert!(arrives(&mut plain, "fresh too", 2).starts_with("2 new."));
    assert!(plain.line("show-new").contains("fresh too"));
    assert!(arrives(&mut plain, "later", 3).starts_with("1 new."));
    plain.line("notifs");
    plain.tui.live(Topic::Notifications, follow(id(0), 3));
    assert!(plain.heard().starts_with("1 new."));
    plain.tui.live(Topic::Notifications, follow(id(0) + 1, 4));
    assert!(plain.heard().starts_with("2 new."));
    let said = plain.line("show-new");
    assert!(said.contains("followed you"), "{said}");
}

#[test]
fn replies_arriving_in_a_thread_are_counted_and_my_own_tweets_are_not() {
    let mut plain = PlainDriver::new();
    plain.line("thread 3");
    let reply = v1::Tweet { id: id(0) + 9, reply_to: id(11), ..tweet(0, 2, "new answer") };
    let accounts = plain.tui.accounts.clone();
    let live = v1::LiveTweet { tweet: Some(reply), referenced: Vec::new(), accounts: accounts.clone() };
    plain.tui.live(Topic::Local, LiveEvent::TweetPosted(live));
    assert!(plain.heard().starts_with("1 new."));
    let mut plain = PlainDriver::new();
    let mine = v1::Tweet { id: id(0) + 9, ..tweet(0, 1, "mine") };
    let live = v1::LiveTweet { tweet: Some(mine), referenced: Vec::new(), accounts };
    plain.tui.live(Topic::Home, LiveEvent::TweetPosted(live));
    assert_eq!(plain.heard(), "");
}

#[test]
fn a_tweet_says_whom_it_answers_and_that_it_was_edited() {
    let plain = PlainDriver::new();
    let line = plain.printed.lines().find(|line| line.starts_with("5. ada")).unwrap();
    assert!(line.contains("in reply to @alan") && line.contains("edited"), "{line}");
    let mut plain = PlainDriver::new();
    plain.tui.tweets.insert(0, v1::Tweet { reply_to: 7, ..tweet(1, 2, "I agree") });
    assert!(
        plain.line("local").contains("in reply to a tweet that is no longer available"),
        "{}",
        plain.printed
    );
}

// Everything is answered, in words.

#[test]
fn help_is_always_there() {
    for start in ["", "search", "post", "chat grace", "settings", "edit-profile", "details 1"] {
        for help in [":help", "help"] {
            let mut plain = PlainDriver::new();
            if !start.is_empty() {
                plain.line(start);
            }
            // A profile can be called “help”, and one can search for it.
            if help == "help" && ["edit-profile", "search"].contains(&start) {
                continue;
            }
            let said = plain.line(help);
            assert!(said.contains("quit") || said.contains("“:help”"), "{start}, {help}: {said}");
            assert_eq!(plain.sent(), Vec::<String>::new());
        }
    }
    let mut plain = PlainDriver::new();
    assert!(plain.lines(&["details 1", "help"]).contains(" like, unlike,"));
    assert!(plain.line("help all").contains("\nlike: "));
    let mut plain = PlainDriver::signed_out();
    for help in ["help", ":help", "?"] {
        assert!(plain.line(help).contains("number"));
    }
    plain.line("1");
    assert!(plain.line(":help").contains("“:back”"));
}

#[test]
fn any_word_and_number_can_be_searched_for() {
    for word in ["quit", "help", "42", "home"] {
        let mut plain = PlainDriver::new();
        let said = plain.lines(&["search", word]);
        assert!(said.starts_with(&format!("Search: {word}, tweets.")), "{said}");
    }
    let mut plain = PlainDriver::new();
    plain.lines(&["search", ":quit"]);
    assert!(plain.tui.effects.contains(&Effect::Quit));
}

#[test]
fn a_search_without_a_result_says_so() {
    let mut plain = PlainDriver::new();
    plain.tui.accounts.truncate(1);
    for _ in 0..2 {
        let said = plain.line("people zzz");
        assert!(said.contains("No one is called “zzz”"), "{said}");
    }
    let said = plain.line("search nosuchword");
    assert!(said.contains("No tweets with “nosuchword”"), "{said}");
    plain.tui.refusal = Some(model::Error::not_found("tweet"));
    let said = plain.line("bookmarks");
    assert!(said.contains("there is no such tweet") && !said.contains("Nothing here"), "{said}");
}

/// Commands that are typed in plain mode.
fn typed() -> impl Iterator<Item = &'static str> {
    let is_typed = |context| !matches!(context, Context::Prompt | Context::Form);
    COMMANDS.iter().filter(move |one| is_typed(one.context)).map(|one| one.id)
}

#[test]
fn every_line_is_answered() {
    let own = [
        "more",
        "repeat",
        "again",
        "help",
        "?",
        "accept",
        "submit",
        "nonsense",
        "12",
        "0",
        "99999999999999999999",
    ];
    for start in
        ["home", "notifs", "people", "me", "thread 1", "settings", "drafts", "sessions", "tags", "log"]
    {
        for command in typed().chain(own) {
            let ends = ["quit", "log-out", "log-out-everywhere", "accounts", "suspend", "editor"];
            if ends.contains(&command) {
                continue;
            }
            let mut plain = PlainDriver::new();
            plain.line(start);
            for line in [command.to_owned(), format!("{command} 1"), format!("{command} zzz")] {
                plain.lines(&["", ""]);
                let said = plain.line(&line);
                assert!(!said.trim().is_empty(), "{start}, {line}");
            }
        }
    }
}

#[test]
fn nothing_is_said_in_signs_or_keys() {
    let mut printed = String::new();
    for start in [
        "home",
        "notifs",
        "people",
        "me",
        "thread 1",
        "settings",
        "drafts",
        "sessions",
        "keys",
        "tags",
        "online",
        "chats",
        "log",
        "bookmarks",
        "search word",
    ] {
        // The settings file is read as it is.
        let is_here = |id: &&str| *id != "settings-file" && by_id(id).unwrap().interface == Interface::Any;
        for command in typed().filter(is_here) {
            let mut plain = PlainDriver::new();
            plain.line("post a draft");
            plain.lines(&["undo", ""]);
            plain.line(start);
            plain.line(command);
            plain.lines(&["x", ""]);
            printed.push_str(&plain.printed);
        }
    }
    let mut plain = PlainDriver::signed_out();
    plain.lines(&["2", "a!", "lovelace", "", "", "short", PASSWORD, "x", ":cancel", "nonsense", "", "1"]);
    printed.push_str(&plain.printed);
    for line in printed.lines() {
        for sign in [
            "·", "●", "○", "◌", "◐", "▲", "▸", "✓", "✕", "⋯", "…", "│", "─", "▁", "Ctrl", "Alt-", "Esc",
            "Press", "shortcut", "mouse", "theme",
        ] {
            assert!(!line.contains(sign), "{sign}: {line}");
        }
    }
}

#[test]
fn a_screen_is_read_again_when_it_is_asked_for_again() {
    let mut plain = PlainDriver::new();
    assert!(plain.line("home").starts_with("Home. "));
    assert!(plain.line("repeat").starts_with("Home. "));
    let said = plain.line("last");
    assert!(said.contains(". "), "{said}");
    assert!(!plain.line("first").contains("Home."), "only the selected item is read");
}

#[test]
fn commands_about_what_is_drawn_are_not_offered() {
    let mut plain = PlainDriver::new();
    assert!(plain.line("status").contains("Home, item 1 of"));
    let screen_only = COMMANDS.iter().filter(|one| one.interface == Interface::Screen);
    let help = plain.line("help all");
    for command in screen_only.clone() {
        assert!(!help.contains(&format!("\n{}: ", command.id)), "{}: {help}", command.id);
    }
    let said = plain.line("settings");
    assert!(said.contains("Undo send") && !said.contains("Theme") && !said.contains("Mouse"), "{said}");
    for command in screen_only.filter(|one| one.id != "help" && one.id != "refresh") {
        let said = plain.line(command.id);
        assert!(said.contains("full screen"), "{}: {said}", command.id);
    }
}

// What was typed before a question, and what goes wrong.

#[test]
fn no_earlier_input_answers_a_question_but_a_script_can_foresee_questions() {
    let mut plain = PlainDriver::new();
    assert!(!plain.refuses_earlier_input(true), "there was no question");
    for (line, of_person, of_script) in [
        ("post", true, false),
        ("", false, false),
        ("edit-profile", true, false),
        (":cancel", false, false),
        ("details 1", false, false),
    ] {
        plain.line(line);
        assert_eq!(plain.refuses_earlier_input(true), of_person, "{line}");
        assert!(!plain.refuses_earlier_input(true), "{line}: once");
        let mut plain = PlainDriver::new();
        plain.line(line);
        assert_eq!(plain.refuses_earlier_input(false), of_script, "{line}");
    }
    for has_keyboard in [true, false] {
        let mut plain = PlainDriver::new();
        plain.line("post");
        plain.refuses_earlier_input(has_keyboard);
        let ended = model::Error::Unauthenticated("your session has ended".into());
        plain.tui.handle(Message::Link(client::State::SignedOut(ended.into())));
        plain.tui.connect(false);
        assert!(plain.heard().contains("Password"), "{}", plain.printed);
        assert!(plain.refuses_earlier_input(has_keyboard));
    }
}

#[test]
fn an_error_is_said_once_for_each_wrong_answer() {
    let mut plain = PlainDriver::signed_out();
    plain.lines(&["1", "ada"]);
    plain.tui.refusal = Some(model::Error::Unauthenticated("wrong username or password".into()));
    assert!(plain.line("not it").contains("Wrong username or password"));
    for line in [":help", ":back"] {
        let said = plain.line(line);
        assert!(said.ends_with("?\n") && !said.contains("Wrong"), "{line}: {said}");
    }
    plain.line("ada");
    plain.tui.refusal = Some(model::Error::Unauthenticated("wrong username or password".into()));
    assert!(plain.line("not it").contains("Wrong username or password"));
    // The same wrong answer again is as wrong.
    let mut plain = PlainDriver::signed_out();
    plain.lines(&["2", "lovelace", ""]);
    for _ in 0..2 {
        assert!(plain.line("short").contains("a password has at least"));
    }
}

#[test]
fn the_read_line_is_no_item() {
    let read_lines = [("home".to_owned(), id(11))].into();
    let mut plain =
        PlainDriver::with(Setup { username: Some("ada".into()), read_lines, ..PlainDriver::setup() });
    let (_, after) = plain.printed.split_once("Read up to here.").unwrap();
    let next = after.trim_start().split('.').next().unwrap().to_owned();
    let said = plain.line("repeat");
    let items = said.strip_prefix("Home. ").and_then(|rest| rest.split(' ').next()).unwrap();
    plain.line(&next);
    let status = plain.line("status");
    assert!(status.contains(&format!("item {next} of {items},")), "{said}{status}");
}

#[test]
fn the_key_of_an_unknown_server_is_read_whole_and_quit_is_no_server() {
    let unknown = || client::ClientError::KeyUnknown {
        endpoint: "a.org:4280".into(),
        presented: protocol::tls::Fingerprint::parse("SHA256:u6cSixuwTcYVzrA2NltY/4e3a//BYobnCyorL5fE7c0")
            .unwrap(),
    };
    let unattended = |username: Option<&str>| {
        let mut setup = Setup { username: username.map(str::to_owned), ..PlainDriver::setup() };
        setup.capabilities.is_unattended = true;
        setup
    };
    let mut plain = PlainDriver::from(TuiDriver::with(unattended(None), false));
    plain.tui.handle(Message::Unreachable(unknown()));
    let said = plain.heard();
    assert!(
        said.contains("compared first.\n  presented: SHA256:u6cS") && said.contains("\nNothing was sent"),
        "{said}"
    );
    assert!(plain.line("help").contains("“:cancel”"));
    plain.line("quit");
    assert!(plain.tui.effects.contains(&Effect::Quit), "{}", plain.printed);
    // With a session there is no form.
    let mut plain = PlainDriver::from(TuiDriver::with(unattended(Some("ada")), false));
    plain.tui.handle(Message::Unreachable(unknown()));
    let said = plain.heard();
    assert!(said.contains("The server's key is not known.") && said.contains("\nNothing was sent"), "{said}");
}

#[test]
fn help_begins_with_what_people_need() {
    let mut plain = PlainDriver::new();
    let said = plain.line("? all");
    let names: Vec<&str> =
        said.lines().filter_map(|line| line.split_once(':')).map(|(name, _)| name).collect();
    assert_eq!(names[..6], ["post", "reply", "like", "retweet", "quote", "follow"]);
    let of = |name| names.iter().position(|one| *one == name).unwrap();
    assert!(of("home") < of("first") && of("search") < of("show-new"), "{said}");
}

/// Plain mode of Ada, who has never had a connection to the server.
fn never_connected() -> PlainDriver {
    let setup = Setup { username: Some("ada".into()), ..PlainDriver::setup() };
    let mut plain = PlainDriver::from(TuiDriver::with(setup, false));
    let reason = "no server is listening there".to_owned();
    let error = client::ClientError::Unreachable { endpoint: "a.org:4280".into(), reason };
    plain.tui.handle(Message::Unreachable(error));
    plain.heard();
    plain
}

#[test]
fn what_was_never_loaded_is_not_said_to_be_empty() {
    let plain = never_connected();
    assert!(
        plain.printed.contains("Home. This could not be loaded: there is no connection."),
        "{}",
        plain.printed
    );
    for line in [
        "chat grace",
        "chats",
        "mine",
        "me",
        "user grace",
        "tags",
        "tag rust",
        "notifs",
        "people",
        "online",
        "keys",
    ] {
        let mut plain = never_connected();
        let said = plain.line(line);
        assert!(said.contains("could not be loaded"), "{line}: {said}");
        for invented in ["yet", "No ", "0 ", "offline", "Done"] {
            assert!(!said.contains(invented), "{line}: {said}");
        }
    }
    let mut plain = never_connected();
    let said = plain.line("status");
    assert!(!said.contains("0 unread") && said.contains("reconnecting"), "{said}");
    let said = plain.line("about");
    assert!(said.contains("no connection") && !said.contains("sign up"), "{said}");
    // What this client knows by itself.
    assert!(plain.line("drafts").contains("Unsent drafts appear here."), "{}", plain.printed);
    // Also when the connection was lost before.
    let mut plain = PlainDriver::new();
    plain.tui.handle(Message::Link(client::State::Reconnecting { why: "gone".into() }));
    plain.tui.responds = false;
    let said = plain.line("bookmarks");
    assert!(said.contains("could not be loaded: there is no connection"), "{said}");
    assert!(!plain.line("user grace").contains("offline"));
}
