//! Which file defines the item that a path names.

use std::collections::{BTreeMap, BTreeSet};

use syn::{Item, Signature};

use super::references::References;
use crate::source::{Source, name_of};

/// What a name or a path leads to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    /// An item, in the file with this index.
    Item(usize),
    /// A module, with its index.
    Module(usize),
}

/// The names in one module.
struct Scope {
    file: usize,
    parent: Option<usize>,
    /// Items and modules that it defines.
    defined: BTreeMap<String, BTreeSet<Target>>,
    /// Paths of imports by name. The same name can be a type and a function.
    imported: BTreeMap<String, Vec<Vec<String>>>,
    /// Paths of imports with `*`.
    globs: Vec<Vec<String>>,
}

/// The names in all modules of a crate.
pub(super) struct Names {
    scopes: Vec<Scope>,
}

/// Names that are being resolved: re-exports may form a circle.
type Visited = BTreeSet<(usize, String)>;

impl Names {
    /// `references` has one element for each module.
    pub(super) fn new(source: &Source, references: &[References]) -> Self {
        let scopes = source.modules.iter().zip(references).map(|(module, references)| {
            let mut scope = Scope {
                file: module.file,
                parent: module.parent,
                defined: BTreeMap::new(),
                imported: BTreeMap::new(),
                globs: Vec::new(),
            };
            for (name, &child) in &module.children {
                scope.defined.entry(name.clone()).or_default().insert(Target::Module(child));
            }
            for name in module.items.iter().filter_map(defined_name) {
                scope.defined.entry(name).or_default().insert(Target::Item(module.file));
            }
            for import in &references.imports {
                match &import.name {
                    Some(name) => {
                        let paths = scope.imported.entry(name.clone()).or_default();
                        paths.push(import.segments.clone());
                    }
                    None => scope.globs.push(import.segments.clone()),
                }
            }
            scope
        });
        Self { scopes: scopes.collect() }
    }

    /// The files that define what a path in this module names. Empty for names of other crates and for a module, of
    /// which only the items count. A glob needs the module itself.
    pub(super) fn files_of(&self, module: usize, path: &[String], is_glob: bool) -> BTreeSet<usize> {
        let targets = self.resolve(module, path, &mut Visited::new());
        let file_of = |target| match target {
            Target::Item(file) => Some(file),
            Target::Module(module) => self.scopes.get(module).map(|scope| scope.file).filter(|_| is_glob),
        };
        targets.into_iter().filter_map(file_of).collect()
    }

    fn resolve(&self, module: usize, path: &[String], visited: &mut Visited) -> BTreeSet<Target> {
        let Some((first, rest)) = path.split_first() else { return BTreeSet::new() };
        let parent = self.scopes.get(module).and_then(|scope| scope.parent);
        let start = match first.as_str() {
            "crate" => BTreeSet::from([Target::Module(0)]),
            "self" => BTreeSet::from([Target::Module(module)]),
            "super" => parent.into_iter().map(Target::Module).collect(),
            _ => self.look_up(module, first, visited),
        };
        rest.iter().fold(start, |targets, name| {
            targets.into_iter().flat_map(|target| self.step(target, name, visited)).collect()
        })
    }

    /// What a name means after `target::`.
    fn step(&self, target: Target, name: &str, visited: &mut Visited) -> BTreeSet<Target> {
        let Target::Module(module) = target else {
            // A variant or an associated item.
            return BTreeSet::from([target]);
        };
        let Some(scope) = self.scopes.get(module) else { return BTreeSet::new() };
        match name {
            "self" => BTreeSet::from([target]),
            "super" => scope.parent.into_iter().map(Target::Module).collect(),
            _ => {
                let found = self.look_up(module, name, visited);
                // A macro defines the name, or the module re-exports it from another crate.
                if found.is_empty() { BTreeSet::from([Target::Item(scope.file)]) } else { found }
            }
        }
    }

    /// What a name means in a module.
    fn look_up(&self, module: usize, name: &str, visited: &mut Visited) -> BTreeSet<Target> {
        let Some(scope) = self.scopes.get(module) else { return BTreeSet::new() };
        let mut found = scope.defined.get(name).cloned().unwrap_or_default();
        let key = (module, name.to_owned());
        if !visited.insert(key.clone()) {
            return found;
        }
        for path in scope.imported.get(name).into_iter().flatten() {
            found.extend(self.resolve(module, path, visited));
        }
        if found.is_empty() {
            for path in &scope.globs {
                for target in self.resolve(module, path, visited) {
                    if let Target::Module(module) = target {
                        found.extend(self.look_up(module, name, visited));
                    }
                }
            }
        }
        visited.remove(&key);
        found
    }
}

/// The name that an item adds to its module.
fn defined_name(item: &Item) -> Option<String> {
    let of_function = |signature: &Signature| name_of(&signature.ident);
    Some(match item {
        Item::Const(item) => name_of(&item.ident),
        Item::Enum(item) => name_of(&item.ident),
        Item::Fn(item) => of_function(&item.sig),
        Item::Macro(item) => name_of(item.ident.as_ref()?),
        Item::Static(item) => name_of(&item.ident),
        Item::Struct(item) => name_of(&item.ident),
        Item::Trait(item) => name_of(&item.ident),
        Item::Type(item) => name_of(&item.ident),
        Item::Union(item) => name_of(&item.ident),
        _ => return None,
    })
}
