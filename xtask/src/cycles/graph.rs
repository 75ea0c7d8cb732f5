//! A directed graph of files.

use std::collections::{BTreeMap, BTreeSet};

/// The first reference from one file to another, and how many there are.
pub(super) struct Evidence {
    pub(super) line: usize,
    pub(super) text: String,
    pub(super) count: usize,
}

#[derive(Default)]
pub(super) struct Graph {
    edges: BTreeMap<(usize, usize), Evidence>,
}

impl Graph {
    /// Adds a reference. A file that refers to itself does not matter.
    pub(super) fn add(&mut self, from: usize, to: usize, line: usize, text: &str) {
        if from != to {
            let new = || Evidence { line, text: text.to_owned(), count: 0 };
            self.edges.entry((from, to)).or_insert_with(new).count += 1;
        }
    }

    /// The strongly connected components of two or more files, the largest first.
    pub(super) fn cycles(&self) -> Vec<Vec<usize>> {
        let nodes: BTreeSet<usize> = self.edges.keys().flat_map(|&(from, to)| [from, to]).collect();
        let reachable: BTreeMap<usize, BTreeSet<usize>> =
            nodes.iter().map(|&node| (node, self.reachable(node))).collect();
        let reaches = |from: usize, to: usize| reachable.get(&from).is_some_and(|set| set.contains(&to));
        let mut components: Vec<Vec<usize>> = Vec::new();
        for &node in nodes.iter().filter(|&&node| reaches(node, node)) {
            let component =
                nodes.iter().copied().filter(|&other| reaches(node, other) && reaches(other, node));
            // Each component is found once for each of its files.
            if components.iter().flatten().all(|&other| other != node) {
                components.push(component.collect());
            }
        }
        components.sort_by_key(|component| std::cmp::Reverse(component.len()));
        components
    }

    /// All nodes that a path of one or more edges leads to.
    fn reachable(&self, start: usize) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let mut open = vec![start];
        while let Some(node) = open.pop() {
            for &(_, to) in self.edges.range((node, 0)..=(node, usize::MAX)).map(|(edge, _)| edge) {
                if found.insert(to) {
                    open.push(to);
                }
            }
        }
        found
    }

    /// The edges between these files.
    pub(super) fn edges_within(
        &self,
        component: &[usize],
    ) -> impl Iterator<Item = (usize, usize, &Evidence)> {
        self.edges
            .iter()
            .filter(|((from, to), _)| component.contains(from) && component.contains(to))
            .map(|(&(from, to), evidence)| (from, to, evidence))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_apart_and_the_largest_is_first() {
        let mut graph = Graph::default();
        for (from, to) in [(0, 1), (1, 0), (1, 2), (2, 3), (3, 4), (4, 2), (5, 0), (6, 6)] {
            graph.add(from, to, 1, "");
        }
        assert_eq!(graph.cycles(), [vec![2, 3, 4], vec![0, 1]]);
    }
}
