//! A yardstick: Redis with the data model of its well-known example Retwis, which writes each post into the
//! timelines of all followers. Only what is measured is spoken of its protocol, with as little work as can be.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use bytes::{Buf as _, BytesMut};
use model::TweetText;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::Error;
use crate::drive::{Kind, Outcome};
use crate::mix::{Act, Mix};
use crate::network::Network;
use crate::process::{Process, free_port};

/// Tweets kept in each timeline, as many as in a window of ours.
const TIMELINE: usize = 800;
const FEED: usize = 20;

/// A throw-away Redis.
pub(crate) struct Redis {
    _process: Process,
    port: u16,
}

impl Redis {
    /// Starts one that answers a write after it is on the disk, and loads people and tweets.
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
        let mut link = redis.connect_patiently().await?;
        let followers = network.followers();
        for n in 0..network.people {
            link.command(&["HSET", &format!("user:{n}"), "username", &format!("p{n}"), "name", "Person"]);
        }
        link.expect(network.people).await?;
        for n in 0..tweets {
            let author = n * 7_919 % network.people;
            link.command(&["INCR", "next_post_id"]);
            let replies =
                link.post(n + 1, author, &network.texts[n % network.texts.len()], &followers[author]);
            link.expect(replies + 1).await?;
        }
        // From here on every write is on the disk before its answer.
        link.command(&["CONFIG", "SET", "appendfsync", "always"]);
        link.expect(1).await?;
        Ok(redis)
    }

    async fn connect_patiently(&self) -> Result<RedisLink, Error> {
        for _ in 0..500 {
            if let Ok(link) = self.connect().await {
                return Ok(link);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Err("redis-server did not start".into())
    }

    async fn connect(&self) -> Result<RedisLink, Error> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        stream.set_nodelay(true)?;
        Ok(RedisLink { stream, incoming: BytesMut::new(), outgoing: BytesMut::new() })
    }

    /// Closed loop on these people's connections, `depth` requests sent together on each.
    pub(crate) async fn drive(
        &self,
        people: &[usize],
        depth: usize,
        length: Duration,
        network: &std::sync::Arc<Network>,
        mix: Mix,
    ) -> Result<Outcome, Error> {
        let followers = std::sync::Arc::new(network.followers());
        let start = Instant::now();
        let mut tasks = Vec::new();
        for &person in people {
            let mut link = self.connect().await?;
            let (network, followers) = (network.clone(), followers.clone());
            let mut acts = mix.acts(person, network.people);
            tasks.push(tokio::spawn(async move {
                let mut outcome = Outcome::new()?;
                while start.elapsed() < length {
                    let acts: Vec<Act> = (0..depth).map(|_| acts.next_act()).collect();
                    let began = Instant::now();
                    link.carry_out(person, &acts, &network, &followers).await?;
                    for act in &acts {
                        let kind = if *act == Act::Feed { Kind::Read } else { Kind::Write };
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

struct RedisLink {
    stream: TcpStream,
    incoming: BytesMut,
    outgoing: BytesMut,
}

/// An answer.
enum Reply {
    Number(i64),
    Bytes(Vec<u8>),
    List(Vec<Reply>),
    Nothing,
}

impl RedisLink {
    /// What depends on an answer goes in the next round, everything else together: a post takes two rounds
    /// (its number, then all of it), a feed three (the list, the tweets, the authors).
    async fn carry_out(
        &mut self,
        me: usize,
        acts: &[Act],
        network: &Network,
        followers: &[Vec<usize>],
    ) -> Result<(), Error> {
        for act in acts {
            match act {
                Act::Feed => {
                    self.command(&["LRANGE", &format!("timeline:{me}"), "0", &(FEED - 1).to_string()]);
                }
                Act::Post(_) => self.command(&["INCR", "next_post_id"]),
                Act::Follow(other) => {
                    self.command(&["ZADD", &format!("followers:{other}"), "1", &me.to_string()]);
                }
                Act::Unfollow(other) => {
                    self.command(&["ZREM", &format!("followers:{other}"), &me.to_string()]);
                }
                Act::EditProfile => self.command(&["HSET", &format!("user:{me}"), "name", "Person"]),
            }
        }
        let mut expected = 0;
        let mut feeds = Vec::new();
        for (act, reply) in acts.iter().zip(self.replies(acts.len()).await?) {
            match (act, reply) {
                (Act::Feed, Reply::List(ids)) => {
                    feeds.push((expected, ids.len()));
                    expected += ids.len();
                    for id in &ids {
                        let Reply::Bytes(id) = id else { return Err("redis: no id".into()) };
                        self.command(&["HGETALL", &format!("post:{}", String::from_utf8_lossy(id))]);
                    }
                }
                (Act::Post(text), Reply::Number(id)) => {
                    expected += self.post(
                        id as usize,
                        me,
                        &network.texts[*text % network.texts.len()],
                        &followers[me],
                    );
                }
                (Act::Follow(other), Reply::Number(_)) => {
                    self.command(&["ZADD", &format!("following:{me}"), "1", &other.to_string()]);
                    expected += 1;
                }
                (Act::Unfollow(other), Reply::Number(_)) => {
                    self.command(&["ZREM", &format!("following:{me}"), &other.to_string()]);
                    expected += 1;
                }
                (Act::EditProfile, Reply::Number(_)) => {}
                _ => return Err("redis: an answer of another kind".into()),
            }
        }
        let tweets = self.replies(expected).await?;
        let mut expected = 0;
        for (start, length) in feeds {
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

    /// Queues a post but for its number; returns how many answers come.
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

    /// Sends what waits and reads so many answers.
    async fn replies(&mut self, count: usize) -> Result<Vec<Reply>, Error> {
        let mut replies = Vec::with_capacity(count);
        let (mut reader, mut writer) = self.stream.split();
        // Both at once: an answer that nobody reads would stop a long pipeline.
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

/// A whole answer from this place on; `None` until all of it is here.
fn parse(bytes: &[u8], at: &mut usize) -> Result<Option<Reply>, Error> {
    let Some(rest) = bytes.get(*at..) else { return Ok(None) };
    let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n") else { return Ok(None) };
    let line = std::str::from_utf8(&rest[..end])?;
    *at += end + 2;
    let (kind, text) = line.split_at_checked(1).ok_or("redis: an empty answer")?;
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
