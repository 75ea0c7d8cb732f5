//! Lists of people and what the server says about itself, as a person gets them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod e2e;

use e2e::{E2e, Person};

fn names(person: &Person, args: &[&str]) -> String {
    let rows = person.json(args);
    rows.iter().map(|row| row["username"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
}

#[test]
fn people_are_sorted_and_filtered_by_the_server() {
    let e2e = E2e::start();
    let (p10, p2, viewer) = (e2e.member("p10"), e2e.member("p2"), e2e.member("viewer"));
    p10.ok(&["profile", "--name", "Mei Zeller"]);
    p2.ok(&["profile", "--name", "ayla zellweger"]);
    viewer.ok(&["follow", "p2", "p10"]);
    p2.ok(&["follow", "p10"]);
    p2.ok(&["post", "hello"]);
    assert_eq!(names(&viewer, &["people"]), "p2 p10 viewer");
    assert_eq!(names(&viewer, &["people", "--sort", "name"]), "p2 p10 viewer");
    assert_eq!(names(&viewer, &["people", "--sort", "newest", "-n", "2"]), "viewer p2");
    assert_eq!(names(&viewer, &["people", "--sort", "followers"]), "p10 p2 viewer");
    assert_eq!(names(&viewer, &["people", "--sort", "active", "-n", "1"]), "p2");
    assert_eq!(names(&viewer, &["people", "zell", "--sort", "username"]), "p2 p10");
    assert_eq!(names(&viewer, &["following"]), "p10 p2", "the newest follow first");
    assert_eq!(names(&viewer, &["following", "--sort", "username"]), "p2 p10");
    assert_eq!(names(&viewer, &["following", "--name", "mei"]), "p10");
    assert_eq!(names(&viewer, &["followers", "p10", "--name", "@vi"]), "viewer");
    assert_eq!(names(&viewer, &["following", "p2", "--you-follow"]), "p10");
    assert_eq!(names(&p10, &["following", "p2", "--you-follow"]), "", "p10 follows no one");
    let first = &viewer.json(&["people", "--sort", "active"])[0];
    assert_eq!((&first["tweets"], &first["followers"]), (&1.into(), &1.into()));
    assert!(first["last_post"].is_string());
    let before = ["people", "--sort", "name", "--before", "1"];
    assert!(viewer.refused(&before).1.contains("cursor"), "a cursor of another order");
}

#[test]
fn the_rules_of_the_server_are_numbered() {
    let e2e = E2e::start_with(&[("MINI_TWEET_SERVER_RULES", "Be kind.\nNo advertising.")]);
    let ada = e2e.member("ada");
    assert_eq!(ada.json(&["info"])[0]["rules"], serde_json::json!(["Be kind.", "No advertising."]));
    let text = ada.ok(&["info"]);
    assert!(text.contains("1. Be kind.\n    2. No advertising."), "{text}");
}

#[test]
fn a_suggestion_that_was_dismissed_does_not_come_back() {
    let e2e = E2e::start();
    let (ada, bob, eve) = (e2e.member("ada"), e2e.member("bob"), e2e.member("eve"));
    let kim = e2e.member("kim");
    ada.ok(&["follow", "bob"]);
    bob.ok(&["follow", "eve"]);
    for person in [&eve, &kim] {
        person.ok(&["post", "hello"]);
    }
    assert_eq!(names(&ada, &["people", "--suggested"]), "eve kim");
    assert_eq!(ada.json(&["people", "--dismiss", "@eve"])[0]["dismissed"], true);
    assert_eq!(names(&ada, &["people", "--suggested"]), "kim");
    assert_eq!(names(&ada, &["people"]), "ada bob eve kim", "only suggestions leave it out");
    let exported = ada.ok(&["export"]);
    assert!(exported.lines().any(|line| line.contains("dismissed") && line.contains("eve")), "{exported}");
}

#[test]
fn notifications_of_one_kind_are_read_without_the_others() {
    let e2e = E2e::start();
    let (ada, bob) = (e2e.member("ada"), e2e.member("bob"));
    bob.ok(&["follow", "ada"]);
    bob.ok(&["post", "hello @ada"]);
    let kinds = |args: &[&str]| {
        let rows = ada.json(args);
        rows.iter().map(|row| row["kind"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(kinds(&["notifs", "--kind", "follow,like"]), "follow");
    assert_eq!(kinds(&["notifs", "--kind", "mention", "--mark-read"]), "mention");
    assert_eq!(kinds(&["notifs", "--unread"]), "follow", "it was not shown");
    ada.ok(&["notifs", "--mark-read"]);
    assert_eq!(kinds(&["notifs", "--unread"]), "");
}

#[test]
fn a_message_that_is_edited_or_deleted_changes_for_both() {
    let e2e = E2e::start();
    let (ada, bob) = (e2e.member("ada"), e2e.member("bob"));
    let sent = |text: &str| ada.json(&["chat", "@bob", text])[0]["id"].as_str().unwrap().to_owned();
    let (first, second) = (sent("frist"), sent("a secret"));
    ada.ok(&["chat", "@bob", "--edit", &first, "first"]);
    ada.ok(&["chat", "@bob", "--delete", &second]);
    assert_eq!(bob.json(&["chat", "list"])[0]["unread"], 1, "the deleted one is not unread");
    for (person, with) in [(&ada, "@bob"), (&bob, "@ada")] {
        let shown = person.json(&["chat", with]);
        let said: Vec<_> = shown.iter().map(|row| (&row["text"], &row["deleted"])).collect();
        assert_eq!(said, [(&"first".into(), &false.into()), (&"".into(), &true.into())]);
        assert!(shown[0]["edited"].is_string() && shown[1]["edited"].is_null());
        assert!(!person.ok(&["export"]).contains("a secret"));
    }
    ada.ok(&["chat", "@bob", "--edit-last", "first", "of", "all"]);
    assert_eq!(bob.json(&["chat", "@ada"])[0]["text"], "first of all", "the deleted one does not count");
    assert_eq!(bob.refused(&["chat", "@ada", "--edit-last", "x"]).0, 3, "he has written none");
    assert!(bob.ok(&["chat", "@ada"]).contains("message deleted"));
    assert_eq!(bob.refused(&["chat", "@ada", "--delete", &first]).0, 3, "it is not his");
}
