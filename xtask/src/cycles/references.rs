//! The paths in the items of a module.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{
    Attribute, Field, ImplItem, Item, ItemUse, Macro, Meta, Path, PathSegment, Stmt, TraitItem, UseTree,
    VisRestricted,
};

use crate::source::{has_test_attribute, is_test, name_of};

/// A path in the source.
pub(super) struct Reference {
    pub(super) segments: Vec<String>,
    pub(super) line: usize,
    /// `use path::*`.
    pub(super) is_glob: bool,
}

/// A `use` of one name, in a module or in a function.
pub(super) struct Import {
    /// The name that it makes available. `None` for a glob.
    pub(super) name: Option<String>,
    pub(super) segments: Vec<String>,
}

/// What the items of a module refer to.
#[derive(Default)]
pub(super) struct References {
    pub(super) paths: Vec<Reference>,
    pub(super) imports: Vec<Import>,
}

impl Reference {
    pub(super) fn text(&self) -> String {
        let glob = if self.is_glob { "::*" } else { "" };
        format!("{}{glob}", self.segments.join("::"))
    }
}

/// Collects the paths of these items. Items and statements that exist only in tests are left out.
pub(super) fn of_module(items: &[Item]) -> References {
    let mut references = References::default();
    items.iter().for_each(|item| references.visit_item(item));
    references
}

impl References {
    fn add(&mut self, segments: Vec<String>, line: usize, is_glob: bool) {
        self.paths.push(Reference { segments, line, is_glob });
    }

    fn add_import(&mut self, tree: &UseTree, prefix: &[String]) {
        let with = |ident| prefix.iter().cloned().chain([name_of(ident)]).collect::<Vec<String>>();
        match tree {
            UseTree::Path(path) => self.add_import(&path.tree, &with(&path.ident)),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.add_import(tree, prefix)),
            UseTree::Name(name) if name.ident == "self" && !prefix.is_empty() => {
                self.bind(prefix.last().cloned(), prefix.to_vec(), name.ident.span().start().line);
            }
            UseTree::Name(name) => {
                self.bind(Some(name_of(&name.ident)), with(&name.ident), name.ident.span().start().line);
            }
            UseTree::Rename(rename) => {
                let segments = if rename.ident == "self" { prefix.to_vec() } else { with(&rename.ident) };
                self.bind(Some(name_of(&rename.rename)), segments, rename.ident.span().start().line);
            }
            UseTree::Glob(glob) => {
                let line = glob.star_token.spans.first().map_or(0, |span| span.start().line);
                self.bind(None, prefix.to_vec(), line);
            }
        }
    }

    fn bind(&mut self, name: Option<String>, segments: Vec<String>, line: usize) {
        self.add(segments.clone(), line, name.is_none());
        self.imports.push(Import { name, segments });
    }

    /// Paths of two or more names in tokens that are not parsed. `in_definition` for the body of `macro_rules!`: there
    /// only paths from the crate root have the same meaning at each place of use.
    fn add_tokens(&mut self, tokens: TokenStream, in_definition: bool) {
        let mut path: Vec<String> = Vec::new();
        let mut line = 0;
        let mut colons = 0;
        for token in tokens {
            if let TokenTree::Punct(punct) = &token
                && punct.as_char() == ':'
                && !path.is_empty()
            {
                colons += 1;
                continue;
            }
            let TokenTree::Ident(ident) = &token else {
                self.add_token_path(std::mem::take(&mut path), line, in_definition);
                if let TokenTree::Group(group) = token {
                    self.add_tokens(group.stream(), in_definition);
                }
                continue;
            };
            if colons != 2 {
                self.add_token_path(std::mem::take(&mut path), line, in_definition);
                line = ident.span().start().line;
            }
            path.push(name_of(ident));
            colons = 0;
        }
        self.add_token_path(path, line, in_definition);
    }

    fn add_token_path(&mut self, path: Vec<String>, line: usize, in_definition: bool) {
        let is_from_root = path.first().is_some_and(|name| name == "crate");
        if path.len() > 1 && (is_from_root || !in_definition) {
            self.add(path, line, false);
        }
    }
}

impl<'ast> Visit<'ast> for References {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_test(item) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let attrs = match item {
            ImplItem::Const(item) => &item.attrs,
            ImplItem::Fn(item) => &item.attrs,
            ImplItem::Type(item) => &item.attrs,
            _ => return visit::visit_impl_item(self, item),
        };
        if !has_test_attribute(attrs) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_trait_item(&mut self, item: &'ast TraitItem) {
        let attrs = match item {
            TraitItem::Const(item) => &item.attrs,
            TraitItem::Fn(item) => &item.attrs,
            TraitItem::Type(item) => &item.attrs,
            _ => return visit::visit_trait_item(self, item),
        };
        if !has_test_attribute(attrs) {
            visit::visit_trait_item(self, item);
        }
    }

    fn visit_field(&mut self, field: &'ast Field) {
        if !has_test_attribute(&field.attrs) {
            visit::visit_field(self, field);
        }
    }

    fn visit_stmt(&mut self, statement: &'ast Stmt) {
        let attrs: &[Attribute] = match statement {
            Stmt::Local(local) => &local.attrs,
            Stmt::Macro(statement) => &statement.attrs,
            _ => &[],
        };
        if !has_test_attribute(attrs) {
            visit::visit_stmt(self, statement);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        // `use ::name` is always another crate.
        if item.leading_colon.is_none() {
            self.add_import(&item.tree, &[]);
        }
    }

    fn visit_path(&mut self, path: &'ast Path) {
        if path.leading_colon.is_none()
            && let Some(first) = path.segments.first()
        {
            let name = |segment: &PathSegment| name_of(&segment.ident);
            self.add(path.segments.iter().map(name).collect(), first.ident.span().start().line, false);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        let in_definition = call.path.is_ident("macro_rules");
        if !in_definition {
            self.visit_path(&call.path);
        }
        self.add_tokens(call.tokens.clone(), in_definition);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let Meta::List(list) = &attribute.meta {
            self.add_tokens(list.tokens.clone(), false);
        }
    }

    // `pub(in path)` limits who may use an item. It uses none itself.
    fn visit_vis_restricted(&mut self, _: &'ast VisRestricted) {}
}
