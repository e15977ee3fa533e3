//! The command line of doorward: a portal login without a keyboard, for pipelines.

mod adapters;
mod args;
mod completions;
mod convert;
mod diagnostics;
mod environment;
mod exit_code;
mod failure;
mod login;
mod mask;
mod product;
mod report;
mod time;

use std::env;
use std::process::ExitCode;

use doorward::Error;

use crate::args::{Action, Arguments};
use crate::environment::Environment;
use crate::failure::Failure;
use crate::report::{Report, Style};

fn main() -> ExitCode {
    let environment = Environment::of_process();
    let words: Vec<_> = env::args_os().collect();
    let arguments = match args::parse(&words, &environment) {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error, args::wants_json(&words, &environment)),
    };
    let report = Report::new(Style::new(&arguments, &environment));
    match act(&arguments, &environment, &report) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let failure = Failure::new(&error, arguments.action.portal());
            report.failure(&failure);
            exit_code::of(error.kind()).into()
        }
    }
}

fn act(arguments: &Arguments, environment: &Environment, report: &Report) -> Result<(), Error> {
    match &arguments.action {
        Action::Adapters => adapters::run(),
        Action::Completions { shell } => completions::run(*shell),
        Action::Convert(convert) => convert::run(convert, environment, report),
        Action::Login(login) => login::run(login, environment, report),
    }
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
