//! A kubeconfig that a portal made, as foreign data: what may be in it, and what of it is the login's.

use jiff::Timestamp;
use serde_json::{Map, Value};
use url::Url;

use crate::front_door::{Grant, Refresh};
use crate::kubeconfig::{Section, Target};
use crate::portal::Portal;
use crate::session::{Origin, name_it, skew};
use crate::token::Claims;
use crate::{Error, Kubeconfig, Page, Secret, Trail, redact};

/// The kubeconfig in the text of a download
///
/// # Errors
///
/// `Portal` with the place of the first thing that no kubeconfig has.
pub(super) fn read(page: &Page, text: &[u8]) -> Result<Kubeconfig, Error> {
    Kubeconfig::parse_bytes(text).map_err(|error| {
        Error::portal("what the portal gives for a kubeconfig is none")
            .at("path", page.path())
            .because(error)
    })
}

/// What the kubeconfig of `page` grants: the token of its current user, and how to get the next
///
/// # Errors
///
/// `UnsafeCommand` for what the caller does not allow, `UntrustedOrigin` for an issuer that nobody named, and `Portal` where the
/// current user has no token.
pub(super) fn grant(portal: &Portal, page: &Page, kubeconfig: Kubeconfig) -> Result<Grant, Error> {
    portal.allow.check(&kubeconfig).map_err(|refused| {
        let error = Error::from(refused);
        match current_user(&kubeconfig).and_then(own_login) {
            Some(hint) => error.hint(hint),
            None => error,
        }
    })?;
    check_issuers(portal, &kubeconfig)?;
    granted(page, kubeconfig)
}

/// The same for a kubeconfig that is none of the portal's
pub(super) fn granted(page: &Page, kubeconfig: Kubeconfig) -> Result<Grant, Error> {
    let user = current_user(&kubeconfig);
    let id_token = user.and_then(token).ok_or_else(|| no_token(user))?;
    let claims = Claims::of(&id_token).unwrap_or_default();
    let name = claims.subject.unwrap_or_else(|| "unknown".into());
    Ok(Grant {
        id_token,
        expires: claims.expires,
        refresh: refresh(&kubeconfig),
        subject: redact::one_line(&name),
        idp: None,
        kubeconfig,
        trail: Trail::default(),
        skew: skew(page.date(), Timestamp::now()),
    })
}

/// Every issuer may have the refresh token: it gets it for as long as the kubeconfig is used
pub(super) fn check_issuers(portal: &Portal, kubeconfig: &Kubeconfig) -> Result<(), Error> {
    let names = kubeconfig.names(Section::Users);
    let users = names.filter_map(|name| kubeconfig.oidc_user(name));
    for user in users.filter(|user| !user.issuer.is_empty() || user.refresh_token.is_some()) {
        check_issuer(portal, &user.issuer)?;
    }
    Ok(())
}

fn check_issuer(portal: &Portal, issuer: &str) -> Result<(), Error> {
    let own =
        Origin::of(&portal.url).ok_or_else(|| Error::config("the portal's URL must be https"))?;
    let origin = Url::parse(issuer).ok().as_ref().and_then(Origin::of);
    match origin {
        Some(origin) if portal.walk.permits(&own, &origin) => Ok(()),
        Some(origin) => Err(Error::untrusted_origin(format!(
            "{origin} would get the refresh token as issuer"
        ))
        .hint(name_it("--via", &origin))),
        None => Err(
            Error::unsafe_command("the issuer in the portal's answer is no https URL")
                .at("issuer", redact::url(issuer)),
        ),
    }
}

/// How the current user's token is refreshed, where it can be
pub(super) fn refresh(kubeconfig: &Kubeconfig) -> Option<Refresh> {
    let context = kubeconfig.entry(Section::Contexts, kubeconfig.current_context()?)?;
    let user = kubeconfig.oidc_user(context.get("user")?.as_str()?)?;
    Refresh::of(user)
}

/// The kubeconfig of the cluster that the caller named, with the credentials of the current user of the portal's
pub(super) fn at_target(kubeconfig: &Kubeconfig, target: &Target, subject: &str) -> Kubeconfig {
    let mut there = target.kubeconfig(subject);
    let name = there.current_route().map(|route| route.user.to_owned());
    if let (Ok(name), Some(user)) = (name, current_user(kubeconfig)) {
        there.entry_mut(Section::Users, &name).clone_from(user);
    }
    there
}

fn current_user(kubeconfig: &Kubeconfig) -> Option<&Map<String, Value>> {
    let route = kubeconfig.current_route().ok()?;
    kubeconfig.entry(Section::Users, route.user)
}

/// The token that stands in a user entry
fn token(user: &Map<String, Value>) -> Option<Secret> {
    let oidc = || user.get("auth-provider")?.pointer("/config/id-token");
    let token = user.get("token").or_else(oidc)?.as_str()?;
    (!token.is_empty()).then(|| Secret::new(token))
}

fn no_token(user: Option<&Map<String, Value>>) -> Error {
    let has = |field: &str| user.is_some_and(|user| user.contains_key(field));
    let instead = [
        ("exec", "a program to run"),
        ("client-certificate-data", "a client certificate"),
        ("client-certificate", "a client certificate"),
        ("tokenFile", "a file with a token"),
        ("password", "a password"),
        ("auth-provider", "a provider without a token"),
    ];
    let found = instead.iter().find(|(field, _)| has(field));
    let error = Error::portal("the user of the portal's kubeconfig has no token")
        .at("has", found.map_or("nothing", |(_, what)| what));
    match user.and_then(own_login) {
        Some(hint) => error.hint(hint),
        None => error.hint("doorward keeps tokens alone; such a kubeconfig is used as it is"),
    }
}

/// What does the same as a program of the current user that logs in by itself, if it is one of those
fn own_login(user: &Map<String, Value>) -> Option<String> {
    let arguments = user.get("exec")?.get("args")?.as_array()?;
    let arguments: Vec<&str> = arguments.iter().filter_map(Value::as_str).collect();
    let value = |names: [&str; 2]| {
        let mut places = arguments.iter().enumerate();
        places.find_map(|(at, argument)| {
            let (name, value) = match argument.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (*argument, arguments.get(at + 1).copied()),
            };
            value.filter(|value| names.contains(&name) && is_plain(value))
        })
    };
    let issuer = value(["--oidc-issuer-url", "--issuer"])?;
    Some(match value(["--oidc-client-id", "--client-id"]) {
        Some(client) => format!(
            "that program logs in by itself: doorward login --issuer {issuer} --client-id {client} does so without it"
        ),
        None => {
            format!("that program logs in by itself at {issuer}: name this in place of the portal")
        }
    })
}

/// Whether a foreign word may stand in a command that a person is told to use
fn is_plain(word: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._:/-".contains(c);
    (1..=SHOWN).contains(&word.len()) && !word.starts_with('-') && word.chars().all(plain)
}

const SHOWN: usize = 200;

#[cfg(test)]
mod tests {
    use super::{at_target, grant, read};
    use crate::kubeconfig::{Section, Target};
    use crate::{Allow, Error, ErrorKind, Kubeconfig, Page, Portal, Walk};

    /// A kubeconfig with this cluster and this user
    fn document(cluster: &str, user: &str) -> String {
        format!(
            "current-context: a\ncontexts: [{{name: a, context: {{cluster: a, user: a}}}}]\n\
             clusters: [{{name: a, cluster: {cluster}}}]\nusers:\n- {{name: a, user: {user}}}\n"
        )
    }

    fn outcome(text: &str, allow: Allow) -> Result<super::Grant, Error> {
        let page = Page::response("https://portal.test/kubeconf", 200, &[], text)?;
        let portal = Portal::new("portal.test", Walk::new())?.allow(allow);
        grant(&portal, &page, read(&page, page.body())?)
    }

    #[test]
    fn hostile_documents_are_refused_as_such_commands_are() {
        let cluster = |text: &str| document(text, TOKEN);
        let user = |text: &str| document(CLUSTER, text);
        let provider = |text: &str| user(&format!("{{auth-provider: {text}}}"));
        for (what, text) in [
            ("http", cluster("{server: 'http://api.test'}")),
            (
                "no TLS",
                cluster("{server: 'https://api.test', insecure-skip-tls-verify: true}"),
            ),
            (
                "a word for no TLS",
                cluster("{server: 'https://api.test', insecure-skip-tls-verify: yes}"),
            ),
            (
                "a file",
                cluster("{server: 'https://api.test', certificate-authority: /etc/passwd}"),
            ),
            (
                "a file beside",
                cluster("{server: 'https://api.test', certificate-authority: ../ca.crt}"),
            ),
            (
                "a user name",
                cluster("{server: 'https://ci:canary@api.test'}"),
            ),
            ("a percent sign", cluster("{server: 'https://api%2etest'}")),
            (
                "a backslash",
                cluster("{server: 'https://api.test\\@evil.test'}"),
            ),
            (
                "a proxy of another kind",
                cluster("{server: 'https://api.test', proxy-url: 'file:///x'}"),
            ),
            ("an object for a server", cluster("{server: {a: b}}")),
            ("exec", user("{exec: {command: curl, args: [canary]}}")),
            (
                "exec beside a token",
                user("{token: canary, exec: {command: sh}}"),
            ),
            ("a list for exec", user("{token: canary, exec: [sh]}")),
            ("a token file", user("{tokenFile: /var/run/secrets/token}")),
            (
                "a token file beside a token",
                user("{token: canary, tokenFile: /var/run/secrets/token}"),
            ),
            (
                "a certificate's file",
                user("{token: canary, client-certificate: /c, client-key: /k}"),
            ),
            (
                "a provider that runs a program",
                provider("{name: gcp, config: {cmd-path: /bin/sh, cmd-args: canary}}"),
            ),
            (
                "a program of oidc",
                provider(
                    "{name: oidc, config: {idp-issuer-url: 'https://portal.test', cmd-path: /bin/sh}}",
                ),
            ),
            (
                "a provider's file",
                provider(
                    "{name: oidc, config: {idp-issuer-url: 'https://portal.test', idp-certificate-authority: /c}}",
                ),
            ),
            (
                "an issuer without TLS",
                provider(
                    "{name: oidc, config: {idp-issuer-url: 'http://portal.test', id-token: canary}}",
                ),
            ),
            (
                "an issuer that is none",
                provider("{name: oidc, config: {idp-issuer-url: '', id-token: canary}}"),
            ),
            ("hidden letters", user("{token: \"can\u{202e}ary\"}")),
            (
                "another user's program",
                document(CLUSTER, TOKEN) + "- {name: b, user: {exec: {command: sh}}}\n",
            ),
            (
                "no context",
                document(CLUSTER, TOKEN).replace("current-context: a", "current-context: b"),
            ),
            (
                "no user",
                document(CLUSTER, TOKEN).replace("user: a}", "user: b}"),
            ),
            ("nothing", String::new()),
        ] {
            let error = outcome(&text, Allow::nothing()).unwrap_err();

            assert_eq!(error.kind(), ErrorKind::UnsafeCommand, "{what}: {error}");
            let source = std::error::Error::source(&error).map(ToString::to_string);
            let shown = format!("{error} {error:?} {source:?} {:?}", error.next_step());
            assert!(!shown.contains("canary"), "{what}: {shown}");
        }
    }

    #[test]
    fn documents_that_are_none_are_told_apart_from_those_that_are_refused() {
        for text in [
            "- a",
            "users: x",
            "kind: Secret",
            "a: *b",
            "a: !x y",
            "{",
            "a: 1\na: 2",
            "a: [1]\n---\nb: 1",
        ] {
            let error = outcome(text, Allow::nothing()).unwrap_err();

            assert_eq!(error.kind(), ErrorKind::Portal, "{text}: {error}");
        }
        let deep = format!("a: {}", "[".repeat(100_000));
        assert_eq!(
            outcome(&deep, Allow::nothing()).unwrap_err().kind(),
            ErrorKind::Portal
        );
    }

    #[test]
    fn what_the_caller_allows_by_name_is_taken() {
        let text = document(
            "{server: 'http://api.test', certificate-authority: /ca}",
            TOKEN,
        ) + "- {name: b, user: {exec: {command: aws}}}\n- {name: c, user: {auth-provider: {name: azure}}}\n";
        let allow = Allow::nothing().http().local_path();
        assert!(outcome(&text, allow.clone()).is_err());
        assert!(outcome(&text, allow.clone().exec("aws")).is_err());

        let grant = outcome(&text, allow.exec("aws").auth_provider("azure")).unwrap();

        assert_eq!(grant.subject(), "ci");
        assert_eq!(grant.servers(), ["http://api.test"]);
    }

    #[test]
    fn a_user_without_a_token_has_nothing_to_keep() {
        for (user, has) in [
            (
                "{client-certificate-data: YQ==, client-key-data: YQ==}",
                "a client certificate",
            ),
            ("{username: ci, password: canary}", "a password"),
            (
                "{auth-provider: {name: oidc, config: {idp-issuer-url: 'https://portal.test'}}}",
                "a provider without a token",
            ),
            ("{token: ''}", "nothing"),
        ] {
            let error = outcome(&document(CLUSTER, user), Allow::nothing()).unwrap_err();

            assert_eq!(error.kind(), ErrorKind::Portal, "{user}: {error}");
            assert!(error.context().any(|pair| pair == ("has", has)), "{error}");
            assert!(!format!("{error:?}").contains("canary"));
        }
    }

    #[test]
    fn a_program_s_settings_are_told_only_where_they_look_like_some() {
        let hint = |args: &str| {
            let user = format!("{{exec: {{command: kubelogin, args: {args}}}}}");
            let error = outcome(&document(CLUSTER, &user), Allow::nothing()).unwrap_err();
            error.next_step().unwrap_or_default().to_owned()
        };

        let told =
            hint("[get-token, '--oidc-issuer-url=https://i.test/a', '--oidc-client-id=kube']");
        assert!(
            told.contains("--issuer https://i.test/a --client-id kube "),
            "{told}"
        );
        let told = hint("[login, oidc, '--issuer=https://i.test/a']");
        assert!(told.contains("at https://i.test/a:"), "{told}");
        for args in [
            "['--oidc-issuer-url=https://i.test/$(id)', '--oidc-client-id=kube']",
            "['--oidc-issuer-url', '--oidc-client-id']",
            "['--oidc-issuer-url=']",
            "['--oidc-issuer-url']",
            "[]",
        ] {
            assert!(hint(args).contains("--allow-exec"), "{args}");
        }
    }

    #[test]
    fn the_caller_s_cluster_gets_the_credentials_and_nothing_else() {
        let portals = Kubeconfig::parse(&document(CLUSTER, "{token: t, as: admin}")).unwrap();
        let target = Target::new("https://other.test").unwrap().named("mine");

        let there = at_target(&portals, &target, "ci");

        assert_eq!(there.names(Section::Clusters).collect::<Vec<_>>(), ["mine"]);
        let user = there.entry(Section::Users, "ci@mine").unwrap();
        assert_eq!(user["token"], "t");
        assert!(at_target(&Kubeconfig::new(), &target, "ci").check().is_ok());
    }

    const CLUSTER: &str = "{server: 'https://api.test'}";

    /// Of `{"sub":"ci"}`
    const TOKEN: &str = "{token: e30.eyJzdWIiOiJjaSJ9.c2ln}";
}
