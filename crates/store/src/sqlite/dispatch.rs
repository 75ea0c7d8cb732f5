//! Routes each change to the code that applies it. The only match over [`Change`]: the compiler requires every variant
//! to be in it.

use super::sql::Result;
use super::tx::Tx;
use crate::{Change, ChangeResult};

impl Tx<'_> {
    pub(super) fn dispatch(&mut self, change: &Change) -> Result<ChangeResult> {
        use Change::*;
        match *change {
            CreateAccount {
                ref username,
                ref display_name,
                ref password,
                role,
                invite,
                password_change_advised,
            } => self.create_account(username, display_name, password, role, invite, password_change_advised),
            EditProfile { account, ref display_name, ref bio, presence_hidden } => {
                self.edit_profile(account, display_name.as_ref(), bio.as_ref(), presence_hidden)
            }
            SetPassword { account, ref password, password_change_advised, keep } => {
                self.set_password(account, password, password_change_advised, keep)
            }
            RehashPassword { account, ref password } => self.rehash_password(account, password),
            SetRole { account, role } => self.set_role(account, role),
            SetSuspended { account, suspended } => self.set_suspended(account, suspended),
            DeleteAccount { account } => self.delete_account(account),
            PurgeAccount { account, limit } => self.purge_account(account, limit),
            CreateInvite { code_hash, uses, expires_ms } => self.create_invite(&code_hash, uses, expires_ms),
            RevokeInvite { code_hash } => self.revoke_invite(&code_hash),
            OpenSession { account, token_hash, ref client_name } => {
                self.open_session(account, &token_hash, client_name, None)
            }
            TouchSession { session } => self.touch_session(session),
            EndSession { account, session } => self.end_session(account, session),
            EndSessions { account, except } => self.end_sessions(account, except),
            AddSshKey { account, fingerprint, ref name } => self.add_ssh_key(account, &fingerprint, name),
            RevokeSshKey { account, key } => self.revoke_ssh_key(account, key),
            OpenSshSession { key, token_hash, ref client_name } => {
                self.open_ssh_session(key, &token_hash, client_name)
            }
            EndSshSessions { ref other_processes } => self.end_ssh_sessions(other_processes),
            Post { author, ref tweet } => self.post(author, tweet),
            EditTweet { author, tweet, ref text } => self.edit_tweet(author, tweet, text),
            DeleteTweet { author, tweet } => self.delete_tweet(author, tweet),
            RemoveTweet { tweet } => self.remove_any_tweet(tweet),
            Retweet { account, tweet } => self.retweet(account, tweet),
            UndoRetweet { account, tweet } => self.undo_retweet(account, tweet),
            SetLike { account, tweet, liked } => self.set_like(account, tweet, liked),
            SetBookmark { account, tweet, bookmarked } => self.set_bookmark(account, tweet, bookmarked),
            Follow { follower, followee } => self.follow(follower, followee),
            Unfollow { follower, followee } => self.unfollow(follower, followee),
            Block { blocker, blocked } => self.block(blocker, blocked),
            Unblock { blocker, blocked } => self.unblock(blocker, blocked),
            SetMute { muter, muted, on } => self.set_mute(muter, muted, on),
            DismissSuggestion { account, dismissed } => self.dismiss_suggestion(account, dismissed),
            Report { reporter, account, tweet, ref reason } => self.report(reporter, account, tweet, reason),
            CloseReport { report } => self.close_report(report),
            SetReadLine { account, ref timeline, tweet } => self.set_read_line(account, timeline, tweet),
            MarkNotificationsRead { account, up_to } => self.mark_notifications_read(account, up_to),
            MarkEachNotificationRead { account, ref notifications } => {
                self.mark_each_notification_read(account, notifications)
            }
            SendMessage { author, to, ref text } => self.send_message(author, to, text),
            EditMessage { author, message, ref text } => self.edit_message(author, message, text),
            DeleteMessage { author, message } => self.delete_message(author, message),
            MarkConversation { conversation, account, delivered, read } => {
                self.mark_conversation(conversation, account, delivered, read)
            }
            ImportAccount { ref origin, ref username, ref display_name, ref password, created_ms } => {
                self.import_account(origin, username, display_name, password, created_ms)
            }
            ImportFollow { follower, followee } => self.import_follow(follower, followee),
            ImportTweet { ref origin, author, ref tweet, created_ms } => {
                self.import_tweet(origin, author, tweet, created_ms)
            }
            Announce { ref text, ends_ms } => self.announce(text, ends_ms),
            RemoveAnnouncement { announcement } => self.remove_announcement(announcement),
            RemoveAnnouncements => self.remove_announcements(),
            DismissAnnouncement { account, announcement } => self.dismiss_announcement(account, announcement),
            Expire(ref expiry) => self.expire(expiry),
        }
    }
}
