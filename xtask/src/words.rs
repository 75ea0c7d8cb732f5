//! `cargo xtask words`: words that the project does not use, in every tracked text file and file name.

mod list;
mod scan;
mod syntax;
mod tokens;

use std::collections::BTreeMap;
use std::path::Path;

use crate::process::{Outcome, output, root, tool};
use list::List;
use scan::{Hit, Scan};

/// Text files, by path.
type Files = BTreeMap<String, String>;

const LIST: &str = "xtask/words.toml";

/// Prints every hit below these paths, or in the whole repository.
pub(crate) fn check(paths: &[&str]) -> Outcome {
    let (hits, errors) = scan_repository(paths)?;
    for hit in &hits {
        println!("{hit}");
    }
    result(hits.len(), &errors)
}

/// Prints the number of hits per word and per directory, below these paths or in the whole repository.
pub(crate) fn count(paths: &[&str]) -> Outcome {
    let (hits, errors) = scan_repository(paths)?;
    print!("{}", table(&hits));
    result(hits.len(), &errors)
}

/// All hits, and the errors in the list.
fn scan_repository(paths: &[&str]) -> Result<(Vec<Hit>, Vec<String>), String> {
    let text = std::fs::read_to_string(root().join(LIST)).map_err(|error| format!("{LIST}: {error}"))?;
    let list = List::parse(&text).map_err(|error| format!("{LIST}: {error}"))?;
    let mut files = tracked_files()?;
    // A part of the files cannot show that an exception is unused.
    let is_complete = paths.is_empty();
    if !is_complete {
        files.retain(|file, _| paths.iter().any(|path| Path::new(file).starts_with(path)));
    }
    let (hits, unused) = scan_files(&list, &files);
    let errors = if is_complete { unused } else { Vec::new() };
    Ok((hits, errors))
}

/// Hits in these files, and exceptions of the list that match nothing in them.
fn scan_files(list: &List, files: &Files) -> (Vec<Hit>, Vec<String>) {
    let mut scan = Scan::new(list);
    for (path, text) in files {
        scan.add(path, text);
    }
    scan.finish()
}

/// Files that are not UTF-8 are left out.
fn tracked_files() -> Result<Files, String> {
    let names = output(&mut tool("git", &["ls-files", "-z"]))?;
    let read = |name: &str| Some((name.to_owned(), std::fs::read_to_string(root().join(name)).ok()?));
    Ok(names.split('\0').filter(|name| !name.is_empty()).filter_map(read).collect())
}

fn result(hits: usize, errors: &[String]) -> Outcome {
    let mut lines: Vec<String> = errors.iter().map(|error| format!("{LIST}: {error}")).collect();
    if hits > 0 {
        lines.push(format!("{hits} hits of banned words; {LIST} has the list and the exceptions"));
    }
    if lines.is_empty() { Ok(()) } else { Err(lines.join("\n")) }
}

/// Number of hits per word and per directory. The crates are counted one by one.
fn table(hits: &[Hit]) -> String {
    let directory = |hit: &Hit| {
        let parts: Vec<&str> = hit.path.split('/').collect();
        match parts.as_slice() {
            ["crates", name, _, ..] => format!("crates/{name}"),
            [name, _, ..] => (*name).to_owned(),
            _ => ".".to_owned(),
        }
    };
    let mut words = BTreeMap::new();
    let mut directories = BTreeMap::new();
    for hit in hits {
        *words.entry(hit.word.clone()).or_insert(0) += 1;
        *directories.entry(directory(hit)).or_insert(0) += 1;
    }
    format!("hits per word\n{}hits per directory\n{}", rows(words), rows(directories))
}

/// The largest number first.
fn rows(counts: BTreeMap<String, usize>) -> String {
    let mut rows: Vec<_> = counts.into_iter().collect();
    rows.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    rows.iter().map(|(name, count)| format!("{count:>6}  {name}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "
        [[banned]]
        words = [\"gizmo\", \"gizmos\"]
        say = \"module\"

        [[banned]]
        words = [\"on top of the\"]
        say = \"above the\"
    ";

    fn files(files: &[(&str, &str)]) -> Files {
        files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
    }

    /// Hits as the command prints them, and errors in the list.
    fn scan(list: &str, contents: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
        let (hits, errors) = scan_files(&List::parse(list).unwrap(), &files(contents));
        (hits.iter().map(ToString::to_string).collect(), errors)
    }

    #[test]
    fn a_word_is_found_in_an_identifier_a_comment_a_doc_and_a_string() {
        let text = "/// Doc of a gizmo.\nfn open_gizmo() {\n    // The Gizmo's comment.\n    let x: GizmoList = \
                    f(\"no gizmos\");\n}\n";
        let (hits, errors) = scan(LIST, &[("a.rs", text)]);
        assert_eq!(
            hits,
            [
                r#"a.rs:1: "gizmo" in "/// Doc of a gizmo."; say: module"#,
                r#"a.rs:2: "gizmo" in "fn open_gizmo() {"; say: module"#,
                r#"a.rs:3: "gizmo" in "// The Gizmo's comment."; say: module"#,
                r#"a.rs:4: "gizmo" in "let x: GizmoList = f("no gizmos"…"; say: module"#,
                r#"a.rs:4: "gizmos" in "…: GizmoList = f("no gizmos");"; say: module"#,
            ]
        );
        assert_eq!(errors, Vec::<String>::new());
    }

    #[test]
    fn a_word_is_found_in_the_name_of_a_file_and_of_a_directory_once() {
        let (hits, _) = scan(LIST, &[("gizmo/a.md", ""), ("gizmo/b.md", ""), ("c/my_gizmo.md", "")]);
        assert_eq!(
            hits,
            [
                r#"c/my_gizmo.md: "gizmo" in the file name; say: module"#,
                r#"gizmo/: "gizmo" in the file name; say: module"#
            ]
        );
    }

    #[test]
    fn a_part_of_another_word_is_no_hit() {
        assert_eq!(scan(LIST, &[("a.md", "gizmology, ungizmo, GIZMOX")]).0, Vec::<String>::new());
    }

    #[test]
    fn a_phrase_is_found_over_the_end_of_a_line_but_not_over_a_stop() {
        for text in
            ["on top of the", "on top of\n/// the", "on top\n    // of the", "OnTopOfThe", "on_top_of_the"]
        {
            assert_eq!(scan(LIST, &[("a.rs", text)]).0.len(), 1, "{text}");
        }
        for text in ["on top. Of the", "on top of\n\nthe", "on_top(of, the)"] {
            assert_eq!(scan(LIST, &[("a.rs", text)]).0, Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn an_exception_is_honoured() {
        let list = "
            [[banned]]
            words = [\"gizmo\"]
            say = \"module\"
            except = [
                { path = \"old/**\", reason = \"is history\" },
                { phrase = \"gizmo effect\", reason = \"term of the field\" },
                { path = \"*.rs\", phrase = \"gizmo:\", reason = \"name of a parameter\" },
            ]
        ";
        let (hits, errors) = scan(
            list,
            &[("old/x/a.md", "gizmo"), ("b.md", "gizmo effect\ngizmo: 1"), ("c.rs", "gizmo: 1, gizmo = 2")],
        );
        assert_eq!(
            hits,
            [
                r#"b.md:2: "gizmo" in "gizmo: 1"; say: module"#,
                r#"c.rs:1: "gizmo" in "gizmo: 1, gizmo = 2"; say: module"#
            ]
        );
        assert_eq!(errors, Vec::<String>::new());
    }

    #[test]
    fn an_exception_or_a_skipped_path_that_matches_nothing_is_an_error() {
        let list = "
            [[skip]]
            path = \"gone.md\"
            reason = \"is a copy\"

            [[banned]]
            words = [\"gizmo\"]
            say = \"module\"
            except = [{ phrase = \"gizmo effect\", reason = \"term of the field\" }]
        ";
        let (_, errors) = scan(list, &[("a.md", "no hit")]);
        assert_eq!(
            errors,
            [
                r#"skipped path "gone.md" matches no file; delete it"#,
                r#"exception of "gizmo" with phrase "gizmo effect" matches nothing; delete it"#
            ]
        );
    }

    #[test]
    fn a_word_of_identifiers_is_allowed_in_prose_and_strings() {
        let list = "
            [[banned]]
            words = [\"gizmo\"]
            only = \"identifiers\"
            say = \"module\"
        ";
        let text = "// A gizmo, `Gizmo`.\nlet gizmo = \"gizmo\"; // gizmo\n";
        let (hits, _) = scan(list, &[("a.rs", text), ("b.md", "gizmo and `a::Gizmo` and `run gizmo`")]);
        assert_eq!(
            hits,
            [
                r#"a.rs:1: "gizmo" in "// A gizmo, `Gizmo`."; say: module"#,
                r#"a.rs:2: "gizmo" in "let gizmo = "gizmo"; // gizmo"; say: module"#,
                r#"b.md:1: "gizmo" in "gizmo and `a::Gizmo` and `run gizmo`"; say: module"#
            ]
        );
    }

    #[test]
    fn hits_are_counted_per_word_and_per_directory() {
        let contents =
            files(&[("crates/a/x.rs", "gizmo gizmo"), ("b.md", "gizmos"), ("docs/c/d.md", "gizmo")]);
        let (hits, _) = scan_files(&List::parse(LIST).unwrap(), &contents);
        let expected = "hits per word\n     3  gizmo\n     1  gizmos\n\
                        hits per directory\n     2  crates/a\n     1  .\n     1  docs\n";
        assert_eq!(table(&hits), expected);
    }
}
