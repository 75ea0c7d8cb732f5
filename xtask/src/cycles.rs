//! `cargo xtask cycles`: source files of a crate that depend on each other in a circle.
//!
//! A file depends on another if it names an item that the other defines. Re-exports are followed, so that a path
//! through a parent module leads to the file with the definition. `mod x;` is no dependency, and tests are left out.

mod graph;
mod names;
mod references;

use crate::process::Outcome;
use crate::source::{Source, workspace};
use graph::Graph;

/// Prints the components and the references inside them.
pub(crate) fn check() -> Outcome {
    let mut sizes = Vec::new();
    for source in &workspace()? {
        let graph = graph_of(source);
        for component in graph.cycles() {
            print!("{}", describe(source, &graph, &component));
            sizes.push(component.len());
        }
    }
    match sizes.len() {
        0 => Ok(()),
        count => Err(format!("{count} cycles, with {} files", sizes.iter().sum::<usize>())),
    }
}

/// The files of a crate and what they refer to.
fn graph_of(source: &Source) -> Graph {
    let references: Vec<_> =
        source.modules.iter().map(|module| references::of_module(&module.items)).collect();
    let names = names::Names::new(source, &references);
    let mut graph = Graph::default();
    for (index, (module, references)) in source.modules.iter().zip(&references).enumerate() {
        for reference in &references.paths {
            for file in names.files_of(index, &reference.segments, reference.is_glob) {
                graph.add(module.file, file, reference.line, &reference.text());
            }
        }
    }
    graph
}

fn describe(source: &Source, graph: &Graph, component: &[usize]) -> String {
    let path = |file: usize| source.files.get(file).map_or("", |file| file.path.as_str());
    let root = path(0);
    let directory = root.rsplit_once('/').map_or("", |(directory, _)| directory);
    let short = |file: usize| {
        path(file).strip_prefix(directory).map_or(path(file), |path| path.trim_start_matches('/'))
    };
    let names: Vec<&str> = component.iter().map(|&file| short(file)).collect();
    let mut text = format!("{root}: a cycle of {} files: {}\n", component.len(), names.join(", "));
    for (from, to, evidence) in graph.edges_within(component) {
        let more = evidence.count - 1;
        let more = if more == 0 { String::new() } else { format!(" (+{more})") };
        text += &format!("  {}:{} → {}: {}{more}\n", path(from), evidence.line, short(to), evidence.text);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A crate of these files, and its cycles as the command prints them.
    fn cycles(files: &[(&str, &str)]) -> String {
        let read =
            |path: &str| files.iter().find(|(name, _)| *name == path).map(|(_, text)| (*text).to_owned());
        let source = Source::load("src/lib.rs", &read).unwrap();
        let graph = graph_of(&source);
        graph.cycles().iter().map(|component| describe(&source, &graph, component)).collect()
    }

    #[test]
    fn a_cycle_is_found_with_its_edges() {
        let found = cycles(&[
            ("src/lib.rs", "mod a; mod b; mod c;"),
            ("src/a.rs", "use crate::b::B;\npub struct A(B);"),
            ("src/b.rs", "pub struct B;\npub fn f() -> super::a::A { todo!() }"),
            ("src/c.rs", "use crate::a::A;\npub struct C(A);"),
        ]);
        let expected = "src/lib.rs: a cycle of 2 files: a.rs, b.rs\n  \
                        src/a.rs:1 → b.rs: crate::b::B (+1)\n  \
                        src/b.rs:2 → a.rs: super::a::A\n";
        assert_eq!(found, expected);
    }

    #[test]
    fn a_tree_without_cycles_passes() {
        let found = cycles(&[
            ("src/lib.rs", "mod a; mod b; pub use a::A;"),
            ("src/a.rs", "use crate::b::{self, B};\npub struct A(B);\nfn f() { b::g(); }"),
            ("src/b.rs", "pub struct B;\npub fn g() {}\n#[cfg(test)] mod tests { use crate::a::A; }"),
        ]);
        assert_eq!(found, "");
    }

    #[test]
    fn a_mod_file_counts_as_a_file() {
        let found = cycles(&[
            ("src/lib.rs", "mod a;"),
            ("src/a/mod.rs", "mod b;\npub use b::B;\npub const MAX: u32 = 1;"),
            ("src/a/b.rs", "pub struct B;\nfn f() -> u32 { super::MAX }"),
        ]);
        let expected = "src/lib.rs: a cycle of 2 files: a/mod.rs, a/b.rs\n  \
                        src/a/mod.rs:2 → a/b.rs: b::B\n  \
                        src/a/b.rs:2 → a/mod.rs: super::MAX\n";
        assert_eq!(found, expected);
    }

    #[test]
    fn a_path_through_a_parent_leads_to_the_file_with_the_definition() {
        // b uses an item of c by the re-export of mod.rs: mod.rs itself defines nothing that b needs.
        let found = cycles(&[
            ("src/lib.rs", "mod a;"),
            ("src/a/mod.rs", "mod b; mod c;\npub use b::B; pub use c::*;"),
            ("src/a/b.rs", "use super::C;\nuse crate::a::D;\npub struct B(C, D);"),
            ("src/a/c.rs", "pub struct C;\npub struct D;"),
        ]);
        assert_eq!(found, "");
    }

    #[test]
    fn expressions_macros_and_globs_are_references() {
        for body in [
            "fn f() { super::g(); }",
            "fn f() { println!(\"{}\", crate::g()); }",
            "use super::*;\nfn f() { g(); }",
            "fn f() { use crate::g; g(); }",
            "#[derive(crate::g)]\nstruct S;",
            "macro_rules! m { () => { $crate::g() } }",
            "impl super::S {}",
        ] {
            let found = cycles(&[
                ("src/lib.rs", "mod a;\npub use a::A;\nfn g() {}\nstruct S;"),
                ("src/a.rs", &format!("pub struct A;\n{body}")),
            ]);
            assert!(found.starts_with("src/lib.rs: a cycle of 2 files: lib.rs, a.rs\n"), "{body}: {found}");
        }
    }

    #[test]
    fn visibility_and_module_declarations_are_no_references() {
        let found = cycles(&[
            ("src/lib.rs", "mod a;\npub use a::b::B;"),
            ("src/a.rs", "pub(crate) mod b;\npub(in crate::a) struct A;"),
            ("src/a/b.rs", "pub(super) struct B;\nfn f(value: super::A) {}"),
        ]);
        assert_eq!(found, "");
    }

    #[test]
    fn test_functions_and_methods_are_left_out() {
        let found = cycles(&[
            ("src/lib.rs", "mod a;\npub use a::A;\nfn g() {}"),
            ("src/a.rs", "pub struct A;\nimpl A { #[cfg(test)] fn f() { crate::g() } }"),
        ]);
        assert_eq!(found, "");
    }
}
