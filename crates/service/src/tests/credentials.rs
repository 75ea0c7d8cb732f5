//! Which usernames and passwords can be chosen, and in which form a password is accepted.

#[cfg(feature = "ssh")]
use model::SshKeyName;
use model::{DisplayName, Error, Password, Role};

use crate::passwords::hash_as_typed;
use crate::test_support::{PASSWORD, TestServer, anonymous, config, password, username};
use crate::{Caller, NewAccount, ServiceConfig, SignUp};
use store::env::SystemRandom;
use store::{Change, Store as _};

const COMPOSED: &str = "pässword-trial-77";
const DECOMPOSED: &str = "pa\u{308}ssword-trial-77";
#[cfg(feature = "ssh")]
const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKEOQyEpKJl7TNcV6ihYfaqwPBDh6pmxKTHuNNrkQrCI ada";

fn wish(name: &str, text: &str) -> SignUp {
    SignUp {
        username: username(name),
        display_name: DisplayName::default(),
        password: password(text),
        invite_code: None,
        client_name: "test".into(),
    }
}

fn attempt(text: &str) -> Password {
    Password::parse_attempt("password", text.into()).unwrap()
}

#[tokio::test]
async fn a_password_is_the_same_in_every_normal_form_wherever_it_is_asked_for() {
    let server = TestServer::new().await;
    let service = &server.service;
    service.sign_up(&anonymous(), wish("ada", COMPOSED)).await.unwrap();
    let caller = server.log_in("ada", DECOMPOSED).await.unwrap();
    service.change_password(&caller, &attempt(DECOMPOSED), &password("ｎｅｕ-u\u{308}ber-88")).await.unwrap();
    let caller = server.log_in("ada", "neu-über-88").await.unwrap();
    let typed = attempt("neu-u\u{308}ber-88");
    #[cfg(feature = "ssh")]
    service.add_ssh_key(&caller, None, KEY, SshKeyName::default(), Some(&typed)).await.unwrap();
    service.delete_account(&caller, &typed).await.unwrap();
}

#[tokio::test]
async fn an_old_hash_matches_what_was_typed_and_is_replaced() {
    let server = TestServer::new().await;
    let ada = server.person("ada").await;
    // A hash of the decomposed form, as it was made before passwords were normalised: the new one is of the other form.
    let old = hash_as_typed(DECOMPOSED, config().argon2, &SystemRandom).unwrap();
    let change =
        Change::SetPassword { account: ada.id, password: old, password_change_advised: false, keep: None };
    server.store.store.apply(change, None).await.unwrap();
    assert!(matches!(server.log_in("ada", COMPOSED).await, Err(Error::Unauthenticated(_))));
    server.log_in("ada", DECOMPOSED).await.unwrap();
    server.log_in("ada", COMPOSED).await.expect("the hash is now that of the normal form");
    server.log_in("ada", DECOMPOSED).await.unwrap();
}

#[tokio::test]
async fn the_names_of_the_account_and_of_the_server_are_no_passwords_anywhere() {
    let config = ServiceConfig { server_name: "Our Little Server".into(), ..config() };
    let server = TestServer::with(config, crate::live::LiveConfig::default()).await;
    let service = &server.service;
    let ada = server.person("ada_lovelace").await;
    for text in ["our little server", "Ada-Lovelace", "OurLittleServer!", "Mini-Tweet"] {
        let new = password(text);
        let refused = |field: &str, error: Error| {
            assert!(
                matches!(&error, Error::Invalid { field: found, .. } if found == field),
                "{text}: {error:?}"
            );
        };
        let signed_up = service.sign_up(&anonymous(), wish("adalovelace", text)).await;
        refused("password", signed_up.unwrap_err());
        let changed = service.change_password(&ada.caller, &attempt(PASSWORD), &new).await;
        refused("new_password", changed.unwrap_err());
        let new_account = NewAccount {
            username: username("adalovelace"),
            display_name: DisplayName::default(),
            password: new.clone(),
            role: Role::Member,
        };
        refused("password", service.create_account(&Caller::Operator, new_account).await.unwrap_err());
        let reset = service.reset_password(&Caller::Operator, &ada.name, &new).await;
        refused("new_password", reset.unwrap_err());
    }
}

#[tokio::test]
async fn a_username_that_looks_like_another_is_refused_unless_an_admin_creates_it() {
    let server = TestServer::new().await;
    let service = &server.service;
    server.person("bob_morris").await;
    for name in ["b0b_morris", "bob_rnorr1s", "adm1n", "null", "anonym0us", "de1eted"] {
        for refused in [
            service.check_username(&anonymous(), &username(name)).await.unwrap_err(),
            service.sign_up(&anonymous(), wish(name, PASSWORD)).await.unwrap_err(),
        ] {
            assert!(
                matches!(&refused, Error::Invalid { field, .. } if field == "username"),
                "{name}: {refused:?}"
            );
        }
        let new = NewAccount {
            username: username(name),
            display_name: DisplayName::default(),
            password: password(PASSWORD),
            role: Role::Member,
        };
        service.create_account(&Caller::Operator, new).await.unwrap();
    }
    let taken = service.check_username(&anonymous(), &username("bob_morris")).await;
    assert_eq!(taken, Err(Error::AlreadyExists("username".into())));
    service.check_username(&anonymous(), &username("rob_morris")).await.unwrap();
}
