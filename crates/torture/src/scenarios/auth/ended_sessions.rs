//! A session that ends closes its open connections, including one with a live subscription and one that is resuming the
//! session at that moment.

use std::time::Duration;

use client::Client;
use protocol::v1::request::Op;
use protocol::v1::{self, response, server_frame, subscribe};
use tokio::time::{Instant, timeout};

use crate::connection::Connection;
use crate::context::Context;
use crate::error::Error;
use crate::finding::{Control, Finding};
use crate::latency::quantile;
use crate::server::{DEADLINE, Launch, Server, private_directory};
use crate::user::{PASSWORD, User};

/// Limit for closing the connection after the request that ends the session.
const CLOSED_WITHIN: Duration = Duration::from_secs(1);

/// What ends the session of another connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    Revoked,
    LoggedOutEverywhere,
    PasswordChanged,
    PasswordReset,
    Suspended,
    Deleted,
}

const CAUSES: [Cause; 6] = [
    Cause::Revoked,
    Cause::LoggedOutEverywhere,
    Cause::PasswordChanged,
    Cause::PasswordReset,
    Cause::Suspended,
    Cause::Deleted,
];

pub(super) async fn run(context: &Context) -> Result<Finding, Error> {
    let directory = private_directory()?;
    let launch = Launch::new(&context.program, &directory.path().join("data")).argument("--insecure");
    let server = launch.start().await?;
    let admin = admin(&launch, &server).await?;
    let friend = User::sign_up(&server, "friend").await?;
    let times = context.times(20, 100);
    let (mut broken, mut figures, mut all) = (Vec::new(), Vec::new(), Vec::new());
    for cause in CAUSES {
        let mut took = Vec::new();
        for n in 0..times {
            let end = Ending { server: &server, admin: &admin, friend: &friend, cause };
            match end.run(&format!("{cause:?}{n}").to_lowercase()).await? {
                Some(after) if after <= CLOSED_WITHIN => took.push(after),
                after => broken.push(format!("{cause:?}: the connection is open after {after:?}")),
            }
        }
        figures.push(format!("{cause:?} {:.1?} and {:.1?}", quantile(&took, 0.5), quantile(&took, 1.0)));
        all.extend(took);
    }
    let (races, still_open) = race(&server, context.times(100, 1_000)).await?;
    broken.extend((still_open > 0).then(|| {
        format!(
            "{still_open} of {races} connections stay open after their session ended while they resumed it"
        )
    }));
    Ok(Finding {
        promise: 10,
        tried: format!(
            "{times} sessions with a live subscription, ended in each of {} ways; {races} revoked while they are resumed",
            CAUSES.len()
        ),
        figures: format!("time from the request to the close, median and longest: {}", figures.join("; ")),
        broken,
        control: control(context).await?,
    })
}

/// The negative control: a server that leaves connections open when their session ends.
async fn control(context: &Context) -> Result<Control, Error> {
    let directory = private_directory()?;
    let launch = Launch::new(&context.faults, &directory.path().join("data"))
        .argument("--insecure")
        .with("MINI_TWEET_FAULTS", "keep-ended-sessions");
    let server = launch.start().await?;
    let admin = admin(&launch, &server).await?;
    let friend = User::sign_up(&server, "friend").await?;
    let mut open = 0;
    for cause in [Cause::Revoked, Cause::Suspended] {
        let end = Ending { server: &server, admin: &admin, friend: &friend, cause };
        open += usize::from(end.run(&format!("{cause:?}").to_lowercase()).await?.is_none());
    }
    Ok(Control::of(open == 2, format!("a server that leaves connections open: {open} of 2 stay open")))
}

/// Creates an admin; a client signed in as that account.
async fn admin(launch: &Launch, server: &Server) -> Result<Client, Error> {
    let out =
        launch.operator_with_stdin(&["admin", "create", "ann", "--admin", "--password-stdin"], PASSWORD)?;
    if !out.status.success() {
        return Err(String::from_utf8_lossy(&out.stderr).into_owned().into());
    }
    let client = Client::connect(server.options()?).await?;
    client.log_in(v1::LogIn { username: "ann".to_owned(), password: PASSWORD.to_owned() }).await?;
    Ok(client)
}

/// One session and the request that ends it.
struct Ending<'a> {
    server: &'a Server,
    admin: &'a Client,
    friend: &'a User,
    cause: Cause,
}

impl Ending<'_> {
    /// The time from the request to the close of the connection; `None` if it stays open or receives later events.
    async fn run(&self, name: &str) -> Result<Option<Duration>, Error> {
        let user = User::sign_up(self.server, name).await?;
        user.follow(&self.friend.name, true).await?;
        let mut other = Connection::connect(&self.server.address).await?;
        let session = other.log_in(name, PASSWORD).await?;
        let topic = Some(subscribe::Topic::Home(v1::HomeTopic {}));
        other.ask(Op::Subscribe(v1::Subscribe { topic, cursor: 0 })).await?;
        self.friend.post(&format!("before {name}")).await?;
        if !receives(&mut other, &format!("before {name}")).await? {
            return Err("the subscription is not live".into());
        }
        let receiving = tokio::spawn(async move {
            let received = timeout(CLOSED_WITHIN * 2, until_closed(&mut other)).await;
            (received.ok(), Instant::now())
        });
        let sent = Instant::now();
        self.end(&user, session.session_id).await?;
        self.friend.post(&format!("after {name}")).await?;
        let (received, closed) = receiving.await?;
        let Some(received) = received else { return Ok(None) };
        let received_later = received.iter().any(|text| text.starts_with("after"));
        let mut retry = Connection::connect(&self.server.address).await?;
        let token = session.token.into();
        let is_refused = matches!(
            retry.ask(Op::Authenticate(v1::Authenticate { token })).await?,
            response::Result::Error(_)
        );
        Ok((is_refused && !received_later).then(|| closed - sent))
    }

    async fn end(&self, user: &User, session_id: u64) -> Result<(), Error> {
        let (client, username) = (&user.client, user.name.clone());
        let new_password = "another horse 9".to_owned();
        match self.cause {
            Cause::Revoked => drop(client.ask(v1::RevokeSession { session_id }).await?),
            Cause::LoggedOutEverywhere => drop(client.ask(v1::LogOut { everywhere: true }).await?),
            Cause::PasswordChanged => {
                let old_password = PASSWORD.to_owned();
                client.ask(v1::ChangePassword { old_password, new_password }).await?;
            }
            Cause::Deleted => drop(client.ask(v1::DeleteAccount { password: PASSWORD.to_owned() }).await?),
            Cause::PasswordReset => {
                self.admin.ask(v1::ResetPassword { username, new_password }).await?;
            }
            Cause::Suspended => drop(self.admin.ask(v1::Suspend { username }).await?),
        }
        Ok(())
    }
}

/// Whether a tweet with this text is received.
async fn receives(connection: &mut Connection, text: &str) -> Result<bool, Error> {
    let receiving = async {
        while let Some(frame) = connection.reader.read::<v1::ServerFrame>().await? {
            if tweet_in(&frame).is_some_and(|received| received == text) {
                return Ok(true);
            }
        }
        Ok(false)
    };
    timeout(DEADLINE, receiving).await?
}

/// Texts of the tweets received until the connection is closed.
async fn until_closed(connection: &mut Connection) -> Vec<String> {
    let mut received = Vec::new();
    while let Ok(Some(frame)) = connection.reader.read::<v1::ServerFrame>().await {
        received.extend(tweet_in(&frame).map(str::to_owned));
    }
    received
}

fn tweet_in(frame: &v1::ServerFrame) -> Option<&str> {
    let Some(server_frame::Frame::Event(event)) = &frame.frame else { return None };
    let Some(v1::event::Event::TweetPosted(posted)) = &event.event else { return None };
    posted.tweet.as_ref().map(|tweet| tweet.text.as_str())
}

/// Revokes sessions while a connection resumes them: how many, and how many connections stay open.
async fn race(server: &Server, races: usize) -> Result<(usize, usize), Error> {
    let user = User::sign_up(server, "racer").await?;
    let mut still_open = 0;
    for n in 0..races {
        let session = Connection::connect(&server.address).await?.log_in("racer", PASSWORD).await?;
        let mut resuming = Connection::connect(&server.address).await?;
        let token = session.token.clone().into();
        let revoke = v1::RevokeSession { session_id: session.session_id };
        let revoking = async {
            // Up to 1 ms, so that the two requests overlap in every order.
            tokio::time::sleep(Duration::from_micros(20 * (n as u64 % 50))).await;
            user.client.ask(revoke).await
        };
        let (resumed, revoked) =
            tokio::join!(resuming.ask(Op::Authenticate(v1::Authenticate { token })), revoking);
        revoked?;
        if matches!(resumed, Ok(response::Result::LoggedIn(_)))
            && timeout(CLOSED_WITHIN, until_closed(&mut resuming)).await.is_err()
        {
            still_open += 1;
        }
    }
    Ok((races, still_open))
}
