//! `login --report`: a login for whoever is to find out why it failed, in a folder with no secret in it.

use std::cell::RefCell;
use std::env::consts::{ARCH, OS};
use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use doorward::profile::SecretPlace;
use doorward::recording::Recorder;
use doorward::{Error, Profile, Secret, Trail, Url};
use serde_json::{Value, json};

use crate::args::SECRETS;
use crate::door::place;
use crate::environment::{Environment, variable};
use crate::failure::{Failure, hop_json};
use crate::network::PROXY_PASSWORD;
use crate::picture::Picture;
use crate::report::Report;

/// What is heard of a login for its bundle
pub(crate) struct Heard {
    recorder: Recorder,
    profile: RefCell<Option<Profile>>,
}

impl Heard {
    /// Notes the secrets of the environment, so that they are looked for, whatever comes of the login
    pub(crate) fn new(environment: &Environment) -> Self {
        let recorder = Recorder::new();
        let own = SECRETS.iter().map(|name| variable(name));
        for name in own.chain([PROXY_PASSWORD.to_owned()]) {
            know(&recorder, &name, environment.value(&name));
        }
        // A proxy of the environment may have its password in its URL.
        for name in PROXIES {
            let url = environment.value(name).and_then(OsStr::to_str);
            let url = url.and_then(|url| Url::parse(url).ok());
            let password = url.as_ref().and_then(Url::password);
            know(&recorder, name, password.map(OsStr::new));
        }
        Self {
            recorder,
            profile: RefCell::new(None),
        }
    }

    /// Who hears the login
    pub(crate) fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// Notes the settings, and the secrets that they lead to and that are at hand
    pub(crate) fn settings(&self, profile: &Profile, environment: &Environment) {
        for place in profile.secret_places() {
            match place {
                SecretPlace::Variable(name) => {
                    know(&self.recorder, name, environment.value(name));
                }
                SecretPlace::File(path) | SecretPlace::SharedFile(path) => {
                    let text = read(path);
                    know(&self.recorder, "secret file", Some(OsStr::new(text.trim())));
                }
                _ => {}
            }
        }
        let headers = profile.header_file.as_deref().map(read).unwrap_or_default();
        for (_, value) in headers.lines().filter_map(|line| line.split_once(':')) {
            know(&self.recorder, "header", Some(OsStr::new(value.trim())));
        }
        *self.profile.borrow_mut() = Some(profile.clone());
    }

    /// Writes the bundle; the outcome of the login stays what it was
    pub(crate) fn write(
        &self,
        folder: &Path,
        outcome: Result<Trail, Error>,
        report: &Report,
    ) -> Result<(), Error> {
        let profile = self.profile.borrow();
        let written = self
            .recorder
            .bundle(self.files(profile.as_ref(), &outcome))
            .and_then(|bundle| bundle.write(folder));
        match (written, outcome) {
            (Ok(()), outcome) => {
                report.note(&format!(
                    "how the login went is in {}; read it before you give it to anybody",
                    folder.display()
                ));
                outcome.map(drop)
            }
            (Err(error), Ok(_)) => Err(error),
            (Err(refused), Err(error)) => {
                report.warn(&format!("there is no report: {refused}"));
                Err(error)
            }
        }
    }

    fn files(
        &self,
        profile: Option<&Profile>,
        outcome: &Result<Trail, Error>,
    ) -> [(&'static str, String); 3] {
        let trail = match outcome {
            Ok(trail) => trail,
            Err(error) => error.trail(),
        };
        let portal = profile.and_then(place);
        let error = outcome.as_ref().err();
        let failure = error.map(|error| Failure::new(error, portal.as_deref()));

        let structures = self.recorder.structures();
        let mut structures = structures.iter();
        let hops: Vec<(Value, String)> = trail
            .hops()
            .iter()
            .map(|hop| {
                let made_of = structures.next().map_or("", String::as_str);
                let mut value = hop_json(hop);
                value["structure"] = json!(made_of);
                let line = match made_of {
                    "" | "no form" => format!("{hop:#}"),
                    made_of => format!("{hop:#}\n     {made_of}"),
                };
                (value, line)
            })
            .collect();
        let settings = profile.map(shown);
        let facts = json!({
            "doorward": env!("CARGO_PKG_VERSION"),
            "platform": format!("{OS} {ARCH}"),
            "portal": portal,
            "outcome": error.map_or("token", |error| error.kind().as_str()),
            "error": failure.as_ref().map(Failure::to_json),
            "walk": hops.iter().map(|(value, _)| value).collect::<Vec<_>>(),
            "settings": settings,
        });

        let told = match &failure {
            Some(failure) => failure.to_text(false),
            None => "the login ended with a token".to_owned(),
        };
        let lines: Vec<&str> = hops.iter().map(|(_, line)| line.as_str()).collect();
        let shown = format!("{:#}", settings.unwrap_or_default());
        let text = format!(
            "doorward {} on {OS} {ARCH}\n\n{told}\n\nThe way:\n{}\n\nSettings:\n{shown}\n",
            env!("CARGO_PKG_VERSION"),
            lines.join("\n"),
        );

        let mut picture = Picture::new("The walk of a login");
        trail.hops().iter().for_each(|hop| picture.hop(hop));
        match error {
            Some(error) => picture.fails(error),
            None => picture.ends_well("the login ended with a token"),
        }
        [
            ("report.txt", text),
            ("report.json", format!("{facts:#}\n")),
            ("walk.html", picture.to_html()),
        ]
    }
}

/// Settings without names of people, and without the words of commands, which may hold a secret
fn shown(profile: &Profile) -> Value {
    let mut profile = profile.clone();
    if profile.username.is_some() {
        profile.username = Some(SET.to_owned());
    }
    for user in profile.credentials_users.values_mut() {
        *user = SET.to_owned();
    }
    for place in [
        &mut profile.password,
        &mut profile.totp_seed,
        &mut profile.security_answer,
        &mut profile.passkey,
        &mut profile.device,
        &mut profile.client_secret,
        &mut profile.subject_token,
        &mut profile.jwt_key_passphrase,
    ] {
        if let Some(SecretPlace::Command(line)) = place {
            *line = program_of(line);
        }
    }
    if let Some(line) = &mut profile.code_command {
        *line = program_of(line);
    }
    profile.ca_data = profile.ca_data.map(|_| SET.to_owned());
    serde_json::from_str(&profile.to_json()).unwrap_or_default()
}

/// A command without its words
pub(crate) fn program_of(line: &str) -> String {
    match line.trim().split_once(char::is_whitespace) {
        Some((program, _)) => format!("{program} …"),
        None => line.trim().to_owned(),
    }
}

fn know(recorder: &Recorder, what: &str, value: Option<&OsStr>) {
    let value = value.and_then(OsStr::to_str).unwrap_or_default();
    recorder.also_secret(what, &Secret::new(value));
}

/// A file of the caller's that is no larger than a secret
fn read(path: &Path) -> String {
    let is_small = path
        .metadata()
        .is_ok_and(|found| found.is_file() && found.len() <= MOST);
    match is_small {
        true => fs::read_to_string(path).unwrap_or_default(),
        false => String::new(),
    }
}

const SET: &str = "(set)";

const MOST: u64 = 64 << 10;

const PROXIES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
