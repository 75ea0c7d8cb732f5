//! Forms: a few fields, one after the other, and what was wrong with them.

use protocol::v1;

use terminal::editor::Editor;

/// What a form is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormKind {
    /// Which server.
    Connect,
    /// A session of an account.
    LogIn,
    /// A new account.
    SignUp,
    /// What others see of one.
    EditProfile,
    /// Another password.
    Password,
}

/// One field.
#[derive(Debug, Clone)]
pub struct Field {
    /// What is asked for.
    pub label: &'static str,
    /// What helps to answer.
    pub hint: String,
    /// What is written.
    pub editor: Editor,
    /// Whether it is hidden.
    pub is_secret: bool,
    /// What there is to say of what is written: in place of the hint.
    pub note: Option<Note>,
}

/// Of what is written in a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// In words, with a sign.
    pub text: String,
    /// It is well.
    pub is_good: bool,
}

/// Fields, the one that is written, and what was wrong.
#[derive(Debug, Clone)]
pub struct Form {
    /// What it is for.
    pub kind: FormKind,
    /// Its fields.
    pub fields: Vec<Field>,
    /// The one that is written.
    pub focus: usize,
    /// What was wrong, and where.
    pub problem: Option<String>,
    /// An answer is waited for.
    pub is_busy: bool,
    /// Passwords are shown.
    pub is_revealed: bool,
    /// When to ask whether the username can be had.
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

    /// Asks for a server.
    #[must_use]
    pub fn connect(server: &str) -> Self {
        Self::new(
            FormKind::Connect,
            vec![field("Server", "host, host:port or unix:/path; 127.0.0.1 is this machine", server)],
        )
    }

    /// Asks for a session.
    #[must_use]
    pub fn log_in(username: &str) -> Self {
        let mut form = Self::new(
            FormKind::LogIn,
            vec![field("Username", "", username), secret("Password", "Ctrl-r shows it")],
        );
        form.focus = usize::from(!username.is_empty());
        form
    }

    /// Asks for a new account.
    #[must_use]
    pub fn sign_up(with_invite: bool) -> Self {
        let mut fields = vec![
            field("Username", "a-z, 0-9 and _, at most 30: how others find you", ""),
            field("Name", "as you like it; may stay empty", ""),
            secret("Password", "at least 8 characters; a few words make a good one"),
            secret("Once more", "so that it is what you meant"),
        ];
        if with_invite {
            fields.push(field("Invite code", "this server asks for one", ""));
        }
        Self::new(FormKind::SignUp, fields)
    }

    /// Asks what others shall see.
    #[must_use]
    pub fn edit_profile(profile: &v1::Profile) -> Self {
        let name = profile.account.as_ref().map_or("", |account| &account.display_name);
        Self::new(
            FormKind::EditProfile,
            vec![field("Name", "", name), field("About you", "at most 300 characters", &profile.bio)],
        )
    }

    /// Asks for another password.
    #[must_use]
    pub fn password() -> Self {
        Self::new(
            FormKind::Password,
            vec![
                secret("Password now", ""),
                secret("New password", "at least 8 characters"),
                secret("Once more", "other devices are logged out"),
            ],
        )
    }

    /// What stands above it.
    #[must_use]
    pub fn title(&self) -> &'static str {
        match self.kind {
            FormKind::Connect => "Connect to a server",
            FormKind::LogIn => "Log in",
            FormKind::SignUp => "Create an account",
            FormKind::EditProfile => "Your profile",
            FormKind::Password => "Change the password",
        }
    }

    /// What is written in a field.
    #[must_use]
    pub fn text(&self, place: usize) -> &str {
        self.fields.get(place).map_or("", |field| field.editor.text())
    }

    /// Which field takes a new password.
    #[must_use]
    pub fn new_password(&self) -> Option<usize> {
        match self.kind {
            FormKind::SignUp => Some(2),
            FormKind::Password => Some(1),
            _ => None,
        }
    }

    /// Says how it stands with what is written in a field.
    pub fn note(&mut self, place: usize, note: Option<Note>) {
        if let Some(field) = self.fields.get_mut(place) {
            field.note = note;
        }
    }

    /// The field that is written.
    pub fn field_mut(&mut self) -> Option<&mut Field> {
        self.fields.get_mut(self.focus)
    }

    /// To another field, around the ends.
    pub fn step(&mut self, by: isize) {
        let count = self.fields.len().max(1);
        self.focus = self.focus.wrapping_add_signed(by).wrapping_add(count) % count;
    }

    /// Says what is wrong and goes to where it is; what was typed stays, but passwords that were refused.
    pub fn refuse(&mut self, place: usize, problem: impl Into<String>) {
        self.is_busy = false;
        self.problem = Some(problem.into());
        self.focus = place.min(self.fields.len().saturating_sub(1));
    }
}
