//! A session that ends takes its open connection with it, also one that is being pushed to, and one that is just
//! taking the session up; and what only operators may do, nobody else may.

use std::path::Path;
use std::time::Duration;

use client::Client;
use protocol::v1::request::Op;
use protocol::v1::{self, response, server_frame, subscribe};
use tokio::time::{Instant, timeout};

use crate::Error;
use crate::latency::quantile;
use crate::person::{PASSWORD, Person};
use crate::report::{Control, Line};
use crate::scenario::Setup;
use crate::server::{DEADLINE, Launch, Server, private_directory};
use crate::wire::Wire;

const WITHIN: Duration = Duration::from_secs(1);

/// How a session can end from elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Revoked,
    LoggedOutEverywhere,
    PasswordChanged,
    PasswordReset,
    Suspended,
    Deleted,
}

const WAYS: [Way; 6] = [
    Way::Revoked,
    Way::LoggedOutEverywhere,
    Way::PasswordChanged,
    Way::PasswordReset,
    Way::Suspended,
    Way::Deleted,
];

pub(super) async fn run(setup: &Setup) -> Result<Line, Error> {
    let directory = private_directory()?;
    let launch = Launch::new(&setup.program, &directory.path().join("data")).argument("--insecure");
    let server = launch.start().await?;
    let admin = admin(&launch, &server).await?;
    let friend = Person::sign_up(&server, "friend").await?;
    let times = setup.times(20, 100);
    let (mut broken, mut figures, mut all) = (Vec::new(), Vec::new(), Vec::new());
    for way in WAYS {
        let mut took = Vec::new();
        for n in 0..times {
            let end = Ending { server: &server, admin: &admin, friend: &friend, way };
            match end.run(&format!("{way:?}{n}").to_lowercase()).await? {
                Some(after) if after <= WITHIN => took.push(after),
                after => broken.push(format!("{way:?}: the connection goes on after {after:?}")),
            }
        }
        figures.push(format!("{way:?} {:.1?} and {:.1?}", quantile(&took, 0.5), quantile(&took, 1.0)));
        all.extend(took);
    }
    let (races, outlived) = race(&server, setup.times(100, 1_000)).await?;
    broken.extend((outlived > 0).then(|| {
        format!("{outlived} of {races} connections outlive a session that ended while they took it up")
    }));
    Ok(Line {
        promise: 10,
        tried: format!(
            "{times} sessions with a live stream ended in each of {} ways, {races} while they were taken up",
            WAYS.len()
        ),
        figures: format!("closed after the request, median and longest: {}", figures.join("; ")),
        broken,
        control: control(setup).await?,
    })
}

/// The same at a server that leaves connections open when their session ends.
async fn control(setup: &Setup) -> Result<Control, Error> {
    let directory = private_directory()?;
    let launch = Launch::new(&setup.faults, &directory.path().join("data"))
        .argument("--insecure")
        .with("MINI_TWEET_FAULTS", "keep-ended-sessions");
    let server = launch.start().await?;
    let admin = admin(&launch, &server).await?;
    let friend = Person::sign_up(&server, "friend").await?;
    let mut open = 0;
    for way in [Way::Revoked, Way::Suspended] {
        let end = Ending { server: &server, admin: &admin, friend: &friend, way };
        open += usize::from(end.run(&format!("{way:?}").to_lowercase()).await?.is_none());
    }
    Ok(Control::of(open == 2, format!("a server that leaves them open: {open} of 2 go on")))
}

/// Somebody with an operator's rights.
async fn admin(launch: &Launch, server: &Server) -> Result<Client, Error> {
    let out = launch.operator_told(&["admin", "create", "ann", "--admin", "--password-stdin"], PASSWORD)?;
    if !out.status.success() {
        return Err(String::from_utf8_lossy(&out.stderr).into_owned().into());
    }
    let client = Client::connect(server.options()?).await?;
    client.log_in(v1::LogIn { username: "ann".to_owned(), password: PASSWORD.to_owned() }).await?;
    Ok(client)
}

struct Ending<'a> {
    server: &'a Server,
    admin: &'a Client,
    friend: &'a Person,
    way: Way,
}

impl Ending<'_> {
    /// How long after the request that ended it the connection was closed; `None` when it was not, or more came.
    async fn run(&self, name: &str) -> Result<Option<Duration>, Error> {
        let person = Person::sign_up(self.server, name).await?;
        person.follow(&self.friend.name, true).await?;
        let mut other = Wire::connect(&self.server.address).await?;
        let session = other.log_in(name, PASSWORD).await?;
        let topic = Some(subscribe::Topic::Home(v1::HomeTopic {}));
        other.ask(Op::Subscribe(v1::Subscribe { topic, cursor: 0 })).await?;
        self.friend.post(&format!("before {name}")).await?;
        if !hears(&mut other, &format!("before {name}")).await? {
            return Err("the stream is not live".into());
        }
        let listening = tokio::spawn(async move {
            let heard = timeout(WITHIN * 2, until_closed(&mut other)).await;
            (heard.ok(), Instant::now())
        });
        let asked = Instant::now();
        self.act(&person, session.session_id).await?;
        self.friend.post(&format!("after {name}")).await?;
        let (heard, closed) = listening.await?;
        let Some(heard) = heard else { return Ok(None) };
        let hears_more = heard.iter().any(|text| text.starts_with("after"));
        let mut again = Wire::connect(&self.server.address).await?;
        let token = session.token.into();
        let is_refused = matches!(
            again.ask(Op::Authenticate(v1::Authenticate { token })).await?,
            response::Result::Error(_)
        );
        Ok((is_refused && !hears_more).then(|| closed - asked))
    }

    async fn act(&self, person: &Person, session_id: u64) -> Result<(), Error> {
        let (client, username) = (&person.client, person.name.clone());
        let new_password = "another horse 9".to_owned();
        match self.way {
            Way::Revoked => drop(client.ask(v1::RevokeSession { session_id }).await?),
            Way::LoggedOutEverywhere => drop(client.ask(v1::LogOut { everywhere: true }).await?),
            Way::PasswordChanged => {
                let old_password = PASSWORD.to_owned();
                client.ask(v1::ChangePassword { old_password, new_password }).await?;
            }
            Way::Deleted => drop(client.ask(v1::DeleteAccount { password: PASSWORD.to_owned() }).await?),
            Way::PasswordReset => {
                self.admin.ask(v1::ResetPassword { username, new_password }).await?;
            }
            Way::Suspended => drop(self.admin.ask(v1::Suspend { username }).await?),
        }
        Ok(())
    }
}

/// Whether a tweet with this text comes.
async fn hears(wire: &mut Wire, text: &str) -> Result<bool, Error> {
    let listening = async {
        while let Some(frame) = wire.reader.read::<v1::ServerFrame>().await? {
            if tweet_in(&frame).is_some_and(|heard| heard == text) {
                return Ok(true);
            }
        }
        Ok(false)
    };
    timeout(DEADLINE, listening).await?
}

/// The tweets that come until the connection is closed.
async fn until_closed(wire: &mut Wire) -> Vec<String> {
    let mut heard = Vec::new();
    while let Ok(Some(frame)) = wire.reader.read::<v1::ServerFrame>().await {
        heard.extend(tweet_in(&frame).map(str::to_owned));
    }
    heard
}

fn tweet_in(frame: &v1::ServerFrame) -> Option<&str> {
    let Some(server_frame::Frame::Event(event)) = &frame.frame else { return None };
    let Some(v1::event::Event::TweetPosted(posted)) = &event.event else { return None };
    posted.tweet.as_ref().map(|tweet| tweet.text.as_str())
}

/// Sessions that are revoked at the moment at which a connection takes them up: how many, and how many go on.
async fn race(server: &Server, races: usize) -> Result<(usize, usize), Error> {
    let person = Person::sign_up(server, "racer").await?;
    let mut outlived = 0;
    for n in 0..races {
        let session = Wire::connect(&server.address).await?.log_in("racer", PASSWORD).await?;
        let mut taking = Wire::connect(&server.address).await?;
        let token = session.token.clone().into();
        let revoke = v1::RevokeSession { session_id: session.session_id };
        let revoking = async {
            // Sooner or later than the other, by less than either takes.
            tokio::time::sleep(Duration::from_micros(20 * (n as u64 % 50))).await;
            person.client.ask(revoke).await
        };
        let (taken, revoked) =
            tokio::join!(taking.ask(Op::Authenticate(v1::Authenticate { token })), revoking);
        revoked?;
        if matches!(taken, Ok(response::Result::LoggedIn(_)))
            && timeout(WITHIN, until_closed(&mut taking)).await.is_err()
        {
            outlived += 1;
        }
    }
    Ok((races, outlived))
}

/// What only operators may do, asked by a member and by nobody.
pub(super) async fn office(setup: &Setup) -> Result<Line, Error> {
    let (asked, broken) = ask_the_office(&setup.program, "").await?;
    let (_, opened) = ask_the_office(&setup.faults, "skip-operator-check").await?;
    Ok(Line {
        promise: 10,
        tried: format!("{asked} requests for operators by a member and by nobody"),
        figures: format!("{} carried out", broken.len()),
        broken,
        control: Control::of(
            !opened.is_empty(),
            format!("with the row of operators opened to members: {}", opened.len()),
        ),
    })
}

async fn ask_the_office(program: &Path, faults: &str) -> Result<(usize, Vec<String>), Error> {
    let directory = private_directory()?;
    let launch = Launch::new(program, &directory.path().join("data")).argument("--insecure");
    let server = launch.with("MINI_TWEET_FAULTS", faults).start().await?;
    let member = Person::sign_up(&server, "member").await?;
    let (username, text) = (|| "member".to_owned(), || "text".to_owned());
    let requests = [
        Op::CreateAccount(v1::CreateAccount {
            username: text(),
            password: PASSWORD.to_owned(),
            ..Default::default()
        }),
        Op::CreateInvite(v1::CreateInvite { uses: 1, ..Default::default() }),
        Op::Unsuspend(v1::Unsuspend { username: username() }),
        Op::Announce(v1::Announce { text: text() }),
        Op::GetStatistics(v1::GetStatistics {}),
        Op::ResetPassword(v1::ResetPassword {
            username: username(),
            new_password: "another horse 9".to_owned(),
        }),
        Op::Suspend(v1::Suspend { username: username() }),
    ];
    let mut broken = Vec::new();
    for request in &requests {
        let mut nobody = Wire::connect(&server.address).await?;
        // Each on a connection of its own: some of them end the session.
        let Ok(mut somebody) = Wire::of(&server.address, &member).await else { break };
        for (who, wire) in [("nobody", &mut nobody), ("a member", &mut somebody)] {
            // Whose session has ended has done it to themselves.
            if !matches!(wire.ask(request.clone()).await, Ok(response::Result::Error(_))) {
                broken.push(format!("{who} is allowed {request:?}"));
            }
        }
    }
    Ok((requests.len() * 2, broken))
}
