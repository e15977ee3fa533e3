//! The one address that is spoken to without TLS: a cloud's metadata server, which only its machines reach.

use std::sync::Arc;

use tokio::time::Instant;
use url::Url;

use super::{Grade, Limits, Network, transport};
use crate::request::Wire;
use crate::{Error, Page, Proxy, Request};

/// Asks the metadata server for `path`, by its fixed name, and never through a proxy
///
/// It carries no secret, and a redirect is not followed. The server is no origin that a login could lead to: nobody but the
/// caller of this function gets there.
///
/// # Errors
///
/// `Transport`: there is no such server here. A status is no error.
///
/// Source: <https://cloud.google.com/compute/docs/metadata/querying-metadata>
pub(crate) async fn metadata(
    network: &Network,
    path: &str,
    query: &[(&str, &str)],
    limits: Limits,
) -> Result<Page, Error> {
    let mut url = Url::parse(SERVER)
        .map_err(|error| Error::config("the metadata server has no URL").because(error))?;
    url.set_path(path);
    url.query_pairs_mut().extend_pairs(query);
    let request = Request::get(&url).header(FLAVOR, GOOGLE);
    let wire: Wire = request.encode()?;
    let http = network.clone().proxy(Proxy::parse("none")?).http()?;
    let deadline = Instant::now() + limits.deadline;
    let answer = transport::exchange(&http, &wire, Grade::Plain, limits, deadline).await?;
    let page = Page::new(
        Arc::new(request),
        answer.status,
        url,
        answer.headers,
        answer.body,
    )?;
    // Any server may have that name in a private network.
    match page.header(FLAVOR) == Some(GOOGLE) {
        true => Ok(page),
        false => Err(
            Error::unexpected_page("what answered is not the metadata server")
                .at("host", page.host())
                .at("status", page.status().to_string()),
        ),
    }
}

const SERVER: &str = "http://metadata.google.internal/";

const FLAVOR: &str = "metadata-flavor";

const GOOGLE: &str = "Google";
