//! Two clients side by side: one receives hostile texts, the other harmless texts of the same width.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use client::{Home, Profile, Profiles};
use protocol::v1::ErrorCode;

use super::hostile_proxy::{HostileProxy, Replacements};
use super::payloads::{controls, harmless};
use super::sample_network::SampleNetwork;
use super::tty::ClientCommand;
use crate::error::Error;

/// The two clients, and what was compared so far.
pub(super) struct Comparison<'a> {
    pub(super) network: &'a SampleNetwork,
    payloads: &'a [String],
    pub(super) hostile: Side,
    pub(super) harmless: Side,
    pub(super) round: usize,
    /// How far the payloads are shifted along the markers.
    shift: usize,
    /// Whether the client is one that does not sanitise text, for the negative control.
    pub(super) unsanitised: bool,
    /// Verbs with their output format, and pages of the screen.
    pub(super) views: BTreeSet<String>,
    /// Payloads that were displayed: index, kind of field, view.
    pub(super) seen: BTreeSet<(usize, &'static str, String)>,
    pub(super) runs: usize,
    pub(super) broken: Vec<String>,
}

/// One of the two clients: its files and its server.
pub(super) struct Side {
    home: tempfile::TempDir,
    pub(super) server: HostileProxy,
}

impl Side {
    async fn new(network: &SampleNetwork) -> Result<Self, Error> {
        let home = crate::server::private_directory()?;
        Ok(Self { home, server: HostileProxy::start(&network.server.address).await? })
    }

    /// How to start the client of this side.
    pub(super) fn client<'a>(&'a self, program: &'a Path, unsanitised: bool) -> ClientCommand<'a> {
        ClientCommand { program, home: self.home.path(), server: self.server.address(), unsanitised }
    }
}

impl<'a> Comparison<'a> {
    pub(super) async fn new(network: &'a SampleNetwork, payloads: &'a [String]) -> Result<Self, Error> {
        Ok(Self {
            network,
            payloads,
            hostile: Side::new(network).await?,
            harmless: Side::new(network).await?,
            round: 0,
            shift: 0,
            unsanitised: false,
            views: BTreeSet::new(),
            seen: BTreeSet::new(),
            runs: 0,
            broken: Vec::new(),
        })
    }

    /// Gives both clients the reader's session.
    pub(super) fn sign_in(&self) -> Result<(), Error> {
        for side in [&self.hostile, &self.harmless] {
            Profiles::update(&Home::at(side.home.path().to_owned()), |profiles| {
                profiles.sign_in(Profile {
                    server: side.server.address().to_owned(),
                    username: "reader".to_owned(),
                    token: Some(self.network.reader.token.clone()),
                });
            })?;
        }
        Ok(())
    }

    /// Whether usernames are hostile as well, in every other round.
    pub(super) fn has_hostile_usernames(&self) -> bool {
        self.round % 2 == 1
    }

    /// Assigns the payloads to other markers and sets them on both servers. With `refuse`, both answer with this error.
    pub(super) fn shift_texts(&mut self, refuse: Option<ErrorCode>) {
        // Coprime to the number of payloads: every payload comes to every field.
        self.shift += 37;
        self.set_texts(refuse);
    }

    /// Sets the current texts on both servers.
    pub(super) fn set_texts(&self, refuse: Option<ErrorCode>) {
        let texts = (0..self.payloads.len()).map(|marker| self.payloads[self.payload_of(marker)].clone());
        let texts: Vec<String> = texts.collect();
        // What becomes of the last character depends on the next one, the `k` that follows each text.
        let before_marker = |text: &String| {
            let text = harmless(&format!("{text}k"));
            text.strip_suffix('k').map(str::to_owned).unwrap_or(text)
        };
        let harmless = texts.iter().map(before_marker).collect();
        let usernames = self.has_hostile_usernames();
        self.hostile.server.set(Replacements { texts, usernames, refuse });
        self.harmless.server.set(Replacements { texts: harmless, usernames, refuse });
    }

    fn payload_of(&self, marker: usize) -> usize {
        (marker + self.shift) % self.payloads.len()
    }

    /// Records which payloads are visible in what the client wrote.
    pub(super) fn record_seen(&mut self, view: &str, written: &str) {
        for part in written.split('k').filter(|part| part.len() == 3) {
            let Ok(marker) = part.parse() else { continue };
            self.seen.insert((self.payload_of(marker), self.network.kind(marker), view.to_owned()));
        }
        self.views.insert(view.to_owned());
    }

    /// Whether any payload was visible in this view.
    pub(super) fn has_seen(&self, view: &str) -> bool {
        self.seen.iter().any(|(_, _, seen_in)| seen_in == view)
    }

    /// Kinds of fields whose text was displayed.
    pub(super) fn kinds(&self) -> BTreeSet<&'static str> {
        self.seen.iter().map(|(_, kind, _)| *kind).collect()
    }

    /// Compares everything but plain text in the output of both.
    pub(super) fn compare(&mut self, what: &str, hostile: &[u8], harmless: &[u8]) {
        let (hostile, harmless) = (controls(hostile), controls(harmless));
        self.runs += 2;
        if hostile != harmless {
            self.broken.push(format!("{what}: {}", difference(&hostile, &harmless)));
        }
    }
}

/// Sequences that one output has more often than the other.
fn difference(hostile: &BTreeMap<String, usize>, harmless: &BTreeMap<String, usize>) -> String {
    let more = |one: &BTreeMap<String, usize>, other: &BTreeMap<String, usize>| {
        let more = one.iter().filter(|(what, times)| other.get(*what).copied().unwrap_or(0) < **times);
        more.take(3).map(|(what, _)| format!("{what:?}")).collect::<Vec<_>>().join(" ")
    };
    format!("additional: {}; missing: {}", more(hostile, harmless), more(harmless, hostile))
}
