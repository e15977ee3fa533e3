//! The subcommand `adapters`, and the names that `--idp` takes.

use clap::builder::PossibleValuesParser;
use doorward::Error;
use doorward_providers::all;

use crate::product;

/// Prints one line for each adapter of this build
pub(crate) fn run() -> Result<(), Error> {
    let names: Vec<&str> = all().iter().map(|adapter| adapter.name()).collect();
    let width = names
        .iter()
        .map(|name| name.len())
        .max()
        .unwrap_or_default();
    let lines = names
        .iter()
        .map(|name| format!("{name:width$}  {}", purpose(name)));
    product::print(lines.collect::<Vec<_>>().join("\n").as_bytes())
}

/// What `--idp` takes
pub(crate) fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(all().iter().map(|adapter| adapter.name()))
}

/// What an adapter signs in at, in one line
fn purpose(name: &str) -> &'static str {
    match name {
        "dex" => {
            "Dex: a password of its own or of a directory, the choice of a connector, approval"
        }
        "form" => "any login form of an origin that was named, if no other adapter knows it",
        "keycloak" => {
            "Keycloak realms: password, one-time codes, passkeys, other providers behind them"
        }
        "lemonldap" => "LemonLDAP::NG: password and one-time codes",
        "okta" => "Okta organisations, Classic or Identity Engine: password and second factors",
        "openunison" => "OpenUnison's own login form, as the portal's or a provider's",
        "simplesamlphp" => "SimpleSAMLphp: password, consent and one-time codes",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use doorward_providers::all;

    use super::purpose;

    #[test]
    fn every_adapter_says_what_it_is_for() {
        for adapter in all() {
            assert_ne!(purpose(adapter.name()), "", "{}", adapter.name());
        }
    }
}
