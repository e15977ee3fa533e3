use std::fmt;

use async_trait::async_trait;

use crate::{Error, Page, Visit};

/// Knows one kind of identity provider, and signs in at its pages
///
/// What the walk does already, no adapter writes again: redirects, forms that submit themselves (SAML, OpenID Connect,
/// WS-Federation), meta refresh, cookies, time-outs, limits, and the check of where a secret may go. An adapter keeps no
/// state between calls, since one value serves many logins at once, prints nothing, asks nobody, and sends nothing but
/// through its [`Visit`].
///
/// ```
/// use async_trait::async_trait;
/// use doorward::{Error, IdpAdapter, Page, Recognition, Visit};
///
/// /// Signs in at Acme's provider
/// #[derive(Clone, Debug, Default)]
/// struct Acme {}
///
/// #[async_trait]
/// impl IdpAdapter for Acme {
///     fn name(&self) -> &'static str {
///         "acme"
///     }
///
///     fn recognizes(&self, page: &Page) -> Recognition {
///         match page.form_with("acme_password") {
///             Some(_) => Recognition::Certain("a form with acme_password"),
///             None => Recognition::No,
///         }
///     }
///
///     async fn sign_in(&self, page: Page, visit: &mut Visit<'_>) -> Result<Page, Error> {
///         let mut form = page.expect_form_with("acme_password")?;
///         form.set("acme_user", visit.username());
///         form.set_secret("acme_password", &visit.password().await?);
///         let answer = visit.submit(form).await?;
///         match answer.text_of(".acme-error") {
///             Some(_) => Err(Error::rejected("Acme refused the password").at("page", answer.path())),
///             None => Ok(answer),
///         }
///     }
/// }
///
/// let page = Page::html("https://id.acme.test/", "<form><input name=acme_password type=password></form>")?;
/// assert!(matches!(Acme::default().recognizes(&page), Recognition::Certain(_)));
/// # Ok::<(), Error>(())
/// ```
#[async_trait]
pub trait IdpAdapter: fmt::Debug + Send + Sync {
    /// A short, stable, lower-case name, as it stands after `--idp`
    fn name(&self) -> &'static str;

    /// Whether, and how surely, this adapter can take `page` further
    ///
    /// Asked of every page that the walk cannot take further itself: any page of the provider counts, not only the
    /// first. Pure: no I/O, no state.
    fn recognizes(&self, page: &Page) -> Recognition;

    /// Takes the login on from `page`, and gives back the first page that it does not answer
    ///
    /// The walk calls it again when a later page is its own.
    ///
    /// # Errors
    ///
    /// In this order of preference:
    /// 1. the provider refused the credentials: [`Error::rejected`], after exactly one attempt;
    /// 2. a person must act there (locked, expired, enrolment): [`Error::account_state`];
    /// 3. it asks for a factor that nobody configured: [`Error::unsupported`], naming the factors;
    /// 4. a page is not what it should be: [`Error::unexpected_page`], with its path;
    /// 5. what [`Visit`]'s methods return comes as it is, by `?`.
    async fn sign_in(&self, page: Page, visit: &mut Visit<'_>) -> Result<Page, Error>;

    /// What a page of status 400 or above means, where this provider's pages tell more than their status
    ///
    /// Asked before [`recognizes`](Self::recognizes), and only about pages of origins that may have the credentials. `None`, unless
    /// the page has a mark of the provider, and the login cannot go on from it. Pure, too.
    fn explains(&self, page: &Page) -> Option<Error> {
        let _ = page;
        None
    }
}

/// How surely an adapter knows a page, and by what
///
/// The strongest one wins; a tie is an error that shows both reasons. The text is a noun phrase of the adapter's own,
/// such as `"a realm's password form"`, never the page's text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Recognition {
    /// Not its page
    No,
    /// A form like those of many providers
    Possible(&'static str),
    /// Several marks of the provider, or one that others could have
    Likely(&'static str),
    /// A mark that no other provider has
    Certain(&'static str),
}

impl Recognition {
    pub(crate) fn rank(self) -> u8 {
        match self {
            Self::No => 0,
            Self::Possible(_) => 1,
            Self::Likely(_) => 2,
            Self::Certain(_) => 3,
        }
    }

    pub(crate) fn how_surely(self) -> &'static str {
        match self {
            Self::No => "not",
            Self::Possible(_) => "possible",
            Self::Likely(_) => "likely",
            Self::Certain(_) => "certain",
        }
    }

    pub(crate) fn why(self) -> &'static str {
        match self {
            Self::No => "not recognized",
            Self::Possible(why) | Self::Likely(why) | Self::Certain(why) => why,
        }
    }
}
