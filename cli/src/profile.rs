//! The subcommand `profile`: the settings of logins, kept without any secret.

use std::io::Read;
use std::path::Path;

use doorward::profile::{ProfileName, Profiles};
use doorward::store::Kept;
use doorward::{Error, Profile, Url, one_line};
use serde_json::{Value, json};

use crate::args::{
    AddProfile, Folders, FormatName, ImportProfile, ListProfiles, NamedProfile, ProfileAction,
    ShowProfile,
};
use crate::door::{Door, When};
use crate::environment::Environment;
use crate::report::Report;
use crate::{input, logout, product, settings};

/// Does what the action says
pub(crate) fn run(
    action: &ProfileAction,
    environment: &Environment,
    report: &Report,
) -> Result<(), Error> {
    match action {
        ProfileAction::Add(options) => add(options, environment, report),
        ProfileAction::Export(options) => export(options, environment),
        ProfileAction::Import(options) => import(options, environment, report),
        ProfileAction::List(options) => list(options, environment),
        ProfileAction::Remove(options) => remove(options, environment, report),
        ProfileAction::Show(options) => show(options, environment, report),
    }
}

fn add(options: &AddProfile, environment: &Environment, report: &Report) -> Result<(), Error> {
    let mut profile = settings::profile_for_later(&options.settings, report)?;
    profile.server.clone_from(&options.server);
    keep(
        &options.name,
        &profile,
        &options.folders,
        environment,
        report,
    )
}

fn import(
    options: &ImportProfile,
    environment: &Environment,
    report: &Report,
) -> Result<(), Error> {
    let profile = Profile::parse(&read(&options.file)?)?;
    keep(
        &options.name,
        &profile,
        &options.folders,
        environment,
        report,
    )
}

/// Writes a profile whose settings are sound, and prints its name as it is now
fn keep(
    name: &str,
    profile: &Profile,
    folders: &Folders,
    environment: &Environment,
    report: &Report,
) -> Result<(), Error> {
    Door::new(profile, When::Later, environment, report)?;
    profile
        .server
        .iter()
        .try_for_each(|server| check_server(server))?;
    let name = ProfileName::of(name);
    folders.profiles(environment)?.write(&name, profile)?;
    product::print(name.as_str().as_bytes())
}

/// A cluster's URL is shown and compared, so that it must be one, and hold no password
fn check_server(server: &str) -> Result<(), Error> {
    let url = Url::parse(server).ok();
    let url = url.filter(|url| ["https", "http"].contains(&url.scheme()));
    match url.is_some_and(|url| url.username().is_empty() && url.password().is_none()) {
        true => Ok(()),
        false => Err(Error::config("a cluster's URL must be https or http, without user name")
            .hint("--server is what the kubeconfig has as server, such as https://k8s.example.com:6443")),
    }
}

fn export(options: &NamedProfile, environment: &Environment) -> Result<(), Error> {
    let profile = options
        .folders
        .profiles(environment)?
        .expect(&ProfileName::of(&options.name))?;
    product::print(profile.to_json().as_bytes())
}

fn list(options: &ListProfiles, environment: &Environment) -> Result<(), Error> {
    let profiles = options.folders.profiles(environment)?;
    let mut lines = Vec::new();
    for name in profiles.names()? {
        // One that cannot be read is no reason to hide the others.
        let profile = profiles.read(&name);
        let place = |of: fn(&Profile) -> Option<&String>| {
            let profile = profile.as_ref().ok().and_then(Option::as_ref);
            profile.and_then(of).map(|text| one_line(text))
        };
        let portal = place(|profile| profile.portal.as_ref().or(profile.issuer.as_ref()));
        let user = place(|profile| profile.username.as_ref().or(profile.user_entry.as_ref()));
        let error = profile.as_ref().err().map(ToString::to_string);
        lines.push((name, portal, user, error));
    }
    let text = match options.format.format {
        FormatName::Json => {
            let list = lines.iter().map(|(name, portal, user, error)| {
                json!({"name": name.as_str(), "portal": portal, "username": user, "error": error})
            });
            Value::from_iter(list).to_string()
        }
        FormatName::Text => {
            let width = lines.iter().map(|(name, ..)| name.as_str().len()).max();
            let line = |(name, portal, user, error): &(ProfileName, _, _, Option<String>)| {
                let rest = [portal, user, error].into_iter().flatten();
                let rest: Vec<&str> = rest.map(String::as_str).collect();
                format!(
                    "{:width$}  {}",
                    name.as_str(),
                    rest.join("  "),
                    width = width.unwrap_or_default()
                )
            };
            lines.iter().map(line).collect::<Vec<_>>().join("\n")
        }
    };
    match text.is_empty() {
        true => Ok(()),
        false => product::print(text.as_bytes()),
    }
}

fn show(options: &ShowProfile, environment: &Environment, report: &Report) -> Result<(), Error> {
    let name = ProfileName::of(&options.name);
    let profile = options.folders.profiles(environment)?.expect(&name)?;
    let tokens = options.folders.tokens(environment, report)?;
    let kept = tokens.kept(&profile.cache_key())?;
    let settings = serde_json::to_value(&profile).unwrap_or_default();
    let text = match options.format.format {
        FormatName::Json => json!({
            "name": name.as_str(),
            "settings": settings,
            "kept": kept.as_ref().map(kept_json),
        })
        .to_string(),
        FormatName::Text => {
            let mut lines = vec![("name", name.to_string())];
            for (key, value) in settings.as_object().into_iter().flatten() {
                lines.push((key, one_line(&plain(value))));
            }
            lines.extend(kept_lines(kept.as_ref()));
            let lines = lines.iter().map(|(key, value)| format!("{key:16} {value}"));
            lines.collect::<Vec<_>>().join("\n")
        }
    };
    product::print(text.as_bytes())
}

fn remove(options: &NamedProfile, environment: &Environment, report: &Report) -> Result<(), Error> {
    let name = ProfileName::of(&options.name);
    let profiles = options.folders.profiles(environment)?;
    let profile = match profiles.read(&name) {
        Ok(Some(profile)) => profile,
        Ok(None) => profiles.expect(&name)?,
        // Which tokens it had cannot be known.
        Err(error) => {
            profiles.remove(&name)?;
            report.warn(&format!(
                "the profile {name} is removed; its tokens, if any, stay: {error}"
            ));
            return Ok(());
        }
    };
    let is_shared = is_shared(&profiles, &name, &profile)?;
    if !is_shared {
        let tokens = options.folders.tokens(environment, report)?;
        logout::forget(&name, &profile, tokens, environment, report)?;
    }
    profiles.remove(&name)?;
    report.note(&match is_shared {
        true => format!(
            "the profile {name} is removed; its tokens stay, since another profile uses them"
        ),
        false => format!("the profile {name} is removed"),
    });
    Ok(())
}

/// Whether another profile has the same tokens
pub(crate) fn is_shared(
    profiles: &Profiles,
    name: &ProfileName,
    profile: &Profile,
) -> Result<bool, Error> {
    let others = profiles.names()?.into_iter().filter(|other| other != name);
    let mut others = others.filter_map(|other| profiles.read(&other).ok().flatten());
    Ok(others.any(|other| other.cache_key() == profile.cache_key()))
}

fn read(path: &Path) -> Result<String, Error> {
    let unreadable = |error| {
        Error::config("the profile cannot be read")
            .at("file", path.to_string_lossy())
            .because(error)
    };
    let mut text = String::new();
    let opened = input::open(path);
    let read = opened.and_then(|input| input.take(MAX_BYTES).read_to_string(&mut text));
    read.map_err(unreadable)?;
    Ok(text)
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(plain).collect::<Vec<_>>().join(" "),
        Value::Object(map) => {
            let pairs = map
                .iter()
                .map(|(key, value)| format!("{key} {}", plain(value)));
            pairs.collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    }
}

fn kept_lines(kept: Option<&Kept>) -> Vec<(&'static str, String)> {
    let Some(kept) = kept else {
        return vec![("token", "none is kept".into())];
    };
    let token = match kept.expires {
        Some(expires) => format!("of {}, ends {expires}", one_line(&kept.user)),
        None => "none is kept".into(),
    };
    let mut lines = vec![("token", token)];
    let refresh = match (kept.has_refresh_token, &kept.ended) {
        (true, _) => "a refresh token is kept".into(),
        (false, Some(ended)) => one_line(ended),
        (false, None) => "there is none".into(),
    };
    lines.push(("refresh", refresh));
    if kept.has_device {
        lines.push(("known device", "one is kept".into()));
    }
    if let Some((kind, message)) = &kept.failure {
        lines.push(("last failure", format!("{kind}: {}", one_line(message))));
    }
    if let Some(until) = kept.held_until {
        lines.push(("not before", until.to_string()));
    }
    lines
}

fn kept_json(kept: &Kept) -> Value {
    json!({
        "user": kept.user,
        "expires": kept.expires.map(|time| time.to_string()),
        "has_refresh_token": kept.has_refresh_token,
        "has_device": kept.has_device,
        "ended": kept.ended,
        "failure": kept.failure.as_ref().map(|(kind, message)| json!({"kind": kind, "message": message})),
        "held_until": kept.held_until.map(|time| time.to_string()),
    })
}

const MAX_BYTES: u64 = 256 << 10;
