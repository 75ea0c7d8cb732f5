//! What programs and careful people rely on: read-only runs, text that is never lost, and streams that go on where
//! they ended.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod e2e;

use std::collections::BTreeMap;

use e2e::{E2e, PASSWORD, Person, until};

const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKEOQyEpKJl7TNcV6ihYfaqwPBDh6pmxKTHuNNrkQrCI ada@laptop";
const SECOND_KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f ada@laptop";

fn id_of(person: &Person, args: &[&str]) -> String {
    person.ok(args).trim().to_owned()
}

#[test]
fn a_read_only_run_changes_nothing() {
    let e2e = E2e::start();
    let (ada, bob) = (e2e.member("ada"), e2e.member("bob"));
    let id = id_of(&bob, &["post", "to read"]);
    bob.ok(&["chat", "@ada", "hello"]);
    let writing: &[&[&str]] = &[
        &["post", "x"],
        &["reply", &id, "x"],
        &["quote", &id, "x"],
        &["retweet", &id],
        &["like", &id],
        &["bookmark", &id],
        &["follow", "@bob"],
        &["mute", "@bob"],
        &["block", "@bob"],
        &["report", "@bob"],
        &["profile", "--bio", "x"],
        &["chat", "@bob", "x"],
        &["notifs", "--mark-read"],
        &["logout"],
        &["accounts", "remove", "ada"],
    ];
    for args in writing {
        let mut args = args.to_vec();
        args.insert(0, "--read-only");
        let (code, text) = ada.refused(&args);
        assert!(code == 5 && text.contains("--read-only"), "{args:?}: {code} {text}");
        let (_, text) = ada.refused(&[&args[1..], &["--read-only", "--json"][..]].concat());
        assert!(text.contains("\"READ_ONLY\""), "{args:?}: {text}");
    }
    assert!(ada.texts("mine").is_empty());
    assert_eq!(ada.json(&["show", &id, "--read-only"])[0]["likes"], 0);
    // Reading a conversation works, and does not mark it as read.
    assert_eq!(ada.json(&["chat", "@bob", "--read-only"])[0]["text"], "hello");
    assert_eq!(ada.json(&["chat", "list"])[0]["unread"], 1);
}

#[test]
fn text_from_the_editor_is_kept_until_it_is_sent() {
    let e2e = E2e::start();
    let ada = e2e.member("ada");
    let id = id_of(&ada, &["post", "short"]);
    let editor = e2e.path("editor.sh");
    let text = "long ".repeat(150);
    let run = |args: &[&str], script: &str| {
        std::fs::write(&editor, format!("#!/bin/sh\n{script}\n")).unwrap();
        ada.command(args).env("EDITOR", format!("sh {}", editor.display())).output().unwrap()
    };
    let write = format!("printf '%s\\n' '{text}' > \"$1\"");
    let kept = || -> Vec<_> {
        let files = std::fs::read_dir(ada.home().join("unsent"));
        files.map(|files| files.map(|file| file.unwrap().path()).collect()).unwrap_or_default()
    };
    // Too long for a post, a reply, a quote and an edit; a tweet that does not exist; an editor that fails.
    for (args, script) in [
        (vec!["post", "-e"], write.clone()),
        (vec!["reply", &id, "-e"], write.clone()),
        (vec!["quote", &id, "-e"], write.clone()),
        (vec!["edit", &id, "-e"], write.clone()),
        (vec!["reply", "12", "-e"], write.replace(&text, "fits")),
        (vec!["post", "-e"], format!("{write}; exit 1")),
    ] {
        let out = run(&args, &script);
        let stderr = String::from_utf8(out.stderr).unwrap();
        assert!(!out.status.success(), "{args:?}");
        let [file] = &kept()[..] else { panic!("{args:?}: {:?} {stderr}", kept()) };
        assert!(stderr.contains(file.to_str().unwrap()), "{args:?}: {stderr}");
        let has = std::fs::read_to_string(file).unwrap();
        assert!(has.contains("long long") || has.contains("fits"), "{args:?}: {has}");
        std::fs::remove_file(file).unwrap();
    }
    let out = run(&["post", "-e"], &write.replace(&text, "fits"));
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    assert!(kept().is_empty(), "what was sent is not kept");
}

#[test]
fn a_feed_is_followed_from_where_it_ended() {
    let e2e = E2e::start();
    let (ada, bob) = (e2e.member("ada"), e2e.member("bob"));
    bob.ok(&["follow", "@ada"]);
    let ids: Vec<_> = ["t1", "t2", "t3"].iter().map(|text| id_of(&ada, &["post", text])).collect();
    for feed in ["home", "local", "@ada"] {
        let since = bob.live(&["feed", feed, "--follow", "--since", &ids[0], "--tsv=text"]);
        let nothing_old = bob.live(&["feed", feed, "--follow", "-n", "0", "--tsv=text"]);
        since.wait_for("t3");
        let new = format!("new in {feed}");
        // `-n 0` says nothing when it is ready: posts until it shows one.
        let mut posted = 0;
        until("the live feed shows a tweet", || {
            posted += 1;
            ada.ok(&["post", &format!("{new} {posted}")]);
            nothing_old.lines().len() > 1
        });
        assert!(nothing_old.lines().iter().all(|line| line.starts_with(&new)), "{:?}", nothing_old.lines());
        since.wait_for(&format!("{new} {posted}"));
        let mut expected = vec!["t2".to_owned(), "t3".to_owned()];
        let all: Vec<_> = bob.json(&["feed", feed, "-n", "100", "--since", &ids[2]]);
        expected.extend(all.iter().rev().map(|tweet| tweet["text"].as_str().unwrap().to_owned()));
        assert_eq!(since.lines(), expected, "{feed}");
        bob.refused(&["feed", feed, "--follow", "--before", &ids[0]]);
        for tweet in all {
            ada.ok(&["delete", tweet["id"].as_str().unwrap()]);
        }
    }
    // More than one page.
    for number in 0..105 {
        ada.ok(&["post", &format!("number {number}")]);
    }
    assert_eq!(bob.json(&["feed", "--since", &ids[2], "-n", "200"]).len(), 105);
}

#[test]
fn a_feed_without_tweets_is_followed() {
    let e2e = E2e::start();
    let ada = e2e.member("ada");
    for feed in ["mine", "@ada"] {
        let live = ada.live(&["feed", feed, "--follow", "--tsv=text"]);
        until("the live feed shows a tweet", || {
            ada.ok(&["post", &format!("in {feed}")]);
            !live.lines().is_empty()
        });
        assert!(live.lines().iter().all(|line| line == &format!("in {feed}")), "{:?}", live.lines());
        for tweet in ada.json(&["feed", "mine"]) {
            ada.ok(&["delete", tweet["id"].as_str().unwrap()]);
        }
    }
}

#[test]
fn watch_goes_on_after_an_event() {
    let e2e = E2e::start();
    let (ada, bob) = (e2e.member("ada"), e2e.member("bob"));
    bob.ok(&["follow", "@ada"]);
    let watch = bob.live(&["watch"]);
    until("the first event", || {
        ada.ok(&["post", "before"]);
        watch.lines().iter().any(|line| line.contains("before"))
    });
    let mut last = BTreeMap::new();
    for line in watch.lines() {
        let event: serde_json::Value = serde_json::from_str(&line).unwrap();
        if event["topic"] != "presence" {
            last.insert(
                event["topic"].as_str().unwrap().to_owned(),
                event["sequence"].as_str().unwrap().to_owned(),
            );
        }
    }
    drop(watch);
    let sequence = last["home"].clone();
    ada.ok(&["post", "while it was away, for @bob"]);
    for since in [sequence.clone(), format!("home={sequence}")] {
        let again = bob.live(&["watch", "--since", &since]);
        again.wait_for("while it was away");
        let home: Vec<_> = again.lines().into_iter().filter(|line| line.contains("\"home\"")).collect();
        assert!(home.iter().all(|line| !line.contains(&format!("\"{sequence}\""))), "{home:?}");
    }
    assert_eq!(bob.refused(&["watch", "--since", "nonsense=1"]).0, 2);
}

#[test]
fn the_last_tweet_is_the_last_one_of_the_account() {
    let e2e = E2e::start();
    let (ada, bob) = (e2e.member("ada"), e2e.member("bob"));
    let other = id_of(&bob, &["post", "not hers"]);
    assert_eq!(ada.refused(&["show", "@last"]).0, 3);
    ada.ok(&["post", "first"]);
    let elsewhere = e2e.person("elsewhere");
    elsewhere.ok_with_input(&["login", "ada", "--password-stdin"], PASSWORD);
    elsewhere.ok(&["post", "second, elsewhere"]);
    assert_eq!(ada.json(&["show", "@last"])[0]["text"], "second, elsewhere");
    ada.ok(&["retweet", &other]);
    assert_eq!(ada.json(&["show", "@last"])[0]["text"], "second, elsewhere", "a retweet is not written");
}

#[test]
fn text_of_windows_and_editors_is_accepted() {
    let e2e = E2e::start();
    let (ada, bob) = (e2e.member("ada"), e2e.member("bob"));
    let (windows, plain) = ("\u{feff}one\r\n\ttwo\rthree\r\n", "one\n    two\nthree");
    let id = ada.ok_with_input(&["post", "-"], windows).trim().to_owned();
    assert_eq!(ada.texts("mine")[0], plain);
    ada.ok(&["post", windows]);
    assert_eq!(ada.texts("mine")[0], plain);
    ada.ok_with_input(&["edit", &id, "-"], &format!("{windows}edited"));
    ada.ok_with_input(&["chat", "@bob", "-"], windows);
    assert_eq!(bob.json(&["chat", "@ada"])[0]["text"], plain);
    ada.ok(&["profile", "--bio", windows]);
    assert_eq!(ada.json(&["whoami"])[0]["bio"], plain);
    ada.ok(&["report", "@bob", "--reason", windows]);
    let out = e2e.operator(&["admin", "announce", windows]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}

#[test]
fn a_file_with_several_keys_and_comments_is_added() {
    let e2e = E2e::start();
    let ada = e2e.member("ada");
    let with_options = format!("restrict,from=\"10.0.0.1 x\" {KEY}");
    let (code, text) =
        ada.refused_with_input(&["keys", "add", "-"], &format!("{SECOND_KEY}\n{with_options}"));
    assert!(code == 2 && text.contains("line 2") && text.contains("options"), "{text}");
    assert!(ada.json(&["keys"]).is_empty(), "nothing is added if a line is wrong");
    ada.ok_with_input(
        &["keys", "add", "-"],
        &format!("\u{feff}# my keys\r\n\r\n{KEY}\r\n  # another\n{SECOND_KEY}\n"),
    );
    assert_eq!(ada.json(&["keys"]).len(), 2);
    let (code, text) = ada.refused_with_input(&["keys", "add", "-"], "# only a comment\n");
    assert!(code == 2 && text.contains("no public key"), "{text}");
    let (code, _) =
        ada.refused_with_input(&["keys", "add", "-", "--name", "x"], &format!("{KEY}\n{SECOND_KEY}"));
    assert_eq!(code, 2, "one name for two keys");
}

#[test]
fn times_for_programs_have_one_form() {
    let e2e = E2e::start();
    let ada = e2e.member("ada");
    ada.ok(&["post", "now"]);
    let created = ada.json(&["show", "@last"])[0]["created"].as_str().unwrap().to_owned();
    assert_eq!(created.len(), "2026-11-29T07:00:00.000Z".len(), "{created}");
    for line in ada.ok(&["export"]).lines() {
        assert!(!line.contains("_ms\""), "{line}");
    }
    assert!(ada.ok(&["export"]).contains(&created));
    let export: Vec<serde_json::Value> =
        ada.ok(&["export"]).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for kind in ["profile", "tweet", "session"] {
        assert!(export.iter().any(|one| one["type"] == kind), "{kind} is exported");
    }
}

#[test]
fn fields_inside_objects_are_selected_by_a_path() {
    let e2e = E2e::start();
    let ada = e2e.member("ada");
    ada.ok(&["post", "x"]);
    assert_eq!(ada.ok(&["feed", "--tsv=author.username,text,quote.author.username"]), "ada\tx\t\n");
    assert_eq!(ada.ok(&["feed", "--tsv=author"]), "ada\n");
    assert_eq!(ada.ok(&["feed", "--json=author.username"]), "{\"v\":1,\"author.username\":\"ada\"}\n");
    let (code, text) = ada.refused(&["feed", "--tsv=author.nothing"]);
    assert!(code == 2 && text.contains("username"), "{text}");
}

#[test]
fn the_names_of_fields_are_printed_without_running_the_command() {
    let e2e = E2e::start();
    let ada = e2e.member("ada");
    let id = id_of(&ada, &["post", "x"]);
    assert_eq!(ada.ok(&["post", "y", "--json=help"]), "id\nchanged\n");
    assert_eq!(ada.ok(&["delete", &id, "--json=help"]), "id\nchanged\n");
    assert_eq!(ada.texts("mine"), ["x"]);
    // Also without a server and with nothing to show.
    assert!(ada.ok(&["notifs", "--json=help"]).contains("unread"));
}

#[test]
fn an_invite_without_uses_is_refused() {
    let e2e = E2e::start();
    let out = e2e.operator(&["admin", "invite", "--uses", "0"]);
    assert_eq!(out.status.code(), Some(2), "{}", String::from_utf8_lossy(&out.stdout));
}
