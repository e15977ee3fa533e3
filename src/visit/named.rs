//! The check that comes before a front door's own page signs in.

use crate::{Error, Page, Visit};

impl Visit<'_> {
    /// Whether `page` may have the credentials: the walk asks before an adapter is, and a front door's own page by itself
    pub(crate) fn check_named(&self, page: &Page) -> Result<(), Error> {
        match self.session.may_have_credentials(page.url()) {
            true => Ok(()),
            false => Err(self.session.unnamed(page, "asks for credentials")),
        }
    }
}
