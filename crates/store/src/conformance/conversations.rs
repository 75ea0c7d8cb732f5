//! Direct messages.

use model::{AccountId, Error, MessageId, ReadReceipts, Span};

use super::fixture::StoreFixture;
use crate::test_support::text;
use crate::{Change, ConversationList, IdempotencyKey};

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
    assert_eq!(receipts, ReadReceipts { delivered: Some(first), read: Some(first) });
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
