//! Signing in: the first menu, the forms, the server's key, and what is shown after a session has ended.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod driver;

use std::path::PathBuf;

use client::ClientError;
use driver::TuiDriver;
use mini_tweet_tui::message::{Connected, Effect, Message};
use mini_tweet_tui::prompt::PromptKind;
use mini_tweet_tui::state::{OwnServer, Setup};
use protocol::tls::Fingerprint;
use protocol::v1;
use protocol::v1::request::Op;

const KEY: &str = "SHA256:u6cSixuwTcYVzrA2NltY/4e3a//BYobnCyorL5fE7c0";
const SIZES: [(u16, u16); 5] = [(40, 24), (60, 24), (80, 24), (120, 40), (40, 20)];

fn at_the_menu(width: u16, height: u16) -> TuiDriver {
    TuiDriver::with(Setup { server: "a.org:4280".into(), ..TuiDriver::setup(width, height) }, true)
}

/// A client that knows no server.
fn nowhere(width: u16, height: u16) -> Setup {
    Setup { server: String::new(), ..TuiDriver::setup(width, height) }
}

/// The screen, or what is in a frame on it, without line breaks, so that a text that was wrapped can be found.
fn unwrapped(driver: &TuiDriver) -> String {
    let screen = driver.screen();
    let column = |line: &str, sign: char| line.chars().position(|c| c == sign);
    let frame = screen.lines().find_map(|line| Some((column(line, '╭')?, column(line, '╮')?)));
    let (from, to) = frame.unwrap_or((0, usize::MAX));
    let inside = screen.lines().flat_map(|line| line.chars().skip(from).take(to - from));
    inside.filter(|c| !c.is_whitespace() && !"│╭╮╰╯─▌".contains(*c)).collect()
}

fn contains(driver: &TuiDriver, text: &str) -> bool {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    unwrapped(driver).contains(&text)
}

#[test]
fn letters_do_nothing_in_the_first_menu_and_digits_choose() {
    for server in ["", "a.org:4280"] {
        let setup = Setup { server: server.into(), ..TuiDriver::setup(80, 24) };
        let mut driver = TuiDriver::with(setup, !server.is_empty());
        let menu = driver.screen();
        driver.press("text:zzq").wait(60_000);
        assert_eq!(driver.screen(), menu);
        driver.press("1");
        assert!(driver.state.form.is_some(), "{}", driver.screen());
    }
}

#[test]
fn nothing_that_does_not_work_is_drawn_before_there_is_a_session() {
    for (width, height) in [(40, 12), (60, 20), (80, 24), (120, 40), (200, 50)] {
        let nothing = |driver: &TuiDriver| {
            for word in ["Notif", "Trends", "Local", "Online", "Home"] {
                assert!(!driver.shows(word), "{word}\n{}", driver.screen());
            }
        };
        let mut driver = TuiDriver::with(nowhere(width, height), false);
        nothing(&driver);
        driver.press("1");
        nothing(&driver);
        let mut driver = at_the_menu(width, height);
        nothing(&driver);
        driver.press("1");
        nothing(&driver);
        driver.press("esc 2");
        nothing(&driver);
        let setup = Setup { server: "a.org:4280".into(), ..TuiDriver::setup(width, height) };
        let driver = TuiDriver::with(setup, false);
        assert!(driver.shows("Connecting to a.org:4280"), "{}", driver.screen());
        nothing(&driver);
    }
}

#[test]
fn the_forms_have_the_name_and_the_description_of_the_server() {
    for (width, height) in [(60, 20), (80, 24), (120, 40)] {
        for choice in ["1", "2"] {
            let mut driver = TuiDriver::with(
                Setup { server: "a.org:4280".into(), ..TuiDriver::setup(width, height) },
                false,
            );
            driver.info.description = "For people with gardens. Be kind.".into();
            driver.info.accounts = 963;
            driver.connect(false);
            for what in ["Gardeners", "For people with gardens. Be kind.", "963 people · sign-up open"] {
                assert!(driver.shows(what), "{what}\n{}", driver.screen());
            }
            driver.press(choice);
            assert!(driver.shows("Gardeners"), "{}", driver.screen());
            if height > 20 {
                assert!(driver.shows("For people with gardens. Be kind."), "{}", driver.screen());
            }
        }
    }
}

#[test]
fn help_is_there_while_a_form_is_filled_in_and_leads_back_to_it() {
    let mut driver = at_the_menu(80, 24);
    driver.press("1 text:ada f1");
    assert!(driver.shows("Next field"), "{}", driver.screen());
    driver.press("esc");
    assert_eq!(driver.state.form.as_ref().unwrap().username(), "ada");
    assert!(driver.shows("[ Sign in ]"), "{}", driver.screen());
    let mut driver = at_the_menu(80, 24);
    driver.press("f1 esc");
    assert!(driver.shows("Create an account"), "help closes to the menu\n{}", driver.screen());
}

#[test]
fn buttons_are_reached_by_tab_and_submit_or_lead_to_the_other_form() {
    let mut driver = at_the_menu(80, 24);
    driver.press("1 text:ada tab text:secret1234 tab tab enter");
    assert!(driver.shows("Confirm password"), "{}", driver.screen());
    let mut driver = at_the_menu(80, 24);
    driver.press("1 text:ada tab text:secret1234 tab enter");
    assert!(driver.requests().iter().any(|op| matches!(op, Op::LogIn(_))), "{}", driver.screen());
    let mut driver = at_the_menu(80, 24);
    driver.press("1 text:ada tab text:secret1234 up ctrl-s");
    assert!(driver.requests().iter().any(|op| matches!(op, Op::LogIn(_))), "{}", driver.screen());
}

#[test]
fn what_explains_a_field_is_below_the_one_with_the_focus_only() {
    let mut driver = at_the_menu(80, 24);
    driver.press("2");
    assert!(driver.shows("a-z, 0-9 and _") && !driver.shows("at least 8 characters"), "{}", driver.screen());
    driver.press("tab tab");
    assert!(!driver.shows("a-z, 0-9 and _") && driver.shows("at least 8 characters"), "{}", driver.screen());
}

#[test]
fn a_low_form_shows_the_focused_field_and_counts_the_rest() {
    let mut driver = at_the_menu(40, 6);
    driver.press("2");
    assert!(driver.shows("Username") && driver.shows("more below"), "{}", driver.screen());
    driver.press("tab tab tab");
    assert!(driver.shows("Confirm password") && !driver.shows("more below"), "{}", driver.screen());
}

#[test]
fn the_server_on_this_computer_is_offered_first() {
    let own = |is_running| OwnServer {
        address: "127.0.0.1:4280".into(),
        name: if is_running { "Reed Hall".into() } else { String::new() },
        data: "~/.local/share/mini-tweet/server".into(),
        is_running,
    };
    let mut driver = TuiDriver::with(Setup { own_server: Some(own(true)), ..nowhere(80, 24) }, false);
    assert!(driver.shows("A server is running on this computer: Reed Hall"), "{}", driver.screen());
    assert!(driver.shows("Join Reed Hall") && driver.shows("127.0.0.1:4280"), "{}", driver.screen());
    driver.press("1");
    assert!(driver.effects.contains(&Effect::Connect("127.0.0.1:4280".into())), "{}", driver.screen());
    assert!(driver.shows("Connecting to Reed Hall"), "{}", driver.screen());
    // One that does not say its name.
    let unnamed = OwnServer { name: String::new(), ..own(true) };
    let driver = TuiDriver::with(Setup { own_server: Some(unnamed), ..nowhere(80, 24) }, false);
    assert!(driver.shows("Join the server here"), "{}", driver.screen());
    // Where its data goes is said before it is started.
    let driver = TuiDriver::with(Setup { own_server: Some(own(false)), ..nowhere(80, 24) }, false);
    assert!(contains(&driver, "the data goes to ~/.local/share/mini-tweet/server"), "{}", driver.screen());
    assert!(!driver.effects.contains(&Effect::HostHere));
}

#[test]
fn who_asked_for_another_account_can_go_back_to_the_one_before() {
    let setup = || Setup {
        server: "a.org:4280".into(),
        others: vec!["ada@a.org:4280".into(), "bob@b.org:4280".into()],
        previous: Some("ada@a.org:4280".into()),
        ..TuiDriver::setup(80, 24)
    };
    let switched = |driver: &TuiDriver| {
        driver.effects.iter().find_map(|effect| match effect {
            Effect::Switch(name) => Some(name.clone()),
            _ => None,
        })
    };
    let mut driver = TuiDriver::with(setup(), true);
    assert!(driver.shows("Go to ada@a.org:4280") && driver.shows("where you were"), "{}", driver.screen());
    driver.press("esc");
    assert_eq!(switched(&driver).as_deref(), Some("ada@a.org:4280"));
    let mut driver = TuiDriver::with(setup(), true);
    driver.press("5");
    assert_eq!(switched(&driver).as_deref(), Some("bob@b.org:4280"));
    // From the form it is one step back to the menu.
    let mut driver = TuiDriver::with(setup(), true);
    driver.press("1 esc esc");
    assert_eq!(switched(&driver).as_deref(), Some("ada@a.org:4280"));
    // Without a server that can be reached, too.
    let mut driver = TuiDriver::with(Setup { server: String::new(), ..setup() }, false);
    assert!(driver.shows("Go to ada@a.org:4280"), "{}", driver.screen());
    driver.press("esc");
    assert_eq!(switched(&driver).as_deref(), Some("ada@a.org:4280"));
}

#[test]
fn nothing_is_called_live_or_loading_after_a_session_has_ended() {
    let reason = "your account is suspended: ask the operator of this server";
    let ended = || ClientError::Refused(model::Error::Unauthenticated(reason.into()));
    for is_at_the_start in [false, true] {
        let setup = Setup { username: Some("ada".into()), ..TuiDriver::setup(120, 40) };
        let mut driver = TuiDriver::with(setup, !is_at_the_start);
        driver.responds = false;
        if is_at_the_start {
            driver.handle(Message::Unreachable(ended()));
        } else {
            driver.press("g l");
            driver.handle(Message::Link(client::State::SignedOut(ended())));
        }
        assert!(driver.shows("Your account is suspended: ask the operator"), "{}", driver.screen());
        driver.connect(false);
        driver.press("esc");
        let screen = driver.screen();
        assert!(driver.shows("Sign in"), "{screen}");
        assert!(!screen.contains("live") && !screen.contains("Loading"), "{screen}");
        assert!(!screen.contains("@ada"), "{screen}");
    }
    // A session that begins again is live.
    let setup = Setup { username: Some("ada".into()), ..TuiDriver::setup(120, 40) };
    let mut driver = TuiDriver::with(setup, true);
    driver.handle(Message::Link(client::State::SignedOut(ended())));
    driver.connect(false);
    driver.press("text:secret1234 enter");
    assert!(driver.shows("@ada · live"), "{}", driver.screen());
}

#[test]
fn the_form_for_a_server_is_empty_and_takes_what_is_typed() {
    let connects = |driver: &TuiDriver| {
        driver.effects.iter().find_map(|effect| match effect {
            Effect::Connect(server) => Some(server.clone()),
            _ => None,
        })
    };
    for (width, height) in SIZES {
        let mut driver = TuiDriver::with(nowhere(width, height), false);
        driver.press("1");
        assert!(driver.shows("host or host:port") && !driver.shows("…"), "{}", driver.screen());
        driver.press("enter");
        assert!(contains(&driver, "Enter the address of the server"), "{}", driver.screen());
        driver.press("text:myhost:4300");
        assert!(driver.shows("myhost:4300") && !driver.shows("Enter the address"), "{}", driver.screen());
        driver.press("enter");
        assert_eq!(connects(&driver).as_deref(), Some("myhost:4300"));
    }
    // The address that could not be reached can be tried again.
    let unreachable = ClientError::Unreachable { endpoint: "a.org:4280".into(), reason: "no route".into() };
    let mut driver =
        TuiDriver::with(Setup { server: "a.org:4280".into(), ..TuiDriver::setup(80, 24) }, false);
    driver.handle(Message::Unreachable(unreachable));
    driver.press("enter");
    assert_eq!(connects(&driver).as_deref(), Some("a.org:4280"));
}

fn unknown_key() -> ClientError {
    ClientError::KeyUnknown { endpoint: "a.org:4280".into(), presented: Fingerprint::parse(KEY).unwrap() }
}

#[test]
fn the_key_of_a_new_server_is_shown_whole_and_trusted_only_on_request() {
    let trusts = |driver: &TuiDriver| {
        let trust = Effect::Trust("a.org:4280".into(), Fingerprint::parse(KEY).unwrap());
        driver.effects.contains(&trust)
    };
    for (width, height) in SIZES {
        for username in [None, Some("ada".to_owned())] {
            let setup = Setup { server: "a.org:4280".into(), username, ..TuiDriver::setup(width, height) };
            let mut driver = TuiDriver::with(setup, false);
            driver.handle(Message::Unreachable(unknown_key()));
            assert!(
                contains(&driver, KEY) && driver.shows("First contact with a.org"),
                "{}",
                driver.screen()
            );
            driver.press("text:y1");
            assert!(!trusts(&driver), "letters and digits do nothing");
            // It can be copied to compare it; the question stays.
            driver.press("down enter");
            assert!(driver.shows("Copied:") && contains(&driver, KEY), "{}", driver.screen());
            driver.press("esc");
            assert!(!trusts(&driver) && driver.state.prompt.as_ref().is_none_or(|p| p.must_choose()));
            driver.handle(Message::Unreachable(unknown_key()));
            driver.press("enter");
            assert!(trusts(&driver));
        }
    }
}

#[test]
fn no_one_is_asked_about_a_key_where_no_one_can_compare_it() {
    let mut setup = Setup { server: "a.org:4280".into(), ..TuiDriver::setup(80, 24) };
    setup.capabilities.is_unattended = true;
    let mut driver = TuiDriver::with(setup, false);
    driver.handle(Message::Unreachable(unknown_key()));
    assert!(!driver.shows("Trust this key"), "{}", driver.screen());
    assert!(contains(&driver, "its key must be compared first"), "{}", driver.screen());
}

#[test]
fn a_changed_key_shows_both_keys_and_what_to_do() {
    let other = KEY.replace('u', "v");
    let changed = || ClientError::KeyChanged {
        endpoint: "a.org:4280".into(),
        address: "a.org:4280".into(),
        known: Fingerprint::parse(KEY).unwrap(),
        presented: Fingerprint::parse(&other).unwrap(),
        known_hosts: PathBuf::from("/home/ada/.config/mini-tweet/known_hosts"),
    };
    let assert_whole = |driver: &TuiDriver| {
        let screen = driver.screen();
        assert!(contains(driver, KEY) && contains(driver, &other), "{screen}");
        assert!(
            contains(driver, "remove the line for a.org:4280 from /home/ada/.config/mini-tweet/known_hosts"),
            "{screen}"
        );
    };
    for (width, height) in SIZES {
        for username in [None, Some("ada".to_owned())] {
            let setup = Setup { server: "a.org:4280".into(), username, ..TuiDriver::setup(width, height) };
            let mut driver = TuiDriver::with(setup, false);
            driver.handle(Message::Unreachable(changed()));
            assert_whole(&driver);
        }
        let mut driver = TuiDriver::new(width, height);
        driver.press(": text:log enter");
        driver.handle(Message::Link(client::State::Stopped(changed())));
        assert_whole(&driver);
        let prompt = driver.state.prompt.as_ref().unwrap();
        assert!(matches!(prompt.kind, PromptKind::KeyChanged { .. }));
        assert_eq!(prompt.choice, 0, "Cancel is first");
        driver.press("enter");
        assert!(driver.state.prompt.is_none(), "{}", driver.screen());
        assert!(driver.state.log.lines().any(|line| line.text.contains(&other)), "the log has it too");
    }
}

#[test]
fn a_server_that_cannot_be_reached_leads_back_to_the_first_menu() {
    let mut driver = TuiDriver::with(nowhere(80, 24), false);
    driver.press("1 text:nosuch enter");
    let endpoint = "nosuch:4280".to_owned();
    driver.handle(Message::Unreachable(ClientError::Unreachable { endpoint, reason: "no route".into() }));
    assert!(driver.shows("no route"), "{}", driver.screen());
    driver.press("esc");
    assert!(driver.shows("Connect to a server") && driver.shows("Take the tour"), "{}", driver.screen());
}

#[test]
fn a_server_that_could_not_be_started_leads_back_to_the_menu() {
    let mut driver = TuiDriver::with(nowhere(80, 24), false);
    driver.press("2");
    assert!(driver.shows("Start a server on this computer?"), "{}", driver.screen());
    driver.press("2");
    driver.handle(Message::Failed("Cannot start a server: no space".into()));
    assert!(driver.shows("Connect to a server") && driver.shows("no space"), "{}", driver.screen());
}

#[test]
fn of_two_passwords_that_differ_both_are_asked_for_again() {
    let mut driver = at_the_menu(80, 24);
    driver.press("2 text:lovelace tab tab text:three_wrods_suffice enter text:three_words_suffice enter");
    let form = driver.state.form.clone().unwrap();
    assert_eq!(form.focused().unwrap().label, "Password");
    assert!(form.fields.iter().filter(|field| field.is_secret()).all(|field| field.editor.is_blank()));
    driver.press("text:three_words_suffice enter text:three_words_suffice enter");
    assert!(driver.requests().iter().any(|op| matches!(op, Op::SignUp(_))));
}

#[test]
fn a_password_that_is_too_short_is_refused_before_it_is_asked_for_again() {
    let mut driver = at_the_menu(80, 24);
    driver.press("2 text:lovelace enter enter text:short enter");
    assert!(driver.shows("That was too short: a password has at least 8 characters"), "{}", driver.screen());
    assert_eq!(driver.state.form.as_ref().unwrap().focused().unwrap().label, "Password");
}

#[test]
fn a_corrected_form_is_sent_with_one_key() {
    let mut driver = at_the_menu(80, 24);
    driver.press("2 text:ada enter enter text:three_words_suffice enter");
    driver.refusal = Some(model::Error::AlreadyExists("username".into()));
    driver.press("text:three_words_suffice enter");
    assert!(driver.shows("This username is taken"), "{}", driver.screen());
    driver.press("text:2 enter");
    let signs_up = |op: &&&Op| matches!(op, Op::SignUp(sign_up) if sign_up.username == "ada2");
    assert_eq!(driver.requests().iter().filter(signs_up).count(), 1, "{}", driver.screen());
}

#[test]
fn why_signing_in_is_not_possible_stays_until_it_is_tried_again() {
    let reason = "this account is suspended: ask the operator of this server";
    let mut driver = at_the_menu(80, 24);
    driver.press("1 text:ada enter text:secret1234");
    driver.refusal = Some(model::Error::Forbidden(reason.into()));
    driver.press("enter");
    assert!(driver.shows("suspended"), "{}", driver.screen());
    driver.press("text:x tab left backspace tab").wait(60_000);
    assert!(driver.shows("suspended"), "{}", driver.screen());
    driver.press("esc");
    assert!(driver.shows("Create an account") && driver.shows("suspended"), "{}", driver.screen());
    driver.press("1");
    assert!(driver.shows("Username") && driver.shows("suspended"), "{}", driver.screen());
    driver.press("text:x");
    assert!(driver.shows("suspended"), "{}", driver.screen());
    driver.press("enter text:other1234 enter");
    assert!(!driver.shows("suspended"), "{}", driver.screen());

    // The same for a session that the server has ended.
    let ended = ClientError::Refused(model::Error::Unauthenticated("your account is suspended".into()));
    let mut driver = TuiDriver::new(80, 24);
    driver.handle(Message::Link(client::State::SignedOut(ended)));
    driver.connect(false);
    driver.press("text:s").wait(60_000);
    assert!(driver.shows("Your account is suspended"), "{}", driver.screen());
    // A typing mistake is not what is in the way.
    driver.refusal = Some(model::Error::Unauthenticated("wrong".into()));
    driver.press("text:ecret1234 enter");
    assert!(driver.shows("Wrong username or password"), "{}", driver.screen());
    driver.press("text:s");
    assert!(!driver.shows("Wrong") && !driver.shows("suspended"), "{}", driver.screen());
}

#[test]
fn sign_up_is_preselected_where_no_account_was_used() {
    let known = |servers: &[&str]| Setup {
        server: "a.org:4280".into(),
        known_servers: servers.iter().map(|&server| server.to_owned()).collect(),
        ..TuiDriver::setup(80, 24)
    };
    for servers in [&[][..], &["b.org:4280"]] {
        let mut driver = TuiDriver::with(known(servers), true);
        driver.press("enter");
        assert!(driver.shows("Confirm password"), "{}", driver.screen());
        // Also after a step back, and after a key by mistake.
        driver.press("esc enter");
        assert!(driver.shows("Confirm password"), "{}", driver.screen());
        driver.press("esc text:zz esc enter");
        assert!(driver.shows("Confirm password"), "{}", driver.screen());
    }
    let mut driver = TuiDriver::with(known(&["a.org:4280"]), true);
    driver.press("enter");
    assert!(driver.shows("Password") && !driver.shows("Confirm password"), "{}", driver.screen());
    // Over ssh, and where not everyone can sign up, it is not.
    let mut setup = known(&[]);
    setup.capabilities.is_local = false;
    let mut driver = TuiDriver::with(setup, true);
    driver.press("enter");
    assert!(driver.shows("Password") && !driver.shows("Confirm password"), "{}", driver.screen());
    let mut driver = TuiDriver::with(known(&[]), false);
    let hello = v1::ServerHello { sign_up: v1::SignUpMode::Invite.into(), ..v1::ServerHello::default() };
    driver.handle(Message::Connected(Box::new(Connected { hello, key: None, signed_in: false })));
    driver.press("enter");
    assert!(driver.shows("Password") && !driver.shows("Confirm password"), "{}", driver.screen());
}

#[test]
fn what_is_said_about_a_password_is_true_of_the_field() {
    let mut driver = at_the_menu(80, 24);
    driver.press("2 text:lovelace enter enter text:short enter");
    assert!(driver.shows("That was too short") && !driver.shows("missing"), "{}", driver.screen());
    driver.press("enter");
    assert!(driver.shows("Enter a password of at least 8 characters"), "{}", driver.screen());
    driver.press("text:a");
    assert!(driver.shows("7 more characters") && !driver.shows("too short"), "{}", driver.screen());
    driver.press("backspace");
    assert!(!driver.shows("more characters") && !driver.shows("too short"), "{}", driver.screen());
}

/// The rows of the screen below the one that begins with this label.
fn rows_below(driver: &TuiDriver, label: &str) -> Vec<String> {
    let screen = driver.screen();
    let rows = screen.lines().map(|line| line.trim_matches([' ', '▌', '│']).to_owned());
    rows.skip_while(|row| !row.starts_with(label)).skip(1).collect()
}

const ALL_SIZES: [(u16, u16); 4] = [(40, 12), (60, 20), (80, 24), (120, 40)];

#[test]
fn why_a_server_was_not_reached_is_whole_and_below_its_address() {
    let endpoint = || "tweets.example.org:4280".to_owned();
    let unreachable = |reason: &str| ClientError::Unreachable { endpoint: endpoint(), reason: reason.into() };
    let errors = [
        unreachable("no host with this name was found; check the name and your network"),
        unreachable(
            "no TLS 1.3 connection (what it sends is not TLS as this client knows it); check the port",
        ),
        ClientError::TimedOut { endpoint: endpoint() },
        ClientError::Protocol {
            endpoint: endpoint(),
            reason: "the server speaks version 7, this client 1".into(),
        },
        ClientError::File {
            path: PathBuf::from("/home/ada/.local/share/mini-tweet/known_hosts"),
            problem: "the line for tweets.example.org:4280 has no valid key; fix or remove it".into(),
        },
        ClientError::Refused(model::Error::Busy),
    ];
    for (width, height) in ALL_SIZES {
        for error in &errors {
            let mut driver = TuiDriver::with(nowhere(width, height), false);
            driver.press("1 text:tweets.example.org enter");
            driver.handle(Message::Unreachable(error.clone()));
            assert!(contains(&driver, &error.sentence()), "{error}\n{}", driver.screen());
            let below = rows_below(&driver, "Server");
            assert!(below.first().is_some_and(|row| row.starts_with('✕')), "{}", driver.screen());
        }
    }
}

#[test]
fn why_signing_in_was_refused_is_whole() {
    let suspended = "this account is suspended until 4 December 2026, because of messages that were sent to people \
                     who had asked for none: ask the operator of this server";
    let errors = [
        (model::Error::Unauthenticated("wrong".into()), "ask the operator of this server"),
        (model::Error::Forbidden(suspended.into()), suspended),
        (model::Error::Busy, "the server is busy; try again in a moment"),
    ];
    for (width, height) in ALL_SIZES {
        for choice in [
            "1 text:ada tab text:secret1234",
            "2 text:ada tab tab text:three_words_suffice tab text:three_words_suffice",
        ] {
            for (error, words) in &errors {
                let mut driver = at_the_menu(width, height);
                driver.press(choice);
                driver.refusal = Some(error.clone());
                driver.press("ctrl-s");
                let words: String = words.chars().skip(1).collect();
                let is_wrong = matches!(error, model::Error::Unauthenticated(_));
                if is_wrong && choice.starts_with('2') {
                    continue;
                }
                assert!(contains(&driver, &words), "{words}\n{}", driver.screen());
                // What was typed stays, unless it was wrong: one key tries it again.
                driver.refusal = None;
                let before = driver.requests().len();
                driver.press("enter");
                assert_eq!(driver.requests().len() > before, !is_wrong, "{}", driver.screen());
            }
        }
    }
}

#[test]
fn a_problem_of_a_field_stays_below_that_field() {
    for (width, height) in ALL_SIZES {
        let mut driver = at_the_menu(width, height);
        driver.press("2 ctrl-s");
        let is_below = |driver: &TuiDriver, label: &str| {
            rows_below(driver, label).first().is_some_and(|row| row.starts_with('✕'))
        };
        assert!(is_below(&driver, "Username"), "{}", driver.screen());
        driver.press("tab");
        assert!(is_below(&driver, "Username") && !is_below(&driver, "Display name"), "{}", driver.screen());
    }
}

#[test]
fn of_a_problem_that_is_longer_than_the_screen_the_end_with_the_advice_is_shown() {
    let reason = format!("{}ask the operator of this server", "word ".repeat(200));
    let mut driver = at_the_menu(40, 12);
    driver.press("1 text:ada enter text:secret1234");
    driver.refusal = Some(model::Error::Forbidden(reason.into()));
    driver.press("enter");
    assert!(
        driver.shows("[ Sign in ]") && contains(&driver, "ask the operator of this server"),
        "{}",
        driver.screen()
    );
    assert!(driver.shows("…"), "{}", driver.screen());
}

#[test]
fn the_rules_of_the_server_can_be_read_before_one_signs_up() {
    let rules = ["Be kind.", "No advertising."];
    for (width, height) in ALL_SIZES {
        let mut driver =
            TuiDriver::with(Setup { server: "a.org:4280".into(), ..TuiDriver::setup(width, height) }, false);
        driver.info.rules = rules.map(str::to_owned).to_vec();
        driver.connect(false);
        if height > 12 {
            assert!(driver.shows("2 rules"), "{}", driver.screen());
        }
        driver.press("2 text:ada");
        // With the mouse or with keys.
        for keys in ["", "tab tab tab tab tab enter"] {
            if keys.is_empty() {
                driver.click("[ Rules ]", 3);
            } else {
                driver.press(keys);
            }
            for rule in ["1. Be kind.", "2. No advertising."] {
                assert!(driver.shows(rule), "{rule}\n{}", driver.screen());
            }
            driver.press("esc");
            assert_eq!(driver.state.form.as_ref().unwrap().username(), "ada", "{}", driver.screen());
            driver.press("tab");
        }
    }
    // Without rules there is no button, and in About no heading.
    let mut driver = at_the_menu(80, 24);
    driver.press("2");
    assert!(!driver.shows("[ Rules ]"), "{}", driver.screen());
    let mut driver = TuiDriver::new(80, 24);
    driver.press("g a");
    assert!(!driver.shows("Rules"), "{}", driver.screen());
    driver.info.rules = rules.map(str::to_owned).to_vec();
    driver.press("ctrl-l");
    assert!(driver.shows("  Rules") && driver.shows("2  No advertising."), "{}", driver.screen());
}

#[test]
fn the_server_on_this_computer_can_be_stopped_and_about_says_how() {
    let own = |address: &str| OwnServer {
        name: "Reed Hall".into(),
        address: address.into(),
        data: "~/server".into(),
        is_running: true,
    };
    let at = |address: &str| {
        let setup = TuiDriver::setup(80, 24);
        let setup = Setup { own_server: Some(own(address)), username: Some("ada".into()), ..setup };
        TuiDriver::with(setup, true)
    };
    let mut driver = at("tweets.example.org:4280");
    driver.press("g a");
    assert!(contains(&driver, "runs on this computer · :stop-server"), "{}", driver.screen());
    assert!(!driver.effects.contains(&Effect::StopHere));
    driver.press(": text:stop-server enter 2");
    assert!(driver.effects.contains(&Effect::StopHere));
    // Another server is not said to run here.
    let mut driver = at("127.0.0.1:4280");
    driver.press("g a");
    assert!(!contains(&driver, "runs on this computer"), "{}", driver.screen());
    // Over ssh there is none.
    driver.state.terminal.capabilities.is_local = false;
    driver.press(": text:stop-server enter");
    assert!(driver.shows("Over SSH you can't stop a server"), "{}", driver.screen());
}

#[test]
fn leaving_the_form_for_signing_up_keeps_what_was_typed_but_for_passwords() {
    let mut driver = TuiDriver::with(TuiDriver::setup(80, 24), true);
    driver.press("2 text:newbie tab text:New_Bie tab text:correct_horse esc");
    assert!(driver.state.form.is_none(), "{}", driver.screen());
    driver.press("2");
    let form = driver.state.form.as_ref().unwrap();
    let texts: Vec<&str> = form.fields.iter().map(|field| field.editor.text()).collect();
    assert_eq!(texts, ["newbie", "New Bie", "", ""]);
    assert_eq!(form.focus, 0);
}

#[test]
fn an_attempt_that_is_given_up_does_not_replace_the_server_before() {
    // Without a connection so far.
    let setup = Setup { server: "a.org:4280".into(), ..TuiDriver::setup(80, 24) };
    let mut driver = TuiDriver::with(setup, false);
    driver.press("esc 1");
    assert!(driver.shows("a.org:4280"), "{}", driver.screen());
    driver.press("text:wrong.example enter esc");
    assert!(driver.effects.contains(&Effect::StopConnecting), "{}", driver.screen());
    assert!(driver.shows("Take the tour"), "{}", driver.screen());
    driver.press("1");
    assert!(driver.shows("a.org:4280") && !driver.shows("wrong.example"), "{}", driver.screen());
    // After an attempt that has failed.
    driver.press("text:wrong.example enter");
    let error = ClientError::TimedOut { endpoint: "wrong.example:4280".into() };
    driver.handle(Message::Unreachable(error));
    assert!(driver.shows("wrong.example"), "{}", driver.screen());
    driver.press("esc 1");
    assert!(driver.shows("a.org:4280") && !driver.shows("wrong.example"), "{}", driver.screen());
    // A client that was connected goes back to that server.
    let mut driver = at_the_menu(80, 24);
    driver.press("3 text:wrong.example enter esc");
    assert_eq!(driver.effects.last(), Some(&Effect::Connect("a.org:4280".into())));
    assert!(
        driver.shows("Connecting to a.org:4280") || driver.shows("Connecting to Gardeners"),
        "{}",
        driver.screen()
    );
}

#[test]
fn the_advice_about_a_short_password_stays_until_the_password_is_long_enough() {
    let mut driver = at_the_menu(80, 24);
    driver.press("2 text:lovelace enter enter text:short enter");
    for typed in ["text:t", "text:hree", "backspace", "text:e"] {
        driver.press(typed);
        assert!(driver.shows("a password has at least 8 characters"), "{}", driver.screen());
    }
    driver.press("text:_words");
    assert!(!driver.shows("a password has at least 8 characters"), "{}", driver.screen());
}
