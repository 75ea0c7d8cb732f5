//! The walk of the original program: everything it could do, by two people in two terminals, on a real server
//! over TLS.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod e2e;

use e2e::{E2e, PASSWORD, until};

#[test]
fn two_people_do_everything_the_original_could() {
    let e2e = E2e::start();
    let ada = e2e.person("ada");
    let bob = e2e.person("bob");

    // Create an account; the password is masked; a taken name asks again.
    let mut screen = ada.terminal(&["signup"]);
    screen.expect("sername");
    screen.type_line("ada");
    screen.expect("assword");
    screen.type_line(PASSWORD);
    screen.expect("gain");
    screen.type_line(PASSWORD);
    assert_eq!(screen.exit_code(), 0, "{}", screen.screen());
    assert!(!screen.screen().contains(PASSWORD), "the password was shown: {}", screen.screen());

    let mut screen = bob.terminal(&["signup"]);
    screen.expect("sername");
    screen.type_line("Ada");
    screen.expect("assword");
    screen.type_line(PASSWORD);
    screen.expect("gain");
    screen.type_line(PASSWORD);
    screen.expect("taken");
    screen.expect("sername");
    screen.type_line("bob");
    assert_eq!(screen.exit_code(), 0, "{}", screen.screen());

    // Log out; nothing works without a session; a wrong password is told and asked again; log in.
    ada.ok(&["logout"]);
    assert_eq!(ada.refused(&["feed"]).0, 4);
    let mut screen = ada.terminal(&["login", "ada"]);
    screen.expect("assword");
    screen.type_line("not the password");
    screen.expect("wrong");
    screen.expect("assword");
    screen.type_line(PASSWORD);
    assert_eq!(screen.exit_code(), 0, "{}", screen.screen());
    assert!(!screen.screen().contains(PASSWORD));

    // Post with hashtags.
    let first = ada.ok(&["post", "The engine works #Rust #engines"]).trim().to_owned();
    assert_eq!(first.len(), 18, "an id is printed: {first}");
    bob.ok(&["post", "Reading about #rust tonight"]);

    // List people, search by name, look at a profile.
    let people = ada.json(&["people"]);
    let names: Vec<_> = people.iter().map(|p| p["username"].as_str().unwrap()).collect();
    assert_eq!(names, ["ada", "bob"]);
    assert_eq!(ada.json(&["people", "bo"])[0]["username"], "bob");
    assert_eq!(bob.json(&["profile", "@ada"])[0]["tweets"], 1);

    // Follow; the feed has one's own and followed tweets, newest first.
    bob.ok(&["follow", "@ada"]);
    assert_eq!(bob.texts("home"), ["Reading about #rust tonight", "The engine works #Rust #engines"]);
    assert_eq!(ada.texts("home"), ["The engine works #Rust #engines"]);
    assert_eq!(ada.json(&["followers"])[0]["username"], "bob");
    assert_eq!(bob.json(&["following"])[0]["username"], "ada");

    // Unfollow, follow again, be removed as a follower.
    bob.ok(&["unfollow", "@ada"]);
    assert_eq!(bob.texts("home"), ["Reading about #rust tonight"]);
    bob.ok(&["follow", "@ada"]);
    ada.ok(&["remove-follower", "@bob"]);
    assert!(ada.json(&["followers"]).is_empty());
    assert_eq!(bob.texts("home"), ["Reading about #rust tonight"]);
    bob.ok(&["follow", "@ada"]);

    // Retweet with a message of one's own, and without.
    let quote = bob.ok(&["quote", &first, "This changes everything"]).trim().to_owned();
    let shown = &bob.json(&["show", &quote])[0];
    assert_eq!(shown["text"], "This changes everything");
    assert_eq!(shown["quote"]["text"], "The engine works #Rust #engines");
    bob.ok(&["retweet", &first]);
    assert_eq!(ada.json(&["show", &first])[0]["retweets"], 1);
    assert_eq!(ada.json(&["show", &first])[0]["quotes"], 1);

    // Top trends, and the tweets under a hashtag whatever its case.
    until("#rust is a trend", || {
        let trends = ada.json(&["tags"]);
        trends.first().is_some_and(|t| t["hashtag"] == "Rust" && t["people"] == 2)
    });
    assert_eq!(ada.texts("#rust"), ["Reading about #rust tonight", "The engine works #Rust #engines"]);

    // Who is online, and chat both ways live.
    let ada_chat = ada.live(&["chat", "@bob", "--follow"]);
    let bob_chat = bob.live(&["chat", "@ada", "--follow"]);
    until("both are online", || ada.json(&["online"]).len() == 2);
    ada.ok(&["chat", "@bob", "are you there?"]);
    bob_chat.wait_for("are you there?");
    bob.ok(&["chat", "@ada", "always"]);
    ada_chat.wait_for("always");
    assert_eq!(ada_chat.interrupt().code(), Some(130));
    drop(bob_chat);
    until("nobody is online", || ada.json(&["online"]).is_empty());

    // Notifications tell what the other one did.
    let kinds: Vec<_> =
        ada.json(&["notifs"]).iter().map(|n| n["kind"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["retweet", "quote", "follow"]);

    bob.ok(&["logout"]);
    assert_eq!(bob.refused(&["post", "I am not here"]).0, 4);
}

#[test]
fn every_verb_is_refused_without_a_session() {
    let e2e = E2e::start();
    let nobody = e2e.person("nobody");
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
        &["save", &id],
        &["unsave", &id],
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
        let (code, text) = nobody.refused(verb);
        assert_eq!(code, 4, "{verb:?}: {text}");
        assert!(text.contains("login"), "{verb:?} says what to do: {text}");
    }
}
