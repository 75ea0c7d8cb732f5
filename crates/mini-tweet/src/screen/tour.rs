//! The tour: a server inside this process with sample accounts that post, in a temporary directory.

use std::path::PathBuf;
use std::time::Duration;

use client::{Client, Endpoint, Options, Profile, Token};
use protocol::v1;
use server::config::{Config, Sources};
use server::run::Extras;
use tokio::sync::oneshot;
use tokio::time::sleep;

const PASSWORD: &str = "a password for the tour";
/// Interval between live tweets during the tour.
const TWEET_INTERVAL: Duration = Duration::from_secs(12);

/// Sample accounts: username and display name. The first is the user's own.
const ACCOUNTS: [(&str, &str); 5] = [
    ("you", "A guest"),
    ("maren", "Maren, harbour pilot"),
    ("tomas", "Tomáš 🎺"),
    ("aiko", "愛子"),
    ("okello", "Okello keeps bees"),
];
/// Tweets from before the tour: index of the author and text.
const EARLIER_TWEETS: [(usize, &str); 10] = [
    (4, "First frost. The hives are wrapped and the bees are humming in F sharp. #bees"),
    (1, "Fog until ten, then the whole bay at once, like a curtain. #harbour"),
    (3, "今日は港で写真を撮りました。霧がとてもきれい #harbour #写真"),
    (2, "Rehearsal tonight at seven. Bring your own chair, the last ones are still on the boat."),
    (1, "If you painted the whale on breakwater 3: the whale stays. #harbour"),
    (4, "Honey for the band if the band plays where the bees can hear it. #bees"),
    (2, "@okello deal. We know one song in F sharp. #bees"),
    (3, "The whale looks happiest from the ferry https://example.org/whale #harbour"),
    (
        1,
        "New here? The newest tweet is on top. Press j to go down, Enter to open a tweet, ? for all shortcuts.",
    ),
    (4, "And f likes, b retweets, r replies. u undoes any of it."),
];
/// Tweets during the tour, in a cycle.
const LIVE_TWEETS: [(usize, &str); 6] = [
    (2, "That was me, dropping a trombone. All is well."),
    (3, "フェリーが出ました 🚢 #harbour"),
    (1, "Three knots from the west. Hats on. #harbour"),
    (4, "The queen is in. #bees"),
    (2, "New setlist: whale song, bee song, whale song again."),
    (1, "@you press r to reply to me. C opens a chat, just for the two of us."),
];

/// Data directory of the tour's server, deleted when dropped.
#[derive(Debug)]
pub(super) struct Directory(PathBuf);

impl Drop for Directory {
    fn drop(&mut self) {
        // Best effort: it is a directory for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Starts the server and returns the user's profile and the data directory.
pub(super) async fn begin() -> Result<(Profile, Directory), String> {
    let directory = Directory(std::env::temp_dir().join(format!("mini-tweet-tour-{}", std::process::id())));
    let config = configuration(&directory)?;
    let (ready, bound) = oneshot::channel();
    let extras = Extras { ready: Some(ready), ..Extras::default() };
    tokio::spawn(async move {
        // It ends with the process, so there is no result to report.
        let _ = server::run::serve(config, std::future::pending(), extras).await;
    });
    let bound = bound.await.map_err(|_| "The server of the tour did not start.".to_owned())?;
    let server = bound.address.to_string();
    let endpoint = Endpoint::parse(&server).map_err(|error| error.to_string())?;
    let mut options = Options::new(endpoint, directory.0.join("known_hosts"));
    options.insecure = true;
    let profile = populate(options, server).await;
    Ok((profile.map_err(|error| format!("The tour could not start: {error}"))?, directory))
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
    for (username, name) in ACCOUNTS {
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
    for (index, client) in people.iter().enumerate() {
        for (other, (username, _)) in ACCOUNTS.iter().enumerate() {
            if index != other {
                client.ask(v1::Follow { username: (*username).into() }).await?;
            }
        }
    }
    let mut last = 0;
    for (who, text) in EARLIER_TWEETS {
        let Some(client) = people.get(who) else { continue };
        let reply_to = if text.starts_with("@okello") { last } else { 0 };
        let done = client.ask(v1::Post { text: text.into(), reply_to, ..v1::Post::default() }).await?;
        last = done.id;
    }
    if let Some(maren) = people.get(1) {
        maren
            .ask(v1::SendMessage { username: "you".into(), text: "Welcome! Only you can read this.".into() })
            .await?;
    }
    tokio::spawn(post_live(people));
    Ok(Profile { server, username: "you".into(), token })
}

/// Keeps the sample accounts online and posts live tweets, up to a limit.
async fn post_live(people: Vec<Client>) {
    let mut online = Vec::new();
    for client in people.iter().skip(1) {
        if let Ok(subscription) = client.subscribe(v1::subscribe::Topic::Home(v1::HomeTopic {}), None).await {
            online.push(subscription);
        }
    }
    for (who, text) in LIVE_TWEETS.iter().cycle().take(60) {
        sleep(TWEET_INTERVAL).await;
        let Some(client) = people.get(*who) else { continue };
        // Best effort: the tour works without further tweets.
        let _ = client.ask(v1::Post { text: (*text).into(), ..v1::Post::default() }).await;
    }
}
