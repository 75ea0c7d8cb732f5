//! The verbs that the original program did not have: effects, output and exit codes.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod e2e;

use std::io::Write as _;
use std::process::Stdio;

use e2e::{E2e, Lines, PASSWORD, Person, until};
use protocol::v1;

const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKEOQyEpKJl7TNcV6ihYfaqwPBDh6pmxKTHuNNrkQrCI ada@laptop";

fn id_of(person: &Person, args: &[&str]) -> String {
    person.ok(args).trim().to_owned()
}

#[test]
fn a_tweet_is_liked_bookmarked_edited_replied_to_and_deleted() {
    let e2e = E2e::start();
    let (ada, bob) = (e2e.member("ada"), e2e.member("bob"));
    let id = id_of(&ada, &["post", "first version"]);
    for verb in ["like", "bookmark"] {
        let done = &bob.json(&[verb, &id])[0];
        assert_eq!((&done["id"], &done["changed"]), (&id.as_str().into(), &true.into()), "{verb}");
        assert_eq!(bob.json(&[verb, &id])[0]["changed"], false, "{verb} again is no error");
    }
    let shown = &bob.json(&["show", &id])[0];
    assert_eq!(
        (&shown["liked"], &shown["bookmarked"], &shown["likes"]),
        (&true.into(), &true.into(), &1.into())
    );
    assert_eq!(bob.texts("bookmarks"), ["first version"]);
    assert_eq!(bob.texts("saved"), ["first version"], "the old name still works");
    assert_eq!(bob.texts("likes"), ["first version"]);
    bob.ok(&["unlike", &id]);
    bob.ok(&["unbookmark", &id]);
    for (verb, bookmarked) in [("save", true), ("unsave", false)] {
        bob.ok(&[verb, &id]);
        assert_eq!(bob.json(&["show", &id])[0]["bookmarked"], bookmarked, "the old name {verb} still works");
    }
    assert!(bob.texts("bookmarks").is_empty() && bob.texts("likes").is_empty());

    ada.ok(&["edit", &id, "second version"]);
    let versions = bob.json(&["history", &id]);
    let texts: Vec<_> = versions.iter().map(|one| one["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["first version", "second version"]);

    let reply = id_of(&bob, &["reply", &id, "a reply"]);
    ada.ok(&["post", "to the reply", "--reply-to", &reply]);
    let thread: Vec<_> =
        ada.json(&["thread", &reply]).iter().map(|one| one["text"].as_str().unwrap().to_owned()).collect();
    assert_eq!(thread, ["second version", "a reply", "to the reply"]);
    bob.ok(&["post", "more of mine", "--reply-to", "@last"]);
    assert_eq!(bob.json(&["show", "@last"])[0]["reply_to"], reply.as_str());

    let quote = id_of(&bob, &["quote", &id, "look at this"]);
    ada.ok(&["delete", &id]);
    assert_eq!(bob.refused(&["show", &id]).0, 3);
    assert_eq!(bob.json(&["show", &quote])[0]["quote"]["unavailable"], true);
    bob.ok(&["retweet", &reply]);
    bob.ok(&["unretweet", &reply]);
    assert_eq!(ada.json(&["show", &reply])[0]["retweets"], 0);
}

#[tokio::test]
async fn a_thread_that_begins_in_the_middle_says_how_to_see_what_is_above() {
    let e2e = E2e::start();
    let ada = e2e.member("ada");
    let client = e2e.connect().await;
    client.log_in(v1::LogIn { username: "ada".into(), password: PASSWORD.into() }).await.unwrap();
    let mut ids = vec![0];
    for text in 0..104 {
        let reply_to = *ids.last().unwrap();
        let post = v1::Post { text: text.to_string(), reply_to, ..v1::Post::default() };
        ids.push(client.ask(post).await.unwrap().id);
    }
    let [last, first_shown, at_the_limit] = [104, 4, 101].map(|number: usize| ids[number].to_string());
    let text = ada.ok(&["thread", &last]);
    let above = format!("There are earlier tweets; `thread {first_shown}` shows them:\n@ada");
    assert!(text.starts_with(&above), "{text}");
    assert_eq!(ada.json(&["thread", &last])[0]["reply_to"], ids[3].to_string().as_str());
    let whole = ada.ok(&["thread", &at_the_limit]);
    assert!(whole.starts_with("@ada"), "{whole}");
    // Nothing leads to a tweet that is gone.
    ada.ok(&["delete", &ids[1].to_string()]);
    let rest = ada.ok(&["thread", &first_shown]);
    assert!(rest.starts_with("@ada"), "{rest}");
}

#[test]
fn text_comes_from_an_argument_stdin_or_an_editor() {
    let e2e = E2e::start();
    let ada = e2e.member("ada");
    ada.ok_with_input(&["post", "-"], "from stdin\nwith two lines\n");
    assert_eq!(ada.texts("mine"), ["from stdin\nwith two lines"]);
    // As some systems write an accent: two characters that are one.
    ada.ok(&["post", "cafe\u{301}"]);
    assert_eq!(ada.texts("mine")[0], "caf\u{e9}");
    let editor = e2e.path("editor.sh");
    std::fs::write(&editor, "#!/bin/sh\nprintf 'from an editor\\n' > \"$1\"\n").unwrap();
    let mut command = ada.command(&["post", "--editor"]);
    let out = command.env("EDITOR", format!("sh {}", editor.display())).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    assert_eq!(ada.texts("mine")[0], "from an editor");
    // The same key makes the same tweet, however often it is sent.
    let first = id_of(&ada, &["post", "once", "--key", "deploy-42"]);
    assert_eq!(id_of(&ada, &["post", "once", "--key", "deploy-42"]), first);
    assert_eq!(ada.refused(&["post", "another", "--key", "deploy-42"]).0, 8);
}

#[test]
fn people_are_muted_and_blocked_and_profiles_edited() {
    let e2e = E2e::start();
    let (ada, bob) = (e2e.member("ada"), e2e.member("bob"));
    ada.ok(&["follow", "@bob"]);
    bob.ok(&["post", "noise"]);
    assert_eq!(ada.json(&["mute", "@bob"])[0]["muted"], true);
    assert!(ada.texts("home").is_empty());
    assert_eq!(ada.json(&["mute"])[0]["username"], "bob");
    ada.ok(&["unmute", "@bob"]);
    assert_eq!(ada.texts("home"), ["noise"]);
    ada.ok(&["block", "bob"]);
    assert_eq!(bob.refused(&["profile", "@ada"]).0, 3);
    assert_eq!(ada.json(&["block"])[0]["username"], "bob");
    ada.ok(&["unblock", "@bob"]);
    ada.ok(&["profile", "--name", "Ada Lovelace", "--bio", "I write notes"]);
    let seen = &bob.json(&["profile", "@ada"])[0];
    assert_eq!((&seen["name"], &seen["bio"]), (&"Ada Lovelace".into(), &"I write notes".into()));
    assert_eq!(bob.json(&["search", "--people", "lovelac"])[0]["username"], "ada");
    ada.ok(&["post", "On #notes about engines"]);
    assert_eq!(bob.json(&["search", "engines"])[0]["text"], "On #notes about engines");
    assert_eq!(bob.json(&["search", "--tags", "not"])[0]["hashtag"], "notes");

    // Someone who hides their presence is not listed as online.
    ada.ok(&["profile", "--show-presence", "no"]);
    let _live = ada.live(&["feed", "--follow"]);
    let _others = bob.live(&["feed", "--follow"]);
    until("bob is online", || !ada.json(&["online"]).is_empty());
    assert_eq!(ada.json(&["online"])[0]["username"], "bob");
}

#[test]
fn ssh_keys_are_added_listed_and_revoked() {
    let e2e = E2e::start();
    let (ada, bob) = (e2e.member("ada"), e2e.member("bob"));
    let file = e2e.path("id_ed25519.pub");
    std::fs::write(&file, format!("{KEY}\n")).unwrap();
    let file = file.to_str().unwrap();
    let added = &ada.json(&["keys", "add", file])[0];
    assert_eq!((&added["name"], &added["last_used"]), (&"ada@laptop".into(), &serde_json::Value::Null));
    assert!(added["fingerprint"].as_str().unwrap().starts_with("SHA256:"));
    assert_eq!(ada.json(&["keys", "add", file])[0]["id"], added["id"], "again is no error");
    assert_eq!(ada.json(&["keys"]).len(), 1);
    let (code, text) = bob.refused_with_input(&["keys", "add", "-", "--name", "mine"], KEY);
    assert_eq!(code, 8, "{text}");

    let private = e2e.path("id_ed25519");
    std::fs::write(&private, "-----BEGIN OPENSSH PRIVATE KEY-----\n").unwrap();
    let (code, text) = ada.refused(&["keys", "add", private.to_str().unwrap()]);
    assert!(code == 2 && text.contains(".pub"), "{text}");
    let (code, text) = ada.refused_with_input(&["keys", "add", "-"], "not a key");
    assert!(code == 5 && text.contains("id_ed25519.pub"), "{text}");

    let id = added["id"].as_str().unwrap();
    assert_eq!(bob.refused(&["keys", "revoke", id]).0, 3, "it is not his");
    ada.ok(&["keys", "revoke", id]);
    assert!(ada.json(&["keys"]).is_empty());
    bob.ok_with_input(&["keys", "add", "-"], KEY);
}

#[test]
fn sessions_are_listed_and_revoked_and_passwords_changed() {
    let e2e = E2e::start();
    let ada = e2e.member("ada");
    let elsewhere = e2e.person("elsewhere");
    elsewhere.ok_with_input(&["login", "ada", "--password-stdin"], PASSWORD);
    let sessions = ada.json(&["sessions"]);
    assert_eq!(sessions.len(), 2);
    let other =
        sessions.iter().find(|one| one["current"] == false).unwrap()["id"].as_str().unwrap().to_owned();
    ada.ok(&["sessions", "revoke", &other]);
    assert_eq!(elsewhere.refused(&["whoami"]).0, 4);

    ada.ok_with_input(&["passwd", "--password-stdin"], &format!("{PASSWORD}\nanother horse 10\n"));
    let (code, _) = elsewhere.refused_with_input(&["login", "ada", "--password-stdin"], PASSWORD);
    assert_eq!(code, 4);
    elsewhere.ok_with_input(&["login", "ada", "--password-stdin"], "another horse 10");

    // A token from another machine is a session too.
    let profiles = std::fs::read_to_string(ada.home().join("profiles.toml")).unwrap();
    let token = profiles.split("token = \"").nth(1).unwrap().split('"').next().unwrap();
    let bot = e2e.person("bot");
    let out = bot.command(&["whoami", "--json"]).env("MINI_TWEET_TOKEN", token).output().unwrap();
    assert!(String::from_utf8(out.stdout).unwrap().contains("\"ada\""));
    bot.ok_with_input(&["login", "--token-stdin"], token);
    assert_eq!(bot.json(&["whoami"])[0]["username"], "ada");

    // Several accounts on one machine.
    bot.ok_with_input(&["signup", "robot", "--password-stdin"], PASSWORD);
    assert_eq!(bot.json(&["accounts"]).len(), 2);
    assert_eq!(bot.json(&["whoami", "--profile", "ada"])[0]["username"], "ada");
    bot.ok(&["accounts", "use", "ada"]);
    assert_eq!(bot.json(&["whoami"])[0]["username"], "ada");

    ada.ok(&["post", "soon gone"]);
    let export = ada.ok(&["export"]);
    assert!(export.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
    assert!(export.contains("soon gone"));
    ada.ok_with_input(&["delete-account", "--password-stdin"], "another horse 10");
    assert_eq!(bot.refused(&["whoami"]).0, 4);
    assert!(bot.json(&["people", "--profile", "robot"]).iter().all(|one| one["username"] != "ada"));
}

#[test]
fn exit_codes_and_errors_mean_what_the_help_says() {
    let e2e = E2e::start();
    let ada = e2e.member("ada");
    let bob = e2e.member("bob");
    let id = id_of(&ada, &["post", "mine"]);
    let too_long = "x".repeat(501);
    let table: &[(&[&str], i32)] = &[
        (&["show", "12"], 3),
        (&["profile", "@no_one"], 3),
        (&["feed", "#nothing", "--exit-status"], 3),
        (&["post", &too_long], 5),
        (&["follow", "@bob"], 5),
        (&["feed", "nonsense"], 2),
        (&["show", "abc"], 2),
        (&["post"], 5),
        (&["whoami", "--server", "127.0.0.1:1"], 4),
        (&["info", "--server", "127.0.0.1:1"], 7),
        (&["info", "--server", "no good"], 2),
        (&["whoami", "--profile", "no_one"], 2),
    ];
    for (args, expected) in table {
        let (code, text) = bob.refused(args);
        assert_eq!(code, *expected, "{args:?}: {text}");
        assert!(text.is_empty() == (*expected == 3 && args.contains(&"--exit-status")), "{args:?}: {text}");
    }
    assert_ne!(bob.refused(&["delete", &id]).0, 0);
    let (code, text) = ada.refused_with_input(&["signup", "bob", "--password-stdin"], PASSWORD);
    assert_eq!(code, 8, "{text}");
    for (name, hint) in [("@zoe", "without @ here: zoe"), ("b0b", "looks like"), ("nu11", "reserved")] {
        let (code, text) = ada.refused_with_input(&["signup", name, "--password-stdin"], PASSWORD);
        assert!(code == 5 && text.contains(hint), "{name}: {text}");
    }
    // No terminal: no prompt, and it does not hang.
    let (code, text) = bob.refused(&["login", "bob"]);
    assert!(code == 2 && text.contains("--password-stdin"), "{text}");

    // Errors say what is wrong in the user's words.
    for (args, message) in [
        (&["follow", "@bob"][..], "you can't follow yourself"),
        (&["mute", "@bob"], "you can't mute yourself"),
        (&["block", "@bob"], "you can't block yourself"),
        (&["report", "@bob"], "you can't report yourself"),
        (&["chat", "@bob", "hello"], "you can't message yourself"),
        (&["post", &too_long], "text is 1 character too long (at most 500)"),
        (&["profile", "@no_one"], "there is no such account"),
        (&["sessions", "revoke", "x"], "a session id is a number; see `mini-tweet sessions`"),
    ] {
        assert_eq!(bob.refused(args).1, format!("error: {message}\n"), "{args:?}");
    }
    let stranger = e2e.person("stranger");
    let (code, text) = stranger.refused_with_input(&["login", "bob", "--password-stdin"], "not the password");
    assert_eq!((code, text.as_str()), (4, "error: wrong username or password\n"));

    let out = bob.run(&["post", &too_long, "--json"]);
    let error: serde_json::Value = serde_json::from_slice(&out.stderr).unwrap();
    assert_eq!((&error["error"]["code"], &error["error"]["field"]), (&"INVALID".into(), &"text".into()));
    assert!(out.stdout.is_empty());
}

#[test]
fn text_of_others_cannot_drive_the_terminal() {
    let e2e = E2e::start();
    let (ada, bob) = (e2e.member("ada"), e2e.member("bob"));
    ada.ok(&["profile", "--name", "A\u{202e}da"]);
    ada.ok(&["post", "abc\u{202e}fed \u{e0041} #ok"]);
    let (code, text) = ada.refused(&["post", "\u{1b}[31mred"]);
    assert_eq!(code, 5, "{text}");
    for args in
        [&["feed", "local"][..], &["people"], &["feed", "local", "--json"], &["feed", "local", "--tsv=text"]]
    {
        let shown = bob.ok(args);
        assert!(!shown.contains(['\u{202e}', '\u{e0041}', '\u{1b}']), "{args:?}: {shown:?}");
    }
    assert!(bob.ok(&["feed", "local"]).contains("abc<U+202E>fed"));
    assert_eq!(bob.texts("local"), ["abc\u{202e}fed \u{e0041} #ok"], "JSON loses nothing");
}

#[test]
fn every_event_can_be_watched() {
    let e2e = E2e::start();
    let (ada, bob) = (e2e.member("ada"), e2e.member("bob"));
    ada.ok(&["follow", "@bob"]);
    let watch = ada.live(&["watch"]);
    until("ada is online", || bob.json(&["online"]).len() == 1);
    let id = id_of(&bob, &["post", "hello @ada"]);
    bob.ok(&["edit", &id, "hello again @ada"]);
    bob.ok(&["chat", "@ada", "and in private"]);
    bob.ok(&["delete", &id]);
    for event in ["tweet_posted", "notification", "tweet_edited", "message", "tweet_deleted"] {
        watch.wait_for(&format!("\"event\":\"{event}\""));
    }
    for line in watch.lines() {
        let event: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert!(event["sequence"].as_str().unwrap().parse::<u64>().unwrap() > 0, "{line}");
    }
    assert_eq!(bob.json(&["chat"])[0]["with"]["username"], "ada");
    assert_eq!(ada.json(&["chat", "@bob"])[0]["text"], "and in private");
    until("bob sees that it was read", || bob.json(&["chat", "@ada"])[0]["state"] == "read");
    let read = &bob.json(&["chat", "@ada"])[0];
    assert!(read["read_at"].as_str() > read["created"].as_str(), "{read}");
    assert!(ada.json(&["chat", "@bob"])[0]["read_at"].is_null());
}

#[test]
fn operators_create_accounts_reset_passwords_and_announce() {
    let e2e = E2e::start_with(&[("MINI_TWEET_SERVER_SIGN_UP", "closed")]);
    let create = |args: &[&str], input: &str| {
        let mut child = std::process::Command::new(e2e::PROGRAM)
            .args(args)
            .arg("--data")
            .arg(e2e.data())
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
        assert!(child.wait_with_output().unwrap().status.success(), "{args:?}");
    };
    let ada = e2e.person("ada");
    let (code, text) = ada.refused_with_input(&["signup", "ada", "--password-stdin"], PASSWORD);
    assert_eq!(code, 5, "{text}");
    create(&["admin", "create", "ada", "--admin", "--password-stdin"], PASSWORD);
    ada.ok_with_input(&["login", "ada", "--password-stdin"], PASSWORD);
    assert_eq!(ada.json(&["whoami"])[0]["role"], "admin");
    create(&["admin", "reset-password", "@ada", "--password-stdin"], "a new horse 11");
    assert_eq!(ada.refused(&["whoami"]).0, 4);
    ada.ok_with_input(&["login", "ada", "--password-stdin"], "a new horse 11");
    e2e::succeeded(&["announce"], e2e.operator(&["admin", "announce", "Back at six"]));
    assert_eq!(ada.json(&["info"])[0]["announcement"], "Back at six");
    let stats = e2e::succeeded(&["stats"], e2e.operator(&["admin", "stats", "--json"]));
    assert_eq!(serde_json::from_str::<serde_json::Value>(&stats).unwrap()["accounts"], 1);
    assert_eq!(e2e.operator(&["admin", "suspend", "@no_one"]).status.code(), Some(3));
}

#[test]
fn the_fields_of_json_are_those_that_the_documentation_promises() {
    let e2e = E2e::start();
    let (ada, bob) = (e2e.member("ada"), e2e.member("bob"));
    let id = id_of(&ada, &["post", "hello @bob #tag"]);
    bob.ok(&["post", "me too #tag"]);
    bob.ok(&["chat", "@ada", "in private"]);
    bob.ok_with_input(&["keys", "add", "-"], KEY);
    until("#tag is a trend", || !ada.json(&["tags"]).is_empty());
    let promised = include_str!("../../../docs/json.md");
    let table: &[(&str, &[&str])] = &[
        ("a tweet", &["feed", "local"]),
        ("a change of a tweet", &["like", &id]),
        ("a version", &["history", &id]),
        ("an account in a list", &["people"]),
        ("a profile", &["whoami"]),
        ("a notification", &["notifs"]),
        ("a trend", &["tags"]),
        ("a hashtag", &["search", "--tags", "tag"]),
        ("a conversation", &["chat", "list"]),
        ("a message", &["chat", "@ada"]),
        ("a session", &["sessions"]),
        ("an ssh key", &["keys"]),
        ("an account on this machine", &["accounts"]),
        ("the server", &["info"]),
    ];
    for (what, args) in table {
        let row = promised.lines().find(|line| line.starts_with(&format!("| {what}:"))).expect(what);
        let fields = row.split('|').nth(2).unwrap().replace(['`', ' '], "\n");
        let fields: Vec<_> = fields.lines().filter(|field| !field.is_empty()).collect();
        let mut shown: Vec<_> = bob.json(args)[0].as_object().unwrap().keys().cloned().collect();
        shown.retain(|name| name != "v");
        let mut args = args.to_vec();
        args.push("--json=help");
        assert_eq!(bob.ok(&args).lines().collect::<Vec<_>>(), fields, "{what}");
        shown.sort();
        let mut fields = fields;
        fields.sort_unstable();
        assert_eq!(shown, fields, "{what}");
    }
}

#[test]
fn too_many_sign_ups_are_refused_with_the_limit_and_the_wait() {
    let e2e = E2e::start_with(&[("MINI_TWEET_LIMITS_SIGN_UPS_PER_ADDRESS", "1")]);
    e2e.member("ada");
    let bob = e2e.person("bob");
    let (code, text) = bob.refused_with_input(&["signup", "bob", "--password-stdin"], PASSWORD);
    assert_eq!(code, 6, "{text}");
    let wait = text.strip_prefix("error: too many accounts were created from your address; with an invite code you need not wait; try again in ").expect(&text);
    assert!(wait.ends_with(" minutes\n") || wait.ends_with(" hours\n"), "{text}");
}

#[test]
fn a_new_account_that_posts_too_much_is_refused_with_the_limit_and_the_wait() {
    let e2e = E2e::start_with(&[("MINI_TWEET_LIMITS_NEW_ACCOUNT_POSTS", "1")]);
    let ada = e2e.member("ada");
    ada.ok(&["post", "first"]);
    let (code, text) = ada.refused(&["post", "second"]);
    let expected = "error: an account in its first day can post 1 tweet an hour; try again in 60 minutes\n";
    assert_eq!((code, text.as_str()), (6, expected));
}

#[test]
fn a_new_server_key_is_refused_without_a_terminal_and_accepted_if_it_was_given() {
    let e2e = E2e::start();
    let key = e2e.fingerprint();
    let eve = e2e.stranger("eve");
    for args in [&["info"][..], &["info", "--no-input"], &["signup", "eve", "--password-stdin"]] {
        let (code, text) = eve.refused_with_input(args, "correct horse 9\n");
        assert_eq!(code, 9, "{args:?}: {text}");
        assert!(text.contains(&format!("--fingerprint {key}")), "{args:?}: {text}");
    }
    let (code, text) = eve.refused(&["info", "--json"]);
    assert!(code == 9 && text.contains(r#""code":"KEY_UNKNOWN""#), "{text}");
    let plain = eve.run_with_input(&["--plain"], "quit\n");
    let text = String::from_utf8_lossy(&plain.stdout);
    assert!(!text.contains("Create an account") && !text.contains("quit:4280"), "{text}");
    assert!(
        text.contains(&format!("must be compared first.\n  presented: {key}\nNothing was sent.")),
        "{text}"
    );
    assert!(!eve.home().join("known_hosts").exists());

    eve.ok(&["info", "--fingerprint", &key]);
    eve.ok(&["info"]);
    // Now it is known: no connection without TLS, and no other key.
    let (code, text) = eve.refused(&["info", "--insecure"]);
    assert!(code == 2 && text.contains("is known"), "{text}");
    let other = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    assert_eq!(eve.refused(&["info", "--fingerprint", other]).0, 7);

    // The server was set up again: its new key is accepted once it is given, and takes the place of the known one.
    eve.trust(other);
    let (code, text) = eve.refused(&["info"]);
    assert!(code == 7 && text.contains("with --fingerprint; it is remembered"), "{text}");
    let out = eve.run(&["info", "--fingerprint", &key]);
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(
        out.status.success() && said.contains("no longer the former one") && said.contains(&key),
        "{said}"
    );
    let again = eve.run(&["info", "--fingerprint", &key]);
    assert!(again.status.success() && again.stderr.is_empty(), "{again:?}");
    eve.ok(&["info"]);

    // A server with TLS says so to a client without.
    let (code, text) = e2e.stranger("gus").refused(&["info", "--insecure"]);
    assert!(code == 2 && text.contains("speaks TLS. Leave --insecure out"), "{text}");

    // A person at a terminal sees the key, also with --quiet.
    let fay = e2e.stranger("fay");
    let mut terminal = fay.terminal(&["info", "--quiet"]);
    terminal.expect(&key);
    assert_eq!(terminal.exit_code(), 0);
    fay.ok(&["info"]);
}

#[test]
fn on_a_terminal_a_feed_says_how_old_its_tweets_are() {
    let e2e = E2e::start();
    let ada = e2e.member("ada");
    let id = id_of(&ada, &["post", "just said"]);
    let mut terminal = ada.terminal(&["feed"]);
    terminal.expect(&format!("@ada  now · {id}"));
    // What may be kept has the time itself.
    let kept = ada.ok(&["feed"]);
    assert!(kept.starts_with("@ada  20") && kept.contains(&id), "{kept}");
}

#[test]
fn without_a_response_a_tweet_can_be_posted_again_and_is_there_once() {
    let e2e = E2e::start();
    let ada = e2e.member("ada");
    // The text comes after the connection was made.
    let mut command = ada.command(&["post", "-", "--timeout", "3", "--verbose"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let errors = Lines::of(child.stderr.take().unwrap());
    until("it is connected", || errors.text().contains("connected"));
    e2e.pause_server();
    child.stdin.take().unwrap().write_all(b"once").unwrap();
    let status = child.wait().unwrap();
    until("it says what to do", || errors.text().ends_with("once\n"));
    let text = errors.text();
    assert_eq!(status.code(), Some(7), "{text}");
    let (before, after) = text.split_once("--key ").unwrap();
    assert!(before.contains("It is not known whether the server has it."), "{text}");
    let (_, refused) = ada.refused(&["post", "nothing", "--timeout", "1"]);
    assert!(refused.contains("Nothing was sent"), "{refused}");
    e2e.continue_server();
    let key = after.split(':').next().unwrap();
    ada.ok(&["post", "once", "--key", key]);
    ada.ok(&["post", "once", "--key", key]);
    assert_eq!(ada.texts("mine"), ["once"]);
}
