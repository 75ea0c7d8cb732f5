//! Lists of people: their orders, and what the server finds in those that are not fully loaded.

use protocol::v1;

use crate::route::{PeopleSection, Route};

/// An order of lists of people.
#[derive(Debug, Clone, Copy)]
pub struct Order {
    /// As the protocol has it.
    pub sort: v1::AccountSort,
    /// Its name on the `:` line.
    pub name: &'static str,
    /// How the list is sorted, in words.
    pub words: &'static str,
}

const fn order(sort: v1::AccountSort, name: &'static str, words: &'static str) -> Order {
    Order { sort, name, words }
}

/// All orders.
pub const ORDERS: [Order; 5] = [
    order(v1::AccountSort::Username, "username", "by username"),
    order(v1::AccountSort::Name, "name", "by name"),
    order(v1::AccountSort::Newest, "newest", "newest first"),
    order(v1::AccountSort::Followers, "followers", "most followed first"),
    order(v1::AccountSort::Active, "active", "recently active first"),
];

/// The order of a list of people that is sorted so; `None` if the screen is no such list.
#[must_use]
pub fn order_of(route: &Route, sort: v1::AccountSort) -> Option<&'static Order> {
    route.accounts()?;
    let sort = match (sort, route) {
        (v1::AccountSort::Unspecified, Route::People(PeopleSection::Everyone)) => v1::AccountSort::Username,
        (v1::AccountSort::Unspecified, _) => v1::AccountSort::Newest,
        (sort, _) => sort,
    };
    ORDERS.iter().find(|order| order.sort == sort)
}

/// People whom the server found for a filter.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The words of the filter.
    pub words: String,
    /// Their accounts, in the order of the list.
    pub ids: Vec<u64>,
    /// Cursor of the next page; `None` at the end.
    pub next: Option<String>,
    /// The number of all of them.
    pub total: Option<u64>,
}

impl Found {
    /// Whether this was found for a filter.
    #[must_use]
    pub fn is_for(&self, filter: &str) -> bool {
        self.words == filter.trim()
    }
}
