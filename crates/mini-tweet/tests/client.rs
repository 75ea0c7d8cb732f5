//! The full-screen client as people use it: real processes in pseudo-terminals, a real server, over TLS.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod e2e;

use std::time::{Duration, Instant};

use e2e::plain::{self, say};
use e2e::screen::{Screen, first, local, sign_up, walk};
use e2e::{E2e, PASSWORD, Person, until};

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
    let mut lines = ada.terminal(&["--plain"]);
    lines.expect("Home. Nothing here yet.");
    let address = e2e.address();
    e2e.kill_server();
    lines.expect("Connection lost");
    say(&mut lines, "post", "Type your text in one line");
    say(&mut lines, "while away", "Sending");
    until("it is in the outbox", || stored(&ada, "outbox").len() == 1);
    lines.kill();
    let mut lines = ada.terminal(&["--plain"]);
    lines.expect("cannot reach");
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
    screen.expect("● live").press(&["c", "half a thought"]).expect("half a thought");
    until("the draft is stored", || {
        stored(&ada, "drafts").iter().any(|text| text.contains("half a thought"))
    });
    screen.kill();

    let mut screen = local(&ada, &[]);
    screen
        .expect("● live")
        .press(&["c"])
        .expect("half a thought")
        .press(&[" and the rest", "Ctrl-s"])
        .expect("Sending");
    // It is in the outbox on the disk: the next start sends it.
    until("it is in the outbox", || stored(&ada, "outbox").len() == 1);
    screen.kill();
    let mut screen = local(&ada, &[]);
    screen.expect("● live").press(&["."]).expect("half a thought and the rest").quit();
    assert_eq!(ada.texts("mine"), ["half a thought and the rest"]);
}

#[test]
fn the_client_reconnects_and_sends_what_is_in_the_outbox() {
    let mut e2e = E2e::start();
    let ada = e2e.member("ada");
    ada.ok(&["post", "before"]);
    let mut screen = local(&ada, &[]);
    screen.expect("before").expect("● live");
    let address = e2e.address();
    e2e.kill_server();
    screen.expect("◌ reconnecting").expect("before").press(&["c", "while away", "Ctrl-s"]).expect("Sending");
    e2e.start_server_on(&address);
    screen.expect("● live").expect("▲ 1 new").press(&["."]).expect("while away");
    screen.quit();
    assert_eq!(ada.texts("mine"), ["while away", "before"]);
}

#[test]
fn without_a_server_the_cached_page_and_the_reason_are_shown() {
    let mut e2e = E2e::start();
    let ada = e2e.member("ada");
    ada.ok(&["post", "remembered"]);
    local(&ada, &[]).expect("remembered").expect("● live").quit();
    e2e.kill_server();
    let mut screen = local(&ada, &[]);
    screen.expect("remembered").expect("cannot reach").expect("◌ reconnecting");
    screen.press(&["j"]).quit();
}

#[test]
fn after_its_session_was_revoked_the_client_asks_to_sign_in_and_keeps_the_draft() {
    let e2e = E2e::start();
    let ada = e2e.member("ada");
    let mut screen = local(&ada, &[]);
    screen.expect("● live").press(&["c", "precious"]).expect("precious");
    let elsewhere = e2e.person("elsewhere");
    elsewhere.ok_with_input(&["login", "ada", "--password-stdin"], PASSWORD);
    elsewhere.ok(&["logout", "--everywhere"]);
    screen.expect("Your session was revoked").press(&[PASSWORD, "Enter"]).expect("precious");
    screen.press(&["Ctrl-s"]).expect("Sent");
    screen.quit();
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
    screen.expect("quiet").expect("● live");
    until("it sleeps for a whole window", || {
        let before = (wake_ups(screen.process_id()), screen.bytes().len());
        std::thread::sleep(WINDOW);
        (wake_ups(screen.process_id()), screen.bytes().len()) == before
    });
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
    screen.expect("● live").press(&["c", "kept"]).expect("kept");
    let pid = rustix::process::Pid::from_raw(i32::try_from(screen.process_id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(screen.exit_code(), 0);
    until("the terminal is as it was", || !screen.is_in_another_screen());
    let bytes = screen.bytes();
    assert!(
        bytes.ends_with(b"\x1b[?25h\x1b[?1049l"),
        "{:?}",
        String::from_utf8_lossy(&bytes[bytes.len() - 40..])
    );
    let mut screen = local(&ada, &[]);
    screen.expect("● live").press(&["c"]).expect("kept").press(&["Esc"]).quit();
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
    screen.expect("CHANGED").expect("○ offline");
    screen.press(&[":", "log", "Enter"]).expect("known").expect("presented");
    screen.quit();
}

#[test]
fn broken_settings_are_said_and_not_written_over() {
    let e2e = E2e::start();
    let ada = e2e.member("ada");
    let file = ada.home().join("settings.toml");
    std::fs::write(&file, "theme = \"nihgt\"\n").unwrap();
    let mut screen = local(&ada, &[]);
    screen.expect("no theme").expect("● live").press(&["g", "s", "Enter"]).expect("Fix it");
    screen.quit();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "theme = \"nihgt\"\n");
}

/// Ends the server that a client started for itself: the process that was given this directory.
struct ServerOf(std::path::PathBuf);

impl Drop for ServerOf {
    fn drop(&mut self) {
        for process in std::fs::read_dir("/proc").unwrap().flatten() {
            let environment = std::fs::read(process.path().join("environ")).unwrap_or_default();
            let command = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
            let is_it = String::from_utf8_lossy(&environment).contains(&self.0.display().to_string())
                && command.ends_with(b"\0serve\0");
            let name = process.file_name();
            let pid =
                name.to_str().and_then(|name| name.parse().ok()).and_then(rustix::process::Pid::from_raw);
            if let Some(pid) = pid.filter(|_| is_it) {
                rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
            }
        }
    }
}

#[test]
fn the_first_start_connects_to_a_server() {
    let e2e = E2e::start();
    let mut screen = Screen::start(first(&e2e.path("home")));
    screen.expect("Welcome to Mini-Tweet").press(&["Enter"]).expect("Server  host");
    screen.press(&["Ctrl-u", "nowhere.invalid:1", "Enter"]).expect("cannot reach nowhere.invalid:1");
    screen.press(&["Ctrl-u", &e2e.address(), "Enter"]);
    sign_up(&mut screen, "ada");
    screen.quit();
    // The second start knows it.
    Screen::start(first(&e2e.path("home"))).expect("@ada ● live").quit();
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
    screen.expect("Welcome to Mini-Tweet").press(&["Down", "Enter"]);
    sign_up(&mut screen, "ada");
    screen.press(&["c", "first words", "Ctrl-s"]).expect("Sent");
    screen.quit();
    start().expect("first words").expect("● live").quit();
}

#[test]
fn the_tour_is_a_live_sample_network_and_leaves_nothing() {
    let home = tempfile::tempdir().unwrap();
    let mut screen = Screen::start(first(home.path()));
    screen.expect("Welcome to Mini-Tweet").press(&["Down", "Down", "Enter"]);
    screen.expect("@okello").expect("● live").press(&["g", "p"]).expect("A guest");
    screen.press(&["g", "h", "c", "hello, everyone", "Ctrl-s"]).expect("Sent");
    screen.quit();
    assert!(
        client::Profiles::load(&client::Home::at(home.path().to_owned())).unwrap().all().next().is_none()
    );
    Screen::start(first(home.path())).expect("Welcome to Mini-Tweet").quit();
}

#[test]
fn one_person_has_two_accounts() {
    let e2e = E2e::start();
    let ada = e2e.member("ada");
    ada.ok(&["post", "ada was here"]);
    let mut screen = local(&ada, &[]);
    screen.expect("@ada ● live").press(&["c", "ada's thought"]).expect("ada's thought").press(&["Esc"]);
    screen.press(&["A"]).expect("Add an account").press(&["Add", "Enter"]);
    sign_up(&mut screen, "babbage");
    screen.press(&["g", "l"]).expect("ada was here").press(&["A"]).expect("ada@").press(&["ada@", "Enter"]);
    screen.expect("@ada ● live").expect("ada was here").press(&["c"]).expect("ada's thought");
    screen.press(&["Esc", "A"]).expect("babbage@").press(&["babbage@", "Enter"]).expect("@babbage ● live");
    screen.quit();
    Screen::start(first(ada.home())).expect("@babbage ● live").quit();
}

#[test]
fn settings_are_seen_at_once_and_kept() {
    let e2e = E2e::start();
    let ada = e2e.member("ada");
    let mut screen = local(&ada, &[]);
    screen.expect("● live").press(&["g", "s"]).expect("theme    = \"terminal\"");
    let before = screen.bytes().len();
    screen.press(&["Enter"]).expect_gone("\"terminal\"");
    // The theme's own colours are on the terminal.
    until("the colours of the theme", || {
        screen.bytes()[before..].windows(5).any(|part| part == b"48;5;" || part == b"48;2;")
    });
    screen.press(&["j", "Enter"]).expect("preset   = \"vim\"");
    until("the settings are on the disk", || {
        std::fs::read_to_string(ada.home().join("settings.toml")).is_ok_and(|text| text.contains("\"vim\""))
    });
    screen.quit();
    let mut screen = local(&ada, &[]);
    screen.expect("● live").press(&["g", "s"]).expect("preset   = \"vim\"");
    assert!(!screen.shows("\"terminal\""));
    screen.quit();
}

#[test]
fn a_mouse_selects_opens_and_shows_what_can_be_done() {
    let e2e = E2e::start();
    let ada = e2e.member("ada");
    ada.ok(&["post", "the first one"]);
    ada.ok(&["post", "the second one"]);
    let mut screen = local(&ada, &[]);
    screen.expect("▌ the second one").expect("● live");
    screen.click("the first one", false).expect("▌ the first one");
    screen.click("the second one", true).expect("Like or unlike");
    screen.press(&["Esc"]).expect_gone("Like or unlike");
    screen.click("the second one", false).expect(" Thread ");
    screen.click("5 People", false).expect(" People ").expect("● @ada");
    screen.quit();
}
