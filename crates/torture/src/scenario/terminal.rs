//! What others write does not drive one's terminal (P5): the real client, every verb and the full screen, in a
//! pseudo-terminal at a server that does not check what it sends. Whatever hostile texts make it write but plain text must be
//! what harmless texts of the same width make it write.

mod hostile;
mod payload;
mod screen;
mod stage;
mod tty;
mod verbs;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use client::{Home, Profile, Profiles};

use super::Setup;
use crate::Error;
use crate::report::{Control, Line};
use hostile::{Hostile, Script};
use payload::{controls, harmless, payloads};
use stage::Stage;

pub(crate) async fn run(setup: &Setup) -> Result<Vec<Line>, Error> {
    let mut random = setup.random("terminal");
    let payloads = payloads(&mut random);
    let stage = Stage::set(&setup.program).await?;
    let mut sight = Sight::new(&stage, &payloads).await?;
    sight.sign_in()?;
    for round in 0..setup.times(2, 8) {
        sight.round = round;
        verbs::all(&mut sight, &setup.program).await?;
        screen::all(&mut sight, &setup.program).await?;
    }
    let mut control = Sight::new(&stage, &payloads).await?;
    control.unsafely = true;
    control.sign_in()?;
    verbs::some(&mut control, &setup.faults).await?;
    let by_verbs = control.broken.len();
    screen::some(&mut control, &setup.faults).await?;
    let by_screen = control.broken.len() - by_verbs;
    Ok(vec![Line {
        promise: 5,
        tried: format!(
            "{} hostile texts in {} kinds of fields and {} views: {} of the combinations seen",
            payloads.len(),
            sight.kinds().len(),
            sight.views.len(),
            sight.seen.len(),
        ),
        figures: format!("{} runs of the client, {} differ", sight.runs, sight.broken.len()),
        broken: sight.broken,
        control: Control::of(
            by_verbs > 0 && by_screen > 0,
            format!("a client that makes nothing safe: {by_verbs} verbs and {by_screen} screens differ"),
        ),
    }])
}

/// The two that are compared: a client that gets hostile texts, and one that gets harmless ones of the same width.
struct Sight<'a> {
    stage: &'a Stage,
    payloads: &'a [String],
    bad: Side,
    good: Side,
    round: usize,
    /// How far the texts are moved along the marks.
    dealt: usize,
    unsafely: bool,
    /// Kinds of views: verbs with their way of writing, places of the screen.
    views: BTreeSet<String>,
    /// Which text came through in which kind of field and view.
    seen: BTreeSet<(usize, &'static str, String)>,
    runs: usize,
    broken: Vec<String>,
}

/// One of the two.
struct Side {
    home: tempfile::TempDir,
    server: Hostile,
}

impl Side {
    async fn new(stage: &Stage) -> Result<Self, Error> {
        let home = crate::server::private_directory()?;
        Ok(Self { home, server: Hostile::before(&stage.server.address).await? })
    }

    fn client<'a>(&'a self, program: &'a Path, unsafely: bool) -> tty::Client<'a> {
        tty::Client { program, home: self.home.path(), server: self.server.address(), unsafely }
    }
}

impl<'a> Sight<'a> {
    async fn new(stage: &'a Stage, payloads: &'a [String]) -> Result<Self, Error> {
        Ok(Self {
            stage,
            payloads,
            bad: Side::new(stage).await?,
            good: Side::new(stage).await?,
            round: 0,
            dealt: 0,
            unsafely: false,
            views: BTreeSet::new(),
            seen: BTreeSet::new(),
            runs: 0,
            broken: Vec::new(),
        })
    }

    /// Gives both clients the reader's session.
    fn sign_in(&self) -> Result<(), Error> {
        for side in [&self.bad, &self.good] {
            Profiles::update(&Home::at(side.home.path().to_owned()), |profiles| {
                profiles.sign_in(Profile {
                    server: side.server.address().to_owned(),
                    username: "reader".to_owned(),
                    token: Some(self.stage.reader.token.clone()),
                    last: None,
                });
            })?;
        }
        Ok(())
    }

    /// Whether usernames are hostile as well.
    fn names(&self) -> bool {
        self.round % 2 == 1
    }

    /// Deals the texts out anew to both servers; what is refused is refused with this.
    fn deal(&mut self, refuse: Option<protocol::v1::ErrorCode>) {
        // Every text comes to every field, seldom the same beside the same.
        self.dealt += 37;
        self.play(refuse);
    }

    /// Tells both servers what to send.
    fn play(&self, refuse: Option<protocol::v1::ErrorCode>) {
        let texts = (0..self.payloads.len()).map(|mark| self.payloads[self.payload_of(mark)].clone());
        let bad = Script { texts: texts.collect(), names: self.names(), refuse };
        let good = Script { texts: bad.texts.iter().map(|text| harmless(text)).collect(), ..bad.clone() };
        self.bad.server.play(bad);
        self.good.server.play(good);
    }

    fn payload_of(&self, mark: usize) -> usize {
        (mark + self.dealt) % self.payloads.len()
    }

    /// Notes which texts can be seen in what the client wrote.
    fn note(&mut self, view: &str, written: &str) {
        for part in written.split('k').filter(|part| part.len() == 3) {
            let Ok(mark) = part.parse() else { continue };
            self.seen.insert((self.payload_of(mark), self.stage.kind(mark), view.to_owned()));
        }
        self.views.insert(view.to_owned());
    }

    fn kinds(&self) -> BTreeSet<&'static str> {
        self.seen.iter().map(|(_, kind, _)| *kind).collect()
    }

    /// Both wrote the same but for plain text.
    fn compare(&mut self, what: &str, bad: &[u8], good: &[u8]) {
        let (bad, good) = (controls(bad), controls(good));
        self.runs += 2;
        if bad != good {
            self.broken.push(format!("{what}: {}", difference(&bad, &good)));
        }
    }
}

/// What one has and the other has not.
fn difference(bad: &BTreeMap<String, usize>, good: &BTreeMap<String, usize>) -> String {
    let more = |one: &BTreeMap<String, usize>, other: &BTreeMap<String, usize>| {
        let more = one.iter().filter(|(what, times)| other.get(*what).copied().unwrap_or(0) < **times);
        more.take(3).map(|(what, _)| format!("{what:?}")).collect::<Vec<_>>().join(" ")
    };
    format!("more {}; less {}", more(bad, good), more(good, bad))
}
