//! Everything that can be done, once: keys, the palette, the `:` line, help, the footer, the mouse menu, plain mode
//! and the documentation are made from this table.

/// Where a command means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Context {
    /// Wherever no text is written.
    Anywhere,
    /// In a list.
    List,
    /// On a tweet.
    Tweet,
    /// On a person, or the author of a tweet.
    Person,
    /// While a tweet or message is written.
    Composer,
    /// While one line is written: the palette, a search, a filter.
    Prompt,
    /// In a form: log-in, sign-up, settings of the profile.
    Form,
}

impl Context {
    /// Whether both can be meant at the same time, so that they cannot share a key.
    #[must_use]
    pub fn meets(self, other: Self) -> bool {
        let in_lists = |context| matches!(context, Self::Anywhere | Self::List | Self::Tweet | Self::Person);
        self == other || (in_lists(self) && in_lists(other))
    }
}

/// What a command wants to be told after its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Argument {
    /// Nothing.
    None,
    /// It asks when it is not told.
    Text(&'static str),
}

/// One command.
#[derive(Debug, Clone, Copy)]
pub struct Command {
    /// What is done.
    pub action: Action,
    /// Its name, for the `:` line and settings.
    pub id: &'static str,
    /// Where it means something.
    pub context: Context,
    /// Keys of the default preset.
    pub keys: &'static [&'static str],
    /// What it does, in a few words.
    pub title: &'static str,
    /// Verb of the command line that does the same; `{id}` and `{user}` stand for what is selected.
    pub verb: &'static str,
    /// What it wants to be told.
    pub argument: Argument,
}

macro_rules! commands {
    ($($action:ident $id:literal $context:ident [$($key:literal),*] $title:literal $verb:literal $argument:expr;)*) => {
        /// What can be done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action { $(#[doc = $title] $action,)* }

        /// All commands.
        pub const COMMANDS: &[Command] = &[$(Command {
            action: Action::$action,
            id: $id,
            context: Context::$context,
            keys: &[$($key),*],
            title: $title,
            verb: $verb,
            argument: $argument,
        },)*];
    };
}

use Argument::{None as Nothing, Text};

commands! {
    // Moving.
    Down "down" List ["j", "down"] "Next" "" Nothing;
    Up "up" List ["k", "up"] "Previous" "" Nothing;
    LineDown "line-down" List ["J"] "A line down, inside a long tweet" "" Nothing;
    LineUp "line-up" List ["K"] "A line up" "" Nothing;
    HalfDown "half-down" List ["ctrl-d"] "Half a page down" "" Nothing;
    HalfUp "half-up" List ["ctrl-u"] "Half a page up" "" Nothing;
    PageDown "page-down" List ["space", "pagedown"] "A page down" "" Nothing;
    PageUp "page-up" List ["pageup"] "A page up" "" Nothing;
    First "first" List ["g g", "home"] "To the beginning" "" Nothing;
    Last "last" List ["G", "end"] "To the end" "" Nothing;
    Open "open" List ["enter", "l", "right"] "Open what is selected" "" Nothing;
    Back "back" Anywhere ["esc", "h", "left"] "A step back" "" Nothing;
    Close "close" Anywhere ["q"] "Close this view; at the root, twice to quit" "" Nothing;
    HistoryBack "history-back" Anywhere ["H"] "Back in history" "" Nothing;
    HistoryForward "history-forward" Anywhere ["L"] "Forward in history" "" Nothing;
    NextTab "next-tab" Anywhere ["]", "tab"] "Next tab" "" Nothing;
    PreviousTab "previous-tab" Anywhere ["[", "shift-tab"] "Previous tab" "" Nothing;
    Tab1 "tab-1" Anywhere ["1"] "First tab" "" Nothing;
    Tab2 "tab-2" Anywhere ["2"] "Second tab" "" Nothing;
    Tab3 "tab-3" Anywhere ["3"] "Third tab" "" Nothing;
    Tab4 "tab-4" Anywhere ["4"] "Fourth tab" "" Nothing;
    Tab5 "tab-5" Anywhere ["5"] "Fifth tab" "" Nothing;
    Tab6 "tab-6" Anywhere ["6"] "Sixth tab" "" Nothing;

    // Live.
    ShowNew "show-new" List ["."] "Show what is new, from the newest" "" Nothing;
    ReadLine "read-line" List ["'"] "To the line up to which you have read" "" Nothing;
    MarkRead "mark-read" List ["m"] "Mark as read up to here" "" Nothing;
    NextUnread "next-unread" Anywhere ["alt-a"] "Next unread, anywhere" "" Nothing;
    Refresh "refresh" Anywhere ["ctrl-l"] "Read and draw anew" "" Nothing;

    // Tweets.
    Compose "post" Anywhere ["c"] "Write a tweet" "post" Nothing;
    Reply "reply" Tweet ["r"] "Reply" "reply {id}" Nothing;
    Retweet "retweet" Tweet ["b"] "Retweet, or take it back" "retweet {id}" Nothing;
    Quote "quote" Tweet ["B"] "Retweet with a message of your own" "quote {id}" Nothing;
    Like "like" Tweet ["f"] "Like, or take it back" "like {id}" Nothing;
    Save "save" Tweet ["s"] "Save, or take it back" "save {id}" Nothing;
    Edit "edit" Tweet ["e"] "Edit your tweet" "edit {id}" Nothing;
    Delete "delete" Tweet ["d"] "Delete your tweet" "delete {id}" Nothing;
    Thread "thread" Tweet ["t"] "Show the thread" "thread {id}" Nothing;
    Details "details" Tweet ["i"] "Details: id, times, versions" "show {id}" Nothing;
    Fold "fold" Tweet ["z a", "z c", "z o"] "Fold or unfold the replies below" "" Nothing;
    Links "links" Tweet ["o"] "Links, hashtags and people in it" "" Nothing;

    // People.
    Author "author" Person ["a"] "Profile" "profile @{user}" Nothing;
    Follow "follow" Person ["F"] "Follow, or unfollow" "follow @{user}" Nothing;
    RemoveFollower "remove-follower" Person ["R"] "Remove from your followers" "remove-follower @{user}" Nothing;
    Mute "mute" Person ["M"] "Mute, or unmute" "mute @{user}" Nothing;
    Block "block" Person ["X"] "Block, or unblock" "block @{user}" Nothing;
    Report "report" Person [] "Report to the operators" "report @{user}" Nothing;
    Chat "chat" Person ["C"] "Chat" "chat @{user}" Nothing;

    // Going.
    GoHome "home" Anywhere ["g h"] "Home feed" "feed" Nothing;
    GoMine "mine" Anywhere ["g m"] "Your tweets" "feed mine" Nothing;
    GoLocal "local" Anywhere ["g l"] "All public tweets of this server" "feed local" Nothing;
    GoSaved "saved" Anywhere ["g b"] "Saved tweets" "feed saved" Nothing;
    GoLiked "liked" Anywhere ["g f"] "Tweets you like" "feed liked" Nothing;
    GoNotifications "notifs" Anywhere ["g n"] "Notifications" "notifs" Nothing;
    GoChats "chats" Anywhere ["g c"] "Chats" "chat list" Nothing;
    GoTrends "tags" Anywhere ["g t"] "Trending hashtags" "tags" Nothing;
    GoProfile "me" Anywhere ["g p"] "Your profile" "whoami" Nothing;
    GoPeople "people" Anywhere ["g u"] "Everybody" "people" Nothing;
    GoOnline "online" Anywhere ["g o"] "Who is there" "online" Nothing;
    GoDrafts "drafts" Anywhere ["g d"] "Drafts and outbox" "" Nothing;
    GoSettings "settings" Anywhere ["g s"] "Settings" "" Nothing;
    GoSessions "sessions" Anywhere [] "Where you are signed in" "sessions" Nothing;
    GoKeys "keys" Anywhere [] "ssh keys that let you in" "keys" Nothing;
    BindKey "bind-key" Anywhere [] "Let the ssh key you came with in from now on" "keys add" Nothing;
    GoMuted "muted" Anywhere [] "People you muted" "people" Nothing;
    GoBlocked "blocked" Anywhere [] "People you blocked" "people" Nothing;
    Search "search" Anywhere ["g /"] "Search tweets, people and hashtags" "search" Text("words, @name or #tag");
    GoTag "tag" Anywhere ["#"] "Feed of a hashtag" "feed" Text("hashtag");
    GoUser "user" Anywhere ["@"] "Profile of somebody" "profile" Text("username");
    Jump "jump" Anywhere ["ctrl-k"] "Jump to a person, hashtag, chat or feed" "" Nothing;

    // Copying.
    CopyText "copy-text" Tweet ["y t"] "Copy the text" "" Nothing;
    CopyId "copy-id" Tweet ["y i"] "Copy the id" "" Nothing;
    CopyLink "copy-link" Tweet ["y y"] "Copy the first link, or the id" "" Nothing;
    CopyCommand "copy-command" Anywhere ["y c"] "Copy the command line that shows this" "" Nothing;

    // Finding.
    Filter "filter" List ["/"] "Show only rows with these words" "" Text("words");
    NextMatch "next-match" List ["n"] "Next unread or match" "" Nothing;
    PreviousMatch "previous-match" List ["N"] "Previous match" "" Nothing;

    // The program.
    Palette "palette" Anywhere [":", "ctrl-p"] "All commands" "" Nothing;
    Help "help" Anywhere ["?", "f1"] "What can be done here" "" Nothing;
    Undo "undo" Anywhere ["u"] "Undo" "" Nothing;
    Redo "redo" Anywhere ["ctrl-r"] "Do again" "" Nothing;
    SidePane "side-pane" Anywhere ["\\"] "Show or hide trends and who is online" "" Nothing;
    Status "status" Anywhere ["="] "Say where you are and what is new" "" Nothing;
    Accounts "accounts" Anywhere ["A"] "Switch the account" "accounts" Nothing;
    EditProfile "edit-profile" Anywhere [] "Name, bio and whether others see you online" "" Nothing;
    Password "password" Anywhere [] "Change the password" "passwd" Nothing;
    HidePresence "hide-presence" Anywhere [] "Hide or show that you are online" "" Nothing;
    LogOut "log-out" Anywhere [] "Log out on this device" "logout" Nothing;
    LogOutEverywhere "log-out-everywhere" Anywhere [] "Log out on all devices" "logout --everywhere" Nothing;
    Theme "theme" Anywhere [] "Next theme" "" Nothing;
    BindKeys "bind" Anywhere [] "Give a command another key" "keymap" Text("command and key, as in: like x");
    TestNotification "test-notification" Anywhere [] "Notify you once, to see whether it arrives" "" Nothing;
    SettingsFile "settings-file" Anywhere [] "Show the settings as their file" "" Nothing;
    Log "log" Anywhere [] "What went on" "" Nothing;
    Doctor "doctor" Anywhere [] "What this terminal can do" "" Nothing;
    Suspend "suspend" Anywhere ["ctrl-z"] "To the shell; fg brings you back" "" Nothing;
    Quit "quit" Anywhere [] "Quit" "" Nothing;

    // Writing.
    Send "send" Composer ["ctrl-s", "ctrl-enter", "alt-enter"] "Send" "" Nothing;
    CycleVisibility "visibility" Composer ["alt-v"] "Who can see it" "" Nothing;
    SplitThread "split" Composer ["alt-t"] "Split a long text into a thread" "" Nothing;
    ExternalEditor "editor" Composer ["ctrl-x ctrl-e", "ctrl-o"] "Write in $EDITOR" "" Nothing;
    Complete "complete" Composer ["tab"] "Take the completion" "" Nothing;
    KeepDraft "keep-draft" Composer ["esc"] "Close; the text stays as a draft" "" Nothing;
    DiscardDraft "discard-draft" Composer ["alt-x"] "Discard the text; undo brings it back" "" Nothing;

    // One line.
    Accept "accept" Prompt ["enter"] "Do it" "" Nothing;
    Cancel "cancel" Prompt ["esc", "ctrl-g"] "Never mind" "" Nothing;
    ChoiceDown "choice-down" Prompt ["down", "ctrl-n", "tab"] "Next" "" Nothing;
    ChoiceUp "choice-up" Prompt ["up", "ctrl-p", "shift-tab"] "Previous" "" Nothing;

    // Forms.
    NextField "next-field" Form ["tab", "down"] "Next field" "" Nothing;
    PreviousField "previous-field" Form ["shift-tab", "up"] "Previous field" "" Nothing;
    Submit "submit" Form ["enter"] "Go on" "" Nothing;
    Reveal "reveal" Form ["ctrl-r"] "Show or hide the password" "" Nothing;
    LeaveForm "leave-form" Form ["esc"] "Back" "" Nothing;
}

impl Action {
    /// Its command.
    ///
    /// # Panics
    /// Never: the table and the actions are made from the same lines.
    #[must_use]
    pub fn command(self) -> &'static Command {
        let found = COMMANDS.iter().find(|command| command.action == self);
        found.expect("every action is in the table that it was made from")
    }
}

/// The command of this name.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.id == id)
}
