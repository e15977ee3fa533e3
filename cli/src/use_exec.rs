//! The subcommand `kubeconfig use-exec`: a pasted OIDC user becomes one that calls doorward.

use std::path::{Path, PathBuf};

use doorward::kubeconfig::{KubeconfigFiles, MergeHow, OidcUser, Section};
use doorward::profile::ProfileName;
use doorward::{Error, Kubeconfig, Profile};

use crate::args::{UseExec, absolute};
use crate::door::{Door, When};
use crate::environment::Environment;
use crate::report::Report;
use crate::{product, runtime, settings};

/// Moves the user's tokens into the cache, keeps a profile, and changes the user entry
pub(crate) fn run(
    options: &UseExec,
    environment: &Environment,
    report: &Report,
) -> Result<(), Error> {
    if options.store.no_cache {
        return Err(
            Error::config("the tokens would be lost: they are moved into the cache").hint(
                "leave out --no-cache or DOORWARD_NO_CACHE; --cache-dir names another folder",
            ),
        );
    }
    let files = match &options.kubeconfig {
        Some(path) => KubeconfigFiles::at(path),
        None => KubeconfigFiles::from_environment(|name| environment.owned(name))?,
    };
    files.prepare()?;
    let profiles = options.store.folders.profiles(environment)?;
    let tokens = options.store.folders.tokens(environment, report)?;
    tokens.prepare()?;
    let settings = settings::profile_for_later(&options.settings, report)?;

    let how = MergeHow::default().keep_current_context(true);
    let mut done = None;
    let written = files.edit(how, |view| {
        let pasted = Pasted::find(view, options.context.as_deref())?;
        let profile = pasted.profile(settings.clone())?;
        let name = options.store.name();
        let name = name.unwrap_or_else(|| ProfileName::of(pasted.context));
        let entry = options.entry.exec_user(&name, &options.store)?;

        let door = Door::new(&profile, When::Later, environment, report)?;
        // The tokens are kept before they leave the file: a refresh token is not to be lost.
        profiles.write(&name, &profile)?;
        let source = door.into_source(Some(tokens.clone()), false, report);
        runtime::run(source.adopt(&pasted.oidc, profile.server.clone()))?;

        let mut changed = view.only(Section::Users, pasted.user).unwrap_or_default();
        changed.set_exec_user(pasted.user, &entry);
        done = Some((pasted.user.to_owned(), name));
        Ok(changed)
    })?;
    product::print(written.path().to_string_lossy().as_bytes())?;
    if let Some((user, name)) = done {
        report.note(&format!(
            "the user {user} now calls doorward with the profile {name}"
        ));
    }
    Ok(())
}

/// A user entry as a portal's command makes it
struct Pasted<'a> {
    context: &'a str,
    user: &'a str,
    oidc: OidcUser,
    servers: Vec<String>,
    /// `idp-certificate-authority`
    ca_file: Option<PathBuf>,
}

impl<'a> Pasted<'a> {
    fn find(view: &'a Kubeconfig, context: Option<&'a str>) -> Result<Self, Error> {
        let context = context.or_else(|| view.current_context()).ok_or_else(|| {
            Error::config("the kubeconfig has no current context").hint("--context names one")
        })?;
        let text = |section, name: &str, key: &str| view.entry(section, name)?.get(key)?.as_str();
        let Some(user) = text(Section::Contexts, context, "user") else {
            return Err(
                Error::config("the kubeconfig has no such context, or it has no user")
                    .at("context", context),
            );
        };
        let Some(oidc) = view.oidc_user(user) else {
            let called = view.exec_user(user);
            let profile = called.as_ref().and_then(|exec| exec.profile());
            let error = match profile {
                Some(profile) => {
                    Error::config("the user calls doorward already").at("profile", profile)
                }
                None => Error::config("the user has no auth-provider oidc that could be changed"),
            };
            return Err(error.at("user", user));
        };
        let users = view.names(Section::Contexts);
        let of_user = users.filter(|name| text(Section::Contexts, name, "user") == Some(user));
        let clusters = of_user.filter_map(|name| text(Section::Contexts, name, "cluster"));
        let servers = clusters.filter_map(|name| text(Section::Clusters, name, "server"));
        let mut servers: Vec<String> = servers.map(str::to_owned).collect();
        servers.sort();
        servers.dedup();
        let config = view.entry(Section::Users, user).and_then(|user| {
            let provider = user.get("auth-provider")?;
            provider.get("config")?.as_object()
        });
        let ca_file = config.and_then(|config| config.get("idp-certificate-authority")?.as_str());
        let ca_file = ca_file.filter(|path| !path.is_empty()).map(Path::new);
        Ok(Self {
            context,
            user,
            oidc,
            servers,
            ca_file: ca_file.map(absolute).transpose()?,
        })
    }

    /// The settings with what the entry says: issuer, clusters, and whom it believes
    fn profile(&self, mut settings: Profile) -> Result<Profile, Error> {
        let can_refresh = self.oidc.refresh_token.is_some();
        if !can_refresh && settings.portal.is_none() {
            return Err(Error::config(
                "the user has no refresh token, so that its token would end for good",
            )
            .at("user", self.user)
            .hint(
                "with --portal URL and the other options of a login, doorward can get a new one",
            ));
        }
        settings.issuer = Some(self.oidc.issuer.clone());
        settings.client_id = Some(self.oidc.client_id.clone());
        settings.user_entry = Some(self.user.to_owned());
        settings.server.clone_from(&self.servers);
        settings.ca_data.clone_from(&self.oidc.ca_data);
        settings.ca_file.extend(self.ca_file.clone());
        Ok(settings)
    }
}
