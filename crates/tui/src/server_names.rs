//! What servers are called: the names that they gave themselves, and their addresses.

use model::SafeText;

use crate::state::State;

impl State {
    /// The name of the server at an address; `None` if it is not known.
    pub(crate) fn name_of_server(&self, address: &str) -> Option<String> {
        let own = self.own_server.as_ref().filter(|own| own.address == address).map(|own| &own.name);
        let name = self.connection.names.get(address).or(own).filter(|name| !name.trim().is_empty())?;
        Some(SafeText::line(name).as_str().to_owned())
    }

    /// What the server at an address is called: its name, or its address if that is all that is known.
    pub(crate) fn called(&self, address: &str) -> String {
        self.name_of_server(address).unwrap_or_else(|| SafeText::line(address).as_str().to_owned())
    }

    /// The name of the account of this client: `username@host:port`.
    pub(crate) fn account_name(&self) -> String {
        format!("{}@{}", self.session.username.as_deref().unwrap_or_default(), self.connection.server)
    }

    /// What the server of this client is called.
    pub(crate) fn server_name(&self) -> String {
        match self.connection.hello.server_name.trim() {
            "" => self.called(&self.connection.server),
            name => SafeText::line(name).as_str().to_owned(),
        }
    }
}
