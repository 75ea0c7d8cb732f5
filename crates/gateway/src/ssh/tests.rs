//! The ssh gateway as clients see it.

mod fixture;

use std::process::Stdio;
use std::sync::atomic::Ordering;
use std::time::Duration;

use fixture::{Ended, RESTORE, SshFixture, key, log_in_through, soon};
use russh::client::{self, AuthResult};
use russh::keys::agent::AgentIdentity;
use russh::keys::signature::Signer as _;
use russh::keys::ssh_key::Signature;
use russh::keys::{HashAlg, PrivateKey};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{COLUMNS_MAX, ROWS_MAX, SshTimeouts};

#[tokio::test]
async fn a_guest_enters_without_a_password_and_has_no_account() {
    let fixture = SshFixture::new().await;
    let mut client = fixture.connect().await;
    let refused = client.session.authenticate_none("ada").await.unwrap();
    assert!(matches!(refused, AuthResult::Failure { .. }), "keys are tried first");
    let refused = client.session.authenticate_password("ada", "correct horse 9").await.unwrap();
    let AuthResult::Failure { remaining_methods, .. } = refused else { panic!("no passwords here") };
    let methods: Vec<String> = remaining_methods.iter().map(String::from).collect();
    assert_eq!(methods, ["publickey", "keyboard-interactive"]);
    assert!(client.enter_as_guest().await);
    assert_eq!(client.run("who").await.stdout, "guest, no token, no key");
    assert_eq!(client.run("connect").await.stdout, "Unauthenticated");
}

#[tokio::test]
async fn a_key_that_is_bound_gives_a_session_that_ends_with_the_connection() {
    let fixture = SshFixture::new().await;
    let ada = fixture.server.person("ada").await;
    fixture.bind(&ada, 1).await;
    let client = fixture.with_key(1).await;
    assert_eq!(client.run("who").await.stdout, "ada, token, no key");
    assert_eq!(client.run("connect").await.stdout, "ada");
    let sessions = || async { fixture.server.service.sessions(&ada.caller).await.unwrap() };
    assert_eq!(sessions().await.iter().filter(|session| session.client_name == "ssh").count(), 1);
    drop(client);
    let ended = async { while sessions().await.len() > 1 {} };
    soon("the session ends", ended).await;
}

/// Signs with another key than the one that is offered.
struct Forger(PrivateKey);

impl russh::Signer for Forger {
    type Error = russh::AgentAuthError;

    async fn auth_sign(
        &mut self,
        _: &AgentIdentity,
        _: Option<HashAlg>,
        mut to_sign: Vec<u8>,
    ) -> Result<Vec<u8>, russh::AgentAuthError> {
        let signature: Signature = self.0.try_sign(&to_sign).unwrap();
        let signature = Vec::try_from(signature).unwrap();
        to_sign.extend(u32::try_from(signature.len()).unwrap().to_be_bytes());
        to_sign.extend(signature);
        Ok(to_sign)
    }
}

#[tokio::test]
async fn a_key_that_is_offered_but_not_proved_gives_no_access() {
    let fixture = SshFixture::new().await;
    let ada = fixture.server.person("ada").await;
    fixture.bind(&ada, 1).await;
    for offered in [key(1), key(2)] {
        let mut client = fixture.connect().await;
        let (public, mut forger) = (offered.public_key().clone(), Forger(key(3)));
        let forged = client.session.authenticate_publickey_with("ada", public, None, &mut forger).await;
        assert_ne!(forged.unwrap(), AuthResult::Success);
        assert!(client.enter_as_guest().await);
        assert_eq!(client.run("who").await.stdout, "guest, no token, no key");
    }
}

#[tokio::test]
async fn a_client_may_try_its_keys_until_one_is_bound() {
    let fixture = SshFixture::new().await;
    let ada = fixture.server.person("ada").await;
    fixture.bind(&ada, 3).await;
    let mut client = fixture.connect().await;
    assert!(!client.prove(&key(1)).await && !client.prove(&key(2)).await);
    assert!(client.prove(&key(3)).await);
    assert_eq!(client.run("who").await.stdout, "ada, token, no key");
}

#[tokio::test]
async fn a_guest_can_bind_the_last_key_that_it_proved() {
    let fixture = SshFixture::new().await;
    let ada = fixture.server.person("ada").await;
    let mut client = fixture.connect().await;
    assert!(!client.prove(&key(1)).await && !client.prove(&key(2)).await);
    assert!(client.enter_as_guest().await);
    let said = client.run("who").await.stdout;
    let offered = said.strip_prefix("guest, no token, ").unwrap();
    assert_eq!(offered, key(2).public_key().to_openssh().unwrap());
    let name = model::SshKeyName::default();
    fixture.server.service.add_ssh_key(&ada.caller, None, offered, name, None).await.unwrap();
    let client = fixture.with_key(2).await;
    assert_eq!(client.run("who").await.stdout, "ada, token, no key");
}

#[tokio::test]
async fn revoking_a_key_ends_its_sessions_and_leaves_a_guest() {
    let fixture = SshFixture::new().await;
    let ada = fixture.server.person("ada").await;
    fixture.bind(&ada, 1).await;
    let before = fixture.with_key(1).await;
    assert_eq!(before.run("connect").await.stdout, "ada");
    let bound = fixture.server.service.ssh_keys(&ada.caller).await.unwrap()[0].id;
    fixture.server.service.revoke_ssh_key(&ada.caller, None, bound).await.unwrap();
    assert_eq!(before.run("connect").await.stdout, "Unauthenticated");
    let mut client = fixture.connect().await;
    assert!(!client.prove(&key(1)).await);
    assert!(client.enter_as_guest().await);
    assert!(client.run("who").await.stdout.starts_with("guest, no token, ssh-ed25519"));
}

#[tokio::test]
async fn only_the_holder_of_a_key_learns_that_its_account_is_suspended() {
    let fixture = SshFixture::new().await;
    let ada = fixture.server.person("ada").await;
    fixture.bind(&ada, 1).await;
    fixture.server.service.suspend(&service::Caller::Operator, &ada.name).await.unwrap();
    let mut holder = fixture.connect().await;
    assert!(!holder.prove(&key(1)).await);
    assert!(holder.enter_as_guest().await);
    let said = holder.run("who").await.stdout;
    assert_eq!(said, "guest, no token, no key, this account is suspended: ask the operator of this server");
    // Offered, but signed with another key.
    let mut client = fixture.connect().await;
    let (public, mut forger) = (key(1).public_key().clone(), Forger(key(3)));
    let forged = client.session.authenticate_publickey_with("ada", public, None, &mut forger).await;
    assert_ne!(forged.unwrap(), AuthResult::Success);
    assert!(client.enter_as_guest().await);
    assert_eq!(client.run("who").await.stdout, "guest, no token, no key");
}

#[tokio::test]
async fn a_connection_above_the_limit_gets_the_reason_and_ends_no_other() {
    let fixture = SshFixture::new().await;
    let ada = fixture.server.person("ada").await;
    fixture.bind(&ada, 1).await;
    let mut open = Vec::new();
    for _ in 0..model::limits::SSH_SESSIONS_MAX {
        open.push(fixture.with_key(1).await);
    }
    let refused = fixture.with_key(1).await;
    let why = model::Error::too_many_ssh_sessions();
    assert_eq!(refused.run("who").await.stdout, format!("guest, no token, no key, {why}"));
    for client in &open {
        assert_eq!(client.run("who").await.stdout, "ada, token, no key");
    }
    // Another one may be opened once one has ended.
    drop(open.pop());
    let service = &fixture.server.service;
    let count = async || {
        service.sessions(&ada.caller).await.unwrap().iter().filter(|one| one.client_name == "ssh").count()
    };
    let ended = async {
        while count().await == model::limits::SSH_SESSIONS_MAX {
            tokio::task::yield_now().await;
        }
    };
    soon("the session ends", ended).await;
    assert_eq!(fixture.with_key(1).await.run("who").await.stdout, "ada, token, no key");
}

#[tokio::test]
async fn a_client_that_tries_too_many_keys_is_disconnected() {
    let fixture = SshFixture::new().await;
    let mut client = fixture.connect().await;
    let mut tried: u8 = 0;
    while tried < 100 {
        tried += 1;
        let key = russh::keys::PrivateKeyWithHashAlg::new(std::sync::Arc::new(key(tried)), None);
        if client.session.authenticate_publickey("ada", key).await.is_err() || client.session.is_closed() {
            break;
        }
    }
    assert!((10..=25).contains(&tried), "{tried} keys");
}

#[tokio::test]
async fn sizes_are_clamped_when_a_terminal_opens_and_when_it_changes() {
    let fixture = SshFixture::new().await;
    let client = fixture.guest().await;
    let mut screen = client.terminal(65_535, 65_535).await;
    screen.shows(&format!("{COLUMNS_MAX}x{ROWS_MAX} xterm-test")).await;
    screen.channel.window_change(u32::MAX, 10, 0, 0).await.unwrap();
    screen.shows(&format!("{COLUMNS_MAX}x10;")).await;
    screen.channel.window_change(0, 0, 0, 0).await.unwrap();
    screen.shows("80x24;").await;
    screen.channel.window_change(1, 1, 0, 0).await.unwrap();
    screen.shows("1x1;").await;
    screen.types("q").await;
    assert_eq!(screen.ends().await.code, Some(0));
}

#[tokio::test]
async fn only_known_variables_are_accepted() {
    let fixture = SshFixture::new().await;
    let client = fixture.guest().await;
    let mut channel = client.channel().await;
    for (name, value, taken) in [
        ("COLORTERM", "truecolor", true),
        ("LANG", "C.UTF-8", true),
        ("LC_ALL", "C.UTF-8", true),
        ("LC_CTYPE", "C", true),
        ("TZ", "Europe/Berlin", true),
        ("LD_PRELOAD", "evil.so", false),
        ("COLORTERM", "\u{1b}[31m", false),
        ("LANG", "x".repeat(65).leak(), false),
    ] {
        channel.set_env(true, name, value).await.unwrap();
        let answer = soon("an answer", channel.wait()).await.unwrap();
        assert_eq!(matches!(answer, russh::ChannelMsg::Success), taken, "{name}: {answer:?}");
    }
    channel.request_pty(true, "evil\u{1b}", 80, 24, 0, 0, &[]).await.unwrap();
    channel.request_shell(true).await.unwrap();
    let mut screen = fixture::Screen { channel, shown: String::new() };
    screen.shows("80x24 dumb truecolor;").await;
}

#[tokio::test]
async fn input_that_an_application_does_not_take_is_bounded() {
    let timeouts = SshTimeouts { take_typed: Duration::from_millis(1), ..SshTimeouts::default() };
    let fixture = SshFixture::with(timeouts, 100).await;
    let client = fixture.guest().await;
    let mut screen = client.terminal(80, 24).await;
    screen.types("d").await;
    screen.shows("deaf;").await;
    // Without a newline, and all of it is taken from the client.
    let flood = vec![b'x'; 2 * 1024 * 1024];
    soon("the flood is taken", screen.channel.data(&flood[..])).await.unwrap();
    client.session.send_ping().await.unwrap();
    fixture.app.listen.notify_one();
    screen.shows(" packets ").await;
    let kept: usize = screen.shows(" bytes;").await.parse().unwrap();
    assert!((1..=256 * 1024).contains(&kept), "{kept} bytes were kept");
    screen.types("still here").await;
    screen.shows("still here").await;
}

#[tokio::test]
async fn a_command_that_does_not_take_its_input_is_ended() {
    let timeouts = SshTimeouts {
        take_input: Duration::from_millis(50),
        end: Duration::from_millis(50),
        ..SshTimeouts::default()
    };
    let fixture = SshFixture::with(timeouts, 100).await;
    let client = fixture.guest().await;
    let channel = client.channel().await;
    channel.exec(true, "deaf").await.unwrap();
    let (reading, writing) = channel.split();
    let flood = tokio::spawn(async move { writing.data(&vec![b'x'; 2 * 1024 * 1024][..]).await });
    let mut reading = reading;
    while soon("the channel closes", reading.wait()).await.is_some() {}
    flood.abort();
    fixture.until("the application is aborted", || fixture.app.running.load(Ordering::SeqCst) == 0).await;
    assert_eq!(client.run("exit 3").await.code, Some(3), "the connection goes on");
}

#[tokio::test]
async fn an_application_waits_for_a_client_that_does_not_read() {
    let fixture = SshFixture::new().await;
    let config =
        client::Config { window_size: 128 * 1024, channel_buffer_size: 1, ..client::Config::default() };
    let mut client = fixture.try_connect(config).await.unwrap();
    assert!(client.enter_as_guest().await);
    let channel = client.channel().await;
    channel.exec(true, "flood").await.unwrap();
    soon("a write waits", fixture.app.waited.notified()).await;
    let flooded = fixture.app.flooded.load(Ordering::SeqCst);
    assert!(flooded <= 1024 * 1024, "{flooded} bytes are under way");
    let ended = Ended::of(channel).await;
    assert_eq!((ended.stdout.len(), ended.code), (256 * 64 * 1024, Some(0)), "then all of it comes");
}

#[tokio::test]
async fn an_application_that_waits_for_a_client_learns_that_it_is_gone() {
    let fixture = SshFixture::new().await;
    let config =
        client::Config { window_size: 128 * 1024, channel_buffer_size: 1, ..client::Config::default() };
    let mut client = fixture.try_connect(config).await.unwrap();
    assert!(client.enter_as_guest().await);
    let channel = client.channel().await;
    channel.exec(true, "flood").await.unwrap();
    soon("a write waits", fixture.app.waited.notified()).await;
    drop((channel, client));
    fixture.until("the application ends", || fixture.app.running.load(Ordering::SeqCst) == 0).await;
}

#[tokio::test]
async fn a_panic_in_one_session_ends_no_other_and_resets_the_terminal() {
    let fixture = SshFixture::new().await;
    let (one, other) = (fixture.guest().await, fixture.guest().await);
    let (mut faulty, mut sound) = (one.terminal(80, 24).await, other.terminal(80, 24).await);
    faulty.shows("80x24").await;
    sound.shows("80x24").await;
    faulty.types("p").await;
    let ended = faulty.ends().await;
    assert!(ended.stdout.contains(RESTORE), "{:?}", ended.stdout);
    assert!(ended.stdout.contains("incident") && !ended.stdout.contains("as the test"), "{:?}", ended.stdout);
    assert_eq!(ended.code, Some(126));
    sound.types("fine").await;
    sound.shows("fine").await;
    let ended = one.run("panic").await;
    assert!(ended.stdout.is_empty() && ended.stderr.contains("incident"), "{ended:?}");
    assert_eq!(one.run("exit 0").await.code, Some(0), "the same connection goes on");
}

#[tokio::test]
async fn only_session_channels_are_served() {
    let fixture = SshFixture::new().await;
    let client = fixture.guest().await;
    assert!(client.session.channel_open_direct_tcpip("127.0.0.1", 22, "127.0.0.1", 1).await.is_err());
    assert!(client.session.channel_open_direct_streamlocal("/tmp/x").await.is_err());
    assert!(client.session.channel_open_x11("127.0.0.1", 1).await.is_err());
    assert!(client.session.tcpip_forward("127.0.0.1", 0).await.is_err());
    assert!(client.session.streamlocal_forward("/tmp/x").await.is_err());
    let mut channel = client.channel().await;
    channel.request_subsystem(true, "sftp").await.unwrap();
    assert!(matches!(soon("an answer", channel.wait()).await, Some(russh::ChannelMsg::Failure)));
    channel.agent_forward(true).await.unwrap();
    assert!(matches!(soon("an answer", channel.wait()).await, Some(russh::ChannelMsg::Failure)));
    channel.request_x11(true, false, "MIT-MAGIC-COOKIE-1", "00", 0).await.unwrap();
    assert!(matches!(soon("an answer", channel.wait()).await, Some(russh::ChannelMsg::Failure)));
    // This channel still works, and so does a second one; each runs one application.
    let second = client.channel().await;
    let third = client.session.channel_open_session().await.map(|_| ());
    assert!(
        matches!(third, Err(russh::Error::ChannelOpenFailure(russh::ChannelOpenFailure::ResourceShortage))),
        "{third:?}"
    );
    second.exec(true, "exit 4").await.unwrap();
    assert_eq!(Ended::of(second).await.code, Some(4));
    channel.exec(true, "cat").await.unwrap();
    assert!(matches!(soon("an answer", channel.wait()).await, Some(russh::ChannelMsg::Success)));
    channel.request_shell(true).await.unwrap();
    assert!(matches!(soon("an answer", channel.wait()).await, Some(russh::ChannelMsg::Failure)));
    channel.request_pty(true, "xterm", 80, 24, 0, 0, &[]).await.unwrap();
    assert!(matches!(soon("an answer", channel.wait()).await, Some(russh::ChannelMsg::Failure)));
    channel.eof().await.unwrap();
    assert_eq!(Ended::of(channel).await.code, Some(0));
}

#[tokio::test]
async fn a_command_gets_its_words_and_input() {
    let fixture = SshFixture::new().await;
    let client = fixture.guest().await;
    assert_eq!(client.run("feed '#rust and' more").await.stdout, r##"["feed", "#rust and", "more"]"##);
    let channel = client.channel().await;
    channel.exec(true, "cat").await.unwrap();
    channel.data(&b"from stdin"[..]).await.unwrap();
    channel.eof().await.unwrap();
    let ended = Ended::of(channel).await;
    assert_eq!((ended.stdout.as_str(), ended.code), ("from stdin", Some(0)));
    let channel = client.channel().await;
    channel.exec(true, "x".repeat(20_000)).await.unwrap();
    let (mut reading, _writing) = channel.split();
    assert!(matches!(soon("an answer", reading.wait()).await, Some(russh::ChannelMsg::Failure)));
}

#[tokio::test]
async fn an_address_may_have_a_limited_number_of_connections() {
    let fixture = SshFixture::with(SshTimeouts::default(), 2).await;
    let (first, _second) = (fixture.guest().await, fixture.guest().await);
    assert!(fixture.try_connect(client::Config::default()).await.is_err());
    drop(first);
    fixture.until("a connection is free", || fixture.gateway.connections.total() < 2).await;
    fixture.guest().await;
}

#[tokio::test]
async fn a_connection_within_the_process_counts_for_its_peer() {
    let fixture = SshFixture::with(SshTimeouts::default(), 2).await;
    let here = fixture.gateway.connector.for_peer("192.0.2.1".parse().unwrap());
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = here.connect();
        soon("the server's hello", stream.read_u32()).await.unwrap();
        held.push(stream);
    }
    assert_eq!(log_in_through(&here, None).await, "fatal RateLimited");
    let elsewhere = fixture.gateway.connector.for_peer("192.0.2.2".parse().unwrap());
    assert_eq!(log_in_through(&elsewhere, None).await, "Unauthenticated");
}

#[tokio::test]
async fn a_client_that_is_silent_or_does_not_speak_ssh_is_disconnected() {
    let timeouts = SshTimeouts { authenticate: Duration::from_millis(200), ..SshTimeouts::default() };
    let fixture = SshFixture::with(timeouts, 100).await;
    for says in [&b""[..], b"GET / HTTP/1.1\r\n\r\n", b"SSH-2.0-x\r\n", b"SSH-2.0-x\r\n\xff\xff\xff\xff"] {
        let mut stream = TcpStream::connect(fixture.address).await.unwrap();
        stream.write_all(says).await.unwrap();
        let mut heard = Vec::new();
        // Closed or reset: both are an end.
        let _ = soon("the connection ends", stream.read_to_end(&mut heard)).await;
    }
    // Also after a key exchange without authentication.
    let client = fixture.connect().await;
    fixture.until("it is closed", || client.session.is_closed()).await;
    fixture.until("every connection is closed", || fixture.gateway.connections.total() == 0).await;
}

#[tokio::test]
async fn garbage_in_the_handshake_has_no_effect_on_other_clients() {
    let fixture = SshFixture::new().await;
    let mut random = fastrand::Rng::with_seed(7);
    let mut byte = || random.u8(..);
    for _ in 0..60 {
        let mut stream = TcpStream::connect(fixture.address).await.unwrap();
        let payload: Vec<u8> = (0..=byte()).map(|_| byte()).collect();
        // In a packet of the protocol: length, padding, KEXINIT or a later message.
        let mut packet = u32::try_from(payload.len() + 2).unwrap().to_be_bytes().to_vec();
        packet.extend([byte() % 16, 20 + byte() % 12]);
        packet.extend(payload);
        let _ = stream.write_all(b"SSH-2.0-garbage\r\n").await;
        let _ = stream.write_all(&packet).await;
        let _ = stream.shutdown().await;
        let _ = soon("the connection ends", stream.read_to_end(&mut Vec::new())).await;
    }
    fixture.until("every connection is closed", || fixture.gateway.connections.total() == 0).await;
    assert_eq!(fixture.guest().await.run("exit 3").await.code, Some(3));
}

#[tokio::test]
async fn a_client_that_falls_silent_is_disconnected() {
    let timeouts = SshTimeouts {
        keepalive: Duration::from_millis(50),
        end: Duration::from_millis(50),
        ..SshTimeouts::default()
    };
    let fixture = SshFixture::with(timeouts, 100).await;
    let (near, mut far) = tokio::io::duplex(64 * 1024);
    let (address, freeze) = (fixture.address, std::sync::Arc::new(tokio::sync::Notify::new()));
    let frozen = freeze.clone();
    tokio::spawn(async move {
        let mut stream = TcpStream::connect(address).await.unwrap();
        tokio::select! {
            _ = tokio::io::copy_bidirectional(&mut far, &mut stream) => {}
            () = frozen.notified() => std::future::pending().await,
        }
    });
    let mut client = fixture.connect_over(near).await;
    assert!(client.enter_as_guest().await);
    let mut screen = client.terminal(80, 24).await;
    screen.shows("80x24").await;
    freeze.notify_one();
    fixture.until("the application ends", || fixture.app.running.load(Ordering::SeqCst) == 0).await;
    fixture.until("its connection is free", || fixture.gateway.connections.total() == 0).await;
}

#[tokio::test]
async fn a_client_without_a_channel_is_disconnected() {
    let timeouts = SshTimeouts { without_channel: Duration::from_millis(100), ..SshTimeouts::default() };
    let fixture = SshFixture::with(timeouts, 100).await;
    let client = fixture.guest().await;
    fixture.until("it is disconnected", || client.session.is_closed()).await;
}

#[tokio::test]
async fn a_terminal_without_input_is_closed_and_its_client_disconnected() {
    let timeouts = SshTimeouts { idle: Duration::from_millis(300), ..SshTimeouts::default() };
    let fixture = SshFixture::with(timeouts, 100).await;
    let client = fixture.guest().await;
    let mut screen = client.terminal(80, 24).await;
    screen.shows("80x24").await;
    screen.shows("bye;").await;
    screen.shows(&format!("{RESTORE}Disconnected after a long time without input.")).await;
    fixture.until("it is disconnected", || client.session.is_closed()).await;
}

#[tokio::test]
async fn the_terminal_is_restored_once_however_the_application_ends() {
    let fixture = SshFixture::new().await;
    let client = fixture.guest().await;
    // `q` leaves it as it is, `r` restores it, `p` panics.
    for keys in ["q", "r", "p"] {
        let mut screen = client.terminal(80, 24).await;
        screen.shows("80x24").await;
        screen.types(keys).await;
        let ended = screen.ends().await;
        assert_eq!(ended.stdout.matches(RESTORE).count(), 1, "{keys}: {ended:?}");
        if keys != "p" {
            assert!(ended.stdout.ends_with(RESTORE), "{keys}: {ended:?}");
        }
    }
}

#[tokio::test]
async fn applications_are_asked_to_end_when_the_server_stops_and_aborted_if_they_do_not() {
    let timeouts = SshTimeouts { end: Duration::from_millis(500), ..SshTimeouts::default() };
    let mut fixture = SshFixture::with(timeouts, 100).await;
    let serving = std::mem::replace(&mut fixture.serving, tokio::spawn(async {}));
    let ada = fixture.server.person("ada").await;
    fixture.bind(&ada, 1).await;
    let (polite, stubborn) = (fixture.with_key(1).await, fixture.guest().await);
    let (mut ends, mut stays) = (polite.terminal(80, 24).await, stubborn.terminal(80, 24).await);
    ends.shows("80x24").await;
    stays.shows("80x24").await;
    stays.types("s").await;
    fixture.stop.send_replace(true);
    ends.shows("bye;").await;
    // Also of the application that does not end.
    for screen in [&mut ends, &mut stays] {
        screen
            .shows(&format!(
                "{RESTORE}The server is shutting down. If it restarts, you can reconnect in a moment.\r\n"
            ))
            .await;
    }
    soon("the gateway ends", serving).await.unwrap();
    assert_eq!(fixture.app.running.load(Ordering::SeqCst), 0);
    assert_eq!(
        fixture.server.service.sessions(&ada.caller).await.unwrap().len(),
        1,
        "the session by ssh has ended"
    );
}

#[tokio::test]
async fn an_openssh_client_gets_its_output_and_exit_code() {
    let fixture = SshFixture::new().await;
    let ada = fixture.server.person("ada").await;
    let home = tempfile::tempdir().unwrap();
    let ssh = |identity: Option<&std::path::Path>, words: &[&str], input: Vec<u8>| {
        let mut command = tokio::process::Command::new("ssh");
        command.args(["-F", "none", "-T", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR"]);
        command.args(["-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o"]);
        command.arg(format!("UserKnownHostsFile={}", home.path().join("known_hosts").display()));
        match identity {
            Some(file) => command.arg("-i").arg(file),
            None => command.args(["-o", "IdentityFile=none"]),
        };
        command.args(["-p", &fixture.address.port().to_string(), "anyone@127.0.0.1"]).args(words);
        command.env_remove("SSH_AUTH_SOCK").kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        async move {
            let mut child = command.spawn().expect("ssh is installed");
            let mut stdin = child.stdin.take().unwrap();
            tokio::spawn(async move { stdin.write_all(&input).await });
            soon("ssh ends", child.wait_with_output()).await.unwrap()
        }
    };
    for kind in ["ed25519", "ecdsa", "rsa"] {
        let secret = home.path().join(kind);
        let mut keygen = tokio::process::Command::new("ssh-keygen");
        keygen.args(["-q", "-N", "", "-t", kind, "-b", if kind == "rsa" { "2048" } else { "256" }, "-f"]);
        assert!(keygen.arg(&secret).status().await.unwrap().success());
        let public = std::fs::read_to_string(secret.with_extension("pub")).unwrap();
        let name = model::SshKeyName::default();
        fixture.server.service.add_ssh_key(&ada.caller, None, &public, name, None).await.unwrap();
        let out = ssh(Some(&secret), &["who"], Vec::new()).await;
        assert_eq!(String::from_utf8_lossy(&out.stdout), "ada, token, no key", "{kind}: {out:?}");
        assert_eq!(out.status.code(), Some(0));
    }
    let out = ssh(None, &["who"], Vec::new()).await;
    assert_eq!(String::from_utf8_lossy(&out.stdout), "guest, no token, no key", "{out:?}");
    let out = ssh(None, &["exit", "7"], Vec::new()).await;
    assert_eq!((out.status.code(), out.stderr.as_slice()), (Some(7), &b"as you like"[..]), "{out:?}");
    // More than all windows and queues together, there and back.
    let much: Vec<u8> = (0..8 * 1024 * 1024_u32).map(|n| n.to_le_bytes()[n as usize % 3]).collect();
    let out = ssh(None, &["cat"], much.clone()).await;
    assert!(out.stdout == much && out.status.success(), "{} bytes came back", out.stdout.len());
}
