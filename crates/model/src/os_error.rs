//! Errors of the operating system in plain words: without numbers, and as the end of a sentence.

use std::io::{Error, ErrorKind};

/// What is wrong with a file, a program or an address, for a person: `it does not exist`.
#[must_use]
pub fn os_error_in_words(error: &Error) -> String {
    let words = match error.kind() {
        ErrorKind::NotFound => "it does not exist",
        ErrorKind::PermissionDenied => "permission denied",
        ErrorKind::AlreadyExists => "it exists already",
        ErrorKind::IsADirectory => "it is a directory",
        ErrorKind::NotADirectory => "a part of its path is not a directory",
        ErrorKind::StorageFull => "the disk is full",
        ErrorKind::QuotaExceeded => "your disk quota is used up",
        ErrorKind::ReadOnlyFilesystem => "its file system is read-only",
        ErrorKind::FileTooLarge => "it would be larger than files may be",
        ErrorKind::InvalidFilename => "its name is too long or invalid",
        ErrorKind::InvalidData => "it is not UTF-8 text",
        ErrorKind::UnexpectedEof => "it ends too early",
        ErrorKind::AddrInUse => "another program uses it",
        ErrorKind::AddrNotAvailable => "this machine does not have that address",
        ErrorKind::ExecutableFileBusy | ErrorKind::ResourceBusy => "another program uses it",
        ErrorKind::OutOfMemory => "there is not enough memory",
        _ => return without_number(&error.to_string()),
    };
    words.to_owned()
}

/// Without the ` (os error 2)` at its end.
fn without_number(message: &str) -> String {
    let text = message.split(" (os error").next().unwrap_or(message);
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_message_has_a_number_or_a_name_of_the_standard_library() {
        for number in 1..=133 {
            let words = os_error_in_words(&Error::from_raw_os_error(number));
            assert!(!words.is_empty() && !words.contains("os error"), "{number}: {words}");
        }
        for kind in [ErrorKind::NotFound, ErrorKind::InvalidData, ErrorKind::UnexpectedEof] {
            let words = os_error_in_words(&kind.into());
            assert!(!words.contains("entity") && !words.contains("stream"), "{words}");
        }
        assert_eq!(os_error_in_words(&Error::from_raw_os_error(40)), "too many levels of symbolic links");
    }
}
