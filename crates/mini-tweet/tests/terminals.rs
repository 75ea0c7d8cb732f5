//! Terminals as they are: what is left of one when a connection, a server or the client ends or is stopped.
#![cfg(feature = "ssh")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod e2e;

use std::io::Read as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use e2e::screen::{Screen, command};
use e2e::ssh::{SshServer, new_key};
use e2e::{E2e, Person, until};
use portable_pty::CommandBuilder;
use rustix::process::{Pid, Signal, kill_process};

/// A server that accepts ssh, an account, and its key.
fn server_with_ada() -> (SshServer, Person, PathBuf) {
    let server = SshServer::start();
    let ada = server.e2e.member("ada");
    let key = server.e2e.path("id");
    new_key(&key);
    ada.ok(&["keys", "add", key.with_extension("pub").to_str().unwrap()]);
    (server, ada, key)
}

#[test]
fn a_verb_over_ssh_ends_at_once_when_its_reader_does() {
    let (server, ada, key) = server_with_ada();
    for n in 0..100 {
        ada.ok(&["post", &format!("{n} {}", "x".repeat(300))]);
    }
    for words in [&["feed", "mine", "-n", "100"][..], &["feed", "mine", "--json", "-n", "100"], &["export"]] {
        let mut command = server.command(Some(&key), &["-o", "BatchMode=yes"], words);
        let mut ssh =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        // As `head -1` does: reads something, and closes its end.
        let mut output = ssh.stdout.take().unwrap();
        assert!(output.read(&mut [0; 1]).unwrap() > 0);
        drop(output);
        let since = Instant::now();
        until(&format!("{words:?} ends"), || ssh.try_wait().unwrap().is_some());
        assert!(since.elapsed() < Duration::from_secs(5), "{words:?}: {:?}", since.elapsed());
    }
}

#[test]
fn a_verb_on_a_terminal_over_ssh_ends_at_ctrl_c_and_its_input_at_ctrl_d() {
    let (server, ada, key) = server_with_ada();
    let start = |words: &[&str]| {
        let ssh = server.command(Some(&key), &["-tt"], words);
        let mut command = CommandBuilder::new(ssh.get_program());
        command.args(ssh.get_args());
        command.env("TERM", "xterm-256color");
        Screen::start(command)
    };
    ada.ok(&["post", "something to follow"]);
    let mut following = start(&["feed", "mine", "--follow"]);
    following.expect("something to follow").press(&["Ctrl-c"]);
    assert_eq!(following.exit_code(), 130);
    let mut posting = start(&["post", "-"]);
    until("ssh has switched to raw mode", || posting.is_raw());
    posting.send("from a terminal\r\x04");
    assert_eq!(posting.exit_code(), 0, "{}", posting.text());
    assert_eq!(ada.texts("mine")[0], "from a terminal");
}

/// Whether a program has left the terminal as it found it.
fn is_restored(screen: &Screen) -> bool {
    let (another_screen, has_mouse, has_paste, hides_cursor) = screen.modes();
    !another_screen && !has_mouse && !has_paste && !hides_cursor
}

#[test]
fn a_terminal_over_ssh_is_restored_when_the_server_stops() {
    let (mut server, _, key) = server_with_ada();
    let mut idle = server.screen(Some(&key), "xterm-256color");
    let mut writing = server.screen(Some(&key), "xterm-256color");
    let mut guest = server.screen(None, "xterm-256color");
    idle.expect("· live");
    guest.expect("Create an account");
    // A text that is being sent, one that is being written, a form.
    writing
        .expect("· live")
        .press(&["c", "sent", "Ctrl-s"])
        .expect("Sending")
        .press(&["c", "half"])
        .expect("half");
    assert!(server.e2e.stop_server().success());
    for screen in [&mut idle, &mut writing, &mut guest] {
        screen.exit_code();
        until("all bytes have arrived", || is_restored(screen));
        screen.expect("The server is shutting down. If it restarts, you can reconnect in a moment.");
    }
}

#[test]
fn after_stop_and_continue_in_bash_the_terminal_is_raw_and_keys_are_heard() {
    let e2e = E2e::start();
    let ada = e2e.member("ada");
    let client = command(&ada, &[]);
    let mut bash = CommandBuilder::new("bash");
    bash.args(["--norc", "--noprofile", "-i"]);
    for (name, value) in client.iter_full_env_as_str() {
        bash.env(name, value);
    }
    bash.env("PS1", "ready> ");
    let mut screen = Screen::start(bash);
    screen.expect("ready>").send(format!("{}\r", e2e::PROGRAM)).expect("· live");
    for turn in 0..20 {
        screen.send("\x1a").expect("Stopped");
        assert!(!screen.is_in_another_screen(), "turn {turn}");
        screen.send("fg\r").expect("· live");
        until("the terminal is raw", || screen.is_raw() && screen.is_in_another_screen());
        screen.press(&["c"]).expect("New tweet").send(b"\x1b").expect_gone("New tweet");
        assert!(screen.is_raw(), "turn {turn}");
    }
    screen.press(&["Ctrl-c", "Ctrl-c"]).expect("ready>");
}

/// What a stranger writes so that the last byte of a letter begins a control sequence.
const HOSTILE: &str = "plain ś2J “gone”… 日本";

fn ascii(bytes: &[u8]) -> String {
    assert!(bytes.is_ascii(), "{:?}", String::from_utf8_lossy(bytes));
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn in_a_locale_without_utf8_only_ascii_leaves_the_command_line() {
    let (server, ada, key) = server_with_ada();
    let id = ada.ok(&["post", HOSTILE]).trim().to_owned();
    let in_c = |args: &[&str]| {
        let mut command = ada.command(args);
        command.env("LC_ALL", "C").stdin(Stdio::null()).output().unwrap()
    };
    assert!(ascii(&in_c(&["show", &id]).stdout).contains("plain s2J \"gone\"... ??"));
    let mut unset = ada.command(&["show", &id]);
    unset.env_remove("LC_ALL").env_remove("LC_CTYPE").env_remove("LANG");
    assert!(ascii(&unset.output().unwrap().stdout).contains("plain s2J"));
    // Nothing is lost for programs.
    for args in [&["show", &id, "--json"][..], &["export"]] {
        let json = ascii(&in_c(args).stdout);
        assert!(json.contains("\\u015b2J"), "{json}");
        for line in json.lines() {
            serde_json::from_str::<serde_json::Value>(line).unwrap();
        }
    }
    let tsv = in_c(&["show", &id, "--tsv=text"]).stdout;
    assert_eq!(String::from_utf8(tsv).unwrap().trim_end(), HOSTILE);
    for args in
        [&["nonsenseś"][..], &["feed", "--tsv=ś"], &["--help"], &["show", "--json", "ś"], &["follow", "ś"]]
    {
        let out = in_c(args);
        assert!(!out.stdout.is_empty() || !out.stderr.is_empty(), "{args:?}");
        ascii(&out.stdout);
        ascii(&out.stderr);
    }
    // Over ssh, by what the client sends; without anything, UTF-8.
    let out = server.ssh(Some(&key), &["-o", "SetEnv=LC_ALL=C"], &["show", &id]);
    assert!(ascii(&out.stdout).contains("plain s2J"));
    let out = server.ssh(Some(&key), &["-o", "SetEnv=LC_ALL=C"], &["nonsenseś"]);
    assert!(ascii(&out.stderr).contains("nonsenses"), "{out:?}");
    assert!(String::from_utf8(server.ssh(Some(&key), &[], &["show", &id]).stdout).unwrap().contains(HOSTILE));
}

#[test]
fn in_a_locale_without_utf8_only_ascii_leaves_the_screen_and_other_input_ends_nothing() {
    let (server, ada, key) = server_with_ada();
    ada.ok(&["post", HOSTILE]);
    let in_c = |args: &[&str]| {
        let mut client = command(&ada, args);
        client.env("LC_ALL", "C");
        Screen::start(client)
    };
    let mut screens = [in_c(&[]), in_c(&["--plain"]), {
        let ssh = server.command(Some(&key), &["-tt", "-o", "SetEnv=LC_ALL=C"], &[]);
        let mut command = CommandBuilder::new(ssh.get_program());
        command.args(ssh.get_args());
        command.env("TERM", "xterm-256color");
        Screen::start(command)
    }];
    for (number, screen) in screens.iter_mut().enumerate() {
        screen.expect("plain s2J \"gone\"");
        // A letter of Latin-1, and what follows it.
        if number == 1 {
            screen.send(b"caf\xe9\r").expect("There is no command").send("quit\r").expect("Goodbye.");
        } else {
            screen.press(&["c"]).expect("New tweet").send(b"caf\xe9 and more").expect("and more");
            screen.press(&["Esc"]).quit();
        }
        // Without what the terminal itself echoed.
        let echo = |byte: &u8| *byte != 0xe9;
        ascii(&screen.bytes().into_iter().filter(echo).collect::<Vec<u8>>());
    }
}

#[test]
fn in_plain_mode_a_text_that_does_not_fit_is_refused_before_anything_is_sent() {
    let e2e = E2e::start();
    let ada = e2e.member("ada");
    let out = ada.run_with_input(&["--plain"], &format!("post\n{}\n\nquit\n", "x".repeat(200_000)));
    let text = String::from_utf8(out.stdout).unwrap();
    let refusal = text.find("199.5k characters too long").expect(&text);
    assert!(text[refusal..].contains("Your draft is open"), "the question comes after it: {text}");
    assert!(!text.contains("Sending"), "{text}");
    assert_eq!(ada.texts("mine"), [""; 0]);
}

#[test]
fn a_stopped_server_is_noticed_within_seconds_and_a_text_is_sent_once_when_it_continues() {
    let e2e = E2e::start();
    let ada = e2e.member("ada");
    let server = Pid::from_raw(i32::try_from(e2e.server_pid()).unwrap()).unwrap();
    let mut screen = Screen::start(command(&ada, &[]));
    screen.expect("· live");
    kill_process(server, Signal::STOP).unwrap();
    let since = Instant::now();
    screen.press(&["gl"]).expect("waiting…");
    assert!(since.elapsed() < Duration::from_secs(7), "{:?}", since.elapsed());
    screen.press(&["c"]).expect("New tweet").press(&["said meanwhile", "Ctrl-s"]);
    screen.expect("Waiting for the");
    kill_process(server, Signal::CONT).unwrap();
    screen.expect("· live");
    until("the tweet is there", || ada.texts("mine") == ["said meanwhile"]);
    screen.expect_gone("Waiting for the").quit();
    assert_eq!(ada.texts("mine"), ["said meanwhile"]);
}

#[test]
fn a_text_that_a_stopped_server_does_not_take_stays_on_the_screen() {
    let e2e = E2e::start();
    let ada = e2e.member("ada");
    let server = Pid::from_raw(i32::try_from(e2e.server_pid()).unwrap()).unwrap();
    let mut screen = Screen::start(command(&ada, &[]));
    screen
        .expect("· live")
        .press(&["c"])
        .expect("New tweet")
        .press(&["said then", "Ctrl-s"])
        .expect("Sending in");
    kill_process(server, Signal::STOP).unwrap();
    screen.expect("Sending…").expect("Waiting for the server").expect("Waiting for the connection");
    kill_process(server, Signal::CONT).unwrap();
    screen.expect("Sent");
    assert_eq!(ada.texts("mine"), ["said then"]);
    screen.quit();
}
