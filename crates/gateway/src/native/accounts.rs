//! Requests about the caller's own account and sessions. A password is wrapped before anything else is done with it.

use model::{Bio, DisplayName, Error, Password, Presence, Result, SessionId, SshKeyId, SshKeyName, Username};
use protocol::convert::{profile, required};
use protocol::v1;
use protocol::v1::response;

use super::call::{Call, change_result, empty_result};
use service::{EditProfile, LoggedIn, SignUp};
use store::fault::{self, InjectedBug};

pub(super) async fn check_username(call: Call<'_>, ask: &v1::CheckUsername) -> Result<response::Result> {
    call.service.check_username(&call.caller, &Username::parse_new(&ask.username)?).await?;
    Ok(response::Result::Done(v1::Done::default()))
}

pub(super) async fn sign_up(call: Call<'_>, ask: v1::SignUp) -> Result<response::Result> {
    let password = Password::parse_new("password", ask.password)?;
    let sign_up = SignUp {
        username: Username::parse_new(&ask.username)?,
        display_name: DisplayName::parse(&ask.display_name)?,
        password,
        invite_code: (!ask.invite_code.is_empty()).then_some(ask.invite_code),
        client_name: call.context.client_name().to_owned(),
    };
    let logged_in = call.service.sign_up(&call.caller, sign_up).await?;
    log_in_connection(&call, &logged_in, &logged_in.token.unwrap_or_default()).await
}

pub(super) async fn log_in(call: Call<'_>, ask: v1::LogIn) -> Result<response::Result> {
    let password = Password::parse_attempt("password", ask.password)?;
    let username = Username::parse(&ask.username)?;
    let client_name = call.context.client_name();
    let logged_in = call.service.log_in(&call.caller, &username, &password, client_name).await?;
    if fault::is_on(InjectedBug::LogSecrets) {
        tracing::trace!(password = password.expose(), token = ?logged_in.token, "log-in");
    }
    log_in_connection(&call, &logged_in, &logged_in.token.unwrap_or_default()).await
}

pub(super) async fn authenticate(call: Call<'_>, ask: &v1::Authenticate) -> Result<response::Result> {
    let logged_in = call.service.authenticate(&call.caller, &ask.token).await?;
    log_in_connection(&call, &logged_in, &ask.token).await
}

/// Makes the connection that of the session, and answers with it.
async fn log_in_connection(call: &Call<'_>, logged_in: &LoggedIn, token: &[u8]) -> Result<response::Result> {
    call.context.log_in(logged_in);
    // If the session ended just before, this connection got no push about it: ask.
    if !call.service.has_session(token).await? {
        call.context.log_out();
        return Err(Error::Unauthenticated("this session has ended: log in again".into()));
    }
    Ok(response::Result::LoggedIn(v1::LoggedIn {
        token: logged_in.token.map(|token| token.to_vec()).unwrap_or_default(),
        session_id: logged_in.session.get(),
        profile: Some(profile(&logged_in.profile, None, Presence::Online)),
    }))
}

pub(super) async fn log_out(call: Call<'_>, ask: v1::LogOut) -> Result<response::Result> {
    call.context.end_session_by(call.service.log_out(&call.caller, ask.everywhere)).await?;
    Ok(empty_result())
}

pub(super) async fn list_sessions(call: Call<'_>) -> Result<response::Result> {
    let current = match call.caller {
        service::Caller::Member { session, .. } => Some(session),
        _ => None,
    };
    let sessions = call.service.sessions(&call.caller).await?;
    let sessions = sessions
        .into_iter()
        .map(|session| v1::Session {
            id: session.id.get(),
            created_ms: session.id.time_ms(),
            last_used_ms: session.last_used_ms,
            current: Some(session.id) == current,
            client_name: session.client_name,
        })
        .collect();
    Ok(response::Result::SessionList(v1::SessionList { sessions }))
}

pub(super) async fn revoke_session(call: Call<'_>, ask: v1::RevokeSession) -> Result<response::Result> {
    let session = required(ask.session_id, "session_id", SessionId::new)?;
    call.service.revoke_session(&call.caller, call.key, session).await.map(change_result)
}

pub(super) async fn change_password(call: Call<'_>, ask: v1::ChangePassword) -> Result<response::Result> {
    let old = Password::parse_attempt("old_password", ask.old_password);
    let new = Password::parse_new("new_password", ask.new_password);
    call.service.change_password(&call.caller, &old?, &new?).await?;
    Ok(empty_result())
}

pub(super) async fn edit_profile(call: Call<'_>, ask: &v1::EditProfile) -> Result<response::Result> {
    let edit = EditProfile {
        display_name: ask.display_name.as_deref().map(DisplayName::parse).transpose()?,
        bio: ask.bio.as_deref().map(Bio::parse).transpose()?,
        presence_hidden: ask.presence_hidden,
    };
    call.service.edit_profile(&call.caller, call.key, edit).await.map(change_result)
}

pub(super) async fn delete_account(call: Call<'_>, ask: v1::DeleteAccount) -> Result<response::Result> {
    let password = Password::parse_attempt("password", ask.password)?;
    call.context.end_session_by(call.service.delete_account(&call.caller, &password)).await?;
    Ok(empty_result())
}

pub(super) async fn export(call: Call<'_>, ask: &v1::Export) -> Result<response::Result> {
    let page = call.service.export(&call.caller, &ask.cursor).await?;
    let next = page.next.unwrap_or_default();
    Ok(response::Result::ExportPage(v1::ExportPage { json_lines: page.json_lines, next }))
}

pub(super) async fn add_ssh_key(call: Call<'_>, ask: v1::AddSshKey) -> Result<response::Result> {
    let password = match ask.password {
        password if password.is_empty() => None,
        password => Some(Password::parse_attempt("password", password)?),
    };
    let name = SshKeyName::parse(&ask.name)?;
    let (key, added) = (call.key, &ask.public_key);
    call.service.add_ssh_key(&call.caller, key, added, name, password.as_ref()).await.map(change_result)
}

pub(super) async fn list_ssh_keys(call: Call<'_>) -> Result<response::Result> {
    let keys = call.service.ssh_keys(&call.caller).await?;
    let keys = keys
        .into_iter()
        .map(|key| v1::SshKey {
            id: key.id.get(),
            fingerprint: key.fingerprint.to_string(),
            name: key.name.as_str().to_owned(),
            created_ms: key.id.time_ms(),
            last_used_ms: key.last_used_ms,
        })
        .collect();
    Ok(response::Result::SshKeyList(v1::SshKeyList { keys }))
}

pub(super) async fn revoke_ssh_key(call: Call<'_>, ask: v1::RevokeSshKey) -> Result<response::Result> {
    let key = required(ask.key_id, "key_id", SshKeyId::new)?;
    call.service.revoke_ssh_key(&call.caller, call.key, key).await.map(change_result)
}
