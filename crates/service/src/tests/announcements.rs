//! Announcements: who sees which of them, and who learns of a change.

use model::{AnnouncementId, Error};

use crate::Caller;
use crate::live::{AnnouncementChange, LiveConnection, LiveEvent, Topic};
use crate::test_support::{TestServer, anonymous, event};

async fn announce(server: &TestServer, text: &str) -> AnnouncementId {
    let made = server.service.announce(&Caller::Operator, text, 0).await.unwrap();
    AnnouncementId::new(made.id).unwrap()
}

/// The texts of the announcements as this caller sees them; those that they have dismissed in brackets.
async fn seen(server: &TestServer, caller: &Caller) -> String {
    let all = server.service.server_info(caller).await.unwrap().announcements;
    let text = |one: &model::Announcement| match one.dismissed {
        true => format!("({})", one.text),
        false => one.text.clone(),
    };
    all.iter().map(text).collect::<Vec<_>>().join(" ")
}

/// The next change, and the text of the newest announcement then.
async fn change(connection: &LiveConnection) -> (AnnouncementChange, String) {
    match event(connection).await {
        LiveEvent::Announcement { change, newest } => (change, newest),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn everyone_who_is_connected_learns_of_new_and_removed_announcements() {
    let server = TestServer::new().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let connections = [ada.connects(), bob.connects()];
    for connection in &connections {
        connection.subscribe(Topic::Notifications, None).await.unwrap();
    }
    let mut ids = Vec::new();
    for text in ["first", "second"] {
        let id = announce(&server, text).await;
        for connection in &connections {
            let (AnnouncementChange::Added(added), newest) = change(connection).await else { panic!() };
            assert_eq!((added.id, &*added.text, &*newest), (id, text, text));
        }
        ids.push(id);
    }
    server.service.remove_announcement(&Caller::Operator, ids[1]).await.unwrap();
    for connection in &connections {
        assert_eq!(change(connection).await, (AnnouncementChange::Removed(ids[1]), "first".into()));
    }
    server.service.announce(&Caller::Operator, "\u{3164}\u{200b}", 0).await.unwrap();
    for connection in &connections {
        assert_eq!(change(connection).await, (AnnouncementChange::Removed(ids[0]), String::new()));
    }
    assert_eq!(seen(&server, &ada.caller).await, "", "a text in which nothing can be seen removes all");
}

#[tokio::test]
async fn an_account_dismisses_an_announcement_on_all_its_devices() {
    let server = TestServer::new().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let (other_device, others) = (ada.connects(), bob.connects());
    for connection in [&other_device, &others] {
        connection.subscribe(Topic::Notifications, None).await.unwrap();
    }
    let first = announce(&server, "first").await;
    assert!(matches!(change(&other_device).await.0, AnnouncementChange::Added(_)));
    assert!(server.service.dismiss_announcement(&ada.caller, first).await.unwrap().changed);
    assert!(!server.service.dismiss_announcement(&ada.caller, first).await.unwrap().changed);
    assert_eq!(change(&other_device).await, (AnnouncementChange::Dismissed(first), "first".into()));
    assert_eq!(seen(&server, &ada.caller).await, "(first)");
    let exported = server.service.export(&ada.caller, "dismissed").await.unwrap().json_lines;
    assert_eq!(exported, [format!(r#"{{"type":"dismissed_announcement","id":"{first}"}}"#)]);

    announce(&server, "second").await;
    assert_eq!(seen(&server, &ada.caller).await, "second (first)", "only what is new is new");
    for caller in [bob.caller, anonymous(), Caller::Operator] {
        assert_eq!(seen(&server, &caller).await, "second first");
    }
    for _ in 0..2 {
        let (change, _) = change(&others).await;
        assert!(matches!(change, AnnouncementChange::Added(_)), "others do not learn of it: {change:?}");
    }
    let refused = server.service.dismiss_announcement(&Caller::Operator, first).await;
    assert!(matches!(refused, Err(Error::Unauthenticated(_))), "{refused:?}");
}

#[tokio::test]
async fn a_client_that_was_away_learns_what_is_left_of_what_it_missed() {
    let server = TestServer::new().await;
    let ada = server.person("ada").await;
    let (_, cursor) = ada.connects().subscribe(Topic::Notifications, None).await.unwrap();
    let gone = announce(&server, "gone").await;
    let kept = announce(&server, "kept").await;
    server.service.remove_announcement(&Caller::Operator, gone).await.unwrap();
    let connection = ada.connects();
    connection.subscribe(Topic::Notifications, Some(cursor)).await.unwrap();
    let mut changes = Vec::new();
    for _ in 0..2 {
        let (change, newest) = change(&connection).await;
        assert_eq!(newest, "kept");
        changes.push(change);
    }
    let kept = server.service.server_info(&ada.caller).await.unwrap().announcements.remove(0).id == kept;
    assert!(kept && matches!(changes[0], AnnouncementChange::Added(_)), "{changes:?}");
    assert_eq!(changes[1], AnnouncementChange::Removed(gone));
}

#[tokio::test]
async fn an_announcement_ends_after_its_hours() {
    let server = TestServer::new().await;
    for (hours, refused) in [(8_760, false), (8_761, true)] {
        let made = server.service.announce(&Caller::Operator, "soon down", hours).await;
        assert_eq!(matches!(made, Err(Error::Invalid { field, .. }) if field == "valid_hours"), refused);
    }
    server.service.announce(&Caller::Operator, "now down", 2).await.unwrap();
    server.clock.advance_ms(2 * 3_600_000 - 1);
    assert_eq!(seen(&server, &anonymous()).await, "now down soon down");
    server.clock.advance_ms(1);
    assert_eq!(seen(&server, &anonymous()).await, "soon down");
}
