//! Forms: their fields, their hints and their problems.

use protocol::v1;

use crate::quiet::{Days, Quiet, TimeOfDay};
use terminal::editor::Editor;

/// The purpose of a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormKind {
    /// The address of a server.
    Connect,
    /// Signing in.
    LogIn,
    /// Signing up.
    SignUp,
    /// Display name and bio.
    EditProfile,
    /// A new password.
    Password,
    /// The password, to add the offered ssh key.
    AddKey,
    /// When there is neither a bell nor a notification.
    Quiet,
}

/// What a field is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldId {
    /// The address of a server.
    Server,
    /// A username.
    Username,
    /// An invite code.
    Invite,
    /// A display name.
    DisplayName,
    /// A bio.
    Bio,
    /// The password of an account that exists.
    Password,
    /// A password that is set.
    NewPassword,
    /// The same password again.
    Confirmation,
    /// The time at which quiet hours begin.
    QuietFrom,
    /// The time at which they end.
    QuietTo,
    /// The days on which they begin.
    QuietDays,
}

/// A field of a form.
#[derive(Debug, Clone)]
pub struct Field {
    /// What it is for.
    pub id: FieldId,
    /// Its name, for the user.
    pub label: &'static str,
    /// An explanation.
    pub hint: String,
    /// What is shown in the empty field, as an example.
    pub placeholder: &'static str,
    /// What an empty field stands for; empty: nothing.
    pub default: String,
    /// The values to choose from; empty: it is typed.
    pub values: &'static [&'static str],
    /// Its text.
    pub editor: Editor,
    /// A remark on the text.
    pub note: Option<Note>,
}

impl Field {
    fn new(id: FieldId, label: &'static str, hint: &str, text: &str) -> Self {
        let editor = Editor::one_line(text);
        let hint = hint.to_owned();
        Self { id, label, hint, placeholder: "", default: String::new(), values: &[], editor, note: None }
    }

    /// Whether its text is hidden.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        matches!(self.id, FieldId::Password | FieldId::NewPassword | FieldId::Confirmation)
    }

    /// Whether it can stay empty.
    #[must_use]
    pub fn is_optional(&self) -> bool {
        !self.default.is_empty() || matches!(self.id, FieldId::DisplayName | FieldId::Bio)
    }

    /// Changes it to the value that is `by` places further, around the ends.
    pub fn step(&mut self, by: isize) {
        let count = self.values.len().max(1);
        let now = self.values.iter().position(|value| *value == self.editor.text()).unwrap_or(0);
        if let Some(value) = self.values.get(now.wrapping_add_signed(by).wrapping_add(count) % count) {
            self.editor = Editor::one_line(value);
        }
    }

    /// Changes it to the next value that begins like this. Returns whether there is one.
    pub fn choose(&mut self, beginning: &str) -> bool {
        let beginning = beginning.to_lowercase();
        let begins = |value: &&&str| !beginning.is_empty() && value.starts_with(&beginning);
        let now = self.values.iter().position(|value| *value == self.editor.text()).map_or(0, |at| at + 1);
        let (before, after) = self.values.split_at_checked(now).unwrap_or((&[], self.values));
        let found = after.iter().chain(before).find(begins).map(|value| Editor::one_line(value));
        found.map(|editor| self.editor = editor).is_some()
    }

    /// Its text, or what an empty field stands for.
    #[must_use]
    pub fn value(&self) -> &str {
        let text = self.editor.text();
        if text.trim().is_empty() { &self.default } else { text }
    }
}

/// A remark on the text of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Its words, after a sign.
    pub text: String,
    /// Whether the text is acceptable.
    pub is_good: bool,
}

/// A button below the fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Button {
    /// Submits the form.
    Submit,
    /// Opens the form for signing up instead.
    SignUp,
    /// Ends the quiet hours for good.
    NoQuiet,
    /// Shows the rules of the server.
    Rules,
}

/// A form that is open.
#[derive(Debug, Clone)]
pub struct Form {
    /// Its purpose.
    pub kind: FormKind,
    /// The fields in order.
    pub fields: Vec<Field>,
    /// The buttons below the fields, in order.
    pub buttons: Vec<Button>,
    /// Index of the field that has the focus; after the last one, those of the buttons.
    pub focus: usize,
    /// Why it was refused, for the user.
    pub problem: Option<String>,
    /// Index of the field that this is about; `None`: it is about none.
    pub problem_at: Option<usize>,
    /// Whether a field was refused: once it is corrected, only the fields that are still missing are asked for.
    pub was_refused: bool,
    /// Index of the last field that was asked for; the fields after it are never skipped.
    pub reached: usize,
    /// Whether it was submitted and has no response.
    pub is_busy: bool,
    /// Whether passwords are readable.
    pub is_revealed: bool,
    /// When to ask the server whether the username is available, in Unix milliseconds.
    pub check_at: Option<i64>,
}

impl Form {
    fn new(kind: FormKind, fields: Vec<Field>) -> Self {
        Self {
            kind,
            fields,
            buttons: vec![Button::Submit],
            focus: 0,
            problem: None,
            problem_at: None,
            was_refused: false,
            reached: 0,
            is_busy: false,
            is_revealed: false,
            check_at: None,
        }
    }

    /// The form for the address of a server. With an address that was tried before, an empty answer tries it again.
    #[must_use]
    pub fn connect(server: &str) -> Self {
        let mut field = Field::new(FieldId::Server, "Server", "host:port, a.org,b.org or unix:/path", "");
        (field.placeholder, field.default) = ("host or host:port", server.to_owned());
        Self::new(FormKind::Connect, vec![field])
    }

    /// The form for signing in; if the server takes new accounts, with a way to sign up.
    #[must_use]
    pub fn log_in(username: &str, can_sign_up: bool) -> Self {
        let fields = vec![
            Field::new(FieldId::Username, "Username", "", username),
            Field::new(FieldId::Password, "Password", "", ""),
        ];
        let focus = usize::from(!username.is_empty());
        let mut form = Self { focus, ..Self::new(FormKind::LogIn, fields) };
        form.buttons.extend(can_sign_up.then_some(Button::SignUp));
        form
    }

    /// The form for signing up. A server checks an invite code only with everything else, so it is asked for first:
    /// people who have none find out before they think of a password. If the server has rules, there is a way to them.
    #[must_use]
    pub fn sign_up(with_invite: bool, has_rules: bool) -> Self {
        let invite = Field::new(FieldId::Invite, "Invite code", "required by this server", "");
        let mut fields = if with_invite { vec![invite] } else { Vec::new() };
        fields.extend([
            Field::new(FieldId::Username, "Username", "a-z, 0-9 and _, up to 30 characters", ""),
            Field::new(FieldId::DisplayName, "Display name", "optional", ""),
            Field::new(
                FieldId::NewPassword,
                "Password",
                "at least 8 characters; several words are strong",
                "",
            ),
            Field::new(FieldId::Confirmation, "Confirm password", "", ""),
        ]);
        let mut form = Self::new(FormKind::SignUp, fields);
        form.buttons.extend(has_rules.then_some(Button::Rules));
        form
    }

    /// The form for display name and bio.
    #[must_use]
    pub fn edit_profile(profile: &v1::Profile) -> Self {
        let name = profile.account.as_ref().map_or("", |account| &account.display_name);
        Self::new(
            FormKind::EditProfile,
            vec![
                Field::new(FieldId::DisplayName, "Display name", "", name),
                Field::new(FieldId::Bio, "Bio", "up to 300 characters", &profile.bio),
            ],
        )
    }

    /// The form for a new password.
    #[must_use]
    pub fn password() -> Self {
        Self::new(
            FormKind::Password,
            vec![
                Field::new(FieldId::Password, "Current password", "", ""),
                Field::new(FieldId::NewPassword, "New password", "at least 8 characters", ""),
                Field::new(FieldId::Confirmation, "Confirm password", "signs out your other devices", ""),
            ],
        )
    }

    /// The form for the password that adding an ssh key takes.
    #[must_use]
    pub fn add_key() -> Self {
        Self::new(FormKind::AddKey, vec![Field::new(FieldId::Password, "Password", "of your account", "")])
    }

    /// The form for quiet hours. Empty times stand for those that apply, or for a night.
    #[must_use]
    pub fn quiet(now: &Quiet) -> Self {
        let shown = if now.is_off() { Quiet::a_night() } else { *now };
        let time = |id, label, hint, time: TimeOfDay| Field {
            default: time.to_string(),
            ..Field::new(id, label, hint, "")
        };
        let days = Field {
            values: Days::NAMES,
            ..Field::new(FieldId::QuietDays, "Days", "those on which it begins", shown.days.name())
        };
        let from = time(FieldId::QuietFrom, "From", "a time of day, for example 22:00", shown.from);
        let to = time(FieldId::QuietTo, "To", "if it is earlier, on the next day", shown.to);
        let mut form = Self::new(FormKind::Quiet, vec![from, to, days]);
        form.buttons.extend((!now.is_off()).then_some(Button::NoQuiet));
        form
    }

    /// Its title.
    #[must_use]
    pub fn title(&self) -> &'static str {
        match self.kind {
            FormKind::Connect => "Connect to a server",
            FormKind::LogIn => "Sign in",
            FormKind::SignUp => "Create an account",
            FormKind::EditProfile => "Edit your profile",
            FormKind::Password => "Change your password",
            FormKind::AddKey => "Add this SSH key to your account",
            FormKind::Quiet => "Quiet hours",
        }
    }

    /// The words on a button.
    #[must_use]
    pub fn button_label(&self, button: Button) -> &'static str {
        match (button, self.kind) {
            (Button::NoQuiet, _) => "No quiet hours",
            (Button::Rules, _) => "Rules",
            (Button::SignUp, _) | (_, FormKind::SignUp) => "Create an account",
            (_, FormKind::Connect) => "Connect",
            (_, FormKind::LogIn) => "Sign in",
            (_, FormKind::EditProfile | FormKind::Quiet) => "Save",
            (_, FormKind::Password) => "Change the password",
            (_, FormKind::AddKey) => "Add the key",
        }
    }

    /// The button that has the focus.
    #[must_use]
    pub fn focused_button(&self) -> Option<Button> {
        self.buttons.get(self.focus.checked_sub(self.fields.len())?).copied()
    }

    /// Whether there is no session when it is filled in: it has the whole screen.
    #[must_use]
    pub fn is_page(&self) -> bool {
        matches!(self.kind, FormKind::Connect | FormKind::LogIn | FormKind::SignUp)
    }

    /// Index of a field; of the first one if the form has none with this purpose.
    #[must_use]
    pub fn index(&self, id: FieldId) -> usize {
        self.fields.iter().position(|field| field.id == id).unwrap_or(0)
    }

    /// The text of a field; empty if the form does not have it.
    #[must_use]
    pub fn text(&self, id: FieldId) -> &str {
        self.fields.iter().find(|field| field.id == id).map_or("", |field| field.editor.text())
    }

    /// The username in it without a leading `@`.
    #[must_use]
    pub fn username(&self) -> &str {
        self.text(FieldId::Username).trim().trim_start_matches('@')
    }

    /// Sets the remark on a field.
    pub fn note(&mut self, id: FieldId, note: Option<Note>) {
        if let Some(field) = self.field_mut(id) {
            field.note = note;
        }
    }

    /// The field that has the focus.
    #[must_use]
    pub fn focused(&self) -> Option<&Field> {
        self.fields.get(self.focus)
    }

    /// The same, to change it.
    pub fn focused_mut(&mut self) -> Option<&mut Field> {
        self.fields.get_mut(self.focus)
    }

    fn field_mut(&mut self, id: FieldId) -> Option<&mut Field> {
        self.fields.iter_mut().find(|field| field.id == id)
    }

    /// Empties fields.
    pub fn clear(&mut self, ids: &[FieldId]) {
        for field in self.fields.iter_mut().filter(|field| ids.contains(&field.id)) {
            (field.editor, field.note) = (Editor::one_line(""), None);
        }
    }

    /// Moves the focus by a number of fields and buttons, around the ends.
    pub fn step(&mut self, by: isize) {
        let count = (self.fields.len() + self.buttons.len()).max(1);
        self.focus = self.focus.wrapping_add_signed(by).wrapping_add(count) % count;
    }

    /// The field to ask for after the focused one; `None`: the form is complete.
    #[must_use]
    pub fn next(&self) -> Option<usize> {
        let is_missing = |field: &Field| !field.is_optional() && field.editor.is_blank();
        let mut after = (self.focus + 1..self.fields.len()).chain(0..self.focus);
        if self.was_refused && self.focus < self.reached {
            return after.find(|index| self.fields.get(*index).is_some_and(is_missing));
        }
        Some(self.focus + 1).filter(|next| *next < self.fields.len())
    }

    /// Shows why the form was refused and moves the focus to the field; what was typed stays.
    pub fn refuse(&mut self, index: usize, problem: impl Into<String>) {
        (self.is_busy, self.was_refused) = (false, true);
        self.problem = Some(problem.into());
        self.focus = index.min(self.fields.len().saturating_sub(1));
        self.problem_at = Some(self.focus);
    }

    /// Shows why the form was refused for a reason that is not in a field, and moves the focus to the button that submits
    /// it again.
    pub fn refuse_whole(&mut self, problem: impl Into<String>) {
        self.refuse(0, problem);
        (self.problem_at, self.focus) = (None, self.fields.len());
    }
}
