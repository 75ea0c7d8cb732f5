//! The baseline Redis, with the data model of its example application Retwis, which adds each post to the timelines of all
//! followers.
//!
//! The client is our own and implements only what is measured: a library would decide itself what is sent in one pipeline
//! and when a round ends, and that decides the result.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use bytes::{Buf as _, BytesMut};
use model::TweetText;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::drive::{Kind, Outcome};
use crate::error::Error;
use crate::mix::{Action, Mix};
use crate::network::Network;
use crate::process::{Process, free_port};

/// Tweets in each timeline, as many as in a home timeline in the memory of Mini-Tweet.
const TIMELINE: usize = 800;
const PAGE: usize = 20;

/// A temporary instance of Redis.
pub(crate) struct Redis {
    _process: Process,
    port: u16,
}

impl Redis {
    /// Starts an instance, loads accounts and tweets, and then turns on fsync for every write.
    pub(crate) async fn start(directory: &Path, network: &Network, tweets: usize) -> Result<Self, Error> {
        let port = free_port()?;
        let log = directory.join("redis.log");
        let mut command = Command::new("redis-server");
        command
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes"])
            .args(["--appendfsync", "no", "--daemonize", "no", "--maxclients", "10000"])
            .arg("--dir")
            .arg(directory)
            .stdout(std::fs::File::create(log)?);
        let redis = Self { _process: Process::start(&mut command)?, port };
        let mut connection = redis.connect_when_ready().await?;
        let followers = network.followers();
        for n in 0..network.accounts {
            connection.command(&["HSET", &format!("user:{n}"), "username", &format!("p{n}"), "name", "User"]);
        }
        connection.expect(network.accounts).await?;
        for n in 0..tweets {
            let author = n * 7_919 % network.accounts;
            connection.command(&["INCR", "next_post_id"]);
            let replies =
                connection.post(n + 1, author, &network.texts[n % network.texts.len()], &followers[author]);
            connection.expect(replies + 1).await?;
        }
        // From now on every write is synced before its response.
        connection.command(&["CONFIG", "SET", "appendfsync", "always"]);
        connection.expect(1).await?;
        Ok(redis)
    }

    async fn connect_when_ready(&self) -> Result<RedisConnection, Error> {
        for _ in 0..500 {
            if let Ok(connection) = self.connect().await {
                return Ok(connection);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Err("redis-server did not start".into())
    }

    async fn connect(&self) -> Result<RedisConnection, Error> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        stream.set_nodelay(true)?;
        Ok(RedisConnection { stream, incoming: BytesMut::new(), outgoing: BytesMut::new() })
    }

    /// Closed loop on one connection for each account, with `depth` requests sent together.
    pub(crate) async fn drive(
        &self,
        accounts: &[usize],
        depth: usize,
        length: Duration,
        network: &std::sync::Arc<Network>,
        mix: Mix,
    ) -> Result<Outcome, Error> {
        let followers = std::sync::Arc::new(network.followers());
        let start = Instant::now();
        let mut tasks = Vec::new();
        for &account in accounts {
            let mut connection = self.connect().await?;
            let (network, followers) = (network.clone(), followers.clone());
            let mut actions = mix.actions(account, network.accounts);
            tasks.push(tokio::spawn(async move {
                let mut outcome = Outcome::new()?;
                while start.elapsed() < length {
                    let actions: Vec<Action> = (0..depth).map(|_| actions.next_action()).collect();
                    let began = Instant::now();
                    connection.run_actions(account, &actions, &network, &followers).await?;
                    for action in &actions {
                        let kind = if *action == Action::ReadHome { Kind::Read } else { Kind::Write };
                        outcome.record(kind, began.elapsed());
                    }
                }
                outcome.took = start.elapsed();
                Ok::<_, Error>(outcome)
            }));
        }
        let mut outcome = Outcome::new()?;
        for task in tasks {
            outcome.add(&task.await??)?;
        }
        Ok(outcome)
    }
}

struct RedisConnection {
    stream: TcpStream,
    incoming: BytesMut,
    outgoing: BytesMut,
}

/// A reply of the Redis protocol.
enum Reply {
    Number(i64),
    Bytes(Vec<u8>),
    List(Vec<Reply>),
    Nothing,
}

impl RedisConnection {
    /// Runs actions together. Commands that depend on a reply are sent in the next round: a post takes two rounds (its
    /// number, then everything else), a timeline read three (the list, the tweets, the authors).
    async fn run_actions(
        &mut self,
        me: usize,
        actions: &[Action],
        network: &Network,
        followers: &[Vec<usize>],
    ) -> Result<(), Error> {
        for action in actions {
            match action {
                Action::ReadHome => {
                    self.command(&["LRANGE", &format!("timeline:{me}"), "0", &(PAGE - 1).to_string()]);
                }
                Action::Post(_) => self.command(&["INCR", "next_post_id"]),
                Action::Follow(other) => {
                    self.command(&["ZADD", &format!("followers:{other}"), "1", &me.to_string()]);
                }
                Action::Unfollow(other) => {
                    self.command(&["ZREM", &format!("followers:{other}"), &me.to_string()]);
                }
                Action::EditProfile => self.command(&["HSET", &format!("user:{me}"), "name", "User"]),
            }
        }
        let mut expected = 0;
        let mut timelines = Vec::new();
        for (action, reply) in actions.iter().zip(self.replies(actions.len()).await?) {
            match (action, reply) {
                (Action::ReadHome, Reply::List(ids)) => {
                    timelines.push((expected, ids.len()));
                    expected += ids.len();
                    for id in &ids {
                        let Reply::Bytes(id) = id else { return Err("redis: no id".into()) };
                        self.command(&["HGETALL", &format!("post:{}", String::from_utf8_lossy(id))]);
                    }
                }
                (Action::Post(text), Reply::Number(id)) => {
                    expected += self.post(
                        id as usize,
                        me,
                        &network.texts[*text % network.texts.len()],
                        &followers[me],
                    );
                }
                (Action::Follow(other), Reply::Number(_)) => {
                    self.command(&["ZADD", &format!("following:{me}"), "1", &other.to_string()]);
                    expected += 1;
                }
                (Action::Unfollow(other), Reply::Number(_)) => {
                    self.command(&["ZREM", &format!("following:{me}"), &other.to_string()]);
                    expected += 1;
                }
                (Action::EditProfile, Reply::Number(_)) => {}
                _ => return Err("redis: a reply of another type".into()),
            }
        }
        let tweets = self.replies(expected).await?;
        let mut expected = 0;
        for (start, length) in timelines {
            let mut authors = Vec::new();
            for tweet in &tweets[start..start + length] {
                let Reply::List(fields) = tweet else { return Err("redis: no tweet".into()) };
                let Some(Reply::Bytes(author)) = fields.get(1) else { return Err("redis: no author".into()) };
                if !authors.contains(&author) {
                    authors.push(author);
                }
            }
            for author in authors {
                let author = format!("user:{}", String::from_utf8_lossy(author));
                self.command(&["HMGET", &author, "username", "name"]);
                expected += 1;
            }
        }
        self.expect(expected).await
    }

    /// Queues the commands of a post; returns the number of replies.
    fn post(&mut self, id: usize, author: usize, text: &TweetText, followers: &[usize]) -> usize {
        let (id, author) = (id.to_string(), author.to_string());
        self.command(&["HSET", &format!("post:{id}"), "user_id", &author, "body", text.as_str()]);
        for reader in followers.iter().map(usize::to_string).chain([author.clone()]) {
            let timeline = format!("timeline:{reader}");
            self.command(&["LPUSH", &timeline, &id]);
            self.command(&["LTRIM", &timeline, "0", &(TIMELINE - 1).to_string()]);
        }
        3 + 2 * followers.len()
    }

    fn command(&mut self, words: &[&str]) {
        self.outgoing.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
        for word in words {
            self.outgoing.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
            self.outgoing.extend_from_slice(word.as_bytes());
            self.outgoing.extend_from_slice(b"\r\n");
        }
    }

    async fn expect(&mut self, count: usize) -> Result<(), Error> {
        self.replies(count).await.map(drop)
    }

    /// Sends the queued commands and reads this many replies.
    async fn replies(&mut self, count: usize) -> Result<Vec<Reply>, Error> {
        let mut replies = Vec::with_capacity(count);
        let (mut reader, mut writer) = self.stream.split();
        // Concurrently: with unread replies, Redis stops reading a long pipeline.
        let writing = async {
            writer.write_all_buf(&mut self.outgoing).await?;
            Ok::<_, Error>(())
        };
        let incoming = &mut self.incoming;
        let reading = async {
            while replies.len() < count {
                let mut at = 0;
                if let Some(reply) = parse(incoming, &mut at)? {
                    incoming.advance(at);
                    replies.push(reply);
                } else {
                    incoming.reserve(16 * 1024);
                    if reader.read_buf(incoming).await? == 0 {
                        return Err("redis closed a connection".into());
                    }
                }
            }
            Ok(())
        };
        let (written, read) = tokio::join!(writing, reading);
        written.and(read).map(|()| replies)
    }
}

/// Parses the reply at this offset; `None` if it is incomplete.
fn parse(bytes: &[u8], at: &mut usize) -> Result<Option<Reply>, Error> {
    let Some(rest) = bytes.get(*at..) else { return Ok(None) };
    let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n") else { return Ok(None) };
    let line = std::str::from_utf8(&rest[..end])?;
    *at += end + 2;
    let (kind, text) = line.split_at_checked(1).ok_or("redis: an empty reply")?;
    match kind {
        "+" => Ok(Some(Reply::Nothing)),
        ":" => Ok(Some(Reply::Number(text.parse()?))),
        "$" => {
            let Ok(length) = usize::try_from(text.parse::<i64>()?) else { return Ok(Some(Reply::Nothing)) };
            let Some(value) = bytes.get(*at..*at + length) else { return Ok(None) };
            if bytes.len() < *at + length + 2 {
                return Ok(None);
            }
            *at += length + 2;
            Ok(Some(Reply::Bytes(value.to_vec())))
        }
        "*" => {
            let mut list = Vec::new();
            for _ in 0..text.parse::<usize>()? {
                let Some(reply) = parse(bytes, at)? else { return Ok(None) };
                list.push(reply);
            }
            Ok(Some(Reply::List(list)))
        }
        _ => Err(format!("redis: {line}").into()),
    }
}
