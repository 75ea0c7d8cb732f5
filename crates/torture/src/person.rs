//! A person with a client of their own, which comes back by itself when the connection is lost.

use client::{Client, ClientError, Token};
use protocol::v1;

use crate::Error;
use crate::server::Server;

/// Of everybody.
pub(crate) const PASSWORD: &str = "correct horse 9";

/// Someone who has signed up.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) name: String,
    /// As in the database.
    pub(crate) account: u64,
    pub(crate) client: Client,
    pub(crate) token: Token,
}

impl Person {
    /// Makes an account on this server.
    pub(crate) async fn sign_up(server: &Server, name: &str) -> Result<Self, Error> {
        Self::sign_up_by(server.options()?, name).await
    }

    /// The same on a way of one's own.
    pub(crate) async fn sign_up_by(options: client::Options, name: &str) -> Result<Self, Error> {
        let client = Client::connect(options).await?;
        let made = client
            .sign_up(v1::SignUp {
                username: name.to_owned(),
                display_name: String::new(),
                password: PASSWORD.to_owned(),
                invite_code: String::new(),
            })
            .await?;
        let account =
            made.profile.and_then(|profile| profile.account).ok_or("an account without a profile")?.id;
        Ok(Self { name: name.to_owned(), account, client, token: Token::from_bytes(made.token) })
    }

    /// The same session on a new connection.
    pub(crate) async fn again(&self, mut options: client::Options) -> Result<Self, Error> {
        options.token = Some(self.token.clone());
        Ok(Self { client: Client::connect(options).await?, ..self.clone() })
    }

    /// Posts in public; the tweet's identifier.
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

    /// Writes to somebody; the message's identifier.
    pub(crate) async fn message(&self, username: &str, text: &str) -> Result<u64, ClientError> {
        let message = v1::SendMessage { username: username.to_owned(), text: text.to_owned() };
        Ok(self.client.ask(message).await?.message_id)
    }
}

/// A public tweet with this text.
pub(crate) fn post(text: &str) -> v1::Post {
    v1::Post { text: text.to_owned(), ..v1::Post::default() }
}

/// So many people, `p0`, `p1` and so on.
pub(crate) async fn people(server: &Server, how_many: usize) -> Result<Vec<Person>, Error> {
    let mut people = Vec::with_capacity(how_many);
    for n in 0..how_many {
        people.push(Person::sign_up(server, &format!("p{n}")).await?);
    }
    Ok(people)
}
