//! Who follows whom and what they say: read from files when given, else made.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use model::TweetText;

use crate::Error;

/// People, numbered from 0, with their ties and texts.
pub(crate) struct Network {
    /// How many there are.
    pub(crate) people: usize,
    /// Pairs (follower, followee), each once.
    pub(crate) follows: Vec<(usize, usize)>,
    /// Texts to post, used in turn.
    pub(crate) texts: Vec<TweetText>,
}

impl Network {
    /// Reads mutual ties, one `a b` a line, and tweets, one a line; what is not given is made.
    pub(crate) fn load(edges: Option<&Path>, tweets: Option<&Path>) -> Result<Self, Error> {
        let texts = match tweets {
            Some(path) => {
                let lines = fs::read(path)?;
                let lines = String::from_utf8_lossy(&lines);
                lines.lines().filter_map(|line| TweetText::parse(line.trim()).ok()).collect()
            }
            None => made_texts(),
        };
        let Some(path) = edges else { return Ok(Self { texts, ..Self::made(1_000) }) };
        let text = fs::read_to_string(path)?;
        let ties = text.lines().filter_map(|line| {
            let (a, b) = line.trim().split_once(' ')?;
            Some((a.parse().ok()?, b.trim().parse().ok()?))
        });
        let follows: HashSet<(usize, usize)> = ties.flat_map(|(a, b)| [(a, b), (b, a)]).collect();
        let mut follows: Vec<_> = follows.into_iter().filter(|(a, b)| a != b).collect();
        follows.sort_unstable();
        let people = follows.iter().map(|(a, b)| a.max(b) + 1).max().unwrap_or(0);
        Ok(Self { people, follows, texts })
    }

    /// A network of this size in which a few are followed by very many, as in life. Each account follows a number
    /// drawn from a Pareto distribution (at least 8, exponent 1.6, at most 2,000: about 20 on average); whom is
    /// `people * u^3` of a uniform `u`, so the density of followers falls with the power -2/3 of the rank.
    pub(crate) fn made(people: usize) -> Self {
        let mut random = Random::new(1);
        let mut follows = Vec::new();
        for follower in 0..people {
            let wanted = (8.0 / random.unit().max(1e-9).powf(1.0 / 1.6)).min(2_000.0) as usize;
            let mut followees = HashSet::new();
            for _ in 0..wanted.min(people / 2) {
                let followee = ((people as f64) * random.unit().powi(3)) as usize;
                if followee != follower && followee < people && followees.insert(followee) {
                    follows.push((follower, followee));
                }
            }
        }
        Self { people, follows, texts: made_texts() }
    }

    /// The followers of each.
    pub(crate) fn followers(&self) -> Vec<Vec<usize>> {
        let mut followers = vec![Vec::new(); self.people];
        for &(follower, followee) in &self.follows {
            followers[followee].push(follower);
        }
        followers
    }

    /// The people whom a feed of 20 can be expected of: they follow at least so many.
    pub(crate) fn readers(&self) -> Vec<usize> {
        let mut following = vec![0_usize; self.people];
        for &(follower, _) in &self.follows {
            following[follower] += 1;
        }
        (0..self.people).filter(|&n| following[n] >= 8).collect()
    }
}

/// Tweets of the lengths and with the hashtags that people use: 3 to 25 words, a hashtag in every third.
fn made_texts() -> Vec<TweetText> {
    const SYLLABLES: [&str; 16] =
        ["ka", "lo", "mi", "ren", "to", "sa", "ve", "du", "pir", "an", "gel", "hy", "or", "stu", "be", "fin"];
    let mut random = Random::new(2);
    let word = |random: &mut Random| {
        let syllables = 1 + random.below(3);
        (0..syllables).map(|_| SYLLABLES[random.below(SYLLABLES.len())]).collect::<String>()
    };
    let texts = (0..4_000).map(|_| {
        let mut words: Vec<String> = (0..3 + random.below(23)).map(|_| word(&mut random)).collect();
        if random.below(3) == 0 {
            words.push(format!("#{}", SYLLABLES[random.below(SYLLABLES.len())]));
        }
        words.join(" ")
    });
    texts.filter_map(|text| TweetText::parse(&text).ok()).collect()
}

/// SplitMix64 (Steele, Lea and Flood, 2014): the same numbers in every run.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// From 0 to 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}
