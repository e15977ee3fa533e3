//! The command line of doorward: a portal login without a keyboard, for pipelines.

mod adapters;
mod args;
mod bundle;
mod check;
mod completions;
mod convert;
mod credential;
mod device;
mod diagnostics;
mod doctor;
mod door;
mod environment;
mod exec;
mod exit_code;
mod failure;
mod hot;
mod input;
mod jwt;
mod login;
mod logout;
#[cfg(feature = "man")]
mod man;
mod mask;
mod network;
mod new_file;
mod passkey;
mod picture;
mod product;
mod profile;
mod record;
mod report;
mod runtime;
mod service_account;
mod settings;
mod shut;
mod time;
mod use_exec;

use std::env;
use std::process::{self, ExitCode};

use doorward::Error;

use crate::args::{Action, Arguments, KubeconfigAction};
use crate::environment::Environment;
use crate::failure::Failure;
use crate::report::{Report, Style};

fn main() -> ExitCode {
    let words: Vec<_> = env::args_os().collect();
    if let Some(credential) = hot::answer(&words, |name| env::var_os(name)) {
        return match product::print(credential.expose_secret().as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => unprinted(&error, args::wants_json(&words, &Environment::of_process())),
        };
    }
    let environment = Environment::of_process();
    let arguments = match args::parse(&words, &environment) {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error, args::wants_json(&words, &environment)),
    };
    let report = Report::new(Style::new(&arguments, &environment));
    match act(&arguments, &environment, &report) {
        Ok(0) => ExitCode::SUCCESS,
        // A command's exit code may be larger than a byte on Windows.
        Ok(code) => process::exit(code),
        Err(error) => {
            let failure = Failure::new(&error, arguments.action.place());
            report.failure(&failure);
            exit_code::of(error.kind()).into()
        }
    }
}

/// Does what is wanted, and gives the exit code, which is not 0 where it is a command's, or something was found
fn act(arguments: &Arguments, environment: &Environment, report: &Report) -> Result<i32, Error> {
    let done = match &arguments.action {
        Action::Adapters => adapters::run(),
        Action::Completions { shell } => completions::run(*shell),
        Action::Convert(convert) => convert::run(convert, environment, report),
        Action::Credential(credential) => credential::run(credential, environment, report),
        Action::Device(action) => device::run(action, environment, report),
        Action::Doctor(options) => return doctor::run(options, environment, report),
        Action::Exec(options) => return exec::run(options, environment, report),
        Action::ExitCodes => exit_code::run(),
        Action::Jwt(action) => jwt::run(action, environment, report),
        Action::Kubeconfig(KubeconfigAction::Check(options)) => {
            return check::run(options, environment, report);
        }
        Action::Kubeconfig(KubeconfigAction::UseExec(options)) => {
            use_exec::run(options, environment, report)
        }
        Action::Login(login) => login::run(login, environment, report),
        Action::Logout(logout) => logout::run(logout, environment, report),
        #[cfg(feature = "man")]
        Action::Man { folder } => man::run(folder),
        Action::Passkey(action) => passkey::run(action, report),
        Action::Profile(action) => profile::run(action, environment, report),
        Action::Record(options) => record::run(options, environment, report),
        Action::ServiceAccount(options) => service_account::run(options, environment, report),
    };
    done.map(|()| 0)
}

/// An answer that stdout did not take
fn unprinted(error: &Error, as_json: bool) -> ExitCode {
    let failure = Failure::new(error, None);
    report::plain_line(&match as_json {
        true => failure.to_json().to_string(),
        false => failure.to_text(false),
    });
    exit_code::of(error.kind()).into()
}

/// Help and version, which are no errors, or what is wrong with the command line
fn usage(error: &clap::Error, as_json: bool) -> ExitCode {
    match error.use_stderr() && as_json {
        true => report::plain_line(&failure::usage_json(error).to_string()),
        // Nothing is left to do where even this cannot be printed.
        false => drop(error.print()),
    }
    match error.use_stderr() {
        true => exit_code::USAGE.into(),
        false => ExitCode::SUCCESS,
    }
}
