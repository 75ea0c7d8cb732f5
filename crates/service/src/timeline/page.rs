//! A page of a home timeline, put together from what is in memory.

use model::{AccountId, Cursor, Result, Span, TweetId, ViewerFlags};

use super::home::Home;
use super::{Accounts, CachedAccount, CachedTweet, State, Timelines, Tweets};
use crate::policy;
use crate::policy::RETWEETS_ONCE_WITHIN;

/// So often something may have to be read from the store before the page is left to it: the home, what was followed
/// since, tweets, their originals, and once more where something was committed in between.
const ATTEMPTS: usize = 8;

/// A tweet as its viewer sees it.
#[derive(Debug, Clone, Copy)]
pub struct HomeTweet<'a> {
    /// What everybody sees.
    pub tweet: &'a CachedTweet,
    /// What the viewer did with it.
    pub marks: ViewerFlags,
}

/// A page of a home timeline: what [`model::TweetPage`] is, lent by the memory.
#[derive(Debug, Clone, Default)]
pub struct HomePage<'a> {
    /// Newest first.
    pub tweets: Vec<HomeTweet<'a>>,
    /// Originals of retweets and quotes that do not stand in `tweets` themselves.
    pub referenced: Vec<HomeTweet<'a>>,
    /// Every author of the above, once.
    pub accounts: Vec<&'a CachedAccount>,
    /// Where the next page begins; `None` when there is no more.
    pub next: Option<Cursor>,
}

/// What a page cannot be put together without.
#[derive(Debug)]
pub(super) enum CacheMiss {
    Home,
    /// What these wrote, who are followed since.
    Authors(Vec<AccountId>),
    Tweets(Vec<TweetId>),
    /// What is older than all that is in memory.
    Older,
}

impl Timelines {
    /// What `take` makes of the page of this home that the store would give; `None` when the store has to be asked.
    /// Nobody else reads or writes meanwhile: `take` must be quick.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn home<T>(
        &self,
        me: AccountId,
        span: Span,
        limit: usize,
        take: impl Fn(&HomePage<'_>) -> T,
    ) -> Result<Option<T>> {
        let Some(place) = place_of(span) else { return Ok(None) };
        for _ in 0..ATTEMPTS {
            let lack = match self.state().page(me, place, limit) {
                Ok(page) => return Ok(Some(take(&page))),
                Err(lack) => lack,
            };
            match lack {
                CacheMiss::Older => return Ok(None),
                // What was committed meanwhile may have been too much to follow: then the next attempt tries again.
                CacheMiss::Home => drop(self.build(me).await?),
                CacheMiss::Authors(authors) => self.merge(me, &authors).await?,
                CacheMiss::Tweets(ids) => drop(self.load(me, &ids).await?),
            }
        }
        Ok(None)
    }

    /// The same, where all of it is in memory now.
    pub fn home_now<T>(
        &self,
        me: AccountId,
        span: Span,
        limit: usize,
        take: impl FnOnce(&HomePage<'_>) -> T,
    ) -> Option<T> {
        let place = place_of(span)?;
        self.state().page(me, place, limit).ok().map(|page| take(&page))
    }
}

/// The place that the page is before; `None` for a page above a place.
fn place_of(span: Span) -> Option<u64> {
    match span {
        Span::Latest => Some(u64::MAX),
        Span::Before(place) => Some(place),
        Span::After(_) => None,
    }
}

/// A tweet that the viewer may see, may not see, or that has to be read first.
enum Lookup<'a> {
    Seen(Seen<'a>),
    Hidden,
    Unknown,
}

#[derive(Clone, Copy)]
struct Seen<'a> {
    tweet: HomeTweet<'a>,
    author: &'a CachedAccount,
    is_muted: bool,
    /// Whether it is in this home by its author.
    is_here: bool,
}

struct Shown<'a> {
    seen: Seen<'a>,
    original: Option<Seen<'a>>,
}

impl State {
    pub(super) fn page(
        &mut self,
        me: AccountId,
        place: u64,
        limit: usize,
    ) -> Result<HomePage<'_>, CacheMiss> {
        self.reads += 1;
        let Some(home) = self.homes.get_mut(&me) else { return Err(CacheMiss::Home) };
        home.used = self.reads;
        if !home.to_merge.is_empty() {
            return Err(CacheMiss::Authors(home.to_merge.clone()));
        }
        Reader { me, home, tweets: &self.tweets, accounts: &self.accounts }.page(place, limit)
    }
}

/// What one page is put together from.
struct Reader<'a> {
    me: AccountId,
    home: &'a Home,
    tweets: &'a Tweets,
    accounts: &'a Accounts,
}

impl<'a> Reader<'a> {
    fn page(&self, place: u64, limit: usize) -> Result<HomePage<'a>, CacheMiss> {
        let mut shown: Vec<Shown<'a>> = Vec::with_capacity(limit + 1);
        let mut unknown = Vec::new();
        for id in self.home.window.before(place) {
            if shown.len() + unknown.len() > limit {
                break;
            }
            match self.sight(id) {
                Lookup::Hidden => {}
                Lookup::Unknown => unknown.push(id),
                Lookup::Seen(seen) => self.show(seen, &mut shown, &mut unknown),
            }
        }
        if !unknown.is_empty() {
            return Err(CacheMiss::Tweets(unknown));
        }
        if shown.len() <= limit && !self.home.window.is_whole() {
            return Err(CacheMiss::Older);
        }
        let next = (shown.len() > limit).then(|| shown.get(limit.saturating_sub(1))).flatten();
        let next = next.map(|last| Cursor::Id(last.seen.tweet.tweet.tweet.id.get()));
        shown.truncate(limit);
        Ok(page_of(&shown, next))
    }

    /// Puts a tweet on the page, with its original, unless it is left out of homes.
    fn show(&self, seen: Seen<'a>, shown: &mut Vec<Shown<'a>>, unknown: &mut Vec<TweetId>) {
        if seen.is_muted || !seen.is_here {
            return;
        }
        let is = &seen.tweet.tweet.tweet;
        let original = match is.retweet_of.or(is.quote_of).map(|id| (id, self.sight(id))) {
            None => None,
            Some((id, Lookup::Unknown)) => return unknown.push(id),
            Some((_, Lookup::Hidden)) if is.retweet_of.is_some() => return,
            Some((_, Lookup::Hidden)) => None,
            Some((_, Lookup::Seen(Seen { is_muted: true, .. }))) if is.retweet_of.is_some() => return,
            Some((_, Lookup::Seen(original))) => Some(original),
        };
        let is_there = |other: &Shown<'_>| other.seen.tweet.tweet.tweet.retweet_of == is.retweet_of;
        if is.retweet_of.is_some() && shown.iter().rev().take(RETWEETS_ONCE_WITHIN).any(is_there) {
            return;
        }
        shown.push(Shown { seen, original });
    }

    fn sight(&self, id: TweetId) -> Lookup<'a> {
        let tweet = match self.tweets.get(&id) {
            None => return Lookup::Unknown,
            Some(None) => return Lookup::Hidden,
            Some(Some(tweet)) => tweet,
        };
        let (author, visibility) = (tweet.tweet.author, tweet.tweet.visibility);
        let Some(account) = self.accounts.get(&author) else { return Lookup::Unknown };
        let Some(facts) = self.home.facts(id, visibility) else { return Lookup::Unknown };
        let relationships = self.home.relationship(author);
        if !policy::may_see(self.me, author, account.state, visibility, relationships, facts.mentioned) {
            return Lookup::Hidden;
        }
        Lookup::Seen(Seen {
            tweet: HomeTweet { tweet, marks: facts.marks },
            author: account,
            is_muted: relationships.muting,
            is_here: relationships.following || author == self.me,
        })
    }
}

/// Originals and authors once.
fn page_of<'a>(shown: &[Shown<'a>], next: Option<Cursor>) -> HomePage<'a> {
    let mut page = HomePage { next, ..HomePage::default() };
    page.tweets.reserve_exact(shown.len());
    page.accounts.reserve_exact(shown.len());
    for Shown { seen, .. } in shown {
        add_author(&mut page.accounts, seen.author);
        page.tweets.push(seen.tweet);
    }
    for original in shown.iter().filter_map(|shown| shown.original) {
        let id = original.tweet.tweet.tweet.id;
        let mut others = page.tweets.iter().chain(&page.referenced);
        if !others.any(|other| other.tweet.tweet.id == id) {
            add_author(&mut page.accounts, original.author);
            page.referenced.push(original.tweet);
        }
    }
    page
}

fn add_author<'a>(accounts: &mut Vec<&'a CachedAccount>, author: &'a CachedAccount) {
    if !accounts.iter().any(|other| std::ptr::eq(*other, author)) {
        accounts.push(author);
    }
}
