use std::collections::HashMap;

use super::spelling;

/// Replaces texts by others, in every spelling, in one pass: no replacement is replaced again
#[derive(Default)]
pub(super) struct Rewriter {
    rules: Vec<Rule>,
    /// The rules by the first byte of what they replace, the longest first
    by_first: HashMap<u8, Vec<usize>>,
}

struct Rule {
    from: String,
    to: String,
    /// Only where it is no part of a longer word
    is_word: bool,
}

impl Rewriter {
    /// Replaces `from` by `to` from now on, unless something replaces it already
    pub(super) fn add(&mut self, from: &str, to: &str, is_word: bool) {
        for (from, to) in spelling::both(from, to) {
            let Some(&first) = from.as_bytes().first() else {
                continue;
            };
            let known = self.by_first.entry(first).or_default();
            if known
                .iter()
                .any(|at| self.rules.get(*at).is_some_and(|rule| rule.from == from))
            {
                continue;
            }
            known.push(self.rules.len());
            self.rules.push(Rule { from, to, is_word });
            let length = |at: &usize| self.rules.get(*at).map_or(0, |rule| rule.from.len());
            known.sort_by_key(|at| std::cmp::Reverse(length(at)));
        }
    }

    pub(super) fn rewrite(&self, text: &str) -> String {
        let mut found = String::with_capacity(text.len());
        let mut at = 0;
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            match self.rule(text, at) {
                Some(rule) => {
                    found.push_str(&rule.to);
                    at += rule.from.len();
                }
                None => {
                    let sign = rest.chars().next().unwrap_or_default();
                    found.push(sign);
                    at += sign.len_utf8();
                }
            }
        }
        found
    }

    fn rule(&self, text: &str, at: usize) -> Option<&Rule> {
        let rest = text.get(at..)?;
        let known = self.by_first.get(rest.as_bytes().first()?)?;
        let mut rules = known.iter().filter_map(|at| self.rules.get(*at));
        rules.find(|rule| {
            rest.starts_with(&rule.from) && (!rule.is_word || is_whole(text, at, rule.from.len()))
        })
    }
}

/// Whether the text between is no part of a longer word; an escape such as `%3D` or `\u003d` before it ends one
pub(super) fn is_whole(text: &str, at: usize, length: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let after = text.get(at + length..).unwrap_or_default();
    let in_word = |sign: char| sign.is_alphanumeric() || sign == '_';
    let ends_with = |mark: &str, digits: usize| {
        let start = before.len().checked_sub(mark.len() + digits);
        let escape = start.and_then(|start| before.get(start..));
        let code = escape.and_then(|escape| escape.strip_prefix(mark));
        code.is_some_and(|code| u32::from_str_radix(code, 16).is_ok())
    };
    let is_escape = ends_with("%", 2) || ends_with("\\x", 2) || ends_with("\\u", 4);
    let joins_before = before.chars().next_back().is_some_and(in_word) && !is_escape;
    !joins_before && !after.chars().next().is_some_and(in_word)
}

#[cfg(test)]
mod tests {
    use super::Rewriter;

    #[test]
    fn the_longest_rule_wins_and_nothing_is_replaced_twice() {
        let mut rewriter = Rewriter::default();
        rewriter.add("abc", "x-abcd", false);
        rewriter.add("abcd", "y-abc", false);

        assert_eq!(
            rewriter.rewrite("abc abcd é"),
            "x-abc y-abc é".replace("x-abc ", "x-abcd ")
        );
    }

    #[test]
    fn a_word_is_replaced_only_where_it_is_whole() {
        let mut rewriter = Rewriter::default();
        rewriter.add("amy", "ci-user", true);

        let text = r"amy amyl gamy my_amy ?u=amy %3Damy%26 'amy' \u003damy";
        assert_eq!(
            rewriter.rewrite(text),
            r"ci-user amyl gamy my_amy ?u=ci-user %3Dci-user%26 'ci-user' \u003dci-user"
        );
    }

    #[test]
    fn every_spelling_is_replaced_in_its_own() {
        let mut rewriter = Rewriter::default();
        rewriter.add("a/b+c=", "d/e=", false);

        assert_eq!(
            rewriter.rewrite("a/b+c= a%2Fb%2Bc%3D a\\/b+c\\u003d"),
            "d/e= d%2Fe%3D a\\/b+c\\u003d"
        );
        assert_eq!(rewriter.rewrite("a/b+c\\u003d"), "d/e\\u003d");
    }
}
