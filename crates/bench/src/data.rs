//! Who follows whom and what they say: read from files when given, else made.

use std::fs;
use std::path::Path;

use crate::Error;

/// A network to load into the server.
pub(crate) struct Data {
    /// People are numbered from 0.
    pub(crate) people: usize,
    /// Pairs (follower, followee).
    pub(crate) follows: Vec<(usize, usize)>,
    /// Texts to post, used in turn.
    pub(crate) texts: Vec<String>,
}

impl Data {
    /// Reads mutual ties, one `a b` a line, and tweets, one a line.
    pub(crate) fn load(edges: Option<&Path>, tweets: Option<&Path>) -> Result<Self, Error> {
        let follows = match edges {
            Some(path) => fs::read_to_string(path)?
                .lines()
                .filter_map(|line| {
                    let (a, b) = line.trim().split_once(' ')?;
                    Some((a.parse().ok()?, b.trim().parse().ok()?))
                })
                .flat_map(|(a, b): (usize, usize)| [(a, b), (b, a)])
                .collect(),
            None => made_follows(1_000, 40),
        };
        let people = follows.iter().map(|(a, b)| a.max(b) + 1).max().unwrap_or(0);
        let texts = match tweets {
            Some(path) => {
                String::from_utf8_lossy(&fs::read(path)?).lines().map(|line| line.trim().to_owned()).collect()
            }
            None => (0..1_000)
                .map(|n| format!("A tweet about #topic{} of an ordinary length, number {n}", n % 50))
                .collect(),
        };
        Ok(Self { people, follows, texts })
    }
}

/// Everyone follows `each` others; a few are followed by very many, as in life: the followee of a uniform draw
/// `u` is `people * u^3`.
fn made_follows(people: usize, each: usize) -> Vec<(usize, usize)> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut follows = Vec::new();
    for follower in 0..people {
        for _ in 0..each {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let uniform = (state >> 33) as f64 / f64::from(1_u32 << 31);
            let followee = ((people as f64) * uniform.powi(3)) as usize;
            if followee != follower && followee < people {
                follows.push((follower, followee));
            }
        }
    }
    follows
}
