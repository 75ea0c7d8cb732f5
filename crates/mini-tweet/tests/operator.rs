//! The operator's verbs: invites, suspension, reports, backup, restore, check and import.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod e2e;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use e2e::{E2e, PASSWORD, Person, succeeded, until};

#[test]
fn an_invite_code_can_be_used_once() {
    let e2e = E2e::start_with(&[("MINI_TWEET_SERVER_SIGN_UP", "invite")]);
    let ada = e2e.person("ada");
    let (code, text) = ada.refused_with_input(&["signup", "ada", "--password-stdin"], PASSWORD);
    assert_ne!(code, 0);
    assert!(text.contains("invite"), "{text}");
    let invite = succeeded(&["invite"], e2e.operator(&["admin", "invite"])).trim().to_owned();
    ada.ok_with_input(&["signup", "ada", "--password-stdin", "--invite", &invite], PASSWORD);
    let bob = e2e.person("bob");
    let (_, text) =
        bob.refused_with_input(&["signup", "bob", "--password-stdin", "--invite", &invite], PASSWORD);
    assert!(text.contains("invite"), "{text}");
}

#[test]
fn an_admin_administers_the_server_over_the_network() {
    let e2e = E2e::start();
    let (ada, bob) = (e2e.member("ada"), e2e.member("bob"));
    let (code, text) = ada.refused(&["admin", "stats"]);
    assert!(code == 5 && text.contains("admin"), "{text}");
    let (code, text) = e2e.person("eve").refused(&["admin", "stats"]);
    assert!(code == 4 && text.contains("--data DIR"), "{text}");
    succeeded(&["role"], e2e.operator(&["admin", "role", "ada", "admin"]));
    assert_eq!(ada.json(&["admin", "stats"])[0]["accounts"], 2);
    for (args, says) in [
        (&["role", "ada", "member"][..], "you can't change your own role"),
        (&["suspend", "ada"], "you can't suspend yourself"),
        (&["delete-account", "ada", "--yes"], "mini-tweet delete-account"),
    ] {
        let (code, text) = ada.refused(&[&["admin"], args].concat());
        assert!(code == 5 && text.contains(says), "{args:?}: {text}");
    }
    let (code, text) =
        ada.refused_with_input(&["admin", "reset-password", "ada", "--password-stdin"], "another good 77");
    assert!(code == 5 && text.contains("mini-tweet passwd"), "{text}");

    ada.ok(&["admin", "invite", "--uses", "30"]);
    let invites = ada.json(&["admin", "invites"]);
    assert_eq!((invites.len(), &invites[0]["uses_left"]), (1, &30.into()));
    ada.ok(&["admin", "invites", "revoke", invites[0]["id"].as_str().unwrap()]);
    assert!(ada.json(&["admin", "invites"]).is_empty());
    assert_eq!(ada.refused(&["admin", "invites", "revoke", "nosuchinvite"]).0, 3);

    let tweet = bob.ok(&["post", "buy my pills"]).trim().to_owned();
    ada.ok(&["admin", "remove-tweet", &tweet]);
    assert_eq!(bob.refused(&["show", &tweet]).0, 3);
    assert_eq!(ada.refused(&["admin", "remove-tweet", &tweet]).0, 3);

    ada.ok(&["admin", "suspend", "@bob"]);
    let names = |args: &[&str]| -> Vec<String> {
        ada.json(args).iter().map(|one| one["username"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&["admin", "accounts"]), ["ada", "bob"]);
    assert_eq!(names(&["admin", "accounts", "--suspended"]), ["bob"]);
    assert_eq!(names(&["admin", "accounts", "--admins"]), ["ada"]);
    assert_eq!(names(&["admin", "accounts", "b"]), ["bob"]);
    assert_eq!(bob.refused(&["admin", "accounts"]).0, 4, "a suspended account has no session");
    let (code, text) = ada.refused(&["admin", "delete-account", "bob"]);
    assert!(code == 2 && text.contains("--yes"), "{text}");
    ada.ok(&["admin", "delete-account", "bob", "--yes"]);
    assert_eq!(names(&["admin", "accounts"]), ["ada"]);
}

#[test]
fn a_suspended_account_is_hidden_until_it_is_restored() {
    let e2e = E2e::start();
    let (ada, bob) = (e2e.member("ada"), e2e.member("bob"));
    let id = bob.ok(&["post", "hello"]).trim().to_owned();
    ada.ok(&["follow", "@bob"]);
    let live = bob.live(&["feed", "--follow"]);
    until("bob is online", || ada.json(&["online"]).len() == 1);
    succeeded(&["suspend"], e2e.operator(&["admin", "suspend", "@bob"]));
    until("bob's live connection ends", || ada.json(&["online"]).is_empty());
    drop(live);
    assert_eq!(bob.refused(&["whoami"]).0, 4);
    assert_eq!(ada.refused(&["show", &id]).0, 3);
    assert!(ada.texts("home").is_empty());
    succeeded(&["unsuspend"], e2e.operator(&["admin", "unsuspend", "@bob"]));
    assert_eq!(ada.texts("home"), ["hello"]);
    bob.ok_with_input(&["login", "bob", "--password-stdin"], PASSWORD);
}

#[test]
fn a_report_is_listed_for_the_operator_until_it_is_closed() {
    let e2e = E2e::start();
    let (ada, bob) = (e2e.member("ada"), e2e.member("bob"));
    let tweet = ada.ok(&["post", "buy my pills"]).trim().to_owned();
    let reported = bob.json(&["report", &tweet, "--reason", "sells pills"]);
    assert_eq!(
        (reported[0]["about"].as_str(), reported[0]["changed"].as_bool()),
        (Some(tweet.as_str()), Some(true))
    );
    let again = bob.json(&["report", &tweet, "--reason", "still sells pills"]);
    assert_eq!(again[0]["changed"], false);
    assert_eq!(bob.refused(&["report", "@bob"]).0, 5);
    assert_eq!(bob.refused(&["report", "@no_one"]).0, 3);

    let listed = succeeded(&["reports"], e2e.operator(&["admin", "reports", "list", "--json"]));
    let report: serde_json::Value = serde_json::from_str(&listed).unwrap();
    assert_eq!((report["by"].as_str(), report["about"].as_str()), (Some("bob"), Some("ada")));
    assert_eq!(report["text"], "buy my pills");
    let id = report["id"].as_str().unwrap();
    succeeded(&["close"], e2e.operator(&["admin", "reports", "close", id]));
    assert!(!e2e.operator(&["admin", "reports", "close", id]).status.success(), "it is gone");
    assert_eq!(succeeded(&["reports"], e2e.operator(&["admin", "reports", "list", "--json"])), "");
}

#[test]
fn a_backup_under_load_restores_to_a_server_with_the_same_key() {
    let mut e2e = E2e::start();
    let ada = e2e.member("ada");
    let mut before = Vec::new();
    for n in 0..20 {
        before.push(ada.ok(&["post", &format!("tweet {n}")]).trim().to_owned());
    }
    let backup = e2e.path("backup.db");
    let file = backup.to_str().unwrap();
    let writer = ada.live(&["chat", "@ada", "--follow"]);
    succeeded(&["backup"], e2e.operator(&["backup", file]));
    drop(writer);
    assert_eq!(fs::metadata(&backup).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!e2e.operator(&["backup", file]).status.success(), "a backup is not overwritten");

    let address = e2e.kill_server();
    assert!(!e2e.operator(&["restore", file]).status.success(), "data that is there is not overwritten");
    fs::rename(e2e.data(), e2e.path("lost")).unwrap();
    succeeded(&["restore"], e2e.operator(&["restore", file]));
    succeeded(&["check"], e2e.operator(&["check"]));
    e2e.start_server_on(&address);
    // The same key: no warning; the same session; every tweet.
    for id in &before {
        ada.ok(&["show", id]);
    }
}

#[test]
fn another_server_at_the_same_address_is_refused() {
    let mut e2e = E2e::start();
    let ada = e2e.member("ada");
    let address = e2e.kill_server();
    fs::rename(e2e.data(), e2e.path("elsewhere")).unwrap();
    e2e.start_server_on(&address);
    let (code, text) = ada.refused(&["whoami"]);
    assert_eq!(code, 7, "{text}");
    assert_eq!(text.matches("SHA256:").count(), 2, "both fingerprints are shown: {text}");
    let (code, _) = ada.refused(&["login", "ada", "--password-stdin"]);
    assert_eq!(code, 7, "no password is sent");
}

/// A database as the original Python program wrote it. The password of `test1` is `pw1`: too short for today.
fn python_database(e2e: &E2e) -> std::path::PathBuf {
    let directory = e2e.path("python");
    fs::create_dir_all(&directory).unwrap();
    let hash =
        "$6$saltsalt$ljByVydwvD9EjwLvyqK9RM8bE0u2IQMdX.zp3L4dkbV7Tca8SHcfyhzcf9E46xT/KzPSGv7ktVQAJGngygr0M1";
    fs::write(
        directory.join("user_database.json"),
        format!(
            r#"{{"0": {{"id_start": 10003}},
              "10001": {{"user_name": "test1", "password": "{hash}", "following": ["10001", "10002"], "followers": ["10003"]}},
              "10002": {{"user_name": "test2", "password": "{hash}", "following": ["10002"], "followers": []}},
              "10003": {{"user_name": "test3", "password": "{hash}", "following": ["10003"], "followers": []}}}}"#
        ),
    )
    .unwrap();
    fs::write(directory.join("user_id.json"), r#"{"test1": 10001, "test2": 10002, "test3": 10003}"#).unwrap();
    fs::write(
        directory.join("tweet_table.csv"),
        "tweet_id,content,user_id,date_time_created,last_update_time\r\n\
         1,first #old,10002,\"01/12/2020, 17:05\",\"01/12/2020, 17:05\"\r\n\
         2,\"Retweet:\nthis! #new\nfirst #old\nBy: test2\nPosted On:01/12/2020, 17:05\",10001,\"02/12/2020, 11:47\",\"02/12/2020, 11:47\"\r\n\
         3,from no one,19999,\"02/12/2020, 11:48\",\"02/12/2020, 11:48\"\r\n\
         4,no such day,10001,\"32/13/2020, 11:48\",\"02/12/2020, 11:48\"\r\n",
    )
    .unwrap();
    fs::write(directory.join("tweet_table.json"), "").unwrap();
    fs::write(directory.join("hashtag.json"), r#"{"old": {"tweet_count": "1", "tweet_ids": ["1"]}}"#)
        .unwrap();
    fs::write(directory.join("hashtag.csv"), "hashtag,count\r\nold,1\r\n").unwrap();
    fs::write(directory.join("active_users.csv"), "user_id,active\r\n10001,1\r\n").unwrap();
    directory
}

#[test]
fn a_mistyped_source_is_named_and_leaves_nothing_behind() {
    let e2e = E2e::without_server();
    let (nowhere, media) = (e2e.path("nowhere"), e2e.path("media"));
    fs::create_dir(&media).unwrap();
    let nowhere = nowhere.to_str().unwrap();
    for args in [
        &["restore", nowhere][..],
        &["import", "python", nowhere],
        &["import", "graph", "--edges", nowhere],
        &["check"],
        &["backup", media.to_str().unwrap()],
    ] {
        let out = e2e.operator(args);
        let text = String::from_utf8(out.stderr).unwrap();
        assert!(!out.status.success() && text.contains("does not exist"), "{args:?}: {text}");
        assert!(!e2e.data().exists(), "{args:?} created the data directory");
    }
}

#[test]
fn a_python_database_is_imported_once_with_its_passwords_quotes_and_follows() {
    let mut e2e = E2e::without_server();
    let directory = python_database(&e2e);
    let import = |e2e: &E2e| {
        let out = e2e.operator(&["import", "python", directory.to_str().unwrap(), "--json"]);
        let text = succeeded(&["import"], out);
        serde_json::from_str::<serde_json::Value>(text.lines().last().unwrap()).unwrap()
    };
    let summary = import(&e2e);
    assert_eq!(summary["accounts"], 3, "{summary}");
    assert_eq!(summary["tweets"], 1, "{summary}");
    assert_eq!(summary["quotes"], 1, "{summary}");
    assert_eq!(summary["follows"], 2, "{summary}");
    assert_eq!(summary["problems"].as_array().unwrap().len(), 2, "{summary}");
    let again = import(&e2e);
    assert_eq!(
        (&again["accounts"], &again["tweets"], &again["quotes"]),
        (&0.into(), &0.into(), &0.into()),
        "{again}"
    );

    e2e.start_server();
    let test1 = e2e.person("test1");
    test1.ok_with_input(&["login", "test1", "--password-stdin"], "pw1");
    assert_eq!(test1.texts("home"), ["this! #new", "first #old"]);
    let feed = test1.json(&["feed"]);
    assert_eq!(feed[0]["quote"]["author"]["username"], "test2");
    assert!(feed[1]["created"].as_str().unwrap().starts_with("2020-12-01T"));
    assert_eq!(test1.json(&["followers"])[0]["username"], "test3");
    // Again, now that the hash has been replaced by today's kind.
    test1.ok_with_input(&["login", "test1", "--password-stdin"], "pw1");
    succeeded(&["check"], e2e.operator(&["check"]));
}

#[test]
fn the_python_example_walks_through_a_real_server() {
    let e2e = E2e::start();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/python/walk.py");
    let fingerprint = e2e.fingerprint();
    let out = std::process::Command::new("python3")
        .args(["-B", script, "--server", &e2e.address(), "--fingerprint", &fingerprint])
        .output()
        .unwrap();
    succeeded(&["walk.py"], out);
}

#[test]
fn several_announcements_are_shown_until_they_are_removed_and_dismissed_one_by_one() {
    let e2e = E2e::start();
    let ada = e2e.member("ada");
    let admin = |args: &[&str]| {
        let all = [&["admin"], args].concat();
        succeeded(&all, e2e.operator(&all)).trim().to_owned()
    };
    let first = admin(&["announce", "Welcome, class of 2030\nSay hello in #hello"]);
    let (feed, own) = (ada.live(&["feed", "--follow"]), ada.live(&["feed", "mine", "--follow"]));
    let programs = ada.live(&["feed", "--follow", "--json"]);
    let watch = ada.live(&["watch"]);
    until("everyone follows", || subscriptions(&admin(&["stats", "--json"])) == 11);
    let second = admin(&["announce", "Maintenance tonight", "--hours", "12"]);
    assert_eq!(admin(&["announce", "Maintenance tonight"]), second, "it is there already");
    for live in [&feed, &own] {
        live.wait_for("\n    Maintenance tonight");
    }
    watch.wait_for(r#""change":"added""#);

    let info = ada.json(&["info"]).remove(0);
    assert_eq!(info["announcement"], "Maintenance tonight");
    let listed = &info["announcements"];
    assert_eq!((&listed[0]["id"], &listed[1]["id"]), (&second.as_str().into(), &first.as_str().into()));
    assert!(listed[0]["ends"].is_string() && listed[1]["ends"].is_null(), "{listed}");
    let text = ada.ok(&["info"]);
    assert!(text.contains("Maintenance tonight") && text.contains("class of 2030"), "{text}");
    let list = admin(&["announcements"]);
    assert!(list.contains(&first) && list.contains(&second) && list.contains(", until "), "{list}");
    assert_eq!(ada.refused(&["admin", "announce", "--remove", &first]).0, 5, "she is no admin");

    // What she dismisses in one run of the client is dismissed in the next one.
    let plain = |lines: &str| String::from_utf8(ada.run_with_input(&["--plain"], lines).stdout).unwrap();
    let said = plain("dismiss\nquit\n");
    assert!(
        said.contains("Announcement: Maintenance tonight") && said.contains("1 new announcement left"),
        "{said}"
    );
    watch.wait_for(r#""change":"dismissed""#);
    let said = plain("about\nquit\n");
    assert!(said.contains("Announcements, 1 new") && said.contains("Announcement, "), "{said}");
    assert!(ada.ok(&["export"]).contains(r#""type":"dismissed_announcement""#));

    admin(&["announce", "--remove", &second]);
    watch.wait_for(r#""change":"removed""#);
    assert_eq!(e2e.operator(&["admin", "announce", "--remove", &second]).status.code(), Some(3));
    assert_eq!(ada.json(&["info"])[0]["announcements"].as_array().unwrap().len(), 1);
    admin(&["announce", ""]);
    assert_eq!(ada.json(&["info"])[0]["announcement"], "");
    assert_eq!(admin(&["announcements", "--json"]), "");
    assert!(!programs.lines().iter().any(|line| line.contains("Maintenance")), "only tweets");
}

#[test]
fn announcements_are_listed_and_dismissed_on_the_command_line() {
    let e2e = E2e::start();
    let (ada, bob) = (e2e.member("ada"), e2e.member("bob"));
    let announce =
        |text| succeeded(&["announce"], e2e.operator(&["admin", "announce", text])).trim().to_owned();
    assert_eq!(ada.json(&["announcements", "dismiss"]).len(), 0, "there is none");
    let (first, second) = (announce("Welcome\nSay hello"), announce("Maintenance tonight"));
    let third = announce("We are back");
    let dismissed = |person: &Person| {
        let rows = person.json(&["announcements"]);
        let of =
            |row: &serde_json::Value| (row["id"].as_str().unwrap().to_owned(), row["dismissed"].as_bool());
        rows.iter().map(of).collect::<Vec<_>>()
    };
    let expected = |states: [bool; 3]| {
        let ids = [&third, &second, &first].map(String::clone);
        ids.into_iter().zip(states.map(Some)).collect::<Vec<_>>()
    };
    assert_eq!(dismissed(&ada), expected([false, false, false]));

    ada.refused(&["--read-only", "announcements", "dismiss"]);
    let row = ada.json(&["announcements", "dismiss", &second]).remove(0);
    assert_eq!(
        (&row["id"], &row["dismissed"], &row["changed"]),
        (&second.as_str().into(), &true.into(), &true.into())
    );
    assert_eq!(dismissed(&ada), expected([false, true, false]));
    assert_eq!(dismissed(&bob), expected([false, false, false]), "only for her");
    assert_eq!(ada.json(&["announcements", "dismiss", &second])[0]["changed"], false);
    // Without an id, the newest of those that are new.
    assert_eq!(ada.json(&["announcements", "dismiss"])[0]["id"], third.as_str());
    assert_eq!(ada.json(&["announcements", "dismiss"])[0]["id"], first.as_str());
    assert_eq!(ada.json(&["announcements", "dismiss"]).len(), 0);
    assert_eq!(ada.refused(&["announcements", "dismiss", "7"]).0, 3, "there is no such announcement");
    let text = ada.ok(&["announcements"]);
    assert!(
        text.contains(", dismissed\n    Maintenance tonight") && text.contains("\n    Say hello"),
        "{text}"
    );
}

/// Live subscriptions, as the statistics count them.
fn subscriptions(stats: &str) -> u64 {
    let stats: serde_json::Value = serde_json::from_str(stats).unwrap();
    stats["subscriptions"].as_u64().unwrap()
}
