//! Display names for accounts of which only a number is known.

const GIVEN: [&str; 40] = [
    "Ines", "Tomas", "Yuki", "Amara", "Jonas", "Leila", "Mateo", "Freya", "Kofi", "Nadia", "Oskar", "Priya",
    "Hugo", "Zara", "Emil", "Chioma", "Lars", "Mei", "Rafael", "Signe", "Idris", "Clara", "Dmitri", "Aiko",
    "Bruno", "Selma", "Farid", "Greta", "Nikhil", "Elin", "Samuel", "Rosa", "Viktor", "Thandi", "Paul",
    "Hana", "Marco", "Ayla", "Finn", "Lucia",
];
const FAMILY: [&str; 40] = [
    "Okafor",
    "Lindqvist",
    "Tanaka",
    "Moreau",
    "Silva",
    "Haddad",
    "Novak",
    "Mensah",
    "Keller",
    "Rossi",
    "Iyer",
    "Jansen",
    "Castro",
    "Berg",
    "Nguyen",
    "Petrov",
    "Diallo",
    "Holm",
    "Sato",
    "Marin",
    "Weber",
    "Osei",
    "Lopez",
    "Virtanen",
    "Chen",
    "Ricci",
    "Dahl",
    "Kaya",
    "Fischer",
    "Ortiz",
    "Sharma",
    "Brandt",
    "Abebe",
    "Costa",
    "Larsen",
    "Yilmaz",
    "Park",
    "Dubois",
    "Quinn",
    "Zeller",
];

/// The name of this number. The first 1,600 numbers have distinct names.
pub(super) fn name(number: u64) -> String {
    let count = GIVEN.len() as u64;
    let pick = |names: &'static [&'static str], index: u64| {
        usize::try_from(index % count).ok().and_then(|index| names.get(index)).copied().unwrap_or_default()
    };
    format!("{} {}", pick(&GIVEN, number), pick(&FAMILY, (number / count).wrapping_add(number)))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_first_1600_names_are_distinct() {
        let names: HashSet<_> = (0..1_600).map(name).collect();
        assert_eq!(names.len(), 1_600);
        assert_eq!(name(u64::MAX).split(' ').count(), 2);
    }
}
