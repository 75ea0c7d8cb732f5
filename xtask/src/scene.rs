//! A busy network for the pictures: imported follows and tweets, and the actions of a few users.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::process::{Outcome, run};
use crate::tour::Tour;

/// The user whose screen the pictures show.
const VIEWER: &str = "p1";
const PASSWORD: &str = "correct horse 9";

/// A server with users, some of whom are online.
pub(crate) struct Scene<'a> {
    pub(crate) tour: Tour<'a>,
    online: Vec<Child>,
}

impl Drop for Scene<'_> {
    fn drop(&mut self) {
        for child in &mut self.online {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl<'a> Scene<'a> {
    /// Imports the network, starts the server and lets the users act.
    pub(crate) fn start(program: &'a Path, edges: &str, tweets: &str) -> Result<Self, String> {
        let tour = Tour::start(program, &[], |data| import(program, data, edges, tweets))?;
        let mut scene = Self { tour, online: Vec::new() };
        scene.log_in(VIEWER)?;
        let following = scene.run(VIEWER, &["following", "-n", "9", "--json=username"])?;
        let friends: Vec<&str> = following.lines().filter_map(|line| line.split('"').nth(5)).collect();
        let [first, second, third, fourth, ..] = friends.as_slice() else {
            return Err(format!("{VIEWER} follows too few accounts for a picture"));
        };
        for friend in &friends {
            scene.log_in(friend)?;
        }
        let tweet = scene.run(
            VIEWER,
            &["post", "No ads and no algorithm. This feed is ours, and it is quiet here. #ff"],
        )?;
        let tweet = tweet.trim();
        for friend in [first, second, third] {
            scene.run(friend, &["like", tweet])?;
        }
        scene.run(first, &["reply", tweet, "And it loads before I have let go of the key."])?;
        scene.run(second, &["quote", tweet, "Moved the whole study group here last night #ff"])?;
        let spare = "Does anyone have a spare ticket for Friday? Asking for a friend who is me";
        scene.run(fourth, &["post", spare])?;
        let older = scene.run(third, &["feed", "local", "-n", "40", "--json=id"])?;
        let older = older.lines().last().and_then(|line| line.split('"').nth(5)).unwrap_or_default();
        scene.run(third, &["retweet", older])?;
        scene.run(first, &["chat", "@p1", "Are you coming on Friday? We have one seat left in the car."])?;
        for friend in friends.iter().take(6) {
            let child = scene.command(friend, &["watch"]).stdout(Stdio::null()).spawn();
            scene.online.push(child.map_err(|error| error.to_string())?);
        }
        // Trends are counted once a second.
        std::thread::sleep(std::time::Duration::from_secs(2));
        Ok(scene)
    }

    /// Home directory of the viewer.
    pub(crate) fn home(&self) -> std::path::PathBuf {
        self.tour.home(VIEWER)
    }

    fn log_in(&self, user: &str) -> Outcome {
        self.tour.run(user, &["login", user, "--password-stdin"], PASSWORD).map(drop)
    }

    fn run(&self, user: &str, args: &[&str]) -> Result<String, String> {
        self.tour.run(user, args, "")
    }

    fn command(&self, user: &str, args: &[&str]) -> Command {
        self.tour.command(user, args)
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
