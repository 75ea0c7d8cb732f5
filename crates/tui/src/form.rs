//! Forms: their fields, their hints and their problems.

use protocol::v1;

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
}

/// A field of a form.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its name, for the user.
    pub label: &'static str,
    /// An explanation next to the name.
    pub hint: String,
    /// Its text.
    pub editor: Editor,
    /// Whether the text is hidden.
    pub is_secret: bool,
    /// A remark on the text, shown in place of the hint.
    pub note: Option<Note>,
}

/// A remark on the text of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Its words, after a sign.
    pub text: String,
    /// Whether the text is acceptable.
    pub is_good: bool,
}

/// A form that is open.
#[derive(Debug, Clone)]
pub struct Form {
    /// Its purpose.
    pub kind: FormKind,
    /// The fields in order.
    pub fields: Vec<Field>,
    /// Index of the field that has the focus.
    pub focus: usize,
    /// Why it was refused, for the user.
    pub problem: Option<String>,
    /// Whether it was submitted and has no response.
    pub is_busy: bool,
    /// Whether passwords are readable.
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

    /// The form for the address of a server.
    #[must_use]
    pub fn connect(server: &str) -> Self {
        Self::new(
            FormKind::Connect,
            vec![field("Server", "host, host:port or unix:/path; 127.0.0.1: this computer", server)],
        )
    }

    /// The form for signing in.
    #[must_use]
    pub fn log_in(username: &str) -> Self {
        let mut form =
            Self::new(FormKind::LogIn, vec![field("Username", "", username), secret("Password", "")]);
        form.focus = usize::from(!username.is_empty());
        form
    }

    /// The form for signing up.
    #[must_use]
    pub fn sign_up(with_invite: bool) -> Self {
        let mut fields = vec![
            field("Username", "a-z, 0-9 and _, up to 30 characters", ""),
            field("Display name (optional)", "", ""),
            secret("Password", "at least 8 characters; several words are strong"),
            secret("Confirm password", ""),
        ];
        if with_invite {
            fields.push(field("Invite code", "required by this server", ""));
        }
        Self::new(FormKind::SignUp, fields)
    }

    /// The form for display name and bio.
    #[must_use]
    pub fn edit_profile(profile: &v1::Profile) -> Self {
        let name = profile.account.as_ref().map_or("", |account| &account.display_name);
        Self::new(
            FormKind::EditProfile,
            vec![field("Display name", "", name), field("Bio", "up to 300 characters", &profile.bio)],
        )
    }

    /// The form for a new password.
    #[must_use]
    pub fn password() -> Self {
        Self::new(
            FormKind::Password,
            vec![
                secret("Current password", ""),
                secret("New password", "at least 8 characters"),
                secret("Confirm password", "signs out your other devices"),
            ],
        )
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
        }
    }

    /// The text of a field.
    #[must_use]
    pub fn text(&self, index: usize) -> &str {
        self.fields.get(index).map_or("", |field| field.editor.text())
    }

    /// Index of the field for a new password, if there is one.
    #[must_use]
    pub fn new_password(&self) -> Option<usize> {
        match self.kind {
            FormKind::SignUp => Some(2),
            FormKind::Password => Some(1),
            _ => None,
        }
    }

    /// Sets the remark on a field.
    pub fn note(&mut self, index: usize, note: Option<Note>) {
        if let Some(field) = self.fields.get_mut(index) {
            field.note = note;
        }
    }

    /// The field that has the focus.
    pub fn field_mut(&mut self) -> Option<&mut Field> {
        self.fields.get_mut(self.focus)
    }

    /// Moves the focus by a number of fields, around the ends.
    pub fn step(&mut self, by: isize) {
        let count = self.fields.len().max(1);
        self.focus = self.focus.wrapping_add_signed(by).wrapping_add(count) % count;
    }

    /// Shows why the form was refused and moves the focus to the field; what was typed stays.
    pub fn refuse(&mut self, index: usize, problem: impl Into<String>) {
        self.is_busy = false;
        self.problem = Some(problem.into());
        self.focus = index.min(self.fields.len().saturating_sub(1));
    }
}
