//! Why a text is no kubeconfig, without a word of the text.

use std::fmt;

use serde_saphyr::granit_parser::ErrorKind as Syntax;
use serde_saphyr::{Error as YamlError, ExternalMessageSource};

use crate::kubeconfig::Section;

/// Where and why a text is no kubeconfig
///
/// Quotes nothing of the text, which holds tokens and keys.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
pub struct ParseKubeconfigError {
    line: u64,
    column: u64,
    pub(super) problem: Problem,
}

impl ParseKubeconfigError {
    pub(super) fn new(line: u64, column: u64, problem: Problem) -> Self {
        Self {
            line,
            column,
            problem,
        }
    }

    pub(super) fn from_yaml(error: &YamlError, found: Option<Problem>) -> Self {
        let at = error.location();
        Self::new(
            at.map_or(1, |at| at.line().max(1)),
            at.map_or(1, |at| at.column().max(1)),
            found.unwrap_or_else(|| Problem::of(error)),
        )
    }

    /// The line, counted from 1
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The column, counted from 1
    pub fn column(&self) -> u64 {
        self.column
    }
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Problem {
    Aliases,
    DuplicateKey,
    DuplicateName(Section),
    Ends,
    KeyIsNoText,
    ManyDocuments,
    MergeKey,
    NotFinite,
    NotUtf8,
    OtherKind,
    Shape(&'static str),
    Syntax(String),
    Tag,
    TooLarge,
    Unreadable,
}

impl Problem {
    /// By the kind only: the messages of the YAML library may quote the text
    fn of(error: &YamlError) -> Self {
        match error.without_snippet() {
            YamlError::AliasError { error, .. } => Self::of(error),
            YamlError::AliasReplayCounterOverflow { .. }
            | YamlError::AliasReplayLimitExceeded { .. }
            | YamlError::AliasExpansionLimitExceeded { .. }
            | YamlError::AliasReplayStackDepthExceeded { .. }
            | YamlError::RecursiveReferencesRequireWeakTypes { .. }
            | YamlError::UnknownAnchor { .. } => Self::Aliases,
            YamlError::Budget { .. } => Self::TooLarge,
            YamlError::DuplicateMappingKey { .. } => Self::DuplicateKey,
            YamlError::Eof { .. } => Self::Ends,
            YamlError::ExternalMessage { source, .. } => match &**source {
                ExternalMessageSource::Parser(error) => Self::of_syntax(error.kind()),
                _ => Self::Unreadable,
            },
            YamlError::MergeKeyNotAllowed { .. }
            | YamlError::MergeValueNotMapOrSeqOfMaps { .. } => Self::MergeKey,
            YamlError::MultipleDocuments { .. } => Self::ManyDocuments,
            YamlError::NonFiniteFloat { .. } => Self::NotFinite,
            YamlError::BinaryNotUtf8 { .. }
            | YamlError::InvalidBinaryBase64 { .. }
            | YamlError::InvalidScalar { .. }
            | YamlError::TaggedScalarCannotDeserializeIntoString { .. }
            | YamlError::UnsupportedTag { .. } => Self::Tag,
            _ => Self::Unreadable,
        }
    }

    fn of_syntax(kind: &Syntax) -> Self {
        match kind {
            // These two would show what stands in the text.
            Syntax::Custom(_) | Syntax::UnexpectedCharacter { .. } => Self::Unreadable,
            Syntax::RecursionLimitExceeded => Self::TooLarge,
            Syntax::UnknownAnchor => Self::Aliases,
            kind => Self::Syntax(kind.to_string()),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aliases => "an alias leads nowhere, to itself, or to too much",
            Self::DuplicateKey => "a key stands twice in one mapping",
            Self::DuplicateName(section) => {
                return write!(f, "a name stands twice in `{}`", section.plural());
            }
            Self::Ends => "the text ends too early",
            Self::KeyIsNoText => "a key is not text; quote it",
            Self::ManyDocuments => "a second document begins",
            Self::MergeKey => "a merge key (`<<`) has no mapping to merge",
            Self::NotFinite => "a number is infinite or not a number",
            Self::NotUtf8 => "the text is not UTF-8",
            Self::OtherKind => "this is not a kubeconfig (kind `Config`, apiVersion `v1`)",
            Self::Shape(wanted) => wanted,
            Self::Syntax(what) => what,
            Self::Tag => "a YAML tag is unknown or does not fit its value",
            Self::TooLarge => "this is too large or too deep for a kubeconfig",
            Self::Unreadable => "this is not valid YAML",
        })
    }
}
