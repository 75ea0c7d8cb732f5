//! The screens that snapshots and checks cover, and how to get there.

use client::ClientError;
use mini_tweet_tui::message::Message;
use mini_tweet_tui::state::{OwnServer, Setup};
use protocol::tls::Fingerprint;
use protocol::v1;

use super::{TuiDriver, announcement};

/// One size of each class.
pub(crate) const SIZES: [(u16, u16); 4] = [(40, 12), (60, 20), (80, 24), (120, 40)];
/// Sizes of the class extra wide, without and with a pane for the context.
pub(crate) const EXTRA_WIDE: [(u16, u16); 2] = [(160, 45), (200, 50)];

/// With what a client starts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start<'a> {
    pub settings: &'a str,
    pub size: (u16, u16),
    pub is_plain: bool,
}

impl Start<'static> {
    pub(crate) fn at(size: (u16, u16)) -> Self {
        Self { settings: "", size, is_plain: false }
    }
}

impl Start<'_> {
    /// A client of Ada, signed in.
    pub(crate) fn setup(self) -> Setup {
        let mut setup = TuiDriver::setup(self.size.0, self.size.1);
        setup.settings = self.settings.into();
        setup.username = Some("ada".into());
        setup.capabilities.is_plain = self.is_plain;
        setup
    }

    /// Ada's home feed, once the first messages are gone.
    pub(crate) fn ada(self) -> TuiDriver {
        with(self.setup())
    }

    /// Someone without an account; without an address there is no server.
    pub(crate) fn guest(self, server: &str) -> TuiDriver {
        let setup = Setup { server: server.into(), username: None, ..self.setup() };
        TuiDriver::with(setup, !server.is_empty())
    }

    /// Ada after these keys.
    pub(crate) fn after(self, keys: &str) -> TuiDriver {
        let mut driver = self.ada();
        if !keys.is_empty() {
            driver.press(keys);
        }
        // The panes show more about the selected row once the reader rests on it.
        driver.wait(200);
        driver
    }

    /// A client that shows why there is no connection.
    fn without_connection(self, username: Option<&str>, error: ClientError) -> TuiDriver {
        let setup = Setup { username: username.map(str::to_owned), ..self.setup() };
        let mut driver = TuiDriver::with(setup, false);
        driver.handle(Message::Unreachable(error));
        driver
    }
}

/// A connected client, once the first messages are gone.
fn with(setup: Setup) -> TuiDriver {
    let mut driver = TuiDriver::with(setup, true);
    driver.wait(9_000);
    driver
}

/// A screen.
pub(crate) struct Screen {
    pub name: &'static str,
    way: Way,
}

enum Way {
    /// Keys on the home feed.
    Keys(&'static str),
    Open(fn(Start<'_>) -> TuiDriver),
}

impl Screen {
    pub(crate) fn new(name: &'static str, open: fn(Start<'_>) -> TuiDriver) -> Self {
        Self { name, way: Way::Open(open) }
    }

    pub(crate) fn open(&self, start: Start<'_>) -> TuiDriver {
        match self.way {
            Way::Keys(keys) => start.after(keys),
            Way::Open(open) => open(start),
        }
    }

    pub(crate) fn at(&self, size: (u16, u16)) -> TuiDriver {
        self.open(Start::at(size))
    }

    /// Sizes at which it is shown.
    pub(crate) fn sizes(&self) -> Vec<(u16, u16)> {
        let is_shown_wide = ["home", "thread", "settings"].contains(&self.name);
        SIZES.into_iter().chain(EXTRA_WIDE.into_iter().filter(|_| is_shown_wide)).collect()
    }
}

/// All screens.
pub(crate) fn screens() -> impl Iterator<Item = Screen> {
    let by_keys = SCREENS.into_iter().map(|(name, keys)| Screen { name, way: Way::Keys(keys) });
    by_keys.chain(OTHER_SCREENS.into_iter().map(|(name, open)| Screen::new(name, open)))
}

/// Keys that lead to each screen from the home feed.
pub(crate) const SCREENS: [(&str, &str); 71] = [
    // Feeds.
    ("home", ""),
    ("home_in_the_middle", "j j j j"),
    ("mine", "g m"),
    ("local", "g l"),
    ("bookmarks", "g b"),
    ("liked", "g f"),
    ("hashtag", "# text:rust enter"),
    ("found", "g / text:Note enter"),
    ("found_people", "g / text:a enter >"),
    ("found_hashtags", "g / text:gam enter > >"),
    ("side_pane", "\\"),
    // Threads.
    ("thread", "j j t"),
    ("thread_folded", "j j t j z a"),
    ("thread_of_a_reply", "j j j j t"),
    // Profiles.
    ("profile", "a"),
    ("profile_own", "g p"),
    ("profile_replies", "g p >"),
    ("profile_followers", "a > >"),
    ("profile_following", "a > > >"),
    // Tags and people.
    ("trends", "4"),
    ("people", "5"),
    ("people_following", "5 >"),
    ("people_suggested", "5 > > >"),
    ("people_blocked", "5 <"),
    ("online", "6"),
    ("online_followed", "6 >"),
    // Notifications.
    ("notifications", "2"),
    ("notifications_mentions", "2 >"),
    ("notifications_likes", "2 > > >"),
    // Chats.
    ("conversations", "3"),
    ("conversation", "3 enter"),
    ("conversation_own_message", "3 enter esc k"),
    ("conversation_edit", "3 enter up"),
    ("conversation_deleting", "3 enter esc k d"),
    ("message_details", "3 enter esc k i"),
    // Settings.
    ("settings", "g s"),
    ("settings_menu", "g s enter down"),
    ("settings_file", ": text:settings-file enter"),
    ("quiet_hours", "g s / text:quiet enter enter text:2x enter"),
    ("shortcuts", ": text:bind enter"),
    ("new_shortcut", ": text:bind enter text:like_b enter"),
    ("edit_profile", ": text:edit-profile enter"),
    ("password", ": text:password enter text:secret1234 enter text:short"),
    ("sessions", ": text:sessions enter"),
    ("keys", ": text:keys enter"),
    ("sign_out_device", ": text:sessions enter j enter"),
    ("remove_key", ": text:keys enter enter"),
    // Help, palette, pickers.
    ("help", ": text:nothing_like_it esc ?"),
    ("help_while_writing", "c text:hello f1"),
    ("palette", ": text:re"),
    ("palette_at_first", ":"),
    ("jump", "ctrl-k"),
    ("search", "g / text:Note"),
    ("tag", "#"),
    ("user", "@ text:a"),
    ("new_conversation", "3 +"),
    ("filter", "/ text:nanosecond"),
    ("row_menu", ","),
    ("links", "o"),
    ("bio_links", "a enter"),
    ("details", "i"),
    ("report", ": text:report_grace enter"),
    // Writing.
    ("composer", "c text:hello_@gr"),
    ("reply", "j j r text:indeed"),
    ("quote", "j B text:well_said"),
    ("edit_tweet", "g m e text:_and_more"),
    ("drafts", "c text:unfinished_business esc g d"),
    // The program.
    ("log", ": text:theme_nothing enter : text:log enter"),
    ("log_warnings", ": text:theme_nothing enter : text:log enter >"),
    ("doctor", ": text:doctor enter"),
    ("about", "g a"),
];

/// The name of a screen, and how it is opened.
pub(super) type Opened = (&'static str, fn(Start<'_>) -> TuiDriver);

/// Screens that need more than keys.
const OTHER_SCREENS: [Opened; 22] = [
    ("which_key", |start| waiting(start.after("g"))),
    ("which_key_while_writing", |start| waiting(start.after("c text:hello ctrl-x"))),
    ("split", |start| {
        let mut driver = start.after("c");
        let paste = terminal::key::Event::Paste { text: "several words ".repeat(60), is_cut: false };
        driver.handle(Message::Input(paste));
        driver.press("alt-t");
        driver
    }),
    ("outbox", outbox),
    ("about_rules", |start| {
        let mut driver = start.ada();
        driver.info.rules = rules();
        driver.press("g a");
        driver
    }),
    ("about_announcements", |start| {
        let mut driver = start.ada();
        driver.info.announcements = announcements();
        driver.info.rules = rules();
        driver.press("g a");
        driver
    }),
    ("accounts", accounts),
    ("bind_key", |start| {
        let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPp3DkJYQ0Rz0Q ada@engine".to_owned();
        let server = "a.org:4280".into();
        let mut setup = Setup { username: None, server, offered_key: Some(key), ..start.setup() };
        setup.capabilities.is_local = false;
        pressed(TuiDriver::with(setup, true), "1 text:ada enter text:secret1234 enter")
    }),
    // The first run, sign-in and accounts.
    ("welcome", |start| start.guest("")),
    ("welcome_join", |start| {
        let own = OwnServer {
            address: "127.0.0.1:4280".into(),
            name: "Reed Hall".into(),
            data: "~/.local/share/mini-tweet/server".into(),
            is_running: true,
        };
        let setup = Setup { server: String::new(), username: None, own_server: Some(own), ..start.setup() };
        TuiDriver::with(setup, false)
    }),
    ("connect", |start| pressed(start.guest(""), "1")),
    ("first_contact", |start| {
        let (endpoint, presented) = (ENDPOINT.into(), key("u"));
        start.without_connection(None, ClientError::KeyUnknown { endpoint, presented })
    }),
    ("key_changed", |start| {
        let error = ClientError::KeyChanged {
            endpoint: ENDPOINT.into(),
            address: ENDPOINT.into(),
            known: key("u"),
            presented: key("v"),
            known_hosts: "/home/ada/.local/share/mini-tweet/known_hosts".into(),
        };
        start.without_connection(None, error)
    }),
    ("sign_in", |start| start.guest("a.org:4280")),
    ("log_in", |start| pressed(start.guest("a.org:4280"), "1 text:ada")),
    ("log_in_refused", |start| {
        let mut driver = pressed(start.guest("a.org:4280"), "1 text:ada enter text:secret1234");
        driver.refusal = Some(model::Error::Unauthenticated("wrong".into()));
        driver.press("enter");
        driver
    }),
    ("sign_up", |start| {
        let keys = "2 text:ada tab tab text:three_words_suffice enter text:other enter";
        pressed(start.guest("a.org:4280"), keys)
    }),
    ("sign_up_rules", |start| {
        let setup = Setup { server: "a.org:4280".into(), username: None, ..start.setup() };
        let mut driver = TuiDriver::with(setup, false);
        driver.info.rules = rules();
        driver.connect(false);
        driver.press("2");
        driver
    }),
    ("no_such_server", |start| {
        let mut driver = pressed(start.guest(""), "1 text:tweets.example.org enter");
        let reason = "no host with this name was found; check the name and your network";
        let endpoint = ENDPOINT.into();
        driver.handle(Message::Unreachable(ClientError::Unreachable { endpoint, reason: reason.into() }));
        driver
    }),
    ("no_connection", |start| {
        let (endpoint, reason) = (ENDPOINT.into(), "connection refused".into());
        let error = ClientError::Unreachable { endpoint, reason };
        let mut driver = start.without_connection(Some("ada"), error);
        driver.wait(9_000);
        driver
    }),
    ("new_account", |start| {
        let mut driver = TuiDriver::with(start.setup(), false);
        driver.tweets.clear();
        driver.following = 0;
        driver.connect(true);
        driver.wait(60_000);
        driver
    }),
    ("signed_out", |start| pressed(start.ada(), ": text:log-out enter 2")),
];

const ENDPOINT: &str = "tweets.example.org:4280";

fn key(letter: &str) -> Fingerprint {
    Fingerprint::parse(&format!("SHA256:{letter}6cSixuwTcYVzrA2NltY/4e3a//BYobnCyorL5fE7c0")).unwrap()
}

/// Two that are new, and one that Ada has dismissed.
fn announcements() -> Vec<v1::Announcement> {
    let moves = "Maintenance tonight at 18:00\nThe server moves to a new disk. Expect ten minutes of silence; drafts and messages are kept and sent afterwards.";
    vec![
        announcement(130, moves),
        announcement(9_000, "Welcome, class of 2030\nSay hello in #hello, and read the rules below."),
        v1::Announcement { dismissed: true, ..announcement(30_000, "We have a new name") },
    ]
}

fn rules() -> Vec<String> {
    let rules = [
        "Be kind. Argue with what is said, not with who says it.",
        "No ads, no chain messages.",
        "Warn before spoilers and exam results.",
        "What is said in followers-only tweets stays there.",
    ];
    rules.map(str::to_owned).to_vec()
}

fn pressed(mut driver: TuiDriver, keys: &str) -> TuiDriver {
    driver.press(keys);
    driver
}

/// After the time in which the next key of a shortcut is awaited without a word.
fn waiting(mut driver: TuiDriver) -> TuiDriver {
    driver.wait(1_000);
    driver
}

/// Texts that are refused, wait and are not finished.
fn outbox(start: Start<'_>) -> TuiDriver {
    let mut driver = start.ada();
    driver.refusal = Some(model::Error::not_found("tweet"));
    driver.press("r text:Same_here ctrl-s").wait(20_000);
    driver.handle(Message::Link(client::State::Reconnecting { why: "gone".into() }));
    driver.press("c text:Shipping_tonight,_the_queue_drains_in_40_ms ctrl-s").wait(20_000);
    driver.press("c text:Notes_on_the_import,_part_one esc g d").wait(9_000);
    driver
}

fn accounts(start: Start<'_>) -> TuiDriver {
    let setup = Setup {
        others: vec!["work@works.example:4280".into()],
        server_names: [("works.example:4280".to_owned(), "Example Works".to_owned())].into(),
        ..start.setup()
    };
    let mut driver = with(setup);
    driver.handle(Message::UnreadElsewhere("work@works.example:4280".into(), Some(2)));
    let names = ["ada@tweets.example.org:4280", "bob@c.org:4280", "work@works.example:4280"];
    driver.handle(Message::Accounts(names.map(str::to_owned).to_vec()));
    driver
}

/// The client after these keys, at a size.
pub(crate) fn at(keys: &str, size: (u16, u16)) -> TuiDriver {
    Start::at(size).after(keys)
}

/// The same with a settings file.
pub(crate) fn with_settings(settings: &str, keys: &str, size: (u16, u16)) -> TuiDriver {
    Start { settings, size, is_plain: false }.after(keys)
}
