//! Lists: sections, profiles, people, who is online, hashtags, notifications and threads, as a reader sees them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod driver;

use driver::plain::PlainDriver;
use driver::{MINUTE, NOW, TuiDriver, account, id, tweet};
use mini_tweet_tui::message::{Message, Purpose, Topic};
use mini_tweet_tui::route::{PageSelector, Route};
use mini_tweet_tui::state::Setup;
use protocol::v1;
use protocol::v1::event::Event as LiveEvent;
use protocol::v1::request::Op;
use protocol::v1::response::Result as Response;
use terminal::key::{Event, MouseAction};

/// The first line of the screen that contains a text, without what is around the list.
fn line(driver: &TuiDriver, text: &str) -> String {
    let screen = driver.screen();
    let found = screen.lines().find(|line| line.contains(text));
    found.unwrap_or_else(|| panic!("{text:?}\n{screen}")).trim_end_matches(['┃', ' ']).to_owned()
}

/// A client that connects when the server has changed.
fn with(width: u16, height: u16, change: impl FnOnce(&mut TuiDriver)) -> TuiDriver {
    let setup = Setup { username: Some("ada".into()), ..TuiDriver::setup(width, height) };
    let mut driver = TuiDriver::with(setup, false);
    change(&mut driver);
    driver.connect(true);
    driver
}

// Sections.

#[test]
fn sections_wrap_around_and_going_back_leaves_them_all() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("5");
    assert_eq!(line(&driver, "Followers"), "  [Everyone] Following  Followers  Suggested  Muted  Blocked");
    driver.press(">");
    assert_eq!(line(&driver, "Followers"), "   Everyone [Following] Followers  Suggested  Muted  Blocked");
    driver.press("< <");
    assert_eq!(line(&driver, "Followers"), "   Everyone  Following  Followers  Suggested  Muted [Blocked]");
    driver.press(">");
    assert!(driver.shows("[Everyone]"), "{}", driver.screen());
    driver.press("> esc");
    assert_eq!(driver.state.route(), &Route::Home);
}

#[test]
fn a_narrow_screen_shows_one_section_and_its_number() {
    let mut driver = TuiDriver::new(40, 12);
    driver.press("2");
    assert_eq!(line(&driver, "[All]"), "  < [All] >                     1 of 6");
    driver.press(">");
    assert_eq!(line(&driver, "[Mentions]"), "  < [Mentions] >                2 of 6");
}

#[test]
fn a_click_opens_a_section_at_every_width() {
    for (width, column, section) in [(80, 14, "[Following]"), (40, 2, "[Blocked]"), (40, 15, "[Following]")] {
        let mut driver = TuiDriver::new(width, 12);
        driver.press("5");
        let row = driver.screen().lines().position(|line| line.contains("[Everyone]")).unwrap();
        let row = u16::try_from(row).unwrap();
        driver.handle(Message::Input(Event::Mouse(MouseAction::Press, column, row)));
        assert!(driver.shows(section), "{width}\n{}", driver.screen());
    }
}

#[test]
fn the_sections_scroll_with_the_list() {
    let mut driver = with(80, 12, |driver| {
        for n in 0..30 {
            driver.accounts.push(account(100 + n, &format!("p{n}"), ""));
        }
    });
    driver.press("5 G");
    assert!(!driver.shows("[Everyone]"), "{}", driver.screen());
    driver.press("g g k");
    assert!(driver.shows("[Everyone]"), "{}", driver.screen());
}

#[test]
fn commands_for_lists_of_people_lead_to_their_sections() {
    for (command, section) in [("muted", "[Muted]"), ("blocked", "[Blocked]"), ("people", "[Everyone]")] {
        let mut driver = TuiDriver::new(80, 24);
        driver.press(&format!(": text:{command} enter"));
        assert!(driver.shows(section) && driver.shows("[5 People]"), "{command}\n{}", driver.screen());
    }
    let mut driver = TuiDriver::new(80, 24);
    driver.press("5 : text:section_fo enter");
    assert!(driver.shows("[Following]"), "{}", driver.screen());
    driver.press("1 >");
    assert!(driver.shows("No sections on this screen"), "{}", driver.screen());
}

#[test]
fn an_empty_section_says_so_below_the_sections() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("g / text:nothing_like_it enter");
    assert!(
        driver.shows("[Tweets] People  Hashtags") && driver.shows("No tweets with “nothing like it”."),
        "{}",
        driver.screen()
    );
    driver.press("g / text:gra enter >");
    assert!(driver.shows("[People]") && driver.shows("@grace"), "{}", driver.screen());
}

// Profiles.

#[test]
fn the_head_of_a_profile_has_names_at_the_left_and_facts_at_the_right() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("@ text:alan enter");
    assert_eq!(
        line(&driver, "Alan Turing"),
        format!("▌ Alan Turing{}◐ away 9m", " ".repeat(76 - "Alan Turing◐ away 9m".chars().count()))
    );
    assert_eq!(
        line(&driver, "▌ @alan"),
        format!("▌ @alan{}follows you", " ".repeat(76 - "@alanfollows you".len()))
    );
    assert!(driver.shows("12 tweets · 1 follower · 2 following"), "{}", driver.screen());
    assert!(driver.shows("Joined 25 Aug 2026"), "{}", driver.screen());
    driver.press("g g enter");
    assert!(driver.shows("feed of this hashtag"), "{}", driver.screen());
}

#[test]
fn an_account_without_a_name_shows_its_username_once() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("@ text:linus enter");
    assert!(line(&driver, "▌ @linus").ends_with("offline"), "{}", driver.screen());
    assert_eq!(driver.screen().matches("▌ @linus").count(), 1, "{}", driver.screen());
}

// People.

/// A server with more people than a page.
fn large(width: u16, height: u16) -> TuiDriver {
    with(width, height, |driver| {
        driver.people_page = 40;
        for n in 0..958 {
            let name = if n % 20 == 19 { "Zeller" } else { "Meier" };
            driver.accounts.push(account(1_000 + n, &format!("person{n}"), &format!("Nora {name}")));
        }
    })
}

#[test]
fn a_list_of_people_says_how_many_there_are_and_how_it_is_sorted() {
    let mut driver = large(80, 24);
    driver.press("5");
    let title = line(&driver, "People · 962");
    assert!(title.ends_with(" by username"), "{title}");
    let relation_at = |name: &str, relation: &str| {
        let line = line(&driver, name);
        let at = line.find(relation).unwrap_or_else(|| panic!("{line}"));
        terminal::measure::columns(&line[..at])
    };
    assert_eq!(relation_at("@grace", "you follow each other"), 44);
    assert_eq!(relation_at("@alan", "follows you"), 44);
    assert!(line(&driver, "@linus").ends_with(" 12 tweets"), "{}", driver.screen());
    let mut driver = large(60, 24);
    driver.press("5");
    assert!(line(&driver, "@grace").ends_with("you follow each other"), "{}", driver.screen());
}

#[test]
fn people_can_be_sorted_and_the_list_shows_by_what() {
    let mut driver = large(80, 24);
    driver.press("5 S");
    assert!(line(&driver, "People · 962").ends_with(" by name"), "{}", driver.screen());
    driver.press(": text:sort_followers enter").wait(9_000);
    assert!(line(&driver, "People · 962").ends_with(" most followed first"), "{}", driver.screen());
    assert!(line(&driver, "▌").ends_with("3 followers"), "{}", driver.screen());
    driver.press("S");
    assert!(
        line(&driver, "▌").contains("@grace") && line(&driver, "▌").ends_with(" 18m"),
        "{}",
        driver.screen()
    );
    driver.press("1 S");
    assert!(driver.shows("This list has one order"), "{}", driver.screen());
}

#[test]
fn the_server_finds_people_in_a_list_that_is_not_fully_loaded() {
    let mut driver = large(80, 24);
    driver.press("5 / text:zell");
    assert!(driver.shows("People · 47 named “zell”"), "{}", driver.screen());
    driver.press("enter G G");
    let found = driver.state.screen().unwrap().list.rows().len();
    assert!(found >= 47, "{found} rows\n{}", driver.screen());
    assert!(line(&driver, "▌").contains("@person939"), "{}", driver.screen());
    driver.press("esc");
    assert!(driver.shows("People · 962") && driver.shows("@grace"), "{}", driver.screen());
    // What was loaded as a whole is not asked for.
    let mut driver = TuiDriver::new(80, 24);
    driver.press("5 / text:gra");
    let asks = |op: &&Op| matches!(op, Op::ListAccounts(list) if !list.query.is_empty());
    assert!(!driver.requests().iter().any(asks) && driver.shows("@grace"), "{}", driver.screen());
}

#[test]
fn what_the_server_finds_late_is_not_shown_for_another_filter() {
    let mut driver = large(80, 24);
    driver.press("5");
    driver.responds = false;
    driver.press("/ text:zell ctrl-u text:gra");
    driver.responds = true;
    driver.respond_to_all();
    assert!(driver.shows("People · 1 named “gra”") && !driver.shows("Zeller"), "{}", driver.screen());
}

#[test]
fn a_suggestion_can_be_dismissed_for_good() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("5 > > >");
    assert!(driver.shows("[Suggested]") && driver.shows("- not again"), "{}", driver.screen());
    assert!(line(&driver, "▌").contains("@alan"), "{}", driver.screen());
    driver.press("-");
    let dismissed = |op: &&Op| matches!(op, Op::DismissSuggestion(one) if one.username == "alan");
    assert!(driver.requests().iter().any(dismissed));
    assert!(driver.shows("@alan is not suggested again"), "{}", driver.screen());
    assert!(line(&driver, "▌").contains("@linus"), "{}", driver.screen());
    driver.press("5 -");
    assert!(driver.shows("Nothing to remove or discard here"), "{}", driver.screen());
}

// Who is online.

#[test]
fn people_one_follows_come_first_among_those_who_are_online() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("6");
    let screen = driver.screen();
    let order = ["People you follow · 1", "@grace", "Others · 1", "@alan", "You are shown as online"];
    let places: Vec<usize> =
        order.iter().map(|text| screen.find(text).unwrap_or_else(|| panic!("{screen}"))).collect();
    assert!(places.is_sorted(), "{screen}");
    assert!(line(&driver, "@alan").ends_with("away 9m") && !driver.shows("follows you"), "{screen}");
}

#[test]
fn those_whom_one_follows_are_a_section_of_those_who_are_online() {
    for (width, height) in [(40, 12), (80, 24), (120, 40)] {
        let mut driver = TuiDriver::new(width, height);
        driver.press("6");
        assert!(width < 50 || driver.shows("> followed only"), "{}", driver.screen());
        assert!(line(&driver, "Everyone").contains(if width < 50 { "1 of 2" } else { "Followed only" }));
        driver.press(">");
        assert!(driver.shows("[Followed only]") && driver.shows("Online · 1"), "{}", driver.screen());
        assert!(driver.shows("@grace") && driver.shows("You are shown as online"), "{}", driver.screen());
        // The side pane does not list those who are online next to them.
        assert!(!driver.shows("@alan"), "{}", driver.screen());
        driver.press(">");
        assert!(driver.shows("[Everyone]") && driver.shows("@alan"), "{}", driver.screen());
    }
    // Who comes and goes is in both.
    let mut driver = TuiDriver::new(80, 24);
    driver.press("6 >");
    let linus = |presence: v1::PresenceState| {
        let account = Some(account(4, "linus", ""));
        LiveEvent::Presence(v1::AccountView {
            account,
            presence: presence.into(),
            ..v1::AccountView::default()
        })
    };
    // The event does not say that one follows him.
    driver.online.push(4);
    driver.live(Topic::Presence, linus(v1::PresenceState::Online));
    assert!(driver.shows("@linus") && driver.shows("Online · 2"), "{}", driver.screen());
    driver.press(">");
    assert!(driver.shows("People you follow · 2") && driver.shows("@linus"), "{}", driver.screen());
    driver.online.retain(|id| *id != 4);
    driver.live(Topic::Presence, linus(v1::PresenceState::Offline));
    driver.press("<");
    assert!(!driver.shows("@linus") && driver.shows("Online · 1"), "{}", driver.screen());
    // No one whom one follows.
    let mut driver = with(80, 24, |driver| driver.following = 0);
    driver.press("6 >");
    let lines: Vec<String> = driver.screen().lines().map(str::trim).map(str::to_owned).collect();
    let at = |text: &str| lines.iter().position(|line| line.contains(text)).unwrap();
    assert_eq!(at("You are shown as online"), at("No one you follow") + 2, "one blank row between them");
    assert!(driver.shows("No one you follow is online.") && !driver.shows("only one"), "{}", driver.screen());
    let mut plain = PlainDriver::new();
    plain.line("online");
    let said = plain.line("section followed");
    assert!(said.contains("Online, followed only. 1 person.") && said.contains("grace"), "{said}");
}

#[test]
fn the_last_row_changes_whether_one_is_shown_as_online() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("6 G enter");
    let hides = |op: &&Op| matches!(op, Op::EditProfile(edit) if edit.presence_hidden == Some(true));
    assert!(driver.requests().iter().any(hides));
    assert!(driver.shows("You are hidden · Enter to be shown as online"), "{}", driver.screen());
}

#[test]
fn someone_who_is_alone_learns_it() {
    let mut driver = with(80, 24, |driver| driver.online.clear());
    driver.press("6");
    assert!(driver.shows("You are the only one online."), "{}", driver.screen());
    assert!(driver.shows("You are shown as online · Enter to hide"), "{}", driver.screen());
    assert!(driver.shows("Active today"), "{}", driver.screen());
    assert!(line(&driver, "@grace").ends_with("tweeted 18m ago"), "{}", driver.screen());
    assert!(line(&driver, "▌").contains("@grace"), "the first of them is selected\n{}", driver.screen());
}

// Hashtags.

#[test]
fn hashtags_have_their_figures_in_columns() {
    for (width, people) in [(40, 17), (60, 21), (80, 23)] {
        let mut driver = TuiDriver::new(width, 24);
        driver.press("4");
        assert!(driver.shows("Trending today"), "{}", driver.screen());
        for (name, number) in [("#rust", "12 people"), ("#selfhosted", "8 people"), ("#日本語", "4 people")]
        {
            let line = line(&driver, name);
            let at = line.find(" people").unwrap_or_else(|| panic!("{line}"));
            assert!(line.contains(number), "{line}");
            // Numbers end in one column, and so do the bars.
            assert_eq!(terminal::measure::columns(&line[..at]), people, "{line}");
            assert_eq!(terminal::measure::columns(&line), usize::from(width) - 2, "{line}");
        }
        assert_eq!(driver.shows("14 tweets"), width == 80, "{}", driver.screen());
    }
}

#[test]
fn each_hashtag_is_in_the_first_section_that_has_it() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("4");
    let screen = driver.screen();
    let order =
        ["Trending today", "#rust", "New today · used by one person", "#endlessbbq", "Yours", "#looms"];
    let places: Vec<usize> =
        order.iter().map(|text| screen.find(text).unwrap_or_else(|| panic!("{screen}"))).collect();
    assert!(places.is_sorted(), "{screen}");
    assert_eq!(screen.matches("#rust").count(), 1, "{screen}");
    assert!(!screen.contains("This week"), "{screen}");
}

#[test]
fn a_day_without_hashtags_shows_those_of_the_week() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("4");
    let old = v1::Trend { name: "harvest".into(), people: 3, tweets: 4, history: vec![0; 24] };
    let list = v1::TrendList { this_week: vec![old], ..v1::TrendList::default() };
    let purpose = Purpose::Fill(Route::Trends, PageSelector::Newest);
    driver.handle(Message::Answered(purpose, Ok(Response::TrendList(list))));
    let shows_all =
        ["No hashtags were used today.", "This week", "#harvest"].iter().all(|text| driver.shows(text));
    assert!(shows_all, "{}", driver.screen());
}

// Notifications.

#[test]
fn sections_of_notifications_show_their_kinds_only() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("2 < > > > >");
    assert!(driver.shows("[Likes]") && driver.shows("liked your tweet"), "{}", driver.screen());
    assert!(!driver.shows("followed you") && !driver.shows("quoted your"), "{}", driver.screen());
    driver.receive_follow(id(0));
    assert!(!driver.shows("followed you"), "{}", driver.screen());
    driver.press("> >");
    assert!(
        driver.shows("[Follows]") && driver.shows("◆+ @linus and @alan followed you"),
        "{}",
        driver.screen()
    );
}

#[test]
fn a_line_divides_new_notifications_from_those_that_were_read() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("2");
    let screen = driver.screen();
    let order = ["◆♥ @grace and @alan", "── Read up to here", "@alan Alan Turing followed you"];
    let places: Vec<usize> =
        order.iter().map(|text| screen.find(text).unwrap_or_else(|| panic!("{screen}"))).collect();
    assert!(places.is_sorted(), "{screen}");
}

// Threads.

#[test]
fn other_replies_to_an_ancestor_are_one_row_that_opens_its_thread() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("j j j j t");
    assert_eq!(driver.state.route(), &Route::Thread(id(40)));
    assert!(driver.shows("│ ⋯ 1 other reply · Enter to show all"), "{}", driver.screen());
    driver.press("k enter");
    assert_eq!(driver.state.route(), &Route::Thread(id(11)));
    driver.press("j z a");
    assert!(driver.shows("⋯ 1 reply folded · za to unfold"), "{}", driver.screen());
}

#[test]
fn replies_from_the_fourth_level_on_say_whom_they_answer() {
    let mut driver = TuiDriver::new(80, 40);
    driver.press("j j t");
    let reply = |n: u64, to: u64| v1::Tweet {
        id: id(11) + n,
        reply_to: to,
        created_ms: NOW - 11 * MINUTE,
        ..tweet(11, 2 + n % 3, &format!("level {n}"))
    };
    let replies = (1..=5).map(|n| reply(n, id(11) + n - 1)).collect();
    let thread = v1::Thread {
        tweet: driver.tweets.iter().find(|tweet| tweet.id == id(11)).cloned(),
        replies: Some(v1::TweetPage { tweets: replies, ..v1::TweetPage::default() }),
        accounts: driver.accounts.clone(),
        ..v1::Thread::default()
    };
    let purpose = Purpose::Fill(Route::Thread(id(11)), PageSelector::Newest);
    driver.handle(Message::Answered(purpose, Ok(Response::Thread(thread))));
    let screen = driver.screen();
    assert_eq!(screen.matches("↳ @").count(), 2, "{screen}");
    let column = |text: &str| line(&driver, text).find(text).unwrap();
    assert!(column("level 2") < column("level 3"), "{screen}");
    assert_eq!(column("level 3"), column("level 4"), "{screen}");
    assert_eq!(column("level 4"), column("level 5"), "{screen}");
    // Level four answers the author of level three.
    assert!(screen.contains("│ │ │ ↳ @grace"), "{screen}");
}

// Plain mode.

#[test]
fn plain_mode_says_the_section_and_how_to_reach_the_others() {
    let mut plain = PlainDriver::new();
    let said = plain.line("people");
    assert!(said.starts_with("People, everyone. 4 people."), "{said}");
    assert!(
        said.contains(
            "Sections: everyone, following, followers, suggested, muted, blocked. Type “section” and a name."
        ),
        "{said}"
    );
    let said = plain.line("section followers");
    assert!(said.starts_with("People, followers."), "{said}");
    let said = plain.line("online");
    assert!(said.contains("You are shown as online. Type “hide-presence” to change it."), "{said}");
    assert!(said.starts_with("Online, everyone. 2 people."), "{said}");
}

#[test]
fn only_replies_that_are_there_can_be_folded_and_the_thread_counts_them() {
    let mut driver = TuiDriver::new(80, 24);
    assert!(driver.state.screen_mut().list.select(|row| row.tweet() == Some(id(11))));
    driver.press("t");
    let whole = line(&driver, "Thread · ");
    assert!(!driver.shows("t thread"), "{}", driver.screen());
    driver.press("z c");
    assert!(driver.shows("folded") && !driver.shows("0 replies folded"), "{}", driver.screen());
    assert_eq!(line(&driver, "Thread · "), whole);
    driver.press("z o G z c");
    assert!(driver.shows("No replies to fold here") && !driver.shows("folded ·"), "{}", driver.screen());
}

#[test]
fn ones_own_profile_can_be_edited_from_its_head() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("g p g g");
    assert!(driver.shows("Enter edit profile"), "{}", driver.screen());
    driver.press("enter");
    assert!(driver.shows("Edit your profile"), "{}", driver.screen());
    driver.press("esc @ text:alan enter g g");
    assert!(driver.shows("Enter links"), "{}", driver.screen());
}

#[test]
fn a_notification_shows_what_one_did_to_its_tweet() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("2").wait(60_000);
    let is_theirs = |row: &mini_tweet_tui::row::Row| matches!(row, mini_tweet_tui::row::Row::Notification(_));
    assert!(driver.state.screen_mut().list.select(is_theirs));
    while driver.state.selected_tweet().is_none_or(|id| driver.state.is_mine(id)) {
        let before = driver.state.selected().cloned();
        driver.press("j");
        assert_ne!(driver.state.selected().cloned(), before, "{}", driver.screen());
    }
    driver.press("s");
    assert!(driver.shows("♥ (you)   ★"), "{}", driver.screen());
}
