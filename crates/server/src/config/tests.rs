use std::collections::HashSet;

use super::*;

/// What a file with this text makes, with the name of the file as `mini-tweet.toml`.
fn from_toml(text: &str) -> Result<Config, String> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("mini-tweet.toml");
    std::fs::write(&file, text).unwrap();
    let sources = Sources { file: Some(&file), environment: &|_| None, flags: &[] };
    let prefix = format!("{}/", directory.path().display());
    Config::load(&sources).map_err(|error| error.to_string().replace(&prefix, ""))
}

fn mistake(text: &str) -> String {
    from_toml(text).unwrap_err()
}

fn from_command_line(key: &str, value: &str) -> Result<Config, ConfigError> {
    let flags = [(key.to_owned(), value.to_owned())];
    Config::load(&Sources { file: None, environment: &|_| None, flags: &flags })
}

#[test]
fn the_defaults_are_valid_and_local() {
    let config = from_toml("").unwrap();
    assert_eq!(config, Config::default());
    assert!(config.listen.ip().is_loopback());
}

#[test]
fn options_are_in_their_sections() {
    let config = from_toml(
        "listen = '[::1]:1'\n[server]\nname = 'Ours'\nsign_up = 'invite'\n[limits]\nconnections = 1_000",
    )
    .unwrap();
    assert_eq!(config.server.name, "Ours");
    assert_eq!(config.server.sign_up, SignUpMode::Invite);
    assert_eq!(config.limits.connections, 1_000);
    assert_eq!(config.listen, "[::1]:1".parse().unwrap());
}

#[test]
fn trusted_networks_are_a_list_in_a_file_and_lines_elsewhere() {
    let networks = |config: Config| config.proxy.trusted.iter().map(ToString::to_string).collect::<Vec<_>>();
    let both = ["10.0.0.0/8", "2001:db8::/32"];
    let file = from_toml("[proxy]\ntrusted = ['10.0.0.0/8', '2001:db8::/32']");
    assert_eq!(networks(file.unwrap()), both);
    let flag = from_command_line("proxy.trusted", "10.0.0.0/8\n2001:db8::/32");
    assert_eq!(networks(flag.unwrap()), both);
}

#[test]
fn an_unknown_key_is_reported_with_its_line_and_the_most_similar_option() {
    assert_eq!(
        mistake("listen = '127.0.0.1:1'\n\n[server]\nnaem = 'Ours'"),
        "mini-tweet.toml:4: there is no option `server.naem`; did you mean `server.name`?"
    );
    assert_eq!(mistake("[zzz]\nq = 1"), "mini-tweet.toml:1: there is no option `zzz`");
    assert_eq!(
        mistake("server = 1"),
        "mini-tweet.toml:1: `server` is a section; set one of its options, such as `server.name`"
    );
}

#[test]
fn an_invalid_value_is_reported_with_its_line_and_the_values_that_are_valid() {
    for (text, expected) in [
        ("[limits]\nconnections = -1", "2: limits.connections must be a whole number, 1 or more"),
        ("[limits]\nqueue_ms = -1", "2: limits.queue_ms must be a whole number, 0 or more"),
        ("listen = 4280", "1: listen must be an address with a port, such as 127.0.0.1:4280"),
        ("listen = ['a']", "1: listen must be an address with a port, such as 127.0.0.1:4280"),
        ("ssh = 'a'", "1: ssh must be an address with a port, such as 127.0.0.1:4280"),
        ("insecure = 1", "1: insecure must be true or false"),
        ("\n[server]\nsign_up = 'maybe'", "3: server.sign_up must be open, invite or closed"),
        ("[server]\nname = \"a\\nb\"", "2: server.name must be text of one line"),
        ("data_dir = ''", "1: data_dir must be a path"),
        (
            "store = 'mysql://localhost/mini_tweet'",
            "1: store is not `sqlite:` or `postgres://user@host/database`",
        ),
        (
            "store = 'postgres://db.example.org'",
            "1: store needs a host and a database: postgres://user@host/database",
        ),
        ("store = 1", "1: store must be sqlite: or postgres://user:password@host/database"),
        (
            "bus = 'redis://localhost'",
            "1: bus is not the address of a NATS server, nats://host or tls://host",
        ),
        (
            "[proxy]\ntrusted = ['10.0.0.5']",
            "2: proxy.trusted must be a list of networks, such as 10.0.0.0/8",
        ),
        (
            "[proxy]\ntrusted = '10.0.0.0/8'",
            "2: proxy.trusted must be a list of networks, such as 10.0.0.0/8",
        ),
        ("health = 4281", "1: health must be an address with a port, such as 127.0.0.1:4280"),
        ("[server]\nnode = 64", "2: server.node must be a whole number from 0 to 63"),
        ("[sessions]\nidle_days = 0", "2: sessions.idle_days must be a whole number, 1 or more"),
        ("passwords.memory_kib = 1", "1: passwords.memory_kib must be a whole number, 19456 or more"),
        ("log.level = 'loud'", "1: log.level must be error, warn, info, debug or trace"),
    ] {
        assert_eq!(mistake(text), format!("mini-tweet.toml:{expected}"));
    }
    assert!(mistake("listen = ").starts_with("mini-tweet.toml:1: "));
}

#[test]
fn a_list_of_texts_is_an_array_in_the_file_and_has_one_line_for_each_elsewhere() {
    let two = vec!["Be kind.".to_owned(), "No advertising.".to_owned()];
    let config = from_toml("[server]\nrules = ['Be kind.', 'No advertising.']").unwrap();
    assert_eq!(config.server.rules, two);
    let config = from_command_line("server.rules", "Be kind.\nNo advertising.").unwrap();
    assert_eq!(config.server.rules, two);
    let values = "server.rules must be a list of up to 20 texts of one line, each up to 200 characters";
    let rules = |count: usize, rule: &str| format!("[server]\nrules = {:?}", vec![rule; count]);
    assert_eq!(from_toml(&rules(20, &"é".repeat(200))).unwrap().server.rules.len(), 20);
    for text in [
        rules(21, "Be kind."),
        rules(1, &"é".repeat(201)),
        rules(1, "two\nlines"),
        rules(1, " "),
        "[server]\nrules = 'Be kind.'".to_owned(),
        "[server]\nrules = [1]".to_owned(),
    ] {
        assert_eq!(mistake(&text), format!("mini-tweet.toml:2: {values}"), "{text}");
    }
}

#[test]
fn options_that_contradict_each_other_are_rejected() {
    assert!(mistake("insecure = true\nlisten = '0.0.0.0:4280'").contains("loopback"));
    assert!(from_toml("insecure = true").is_ok());
    assert!(mistake("tls.key = 'key.pem'").contains("belong together"));
    assert!(mistake("bus = 'nats://localhost'").contains("set store to postgres://"));
    let both = "store = 'postgres://localhost/mt'\nbus = 'nats://mt:secret@localhost'";
    let config = from_toml(both).unwrap();
    assert!(!crate::config::reference(&config).contains("secret"));
}

#[test]
fn a_variable_overrides_the_file_and_a_flag_overrides_both() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("c.toml");
    std::fs::write(&file, "server.name = 'file'\nserver.node = 1\ninsecure = true").unwrap();
    let environment = |name: &str| match name {
        "MINI_TWEET_SERVER_NAME" => Some("variable".to_owned()),
        "MINI_TWEET_SERVER_NODE" => Some("2".to_owned()),
        _ => None,
    };
    let flags = [("server.name".to_owned(), "flag".to_owned())];
    let sources = Sources { file: Some(&file), environment: &environment, flags: &flags };
    let config = Config::load(&sources).unwrap();
    assert_eq!((config.server.name.as_str(), config.server.node, config.insecure), ("flag", 2, true));
}

#[test]
fn text_that_looks_like_a_number_is_text_where_the_option_is_text() {
    assert_eq!(from_command_line("server.name", "2026").unwrap().server.name, "2026");
    assert_eq!(from_command_line("server.name", "true").unwrap().server.name, "true");
}

#[test]
fn a_mistake_outside_the_file_names_the_variable_or_the_command_line() {
    let environment = |name: &str| (name == "MINI_TWEET_INSECURE").then(|| "maybe".to_owned());
    let sources = Sources { file: None, environment: &environment, flags: &[] };
    assert_eq!(
        Config::load(&sources).unwrap_err().to_string(),
        "MINI_TWEET_INSECURE: insecure must be true or false"
    );
    for (key, value, expected) in [
        ("x", "1", "there is no option `x`"),
        (
            "limits.conections",
            "1",
            "there is no option `limits.conections`; did you mean `limits.connections`?",
        ),
        ("limits.connections", "0", "limits.connections must be a whole number, 1 or more"),
        ("server", "1", "`server` is a section; set one of its options, such as `server.name`"),
    ] {
        let error = from_command_line(key, value).unwrap_err();
        assert_eq!(error.to_string(), format!("command line: {expected}"));
    }
}

#[test]
fn the_reference_names_every_option_and_its_default_is_a_value_that_can_be_set() {
    let reference = reference(&Config::default());
    let sections: Vec<_> = reference.split("\n## `").skip(1).collect();
    let keys: HashSet<_> = sections.iter().filter_map(|section| section.split('`').next()).collect();
    let defaults = serde_json::to_value(Config::default()).unwrap();
    for (name, value) in defaults.as_object().unwrap() {
        match value.as_object() {
            Some(inner) => assert!(inner.keys().all(|key| keys.contains(format!("{name}.{key}").as_str()))),
            None => assert!(keys.contains(name.as_str()), "{name}"),
        }
    }
    for section in sections {
        let (key, rest) = section.split_once("`\n\n").unwrap();
        assert!(rest.starts_with(char::is_uppercase), "{key} has a text");
        let default = rest.lines().find_map(|line| line.strip_prefix("- Default: ")).unwrap();
        if default != "none" {
            assert_eq!(from_command_line(key, default.trim_matches('`')).unwrap(), Config::default());
        }
    }
}
