//! The social network of a benchmark: accounts, follows and texts, read from files or synthetic.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use fastrand::Rng;
use model::TweetText;

use crate::error::Error;

/// Accounts, numbered from 0, with follows and texts.
pub(crate) struct Network {
    /// Number of accounts.
    pub(crate) accounts: usize,
    /// Unique pairs (follower, followee).
    pub(crate) follows: Vec<(usize, usize)>,
    /// Texts to post, used in turn.
    pub(crate) texts: Vec<TweetText>,
}

impl Network {
    /// Reads mutual follows, one `a b` per line, and tweets, one per line. Missing files are replaced by synthetic data.
    pub(crate) fn load(edges: Option<&Path>, tweets: Option<&Path>) -> Result<Self, Error> {
        let texts = match tweets {
            Some(path) => {
                let lines = fs::read(path)?;
                let lines = String::from_utf8_lossy(&lines);
                lines.lines().filter_map(|line| TweetText::parse(line.trim()).ok()).collect()
            }
            None => synthetic_texts(),
        };
        let Some(path) = edges else { return Ok(Self { texts, ..Self::synthetic(1_000) }) };
        let text = fs::read_to_string(path)?;
        let pairs = text.lines().filter_map(|line| {
            let (a, b) = line.trim().split_once(' ')?;
            Some((a.parse().ok()?, b.trim().parse().ok()?))
        });
        let follows: HashSet<(usize, usize)> = pairs.flat_map(|(a, b)| [(a, b), (b, a)]).collect();
        let mut follows: Vec<_> = follows.into_iter().filter(|(a, b)| a != b).collect();
        follows.sort_unstable();
        let accounts = follows.iter().map(|(a, b)| a.max(b) + 1).max().unwrap_or(0);
        Ok(Self { accounts, follows, texts })
    }

    /// A network of this size whose follower counts have a heavy tail, as in real networks. The number of accounts
    /// that each one follows has a Pareto distribution (at least 8, exponent 1.6, at most 2,000: about 20 on average).
    /// A followee is `accounts * u^3` with a uniform `u`, so the density of followers falls with the power -2/3 of the
    /// rank.
    pub(crate) fn synthetic(accounts: usize) -> Self {
        let mut random = Rng::with_seed(1);
        let mut follows = Vec::new();
        for follower in 0..accounts {
            let count = (8.0 / random.f64().max(1e-9).powf(1.0 / 1.6)).min(2_000.0) as usize;
            let mut followees = HashSet::new();
            for _ in 0..count.min(accounts / 2) {
                let followee = ((accounts as f64) * random.f64().powi(3)) as usize;
                if followee != follower && followee < accounts && followees.insert(followee) {
                    follows.push((follower, followee));
                }
            }
        }
        Self { accounts, follows, texts: synthetic_texts() }
    }

    /// The followers of each account.
    pub(crate) fn followers(&self) -> Vec<Vec<usize>> {
        let mut followers = vec![Vec::new(); self.accounts];
        for &(follower, followee) in &self.follows {
            followers[followee].push(follower);
        }
        followers
    }

    /// Accounts that follow at least 8 others, so that their home timelines have 20 tweets.
    pub(crate) fn readers(&self) -> Vec<usize> {
        let mut following = vec![0_usize; self.accounts];
        for &(follower, _) in &self.follows {
            following[follower] += 1;
        }
        (0..self.accounts).filter(|&n| following[n] >= 8).collect()
    }
}

/// Tweets of realistic length: 3 to 25 words, and a hashtag in every third one.
fn synthetic_texts() -> Vec<TweetText> {
    const SYLLABLES: [&str; 16] =
        ["ka", "lo", "mi", "ren", "to", "sa", "ve", "du", "pir", "an", "gel", "hy", "or", "stu", "be", "fin"];
    let mut random = Rng::with_seed(2);
    let word = |random: &mut Rng| {
        let syllables = 1 + random.usize(..3);
        (0..syllables).map(|_| SYLLABLES[random.usize(..SYLLABLES.len())]).collect::<String>()
    };
    let texts = (0..4_000).map(|_| {
        let mut words: Vec<String> = (0..3 + random.usize(..23)).map(|_| word(&mut random)).collect();
        if random.usize(..3) == 0 {
            words.push(format!("#{}", SYLLABLES[random.usize(..SYLLABLES.len())]));
        }
        words.join(" ")
    });
    texts.filter_map(|text| TweetText::parse(&text).ok()).collect()
}
