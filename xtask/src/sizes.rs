//! `cargo xtask sizes`: production files and functions that are too long to read.

use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Attribute, Block, ImplItem, Item, Signature, TraitItem};

use crate::process::Outcome;
use crate::source::{Source, has_test_attribute, is_test, lines, workspace};

const FILE_LINES_MAX: usize = 600;
/// From the line of `fn` to that of the closing brace.
const FUNCTION_LINES_MAX: usize = 80;

/// Prints every file and function above the limits.
pub(crate) fn check() -> Outcome {
    let sources = workspace()?;
    let offenders: Vec<String> = sources.iter().flat_map(offenders).collect();
    for offender in &offenders {
        println!("{offender}");
    }
    match offenders.len() {
        0 => Ok(()),
        count => Err(format!("{count} files and functions are too long")),
    }
}

fn offenders(source: &Source) -> Vec<String> {
    let mut offenders = Vec::new();
    for file in source.files.iter().filter(|file| file.lines > FILE_LINES_MAX) {
        offenders.push(format!("{}: {} lines, at most {FILE_LINES_MAX}", file.path, file.lines));
    }
    for module in &source.modules {
        let Some(file) = source.files.get(module.file) else { continue };
        let mut functions = Functions::default();
        module.items.iter().for_each(|item| functions.visit_item(item));
        for (name, line, lines) in
            functions.found.into_iter().filter(|(_, _, lines)| *lines > FUNCTION_LINES_MAX)
        {
            offenders.push(format!(
                "{}:{line}: fn {name} has {lines} lines, at most {FUNCTION_LINES_MAX}",
                file.path
            ));
        }
    }
    offenders
}

/// Collects the functions of production code.
#[derive(Default)]
struct Functions {
    /// Name, line and number of lines.
    found: Vec<(String, usize, usize)>,
}

impl Functions {
    fn add(&mut self, attrs: &[Attribute], signature: &Signature, block: &Block) {
        if !has_test_attribute(attrs) {
            let start = signature.span();
            let length = lines(start.join(block.span()).unwrap_or(start));
            self.found.push((signature.ident.to_string(), start.start().line, length));
        }
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_test(item) {
            if let Item::Fn(function) = item {
                self.add(&function.attrs, &function.sig, &function.block);
            }
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        if let ImplItem::Fn(function) = item {
            self.add(&function.attrs, &function.sig, &function.block);
        }
        visit::visit_impl_item(self, item);
    }

    fn visit_trait_item(&mut self, item: &'ast TraitItem) {
        if let TraitItem::Fn(function) = item
            && let Some(block) = &function.default
        {
            self.add(&function.attrs, &function.sig, block);
        }
        visit::visit_trait_item(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A function of this many lines.
    fn function(head: &str, lines: usize) -> String {
        format!("{head} {{\n{}}}\n", "    ();\n".repeat(lines - 2))
    }

    fn offenders_of(text: &str) -> Vec<String> {
        super::offenders(&Source::load("src/lib.rs", &|_| Some(text.to_owned())).unwrap())
    }

    #[test]
    fn a_function_of_80_lines_passes_and_one_of_81_does_not() {
        assert_eq!(offenders_of(&function("/// Doc.\npub fn f()", 80)), Vec::<String>::new());
        let expected = ["src/lib.rs:2: fn f has 81 lines, at most 80"];
        assert_eq!(offenders_of(&function("/// Doc.\npub fn f()", 81)), expected);
    }

    #[test]
    fn methods_count_as_functions() {
        let text = format!("struct S;\nimpl S {{\n{}}}\n", function("fn method(&self)", 81));
        assert_eq!(offenders_of(&text), ["src/lib.rs:3: fn method has 81 lines, at most 80"]);
    }

    #[test]
    fn a_file_of_600_lines_passes_and_one_of_601_does_not() {
        assert_eq!(offenders_of(&"//\n".repeat(600)), Vec::<String>::new());
        assert_eq!(offenders_of(&"//\n".repeat(601)), ["src/lib.rs: 601 lines, at most 600"]);
    }

    #[test]
    fn tests_do_not_count() {
        let test = function("#[test]\nfn a_test()", 400);
        let text = format!("//\n#[cfg(test)]\nmod tests {{\n{test}{test}}}\n");
        assert_eq!(offenders_of(&text), Vec::<String>::new());
    }
}
