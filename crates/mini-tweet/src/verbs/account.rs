//! Accounts and sessions: sign-up, log-in, log-out, passwords and the profiles on this machine.

use client::{Client, ClientError, Profile, Profiles, Token};
use model::Error;
use protocol::v1;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::args::{AccountsAction, LogIn, SessionsAction, SignUp};
use crate::context::Context;
use crate::exit::Failure;
use crate::output::style::rfc3339;
use crate::output::{Row, people};

/// Attempts to enter the right password.
const TRIES: usize = 3;

pub(super) async fn sign_up(context: &Context, ask: SignUp) -> Result<(), Failure> {
    let client = context.connect().await?;
    let asks_again = ask.username.is_none() || !ask.password_stdin;
    let mut name = match &ask.username {
        Some(name) => name.clone(),
        None => context.prompts.line("Username", "pass the username as an argument")?,
    };
    let invite_code = match ask.invite {
        None if client.hello().sign_up() == v1::SignUpMode::Invite && context.prompts.is_possible() => {
            context.prompts.line("Invite code", "pass it with --invite")?
        }
        code => code.unwrap_or_default(),
    };
    let mut password = new_password(context, ask.password_stdin, "Password")?;
    loop {
        let sign_up = v1::SignUp {
            username: name.clone(),
            display_name: ask.name.clone().unwrap_or_default(),
            password: password.to_string(),
            invite_code: invite_code.clone(),
        };
        let error = match client.sign_up(sign_up).await {
            Ok(logged_in) => return keep(context, &logged_in),
            Err(error) => error,
        };
        // Only the field that was refused is asked for again.
        let field = match &error {
            ClientError::Refused(Error::AlreadyExists(field) | Error::Invalid { field, .. }) => {
                field.as_ref()
            }
            _ => "",
        };
        if !(asks_again && context.prompts.is_possible() && matches!(field, "username" | "password")) {
            return Err(error.into());
        }
        context.out.say(&error.sentence());
        if field == "username" {
            name = context.prompts.line("Username", "pass another username")?;
        } else {
            password = context.prompts.new_password("Password")?;
        }
    }
}

pub(super) async fn log_in(context: &Context, ask: LogIn) -> Result<(), Failure> {
    let client = context.connect().await?;
    if ask.token_stdin {
        let token = context.secret_line()?;
        let token =
            Token::parse(&token).ok_or_else(|| Failure::Usage("this is not a session token".to_owned()))?;
        let mut logged_in = client.ask(v1::Authenticate { token: token.to_bytes().into() }).await?;
        logged_in.token = token.to_bytes();
        return keep(context, &logged_in);
    }
    let name = match &ask.username {
        Some(name) => name.clone(),
        None => context.prompts.line("Username", "pass the username as an argument")?,
    };
    for _ in 1..TRIES {
        let password =
            if ask.password_stdin { context.secret_line()? } else { context.prompts.password("Password")? };
        match try_log_in(&client, &name, &password).await {
            Err(ClientError::Refused(error @ Error::Unauthenticated(_))) if !ask.password_stdin => {
                context.out.say(&ClientError::from(error).sentence());
            }
            outcome => return keep(context, &outcome.map_err(refused)?),
        }
    }
    let password = context.prompts.password("Password")?;
    keep(context, &try_log_in(&client, &name, &password).await.map_err(refused)?)
}

/// A log-in that failed.
fn refused(error: ClientError) -> Failure {
    match error {
        ClientError::Refused(Error::Unauthenticated(_)) => Failure::of_log_in(error),
        error => error.into(),
    }
}

async fn try_log_in(client: &Client, username: &str, password: &str) -> Result<v1::LoggedIn, ClientError> {
    client.log_in(v1::LogIn { username: username.to_owned(), password: password.to_owned() }).await
}

/// Stores the session on this machine.
fn keep(context: &Context, logged_in: &v1::LoggedIn) -> Result<(), Failure> {
    let profile = logged_in.profile.clone().unwrap_or_default();
    let username = profile.account.clone().unwrap_or_default().username;
    let server = context.endpoint()?.to_string();
    let token = Some(Token::from_bytes(logged_in.token.clone()));
    Profiles::update(&context.home, |profiles| {
        profiles.sign_in(Profile { server: server.clone(), username: username.clone(), token });
    })?;
    context.out.say(&format!("Signed in as @{username} on {server}."));
    if profile.own.is_some_and(|own| own.password_change_advised) {
        context
            .out
            .say("Your password was imported or set by an admin. Please change it with `mini-tweet passwd`.");
    }
    if context.out.is_for_people() { Ok(()) } else { context.out.row(&people::profile(&profile)) }
}

pub(super) async fn log_out(context: &Context, everywhere: bool) -> Result<(), Failure> {
    if !context.is_local() {
        // Over ssh there is nothing to forget on this machine.
        context.signed_in().await?.ask(v1::LogOut { everywhere }).await?;
        return Ok(());
    }
    let profile = context.chosen_profile()?.ok_or(Failure::NotSignedIn)?;
    let on_server =
        async { context.signed_in().await?.ask(v1::LogOut { everywhere }).await.map_err(Failure::from) };
    match on_server.await {
        // The session has already ended, which is the goal.
        Ok(_) | Err(Failure::Client(ClientError::Refused(Error::Unauthenticated(_)))) => {}
        Err(failure) => return Err(failure),
    }
    Profiles::update(&context.home, |all| all.change(&profile.name(), |profile| profile.token = None))?;
    if let Err(error) = crate::files::store_of_account(&context.home, &profile.name()).drop_pages() {
        context.out.say(&format!(
            "The pages cached on this machine could not be deleted: {}",
            model::os_error_in_words(&error)
        ));
    }
    context.out.say("Signed out.");
    Ok(())
}

pub(super) async fn whoami(context: &Context) -> Result<(), Failure> {
    let client = context.signed_in().await?;
    let profile = client.ask(v1::GetProfile::default()).await?;
    context.out.row(&people::profile(&profile))
}

pub(super) fn accounts(context: &Context, action: Option<AccountsAction>) -> Result<(), Failure> {
    let unknown = |name: &str| {
        Failure::Usage(format!(
            "{name:?} matches no account on this machine, or several; see `mini-tweet accounts`"
        ))
    };
    match action.unwrap_or(AccountsAction::List) {
        AccountsAction::List => {
            let profiles = Profiles::load(&context.home)?;
            let current = profiles.current().map(Profile::name);
            context.out.all(profiles.all().map(|profile| {
                let is_current = current.as_ref() == Some(&profile.name());
                let mark = if is_current { "*" } else { " " };
                let state = if profile.token.is_some() { "" } else { "  (signed out)" };
                Row::new(
                    &["name", "username", "server", "current", "signed_in"],
                    [
                        profile.name().into(),
                        profile.username.as_str().into(),
                        profile.server.as_str().into(),
                        is_current.into(),
                        profile.token.is_some().into(),
                    ],
                    model::SafeText::line(&format!("{mark} {}{state}", profile.name())).to_string(),
                )
            }))
        }
        AccountsAction::Use { name } => {
            let found = Profiles::update(&context.home, |profiles| profiles.select(&name))?;
            if found { Ok(()) } else { Err(unknown(&name)) }
        }
        AccountsAction::Remove { name } => {
            let removed = Profiles::update(&context.home, |profiles| {
                let full = profiles.find(&name).map(Profile::name);
                full.is_some_and(|full| profiles.remove(&full))
            })?;
            if removed { Ok(()) } else { Err(unknown(&name)) }
        }
    }
}

pub(super) async fn sessions(context: &Context, action: Option<SessionsAction>) -> Result<(), Failure> {
    let client = context.signed_in().await?;
    match action.unwrap_or(SessionsAction::List) {
        SessionsAction::List => {
            let list = client.ask(v1::ListSessions {}).await?;
            context.out.all(list.sessions.iter().map(people::session))
        }
        SessionsAction::Revoke { id } => {
            let session_id = id.parse().map_err(|_| {
                Failure::Usage("a session id is a number; see `mini-tweet sessions`".to_owned())
            })?;
            client.ask(v1::RevokeSession { session_id }).await?;
            context.out.say("Session ended.");
            Ok(())
        }
    }
}

pub(super) async fn change_password(context: &Context, from_stdin: bool) -> Result<(), Failure> {
    let client = context.signed_in().await?;
    let old =
        if from_stdin { context.secret_line()? } else { context.prompts.password("Current password")? };
    let new = new_password(context, from_stdin, "New password")?;
    let change = v1::ChangePassword { old_password: old.to_string(), new_password: new.to_string() };
    client.ask(change).await?;
    context.out.say("Password changed. All your other sessions have ended. Your ssh keys stay valid: see `mini-tweet keys`.");
    Ok(())
}

pub(super) async fn delete(context: &Context, from_stdin: bool) -> Result<(), Failure> {
    let client = context.signed_in().await?;
    let profile = context.chosen_profile()?;
    if let Some(profile) = &profile {
        context.out.say(&format!(
            "This permanently deletes @{} on {} and everything it posted. To keep a copy, run `mini-tweet export` first.",
            profile.username, profile.server
        ));
    }
    let password =
        if from_stdin { context.secret_line()? } else { context.prompts.password("Password to confirm")? };
    let delete = v1::DeleteAccount { password: password.to_string() };
    client.ask(delete).await?;
    if let Some(profile) = profile {
        Profiles::update(&context.home, |profiles| profiles.remove(&profile.name()))?;
    }
    context.out.say("Account deleted.");
    Ok(())
}

/// Prints the export of the server, always as JSON, and the sessions, which are not in it.
pub(super) async fn export(context: &Context) -> Result<(), Failure> {
    let client = context.signed_in().await?;
    export_stored(context, &client).await?;
    for session in client.ask(v1::ListSessions {}).await?.sessions {
        let mut value = json!({ "type": "session" });
        if let (Value::Object(object), Value::Object(fields)) =
            (&mut value, people::session(&session).into_value())
        {
            object.extend(fields);
        }
        context.out.json(&value)?;
    }
    Ok(())
}

async fn export_stored(context: &Context, client: &Client) -> Result<(), Failure> {
    let mut cursor = String::new();
    loop {
        let page = client.ask(v1::Export { cursor }).await?;
        for line in &page.json_lines {
            let value: Value = serde_json::from_str(line).map_err(|_| {
                Failure::Failed(
                    "the server sent a line that is not JSON; report this to its operator".to_owned(),
                )
            })?;
            context.out.json(&with_times(value))?;
        }
        if page.next.is_empty() {
            return Ok(());
        }
        cursor = page.next;
    }
}

/// The value with RFC 3339 in place of milliseconds: `created_ms` becomes `created`. A time of 0 is `null`: never.
fn with_times(value: Value) -> Value {
    match value {
        Value::Array(values) => values.into_iter().map(with_times).collect(),
        Value::Object(fields) => {
            let time = |(name, value): (String, Value)| match (name.strip_suffix("_ms"), value.as_i64()) {
                (Some(name), Some(0)) => (name.to_owned(), Value::Null),
                (Some(name), Some(ms)) => (name.to_owned(), rfc3339(ms).into()),
                _ => (name, with_times(value)),
            };
            Value::Object(fields.into_iter().map(time).collect())
        }
        value => value,
    }
}

pub(super) fn new_password(
    context: &Context,
    from_stdin: bool,
    what: &str,
) -> Result<Zeroizing<String>, Failure> {
    if from_stdin { context.secret_line() } else { context.prompts.new_password(what) }
}
