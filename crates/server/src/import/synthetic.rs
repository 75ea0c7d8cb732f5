//! Names for people of whom only a number is known, so that a network for trials looks like one.

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

/// The same name for the same number, another one for each of the first 1,600.
pub(super) fn name(number: u64) -> String {
    let count = GIVEN.len() as u64;
    let pick = |names: &'static [&'static str], place: u64| {
        usize::try_from(place % count).ok().and_then(|place| names.get(place)).copied().unwrap_or_default()
    };
    format!("{} {}", pick(&GIVEN, number), pick(&FAMILY, (number / count).wrapping_add(number)))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_first_1600_have_names_of_their_own() {
        let names: HashSet<_> = (0..1_600).map(name).collect();
        assert_eq!(names.len(), 1_600);
        assert_eq!(name(u64::MAX).split(' ').count(), 2);
    }
}
