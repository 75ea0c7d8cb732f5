//! The handler of each request. A request of the table in `model` does not compile until it has a line here.

use bytes::Bytes;
use model::limits::IDEMPOTENCY_KEY_BYTES_MAX;
use model::{Error, Result};
use prost::Message as _;
use protocol::v1;
use protocol::v1::request::Op;
use service::Caller;
use service::policy::authorise;
use sha2::{Digest as _, Sha256};
use store::IdempotencyKey;

use super::call::{Call, Reply};
use super::context::ConnectionContext;
use super::{accounts, admin, conversations, live, nodes, people, tweets};

/// Carries out a request.
///
/// # Errors
/// Those of the request.
pub(super) async fn dispatch(context: &ConnectionContext, op: Op, key: &Bytes) -> Result<Reply> {
    let caller = context.caller();
    // The service checks this too. Here it comes before the request is parsed: a caller who may not make it gets the
    // same answer whatever it contains, and so learns nothing about what a valid request looks like.
    authorise(&caller, op.operation())?;
    if matches!(caller, Caller::Member { .. }) {
        // Timelines and trends are in memory: no store refuses them.
        context.gateway.service.require_fresh()?;
    }
    let key = idempotency_key_of(caller, key, &op)?;
    perform(Call { context, service: &context.gateway.service, caller, key }, op).await
}

/// Calls the handler of the request.
async fn perform(call: Call<'_>, op: Op) -> Result<Reply> {
    Ok(Reply::Result(match op {
        Op::SignUp(ask) => accounts::sign_up(call, ask).await,
        Op::LogIn(ask) => accounts::log_in(call, ask).await,
        Op::Authenticate(ask) => accounts::authenticate(call, &ask).await,
        Op::GetServerInfo(v1::GetServerInfo {}) => admin::server_info(call).await,
        Op::CheckUsername(ask) => accounts::check_username(call, &ask).await,
        Op::LogOut(ask) => accounts::log_out(call, ask).await,
        Op::ListSessions(v1::ListSessions {}) => accounts::list_sessions(call).await,
        Op::RevokeSession(ask) => accounts::revoke_session(call, ask).await,
        Op::ChangePassword(ask) => accounts::change_password(call, ask).await,
        Op::EditProfile(ask) => accounts::edit_profile(call, &ask).await,
        Op::DeleteAccount(ask) => accounts::delete_account(call, ask).await,
        Op::Export(ask) => accounts::export(call, &ask).await,
        Op::AddSshKey(ask) => accounts::add_ssh_key(call, ask).await,
        Op::ListSshKeys(v1::ListSshKeys {}) => accounts::list_ssh_keys(call).await,
        Op::RevokeSshKey(ask) => accounts::revoke_ssh_key(call, ask).await,
        Op::Post(ask) => tweets::post(call, &ask).await,
        Op::EditTweet(ask) => tweets::edit_tweet(call, &ask).await,
        Op::DeleteTweet(ask) => tweets::delete_tweet(call, ask).await,
        Op::Retweet(ask) => tweets::retweet(call, ask).await,
        Op::UndoRetweet(ask) => tweets::undo_retweet(call, ask).await,
        Op::Like(ask) => tweets::like(call, ask).await,
        Op::Unlike(ask) => tweets::unlike(call, ask).await,
        Op::Bookmark(ask) => tweets::bookmark(call, ask).await,
        Op::Unbookmark(ask) => tweets::unbookmark(call, ask).await,
        Op::GetTweet(ask) => tweets::get_tweet(call, ask).await,
        Op::GetTweets(ask) => tweets::get_tweets(call, ask).await,
        Op::GetThread(ask) => tweets::get_thread(call, &ask).await,
        Op::GetTweetHistory(ask) => tweets::get_tweet_history(call, ask).await,
        Op::ReadTimeline(ask) => return tweets::read_timeline(call, ask).await,
        Op::SearchHashtags(ask) => tweets::search_hashtags(call, &ask).await,
        Op::GetTrends(ask) => tweets::get_trends(call, ask).await,
        Op::SetReadLine(ask) => tweets::set_read_line(call, &ask).await,
        Op::ListReadLines(v1::ListReadLines {}) => tweets::list_read_lines(call).await,
        Op::GetProfile(ask) => people::get_profile(call, &ask).await,
        Op::ListAccounts(ask) => people::list_accounts(call, &ask).await,
        Op::SearchPeople(ask) => people::search_people(call, &ask).await,
        Op::Follow(ask) => people::follow(call, &ask).await,
        Op::Unfollow(ask) => people::unfollow(call, &ask).await,
        Op::RemoveFollower(ask) => people::remove_follower(call, &ask).await,
        Op::Block(ask) => people::block(call, &ask).await,
        Op::Unblock(ask) => people::unblock(call, &ask).await,
        Op::Mute(ask) => people::mute(call, &ask).await,
        Op::Unmute(ask) => people::unmute(call, &ask).await,
        Op::SuggestPeople(ask) => people::suggest_people(call, ask).await,
        Op::DismissSuggestion(ask) => people::dismiss_suggestion(call, &ask).await,
        Op::Report(ask) => people::report(call, &ask).await,
        Op::ListNotifications(ask) => people::list_notifications(call, &ask).await,
        Op::MarkNotificationsRead(ask) => people::mark_notifications_read(call, ask).await,
        Op::DismissAnnouncement(ask) => admin::dismiss_announcement(call, ask).await,
        Op::SendMessage(ask) => conversations::send_message(call, &ask).await,
        Op::EditMessage(ask) => conversations::edit_message(call, &ask).await,
        Op::DeleteMessage(ask) => conversations::delete_message(call, ask).await,
        Op::ListConversations(ask) => conversations::list_conversations(call, &ask).await,
        Op::ReadConversation(ask) => conversations::read_conversation(call, &ask).await,
        Op::MarkConversation(ask) => conversations::mark_conversation(call, &ask).await,
        Op::Typing(ask) => conversations::typing(call, &ask).await,
        Op::ListOnline(v1::ListOnline {}) => people::list_online(call).await,
        Op::SetPresence(ask) => live::set_presence(&call, ask),
        Op::Subscribe(ask) => live::subscribe(call, ask).await,
        Op::Unsubscribe(ask) => live::unsubscribe(&call, ask),
        Op::CreateAccount(ask) => admin::create_account(call, ask).await,
        Op::CreateInvite(ask) => admin::create_invite(call, ask).await,
        Op::Suspend(ask) => admin::suspend(call, &ask).await,
        Op::Unsuspend(ask) => admin::unsuspend(call, &ask).await,
        Op::ResetPassword(ask) => admin::reset_password(call, ask).await,
        Op::Announce(ask) => admin::announce(call, &ask).await,
        Op::RemoveAnnouncement(ask) => admin::remove_announcement(call, ask).await,
        op @ (Op::GetStatistics(_) | Op::ListNodes(_) | Op::Drain(_)) => nodes::of_servers(call, op).await,
        Op::ListReports(v1::ListReports {}) => admin::list_reports(call).await,
        Op::CloseReport(ask) => admin::close_report(call, ask).await,
        Op::ListInvites(v1::ListInvites {}) => admin::list_invites(call).await,
        Op::RevokeInvite(ask) => admin::revoke_invite(call, &ask).await,
        Op::RemoveTweet(ask) => admin::remove_tweet(call, ask).await,
        Op::ListProfiles(ask) => admin::list_profiles(call, &ask).await,
        Op::SetRole(ask) => admin::set_role(call, &ask).await,
        Op::RemoveAccount(ask) => admin::remove_account(call, &ask).await,
    }?))
}

/// Makes a request take effect once: the client's key with a hash of the request, without its id, which a retry
/// changes.
fn idempotency_key_of(caller: Caller, key: &Bytes, op: &Op) -> Result<Option<IdempotencyKey>> {
    if key.len() > IDEMPOTENCY_KEY_BYTES_MAX {
        let reason = format!("is longer than {IDEMPOTENCY_KEY_BYTES_MAX} bytes");
        return Err(Error::invalid("idempotency_key", reason));
    }
    let Caller::Member { account, .. } = caller else { return Ok(None) };
    if key.is_empty() {
        return Ok(None);
    }
    // Stored keys hold this hash: another encoding would make every retry over an upgrade a conflict.
    let mut op = op.clone();
    if let Op::AddSshKey(ask) = &mut op {
        // A fast hash of a password must not be stored.
        ask.password.clear();
    }
    let hashed = v1::Request { op: Some(op), ..v1::Request::default() };
    let request_hash = Sha256::digest(hashed.encode_to_vec()).into();
    Ok(Some(IdempotencyKey { account, key: key.to_vec(), request_hash }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{AccountId, Role, SessionId};

    fn member(id: u64) -> Caller {
        let (account, session) = (AccountId::new(id).unwrap(), SessionId::new(id).unwrap());
        Caller::Member { account, session, role: Role::Member }
    }

    fn key_of(key: &[u8], text: &str) -> Result<Option<IdempotencyKey>> {
        let post = Op::Post(v1::Post { text: text.to_owned(), ..v1::Post::default() });
        idempotency_key_of(member(1), &key.to_vec().into(), &post)
    }

    #[test]
    fn a_retry_has_the_same_hash_and_another_request_has_not() {
        let first = key_of(b"key", "hello").unwrap().unwrap();
        assert_eq!(key_of(b"key", "hello").unwrap().unwrap(), first);
        assert_ne!(key_of(b"key", "other").unwrap().unwrap().request_hash, first.request_hash);
        assert_eq!(key_of(b"", "hello").unwrap(), None);
    }

    #[test]
    fn no_hash_of_a_password_is_stored() {
        let hash_with = |password: &str| {
            let ask = v1::AddSshKey { password: password.into(), ..v1::AddSshKey::default() };
            idempotency_key_of(member(1), &b"key".to_vec().into(), &Op::AddSshKey(ask)).unwrap().unwrap()
        };
        assert_eq!(hash_with("correct horse 9"), hash_with(""));
    }

    #[test]
    fn the_longest_key_is_taken_and_one_more_byte_is_refused() {
        let longest = key_of(&[1; IDEMPOTENCY_KEY_BYTES_MAX], "hello").unwrap().unwrap();
        assert_eq!(longest.key.len(), 64, "as docs/protocol.md says");
        let refused = key_of(&[1; IDEMPOTENCY_KEY_BYTES_MAX + 1], "hello").unwrap_err();
        assert!(matches!(refused, Error::Invalid { field, .. } if field == "idempotency_key"));
    }
}
