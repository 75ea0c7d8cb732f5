//! The table of commands. A command has one row: name, key, title, availability and function. Keys, the palette, the
//! `:` line, help, the footer, plain mode and the documentation are made from it.
//!
//! The rows are a macro so that two tables come from one list: [`COMMANDS`] here describes the commands to modules
//! that only read the state; `update::commands` takes their functions.

/// Where a command is available.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Context {
    /// On every screen, also while a text is typed, by keys that type no character.
    Everywhere,
    /// On every screen, unless text is being typed.
    Anywhere,
    /// In a list.
    List,
    /// On a selected tweet.
    Tweet,
    /// On a selected tweet or message.
    Item,
    /// On a selected account, or on the author of a selected tweet.
    Person,
    /// In the composer.
    Composer,
    /// In a prompt: the palette, a search, a filter, a menu.
    Prompt,
    /// In a form: sign-in, sign-up, profile, password.
    Form,
}

impl Context {
    /// Whether both can be active at once, so that they cannot share a key.
    #[must_use]
    pub fn meets(self, other: Self) -> bool {
        let in_lists = |context| {
            matches!(context, Self::Anywhere | Self::List | Self::Tweet | Self::Item | Self::Person)
        };
        self == other || [self, other].contains(&Self::Everywhere) || (in_lists(self) && in_lists(other))
    }
}

/// What can follow the name of a command on the `:` line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Argument {
    /// Nothing.
    None,
    /// A text, described here. Without one the command opens a prompt or the composer for it, or takes the next of its
    /// choices.
    Text(&'static str),
    /// A username. Without one the selected account is meant.
    Person,
    /// The identifier of a tweet. Without one the selected tweet is meant.
    Tweet,
    /// A username that begins with `@`, then a text; both are optional.
    PersonAndText,
    /// A username, then a text; both are optional, but there is no text without a username.
    PersonThenText,
}

/// What has to be true for a command to run, apart from its context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    /// A session, and not read-only mode: the command changes something on the server.
    Write,
    /// The selected tweet or message is the user's own, and was not deleted.
    OwnItem,
    /// The selected tweet can be retweeted and quoted.
    Shareable,
    /// The selected account is another one.
    OtherPerson,
    /// The selected account follows the user, as far as that is known.
    Follower,
    /// There is something to undo.
    Undoable,
    /// Something was undone.
    Redoable,
    /// The screen has sections, or the selected setting has values.
    Sections,
    /// The list can be sorted.
    Sortable,
    /// There is an older entry in the history of screens.
    HistoryBefore,
    /// There is a newer one.
    HistoryAfter,
    /// The selected row can be added, accepted or sent.
    Addable,
    /// The selected row can be removed, dismissed or discarded.
    Removable,
    /// The session over ssh offered a key that no account has.
    OfferedKey,
    /// The client runs on the user's machine; the text says why it cannot over ssh.
    Local(&'static str),
    /// The user means it: the command ends or deletes something, or starts something outside the client. It is found only
    /// by a word of it, after all others, and asks first unless a form or the time to undo it does the same.
    Deliberate,
}

/// Which of the two interfaces offers a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interface {
    /// Full screen and plain mode.
    Any,
    /// Full screen only: it concerns what is drawn.
    Screen,
}

/// The description of a command.
#[derive(Debug, Clone, Copy)]
pub struct Command {
    /// Its identity in code.
    pub action: Action,
    /// Its name on the `:` line and in settings.
    pub id: &'static str,
    /// Where it is available.
    pub context: Context,
    /// Keys of the default preset.
    pub keys: &'static [&'static str],
    /// What it does, in a few words.
    pub title: &'static str,
    /// What can follow its name.
    pub argument: Argument,
    /// What has to be true for it to run; the first that is not is shown as the reason.
    pub requirements: &'static [Requirement],
    /// Which interfaces offer it.
    pub interface: Interface,
}

/// Calls a macro with the rows of the table:
/// `Action "id" Context ["key"] "Title" argument [requirement] interface Run;`
/// The last column is an expression of `update::commands`.
macro_rules! for_each_command {
    ($callback:ident) => {
        $callback! {
            // Moving.
            Down "down" List ["j", "down"] "Next" None [] Screen Plain(movement::down);
            Up "up" List ["k", "up"] "Previous" None [] Screen Plain(movement::up);
            LineDown "line-down" List ["J"] "Scroll down a line" None [] Screen Plain(movement::line_down);
            LineUp "line-up" List ["K"] "Scroll up a line" None [] Screen Plain(movement::line_up);
            HalfDown "half-down" List ["ctrl-d"] "Half a page down" None [] Screen Plain(movement::half_page_down);
            HalfUp "half-up" List ["ctrl-u"] "Half a page up" None [] Screen Plain(movement::half_page_up);
            PageDown "page-down" List ["space", "pagedown"] "A page down" None [] Screen Plain(movement::page_down);
            PageUp "page-up" List ["pageup"] "A page up" None [] Screen Plain(movement::page_up);
            First "first" List ["g g", "home"] "Go to the top" None [] Any Plain(movement::first);
            Last "last" List ["G", "end"] "Go to the bottom" None [] Any Plain(movement::last);
            Open "open" List ["enter", "l", "right"] "Open the selected row" None [] Any Plain(open);
            Back "back" Anywhere ["esc", "h", "left"] "Back" None [] Any Plain(tabs::back);
            Close "close" Anywhere ["q"] "Close, quit" None [] Any
                Plain(actions::close);
            HistoryBack "history-back" Anywhere ["H"] "Back in history" None [HistoryBefore] Any
                Plain(actions::history_back);
            HistoryForward "history-forward" Anywhere ["L"] "Forward in history" None [HistoryAfter] Any
                Plain(actions::history_forward);
            NextTab "next-tab" Anywhere ["]", "tab"] "Next tab" None [] Screen Plain(tabs::next);
            PreviousTab "previous-tab" Anywhere ["[", "shift-tab"] "Previous tab" None [] Screen Plain(tabs::previous);
            Section "section" Anywhere [] "Section of this screen" Text("its name; without one, the next") [Sections]
                Any
                WithText(sections::go_to);
            Tab1 "tab-1" Anywhere ["1"] "First tab" None [] Screen Plain(|state| tabs::select(state, 0));
            Tab2 "tab-2" Anywhere ["2"] "Second tab" None [] Screen Plain(|state| tabs::select(state, 1));
            Tab3 "tab-3" Anywhere ["3"] "Third tab" None [] Screen Plain(|state| tabs::select(state, 2));
            Tab4 "tab-4" Anywhere ["4"] "Fourth tab" None [] Screen Plain(|state| tabs::select(state, 3));
            Tab5 "tab-5" Anywhere ["5"] "Fifth tab" None [] Screen Plain(|state| tabs::select(state, 4));
            Tab6 "tab-6" Anywhere ["6"] "Sixth tab" None [] Screen Plain(|state| tabs::select(state, 5));

            NextSection "next-section" Anywhere [">"] "Next section or value" None [Sections] Screen Plain(row_commands::next);
            PreviousSection "previous-section" Anywhere ["<"] "Previous section or value" None [Sections] Screen
                Plain(row_commands::previous);

            // Rows.
            Add "add" List ["+"] "Send the text now, or begin a chat" None [Addable] Any Plain(row_commands::add);
            Remove "remove" List ["-"] "Discard or dismiss" None [Removable] Any Plain(row_commands::remove);
            RowMenu "row-menu" List [","] "Menu for this row" None [] Screen
                Plain(|state| prompts::open(state, PromptKind::RowMenu));

            // Live.
            ShowNew "show-new" List ["."] "Show new tweets" None [] Any Plain(unread::show_new);
            ReadLine "read-line" List ["'"] "Go to the read line" None [] Any Plain(unread::read_line);
            MarkRead "mark-read" List ["m"] "Mark as read" None [] Any Plain(unread::mark_read);
            NextUnread "next-unread" Everywhere ["alt-a"] "Next unread" None [] Any
                Plain(unread::next_anywhere);
            Refresh "refresh" Anywhere ["ctrl-l"] "Reload and redraw" None [] Screen Plain(actions::reload);

            // Tweets.
            Compose "post" Anywhere ["c"] "Write a tweet" Text("text") [Write] Any
                WithText(|state, text| compose::write(state, Writing::New, text));
            Reply "reply" Item ["r"] "Reply" Text("text") [Write] Any WithText(row_commands::reply);
            Retweet "retweet" Tweet ["b"] "Retweet, or undo it" None [Write, Shareable] Any
                OnTweet(user_actions::retweet);
            Quote "quote" Tweet ["B"] "Quote" Text("text") [Write, Shareable] Any WriteOnTweet(Writing::Quote);
            Like "like" Tweet ["f"] "Like, or undo it" None [Write] Any OnTweet(user_actions::like);
            Bookmark "bookmark" Tweet ["s"] "Bookmark, or undo it" None [Write] Any
                OnTweet(user_actions::bookmark);
            Thread "thread" Tweet ["t"] "Show the thread" Tweet [] Any
                OnTweet(|state, id| navigation::go(state, Route::Thread(id)));
            Fold "fold" Tweet ["z a"] "Fold or unfold" None [] Any Plain(tabs::fold);
            FoldClose "fold-close" Tweet ["z c"] "Fold replies" None [] Any
                Plain(|state| tabs::set_folded(state, true));
            FoldOpen "fold-open" Tweet ["z o"] "Unfold replies" None [] Any
                Plain(|state| tabs::set_folded(state, false));
            Links "links" Tweet ["o"] "Links, tags, people" None [] Any
                OnTweet(|state, id| prompts::open(state, PromptKind::Links(id)));

            // Tweets and messages.
            Edit "edit" Item ["e"] "Edit" Text("new text") [Write, OwnItem] Any
                WithText(row_commands::edit);
            Delete "delete" Item ["d"] "Delete" None [Write, OwnItem, Deliberate] Any
                Plain(row_commands::delete);
            Details "details" Item ["i"] "Details" None [] Any Plain(row_commands::details);

            // People.
            Author "author" Person ["a"] "Profile" Person [] Any
                OnPerson(|state, username, _| navigation::go_to_profile(state, username));
            Follow "follow" Person ["F"] "Follow or unfollow" Person [Write, OtherPerson] Any
                OnPerson(user_actions::follow);
            RemoveFollower "remove-follower" Person ["R"] "Remove follower" Person
                [Write, OtherPerson, Follower, Deliberate] Any OnPerson(user_actions::remove_follower);
            Mute "mute" Person ["M"] "Mute or unmute" Person [Write, OtherPerson] Any
                OnPerson(user_actions::mute);
            Block "block" Person ["X"] "Block or unblock" Person [Write, OtherPerson, Deliberate] Any
                OnPerson(user_actions::block);
            Report "report" Person [] "Report to the admins" PersonAndText [Write, OtherPerson, Deliberate] Any
                OnPerson(report);
            Chat "chat" Person ["C"] "Chat" PersonThenText [Write, OtherPerson] Any OnPerson(chat_with);

            // Going.
            GoHome "home" Anywhere ["g h"] "Home" None [] Any Go(Route::Home);
            GoMine "mine" Anywhere ["g m"] "Your tweets" None [] Any Go(Route::Mine);
            GoLocal "local" Anywhere ["g l"] "Local public tweets" None [] Any Go(Route::Local);
            GoBookmarks "bookmarks" Anywhere ["g b"] "Bookmarks" None [] Any Go(Route::Bookmarks);
            GoLiked "liked" Anywhere ["g f"] "Liked" None [] Any Go(Route::Likes);
            GoNotifications "notifs" Anywhere ["g n"] "Notifications" None [] Any Go(Route::NOTIFICATIONS);
            GoChats "chats" Anywhere ["g c"] "Chats" None [] Any Go(Route::Conversations);
            GoTrends "tags" Anywhere ["g t"] "Trending hashtags" None [] Any Go(Route::Trends);
            GoProfile "me" Anywhere ["g p"] "Your profile" None [] Any Plain(navigation::go_to_own_profile);
            GoPeople "people" Anywhere ["g u"] "People" None [] Any Go(Route::PEOPLE);
            GoOnline "online" Anywhere ["g o"] "Who's online" None [] Any Go(Route::ONLINE);
            GoDrafts "drafts" Everywhere ["g d", "ctrl-x d"] "Drafts and outbox" None [] Any Go(Route::Drafts);
            GoSettings "settings" Anywhere ["g s"] "Settings" None [] Any Go(Route::Settings);
            GoSessions "sessions" Anywhere [] "Where you are signed in" None [] Any Go(Route::Sessions);
            GoKeys "keys" Anywhere [] "SSH keys of your account" None [] Any Go(Route::Keys);
            BindKey "bind-key" Anywhere [] "Add the SSH key of this connection to your account" None
                [OfferedKey] Any Plain(forms::bind_key);
            GoMuted "muted" Anywhere [] "People you muted" None [] Any Go(Route::People(PeopleSection::Muted));
            GoBlocked "blocked" Anywhere [] "People you blocked" None [] Any Go(Route::People(PeopleSection::Blocked));
            Search "search" Anywhere ["g /"] "Search" Text("words, @name or #tag")
                [] Any WithText(prompts::search);
            GoTag "tag" Anywhere ["#"] "Feed of a hashtag" Text("hashtag") [] Any WithText(prompts::go_to_hashtag);
            GoUser "user" Anywhere ["@"] "Go to a profile" Text("username") [] Any
                WithText(prompts::go_to_username);
            Jump "jump" Anywhere ["ctrl-k"] "Jump by name" None [] Any
                Plain(|state| prompts::open(state, PromptKind::Jump));

            // Copying.
            CopyText "copy-text" List ["y t"] "Copy the text" None [] Screen Plain(row_commands::copy_text);
            CopyId "copy-id" Item ["y i"] "Copy the id" None [] Screen Plain(row_commands::copy_id);
            CopyLink "copy-link" Item ["y y"] "Copy link, or id" None [] Screen Plain(row_commands::copy_link);
            CopyCommand "copy-command" Anywhere ["y c"] "Copy command line" None [] Screen
                Plain(clipboard::copy_command);

            // Finding.
            Filter "filter" List ["/"] "Filter the rows" Text("words") [] Any WithText(prompts::filter);
            Sort "sort" List ["S"] "Change the sort order" Text("username, name, newest, followers or active; without one, the next")
                [Sortable] Any WithText(people::sort);
            NextMatch "next-match" List ["n"] "Next unread or match" None [] Any Plain(unread::next_here);
            PreviousMatch "previous-match" List ["N"] "Previous match" None [] Any Plain(unread::previous_here);

            // The program.
            Palette "palette" Anywhere [":", "ctrl-p"] "All commands" None [] Screen
                Plain(|state| prompts::open(state, PromptKind::Palette));
            Help "help" Everywhere ["?", "f1"] "Help" None [] Screen
                Plain(prompts::help);
            Undo "undo" Anywhere ["u"] "Undo" None [Undoable] Any Plain(user_actions::undo);
            Redo "redo" Anywhere ["ctrl-r"] "Redo" None [Redoable] Any Plain(user_actions::redo);
            SidePane "side-pane" Anywhere ["\\"] "Show the side pane" None [] Screen
                Plain(actions::toggle_side_pane);
            Status "status" Anywhere ["="] "Where you are" None [] Any Plain(unread::show_status);
            Accounts "accounts" Anywhere ["A"] "Switch accounts" None
                [Local("Over SSH you can't switch accounts: sign out, then connect as another")] Any
                Plain(|_| vec![Effect::ListAccounts]);
            EditProfile "edit-profile" Anywhere [] "Edit your profile" None [Write] Any Plain(prompts::edit_profile);
            Password "password" Anywhere [] "Change your password" None [Write, Deliberate] Any
                Plain(prompts::change_password);
            HidePresence "hide-presence" Anywhere [] "Hide or show that you're online" None [Write] Any
                Plain(user_actions::toggle_presence);
            LogOut "log-out" Anywhere [] "Sign out on this device" None [Write, Deliberate] Any Plain(actions::log_out);
            LogOutEverywhere "log-out-everywhere" Anywhere [] "Sign out on all devices" None [Write, Deliberate] Any
                Plain(actions::log_out_everywhere);
            Theme "theme" Anywhere [] "Change the theme" Text("a theme; without one, shows all") [] Screen
                WithText(prompts::theme);
            Quiet "quiet" Anywhere [] "Quiet hours: no bell, no notifications"
                Text("two times, and days if not every day, for example: 22:00 7:00 weekdays; or off")
                [] Screen WithText(prompts::quiet);
            BindKeys "bind" Anywhere [] "Change a shortcut" Text("command and key, for example: like x")
                [] Screen WithText(prompts::change_shortcut);
            TestNotification "test-notification" Anywhere [] "Send a test notification" None [] Screen
                Plain(actions::test_notification);
            SettingsFile "settings-file" Anywhere [] "Show the settings file" None [] Any
                Plain(prompts::settings_file);
            About "about" Anywhere ["g a"] "About this server" None [] Any
                Go(Route::About);
            Dismiss "dismiss" Anywhere ["g x"] "Dismiss announcement" None [Write] Any Plain(server_info::dismiss);
            Log "log" Anywhere [] "Log of this session" None [] Any Go(Route::LOG);
            StartServer "start-server" Anywhere [] "Start your own server on this computer" None
                [Local("Over SSH you can't start a server on your computer"), Deliberate] Any Plain(actions::start_server);
            StopServer "stop-server" Anywhere [] "Stop your own server on this computer" None
                [Local("Over SSH you can't stop a server on your computer"), Deliberate] Any Plain(actions::stop_server);
            Doctor "doctor" Anywhere [] "What this terminal supports" None [] Screen Go(Route::Doctor);
            Suspend "suspend" Anywhere ["ctrl-z"] "Suspend; fg resumes" None
                [Local("Over SSH there is no shell to suspend to")] Screen Plain(|_| vec![Effect::Suspend]);
            Quit "quit" Anywhere [] "Quit" None [] Any Plain(quit::quit);

            // Writing.
            Send "send" Composer ["ctrl-s", "ctrl-enter", "alt-enter"] "Send" None [] Any Plain(send);
            CycleVisibility "visibility" Composer ["alt-v", "ctrl-x v"] "Who sees it"
                Text("public, unlisted, followers or mentioned; without one, the next") [] Any
                WithText(compose::change_audience);
            SplitThread "split" Composer ["alt-t", "ctrl-x t"] "Preview, split" None []
                Any Plain(split);
            ExternalEditor "editor" Composer ["ctrl-x ctrl-e", "ctrl-o"] "Write in $EDITOR" None
                [Local("Over SSH there is no editor")] Any Plain(compose::external_editor);
            Complete "complete" Composer ["tab"] "Insert the completion" None [] Any Plain(completion::accept);
            UndoSend "undo-send" Composer ["ctrl-z"] "Undo typing or sending" None []
                Screen Plain(user_actions::undo_in_composer);
            KeepDraft "keep-draft" Composer ["esc"] "Close, keep the draft" None [] Any Plain(drafts::put_away);
            EditLast "edit-last" Composer ["ctrl-x e"] "Edit your last message" None [] Any
                Plain(own_messages::edit_last);
            DiscardDraft "discard-draft" Composer ["ctrl-x x", "alt-x"] "Discard the text" None [] Any Plain(compose::discard);

            // Prompts.
            Accept "accept" Prompt ["enter"] "Accept" None [] Any Plain(accept);
            Cancel "cancel" Prompt ["esc", "ctrl-g"] "Cancel" None [] Any Plain(prompts::cancel);
            ChoiceDown "choice-down" Prompt ["down", "ctrl-n", "tab"] "Next" None [] Any
                Plain(|state| prompts::step_choice(state, 1));
            ChoiceUp "choice-up" Prompt ["up", "ctrl-p", "shift-tab"] "Previous" None [] Any
                Plain(|state| prompts::step_choice(state, -1));

            CopyChoice "copy-choice" Prompt ["alt-c", "ctrl-x c"] "Copy its command line" None [] Any
                Plain(prompts::copy_choice);

            // Forms.
            NextField "next-field" Form ["tab", "down"] "Next field" None [] Any Plain(|state| forms::step(state, 1));
            PreviousField "previous-field" Form ["shift-tab", "up"] "Previous field" None [] Any
                Plain(|state| forms::step(state, -1));
            Submit "submit" Form ["enter"] "Next or submit" None [] Any Plain(forms::submit);
            SubmitAll "submit-all" Form ["ctrl-s"] "Submit" None [] Any Plain(forms::submit_all);
            Reveal "reveal" Form ["ctrl-r"] "Show or hide the password" None [] Any Plain(forms::toggle_password);
            LeaveForm "leave-form" Form ["esc"] "Cancel" None [] Any Plain(forms::leave);
        }
    };
}
pub(crate) use for_each_command;

macro_rules! descriptions {
    ($($action:ident $id:literal $context:ident [$($key:literal),*] $title:literal
        $argument:ident $(($hint:literal))? [$($requirement:ident $(($reason:literal))?),*] $interface:ident
        $run:ident($($function:tt)*);)*) => {
        /// Identifies a command.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action { $(#[doc = $title] $action,)* }

        /// All commands, in the order of the documentation.
        pub const COMMANDS: &[Command] = &[$(Command {
            action: Action::$action,
            id: $id,
            context: Context::$context,
            keys: &[$($key),*],
            title: $title,
            argument: Argument::$argument $(($hint))?,
            requirements: &[$(Requirement::$requirement $(($reason))?),*],
            interface: Interface::$interface,
        },)*];
    };
}
for_each_command!(descriptions);

/// Former names of commands, which settings files may still have.
const FORMER_IDS: [(&str, &str); 2] = [("save", "bookmark"), ("saved", "bookmarks")];

impl Action {
    /// Its description.
    ///
    /// # Panics
    /// Never: the table and the actions are made from the same rows.
    #[must_use]
    pub fn command(self) -> &'static Command {
        let found = COMMANDS.iter().find(|command| command.action == self);
        found.expect("every action has a row in the table")
    }
}

/// What people need first, in this order.
const FIRST: [Action; 16] = [
    Action::Compose,
    Action::Reply,
    Action::Like,
    Action::Retweet,
    Action::Quote,
    Action::Follow,
    Action::Chat,
    Action::Open,
    Action::Back,
    Action::GoHome,
    Action::GoNotifications,
    Action::GoChats,
    Action::GoPeople,
    Action::Search,
    Action::Undo,
    Action::Help,
];

impl Command {
    /// Whether a slip must not run it.
    #[must_use]
    pub fn is_deliberate(&self) -> bool {
        self.requirements.contains(&Requirement::Deliberate)
    }

    /// Its place in lists of commands that nothing was typed for: what people need first. Equal ones stay in the order of
    /// the table.
    #[must_use]
    pub(crate) fn rank(&self) -> usize {
        FIRST.iter().position(|action| *action == self.action).unwrap_or(FIRST.len())
    }
}

/// The command with this name, current or former.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static Command> {
    let id = FORMER_IDS.iter().find(|(former, _)| *former == id).map_or(id, |(_, current)| current);
    COMMANDS.iter().find(|command| command.id == id)
}
