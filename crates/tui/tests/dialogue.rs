//! Plain mode: what is said of events, of accounts and of what a command has done.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod driver;

use driver::plain::PlainDriver;
use driver::{NOW, TuiDriver, account, id, message, tweet};
use mini_tweet_tui::message::{Effect, Message, Purpose, Topic};
use mini_tweet_tui::route::Route;
use mini_tweet_tui::state::Setup;
use protocol::v1;
use protocol::v1::event::Event as LiveEvent;
use protocol::v1::request::Op;
use protocol::v1::response::Result as Response;

/// A notification of Ada arrives; the tweet that it is about, if there is one, comes with it.
fn notified(plain: &mut PlainDriver, kind: v1::NotificationKind, tweet: Option<v1::Tweet>) -> String {
    let notification = v1::Notification {
        id: id(0) + u64::from(plain.tui.state.live.unread),
        kind: kind.into(),
        created_ms: NOW,
        account_id: 3,
        tweet_id: tweet.as_ref().map_or(0, |tweet| tweet.id),
        unread: true,
    };
    plain.tui.live(
        Topic::Notifications,
        LiveEvent::Notification(v1::LiveNotification {
            notification: Some(notification),
            account: Some(account(3, "alan", "Alan Turing")),
            tweet: tweet.map(|tweet| v1::LiveTweet { tweet: Some(tweet), ..v1::LiveTweet::default() }),
        }),
    );
    plain.heard()
}

fn writes_to_us(plain: &mut PlainDriver, author_id: u64, username: &str) -> String {
    let with = Some(account(author_id, username, ""));
    let live = v1::LiveMessage {
        message: Some(v1::DirectMessage { id: id(0) + author_id, ..message(0, author_id, "At noon") }),
        author: with.clone(),
        with,
    };
    plain.tui.live(Topic::Conversations, LiveEvent::Message(live));
    plain.heard()
}

// Events.

#[test]
fn at_the_start_the_account_and_what_is_unread_are_said() {
    let plain = PlainDriver::new();
    let said = &plain.printed;
    assert!(said.starts_with("Signed in as @ada on Gardeners.\n"), "{said}");
    let unread = "2 unread notifications, 1 unread message. Type “notifs” or “chats”.\n";
    assert!(said.contains(unread), "{said}");
    assert!(plain.printed.matches("unread").count() == 2, "once: {said}");
}

#[test]
fn a_notification_is_one_line_on_every_other_screen() {
    use v1::NotificationKind::{Follow, Like, Reply};
    for screen in ["online", "settings", "thread 1", "home"] {
        let mut plain = PlainDriver::new();
        plain.line(screen);
        let said = notified(&mut plain, Follow, None);
        assert!(said.starts_with("New: alan followed you.\n"), "{screen}: {said}");
        assert!(said.contains("“notifs”"), "{screen}: {said}");
        let mine = tweet(40, 1, "The engine works");
        assert_eq!(notified(&mut plain, Like, Some(mine)), "New: alan liked your tweet: The engine works.\n");
        let reply = tweet(0, 3, "@ada how fast?");
        assert_eq!(notified(&mut plain, Reply, Some(reply)), "New: alan replied to you: @ada how fast?\n");
    }
    let mut plain = PlainDriver::new();
    plain.line("post");
    let said = notified(&mut plain, Follow, None);
    assert!(said.contains("New: alan followed you.") && said.contains("“:notifs”"), "{said}");
    // The list that is open says itself that there are new ones.
    let mut plain = PlainDriver::new();
    plain.line("notifs");
    assert!(notified(&mut plain, Follow, None).starts_with("1 new."));
}

#[test]
fn what_arrived_without_a_connection_is_counted() {
    let mut plain = PlainDriver::new();
    plain.line("online");
    plain.tui.handle(Message::Link(client::State::Reconnecting { why: "gone".into() }));
    plain.heard();
    plain.tui.untold = 10;
    plain.tui.handle(Message::Link(client::State::Connected));
    let said = plain.heard();
    assert!(said.contains("12 unread notifications. Type “notifs”."), "{said}");
}

#[test]
fn a_new_message_is_said_with_its_author() {
    let mut plain = PlainDriver::new();
    let said = writes_to_us(&mut plain, 2, "grace");
    assert_eq!(said, "New message from @grace. Type “next-unread” to read it.\n");
    assert_eq!(plain.heard(), "");
    plain.line("post");
    let said = writes_to_us(&mut plain, 3, "alan");
    assert!(said.contains("New message from @alan. Type “:next-unread”"), "{said}");
}

// Accounts.

#[test]
fn the_status_names_the_account() {
    let mut plain = PlainDriver::new();
    let said = plain.line("status");
    assert!(said.contains("@ada on Gardeners"), "{said}");
}

// Questions about a text.

#[test]
fn a_thread_is_read_tweet_by_tweet_before_it_is_sent() {
    let mut plain = PlainDriver::new();
    let text: String = (1..60).map(|number| format!("Sentence number {number} is here. ")).collect();
    let said = plain.lines(&["post", &text, ":split"]);
    let tweets: Vec<&str> = said.lines().filter(|line| line.starts_with("Tweet ")).collect();
    assert_eq!(tweets.len(), 4, "{said}");
    assert!(
        tweets[0].starts_with("Tweet 1 of 4, ") && tweets[0].contains("Sentence number 1 is here."),
        "{said}"
    );
    assert!(tweets[3].ends_with("Sentence number 59 is here. 4/4"), "{said}");
    // Only what can be chosen has a number.
    assert!(said.contains("\n1. Send 4 tweets") && said.contains("\n2. Back to the text."), "{said}");
    assert!(!said.contains("\n3. "), "{said}");
    let said = plain.line("7");
    assert!(said.starts_with("There is no choice 7: they go from 1 to 2."), "{said}");
    plain.line("1");
    assert_eq!(plain.sent().len(), 4);
}

#[test]
fn the_visibility_is_named_and_explained() {
    let meanings = [
        ("public", "public", "Everyone can read it"),
        ("unlisted", "unlisted", "in no public list"),
        ("followers", "followers", "your followers"),
        ("mentioned", "only mentioned", "the people whom it mentions"),
        ("direct", "only mentioned", "the people whom it mentions"),
    ];
    for (name, word, meaning) in meanings {
        let mut plain = PlainDriver::new();
        let said = plain.lines(&["post", &format!(":visibility {name}")]);
        assert!(said.contains(meaning) && said.contains(&format!("New tweet, {word}.")), "{name}: {said}");
        assert!(!plain.line(":visibility nosuch").contains(&format!("New tweet, {word}, ")));
    }
    let mut plain = PlainDriver::new();
    let said = plain.lines(&["post", ":visibility everyone"]);
    assert!(
        said.contains("There is no visibility “everyone”") && said.contains("New tweet, public."),
        "{said}"
    );
    let said = plain.line(":split now");
    assert!(said.contains("“split” takes nothing after its name"), "{said}");
}

#[test]
fn lines_that_arrive_together_are_one_text_and_run_nothing() {
    let mut plain = PlainDriver::new();
    let said = plain.lines(&["post", "like 3\nhome\n\nquit"]);
    assert!(said.contains("4 lines arrived together") && said.contains("was not sent"), "{said}");
    assert!(said.contains("4 lines: “like 3 home quit”") && said.contains("“:send”"), "{said}");
    assert!(plain.tui.requests().iter().all(|op| !matches!(op, Op::Like(_))));
    // More is added below it.
    let said = plain.line("the end\nof it");
    assert!(said.contains("6 lines: "), "{said}");
    plain.line(":send");
    assert_eq!(plain.sent(), ["like 3\nhome\n\nquit\nthe end\nof it"]);
    let mut plain = PlainDriver::new();
    plain.lines(&["reply 2", "one\ntwo", ":send"]);
    assert_eq!(plain.sent(), ["@grace one\ntwo"]);
    let mut plain = PlainDriver::new();
    plain.lines(&["chat grace", "one\nlike 1", ":send"]);
    assert_eq!(plain.sent(), ["one\nlike 1"]);
    // Where no text is written, nothing is done.
    for (start, line) in
        [("", "like 3\nlike 4"), ("search", "like 3\nlike 4"), ("edit-profile", "quit\nlike 4")]
    {
        let mut plain = PlainDriver::new();
        plain.line(start);
        let said = plain.line(line);
        assert!(said.contains("2 lines arrived together, and nothing was done with them"), "{start}: {said}");
        assert!(!plain.tui.requests().iter().any(|op| matches!(op, Op::Like(_) | Op::EditProfile(_))));
    }
}

#[test]
fn lines_that_arrive_together_after_a_command_that_writes_are_its_text() {
    for (block, sent) in [
        ("post one\nlike 1\nquit", "one\nlike 1\nquit"),
        (":post one\n\ntwo", "one\n\ntwo"),
        ("post\none\ntwo", "one\ntwo"),
        ("reply 2 one\nlike 1", "@grace one\nlike 1"),
        ("chat grace one\nlike 1", "one\nlike 1"),
    ] {
        let mut plain = PlainDriver::new();
        let said = plain.line(block);
        assert!(said.contains("arrived together. They are one text, which was not sent"), "{block}: {said}");
        assert_eq!(plain.sent(), Vec::<String>::new(), "{block}");
        plain.line(":send");
        assert_eq!(plain.sent(), [sent], "{block}");
        assert!(!plain.tui.requests().iter().any(|op| matches!(op, Op::Like(_))), "{block}");
    }
}

#[test]
fn a_chat_with_an_account_that_does_not_exist_is_refused_at_once() {
    let mut plain = PlainDriver::new();
    plain.tui.refusal = Some(model::Error::not_found("account"));
    let said = plain.line("chat nosuch");
    assert!(said.contains("There is no account @nosuch"), "{said}");
    assert!(plain.line("hello there").contains("There is no command “hello”"), "{}", plain.printed);
}

#[test]
fn nothing_is_queued_for_an_account_that_does_not_exist() {
    let mut plain = PlainDriver::new();
    plain.tui.refusal = Some(model::Error::not_found("account"));
    let said = plain.line("chat nosuch hi there");
    assert!(said.contains("There is no account @nosuch") && said.contains("(“drafts”)"), "{said}");
    assert!(!said.contains("1 message"), "{said}");
    assert!(plain.tui.state.texts.outbox.is_empty());
    assert!(!plain.line("").contains("1 message"), "{}", plain.printed);
    assert!(plain.sent().is_empty());
    let drafts: Vec<_> = plain.tui.state.texts.drafts.values().map(|draft| draft.text.clone()).collect();
    assert_eq!(drafts, ["hi there"]);
}

#[test]
fn a_message_in_the_line_of_the_command_says_that_the_chat_is_open() {
    let mut plain = PlainDriver::new();
    let said = plain.line("chat grace hello");
    assert!(said.contains("To @grace, private") && said.contains("an empty line to close?"), "{said}");
    plain.line("next one");
    assert_eq!(plain.sent(), ["hello", "next one"]);
    // Also when the server is slow.
    let mut plain = PlainDriver::new();
    plain.tui.responds = false;
    let said = plain.line("chat grace hello");
    plain.tui.responds = true;
    plain.tui.respond_to_all();
    let said = said + &plain.heard();
    assert!(said.contains("To @grace, private") && said.contains("an empty line to close?"), "{said}");
}

/// A line is meant as a command if what follows the name has the shape of what the command takes.
const COMMANDS_AND_SENTENCES: [(&str, bool); 44] = [
    // A name alone, also that of the command line.
    ("back", true),
    ("Drafts", true),
    ("log-out", true),
    ("logout", true),
    ("whoami", true),
    ("help", true),
    // A name and the one thing that the command takes.
    ("search plain", true),
    ("people xb", true),
    ("profile xb", true),
    ("user xb", true),
    ("help follow", true),
    ("section replies", true),
    ("like all", true),
    ("like 5", true),
    ("unlike 5", true),
    ("open 1", true),
    ("mute xb", true),
    ("unmute @xb", true),
    ("visibility followers", true),
    ("thread 123456789012345", true),
    // A name and a short text.
    ("post hello all", true),
    ("chat xb hi", true),
    // A text for an item or a person, however long.
    ("reply 5 thank you very much", true),
    ("chat @xb see you there at noon", true),
    ("chat grace see you there at noon", true),
    ("report grace all of these insults", true),
    // After a slash, anything that begins with a name.
    ("/like all of you said", true),
    // Sentences: nothing or less can follow the name.
    ("like all of you said", false),
    ("like 5 of them", false),
    ("post office is closed", false),
    ("help me please", false),
    ("back soon", false),
    ("home now", false),
    ("again and again", false),
    ("open source it is", false),
    ("follow the white rabbit", false),
    ("thread closed for today", false),
    ("search for it on Sunday", false),
    ("chat with you later", false),
    ("reply to all of them", false),
    ("people are kind", false),
    ("more of that", false),
    ("hello there", false),
    ("42 is the answer", false),
];

#[test]
fn a_line_that_looks_like_a_command_is_not_sent_and_a_sentence_is() {
    for start in ["chat grace", "post"] {
        for (line, is_command) in COMMANDS_AND_SENTENCES {
            let mut plain = PlainDriver::new();
            plain.line(start);
            let said = plain.line(line);
            let bare = line.trim_start_matches('/');
            let way = format!("looks like a command. Type “:{bare}” to run it, or “:send {line}” to send it");
            assert_eq!(said.contains(&way), is_command, "{start}: {line}: {said}");
            let sent = if is_command { vec![] } else { vec![line.to_owned()] };
            assert_eq!(plain.sent(), sent, "{start}: {line}");
            // As it says.
            if is_command {
                plain.line(&format!(":send {line}"));
                assert_eq!(plain.sent(), [line], "{start}: {line}");
            }
        }
    }
}

#[test]
fn verbs_of_the_command_line_are_commands() {
    let mut plain = PlainDriver::new();
    plain.line("profile grace");
    assert!(matches!(plain.tui.state.route(), Route::Profile(name, _) if name == "grace"));
    let mut plain = PlainDriver::new();
    plain.lines(&["chat alan", ":profile grace"]);
    assert!(matches!(plain.tui.state.route(), Route::Profile(name, _) if name == "grace"));
    assert!(plain.line("help logout").starts_with("log-out: "), "{}", plain.printed);
}

#[test]
fn a_thread_is_opened_by_its_id() {
    let mut plain = PlainDriver::new();
    plain.line(&format!("thread {}", id(11)));
    assert_eq!(*plain.tui.state.route(), Route::Thread(id(11)));
    assert!(plain.line("thread abc").contains("Type the id of a tweet"), "{}", plain.printed);
}

#[test]
fn a_long_draft_can_be_heard_whole() {
    let mut plain = PlainDriver::new();
    let text = format!("{}the end", "many words ".repeat(30));
    let said = plain.lines(&["post", &text, "undo"]);
    assert!(said.contains("and so on; “:repeat” reads all of it") && !said.contains("the end"), "{said}");
    assert!(plain.line(":repeat").contains(text.as_str()));
}

// What a command is about.

#[test]
fn a_command_without_a_number_says_what_it_is_about() {
    let about = "alan: One writer, many readers.";
    for command in ["like", "retweet", "bookmark", "unlike", "reply thank you", "quote indeed", "report"] {
        let mut plain = PlainDriver::new();
        plain.line("3");
        let said = plain.line(command);
        assert!(said.contains(about), "{command}: {said}");
    }
    let mut plain = PlainDriver::new();
    let said = plain.lines(&["5", "delete"]);
    assert!(said.contains("You: @alan and who writes the reader?"), "{said}");
    assert!(said.contains("Deleting the tweet."), "{said}");
}

#[test]
fn a_report_takes_a_name_and_a_reason() {
    let reports = |plain: &mut PlainDriver| {
        plain.tui.wait(60_000);
        let all = plain.tui.requests().into_iter();
        let report = |op: &Op| match op {
            Op::Report(one) => Some((one.username.clone(), one.tweet_id, one.reason.clone())),
            _ => None,
        };
        all.filter_map(report).collect::<Vec<_>>()
    };
    for line in ["report grace insulting words", "report @grace insulting words"] {
        let mut plain = PlainDriver::new();
        plain.line("3");
        plain.line(line);
        assert_eq!(reports(&mut plain), [("grace".to_owned(), 0, "insulting words".to_owned())], "{line}");
    }
    let mut plain = PlainDriver::new();
    let said = plain.line("report nosuch insulting");
    assert!(said.contains("“report @name spam”"), "{said}");
    assert_eq!(reports(&mut plain), []);
    // The reason is asked for.
    let mut plain = PlainDriver::new();
    let said = plain.line("report 3");
    assert!(said.contains("Why do you report @alan?") && said.ends_with("?\n"), "{said}");
    assert!(plain.line("").contains("Canceled."));
    plain.lines(&["report 3", "42"]);
    assert_eq!(reports(&mut plain), [(String::new(), id(11), "42".to_owned())]);
}

#[test]
fn to_do_something_and_to_end_it_are_separate_words() {
    let follows = |plain: &PlainDriver| {
        let all = plain.tui.requests().into_iter();
        all.filter(|op| matches!(op, Op::Unfollow(_) | Op::Unlike(_) | Op::Unblock(_))).count()
    };
    let mut plain = PlainDriver::new();
    // Ada follows grace.
    plain.line("people");
    let said = plain.line("follow grace");
    assert!(said.contains("You follow @grace."), "{said}");
    assert_eq!(follows(&plain), 0);
    assert!(plain.line("unfollow grace").contains("Unfollowed @grace."));
    assert!(plain.line("unfollow grace").contains("Unfollowed @grace."), "{}", plain.printed);
    assert_eq!(follows(&plain), 2);
    plain.lines(&["block grace", "home"]);
    plain.wait(60_000);
    assert!(plain.line("block grace").contains("You block @grace already."));
    assert!(plain.line("unblock grace").contains("Unblocked @grace."));
    let mut plain = PlainDriver::new();
    assert!(plain.line("like 3").contains("Liked."));
    assert!(plain.line("like 3").contains("You like this already."));
    assert!(plain.line("unlike 3").contains("Like removed."));
    assert!(plain.line("unlike 3").contains("You don't like this."));
    // By itself, the command is for the selected item, and does what is not so.
    plain.line("3");
    assert!(plain.line("like").contains("Liked.") && plain.line("like").contains("Like removed."));
}

// Help.

#[test]
fn help_for_a_word_says_what_the_command_takes() {
    let mut plain = PlainDriver::new();
    let said = plain.line("help");
    assert!(said.lines().count() < 10 && said.contains("“help follow”"), "{said}");
    for (word, part) in [
        ("follow", "follow: Follow or unfollow. Takes a username or the number of an item"),
        ("unfollow", "unfollow: ends what “follow” does."),
        ("tag", "tag: Feed of a hashtag. Takes hashtag."),
        ("search", "words, @name or #tag"),
        ("reply", "“reply 5 thank you”"),
        ("section", "section: "),
        ("visibility", "public, unlisted, followers or mentioned"),
        ("more", "more: The next items."),
        ("theme", "“theme” is for the full screen only."),
        ("nosuch", "There is no command “nosuch”."),
    ] {
        let said = plain.line(&format!("help {word}"));
        assert!(said.contains(part), "{word}: {said}");
    }
    let said = plain.lines(&["me", "help section"]);
    assert!(said.contains("Here: tweets, replies"), "{said}");
}

// What is no longer there.

#[test]
fn a_quoted_or_answered_tweet_that_was_deleted_is_named_as_deleted() {
    let mut plain = PlainDriver::new();
    assert!(plain.line("local").contains("Quotes alan: One writer"), "{}", plain.printed);
    plain.tui.tweets.retain(|tweet| tweet.id != id(11));
    plain.line("online");
    plain.wait(120_000);
    let said = plain.line("local");
    let quote = said.lines().find(|line| line.contains("This, but with fewer locks.")).unwrap();
    assert!(quote.contains("Quotes a tweet that is no longer available."), "{quote}");
}

#[test]
fn a_blocked_persons_tweets_are_not_read() {
    let mut plain = PlainDriver::new();
    plain.lines(&["local", "3", "block 3"]);
    plain.wait(60_000);
    let said = plain.line("repeat");
    assert!(!said.contains("One writer, many readers"), "{said}");
    let said = plain.line("user alan");
    assert!(said.contains("blocked") && said.contains("“unblock alan”"), "{said}");
    let said = plain.line("chat alan hello");
    assert!(said.contains("Not sent: you block @alan"), "{said}");
    assert_eq!(plain.sent(), Vec::<String>::new());
}

#[test]
fn a_taken_username_is_said_at_once_and_no_question_is_skipped() {
    let mut plain = PlainDriver::signed_out();
    plain.line("2");
    for wrong in ["", "a b"] {
        assert!(plain.line(wrong).contains("\nUsername"), "{wrong}");
    }
    plain.tui.refusal = Some(model::Error::AlreadyExists("username".into()));
    let said = plain.line("grace");
    assert!(said.contains("This username is taken.") && said.contains("\nUsername"), "{said}");
    assert!(plain.line("lovelace").contains("Display name"));
    let said = plain.lines(&["", "three words suffice"]);
    assert!(said.contains("This password is ") && said.contains("Confirm password"), "{said}");
    plain.line("three words suffice");
    let has_signed_in = plain.tui.effects.iter().any(|effect| matches!(effect, Effect::SignedIn { .. }));
    assert!(has_signed_in, "{}", plain.printed);
}

#[test]
fn signing_out_names_the_account_and_continues_with_another_one() {
    let mut plain = PlainDriver::new();
    plain.line("log-out");
    let said = plain.line("yes");
    assert!(said.contains("Signed out of @ada on Gardeners. Your drafts stay on this computer."), "{said}");
    assert_eq!(plain.tui.effects.last(), Some(&Effect::Quit));
    let other = "bob@a.org:4280".to_owned();
    let setup = Setup { username: Some("ada".into()), others: vec![other.clone()], ..PlainDriver::setup() };
    let mut plain = PlainDriver::with(setup);
    plain.lines(&["log-out", "yes"]);
    assert_eq!(plain.tui.effects.last(), Some(&Effect::Switch(other)));
}

#[test]
fn details_are_read_once() {
    let mut plain = PlainDriver::new();
    plain.tui.responds = false;
    let said = plain.line("details 5");
    assert!(said.starts_with("Details.\nId ") && said.contains("Edited "), "{said}");
    let version = |text: &str| v1::TweetVersion { text: text.into(), written_ms: NOW };
    let versions = vec![version("and who reads?"), version("and who writes the reader?")];
    let history = v1::TweetHistory { versions, ..v1::TweetHistory::default() };
    plain.tui.handle(Message::Answered(Purpose::History(id(40)), Ok(Response::TweetHistory(history))));
    let said = plain.heard();
    assert!(said.contains(": and who reads?") && !said.contains("Id "), "{said}");
}

#[test]
fn an_open_draft_is_read_once() {
    let mut plain = PlainDriver::new();
    plain.lines(&["post", "The engine works", "undo"]);
    let said = plain.line("status");
    assert!(said.contains("Your draft is still open") && !said.contains("The engine works"), "{said}");
    assert!(plain.line(":repeat").contains("The engine works"));
}

// What was done.

#[test]
fn an_edit_that_is_stored_is_said_and_undo_is_about_the_last_act() {
    let mut plain = PlainDriver::new();
    plain.line("edit 5 @alan who reads it?");
    let said = plain.wait(6_000);
    assert!(said.contains("Changed."), "{said}");
    let said = plain.line("undo");
    assert!(said.contains("Already changed; “edit” and the number of its item edits it again."), "{said}");
    plain.line("delete 5");
    let said = plain.wait(9_000);
    assert!(said.contains("Tweet deleted."), "{said}");
    let said = plain.line("undo");
    assert!(said.contains("Tweet deleted; that can't be undone."), "{said}");
}

#[test]
fn the_username_of_a_reply_is_not_written_twice() {
    let mut plain = PlainDriver::new();
    let said = plain.line("reply 2");
    assert!(said.contains("“@grace” is put before your text."), "{said}");
    plain.line("@grace so do I");
    assert_eq!(plain.sent(), ["@grace so do I"]);
    plain.line("reply 2 @grace and I");
    assert_eq!(plain.sent()[1..], ["@grace and I"]);
}

/// The operator announces something.
fn announce(plain: &mut PlainDriver, text: &str) {
    let announcement = v1::LiveAnnouncement { text: text.to_owned(), change: None };
    plain.tui.live(Topic::Notifications, LiveEvent::Announcement(announcement));
}

const ANNOUNCED: &str = "Announcement: We restart at 18:00.\n";

#[test]
fn the_start_is_read_in_the_same_order_whichever_response_comes_first() {
    let mut printed = Vec::new();
    for turn in 0..9 {
        let setup = Setup { username: Some("ada".into()), ..PlainDriver::setup() };
        let mut tui = TuiDriver::with(setup, false);
        tui.info.announcement = "We restart at 18:00".into();
        tui.responds = false;
        tui.connect(true);
        let mut plain = PlainDriver::from(tui);
        while !plain.tui.waiting.is_empty() {
            // Another one of those that wait comes first each time.
            let rotation = turn % plain.tui.waiting.len();
            plain.tui.waiting.rotate_left(rotation);
            plain.tui.respond_to_one();
            plain.heard();
        }
        printed.push(plain.printed.clone());
    }
    let places = ["Signed in as @ada", "Home.", ANNOUNCED, "2 unread notifications, 1 unread message."];
    let places: Vec<usize> = places.iter().map(|text| printed[0].find(text).expect(text)).collect();
    assert!(places.is_sorted(), "{}", printed[0]);
    for (turn, other) in printed.iter().enumerate() {
        assert_eq!(other, &printed[0], "turn {turn}");
    }
}

#[test]
fn an_announcement_waits_until_the_question_is_answered() {
    let mut plain = PlainDriver::new();
    let said = plain.line("post");
    assert!(said.ends_with("?\n"), "{said}");
    announce(&mut plain, "We restart at 18:00");
    assert_eq!(plain.heard(), "");
    let said = plain.line("Hello");
    assert!(said.contains(ANNOUNCED), "{said}");
    assert_eq!(plain.heard(), "", "it is said once");

    // A form asks one question after the other.
    let mut plain = PlainDriver::new();
    plain.line("password");
    announce(&mut plain, "We restart at 18:00");
    assert_eq!(plain.heard(), "");
    let said = plain.line("my old password 1");
    assert!(said.starts_with(ANNOUNCED) && said.ends_with("?\n"), "{said}");

    // In a chat the line for a message is always open.
    let mut plain = PlainDriver::new();
    plain.line("chat grace");
    announce(&mut plain, "We restart at 18:00");
    assert_eq!(plain.heard(), "");
    let said = plain.line("See you there");
    assert!(said.contains(ANNOUNCED), "{said}");

    // Where no question is asked, it is said at once.
    let mut plain = PlainDriver::new();
    announce(&mut plain, "We restart at 18:00");
    assert_eq!(plain.heard(), ANNOUNCED);
}

#[test]
fn an_announcement_waits_for_the_answer_to_the_first_menu() {
    let mut tui = TuiDriver::with(PlainDriver::setup(), false);
    tui.info.announcement = "We restart at 18:00".into();
    tui.responds = false;
    tui.connect(false);
    let mut plain = PlainDriver::from(tui);
    plain.tui.responds = true;
    plain.tui.respond_to_all();
    assert_eq!(plain.heard(), "");
    let said = plain.line("1");
    assert!(said.starts_with(ANNOUNCED), "{said}");
}
