//! The full-screen client as people use it: real processes in pseudo-terminals, a real server, over TLS.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod e2e;

use std::time::{Duration, Instant};

use e2e::plain::{self, say};
use e2e::screen::{Screen, first, local, sign_up, walk};
use e2e::{E2e, PASSWORD, Person, Terminal, until};

/// Plain mode of a person with an empty home, once that was read out.
fn at_home_in_plain_mode(person: &Person) -> Terminal {
    let mut lines = person.terminal(&["--plain"]);
    lines.expect("Your home feed fills up");
    lines
}

#[test]
fn two_people_do_everything_on_their_screens() {
    let e2e = E2e::start();
    let (ada, bob) = (e2e.person("ada"), e2e.person("bob"));
    walk(local(&ada, &[]), local(&bob, &[]), || local(&bob, &[]));
}

#[test]
fn two_people_do_everything_in_plain_mode() {
    let e2e = E2e::start();
    let (ada, bob) = (e2e.person("ada"), e2e.person("bob"));
    let lines = |person: &Person| person.terminal(&["--plain"]);
    plain::walk(lines(&ada), lines(&bob), || lines(&bob));
}

#[test]
fn plain_mode_reports_a_lost_server_and_a_tweet_is_sent_once() {
    let mut e2e = E2e::start();
    let ada = e2e.member("ada");
    let mut lines = at_home_in_plain_mode(&ada);
    let address = e2e.address();
    e2e.kill_server();
    lines.expect("Connection lost");
    say(&mut lines, "post", "Type your text in one line");
    say(&mut lines, "while away", "Waiting for the connection");
    until("it is in the outbox", || stored(&ada, "outbox").len() == 1);
    lines.kill();
    let mut lines = ada.terminal(&["--plain"]);
    lines.expect("Cannot reach");
    e2e.start_server_on(&address);
    lines.expect("while away");
    say(&mut lines, "quit", "Goodbye.");
    assert_eq!(ada.texts("mine"), ["while away"]);
}

/// The drafts or outgoing tweets in the local store of this person's account, without unfinished files.
fn stored(person: &Person, what: &str) -> Vec<String> {
    // The directories are made with the first file.
    let list = |directory: std::path::PathBuf| std::fs::read_dir(directory).into_iter().flatten().flatten();
    let accounts = list(person.home().join("accounts")).take(1);
    let files = accounts.flat_map(|account| list(account.path().join(what))).map(|file| file.path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "toml"));
    // A file may be replaced or deleted meanwhile.
    files.filter_map(|path| std::fs::read_to_string(path).ok()).collect()
}

#[test]
fn a_draft_survives_sigkill_and_a_sent_tweet_is_sent_once() {
    let e2e = E2e::start();
    let ada = e2e.member("ada");
    let mut screen = local(&ada, &[]);
    screen.expect("· live").press(&["c", "half a thought"]).expect("half a thought");
    until("the draft is stored", || {
        stored(&ada, "drafts").iter().any(|text| text.contains("half a thought"))
    });
    screen.kill();

    let mut screen = local(&ada, &[]);
    screen
        .expect("· live")
        .press(&["c"])
        .expect("half a thought")
        .press(&[" and the rest", "Ctrl-s"])
        .expect("Sending");
    // It is in the outbox on the disk: the next start sends it.
    until("it is in the outbox", || stored(&ada, "outbox").len() == 1);
    screen.kill();
    let mut screen = local(&ada, &[]);
    screen.expect("· live").press(&["."]).expect("half a thought and the rest").quit();
    assert_eq!(ada.texts("mine"), ["half a thought and the rest"]);
}

#[test]
fn the_client_reconnects_and_sends_what_is_in_the_outbox() {
    let mut e2e = E2e::start();
    let ada = e2e.member("ada");
    ada.ok(&["post", "before"]);
    let mut screen = local(&ada, &[]);
    screen.expect("before").expect("· live");
    let address = e2e.address();
    e2e.kill_server();
    screen.expect("reconnecting").expect("before").press(&["c", "while away", "Ctrl-s"]);
    screen.expect("Waiting for the connection");
    e2e.start_server_on(&address);
    // Their own tweet is shown at once, and is not counted as new.
    screen.expect("· live").expect("  while away");
    assert!(!screen.text().contains("▲"), "{}", screen.text());
    screen.quit();
    assert_eq!(ada.texts("mine"), ["while away", "before"]);
}

#[test]
fn without_a_server_the_cached_page_and_the_reason_are_shown() {
    let mut e2e = E2e::start();
    let ada = e2e.member("ada");
    ada.ok(&["post", "remembered"]);
    let mut screen = local(&ada, &[]);
    screen.expect("remembered").expect("· live").expect("6 Online 1");
    screen.press(&["c"]).expect("New tweet").press(&["my newest words", "Ctrl-s"]).expect("Sent");
    ada.ok(&["post", "from elsewhere"]);
    screen.expect("  from elsewhere").quit();
    e2e.kill_server();
    let mut screen = local(&ada, &[]);
    screen.expect("remembered").expect("my newest words").expect("from elsewhere");
    screen.expect("Cannot reach").expect("reconnecting");
    screen.press(&["j"]).quit();
}

#[test]
fn after_its_session_was_revoked_the_client_asks_to_sign_in_and_keeps_the_draft() {
    let e2e = E2e::start();
    let ada = e2e.member("ada");
    let mut screen = local(&ada, &[]);
    screen.expect("· live").press(&["c", "precious"]).expect("precious");
    let elsewhere = e2e.person("elsewhere");
    elsewhere.ok_with_input(&["login", "ada", "--password-stdin"], PASSWORD);
    elsewhere.ok(&["logout", "--everywhere"]);
    screen.expect("session has ended").press(&[PASSWORD, "Enter"]).expect("precious");
    screen.press(&["Ctrl-s"]).expect("Sent");
    screen.quit();
}

#[test]
fn the_client_says_that_its_account_was_suspended() {
    let e2e = E2e::start();
    let ada = e2e.member("ada");
    let mut screen = local(&ada, &[]);
    screen.expect("· live");
    let mut lines = at_home_in_plain_mode(&ada);
    assert!(e2e.operator(&["admin", "suspend", "@ada"]).status.success());
    screen.expect("Your account was suspended").press(&["Esc"]).expect("Sign in");
    lines.expect("Your account was suspended or deleted: ask the operator of this server.");
    // The connection was not lost, and is not made again.
    assert!(!lines.screen().contains("onnect"), "{}", lines.screen());
    say(&mut lines, ":cancel", "1. Sign in");
    say(&mut lines, "quit", "Goodbye.");
}

#[test]
fn who_asks_for_another_account_can_go_back_to_the_one_before() {
    let e2e = E2e::start();
    let ada = e2e.member("ada");
    let mut lines = at_home_in_plain_mode(&ada);
    say(&mut lines, "accounts", "2. Add an account");
    say(&mut lines, "2", "where you were");
    say(&mut lines, "back", "Your home feed fills up");
    say(&mut lines, "quit", "Goodbye.");
}

#[test]
fn what_is_unread_in_another_account_is_in_the_menu_of_accounts() {
    let e2e = E2e::start();
    let (ada, bob) = (e2e.member("work"), e2e.member("bob"));
    // Both accounts are on one machine, and the second one is the current one.
    ada.ok_with_input(&["signup", "ada", "--password-stdin"], PASSWORD);
    bob.ok(&["post", "hello @work"]);
    bob.ok(&["chat", "@work", "are you there?"]);
    let mut screen = local(&ada, &[]);
    screen.expect("@ada · live").press(&["A"]).expect("here ✓").expect("◆2 │");
    let presence = bob.json(&["online"]);
    assert!(presence.iter().all(|one| one["username"] != "work"), "it does not look online: {presence:?}");
}

#[test]
fn the_end_of_piped_lines_is_not_sent_as_a_message() {
    let e2e = E2e::start();
    let (ada, _bob) = (e2e.member("ada"), e2e.member("bob"));
    for lines in ["chat bob\n", "post\n", "search\n", "edit-profile\n"] {
        let out = ada.ok_with_input(&["--plain"], lines);
        assert!(out.ends_with("Goodbye.\n"), "{lines}: {out}");
    }
    assert!(!ada.ok(&["chat", "@bob"]).contains("quit"));
    assert!(ada.texts("mine").is_empty());
}

/// How often the threads of a process have slept and woken so far. Threads that have ended are not counted.
fn wake_ups(process: u32) -> u64 {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).unwrap();
    // A thread may end meanwhile.
    let status =
        threads.filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("status")).ok());
    status
        .map(|status| {
            let line = status.lines().find(|line| line.starts_with("voluntary_ctxt_switches")).unwrap();
            line.split_whitespace().last().unwrap().parse::<u64>().unwrap()
        })
        .sum()
}

#[test]
fn an_idle_client_neither_writes_nor_wakes() {
    // Longer than the interval of any animation or poll; shorter than that of heartbeats and of relative times, which
    // may fall into some windows but not into each.
    const WINDOW: Duration = Duration::from_secs(3);
    let e2e = E2e::start();
    let ada = e2e.member("ada");
    ada.ok(&["post", "quiet"]);
    let mut screen = local(&ada, &[]);
    screen.expect("quiet").expect("· live");
    until("it sleeps for a whole window", || {
        let before = (wake_ups(screen.process_id()), screen.bytes().len());
        std::thread::sleep(WINDOW);
        (wake_ups(screen.process_id()), screen.bytes().len()) == before
    });
    screen.quit();
}

#[test]
fn what_another_does_with_a_tweet_is_counted_on_the_screen_and_never_twice() {
    let e2e = E2e::start();
    let (ada, bob) = (e2e.member("ada"), e2e.member("bob"));
    let id = |output: String| output.split_whitespace().next().unwrap().to_owned();
    let tweet = id(ada.ok(&["post", "the engine works"]));
    let mut screen = local(&ada, &[]);
    screen.expect("the engine works").expect("· live");
    // The line below the text.
    let counts = |screen: &Screen| {
        let text = screen.text();
        let mut lines = text.lines().skip_while(|line| !line.contains("the engine works")).skip(1);
        lines.next().unwrap_or_default().trim_matches(['▌', '│', '┃', ' ']).to_owned()
    };
    let does = |args: &[&str], expected: &str| {
        let said = bob.ok(args);
        until(&format!("{args:?} is counted"), || {
            let now = counts(&screen);
            assert!(!now.contains('2'), "{args:?} is counted twice: {now}");
            now == expected
        });
        id(said)
    };
    does(&["like", &tweet], "♡ 1");
    does(&["retweet", &tweet], "↻ 1   ♡ 1");
    let reply = does(&["reply", &tweet, "how fast?"], "↳ 1   ↻ 1   ♡ 1");
    let quote = does(&["quote", &tweet, "look at this"], "↳ 1   ↻ 1   ❝ 1   ♡ 1");
    does(&["unlike", &tweet], "↳ 1   ↻ 1   ❝ 1");
    does(&["unretweet", &tweet], "↳ 1   ❝ 1");
    does(&["delete", &reply], "❝ 1");
    bob.ok(&["delete", &quote]);
    until("no count is left", || counts(&screen).is_empty());
    screen.quit();
}

#[test]
fn a_small_terminal_a_large_one_and_a_sudden_change() {
    let e2e = E2e::start();
    let ada = e2e.member("ada");
    ada.ok(&["post", "Someone wrote this"]);
    let mut screen = local(&ada, &[]);
    screen.expect("Someone wrote this");
    for (columns, rows) in [(40, 12), (20, 5), (200, 50), (80, 24)] {
        screen.resize(columns, rows);
        let end = Instant::now() + Duration::from_secs(20);
        while !screen.text().replace('\n', " ").contains("Someone") {
            assert!(Instant::now() < end, "{columns}×{rows}: {}", screen.text());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
    screen.quit();
}

#[test]
fn a_terminated_client_gives_the_terminal_back() {
    let e2e = E2e::start();
    let ada = e2e.member("ada");
    let mut screen = local(&ada, &[]);
    screen.expect("· live").press(&["c", "kept"]).expect("kept");
    let pid = rustix::process::Pid::from_raw(i32::try_from(screen.process_id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(screen.exit_code(), 0);
    until("the terminal is as it was", || !screen.is_in_another_screen());
    let bytes = screen.bytes();
    assert!(
        bytes.ends_with(b"\x1b[?25h\x1b[?1049lDraft saved.\r\n"),
        "{:?}",
        String::from_utf8_lossy(&bytes[bytes.len() - 40..])
    );
    let mut screen = local(&ada, &[]);
    screen.expect("· live").press(&["c"]).expect("kept").press(&["Esc"]).quit();
}

#[test]
fn a_changed_server_key_is_a_hard_stop_with_both_fingerprints() {
    let e2e = E2e::start();
    let ada = e2e.member("ada");
    let known = ada.home().join("known_hosts");
    let text = std::fs::read_to_string(&known).unwrap();
    let (before, key) = text.trim_end().rsplit_once("SHA256:").unwrap();
    let other = format!("SHA256:{}{}", if key.starts_with('A') { 'B' } else { 'A' }, &key[1..]);
    std::fs::write(&known, format!("{before}{other}\n")).unwrap();
    let mut screen = local(&ada, &[]);
    screen.expect("CHANGED").expect("known").expect("presented").expect("offline");
    screen.press(&["Enter"]).expect_gone("CHANGED").quit();
}

#[test]
fn broken_settings_are_said_and_not_written_over() {
    let e2e = E2e::start();
    let ada = e2e.member("ada");
    let file = ada.home().join("settings.toml");
    std::fs::write(&file, "theme = \"nihgt\"\n").unwrap();
    let mut screen = local(&ada, &[]);
    screen.expect("no theme").expect("· live").press(&["g", "s", "Enter"]).expect("1 Clear");
    screen.press(&["1"]).expect("Fix it");
    screen.quit();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "theme = \"nihgt\"\n");
}

/// Ends the server that a client started for itself, with this data directory.
struct ServerOf(std::path::PathBuf);

impl Drop for ServerOf {
    fn drop(&mut self) {
        let mut stop = std::process::Command::new(e2e::PROGRAM);
        // Best effort: the test may have failed before there was a server.
        let _ = stop.args(["host", "stop"]).env("MINI_TWEET_DATA_DIR", &self.0).output();
    }
}

#[test]
fn the_first_start_connects_to_a_server() {
    let e2e = E2e::start();
    let mut screen = Screen::start(first(&e2e.path("home")));
    screen.expect("Take the tour").press(&["Enter"]).expect("host or host:port");
    screen.press(&["Ctrl-u", "nowhere.invalid:1", "Enter"]).expect("Cannot reach nowhere.invalid:1");
    screen.press(&["Ctrl-u", &e2e.address(), "Enter"]);
    screen.expect("First contact").expect("SHA256:").press(&["Enter"]);
    sign_up(&mut screen, "ada");
    screen.quit();
    // The second start knows it.
    Screen::start(first(&e2e.path("home"))).expect("@ada · live").quit();
}

#[test]
fn the_first_start_hosts_a_server_that_stays() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let _server = ServerOf(data.clone());
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let start = || {
        let mut command = first(directory.path());
        command.env("MINI_TWEET_DATA_DIR", &data);
        command.env("MINI_TWEET_LISTEN", &address);
        Screen::start(command)
    };
    let mut screen = start();
    screen.expect("Take the tour").press(&["Down", "Enter"]).expect("Start a server on this computer?");
    screen.press(&["2"]);
    sign_up(&mut screen, "ada");
    screen.press(&["c", "first words", "Ctrl-s"]).expect("Sent");
    screen.quit();
    start().expect("first words").expect("· live").quit();
}

#[test]
fn the_tour_is_a_live_sample_network_and_leaves_nothing() {
    let home = tempfile::tempdir().unwrap();
    let mut screen = Screen::start(first(home.path()));
    screen.expect("Take the tour").press(&["Down", "Down", "Enter"]);
    screen.expect("@okello").expect("· live").press(&["g", "p"]).expect("A guest");
    screen.press(&["g", "h", "c", "hello, everyone", "Ctrl-s"]).expect("Sent");
    screen.quit();
    assert!(
        client::Profiles::load(&client::Home::at(home.path().to_owned())).unwrap().all().next().is_none()
    );
    Screen::start(first(home.path())).expect("Take the tour").quit();
}

#[test]
fn one_person_has_two_accounts() {
    let e2e = E2e::start();
    let ada = e2e.member("ada");
    ada.ok(&["post", "ada was here"]);
    let mut screen = local(&ada, &[]);
    screen.expect("@ada · live").press(&["c", "ada's thought"]).expect("ada's thought").press(&["Esc"]);
    screen.press(&["A"]).expect("Add an account").press(&["2"]);
    sign_up(&mut screen, "babbage");
    screen.press(&["g", "l"]).expect("ada was here").press(&["A"]).expect("Sign out of").press(&["1"]);
    screen.expect("@ada · live").expect("ada was here").press(&["c"]).expect("ada's thought");
    screen.press(&["Esc", "A"]).expect("@babbage").press(&["2"]).expect("@babbage · live");
    screen.quit();
    Screen::start(first(ada.home())).expect("@babbage · live").quit();
}

#[test]
fn settings_are_seen_at_once_and_kept() {
    let e2e = E2e::start();
    let ada = e2e.member("ada");
    let mut screen = local(&ada, &[]);
    screen.expect("· live").press(&["g", "s"]).expect("‹ Terminal ›");
    let before = screen.bytes().len();
    screen.press(&["Enter"]).expect("1 Clear").press(&["1"]).expect("‹ Clear ›");
    // The theme's own colours are on the terminal.
    until("the colours of the theme", || {
        screen.bytes()[before..].windows(5).any(|part| part == b"48;5;" || part == b"48;2;")
    });
    until("the settings are on the disk", || {
        std::fs::read_to_string(ada.home().join("settings.toml")).is_ok_and(|text| text.contains("\"clear\""))
    });
    screen.quit();
    let mut screen = local(&ada, &[]);
    screen.expect("· live").press(&["g", "s"]).expect("‹ Clear ›");
    screen.quit();
}

#[test]
fn a_mouse_selects_opens_and_shows_what_can_be_done() {
    let e2e = E2e::start();
    let ada = e2e.member("ada");
    ada.ok(&["post", "the first one"]);
    ada.ok(&["post", "the second one"]);
    let mut screen = local(&ada, &[]);
    screen.expect("▌   the second one").expect("· live");
    screen.click("the first one", false).expect("▌   the first one");
    screen.click("the second one", true).expect("Like, or undo it");
    screen.press(&["Esc"]).expect_gone("Like, or undo it");
    screen.click("the second one", false).expect(" Thread ");
    screen.click("5 People", false).expect(" People ").expect("● @ada");
    screen.quit();
}

#[test]
fn quitting_before_a_tweet_is_sent_sends_it_and_says_so() {
    let e2e = E2e::start();
    let ada = e2e.member("ada");
    let mut lines = at_home_in_plain_mode(&ada);
    say(&mut lines, "post on the last second", "Sending in");
    say(&mut lines, "quit", "Sent.");
    lines.expect("Goodbye.");
    assert_eq!(ada.texts("mine"), ["on the last second"]);
    let mut screen = local(&ada, &[]);
    screen.expect("· live").press(&["c", "and again", "Ctrl-s"]).expect("Sending");
    screen.press(&["Ctrl-c", "Ctrl-c"]).expect("Sent.");
    assert_eq!(ada.texts("mine").len(), 2);
}

#[test]
fn in_plain_mode_a_line_that_was_begun_is_no_answer_to_a_later_question_and_ctrl_c_keeps_it() {
    let e2e = E2e::start();
    let ada = e2e.member("ada");
    let mut lines = at_home_in_plain_mode(&ada);
    say(&mut lines, "post", "or an empty line to close?");
    lines.type_text("half a tweet");
    lines.expect("half a tweet");
    let elsewhere = e2e.person("elsewhere");
    elsewhere.ok_with_input(&["login", "ada", "--password-stdin"], PASSWORD);
    elsewhere.ok(&["logout", "--everywhere"]);
    lines.expect("What you typed before this question was discarded.");
    lines.expect("Password");
    say(&mut lines, PASSWORD, "New tweet, public.");
    say(&mut lines, "", "Closed.");
    assert!(!lines.screen().contains("Wrong") && !lines.screen().contains(PASSWORD), "{}", lines.screen());
    // Lines that arrive together with the one that leads to a question are no answers either.
    lines.type_text("edit-profile\rGrace\r");
    lines.expect("2 lines arrived together, and nothing was done with them.");
    say(&mut lines, "post", "or an empty line to close?");
    lines.type_text("half a thought");
    lines.expect("half a thought");
    lines.type_text("\x03");
    lines.expect("Draft saved.");
    lines.expect("Goodbye.");
    assert!(stored(&ada, "drafts").iter().any(|text| text.contains("half a thought")));
    assert_eq!(ada.run(&["whoami"]).status.code(), Some(0));
    assert_eq!(ada.json(&["whoami"])[0]["name"], "");
}

#[test]
fn in_plain_mode_a_line_that_is_being_typed_stays_whole_when_something_happens() {
    let e2e = E2e::start();
    let (ada, bob) = (e2e.member("ada"), e2e.member("bob"));
    ada.ok(&["follow", "@bob"]);
    let mut lines = at_home_in_plain_mode(&ada);
    lines.type_text("post half ");
    lines.expect("post half ");
    bob.ok(&["post", "an event"]);
    lines.expect("\r\n1. bob, just now. an event.\r\n");
    lines.expect("\r\npost half ");
    say(&mut lines, "and half", "Sending");
    say(&mut lines, "quit", "Goodbye.");
    assert_eq!(lines.exit_code(), 0);
    assert_eq!(ada.texts("mine"), ["half and half"]);
}

#[test]
fn piped_lines_answer_foreseen_questions_but_none_about_a_failure() {
    let e2e = E2e::start();
    let ada = e2e.member("ada");
    let out = ada.ok_with_input(&["--plain"], "edit-profile\nAda L.\n\nquit\n");
    assert!(!out.contains("discarded"), "{out}");
    assert_eq!(ada.json(&["whoami"])[0]["name"], "Ada L.");
    let elsewhere = e2e.person("elsewhere");
    elsewhere.ok_with_input(&["login", "ada", "--password-stdin"], PASSWORD);
    elsewhere.ok(&["logout", "--everywhere"]);
    let out = ada.ok_with_input(&["--plain"], "post secret plan\npost another\nquit\n");
    assert!(out.contains("What you typed before this question was discarded."), "{out}");
    assert!(out.contains("Password") && !out.contains("Wrong"), "{out}");
}
