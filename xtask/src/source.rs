//! The production source of a crate: its files and modules, without tests.

use std::collections::BTreeMap;

use proc_macro2::Span;
use syn::spanned::Spanned as _;
use syn::{Attribute, Item, Meta, Token};

use crate::process::root;

/// A crate target (a library or a program) as a tree of modules.
#[derive(Default)]
pub(crate) struct Source {
    pub(crate) files: Vec<File>,
    /// The first is the root of the crate.
    pub(crate) modules: Vec<Module>,
}

pub(crate) struct File {
    /// From the root of the repository, with `/`.
    pub(crate) path: String,
    /// Lines, without those of test items.
    pub(crate) lines: usize,
}

/// A module, in a file of its own or inline.
pub(crate) struct Module {
    /// Index of the file that contains it.
    pub(crate) file: usize,
    pub(crate) parent: Option<usize>,
    /// Indices of the modules in it, by name.
    pub(crate) children: BTreeMap<String, usize>,
    /// Its items, without modules and tests.
    pub(crate) items: Vec<Item>,
}

/// Text of a file, by its path.
pub(crate) type Read<'a> = &'a dyn Fn(&str) -> Option<String>;

/// All crate targets of the repository: libraries, programs and build scripts of crates/ and xtask.
pub(crate) fn workspace() -> Result<Vec<Source>, String> {
    let root = root();
    let mut packages = vec!["xtask".to_owned()];
    for entry in std::fs::read_dir(root.join("crates")).map_err(|error| format!("crates: {error}"))? {
        let entry = entry.map_err(|error| format!("crates: {error}"))?;
        packages.push(format!("crates/{}", entry.file_name().to_string_lossy()));
    }
    packages.sort();
    let read = |path: &str| std::fs::read_to_string(root.join(path)).ok();
    let mut sources = Vec::new();
    for package in packages {
        let mut targets = vec![
            format!("{package}/build.rs"),
            format!("{package}/src/lib.rs"),
            format!("{package}/src/main.rs"),
        ];
        for entry in std::fs::read_dir(root.join(&package).join("src/bin")).into_iter().flatten().flatten() {
            targets.push(format!("{package}/src/bin/{}", entry.file_name().to_string_lossy()));
        }
        for target in targets.into_iter().filter(|target| root.join(target).is_file()) {
            sources.push(Source::load(&target, &read)?);
        }
    }
    Ok(sources)
}

impl Source {
    /// Reads the file of a crate root and, by its `mod` declarations, all others.
    ///
    /// # Errors
    /// Names a file that does not exist or that is not Rust.
    pub(crate) fn load(root: &str, read: Read<'_>) -> Result<Self, String> {
        let mut source = Self::default();
        let directory = root.rsplit_once('/').map_or("", |(directory, _)| directory);
        source.add_file(root, directory, None, read)?;
        Ok(source)
    }

    /// Adds a file and the modules that it declares. `directory` contains the files of these modules.
    fn add_file(
        &mut self,
        path: &str,
        directory: &str,
        parent: Option<usize>,
        read: Read<'_>,
    ) -> Result<usize, String> {
        let text = read(path).ok_or_else(|| format!("{path}: cannot be read"))?;
        let syntax = syn::parse_file(&text)
            .map_err(|error| format!("{path}:{}: {error}", error.span().start().line))?;
        let tests: usize =
            syntax.items.iter().filter(|item| is_test(item)).map(|item| lines(item.span())).sum();
        let file = self.files.len();
        self.files.push(File { path: path.to_owned(), lines: text.lines().count().saturating_sub(tests) });
        self.add_module(syntax.items, file, directory, parent, read)
    }

    fn add_module(
        &mut self,
        items: Vec<Item>,
        file: usize,
        directory: &str,
        parent: Option<usize>,
        read: Read<'_>,
    ) -> Result<usize, String> {
        let index = self.modules.len();
        self.modules.push(Module { file, parent, children: BTreeMap::new(), items: Vec::new() });
        let mut own = Vec::new();
        let mut children = BTreeMap::new();
        for item in items.into_iter().filter(|item| !is_test(item)) {
            let Item::Mod(module) = item else {
                own.push(item);
                continue;
            };
            let name = name_of(&module.ident);
            let inner = join(directory, &name);
            let child = match module.content {
                Some((_, items)) => self.add_module(items, file, &inner, Some(index), read)?,
                None => {
                    let (path, directory) = self.file_of(&module.attrs, file, &inner, read);
                    self.add_file(&path, &directory, Some(index), read)?
                }
            };
            children.insert(name, child);
        }
        if let Some(module) = self.modules.get_mut(index) {
            module.items = own;
            module.children = children;
        }
        Ok(index)
    }

    /// Path of the file of a module, and the directory of the modules below it.
    fn file_of(
        &self,
        attrs: &[Attribute],
        declared_in: usize,
        inner: &str,
        read: Read<'_>,
    ) -> (String, String) {
        if let Some(path) = attrs.iter().find_map(path_attribute) {
            let declaring = self.files.get(declared_in).map_or("", |file| &file.path);
            let directory = declaring.rsplit_once('/').map_or("", |(directory, _)| directory);
            let path = join(directory, &path);
            let below = path.rsplit_once('/').map_or("", |(directory, _)| directory).to_owned();
            return (path, below);
        }
        let nested = format!("{inner}/mod.rs");
        let path = if read(&nested).is_some() { nested } else { format!("{inner}.rs") };
        (path, inner.to_owned())
    }
}

/// An identifier without the prefix `r#`.
pub(crate) fn name_of(ident: &proc_macro2::Ident) -> String {
    let name = ident.to_string();
    name.strip_prefix("r#").map_or(name.clone(), str::to_owned)
}

/// Number of lines from the start to the end of a span.
pub(crate) fn lines(span: Span) -> usize {
    span.end().line.saturating_sub(span.start().line) + 1
}

/// Whether an item exists only in tests.
pub(crate) fn is_test(item: &Item) -> bool {
    let attrs = match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => return false,
    };
    has_test_attribute(attrs)
}

/// Whether attributes limit what they belong to, to tests: `#[test]` or a `#[cfg]` that needs `test`.
pub(crate) fn has_test_attribute(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| {
        let is_test = attr.path().segments.last().is_some_and(|segment| segment.ident == "test");
        let is_cfg = attr.path().is_ident("cfg");
        is_test || (is_cfg && attr.parse_args::<Meta>().is_ok_and(|meta| needs_test(&meta)))
    })
}

/// Whether a predicate of `cfg` is true only in tests.
fn needs_test(predicate: &Meta) -> bool {
    let Meta::List(list) = predicate else { return predicate.path().is_ident("test") };
    let parser = syn::punctuated::Punctuated::<Meta, Token![,]>::parse_terminated;
    let Ok(inner) = list.parse_args_with(parser) else { return false };
    if list.path.is_ident("all") {
        return inner.iter().any(needs_test);
    }
    list.path.is_ident("any") && !inner.is_empty() && inner.iter().all(needs_test)
}

/// The value of `#[path = "…"]`.
fn path_attribute(attr: &Attribute) -> Option<String> {
    let Meta::NameValue(meta) = &attr.meta else { return None };
    let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(path), .. }) = &meta.value else { return None };
    meta.path.is_ident("path").then(|| path.value())
}

fn join(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(files: &[(&str, &str)]) -> Result<Source, String> {
        let read =
            |path: &str| files.iter().find(|(name, _)| *name == path).map(|(_, text)| (*text).to_owned());
        Source::load("src/lib.rs", &read)
    }

    #[test]
    fn modules_are_found_where_rustc_finds_them() {
        let source = load(&[
            ("src/lib.rs", "mod a; mod b; mod inline { mod c; }\n#[path = \"other.rs\"] mod d;"),
            ("src/a.rs", "mod child;"),
            ("src/a/child.rs", ""),
            ("src/b/mod.rs", "mod child;"),
            ("src/b/child.rs", ""),
            ("src/inline/c.rs", ""),
            ("src/other.rs", ""),
        ])
        .unwrap();
        let mut paths: Vec<&str> = source.files.iter().map(|file| file.path.as_str()).collect();
        paths.sort_unstable();
        assert_eq!(
            paths,
            [
                "src/a.rs",
                "src/a/child.rs",
                "src/b/child.rs",
                "src/b/mod.rs",
                "src/inline/c.rs",
                "src/lib.rs",
                "src/other.rs"
            ]
        );
    }

    #[test]
    fn tests_are_left_out_and_their_lines_do_not_count() {
        let text = "fn f() {}\n#[cfg(test)]\nmod tests {\n}\n#[cfg(all(test, unix))]\nmod more;\n#[cfg(any(test, \
                    feature = \"x\"))]\nmod kept {}\n";
        let source = load(&[("src/lib.rs", text)]).unwrap();
        assert_eq!(source.files.first().unwrap().lines, 3);
        assert_eq!(source.modules.first().unwrap().children.keys().collect::<Vec<_>>(), ["kept"]);
    }

    #[test]
    fn a_missing_module_is_an_error_with_its_path() {
        let error = load(&[("src/lib.rs", "mod gone;")]).err().unwrap();
        assert_eq!(error, "src/gone.rs: cannot be read");
    }
}
