//! Conversations, their messages, and the read receipts of both members.

use model::limits::TWEET_VERSIONS_MAX;
use model::{
    AccountId, Conversation, ConversationId, Cursor, DirectMessage, Error, MessageId, Page, ReadReceipts,
    Span, TweetText,
};
use rusqlite::{Connection, Row, params};

use super::accounts::account_of;
use super::sql::{Result, Sql, all, first, get, optional, run};
use super::tx::{Tx, applied};
use crate::{ChangeResult, ConversationList, EventKind};

const CONVERSATION: &str = "
    SELECT a.id, a.username, a.display_name, m.id, m.conversation, m.author, m.text, m.edited_ms, m.deleted,
           mine.delivered, mine.read_up_to, mine.read_ms, theirs.delivered, theirs.read_up_to, theirs.read_ms,
           (SELECT count(*) FROM message u
            WHERE u.conversation = m.conversation AND u.id > mine.read_up_to AND u.author <> mine.account AND u.deleted = 0)
    FROM conversation_member mine
    JOIN conversation_member theirs
         ON theirs.conversation = mine.conversation AND theirs.account = mine.partner
    JOIN account a ON a.id = mine.partner
    JOIN message m ON m.id = mine.last_message
    WHERE mine.account = ?1 ";

fn message_of(row: &Row<'_>, column: usize) -> rusqlite::Result<DirectMessage> {
    Ok(DirectMessage {
        id: get(row, column)?,
        conversation: get(row, column + 1)?,
        author: get(row, column + 2)?,
        text: row.get(column + 3)?,
        edited_ms: row.get(column + 4)?,
        deleted: row.get(column + 5)?,
    })
}

fn receipts_of(row: &Row<'_>, column: usize) -> rusqlite::Result<ReadReceipts> {
    let message = |column| row.get::<_, i64>(column).map(|id| MessageId::new(id.cast_unsigned()));
    Ok(ReadReceipts {
        delivered: message(column)?,
        read: message(column + 1)?,
        read_ms: row.get(column + 2)?,
    })
}

fn conversation_of(row: &Row<'_>) -> rusqlite::Result<Conversation> {
    let last = message_of(row, 3)?;
    Ok(Conversation {
        id: last.conversation,
        with: account_of(row, 0)?,
        last,
        yours: receipts_of(row, 9)?,
        theirs: receipts_of(row, 12)?,
        unread: row.get(15)?,
    })
}

pub(super) fn list(
    db: &Connection,
    account: AccountId,
    list: ConversationList,
    before: Option<MessageId>,
    limit: usize,
) -> Result<Page<Conversation>> {
    let shown = match list {
        ConversationList::All => "",
        ConversationList::Shown => {
            "AND a.state = 1
             AND NOT EXISTS (SELECT 1 FROM block WHERE (blocker = ?1 AND blocked = a.id)
                                                    OR (blocker = a.id AND blocked = ?1))
             AND NOT EXISTS (SELECT 1 FROM mute WHERE muter = ?1 AND muted = a.id)"
        }
    };
    let sql = format!(
        "{CONVERSATION} AND mine.last_message < ?2 {shown}
         ORDER BY mine.last_message DESC LIMIT ?3"
    );
    let before = before.map_or(i64::MAX, |id| id.get().cast_signed());
    let rows = all(db, &sql, params![Sql(account), before, limit + 1], conversation_of)?;
    Ok(Page::from_surplus(rows, limit, |c| Cursor::Id(c.last.id.get())))
}

pub(super) fn between(db: &Connection, account: AccountId, with: AccountId) -> Result<Option<Conversation>> {
    let sql = format!("{CONVERSATION} AND mine.partner = ?2");
    Ok(first(db, &sql, params![Sql(account), Sql(with)], conversation_of)?)
}

pub(super) fn messages(
    db: &Connection,
    conversation: ConversationId,
    span: Span,
    limit: usize,
) -> Result<Vec<DirectMessage>> {
    let (bound, side, order) = match span {
        Span::Latest => (i64::MAX, "<", "DESC"),
        Span::Before(id) => (id.cast_signed(), "<", "DESC"),
        Span::After(id) => (id.cast_signed(), ">", "ASC"),
    };
    let sql = format!(
        "SELECT id, conversation, author, text, edited_ms, deleted FROM message
         WHERE conversation = ?1 AND id {side} ?2 ORDER BY id {order} LIMIT ?3"
    );
    let mut messages = all(db, &sql, params![Sql(conversation), bound, limit], |row| message_of(row, 0))?;
    if order == "ASC" {
        messages.reverse();
    }
    Ok(messages)
}

pub(super) fn message(db: &Connection, id: MessageId) -> Result<Option<DirectMessage>> {
    let sql = "SELECT id, conversation, author, text, edited_ms, deleted FROM message WHERE id = ?1";
    Ok(first(db, sql, [Sql(id)], |row| message_of(row, 0))?)
}

pub(super) fn read_receipts(
    db: &Connection,
    conversation: ConversationId,
    account: AccountId,
) -> Result<ReadReceipts> {
    let sql = "SELECT delivered, read_up_to, read_ms FROM conversation_member
               WHERE conversation = ?1 AND account = ?2";
    Ok(first(db, sql, params![Sql(conversation), Sql(account)], |row| receipts_of(row, 0))?
        .unwrap_or_default())
}

impl Tx<'_> {
    pub(super) fn send_message(
        &mut self,
        author: AccountId,
        to: AccountId,
        text: &TweetText,
    ) -> Result<ChangeResult> {
        if author == to {
            return Err(Error::own_account().into());
        }
        self.require_active(author)?;
        self.require_active(to)?;
        self.refuse_across_block(author, to)?;
        self.check_stranger_rate(author, to)?;
        let conversation = self.conversation(author, to)?;
        let id = self.next_id();
        let message = MessageId::new(id).ok_or_else(|| crate::incident(&"no identifier is left"))?;
        run(
            self.db,
            "INSERT INTO message (id, conversation, author, text) VALUES (?1, ?2, ?3, ?4)",
            params![Sql(message), Sql(conversation), Sql(author), text.as_str()],
        )?;
        run(
            self.db,
            "INSERT INTO conversation_member (conversation, account, partner, last_message)
             VALUES (?1, ?2, ?3, ?4), (?1, ?3, ?2, ?4)
             ON CONFLICT DO UPDATE SET last_message = excluded.last_message",
            params![Sql(conversation), Sql(author), Sql(to), Sql(message)],
        )?;
        self.record(EventKind::MessageSent { conversation, message, author, to })?;
        Ok(ChangeResult { id, changed: true, conversation: Some(conversation) })
    }

    /// The conversation and the recipient of a message that this account wrote and did not delete, its text, and how often
    /// it was edited.
    fn own_message(
        &self,
        author: AccountId,
        id: MessageId,
    ) -> Result<(ConversationId, AccountId, String, usize)> {
        let sql = "SELECT m.conversation, c.partner, m.text, m.edits FROM message m
                   JOIN conversation_member c ON c.conversation = m.conversation AND c.account = m.author
                   WHERE m.id = ?1 AND m.author = ?2 AND m.deleted = 0";
        let found = first(self.db, sql, params![Sql(id), Sql(author)], |row| {
            Ok((get(row, 0)?, get(row, 1)?, row.get(2)?, row.get(3)?))
        })?;
        Ok(found.ok_or_else(|| Error::not_found("message"))?)
    }

    pub(super) fn edit_message(
        &mut self,
        author: AccountId,
        message: MessageId,
        text: &TweetText,
    ) -> Result<ChangeResult> {
        let (conversation, to, before, edits) = self.own_message(author, message)?;
        self.require_active(author)?;
        self.require_active(to)?;
        self.refuse_across_block(author, to)?;
        if before == text.as_str() {
            return applied(message.get(), false);
        }
        if edits >= TWEET_VERSIONS_MAX {
            let reason = format!("was edited {TWEET_VERSIONS_MAX} times and cannot be edited again");
            return Err(Error::invalid("message_id", reason).into());
        }
        let sql = "UPDATE message SET text = ?2, edited_ms = ?3, edits = edits + 1 WHERE id = ?1";
        run(self.db, sql, params![Sql(message), text.as_str(), self.now_ms])?;
        self.record(EventKind::MessageChanged { conversation, message, author, to })?;
        applied(message.get(), true)
    }

    pub(super) fn delete_message(&mut self, author: AccountId, message: MessageId) -> Result<ChangeResult> {
        let (conversation, to, ..) = self.own_message(author, message)?;
        let sql = "UPDATE message SET text = '', edited_ms = NULL, deleted = 1 WHERE id = ?1";
        run(self.db, sql, [Sql(message)])?;
        // Across a block neither sees anything of the other.
        if !self.blocked(author, to)? {
            self.record(EventKind::MessageChanged { conversation, message, author, to })?;
        }
        applied(message.get(), true)
    }

    fn conversation(&mut self, one: AccountId, other: AccountId) -> Result<ConversationId> {
        let (low, high) = (one.min(other), one.max(other));
        let sql = "SELECT id FROM conversation WHERE low = ?1 AND high = ?2";
        if let Some(id) = first(self.db, sql, params![Sql(low), Sql(high)], |row| get(row, 0))? {
            return Ok(id);
        }
        let id = self.next_id();
        let sql = "INSERT INTO conversation (id, low, high) VALUES (?1, ?2, ?3)";
        run(self.db, sql, params![id.cast_signed(), Sql(low), Sql(high)])?;
        Ok(ConversationId::new(id).ok_or_else(|| crate::incident(&"no identifier is left"))?)
    }

    pub(super) fn mark_conversation(
        &mut self,
        conversation: ConversationId,
        account: AccountId,
        delivered: Option<MessageId>,
        read: Option<MessageId>,
    ) -> Result<ChangeResult> {
        let sql = "SELECT partner FROM conversation_member WHERE conversation = ?1 AND account = ?2";
        let with =
            first(self.db, sql, params![Sql(conversation), Sql(account)], |row| get::<AccountId>(row, 0))?
                .ok_or_else(|| Error::not_found("conversation"))?;
        // Read implies delivered. Receipts never move back, nor past the newest message. The time is that of the newest
        // message of the other side that was read: own messages say nothing about it.
        let changed = run(
            self.db,
            "UPDATE conversation_member
             SET delivered = max(delivered, min(last_message, max(coalesce(?3, 0), coalesce(?4, 0)))),
                 read_up_to = max(read_up_to, min(last_message, coalesce(?4, 0))),
                 read_ms = CASE WHEN EXISTS (SELECT 1 FROM message m
                                             WHERE m.conversation = ?1 AND m.id > read_up_to AND m.id <= ?4
                                               AND m.author = partner)
                                THEN ?5 ELSE read_ms END
             WHERE conversation = ?1 AND account = ?2
               AND (delivered < min(last_message, max(coalesce(?3, 0), coalesce(?4, 0)))
                    OR read_up_to < min(last_message, coalesce(?4, 0)))",
            params![Sql(conversation), Sql(account), optional(delivered), optional(read), self.now_ms],
        )? > 0;
        if changed {
            self.record(EventKind::ConversationMarked { conversation, account, with })?;
        }
        applied(conversation.get(), changed)
    }
}
