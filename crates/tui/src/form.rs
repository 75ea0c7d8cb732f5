//! Forms: their fields, focus and validation messages. Submitting them is the task of `update`.

use protocol::v1;

use terminal::editor::Editor;

/// The purpose of a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormKind {
    /// Connects to a server.
    Connect,
    /// Signs in.
    LogIn,
    /// Signs up.
    SignUp,
    /// Edits the user's profile.
    EditProfile,
    /// Changes the password.
    Password,
}

/// A text field.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its name on the screen.
    pub label: &'static str,
    /// Help next to the label; may be empty.
    pub hint: String,
    /// Its text.
    pub editor: Editor,
    /// Whether it is a password, which is shown as dots.
    pub is_secret: bool,
    /// The result of validation, shown instead of the hint.
    pub note: Option<Note>,
}

/// The result of validating a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The message, beginning with a sign such as `✓`.
    pub text: String,
    /// Whether the text is valid.
    pub is_good: bool,
}

/// A form that is filled in.
#[derive(Debug, Clone)]
pub struct Form {
    /// Its purpose.
    pub kind: FormKind,
    /// The fields in order.
    pub fields: Vec<Field>,
    /// Index of the focused field.
    pub focus: usize,
    /// Why it could not be submitted.
    pub problem: Option<String>,
    /// Whether it was submitted and the server has not responded yet.
    pub is_busy: bool,
    /// Whether passwords are shown in plain text.
    pub is_revealed: bool,
    /// When to ask the server whether the username is available, in Unix milliseconds.
    pub check_at: Option<i64>,
}

fn field(label: &'static str, hint: &str, text: &str) -> Field {
    Field { label, hint: hint.to_owned(), editor: Editor::one_line(text), is_secret: false, note: None }
}

fn secret(label: &'static str, hint: &str) -> Field {
    Field { is_secret: true, ..field(label, hint, "") }
}

impl Form {
    fn new(kind: FormKind, fields: Vec<Field>) -> Self {
        Self { kind, fields, focus: 0, problem: None, is_busy: false, is_revealed: false, check_at: None }
    }

    /// A form for the address of a server.
    #[must_use]
    pub fn connect(server: &str) -> Self {
        Self::new(
            FormKind::Connect,
            vec![field("Server", "host, host:port or unix:/path; 127.0.0.1 is this computer", server)],
        )
    }

    /// A sign-in form; a known username focuses the password.
    #[must_use]
    pub fn log_in(username: &str) -> Self {
        let mut form =
            Self::new(FormKind::LogIn, vec![field("Username", "", username), secret("Password", "")]);
        form.focus = usize::from(!username.is_empty());
        form
    }

    /// A sign-up form, with a field for an invite code if the server requires one.
    #[must_use]
    pub fn sign_up(with_invite: bool) -> Self {
        let mut fields = vec![
            field("Username", "a-z, 0-9 and _, up to 30 characters", ""),
            field("Display name", "optional", ""),
            secret("Password", "at least 8 characters; several words are best"),
            secret("Confirm password", ""),
        ];
        if with_invite {
            fields.push(field("Invite code", "required by this server", ""));
        }
        Self::new(FormKind::SignUp, fields)
    }

    /// A form with the current profile.
    #[must_use]
    pub fn edit_profile(profile: &v1::Profile) -> Self {
        let name = profile.account.as_ref().map_or("", |account| &account.display_name);
        Self::new(
            FormKind::EditProfile,
            vec![field("Display name", "optional", name), field("Bio", "up to 300 characters", &profile.bio)],
        )
    }

    /// A form for the current and a new password.
    #[must_use]
    pub fn password() -> Self {
        Self::new(
            FormKind::Password,
            vec![
                secret("Current password", ""),
                secret("New password", "at least 8 characters"),
                secret("Confirm new password", "signs out your other devices"),
            ],
        )
    }

    /// Its title on the screen.
    #[must_use]
    pub fn title(&self) -> &'static str {
        match self.kind {
            FormKind::Connect => "Connect to a server",
            FormKind::LogIn => "Sign in",
            FormKind::SignUp => "Create an account",
            FormKind::EditProfile => "Edit your profile",
            FormKind::Password => "Change your password",
        }
    }

    /// The text of a field; empty if there is no such field.
    #[must_use]
    pub fn text(&self, index: usize) -> &str {
        self.fields.get(index).map_or("", |field| field.editor.text())
    }

    /// The index of the field for a new password, if there is one.
    #[must_use]
    pub fn new_password(&self) -> Option<usize> {
        match self.kind {
            FormKind::SignUp => Some(2),
            FormKind::Password => Some(1),
            _ => None,
        }
    }

    /// Shows or removes a validation message of a field.
    pub fn note(&mut self, index: usize, note: Option<Note>) {
        if let Some(field) = self.fields.get_mut(index) {
            field.note = note;
        }
    }

    /// The focused field.
    pub fn field_mut(&mut self) -> Option<&mut Field> {
        self.fields.get_mut(self.focus)
    }

    /// Moves the focus by this many fields; it wraps around.
    pub fn step(&mut self, by: isize) {
        let count = self.fields.len().max(1);
        self.focus = self.focus.wrapping_add_signed(by).wrapping_add(count) % count;
    }

    /// Shows why the form could not be submitted and focuses the field in question. The texts stay.
    pub fn refuse(&mut self, index: usize, problem: impl Into<String>) {
        self.is_busy = false;
        self.problem = Some(problem.into());
        self.focus = index.min(self.fields.len().saturating_sub(1));
    }
}
