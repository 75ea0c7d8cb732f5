//! A signed-in user with their own client, which reconnects by itself.

use client::{Client, ClientError, Token};
use protocol::v1;

use crate::error::Error;
use crate::server::Server;

/// The password of all users.
pub(crate) const PASSWORD: &str = "correct horse 9";

/// An account with an open session.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) name: String,
    /// Identifier in the database.
    pub(crate) account: u64,
    pub(crate) client: Client,
    pub(crate) token: Token,
}

impl User {
    /// Creates an account on this server.
    pub(crate) async fn sign_up(server: &Server, name: &str) -> Result<Self, Error> {
        Self::sign_up_with(server.options()?, name).await
    }

    /// The same with these options.
    pub(crate) async fn sign_up_with(options: client::Options, name: &str) -> Result<Self, Error> {
        let client = Client::connect(options).await?;
        let session = client
            .sign_up(v1::SignUp {
                username: name.to_owned(),
                display_name: String::new(),
                password: PASSWORD.to_owned(),
                invite_code: String::new(),
            })
            .await?;
        let account =
            session.profile.and_then(|profile| profile.account).ok_or("an account without a profile")?.id;
        Ok(Self { name: name.to_owned(), account, client, token: Token::from_bytes(session.token) })
    }

    /// The same session on a new connection.
    pub(crate) async fn reconnect(&self, mut options: client::Options) -> Result<Self, Error> {
        options.token = Some(self.token.clone());
        Ok(Self { client: Client::connect(options).await?, ..self.clone() })
    }

    /// Posts a public tweet; returns its identifier.
    pub(crate) async fn post(&self, text: &str) -> Result<u64, ClientError> {
        Ok(self.client.ask(post(text)).await?.id)
    }

    pub(crate) async fn read_home(&self) -> Result<v1::TweetPage, ClientError> {
        let timeline = Some(v1::read_timeline::Timeline::Home(v1::Home {}));
        self.client.ask(v1::ReadTimeline { timeline, page: None }).await
    }

    pub(crate) async fn follow(&self, username: &str, on: bool) -> Result<(), ClientError> {
        let username = username.to_owned();
        if on {
            self.client.ask(v1::Follow { username }).await.map(drop)
        } else {
            self.client.ask(v1::Unfollow { username }).await.map(drop)
        }
    }

    /// Sends a direct message; returns its identifier.
    pub(crate) async fn message(&self, username: &str, text: &str) -> Result<u64, ClientError> {
        let message = v1::SendMessage { username: username.to_owned(), text: text.to_owned() };
        Ok(self.client.ask(message).await?.message_id)
    }
}

/// A request for a public tweet with this text.
pub(crate) fn post(text: &str) -> v1::Post {
    v1::Post { text: text.to_owned(), ..v1::Post::default() }
}

/// Signs up this many users: `p0`, `p1` and so on.
pub(crate) async fn sign_up_users(server: &Server, how_many: usize) -> Result<Vec<User>, Error> {
    let mut users = Vec::with_capacity(how_many);
    for n in 0..how_many {
        users.push(User::sign_up(server, &format!("p{n}")).await?);
    }
    Ok(users)
}
