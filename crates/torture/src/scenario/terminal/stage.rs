//! A network in which every text that others can set has a mark: somebody who reads, and a crowd that writes.

use std::path::Path;
use std::process::Command;

use client::Client;
use protocol::v1;
use tempfile::TempDir;

use super::hostile::{NAME, TEXT};
use crate::Error;
use crate::person::{PASSWORD, Person, post};
use crate::server::{Launch, Server, private_directory};

const CROWD: usize = 20;
const SESSIONS: usize = 12;
const KEYS: usize = 5;

/// Somebody who reads, `reader`, and what there is to read.
pub(super) struct Stage {
    pub(super) directory: TempDir,
    pub(super) server: Server,
    pub(super) reader: Person,
    pub(super) crowd: Vec<Person>,
    /// A tweet with answers, quotes and versions.
    pub(super) tweet: u64,
    /// Names of the kinds of texts, by the number of their marks.
    pub(super) kinds: Vec<&'static str>,
}

impl Stage {
    pub(super) async fn set(program: &Path) -> Result<Self, Error> {
        let directory = private_directory()?;
        let mut marks = Marks::default();
        let launch = Launch::new(program, &directory.path().join("data"))
            .argument("--insecure")
            .with("MINI_TWEET_LIMITS_STRANGER_MENTIONS", "0")
            .with("MINI_TWEET_SERVER_NAME", marks.next("server's name"));
        let server = launch.start().await?;
        let out = launch.operator(&["admin", "announce", &marks.next("announcement")])?;
        if !out.status.success() {
            return Err(String::from_utf8_lossy(&out.stderr).into_owned().into());
        }
        let reader = Person::sign_up(&server, "reader").await?;
        let mut crowd = Vec::new();
        for _ in 0..CROWD {
            let name = marks.next("username").replace(TEXT, NAME);
            crowd.push(Person::sign_up(&server, &name).await?);
        }
        let mut stage = Self { directory, server, reader, crowd, tweet: 0, kinds: Vec::new() };
        stage.write(&mut marks).await?;
        stage.sign_in_often(&mut marks).await?;
        stage.add_keys(&mut marks).await?;
        stage.kinds = marks.0;
        Ok(stage)
    }

    async fn write(&mut self, marks: &mut Marks) -> Result<(), Error> {
        let reader = &self.reader;
        reader.client.ask(profile(marks)).await?;
        let own = reader.post(&marks.next("tweet")).await?;
        for person in &self.crowd {
            let client = &person.client;
            client.ask(profile(marks)).await?;
            reader.follow(&person.name, true).await?;
            person.follow(&reader.name, true).await?;
            let text =
                format!("{} and #{}\n{}", marks.next("tweet"), marks.next("hashtag"), marks.next("tweet"));
            let id = person.post(&text).await?;
            self.tweet = if self.tweet == 0 { id } else { self.tweet };
            let answer = v1::Post { reply_to: self.tweet, ..post(&marks.next("answer")) };
            client.ask(answer).await?;
            client.ask(v1::Post { quote_of: own, ..post(&marks.next("quote")) }).await?;
            client.ask(v1::Retweet { tweet_id: own }).await?;
            client.ask(v1::Like { tweet_id: own }).await?;
            person.post(&format!("@reader {}", marks.next("mention"))).await?;
            person.message("reader", &marks.next("direct message")).await?;
            reader.client.ask(v1::Like { tweet_id: id }).await?;
            reader.client.ask(v1::Bookmark { tweet_id: id }).await?;
        }
        for _ in 0..CROWD {
            let text = marks.next("version of a tweet");
            self.crowd[0].client.ask(v1::EditTweet { tweet_id: self.tweet, text }).await?;
            self.crowd[0].message("reader", &marks.next("direct message")).await?;
        }
        for person in &self.crowd[CROWD - 3..] {
            reader.client.ask(v1::Mute { username: person.name.clone() }).await?;
        }
        for person in &self.crowd[CROWD - 6..CROWD - 3] {
            reader.client.ask(v1::Block { username: person.name.clone() }).await?;
        }
        Ok(())
    }

    async fn sign_in_often(&self, marks: &mut Marks) -> Result<(), Error> {
        for _ in 0..SESSIONS {
            let mut options = self.server.options()?;
            options.client_name = marks.next("client's name");
            let log_in = v1::LogIn { username: "reader".to_owned(), password: PASSWORD.to_owned() };
            Client::connect(options).await?.log_in(log_in).await?;
        }
        Ok(())
    }

    async fn add_keys(&self, marks: &mut Marks) -> Result<(), Error> {
        for n in 0..KEYS {
            let file = self.directory.path().join(format!("key{n}"));
            let mut make = Command::new("ssh-keygen");
            make.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&file);
            if !make.status()?.success() {
                return Err("ssh-keygen failed".into());
            }
            let public_key = std::fs::read_to_string(file.with_extension("pub"))?;
            let name = marks.next("ssh key's name");
            self.reader.client.ask(v1::AddSshKey { public_key, name }).await?;
        }
        Ok(())
    }

    /// What comes to somebody who is there: one of each kind, from several people.
    pub(super) async fn stir(&self) -> Result<(), Error> {
        for (n, person) in self.crowd.iter().take(6).enumerate() {
            person.post(&format!("@reader {TEXT}{:03} #{TEXT}{:03}", 940 + n, 950 + n)).await?;
            person.message("reader", &format!("{TEXT}{:03}", 960 + n)).await?;
            let username = "reader".to_owned();
            person.client.ask(v1::Typing { username }).await?;
        }
        Ok(())
    }

    /// What kind of text has this mark.
    pub(super) fn kind(&self, mark: usize) -> &'static str {
        match mark {
            900..=902 => "server's hello",
            903..=905 => "error",
            906 => "server's version",
            910..=919 => "ssh key's fingerprint",
            940..=949 => "live tweet",
            950..=959 => "live hashtag",
            960..=969 => "live message",
            _ => self.kinds.get(mark).copied().unwrap_or("text"),
        }
    }
}

fn profile(marks: &mut Marks) -> v1::EditProfile {
    v1::EditProfile {
        display_name: Some(marks.next("display name")),
        bio: Some(marks.next("bio")),
        presence_hidden: None,
    }
}

/// Kinds of texts by number.
#[derive(Debug, Default)]
struct Marks(Vec<&'static str>);

impl Marks {
    /// A new mark, for a text of this kind.
    fn next(&mut self, kind: &'static str) -> String {
        self.0.push(kind);
        format!("{TEXT}{:03}", self.0.len() - 1)
    }
}
