//! What the variables that an ssh client sends say about its terminal: its charset and its time zone.

use gateway::ssh::SshEnvironment;
use jiff::tz::TimeZone;
use terminal::charset::Charset;

/// The time zone that the client names, if there is one with this name.
pub(super) fn zone(environment: &SshEnvironment) -> Option<TimeZone> {
    environment.tz.as_deref().filter(|name| is_zone_name(name)).and_then(|name| TimeZone::get(name).ok())
}

/// Whether this can name a time zone, such as `America/New_York`, and no other file.
fn is_zone_name(name: &str) -> bool {
    name.split('/').all(|part| {
        part.starts_with(|c: char| c.is_ascii_alphabetic())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-+".contains(&byte))
    })
}

/// The charset of the client's locale. Without any variable of it, UTF-8: many clients send none.
pub(super) fn charset(environment: &SshEnvironment) -> Charset {
    let SshEnvironment { lc_all, lc_ctype, lang, .. } = environment;
    if lc_all.is_none() && lc_ctype.is_none() && lang.is_none() {
        return Charset::Utf8;
    }
    Charset::of_locale(|name| match name {
        "LC_ALL" => lc_all.clone(),
        "LC_CTYPE" => lc_ctype.clone(),
        _ => lang.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_name_of_the_zone_database_is_a_time_zone() {
        let zone = |tz: &str| zone(&SshEnvironment { tz: Some(tz.to_owned()), ..SshEnvironment::default() });
        for name in ["America/New_York", "Europe/Berlin", "UTC", "Etc/GMT+5"] {
            assert!(zone(name).is_some(), "{name}");
        }
        for name in [
            "",
            "../../etc/passwd",
            "/etc/localtime",
            ":Europe/Berlin",
            "Europe/../UTC",
            "Nowhere/Atall",
            ".",
        ] {
            assert!(zone(name).is_none(), "{name}");
        }
        assert_eq!(super::zone(&SshEnvironment::default()), None);
    }

    #[test]
    fn the_charset_is_that_of_the_clients_locale_and_utf8_if_it_sends_none() {
        let lang = |lang: &str| {
            charset(&SshEnvironment { lang: Some(lang.to_owned()), ..SshEnvironment::default() })
        };
        assert_eq!(charset(&SshEnvironment::default()), Charset::Utf8);
        assert_eq!((lang("C"), lang("de_DE.UTF-8")), (Charset::Ascii, Charset::Utf8));
        let both = SshEnvironment {
            lc_all: Some("POSIX".to_owned()),
            lang: Some("C.UTF-8".to_owned()),
            ..SshEnvironment::default()
        };
        assert_eq!(charset(&both), Charset::Ascii);
    }
}
