//! The sections of hashtags: trending, new, of the week, and the viewer's own.

use model::Trend;

use crate::HashtagSections;
use crate::test_support::{TestServer, TestUser};

const HOUR_MS: i64 = 3_600_000;

async fn sections(user: &TestUser<'_>) -> HashtagSections {
    user.server.service.hashtag_sections(&user.caller, 10).await.unwrap()
}

fn names(trends: &[Trend]) -> String {
    trends.iter().map(|trend| trend.name.as_str()).collect::<Vec<_>>().join(" ")
}

/// Waits until the trends have taken in what was posted.
async fn until_counted(user: &TestUser<'_>, trends: &str, new_today: &str) {
    for _ in 0..600 {
        let found = sections(user).await;
        if (names(&found.trends), names(&found.new_today)) == (trends.to_owned(), new_today.to_owned()) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{:?}", sections(user).await);
}

#[tokio::test]
async fn hashtags_of_one_person_are_new_and_not_those_of_someone_whom_the_viewer_mutes_or_blocks() {
    let server = TestServer::new().await;
    let (ada, bob, eve) =
        (server.person("ada").await, server.person("bob").await, server.person("eve").await);
    for person in [&ada, &bob] {
        person.posts("#both of us").await;
    }
    bob.posts("#bobs #own").await;
    bob.posts("#bobs again").await;
    until_counted(&eve, "both", "bobs own").await;
    let of_bob = sections(&bob).await;
    assert_eq!(names(&of_bob.yours), "bobs own both", "the most recently used first");
    assert_eq!((of_bob.yours[0].people, of_bob.yours[0].tweets), (1, 2));
    assert_eq!(of_bob.new_today[0].history[23], 1);
    assert_eq!(names(&sections(&eve).await.yours), "");
    eve.mutes(&bob).await;
    until_counted(&eve, "both", "").await;
    server.service.unmute(&eve.caller, None, &bob.name).await.unwrap();
    until_counted(&eve, "both", "bobs own").await;
    bob.blocks(&eve).await;
    until_counted(&eve, "both", "").await;
}

#[tokio::test]
async fn a_day_without_hashtags_shows_those_of_the_week() {
    let server = TestServer::new().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    ada.posts("#older").await;
    server.clock.advance_ms(7 * 24 * HOUR_MS);
    for person in [&ada, &bob] {
        person.posts("#both").await;
    }
    bob.posts("#bobs").await;
    server.clock.advance_ms(30 * HOUR_MS);
    until_counted(&ada, "", "").await;
    let week = sections(&ada).await.this_week;
    assert_eq!(names(&week), "both bobs");
    assert_eq!((week[0].people, week[0].tweets, week[0].history), (2, 2, [0; 24]));
    assert_eq!(names(&sections(&ada).await.yours), "both older");
    ada.mutes(&bob).await;
    assert_eq!(names(&sections(&ada).await.this_week), "both");
    ada.posts("#today").await;
    until_counted(&bob, "", "today").await;
    assert_eq!(names(&sections(&bob).await.this_week), "", "there is one of today");
}
