//! The subcommand `doctor`: what stands between this machine and a login, found out without any credentials.

mod clients;

mod command;

mod credentials;

mod finding;
use finding::Finding;

mod folders;

mod json;

mod reach;
use reach::Reach;

mod variables;

mod way;

use std::path::Path;

use doorward::diagnosis::{Diagnosis, End};
use doorward::{Error, Profile, Url};

use crate::args::{Doctor, DoctorFormat};
use crate::door::{Door, Way, When};
use crate::environment::Environment;
use crate::picture::Picture;
use crate::report::Report;
use crate::{diagnostics, exit_code, product, runtime, settings};

/// Prints what was found; the exit code is 0 if a login could work, or else that of the first thing that it would fail with
pub(crate) fn run(
    options: &Doctor,
    environment: &Environment,
    report: &Report,
) -> Result<i32, Error> {
    if report.is_debugging() {
        diagnostics::start(report);
    }
    let mut found = Vec::new();
    let mut diagnosis = None;
    let mut command = None;
    match profile(options, environment, report) {
        Err(error) => found.push(Finding::failed("settings", &error)),
        Ok(profile) => {
            match examine(&profile, environment, report) {
                Err(error) => found.push(Finding::failed("settings", &error)),
                Ok((findings, seen)) => {
                    found.extend(findings);
                    diagnosis = seen;
                }
            }
            found.extend(credentials::finding(&profile, environment));
            let flags = diagnosis.as_ref().map(way::flags).unwrap_or_default();
            command = command::of(&profile, &flags, options.kubeconfig.as_deref());
        }
    }
    found.extend(folders::findings(options, environment, report));
    found.extend(clients::findings(environment));
    found.push(variables::finding(environment));

    let first = found.iter().find_map(|finding| finding.kind);
    let code = first.map_or(0, |kind| i32::from(exit_code::of(kind)));
    if let Some(path) = &options.picture {
        draw(path, diagnosis.as_ref())?;
    }
    let text = match options.format {
        DoctorFormat::Json => {
            json::render(&found, diagnosis.as_ref(), command.as_deref(), code).to_string()
        }
        DoctorFormat::Text => text(&found, command.as_deref()),
    };
    product::print(text.as_bytes())?;
    Ok(code)
}

fn profile(options: &Doctor, environment: &Environment, report: &Report) -> Result<Profile, Error> {
    settings::profile_of_call(&options.settings, &options.store(), environment, report)
}

/// The checks of the network and of the walk
fn examine(
    profile: &Profile,
    environment: &Environment,
    report: &Report,
) -> Result<(Vec<Finding>, Option<Diagnosis>), Error> {
    // Nobody is there to be asked for anything.
    let door = Door::new(profile, When::Later, environment, report)?;
    report.begin(Way::of(profile).under_way(profile));
    let diagnosis = runtime::run(door.probe());
    report.done();
    let Some(diagnosis) = diagnosis? else {
        let place = profile.issuer.as_deref().and_then(origin);
        let reached: Vec<Reach> = place
            .iter()
            .filter_map(|origin| Reach::of(origin, profile, door.own_network()))
            .collect();
        let mut found = match reached.is_empty() {
            true => Vec::new(),
            false => reach::findings(&reached),
        };
        found.push(Finding::unknown(
            "walk",
            "this way in is not walked: its first request would be a login",
        ));
        return Ok((found, None));
    };
    let mut origins: Vec<String> = profile
        .portal
        .as_deref()
        .and_then(origin)
        .into_iter()
        .collect();
    for server in &diagnosis.servers {
        if !origins.contains(&server.origin) {
            origins.push(server.origin.clone());
        }
    }
    let reached = origins
        .iter()
        .filter_map(|origin| Reach::of(origin, profile, door.own_network()));
    let reached: Vec<Reach> = reached.collect();
    let mut found = reach::findings(&reached);
    found.extend(way::findings(&diagnosis));
    Ok((found, Some(diagnosis)))
}

fn origin(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    url.has_host().then(|| url.origin().ascii_serialization())
}

fn draw(path: &Path, diagnosis: Option<&Diagnosis>) -> Result<(), Error> {
    let mut picture = Picture::new("The walk to the login page");
    if let Some(diagnosis) = diagnosis {
        for step in &diagnosis.steps {
            picture.hop(&step.hop);
        }
        match &diagnosis.end {
            End::LoginPage(page) => match &page.adapter {
                _ if !page.is_named => {
                    picture.ends_in_vain("a login page, and nobody named its origin")
                }
                Ok(adapter) => {
                    picture.ends_well(&format!("login page: the adapter {adapter} would sign in"));
                }
                Err(error) => {
                    picture.ends_in_vain(&format!("{}: {}", error.kind(), error.message()))
                }
            },
            End::Failed { origin, error } => picture.fails_at(origin, error),
            _ => picture.ends_well("the portal's token document"),
        }
    }
    std::fs::write(path, picture.to_html()).map_err(|error| {
        Error::storage("the picture cannot be written")
            .at("file", path.to_string_lossy())
            .because(error)
    })
}

/// A line for each check, what a login would do with it, and the command to try
fn text(found: &[Finding], command: Option<&str>) -> String {
    let mut lines: Vec<String> = found.iter().map(Finding::to_text).collect();
    let first = found
        .iter()
        .find_map(|finding| Some((finding.check, finding.kind?)));
    lines.push(String::new());
    lines.push(match first {
        None => "A login could work. Try:".to_owned(),
        Some((check, kind)) => format!(
            "A login would fail at {check} ({kind}, exit code {}). When that is corrected, try:",
            exit_code::of(kind)
        ),
    });
    lines.push(match command {
        Some(command) => format!("  {command}"),
        None => "  (no command is proposed: this way in has none, or a word of it would not be shown as it is)".to_owned(),
    });
    lines.join("\n")
}
