//! What the generic reading of a login form cannot know of one provider, as data.

use doorward::{Factor, Form};

/// How one provider's pages differ from what all of them have in common
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// The provider, as errors call it
    pub(crate) provider: &'static str,
    /// The field of the password where the page may show it as plain text
    pub(crate) open_password: Option<&'static str>,
    /// The hidden field that makes a form without other fields a question for consent
    pub(crate) consent: Option<&'static str>,
    /// What the form of a one-time code asks for
    pub(crate) factor: fn(&Form) -> Factor,
}

impl Rules {
    /// Nothing is known
    pub(crate) const GENERIC: Self = Self {
        provider: "the provider",
        open_password: None,
        consent: None,
        factor: |_| Factor::Totp(None),
    };
}
