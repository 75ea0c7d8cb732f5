//! A small network for the page with all screens: a few people who follow, answer and write to each other.

use std::path::Path;
use std::process::{Child, Stdio};

use crate::process::Outcome;
use crate::tour::Tour;

/// The user whose screens the page shows.
pub(crate) const VIEWER: &str = "ida";
const PASSWORD: &str = "correct horse 9";

/// Usernames, display names and bios.
const PEOPLE: [(&str, &str, &str); 7] = [
    (VIEWER, "Ida Berg", "Keeps the lighthouse and its log."),
    ("maren", "Maren, harbour pilot", "Tides, fog and https://example.org/harbour"),
    ("tomas", "Tomáš 🎺", "Third trombone. Rehearsals on the breakwater."),
    ("aiko", "愛子", "港の写真を撮っています。"),
    ("okello", "Okello keeps bees", "Forty hives, one ladder."),
    ("ines", "Ines Okafor", "Third year. Ask me about the rowing club."),
    ("jonas", "", ""),
];
/// Who follows whom.
const FOLLOWS: [(&str, &str); 13] = [
    ("ida", "maren"),
    ("ida", "tomas"),
    ("ida", "aiko"),
    ("ida", "okello"),
    ("maren", "ida"),
    ("tomas", "ida"),
    ("aiko", "ida"),
    ("maren", "okello"),
    ("tomas", "okello"),
    ("okello", "maren"),
    ("aiko", "maren"),
    ("ines", "maren"),
    ("ines", "ida"),
];
/// Those who are online, besides the viewer.
const ONLINE: [&str; 3] = ["maren", "tomas", "ines"];

/// What happens, oldest first. A number is the place of the tweet that it is about.
const EVENTS: [(&str, Event); 28] = [
    ("okello", Event::Post("First frost. The hives are wrapped and the bees are humming in F sharp. #bees")),
    (
        "tomas",
        Event::Post("Rehearsal tonight at seven. Bring your own chair, the last ones are still on the boat."),
    ),
    ("aiko", Event::Post("今日は港で写真を撮りました。霧がとてもきれい #harbour #写真")),
    ("okello", Event::Post("Honey for the band if the band plays where the bees can hear it. #bees")),
    ("tomas", Event::Reply(3, "@okello deal. We know one song in F sharp. #bees")),
    ("okello", Event::Reply(4, "That is one more than the bees need.")),
    ("ida", Event::Post("The log of 1911 says: fog, whale, fog. Nothing has changed. #harbour")),
    ("maren", Event::Reply(6, "The whale has. It has a name now.")),
    ("tomas", Event::Reply(6, "Was it in tune?")),
    ("ida", Event::Reply(8, "It was in F sharp.")),
    ("aiko", Event::Quote(6, "霧の日の灯台、すてきです #harbour")),
    ("maren", Event::Like(6)),
    ("tomas", Event::Like(6)),
    ("aiko", Event::Like(6)),
    ("maren", Event::Retweet(3)),
    ("ines", Event::Post("@ida is the lighthouse open on Sunday? #rowing")),
    ("jonas", Event::Post("Does anyone have a spare oar? #rowing")),
    (
        "maren",
        Event::Post(
            "Fog until ten, then the whole bay at once, like a curtain. https://example.org/tides #harbour",
        ),
    ),
    ("ida", Event::Like(13)),
    ("okello", Event::Like(13)),
    ("aiko", Event::Reply(13, "The curtain is on my film.")),
    ("ida", Event::Chat("tomas", "Your chairs are in my sail loft.")),
    ("tomas", Event::Chat("ida", "Thanks. We will play for them.")),
    ("ida", Event::Chat("tomas", "Then leave a few here.")),
    ("maren", Event::Chat("ida", "Are you coming on Friday? We have one seat left in the boat.")),
    ("ida", Event::Chat("maren", "On my way. Keep the seat.")),
    ("maren", Event::Chat("ida", "Also: the meeting is in the sail loft now, not on the breakwater.")),
    ("maren", Event::Chat("ida", "Bring the log of 1911.")),
];

/// What someone does.
enum Event {
    Post(&'static str),
    Reply(usize, &'static str),
    Quote(usize, &'static str),
    Retweet(usize),
    Like(usize),
    Chat(&'static str, &'static str),
}

/// The server of the network, with some people who are online.
pub(crate) struct Sample<'a> {
    pub(crate) tour: Tour<'a>,
    online: Vec<Child>,
}

impl Drop for Sample<'_> {
    fn drop(&mut self) {
        for child in &mut self.online {
            // They are our own children.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl<'a> Sample<'a> {
    /// Starts the server and lets everything happen.
    pub(crate) fn start(program: &'a Path) -> Result<Self, String> {
        let options = [
            "server.name=Harbour",
            "server.description=For everyone who lives or works at the harbour.",
            "server.rules=Be kind.\nNo advertising.",
            "limits.sign_ups_per_address=0",
            "limits.new_account_posts=0",
        ];
        let tour = Tour::start(program, &options, |_| Ok(()))?;
        let mut sample = Self { tour, online: Vec::new() };
        for (username, name, bio) in PEOPLE {
            sample.tour.run(username, &["signup", username, "--name", name, "--password-stdin"], PASSWORD)?;
            if !bio.is_empty() {
                sample.tour.run(username, &["profile", "--bio", bio], "")?;
            }
        }
        for (follower, followed) in FOLLOWS {
            sample.tour.run(follower, &["follow", &format!("@{followed}")], "")?;
        }
        sample.happen()?;
        for username in ONLINE {
            let child = sample.tour.command(username, &["watch"]).stdout(Stdio::null()).spawn();
            sample.online.push(child.map_err(|error| error.to_string())?);
        }
        // Trends are counted once a second.
        std::thread::sleep(std::time::Duration::from_secs(2));
        Ok(sample)
    }

    fn happen(&self) -> Outcome {
        let mut tweets: Vec<String> = Vec::new();
        for (username, event) in EVENTS {
            let id = |place: usize| tweets.get(place).cloned().unwrap_or_default();
            let run = |args: &[&str]| self.tour.run(username, args, "").map(|out| out.trim().to_owned());
            match event {
                Event::Post(text) => tweets.push(run(&["post", text])?),
                Event::Reply(place, text) => tweets.push(run(&["reply", &id(place), text])?),
                Event::Quote(place, text) => tweets.push(run(&["quote", &id(place), text])?),
                Event::Retweet(place) => drop(run(&["retweet", &id(place)])?),
                Event::Like(place) => drop(run(&["like", &id(place)])?),
                Event::Chat(with, text) => {
                    let with = format!("@{with}");
                    // An answer follows reading.
                    run(&["chat", &with])?;
                    run(&["chat", &with, text]).map(drop)?;
                }
            }
        }
        Ok(())
    }
}
