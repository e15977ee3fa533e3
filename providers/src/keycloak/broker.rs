//! Links to other providers: the caller chooses one by its label or alias, and the walk goes on from there.

use doorward::{Error, Page, Url, Visit};

use crate::keycloak::screen::{below_realm, is_same_server};

/// A link to another provider
pub(super) struct Broker<'a> {
    label: &'a str,
    alias: String,
    url: &'a Url,
}

/// The links to other providers, in the order of the page
pub(super) fn links(page: &Page) -> Vec<Broker<'_>> {
    let own = page
        .links()
        .iter()
        .filter(|link| is_same_server(&link.url, page));
    let brokers = own.filter_map(|link| {
        let inside = below_realm(link.url.path())?;
        let alias = inside.strip_prefix("broker/")?.strip_suffix("/login")?;
        let is_one = !alias.is_empty() && !alias.contains('/');
        is_one.then(|| Broker {
            label: &link.text,
            alias: alias.to_owned(),
            url: &link.url,
        })
    });
    brokers.collect()
}

/// The link to follow, if one is: a form of the realm's own goes before one that nobody chose
///
/// # Errors
///
/// [`Config`](doorward::ErrorKind::Config): it takes a choice.
pub(super) fn choose(page: &Page, is_alone: bool, visit: &Visit<'_>) -> Result<Option<Url>, Error> {
    let brokers = links(page);
    let is_named = |name: &str| visit.choose(&[name]).is_ok();
    let named: Vec<&Broker<'_>> = brokers
        .iter()
        .filter(|broker| is_named(broker.label) || is_named(&broker.alias))
        .collect();
    match (named.as_slice(), brokers.as_slice()) {
        ([broker], _) => Ok(Some(broker.url.clone())),
        ([], [only]) if is_alone => Ok(Some(only.url.clone())),
        ([], _) if !is_alone => Ok(None),
        _ => {
            let names = brokers.iter().map(|broker| match broker.label {
                "" => broker.alias.as_str(),
                label => label,
            });
            let names: Vec<&str> = names.collect();
            let chosen = visit.choose(&names)?;
            Ok(brokers.get(chosen).map(|broker| broker.url.clone()))
        }
    }
}
