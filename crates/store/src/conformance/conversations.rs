//! Direct messages.

use model::limits::TWEET_VERSIONS_MAX;
use model::{AccountId, Cursor, Error, MessageId, ReadReceipts, Span};

use super::fixture::StoreFixture;
use crate::env::Clock as _;
use crate::test_support::text;
use crate::{Change, ConversationList, Event, EventKind, IdempotencyKey};

async fn say(fixture: &StoreFixture, author: AccountId, to: AccountId, words: &str) -> MessageId {
    let change = Change::SendMessage { author, to, text: text(words) };
    MessageId::new(fixture.apply(change).await.id).unwrap()
}

pub(crate) async fn messages_are_in_order_and_read_receipts_only_move_forward(fixture: StoreFixture) {
    let (ada, bob, cleo) =
        (fixture.account("ada").await, fixture.account("bob").await, fixture.account("cleo").await);
    let first = say(&fixture, ada, bob, "are you there?").await;
    let second = say(&fixture, bob, ada, "yes").await;
    say(&fixture, cleo, ada, "me too").await;

    let list = fixture.store.conversations(ada, ConversationList::Shown, None, 10).await.unwrap().items;
    let with: Vec<_> = list.iter().map(|one| one.with.id).collect();
    assert_eq!(with, [cleo, bob]);
    let conversation = fixture.store.conversation_between(bob, ada).await.unwrap().unwrap();
    assert_eq!(conversation.id, list[1].id);
    let messages = fixture.store.messages(conversation.id, Span::Latest, 10).await.unwrap();
    assert_eq!(messages.iter().map(|one| one.id).collect::<Vec<_>>(), [second, first]);
    assert!(fixture.store.conversation_between(bob, cleo).await.unwrap().is_none());

    let mark = |delivered, read| Change::MarkConversation {
        conversation: conversation.id,
        account: bob,
        delivered,
        read,
    };
    fixture.apply(mark(Some(first), None)).await;
    fixture.apply(mark(None, Some(first))).await;
    let receipts = fixture.store.read_receipts(conversation.id, bob).await.unwrap();
    assert_eq!((receipts.delivered, receipts.read), (Some(first), Some(first)));
    assert!(!fixture.apply(mark(Some(first), Some(first))).await.changed);
    // Past the newest message, receipts stop at it.
    fixture.apply(mark(None, MessageId::new(u64::MAX >> 2))).await;
    let ReadReceipts { read, .. } = fixture.store.read_receipts(conversation.id, bob).await.unwrap();
    assert_eq!(read, Some(second));
    let of_another = Change::MarkConversation {
        conversation: conversation.id,
        account: cleo,
        delivered: None,
        read: Some(first),
    };
    assert_eq!(fixture.refused(of_another).await, Error::not_found("conversation"));
}

pub(crate) async fn read_receipts_have_the_time_at_which_the_other_side_was_read(fixture: StoreFixture) {
    let (ada, bob) = (fixture.account("ada").await, fixture.account("bob").await);
    let first = say(&fixture, ada, bob, "are you there?").await;
    let second = say(&fixture, ada, bob, "hello?").await;
    let conversation = fixture.store.conversation_between(bob, ada).await.unwrap().unwrap().id;
    let mark = async |delivered, read| {
        fixture.clock.advance_ms(1_000);
        fixture.apply(Change::MarkConversation { conversation, account: bob, delivered, read }).await;
        let receipts = fixture.store.read_receipts(conversation, bob).await.unwrap();
        (receipts.read_ms, fixture.clock.now_ms())
    };
    assert_eq!(mark(Some(first), None).await.0, None, "it has only arrived");
    let (read_ms, at_first) = mark(None, Some(first)).await;
    assert_eq!(read_ms, Some(at_first));
    assert_eq!(mark(Some(second), Some(first)).await.0, Some(at_first), "nothing more was read");
    let (read_ms, at_second) = mark(None, Some(second)).await;
    assert_eq!(read_ms, Some(at_second));
    let own = say(&fixture, bob, ada, "yes").await;
    assert_eq!(mark(None, Some(own)).await.0, Some(at_second), "an own message says nothing");
    let of_ada = fixture.store.conversation_between(ada, bob).await.unwrap().unwrap();
    assert_eq!((of_ada.theirs.read_ms, of_ada.yours.read_ms), (Some(at_second), None));
}

pub(crate) async fn a_sent_message_names_its_conversation_also_after_a_retry(fixture: StoreFixture) {
    let (ada, bob) = (fixture.account("ada").await, fixture.account("bob").await);
    let key = IdempotencyKey { account: ada, key: b"key".to_vec(), request_hash: [1; 32] };
    let send = || {
        let change = Change::SendMessage { author: ada, to: bob, text: text("hello") };
        fixture.store.apply(change, Some(key.clone()))
    };
    let sent = send().await.unwrap();
    let conversation = fixture.store.conversation_between(ada, bob).await.unwrap().unwrap();
    assert_eq!(sent.conversation, Some(conversation.id));
    assert_eq!(conversation.last.id.get(), sent.id);
    assert_eq!(send().await.unwrap(), sent);
    assert_eq!(fixture.store.messages(conversation.id, Span::Latest, 10).await.unwrap().len(), 1);
    let unkeyed = Change::SendMessage { author: bob, to: ada, text: text("hello back") };
    assert_eq!(fixture.apply(unkeyed).await.conversation, Some(conversation.id));
}

pub(crate) async fn a_block_closes_a_conversation(fixture: StoreFixture) {
    let (ada, bob) = (fixture.account("ada").await, fixture.account("bob").await);
    say(&fixture, ada, bob, "hello").await;
    fixture.block(bob, ada).await;
    let again = Change::SendMessage { author: ada, to: bob, text: text("hello?") };
    assert!(matches!(fixture.refused(again).await, Error::Forbidden(_)));
    assert!(
        fixture.store.conversations(ada, ConversationList::Shown, None, 10).await.unwrap().items.is_empty()
    );
    let to_oneself = Change::SendMessage { author: ada, to: ada, text: text("hello me") };
    assert!(matches!(fixture.refused(to_oneself).await, Error::Invalid { field, .. } if field == "username"));
}

pub(crate) async fn a_message_is_edited_and_deleted_by_its_author_only(fixture: StoreFixture) {
    let (ada, bob) = (fixture.account("ada").await, fixture.account("bob").await);
    let send = |said: &str| Change::SendMessage { author: ada, to: bob, text: text(said) };
    let first = MessageId::new(fixture.apply(send("frist")).await.id).unwrap();
    let second = MessageId::new(fixture.apply(send("second")).await.id).unwrap();
    let edit = |author, said: &str| Change::EditMessage { author, message: first, text: text(said) };
    let not_found = |error: Error| matches!(error, Error::NotFound(what) if what == "message");
    assert!(not_found(fixture.refused(edit(bob, "mine")).await));
    fixture.published_events().await;
    assert!(fixture.apply(edit(ada, "first")).await.changed);
    let events = fixture.published_events().await;
    assert!(
        matches!(events[..], [Event { kind: EventKind::MessageChanged { message, .. }, .. }] if message == first)
    );
    assert!(!fixture.apply(edit(ada, "first")).await.changed, "it is the same");
    let message = fixture.store.message(first).await.unwrap().unwrap();
    assert_eq!((message.text.as_str(), message.deleted), ("first", false));
    assert_eq!(message.edited_ms.map(|edited| edited > first.time_ms()), Some(true));

    let of_bob = async || fixture.store.conversation_between(bob, ada).await.unwrap().unwrap();
    assert_eq!(of_bob().await.unread, 2);
    let delete = |author, message| Change::DeleteMessage { author, message };
    assert!(not_found(fixture.refused(delete(bob, second)).await));
    assert!(fixture.apply(delete(ada, second)).await.changed);
    assert!(not_found(fixture.refused(delete(ada, second)).await), "it is deleted already");
    let conversation = of_bob().await;
    assert_eq!((conversation.unread, conversation.last.id), (1, second), "a deleted message is not unread");
    assert_eq!((conversation.last.text.as_str(), conversation.last.deleted), ("", true));

    for n in 1..TWEET_VERSIONS_MAX {
        fixture.apply(edit(ada, &format!("first {n}"))).await;
        fixture.published_events().await;
    }
    let refused = fixture.refused(edit(ada, "again")).await;
    assert!(matches!(refused, Error::Invalid { ref field, .. } if field == "message_id"), "{refused:?}");
    fixture.block(bob, ada).await;
    assert!(matches!(fixture.refused(edit(ada, "blocked")).await, Error::Forbidden(_)));
    fixture.published_events().await;
    assert!(fixture.apply(delete(ada, first)).await.changed, "one's own words can always be deleted");
    assert_eq!(fixture.published_events().await, [], "the other one does not hear of it");
}

pub(crate) async fn conversations_are_listed_by_their_newest_message(fixture: StoreFixture) {
    let ada = fixture.account("ada").await;
    let mut others = Vec::new();
    for n in 0..5 {
        let other = fixture.account(&format!("other{n}")).await;
        say(&fixture, other, ada, "first").await;
        others.push(other);
    }
    say(&fixture, ada, others[1], "answer").await;
    let pages = async |list, limit| {
        let (mut with, mut before) = (Vec::new(), None);
        loop {
            let page = fixture.store.conversations(ada, list, before, limit).await.unwrap();
            with.extend(page.items.iter().map(|one| one.with.id));
            let last = page.items.last().map(|one| one.last.id);
            match page.next {
                None => return with,
                Some(Cursor::Id(id)) => before = MessageId::new(id),
                Some(other) => panic!("{other:?}"),
            }
            assert_eq!(before, last);
        }
    };
    let newest_first = [others[1], others[4], others[3], others[2], others[0]];
    for limit in 1..=6 {
        assert_eq!(pages(ConversationList::Shown, limit).await, newest_first);
    }
    fixture.apply(Change::SetMute { muter: ada, muted: others[4], on: true }).await;
    fixture.apply(Change::SetSuspended { account: others[3], suspended: true }).await;
    fixture.block(others[2], ada).await;
    for limit in 1..=3 {
        assert_eq!(pages(ConversationList::Shown, limit).await, [others[1], others[0]]);
        assert_eq!(pages(ConversationList::All, limit).await, newest_first);
    }
}

pub(crate) async fn messages_are_paged_both_ways_and_counted_as_unread(fixture: StoreFixture) {
    let (ada, bob, cleo) =
        (fixture.account("ada").await, fixture.account("bob").await, fixture.account("cleo").await);
    let mut sent = Vec::new();
    for n in 0..9 {
        sent.push(say(&fixture, ada, bob, &n.to_string()).await);
    }
    let conversation = fixture.store.conversation_between(bob, ada).await.unwrap().unwrap();
    sent.reverse();
    let ids = async |span, limit| {
        let messages = fixture.store.messages(conversation.id, span, limit).await.unwrap();
        messages.iter().map(|message| message.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(Span::Latest, 4).await, sent[..4]);
    assert_eq!(ids(Span::Before(sent[3].get()), 100).await, sent[4..]);
    assert_eq!(ids(Span::After(sent[6].get()), 3).await, sent[3..6]);

    assert_eq!((conversation.unread, conversation.with.id, conversation.last.id), (9, ada, sent[0]));
    let read = Change::MarkConversation {
        conversation: conversation.id,
        account: bob,
        delivered: Some(sent[0]),
        read: Some(sent[2]),
    };
    fixture.published_events().await;
    fixture.apply(read).await;
    let kinds: Vec<_> = fixture.published_events().await.iter().map(|event| event.kind).collect();
    assert_eq!(
        kinds,
        [EventKind::ConversationMarked { conversation: conversation.id, account: bob, with: ada }]
    );
    let of_bob = fixture.store.conversation_between(bob, ada).await.unwrap().unwrap();
    let of_ada = fixture.store.conversation_between(ada, bob).await.unwrap().unwrap();
    let read_ms = Some(fixture.clock.now_ms());
    let receipts = ReadReceipts { delivered: Some(sent[0]), read: Some(sent[2]), read_ms };
    assert_eq!((of_bob.unread, of_ada.unread), (2, 0), "one's own messages are not unread");
    assert_eq!((of_bob.yours, of_ada.theirs), (receipts, receipts));
    assert_eq!((of_bob.theirs, of_ada.yours), (ReadReceipts::default(), ReadReceipts::default()));
    let of_another = fixture.store.read_receipts(conversation.id, cleo).await.unwrap();
    assert_eq!(of_another, ReadReceipts::default());
}
