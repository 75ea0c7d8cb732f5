//! A network in which something goes on, to take pictures of: imported ties and tweets, and what a few people do now.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::tour::Tour;
use crate::{Outcome, run};

/// Whose screen is seen.
const VIEWER: &str = "p1";
const PASSWORD: &str = "correct horse 9";

/// A server with people, some of whom are there.
pub(crate) struct Scene<'a> {
    pub(crate) tour: Tour<'a>,
    here: Vec<Child>,
}

impl Drop for Scene<'_> {
    fn drop(&mut self) {
        for child in &mut self.here {
            // Our own children; the server that they listen to goes next.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl<'a> Scene<'a> {
    /// Imports and begins.
    pub(crate) fn start(program: &'a Path, edges: &str, tweets: &str) -> Result<Self, String> {
        let tour = Tour::start(program, |data| import(program, data, edges, tweets))?;
        let mut scene = Self { tour, here: Vec::new() };
        scene.log_in(VIEWER)?;
        let following = scene.say(VIEWER, &["following", "-n", "9", "--json=username"])?;
        let friends: Vec<&str> = following.lines().filter_map(|line| line.split('"').nth(5)).collect();
        let [first, second, third, fourth, ..] = friends.as_slice() else {
            return Err(format!("{VIEWER} follows too few people for a picture"));
        };
        for friend in &friends {
            scene.log_in(friend)?;
        }
        let tweet = scene.say(
            VIEWER,
            &["post", "Nobody sells this feed to anybody. It is ours, and it is quiet here. #ff"],
        )?;
        let tweet = tweet.trim();
        for friend in [first, second, third] {
            scene.say(friend, &["like", tweet])?;
        }
        scene.say(first, &["reply", tweet, "And it loads before I have let go of the key."])?;
        scene.say(second, &["quote", tweet, "Moved the whole study group here last night #ff"])?;
        let spare = "Does anybody have a spare ticket for Friday? Asking for a friend who is me";
        scene.say(fourth, &["post", spare])?;
        let older = scene.say(third, &["feed", "local", "-n", "40", "--json=id"])?;
        let older = older.lines().last().and_then(|line| line.split('"').nth(5)).unwrap_or_default();
        scene.say(third, &["retweet", older])?;
        scene.say(first, &["chat", "@p1", "Are you coming on Friday? We have one seat left in the car."])?;
        // The one who looks has looked before: what is above the line is new.
        for friend in friends.iter().take(6) {
            let child = scene.command(friend, &["watch"]).stdout(Stdio::null()).spawn();
            scene.here.push(child.map_err(|error| error.to_string())?);
        }
        // Trends are counted once a second.
        std::thread::sleep(std::time::Duration::from_secs(2));
        Ok(scene)
    }

    /// Where the things of the one who looks are.
    pub(crate) fn home(&self) -> std::path::PathBuf {
        self.tour.directory.join(VIEWER)
    }

    fn log_in(&self, who: &str) -> Outcome {
        self.tour.run(who, &["login", who, "--password-stdin"], PASSWORD).map(drop)
    }

    fn say(&self, who: &str, args: &[&str]) -> Result<String, String> {
        self.tour.run(who, args, "")
    }

    fn command(&self, who: &str, args: &[&str]) -> Command {
        self.tour.command(who, args)
    }
}

fn import(program: &Path, data: &Path, edges: &str, tweets: &str) -> Outcome {
    let password = data.with_extension("password");
    std::fs::create_dir_all(data.parent().unwrap_or(data))
        .and_then(|()| std::fs::write(&password, PASSWORD))
        .map_err(|error| error.to_string())?;
    let file = std::fs::File::open(&password).map_err(|error| error.to_string())?;
    let mut command = Command::new(program);
    command.args(["import", "graph", "--password-stdin", "--edges", edges, "--tweets", tweets, "--data"]);
    run(command.arg(data).stdin(file).stdout(Stdio::null()))
}
