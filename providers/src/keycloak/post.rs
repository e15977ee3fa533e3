//! How a form is sent, and how a refusal is told from a login that began anew.

use doorward::{Error, Form, Page, Visit};

use crate::keycloak::screen::{leaves_the_server, next_form};

/// What came of a form
pub(super) struct Answer {
    pub(super) page: Page,
    /// Keycloak began anew, and did not look at what was sent
    pub(super) is_restart: bool,
}

impl Answer {
    /// The page to go on from, after what it shows was said to the visit
    ///
    /// # Errors
    ///
    /// [`UnexpectedPage`](doorward::ErrorKind::UnexpectedPage): the login began anew for the second time.
    pub(super) fn go_on(self, visit: &mut Visit<'_>) -> Result<Page, Error> {
        if self.is_restart {
            visit.restarted()?;
        } else if leaves_the_server(&self.page) {
            visit.accepted();
        }
        Ok(self.page)
    }
}

/// Posts `form`, and follows Keycloak to the form that comes next, so that a refusal is seen behind a redirect, too
///
/// A refusal is the direct answer to a post. What was sent in vain is answered by a redirect without `session_code`, to a form
/// whose user name is empty: seen in 15, 17 and 26, with `execution` where the action had expired, and without it where the login
/// had timed out or its cookie was lost.
pub(super) async fn post(form: Form, visit: &mut Visit<'_>) -> Result<Answer, Error> {
    let mut page = visit.submit(form).await?;
    let mut is_anew = next_form(&page).is_some();
    for _ in 0..MOST_REDIRECTS {
        let Some(next) = next_form(&page) else {
            break;
        };
        is_anew &= next.query_pairs().all(|(name, _)| name != "session_code");
        page = visit.get(&next).await?;
    }
    let is_empty = |form: &Form| form.value("username").is_none_or(str::is_empty);
    let is_restart = is_anew && page.form_with("username").is_some_and(is_empty);
    Ok(Answer { page, is_restart })
}

/// More than any version makes between two forms
const MOST_REDIRECTS: usize = 3;
