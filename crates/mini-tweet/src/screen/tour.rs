//! The tour: a server inside this process with a few invented people who talk, in a directory that goes with it.

use std::path::PathBuf;
use std::time::Duration;

use client::{Client, Endpoint, Options, Profile, Token};
use protocol::v1;
use server::config::{Config, Sources};
use server::run::Extras;
use tokio::sync::oneshot;
use tokio::time::sleep;

const PASSWORD: &str = "a walk through town";
/// Between two things that somebody says while one looks around.
const TALK: Duration = Duration::from_secs(12);

/// Who lives there, and what they have said before one comes: the first is the visitor.
const PEOPLE: [(&str, &str); 5] = [
    ("you", "A visitor"),
    ("maren", "Maren, harbour pilot"),
    ("tomas", "Tomáš 🎺"),
    ("aiko", "愛子"),
    ("okello", "Okello keeps bees"),
];
const SAID: [(usize, &str); 10] = [
    (4, "First frost. The hives are wrapped and the bees are humming in F sharp. #bees"),
    (1, "Fog until ten, then the whole bay at once, like a curtain. #harbour"),
    (3, "今日は港で写真を撮りました。霧がとてもきれい #harbour #写真"),
    (2, "Rehearsal tonight at seven. Bring your own chair, the last ones are still on the boat."),
    (1, "To whoever painted a whale on breakwater 3: the whale stays. #harbour"),
    (4, "Honey for the band if the band plays where the bees can hear it. #bees"),
    (2, "@okello deal. We know one song in F sharp. #bees"),
    (3, "The whale looks happiest from the ferry https://example.org/whale #harbour"),
    (
        1,
        "Everybody here reads from the top. Press j to go down, Enter to open, ? to see what else you can do.",
    ),
    (4, "And f likes, b retweets, r answers. u takes everything back."),
];
const WHILE_YOU_LOOK: [(usize, &str); 6] = [
    (2, "That was me, dropping a trombone. All is well."),
    (3, "フェリーが出ました 🚢 #harbour"),
    (1, "Three knots from the west. Hats on. #harbour"),
    (4, "The queen is in. #bees"),
    (2, "New setlist: whale song, bee song, whale song again."),
    (1, "@you you can answer me with r. C writes to me alone."),
];

/// Where the tour's server keeps what is said; gone with it.
#[derive(Debug)]
pub(super) struct Directory(PathBuf);

impl Drop for Directory {
    fn drop(&mut self) {
        // What is left in a directory for temporary files is nobody's loss.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Starts it; who one is there, and where it lives.
pub(super) async fn begin() -> Result<(Profile, Directory), String> {
    let directory = Directory(std::env::temp_dir().join(format!("mini-tweet-tour-{}", std::process::id())));
    let config = configuration(&directory)?;
    let (ready, bound) = oneshot::channel();
    let extras = Extras { ready: Some(ready), ..Extras::default() };
    tokio::spawn(async move {
        // It ends with the process.
        let _ = server::run::serve(config, std::future::pending(), extras).await;
    });
    let bound = bound.await.map_err(|_| "the tour's server did not start".to_owned())?;
    let server = bound.address.to_string();
    let endpoint = Endpoint::parse(&server).map_err(|error| error.to_string())?;
    let mut options = Options::new(endpoint, directory.0.join("known_hosts"));
    options.insecure = true;
    let profile = populate(options, server).await;
    Ok((profile.map_err(|error| format!("the tour could not begin: {error}"))?, directory))
}

fn configuration(directory: &Directory) -> Result<Config, String> {
    let flags = [
        ("listen", "127.0.0.1:0".to_owned()),
        ("data_dir", directory.0.display().to_string()),
        ("insecure", "true".to_owned()),
        ("limits.sign_ups_per_address", "0".to_owned()),
        ("limits.new_account_posts", "0".to_owned()),
    ];
    let flags = flags.map(|(name, value)| (name.to_owned(), value));
    let nothing = |_: &str| None;
    let sources = Sources { file: None, environment: &nothing, flags: &flags };
    Config::load(&sources).map_err(|error| error.to_string())
}

async fn populate(options: Options, server: String) -> Result<Profile, client::ClientError> {
    let mut people = Vec::new();
    let mut token = None;
    for (username, name) in PEOPLE {
        let client = Client::connect(options.clone()).await?;
        let sign_up = v1::SignUp {
            username: username.into(),
            display_name: name.into(),
            password: PASSWORD.into(),
            invite_code: String::new(),
        };
        let logged_in = client.sign_up(sign_up).await?;
        token.get_or_insert(Token::from_bytes(logged_in.token));
        people.push(client);
    }
    for (place, client) in people.iter().enumerate() {
        for (other, (username, _)) in PEOPLE.iter().enumerate() {
            if place != other {
                client.ask(v1::Follow { username: (*username).into() }).await?;
            }
        }
    }
    let mut last = 0;
    for (who, text) in SAID {
        let Some(client) = people.get(who) else { continue };
        let reply_to = if text.starts_with("@okello") { last } else { 0 };
        let done = client.ask(v1::Post { text: text.into(), reply_to, ..v1::Post::default() }).await?;
        last = done.id;
    }
    if let Some(maren) = people.get(1) {
        maren
            .ask(v1::SendMessage { username: "you".into(), text: "Welcome! This is only for you.".into() })
            .await?;
    }
    tokio::spawn(talk(people));
    Ok(Profile { server, username: "you".into(), token, last: None })
}

/// People go on talking, are there, and fall silent in the end.
async fn talk(people: Vec<Client>) {
    let mut there = Vec::new();
    for client in people.iter().skip(1) {
        if let Ok(subscription) = client.subscribe(v1::subscribe::Topic::Home(v1::HomeTopic {}), None).await {
            there.push(subscription);
        }
    }
    for (who, text) in WHILE_YOU_LOOK.iter().cycle().take(60) {
        sleep(TALK).await;
        let Some(client) = people.get(*who) else { continue };
        // A town that falls silent is no fault of the visitor.
        let _ = client.ask(v1::Post { text: (*text).into(), ..v1::Post::default() }).await;
    }
}
