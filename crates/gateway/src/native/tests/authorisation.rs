//! Every request by every kind of caller, over a real connection: the result is that of the table, and no caller reads
//! anything that they may not see. A new request of the model's table does not compile until it has a row here.

use futures_util::stream::{self, StreamExt as _};
use model::{NewTweet, Operation, TweetText, Visibility};
use prost::Message as _;
use protocol::v1::request::Op;
use protocol::v1::{self, read_timeline, response, subscribe};

use super::fixture::{GatewayFixture, RawClient, code_of};
use service::Caller;
use service::test_support::{PASSWORD, TestServer, TestUser, anonymous, password, username};
use store::{Change, Store as _};

/// Who makes the request, relative to Ada, whom all requests are about (`Own`). Her direct tweet mentions `Follower`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Anonymous,
    Own,
    Other,
    Follower,
    Blocked,
    Muted,
    Suspended,
    Admin,
    Revoked,
}

/// In the order of a row's columns.
const COLUMNS: [(Who, &str); 9] = [
    (Who::Anonymous, ""),
    (Who::Own, "ada"),
    (Who::Other, "otto"),
    (Who::Follower, "fay"),
    (Who::Blocked, "bea"),
    (Who::Muted, "max"),
    (Who::Suspended, "sue"),
    (Who::Admin, "ann"),
    (Who::Revoked, "rob"),
];

const PUBLIC: &str = "for everyone #ada";
const FOLLOWERS: &str = "for those who follow";
const DIRECT: &str = "only for @fay";
const MESSAGE: &str = "between you and me";

/// For the negative controls: what is left unprotected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unprotected {
    Nothing,
    /// Ada does not block Bea.
    Block,
    /// Otto, an ordinary member, has the role admin.
    AdminRole,
}

/// Ada's tweets, session and key, and the other accounts.
struct Scene<'a> {
    gateway: GatewayFixture,
    people: Vec<TestUser<'a>>,
    public: u64,
    followers: u64,
    direct: u64,
    /// From Ada to Fay.
    message: u64,
    /// Another session of Ada.
    session: u64,
    key: u64,
    announcement: u64,
}

impl<'a> Scene<'a> {
    async fn of(server: &'a TestServer, unprotected: Unprotected) -> Self {
        let mut people = Vec::new();
        for (who, name) in COLUMNS {
            if who == Who::Admin || (who == Who::Other && unprotected == Unprotected::AdminRole) {
                people.push(server.admin(name).await);
            } else if who != Who::Anonymous {
                people.push(server.person(name).await);
            }
        }
        let person = |name: &str| people.iter().find(|person| person.name.as_str() == name).unwrap();
        let ada = person("ada");
        person("fay").follows(ada).await;
        let write = |text: &str, visibility| {
            let text = TweetText::parse(text).unwrap();
            ada.writes(NewTweet { text, visibility, reply_to: None, quote_of: None })
        };
        let public = write(PUBLIC, Visibility::Public).await.unwrap();
        let followers = write(FOLLOWERS, Visibility::Followers).await.unwrap();
        let direct = write(DIRECT, Visibility::Direct).await.unwrap();
        for other in people.iter().filter(|other| other.id != ada.id) {
            let text = TweetText::parse("hello ada").unwrap();
            server.service.send_message(&other.caller, None, &ada.name, text).await.unwrap();
            // So that undoing has an effect.
            other.retweets(public).await.unwrap();
            for tweet in [public, followers] {
                let _ = server.service.like(&other.caller, None, tweet).await;
                let _ = server.service.bookmark(&other.caller, None, tweet).await;
            }
        }
        let text = TweetText::parse(MESSAGE).unwrap();
        let sent = server.service.send_message(&ada.caller, None, &person("fay").name, text).await.unwrap();
        let message = sent.message.get();
        if unprotected != Unprotected::Block {
            ada.blocks(person("bea")).await;
        }
        ada.mutes(person("max")).await;
        server.service.suspend(&Caller::Operator, &username("sue")).await.unwrap();
        let Caller::Member { session, account, .. } = person("rob").caller else { panic!("a member") };
        server.store.store.apply(Change::EndSession { account, session }, None).await.unwrap();
        let session =
            server.service.log_in(&anonymous(), &ada.name, &password(PASSWORD), "other").await.unwrap();
        let fingerprint = model::SshFingerprint([7; 32]);
        let name = model::SshKeyName::default();
        let key = Change::AddSshKey { account: ada.id, fingerprint, name };
        let key = server.store.store.apply(key, None).await.unwrap().id;
        let announce = Change::Announce { text: "before".into(), ends_ms: None };
        let announcement = server.store.store.apply(announce, None).await.unwrap().id;
        let [public, followers, direct] = [public, followers, direct].map(model::TweetId::get);
        let session = session.session.get();
        Self {
            gateway: GatewayFixture::new(server),
            public,
            followers,
            direct,
            message,
            session,
            key,
            announcement,
            people,
        }
    }

    /// A connection of this account, logged in if that is possible.
    async fn connects(&self, name: &str) -> RawClient {
        let mut client = self.gateway.connect().await;
        if let Some(person) = self.people.iter().find(|person| person.name.as_str() == name) {
            let token = person.token.to_vec().into();
            client.ask(Op::Authenticate(v1::Authenticate { token })).await;
        }
        client
    }

    fn person(&self, name: &str) -> &TestUser<'a> {
        self.people.iter().find(|person| person.name.as_str() == name).unwrap()
    }

    fn token(&self) -> Vec<u8> {
        self.person("ada").token.to_vec()
    }
}

/// A request, and the result for each column: `+` success, `-` success without a change, `U` unauthenticated, `F`
/// forbidden, `N` not found, `I` invalid, `A` exists already.
type Row = (Op, &'static str);

/// For every active account, about itself.
const OWN: &str = "U + + + + + U + U";
/// About Ada, whom a blocked account cannot find.
const OF_ADA: &str = "U + + + N + U + U";
/// For admins only.
const ADMIN: &str = "U F F F F F U + U";

#[rustfmt::skip]
fn rows(operation: Operation, scene: &Scene<'_>) -> Vec<Row> {
    let ada = || "ada".to_owned();
    let secret = || PASSWORD.to_owned();
    let (public, followers, direct, message) = (scene.public, scene.followers, scene.direct, scene.message);
    let announcement = scene.announcement;
    match operation {
        Operation::SignUp => vec![(Op::SignUp(v1::SignUp { username: "new_one".into(), password: secret(), ..Default::default() }), "+ F F F F F A F A")],
        Operation::LogIn => vec![(Op::LogIn(v1::LogIn { username: ada(), password: secret() }), "+ F F F F F + F +")],
        Operation::Authenticate => vec![(Op::Authenticate(v1::Authenticate { token: scene.token().into() }), "+ + + + + + + + +")],
        Operation::GetServerInfo => vec![(Op::GetServerInfo(v1::GetServerInfo {}), "+ + + + + + + + +")],
        Operation::CheckUsername => vec![
            (Op::CheckUsername(v1::CheckUsername { username: "new_one".into() }), "- F F F F F - F -"),
            (Op::CheckUsername(v1::CheckUsername { username: ada() }), "A F F F F F A F A"),
        ],
        Operation::LogOut => vec![(Op::LogOut(v1::LogOut { everywhere: true }), OWN)],
        Operation::ListSessions => vec![(Op::ListSessions(v1::ListSessions {}), OWN)],
        Operation::RevokeSession => vec![(Op::RevokeSession(v1::RevokeSession { session_id: scene.session }), "U + - - - - U - U")],
        Operation::ChangePassword => vec![(Op::ChangePassword(v1::ChangePassword { old_password: secret(), new_password: "another horse 7".into() }), OWN)],
        Operation::EditProfile => vec![(Op::EditProfile(v1::EditProfile { bio: Some("me".into()), ..Default::default() }), OWN)],
        Operation::DeleteAccount => vec![(Op::DeleteAccount(v1::DeleteAccount { password: secret() }), OWN)],
        Operation::Export => vec![(Op::Export(v1::Export::default()), OWN)],
        Operation::AddSshKey => vec![(Op::AddSshKey(v1::AddSshKey { public_key: "no key".into(), ..Default::default() }), if cfg!(feature = "ssh") { "U I I I I I U I U" } else { "U F F F F F U F U" })],
        Operation::ListSshKeys => vec![(Op::ListSshKeys(v1::ListSshKeys {}), OWN)],
        Operation::RevokeSshKey => vec![(Op::RevokeSshKey(v1::RevokeSshKey { key_id: scene.key }), "U + - - - - U - U")],
        Operation::Post => vec![
            (Op::Post(v1::Post { text: "hi".into(), ..Default::default() }), OWN),
            (Op::Post(v1::Post { text: "re".into(), reply_to: public, ..Default::default() }), OF_ADA),
            (Op::Post(v1::Post { text: "re".into(), reply_to: followers, ..Default::default() }), "U + N + N N U N U"),
            (Op::Post(v1::Post { text: "re".into(), reply_to: direct, ..Default::default() }), "U + N + N N U N U"),
            (Op::Post(v1::Post { text: "look".into(), quote_of: public, ..Default::default() }), OF_ADA),
            (Op::Post(v1::Post { text: "look".into(), quote_of: followers, ..Default::default() }), "U F N F N N U N U"),
        ],
        Operation::EditTweet => vec![(Op::EditTweet(v1::EditTweet { tweet_id: public, text: "changed".into() }), "U + N N N N U N U")],
        Operation::DeleteTweet => vec![(Op::DeleteTweet(v1::DeleteTweet { tweet_id: public }), "U + N N N N U N U")],
        Operation::Retweet => vec![
            (Op::Retweet(v1::Retweet { tweet_id: public }), "U + - - N - U - U"),
            (Op::Retweet(v1::Retweet { tweet_id: followers }), "U F N F N N U N U"),
            (Op::Retweet(v1::Retweet { tweet_id: direct }), "U F N F N N U N U"),
        ],
        Operation::UndoRetweet => vec![(Op::UndoRetweet(v1::UndoRetweet { tweet_id: public }), "U - + + N + U + U")],
        Operation::Like => vec![
            (Op::Like(v1::Like { tweet_id: public }), "U + - - N - U - U"),
            (Op::Like(v1::Like { tweet_id: followers }), "U + N - N N U N U"),
            (Op::Like(v1::Like { tweet_id: direct }), "U + N + N N U N U"),
        ],
        Operation::Unlike => vec![(Op::Unlike(v1::Unlike { tweet_id: public }), "U - + + N + U + U")],
        Operation::Bookmark => vec![
            (Op::Bookmark(v1::Bookmark { tweet_id: public }), "U + - - N - U - U"),
            (Op::Bookmark(v1::Bookmark { tweet_id: followers }), "U + N - N N U N U"),
        ],
        Operation::Unbookmark => vec![(Op::Unbookmark(v1::Unbookmark { tweet_id: public }), "U - + + N + U + U")],
        Operation::GetTweet => vec![
            (Op::GetTweet(v1::GetTweet { tweet_id: public }), OF_ADA),
            (Op::GetTweet(v1::GetTweet { tweet_id: followers }), "U + N + N N U N U"),
            (Op::GetTweet(v1::GetTweet { tweet_id: direct }), "U + N + N N U N U"),
        ],
        Operation::GetTweets => vec![(Op::GetTweets(v1::GetTweets { tweet_ids: vec![public, followers, direct] }), OWN)],
        Operation::GetThread => vec![
            (Op::GetThread(v1::GetThread { tweet_id: public, page: None }), OF_ADA),
            (Op::GetThread(v1::GetThread { tweet_id: followers, page: None }), "U + N + N N U N U"),
        ],
        Operation::GetTweetHistory => vec![
            (Op::GetTweetHistory(v1::GetTweetHistory { tweet_id: public, page: None }), OF_ADA),
            (Op::GetTweetHistory(v1::GetTweetHistory { tweet_id: direct, page: None }), "U + N + N N U N U"),
        ],
        Operation::ReadTimeline => {
            use read_timeline::Timeline::{Bookmarks, Hashtag, Home, Likes, Local, Replies, Search, User};
            let read = |timeline| Op::ReadTimeline(v1::ReadTimeline { timeline: Some(timeline), page: None });
            vec![
                (read(Home(v1::Home {})), OWN),
                (read(User(ada())), OF_ADA),
                (read(Replies(ada())), OF_ADA),
                (read(Hashtag("ada".into())), OWN),
                (read(Local(v1::Local {})), OWN),
                (read(Bookmarks(v1::Bookmarks {})), OWN),
                (read(Likes(v1::Likes {})), OWN),
                (read(Search("for".into())), OWN),
            ]
        }
        Operation::SearchHashtags => vec![(Op::SearchHashtags(v1::SearchHashtags { query: "a".into(), limit: 9 }), OWN)],
        Operation::GetTrends => vec![(Op::GetTrends(v1::GetTrends { limit: 9, ..v1::GetTrends::default() }), OWN)],
        Operation::SetReadLine => vec![(Op::SetReadLine(v1::SetReadLine { timeline: "home".into(), tweet_id: public }), OWN)],
        Operation::ListReadLines => vec![(Op::ListReadLines(v1::ListReadLines {}), OWN)],
        Operation::GetProfile => vec![(Op::GetProfile(v1::GetProfile { username: ada() }), OF_ADA)],
        Operation::ListAccounts => vec![
            (Op::ListAccounts(v1::ListAccounts { list: v1::AccountList::People.into(), ..Default::default() }), OWN),
            (Op::ListAccounts(v1::ListAccounts { list: v1::AccountList::Followers.into(), username: ada(), ..Default::default() }), OF_ADA),
            (Op::ListAccounts(v1::ListAccounts { list: v1::AccountList::Following.into(), username: ada(), ..Default::default() }), OF_ADA),
            (Op::ListAccounts(v1::ListAccounts { list: v1::AccountList::BothFollow.into(), username: ada(), ..Default::default() }), OF_ADA),
            (Op::ListAccounts(v1::ListAccounts { list: v1::AccountList::Blocked.into(), ..Default::default() }), OWN),
        ],
        Operation::SearchPeople => vec![(Op::SearchPeople(v1::SearchPeople { query: ada(), limit: 9 }), OWN)],
        Operation::Follow => vec![(Op::Follow(v1::Follow { username: ada() }), "U I + - N + U + U")],
        Operation::Unfollow => vec![(Op::Unfollow(v1::Unfollow { username: ada() }), "U - - + - - U - U")],
        Operation::RemoveFollower => vec![(Op::RemoveFollower(v1::RemoveFollower { username: ada() }), "U - - - - - U - U")],
        Operation::Block => vec![(Op::Block(v1::Block { username: ada() }), "U I + + + + U + U")],
        Operation::Unblock => vec![(Op::Unblock(v1::Unblock { username: ada() }), "U - - - - - U - U")],
        Operation::Mute => vec![(Op::Mute(v1::Mute { username: ada() }), "U I + + N + U + U")],
        Operation::Unmute => vec![(Op::Unmute(v1::Unmute { username: ada() }), "U - - - - - U - U")],
        Operation::SuggestPeople => vec![(Op::SuggestPeople(v1::SuggestPeople { limit: 9 }), OWN)],
        Operation::DismissSuggestion => vec![(Op::DismissSuggestion(v1::DismissSuggestion { username: ada() }), "U I + + N + U + U")],
        Operation::Report => vec![
            (Op::Report(v1::Report { username: ada(), ..Default::default() }), "U I + + + + U + U"),
            (Op::Report(v1::Report { tweet_id: public, ..Default::default() }), "U I + + N + U + U"),
            (Op::Report(v1::Report { tweet_id: direct, ..Default::default() }), "U I N + N N U N U"),
        ],
        Operation::ListNotifications => vec![(Op::ListNotifications(v1::ListNotifications::default()), OWN)],
        Operation::MarkNotificationsRead => vec![(Op::MarkNotificationsRead(v1::MarkNotificationsRead { up_to: u64::MAX >> 1, ids: Vec::new() }), "U + - + - - U - U")],
        Operation::DismissAnnouncement => vec![(Op::DismissAnnouncement(v1::DismissAnnouncement { announcement_id: announcement }), OWN)],
        Operation::SendMessage => vec![(Op::SendMessage(v1::SendMessage { username: ada(), text: "psst".into() }), "U I + + N + U + U")],
        Operation::EditMessage => vec![(Op::EditMessage(v1::EditMessage { message_id: message, text: "changed".into() }), "U + N N N N U N U")],
        Operation::DeleteMessage => vec![(Op::DeleteMessage(v1::DeleteMessage { message_id: message }), "U + N N N N U N U")],
        Operation::ListConversations => vec![(Op::ListConversations(v1::ListConversations { page: None }), OWN)],
        Operation::ReadConversation => vec![(Op::ReadConversation(v1::ReadConversation { username: ada(), ..Default::default() }), OF_ADA)],
        Operation::MarkConversation => vec![(Op::MarkConversation(v1::MarkConversation { username: ada(), delivered: 0, read: u64::MAX >> 1 }), "U N + + N + U + U")],
        Operation::Typing => vec![(Op::Typing(v1::Typing { username: ada() }), OF_ADA)],
        Operation::ListOnline => vec![(Op::ListOnline(v1::ListOnline {}), OWN)],
        Operation::SetPresence => vec![(Op::SetPresence(v1::SetPresence { state: v1::PresenceState::Away.into() }), OWN)],
        Operation::Subscribe => {
            use subscribe::Topic::{Conversation, Conversations, Home, Notifications, Presence};
            let to = |topic| Op::Subscribe(v1::Subscribe { topic: Some(topic), cursor: 0 });
            vec![
                (to(Home(v1::HomeTopic {})), OWN),
                (to(Notifications(v1::NotificationsTopic {})), OWN),
                (to(Conversations(v1::ConversationsTopic {})), OWN),
                (to(Presence(v1::PresenceTopic {})), OWN),
                (to(Conversation(ada())), OF_ADA),
            ]
        }
        Operation::Unsubscribe => vec![(Op::Unsubscribe(v1::Unsubscribe { subscription: 1 }), "U N N N N N U N U")],
        Operation::CreateAccount => vec![(Op::CreateAccount(v1::CreateAccount { username: "made".into(), password: secret(), role: v1::Role::Admin.into(), ..Default::default() }), ADMIN)],
        Operation::CreateInvite => vec![(Op::CreateInvite(v1::CreateInvite { uses: 1, valid_hours: 1 }), ADMIN)],
        Operation::Suspend => vec![(Op::Suspend(v1::Suspend { username: ada() }), ADMIN)],
        Operation::Unsuspend => vec![(Op::Unsuspend(v1::Unsuspend { username: "sue".into() }), ADMIN)],
        Operation::ResetPassword => vec![(Op::ResetPassword(v1::ResetPassword { username: ada(), new_password: "another horse 7".into() }), ADMIN)],
        Operation::Announce => vec![(Op::Announce(v1::Announce { text: "hear".into(), valid_hours: 1 }), ADMIN)],
        Operation::RemoveAnnouncement => vec![(Op::RemoveAnnouncement(v1::RemoveAnnouncement { announcement_id: announcement }), ADMIN)],
        Operation::GetStatistics => vec![(Op::GetStatistics(v1::GetStatistics {}), ADMIN)],
        Operation::ListNodes => vec![(Op::ListNodes(v1::ListNodes {}), ADMIN)],
        Operation::Drain => vec![(Op::Drain(v1::Drain { id: "0".into() }), "U F F F F F U N U")],
        Operation::ListReports => vec![(Op::ListReports(v1::ListReports {}), ADMIN)],
        Operation::ListInvites => vec![(Op::ListInvites(v1::ListInvites {}), ADMIN)],
        Operation::RevokeInvite => vec![(Op::RevokeInvite(v1::RevokeInvite { invite: "0123456789abcdef".into() }), "U F F F F F U - U")],
        Operation::RemoveTweet => vec![(Op::RemoveTweet(v1::RemoveTweet { tweet_id: public }), ADMIN)],
        Operation::ListProfiles => vec![(Op::ListProfiles(v1::ListProfiles::default()), ADMIN)],
        Operation::SetRole => vec![(Op::SetRole(v1::SetRole { username: ada(), role: v1::Role::Member.into() }), "U F F F F F U - U")],
        Operation::RemoveAccount => vec![(Op::RemoveAccount(v1::RemoveAccount { username: "max".into() }), ADMIN)],
        Operation::CloseReport => vec![(Op::CloseReport(v1::CloseReport { report_id: 1 }), "U F F F F F U - U")],
    }
}

fn letter(result: &response::Result) -> char {
    match (result, code_of(result)) {
        (response::Result::Done(done), _) if !done.changed => '-',
        (_, None) => '+',
        (_, Some(v1::ErrorCode::Unauthenticated)) => 'U',
        (_, Some(v1::ErrorCode::Forbidden)) => 'F',
        (_, Some(v1::ErrorCode::NotFound)) => 'N',
        (_, Some(v1::ErrorCode::Invalid)) => 'I',
        (_, Some(v1::ErrorCode::AlreadyExists)) => 'A',
        (_, Some(_)) => '?',
    }
}

/// Texts that no response to this caller may contain.
fn hidden_from(who: Who) -> &'static [&'static str] {
    match who {
        Who::Own | Who::Follower => &[],
        Who::Other | Who::Muted | Who::Admin => &[FOLLOWERS, DIRECT, MESSAGE],
        Who::Anonymous | Who::Blocked | Who::Suspended | Who::Revoked => {
            &[PUBLIC, FOLLOWERS, DIRECT, MESSAGE]
        }
    }
}

/// A result that differs from the table: operation, number of its row, caller, expected and actual result. `!` is a
/// response that contains a hidden text.
type Difference = (Operation, usize, Who, char, char);

/// Makes all requests of one operation.
async fn differences(operation: Operation, unprotected: Unprotected) -> Vec<Difference> {
    let (mut differences, mut number) = (Vec::new(), 0);
    loop {
        let server = TestServer::new().await;
        let scene = Scene::of(&server, unprotected).await;
        let Some((op, expected)) = rows(operation, &scene).into_iter().nth(number) else {
            return differences;
        };
        let expected: Vec<char> = expected.split(' ').filter_map(|column| column.chars().next()).collect();
        assert_eq!(expected.len(), COLUMNS.len(), "{operation:?}");
        let mut asked: Vec<_> = COLUMNS.into_iter().zip(expected).collect();
        // Last comes the request that ends Ada's session: another account's for two operations, else her own.
        let by_others = matches!(operation, Operation::Suspend | Operation::ResetPassword);
        asked.sort_by_key(|((who, _), _)| (*who == Who::Own) != by_others && *who != Who::Anonymous);
        for ((who, name), expected) in asked {
            let result = scene.connects(name).await.ask(op.clone()).await;
            let mut found = letter(&result);
            let bytes = v1::Response { id: 1, result: Some(result) }.encode_to_vec();
            let says = |text: &&str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
            if hidden_from(who).iter().any(says) {
                found = '!';
            }
            if found != expected {
                differences.push((operation, number, who, expected, found));
            }
        }
        number += 1;
    }
}

#[tokio::test]
async fn every_caller_gets_the_result_of_the_table_and_sees_nothing_hidden() {
    let asked = Operation::ALL.iter().map(|operation| differences(*operation, Unprotected::Nothing));
    let all: Vec<_> = stream::iter(asked).buffer_unordered(8).concat().await;
    assert!(all.is_empty(), "{all:#?}");
}

/// The negative controls.
#[tokio::test]
async fn a_missing_block_or_role_check_is_found() {
    let found = differences(Operation::GetTweet, Unprotected::Block).await;
    assert!(found.contains(&(Operation::GetTweet, 0, Who::Blocked, 'N', '!')), "{found:?}");
    for operation in [Operation::Announce, Operation::CreateAccount, Operation::GetStatistics] {
        let found = differences(operation, Unprotected::AdminRole).await;
        assert!(found.contains(&(operation, 0, Who::Other, 'F', '+')), "{found:?}");
    }
}

#[tokio::test]
async fn an_open_connection_ends_with_its_session() {
    let server = TestServer::new().await;
    let scene = Scene::of(&server, Unprotected::Nothing).await;
    let revoke = |name: &str| {
        let Caller::Member { session, .. } = scene.person(name).caller else { panic!("a member") };
        Op::RevokeSession(v1::RevokeSession { session_id: session.get() })
    };
    let new = |name: &str| (name.to_owned(), name.to_owned());
    let suspend = |name: &str| Op::Suspend(v1::Suspend { username: name.into() });
    let password = |name: &str| {
        Op::ResetPassword(v1::ResetPassword { username: name.into(), new_password: "another horse 7".into() })
    };
    let everywhere = Op::LogOut(v1::LogOut { everywhere: true });
    let delete = Op::DeleteAccount(v1::DeleteAccount { password: PASSWORD.into() });
    // The account of the connection, the one that ends its session, and how.
    for ((name, by), how) in [
        (new("fay"), revoke("fay")),
        (("otto".into(), "ann".into()), suspend("otto")),
        (("bea".into(), "ann".into()), password("bea")),
        (new("max"), everywhere),
        (new("ada"), delete),
    ] {
        let mut open = scene.connects(&name).await;
        let subscribe = v1::Subscribe { topic: Some(subscribe::Topic::Home(v1::HomeTopic {})), cursor: 0 };
        let subscribed = open.ask(Op::Subscribe(subscribe)).await;
        assert!(matches!(subscribed, response::Result::Subscribed(_)), "{subscribed:?}");
        let done = scene.connects(&by).await.ask(how.clone()).await;
        assert_eq!(code_of(&done), None, "{how:?}");
        assert_eq!(open.fatal_code().await, v1::ErrorCode::Unauthenticated, "{how:?}");
        let again = scene.connects(&name).await.ask(Op::ListSessions(v1::ListSessions {})).await;
        assert_eq!(code_of(&again), Some(v1::ErrorCode::Unauthenticated), "{how:?}");
    }
}
