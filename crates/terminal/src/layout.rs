//! Keyboard layouts: the Latin key in the place of a letter of another script.

/// The letters of some layouts and the Latin ones on the same keys.
const LAYOUTS: [(&str, &str); 6] = [
    ("йцукенгшщзхъфывапролджэячсмитьбюё", "qwertyuiop[]asdfghjkl;'zxcvbnm,.`"),
    ("ЙЦУКЕНГШЩЗХЪФЫВАПРОЛДЖЭЯЧСМИТЬБЮЁ", "QWERTYUIOP{}ASDFGHJKL:\"ZXCVBNM<>~"),
    ("іїєґІЇЄҐ", "s]'`S}\"~"),
    (
        "ςερτυθιοπασδφγηξκλζχψωβνμΕΡΤΥΘΙΟΠΑΣΔΦΓΗΞΚΛΖΧΨΩΒΝΜ",
        "wertyuiopasdfghjklzxcvbnmERTYUIOPASDFGHJKLZXCVBNM",
    ),
    ("קראטוןםפשדגכעיחלךףזסבהנמצתץ", "ertyuiopasdfghjkl;zxcvbnm,."),
    ("ضصثقفغعهخحجدشسيبلاتنمكطئءؤرىةوزظ", "qwertyuiop[]asdfghjkl;'zxcvnm,./"),
];

/// The Latin character on the key that types this letter: Cyrillic (ЙЦУКЕН, also Ukrainian), Greek, Hebrew or Arabic.
#[must_use]
pub fn latin(letter: char) -> Option<char> {
    LAYOUTS.iter().find_map(|(letters, keys)| {
        letters.chars().zip(keys.chars()).find(|(other, _)| *other == letter).map(|(_, key)| key)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_other_layouts_are_in_the_place_of_latin_ones() {
        let all = |letters: &str| letters.chars().filter_map(latin).collect::<String>();
        assert_eq!(all("олсПР"), "jkcGH");
        assert_eq!(all("ξκ"), "jk");
        assert_eq!(all("חל"), "jk");
        assert_eq!(all("تن"), "jk");
        assert_eq!(all("jé日"), "");
    }

    #[test]
    fn every_letter_has_a_key() {
        for (letters, keys) in LAYOUTS {
            assert_eq!(letters.chars().count(), keys.chars().count(), "{letters}");
        }
    }
}
