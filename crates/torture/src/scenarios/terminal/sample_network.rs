//! A server with sample data in which every text that others can set is a marker: one reader and many writers.

use std::path::Path;
use std::process::Command;

use client::Client;
use protocol::v1;
use tempfile::TempDir;

use super::hostile_proxy::{TEXT_MARKER, USERNAME_MARKER};
use crate::error::Error;
use crate::server::{Launch, Server, private_directory};
use crate::user::{PASSWORD, User, post};

const WRITERS: usize = 20;
/// Sessions of the reader, each with its own client name.
const SESSIONS: usize = 12;
const SSH_KEYS: usize = 5;

/// The server, the account `reader`, and what it can read.
pub(super) struct SampleNetwork {
    pub(super) directory: TempDir,
    pub(super) server: Server,
    pub(super) reader: User,
    pub(super) writers: Vec<User>,
    /// A tweet with replies, quotes and earlier versions.
    pub(super) tweet: u64,
    /// A hashtag of all writers: only a hashtag of several accounts becomes a trend.
    pub(super) trend: String,
    /// Kinds of texts, by the number of their marker.
    pub(super) kinds: Vec<&'static str>,
}

impl SampleNetwork {
    pub(super) async fn start(program: &Path) -> Result<Self, Error> {
        let directory = private_directory()?;
        let mut markers = Markers::default();
        let launch = Launch::new(program, &directory.path().join("data"))
            .argument("--insecure")
            .with("MINI_TWEET_LIMITS_STRANGER_MENTIONS", "0")
            .with("MINI_TWEET_SERVER_NAME", markers.next("server's name"));
        let server = launch.start().await?;
        let out = launch.operator(&["admin", "announce", &markers.next("announcement")])?;
        if !out.status.success() {
            return Err(String::from_utf8_lossy(&out.stderr).into_owned().into());
        }
        let reader = User::sign_up(&server, "reader").await?;
        let mut writers = Vec::new();
        for _ in 0..WRITERS {
            let name = markers.next("username").replace(TEXT_MARKER, USERNAME_MARKER);
            writers.push(User::sign_up(&server, &name).await?);
        }
        let mut sample = Self {
            directory,
            server,
            reader,
            writers,
            tweet: 0,
            trend: markers.next("trending hashtag"),
            kinds: Vec::new(),
        };
        sample.write(&mut markers).await?;
        sample.add_sessions(&mut markers).await?;
        sample.add_ssh_keys(&mut markers).await?;
        sample.kinds = markers.0;
        Ok(sample)
    }

    async fn write(&mut self, markers: &mut Markers) -> Result<(), Error> {
        let reader = &self.reader;
        reader.client.ask(profile(markers)).await?;
        let own = reader.post(&markers.next("tweet")).await?;
        let trend = &self.trend;
        for user in &self.writers {
            let client = &user.client;
            client.ask(profile(markers)).await?;
            reader.follow(&user.name, true).await?;
            user.follow(&reader.name, true).await?;
            let (first, hashtag, second) =
                (markers.next("tweet"), markers.next("hashtag"), markers.next("tweet"));
            let text = format!("{first} #{hashtag} #{trend}\n{second}");
            let id = user.post(&text).await?;
            self.tweet = if self.tweet == 0 { id } else { self.tweet };
            let reply = v1::Post { reply_to: self.tweet, ..post(&markers.next("reply")) };
            client.ask(reply).await?;
            client.ask(v1::Post { quote_of: own, ..post(&markers.next("quote")) }).await?;
            client.ask(v1::Retweet { tweet_id: own }).await?;
            client.ask(v1::Like { tweet_id: own }).await?;
            user.post(&format!("@reader {}", markers.next("mention"))).await?;
            user.message("reader", &markers.next("direct message")).await?;
            reader.client.ask(v1::Like { tweet_id: id }).await?;
            reader.client.ask(v1::Bookmark { tweet_id: id }).await?;
        }
        for _ in 0..WRITERS {
            let text = markers.next("version of a tweet");
            self.writers[0].client.ask(v1::EditTweet { tweet_id: self.tweet, text }).await?;
            self.writers[0].message("reader", &markers.next("direct message")).await?;
        }
        for user in &self.writers[WRITERS - 3..] {
            reader.client.ask(v1::Mute { username: user.name.clone() }).await?;
        }
        for user in &self.writers[WRITERS - 6..WRITERS - 3] {
            reader.client.ask(v1::Block { username: user.name.clone() }).await?;
        }
        Ok(())
    }

    async fn add_sessions(&self, markers: &mut Markers) -> Result<(), Error> {
        for _ in 0..SESSIONS {
            let mut options = self.server.options()?;
            options.client_name = markers.next("client's name");
            let log_in = v1::LogIn { username: "reader".to_owned(), password: PASSWORD.to_owned() };
            Client::connect(options).await?.log_in(log_in).await?;
        }
        Ok(())
    }

    async fn add_ssh_keys(&self, markers: &mut Markers) -> Result<(), Error> {
        for n in 0..SSH_KEYS {
            let file = self.directory.path().join(format!("key{n}"));
            let mut make = Command::new("ssh-keygen");
            make.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&file);
            if !make.status()?.success() {
                return Err("ssh-keygen failed".into());
            }
            let public_key = std::fs::read_to_string(file.with_extension("pub"))?;
            let name = markers.next("ssh key's name");
            self.reader.client.ask(v1::AddSshKey { public_key, name, ..v1::AddSshKey::default() }).await?;
        }
        Ok(())
    }

    /// Sends the online reader live events of each kind, from several users.
    pub(super) async fn send_live_events(&self) -> Result<(), Error> {
        for (n, user) in self.writers.iter().take(6).enumerate() {
            user.post(&format!("@reader {TEXT_MARKER}{:03} #{TEXT_MARKER}{:03}", 940 + n, 950 + n)).await?;
            user.message("reader", &format!("{TEXT_MARKER}{:03}", 960 + n)).await?;
            let username = "reader".to_owned();
            user.client.ask(v1::Typing { username }).await?;
        }
        Ok(())
    }

    /// Kind of the text with this marker.
    pub(super) fn kind(&self, marker: usize) -> &'static str {
        match marker {
            900..=902 => "server's hello",
            903..=905 => "error",
            906 => "server's version",
            910..=919 => "ssh key's fingerprint",
            940..=949 => "live tweet",
            950..=959 => "live hashtag",
            960..=969 => "live message",
            _ => self.kinds.get(marker).copied().unwrap_or("text"),
        }
    }
}

fn profile(markers: &mut Markers) -> v1::EditProfile {
    v1::EditProfile {
        display_name: Some(markers.next("display name")),
        bio: Some(markers.next("bio")),
        presence_hidden: None,
    }
}

/// Assigns numbers to markers and remembers their kinds.
#[derive(Debug, Default)]
struct Markers(Vec<&'static str>);

impl Markers {
    /// A new marker, for a text of this kind.
    fn next(&mut self, kind: &'static str) -> String {
        self.0.push(kind);
        format!("{TEXT_MARKER}{:03}", self.0.len() - 1)
    }
}
