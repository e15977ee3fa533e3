use std::fmt;

use crate::digest::short_sha256;

/// The name of a profile, which is also the name of its file
///
/// A name of 1 to 64 of the characters `A-Z a-z 0-9 . _ @ -` stays as it is. Any other text, such as the name of a
/// kubeconfig's context, is encoded: what does not fit becomes `_`, and a hash keeps two such names apart.
///
/// ```
/// use doorward::profile::ProfileName;
///
/// assert_eq!(ProfileName::of("prod@eu-1").as_str(), "prod@eu-1");
/// assert_eq!(ProfileName::of("prod/eu").as_str(), "prod_eu-7394b101994b");
/// ```
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ProfileName(String);

impl ProfileName {
    /// The name that stands for `text`
    pub fn of(text: &str) -> Self {
        if is_plain(text) {
            return Self(text.into());
        }
        let hash = short_sha256(text, 6);
        let kept = text.chars().map(|c| if is_fit(c) { c } else { '_' });
        let kept: String = kept.take(LONGEST - hash.len() - 1).collect();
        Self(format!("{kept}-{hash}"))
    }

    /// The name itself
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProfileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether `text` is a name as it stands
pub(crate) fn is_plain(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len()) && text.chars().all(is_fit)
}

fn is_fit(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._@-".contains(c)
}

const LONGEST: usize = 64;

#[cfg(test)]
mod tests {
    use super::{LONGEST, ProfileName, is_plain};

    #[test]
    fn a_plain_name_stays() {
        for name in ["a", "prod.eu_1@x-y", "..", &"x".repeat(LONGEST)] {
            assert_eq!(ProfileName::of(name).as_str(), name);
        }
    }

    #[test]
    fn any_other_text_becomes_a_name_that_stays() {
        let long = "x".repeat(LONGEST + 1);
        for text in ["", "a/b", "../x", "näme", "a b", "\0", long.as_str()] {
            let name = ProfileName::of(text);

            assert!(is_plain(name.as_str()), "{name}");
            assert_eq!(ProfileName::of(name.as_str()), name);
        }
    }

    #[test]
    fn two_texts_have_two_names() {
        let long = "x".repeat(LONGEST);
        let texts = [
            "a/b",
            "a b",
            "a_b",
            "",
            "_",
            &format!("{long}1"),
            &format!("{long}2"),
        ];
        let names: std::collections::BTreeSet<_> =
            texts.iter().map(|text| ProfileName::of(text)).collect();

        assert_eq!(names.len(), texts.len());
    }
}
