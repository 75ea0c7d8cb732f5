//! What differs in every run of the program, such as times, ports and keys, replaced by what is always the same: a
//! difference in a generated page is then a difference of the program.

/// The days of the week and the months, as the client writes them.
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// A key as long as any other.
const KEY: &str = "SHA256:AhJ3mFqkzTnq0bW6yVxX1pKcQ8dRr5sL2gUeHv7oNtM";
/// Where the servers of the pages listen.
const ADDRESS: &str = "127.0.0.1:";

/// A part of a line and what takes its place.
type Found = Option<(usize, &'static str)>;
/// Finds such a part at the start of a text.
type Finder<'a> = &'a dyn Fn(&[char]) -> Found;

/// Minutes before now within which what the pages show was written.
const RECENT: u32 = 10;
const MINUTES_OF_DAY: u32 = 24 * 60;

/// The minute of the day, by the clock of this machine.
pub(crate) fn minute_of_day() -> Result<u32, String> {
    let date =
        std::process::Command::new("date").arg("+%H:%M").output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&date.stdout).trim().to_owned();
    minutes(&text).ok_or_else(|| format!("{text:?} is not the time"))
}

fn minutes(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':')?;
    Some(hours.parse::<u32>().ok()? * 60 + minutes.parse::<u32>().ok()?)
}

/// A line of the screen with a fixed time, date, port and age. Columns stay where they are. Other times than those before
/// `now`, a minute of the day, do not change.
pub(crate) fn line(text: &str, now: u32) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let time = |text: &[char]| time(text, now);
    let finders: [Finder<'_>; 6] = [&port, &time, &date, &day, &age, &id];
    for find in finders {
        let mut at = 0;
        while at < chars.len() {
            let before = at.checked_sub(1).and_then(|before| chars.get(before));
            let is_start = before.is_none_or(|before| !before.is_alphanumeric());
            let found = find(chars.get(at..).unwrap_or_default()).filter(|_| is_start);
            if let Some((length, new)) = found {
                chars.splice(at..at + length, new.chars());
                let added = new.chars().count();
                keep_columns(&mut chars, at + added, length, added);
                at += added;
            } else {
                at += 1;
            }
        }
    }
    chars.into_iter().collect()
}

/// Moves what is right of a changed part back to its column, if there is filling between.
fn keep_columns(chars: &mut Vec<char>, from: usize, before: usize, after: usize) {
    let is_filling = |pair: &[char]| matches!(pair, [' ', ' '] | ['─', '─']);
    let rest = chars.get(from..).unwrap_or_default();
    let Some(place) = rest.windows(2).position(is_filling).map(|place| from + place) else { return };
    for _ in after..before {
        chars.insert(place, chars.get(place).copied().unwrap_or(' '));
    }
    for _ in before..after {
        chars.remove(place);
    }
}

/// The number of digits at the start.
fn digits(text: &[char]) -> usize {
    text.iter().take_while(|c| c.is_ascii_digit()).count()
}

fn begins(text: &[char], words: &str) -> bool {
    text.iter().copied().take(words.chars().count()).eq(words.chars())
}

/// `127.0.0.1:38431`
fn port(text: &[char]) -> Found {
    let length = ADDRESS.len();
    let is_whole = begins(text, ADDRESS) && digits(text.get(length..)?) == 5;
    is_whole.then_some((length + 5, "127.0.0.1:42800"))
}

/// `15:08` or `15:08:19`, not long before `now`
fn time(text: &[char], now: u32) -> Found {
    let pair = |at: usize| text.get(at..).is_some_and(|rest| digits(rest) == 2);
    let colon = |at: usize| text.get(at) == Some(&':');
    let then = minutes(&text.get(..5)?.iter().collect::<String>())?;
    let is_recent =
        (now + MINUTES_OF_DAY).checked_sub(then).is_some_and(|ago| ago % MINUTES_OF_DAY <= RECENT);
    match is_recent && pair(0) && colon(2) && pair(3) {
        true if colon(5) && pair(6) => Some((8, "23:53:08")),
        true => Some((5, "23:53")),
        false => None,
    }
}

/// `29 Nov 2026`
fn date(text: &[char]) -> Found {
    let day = digits(text);
    let month = text.get(day + 1..).filter(|_| (1..=2).contains(&day) && text.get(day) == Some(&' '))?;
    let is_month = MONTHS.iter().any(|name| name.get(..3).is_some_and(|short| begins(month, short)));
    let is_year = month.get(3) == Some(&' ') && month.get(4..).is_some_and(|year| digits(year) == 4);
    (is_month && is_year).then_some((day + 9, "28 Nov 2026"))
}

/// `Sunday 29 November`
fn day(text: &[char]) -> Found {
    let name = DAYS.iter().find(|name| begins(text, name))?.len();
    let number = digits(text.get(name + 1..)?);
    let month = text.get(name + number + 2..)?;
    let month = MONTHS.iter().find(|name| begins(month, name))?.len();
    (number > 0).then_some((name + number + 2 + month, "Saturday 28 November"))
}

/// ` 3m` at the right of a list: the pages are drawn within minutes.
fn age(text: &[char]) -> Found {
    let is_age = matches!(text, [' ', '1'..='9', 'm'] | [' ', '1'..='9', 'm', ' ', ..]);
    is_age.then_some((3, "now"))
}

/// The identifier of a tweet.
fn id(text: &[char]) -> Found {
    const ID: &str = "117700000000000000";
    (digits(text) == ID.len()).then_some((ID.len(), ID))
}

/// The page with a fixed key in place of this one, also where it is wrapped.
pub(crate) fn key(page: &str, key: &str) -> String {
    let mut page = page.to_owned();
    if key.len() != KEY.len() || !key.is_ascii() {
        return page;
    }
    for at in ("SHA256:".len() + 1..=key.len()).rev() {
        let ((head, tail), (new_head, new_tail)) = (key.split_at(at), KEY.split_at(at));
        while let Some(place) = page.find(head) {
            page.replace_range(place..place + head.len(), new_head);
            let rest = place + head.len();
            let next = page.get(rest..).and_then(|rest| rest.find(tail)).filter(|_| !tail.is_empty());
            if let Some(next) = next.map(|next| rest + next) {
                page.replace_range(next..next + tail.len(), new_tail);
            }
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_in_every_run_is_replaced_in_its_columns() {
        for (line_of_screen, steady) in [
            ("▌ 29 Nov 2026, 15:08 · public", "▌ 28 Nov 2026, 23:53 · public"),
            ("▌ Joined 1 Dec 2027              │ Online", "▌ Joined 28 Nov 2026             │ Online"),
            ("  ── Sunday 6 December ────", "  ── Saturday 28 November ─"),
            ("  ── Wednesday 30 September ────  │", "  ── Saturday 28 November ──────  │"),
            ("▌ 15:08:19    Signed in", "▌ 23:53:08    Signed in"),
            ("▌ @maren Maren           15:08  │", "▌ @maren Maren           23:53  │"),
            ("  @maren            2m ┃", "  @maren           now ┃"),
            ("  @maren            2m", "  @maren           now"),
            ("  12m  1h  2m2", "  12m  1h  2m2"),
            (" From 22:00 to 07:00", " From 22:00 to 07:00"),
            (":reply 117701159975387136 TEXT│", ":reply 117700000000000000 TEXT│"),
            (" Host  127.0.0.1:38431", " Host  127.0.0.1:42800"),
            (" First contact with 127.0.0.… ", " First contact with 127.0.0.… "),
        ] {
            assert_eq!(line(line_of_screen, 15 * 60 + 10), steady);
        }
    }

    #[test]
    fn a_key_is_replaced_where_it_is_wrapped_too() {
        let real = "SHA256:GxQODll9rVzhrZlIi3GLPM2fD/TkO9nytMheOIMZopw";
        let page = format!("{real}\n│ {} │\n│ {} │ pw", &real[..48], &real[48..]);
        let steady = format!("{KEY}\n│ {} │\n│ {} │ pw", &KEY[..48], &KEY[48..]);
        assert_eq!(key(&page, real), steady);
    }
}
