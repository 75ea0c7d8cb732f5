//! Direct messages.

use model::{AccountId, Error, Marks, MessageId, Span};

use super::world::{World, text};
use crate::store::Change;

async fn say(world: &World, author: AccountId, to: AccountId, words: &str) -> MessageId {
    let change = Change::SendMessage { author, to, text: text(words) };
    MessageId::new(world.apply(change).await.id).unwrap()
}

pub(crate) async fn messages_arrive_in_order_with_marks_that_only_go_forward(world: World) {
    let (ada, bob, cleo) = (world.person("ada").await, world.person("bob").await, world.person("cleo").await);
    let first = say(&world, ada, bob, "are you there?").await;
    let second = say(&world, bob, ada, "yes").await;
    say(&world, cleo, ada, "me too").await;

    let list = world.store.conversations(ada, None, 10).await.unwrap().items;
    let with: Vec<_> = list.iter().map(|one| one.with.id).collect();
    assert_eq!(with, [cleo, bob]);
    let conversation = world.store.conversation_between(bob, ada).await.unwrap().unwrap();
    assert_eq!(conversation.id, list[1].id);
    let messages = world.store.messages(conversation.id, Span::Latest, 10).await.unwrap();
    assert_eq!(messages.iter().map(|one| one.id).collect::<Vec<_>>(), [second, first]);
    assert!(world.store.conversation_between(bob, cleo).await.unwrap().is_none());

    let mark = |delivered, read| Change::MarkConversation {
        conversation: conversation.id,
        account: bob,
        delivered,
        read,
    };
    world.apply(mark(Some(first), None)).await;
    world.apply(mark(None, Some(first))).await;
    let marks = world.store.marks(conversation.id, bob).await.unwrap();
    assert!(marks.delivered >= Some(first) && marks.read == Some(first), "{marks:?}");
    assert!(!world.apply(mark(Some(first), Some(first))).await.changed);
    // Past the newest message is the newest message.
    world.apply(mark(None, MessageId::new(u64::MAX >> 2))).await;
    let Marks { read, .. } = world.store.marks(conversation.id, bob).await.unwrap();
    assert_eq!(read, Some(second));
    assert!(matches!(
        world
            .refused(Change::MarkConversation {
                conversation: conversation.id,
                account: cleo,
                delivered: None,
                read: Some(first)
            })
            .await,
        Error::NotFound(_)
    ));
}

pub(crate) async fn a_block_closes_a_conversation(world: World) {
    let (ada, bob) = (world.person("ada").await, world.person("bob").await);
    say(&world, ada, bob, "hello").await;
    world.block(bob, ada).await;
    let again = Change::SendMessage { author: ada, to: bob, text: text("hello?") };
    assert!(matches!(world.refused(again).await, Error::Forbidden(_)));
    assert!(world.store.conversations(ada, None, 10).await.unwrap().items.is_empty());
    let to_oneself = Change::SendMessage { author: ada, to: ada, text: text("hello me") };
    assert!(matches!(world.refused(to_oneself).await, Error::Invalid { field, .. } if field == "username"));
}
