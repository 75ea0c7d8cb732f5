//! Everything that the original program could do, by two people in two terminals, on a real server over TLS.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod e2e;

use e2e::{E2e, PASSWORD, Person, until};

#[test]
fn two_people_do_everything_the_original_could() {
    let e2e = E2e::start();
    let (ada, bob) = (e2e.person("ada"), e2e.person("bob"));
    sign_up(&ada, &bob);
    log_out_and_in(&ada);
    let first = post_and_find_people(&ada, &bob);
    follow_and_unfollow(&ada, &bob);
    quote_and_retweet(&ada, &bob, &first);
    trend(&ada);
    chat(&ada, &bob);

    // The notifications, newest first.
    let kinds: Vec<_> =
        ada.json(&["notifs"]).iter().map(|n| n["kind"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["retweet", "quote", "follow"]);

    bob.ok(&["logout"]);
    assert_eq!(bob.refused(&["post", "I am not here"]).0, 4);
}

/// Sign-up in a terminal: the password is hidden, a taken username is asked for again.
fn sign_up(ada: &Person, bob: &Person) {
    let mut screen = ada.terminal(&["signup"]);
    screen.expect("Username");
    screen.type_line("ada");
    screen.expect("Password");
    screen.type_line(PASSWORD);
    screen.expect("Confirm password");
    screen.type_line("something else");
    screen.expect("Passwords don't match");
    screen.expect("Password");
    screen.type_line(PASSWORD);
    screen.expect("Confirm password");
    screen.type_line(PASSWORD);
    screen.expect("Signed in as @ada");
    assert_eq!(screen.exit_code(), 0, "{}", screen.screen());
    assert!(!screen.screen().contains(PASSWORD), "the password was shown: {}", screen.screen());

    let mut screen = bob.terminal(&["signup"]);
    screen.expect("Username");
    screen.type_line("Ada");
    screen.expect("Password");
    screen.type_line(PASSWORD);
    screen.expect("Confirm password");
    screen.type_line(PASSWORD);
    screen.expect("This username is already taken; choose another");
    screen.expect("Username");
    screen.type_line("bob");
    assert_eq!(screen.exit_code(), 0, "{}", screen.screen());
}

/// Nothing works without a session; a wrong password is asked for again.
fn log_out_and_in(ada: &Person) {
    ada.ok(&["logout"]);
    assert_eq!(ada.refused(&["feed"]).0, 4);
    let mut screen = ada.terminal(&["login", "ada"]);
    screen.expect("Password");
    screen.type_line("not the password");
    screen.expect("Wrong username or password");
    screen.expect("Password");
    screen.type_line(PASSWORD);
    assert_eq!(screen.exit_code(), 0, "{}", screen.screen());
    assert!(!screen.screen().contains(PASSWORD));
}

/// Tweets with hashtags; people by name; profiles. Returns the id of ada's tweet.
fn post_and_find_people(ada: &Person, bob: &Person) -> String {
    let first = ada.ok(&["post", "The engine works #Rust #engines"]).trim().to_owned();
    assert_eq!(first.len(), 18, "an id is printed: {first}");
    bob.ok(&["post", "Reading about #rust tonight"]);
    let people = ada.json(&["people"]);
    let names: Vec<_> = people.iter().map(|p| p["username"].as_str().unwrap()).collect();
    assert_eq!(names, ["ada", "bob"]);
    assert_eq!(ada.json(&["people", "bo"])[0]["username"], "bob");
    assert_eq!(bob.json(&["profile", "@ada"])[0]["tweets"], 1);
    first
}

/// The home timeline has one's own and followed tweets, newest first.
fn follow_and_unfollow(ada: &Person, bob: &Person) {
    bob.ok(&["follow", "@ada"]);
    assert_eq!(bob.texts("home"), ["Reading about #rust tonight", "The engine works #Rust #engines"]);
    assert_eq!(ada.texts("home"), ["The engine works #Rust #engines"]);
    assert_eq!(ada.json(&["followers"])[0]["username"], "bob");
    assert_eq!(bob.json(&["following"])[0]["username"], "ada");

    bob.ok(&["unfollow", "@ada"]);
    assert_eq!(bob.texts("home"), ["Reading about #rust tonight"]);
    bob.ok(&["follow", "@ada"]);
    ada.ok(&["remove-follower", "@bob"]);
    assert!(ada.json(&["followers"]).is_empty());
    assert_eq!(bob.texts("home"), ["Reading about #rust tonight"]);
    bob.ok(&["follow", "@ada"]);
}

fn quote_and_retweet(ada: &Person, bob: &Person, first: &str) {
    let quote = bob.ok(&["quote", first, "This changes everything"]).trim().to_owned();
    let shown = &bob.json(&["show", &quote])[0];
    assert_eq!(shown["text"], "This changes everything");
    assert_eq!(shown["quote"]["text"], "The engine works #Rust #engines");
    bob.ok(&["retweet", first]);
    assert_eq!(ada.json(&["show", first])[0]["retweets"], 1);
    assert_eq!(ada.json(&["show", first])[0]["quotes"], 1);
}

/// Trends, and the tweets with a hashtag in any case.
fn trend(ada: &Person) {
    until("#rust is a trend", || {
        let trends = ada.json(&["tags"]);
        trends.first().is_some_and(|t| t["hashtag"] == "Rust" && t["people"] == 2)
    });
    assert_eq!(ada.texts("#rust"), ["Reading about #rust tonight", "The engine works #Rust #engines"]);
}

/// Presence, and live chat in both directions.
fn chat(ada: &Person, bob: &Person) {
    let ada_chat = ada.live(&["chat", "@bob", "--follow"]);
    let bob_chat = bob.live(&["chat", "@ada", "--follow"]);
    until("both are online", || ada.json(&["online"]).len() == 2);
    ada.ok(&["chat", "@bob", "are you there?"]);
    bob_chat.wait_for("are you there?");
    bob.ok(&["chat", "@ada", "always"]);
    ada_chat.wait_for("always");
    assert_eq!(ada_chat.interrupt().code(), Some(130));
    drop(bob_chat);
    until("no one is online", || ada.json(&["online"]).is_empty());
}

#[test]
fn every_verb_is_refused_without_a_session() {
    let e2e = E2e::start();
    let stranger = e2e.person("stranger");
    let ada = e2e.member("ada");
    let id = ada.ok(&["post", "hello"]).trim().to_owned();
    let verbs: &[&[&str]] = &[
        &["post", "x"],
        &["reply", &id, "x"],
        &["quote", &id, "x"],
        &["retweet", &id],
        &["unretweet", &id],
        &["like", &id],
        &["unlike", &id],
        &["bookmark", &id],
        &["unbookmark", &id],
        &["edit", &id, "x"],
        &["delete", &id],
        &["feed"],
        &["feed", "@ada"],
        &["feed", "#x"],
        &["feed", "local"],
        &["feed", "--follow"],
        &["show", &id],
        &["thread", &id],
        &["notifs"],
        &["search", "x"],
        &["people"],
        &["people", "ada"],
        &["profile", "@ada"],
        &["follow", "@ada"],
        &["unfollow", "@ada"],
        &["followers"],
        &["following"],
        &["remove-follower", "@ada"],
        &["mute", "@ada"],
        &["block", "@ada"],
        &["online"],
        &["tags"],
        &["chat", "list"],
        &["chat", "@ada", "x"],
        &["watch"],
        &["sessions"],
        &["export"],
    ];
    for verb in verbs {
        let (code, text) = stranger.refused(verb);
        assert_eq!(code, 4, "{verb:?}: {text}");
        assert!(text.contains("login"), "{verb:?} says what to do: {text}");
    }
}
