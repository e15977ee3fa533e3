//! The subcommand `kubeconfig check`: what the users of a kubeconfig are, what is wrong with them, and what replaces them.

mod json;

mod sarif;

mod text;

use std::path::PathBuf;
use std::time::SystemTime;

use doorward::Error;
use doorward::kubeconfig::KubeconfigFiles;

use crate::args::{Check, FindingsFormat};
use crate::environment::Environment;
use crate::report::Report;
use crate::{exit_code, product};

/// Prints what was found; it is a failure only if the caller says so
pub(crate) fn run(
    options: &Check,
    environment: &Environment,
    report: &Report,
) -> Result<i32, Error> {
    let files = files(options, environment, report)?;
    let audit = files.audit(|name| environment.owned(name), SystemTime::now())?;
    let text = match options.format {
        FindingsFormat::Text => text::render(&audit, files.paths()),
        FindingsFormat::Json => json::render(&audit, files.paths()).to_string(),
        FindingsFormat::Sarif => format!("{:#}", sarif::render(&audit)),
    };
    product::print(text.as_bytes())?;
    let Some(limit) = options.fail_on.map(|fail_on| fail_on.severity()) else {
        return Ok(0);
    };
    if audit.worst().is_none_or(|worst| worst < limit) {
        return Ok(0);
    }
    let severities = audit.findings.iter().map(|finding| finding.severity);
    let count = severities.filter(|severity| *severity >= limit).count();
    let worse = match count {
        1 => "1 finding is".to_owned(),
        count => format!("{count} findings are"),
    };
    report.warn(&format!(
        "{worse} as bad as --fail-on {limit} says, or worse: exit code {}",
        exit_code::FINDINGS
    ));
    Ok(exit_code::FINDINGS.into())
}

/// The files that are there; one that was named must be
fn files(
    options: &Check,
    environment: &Environment,
    report: &Report,
) -> Result<KubeconfigFiles, Error> {
    let missing = |path: &PathBuf| {
        Error::storage("the kubeconfig is not there").at("file", path.to_string_lossy())
    };
    if !options.files.is_empty() {
        let files = KubeconfigFiles::list(options.files.iter().cloned());
        return match options.files.iter().find(|path| !path.exists()) {
            Some(path) => Err(missing(path)),
            None => Ok(files),
        };
    }
    let files = KubeconfigFiles::from_environment(|name| environment.owned(name))?;
    let (there, gone): (Vec<_>, Vec<_>) = files
        .paths()
        .iter()
        .cloned()
        .partition(|path| path.exists());
    if let (true, Some(path)) = (there.is_empty(), gone.first()) {
        return Err(missing(path).hint("name the files to check, or set KUBECONFIG"));
    }
    for path in gone {
        report.note(&format!("{} is not there", path.to_string_lossy()));
    }
    Ok(KubeconfigFiles::list(there))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::SystemTime;

    use doorward::kubeconfig::KubeconfigFiles;

    use crate::args;
    use crate::environment::Environment;

    #[test]
    fn the_commands_that_are_proposed_exist() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        std::fs::write(
            &path,
            "contexts:
- {name: a, context: {cluster: k, user: a}}
- {name: b, context: {cluster: k, user: b}}
clusters: [{name: k, cluster: {server: 'https://k.test'}}]
users:
- {name: a, user: {token: opaque}}
- {name: b, user: {auth-provider: {name: oidc, config: {refresh-token: r}}}}
",
        )
        .unwrap();

        let audit = KubeconfigFiles::at(&path).audit(|_| None, SystemTime::now());

        let findings = audit.unwrap().findings;
        let commands = findings.iter().filter_map(|f| f.replacement.as_deref());
        let ours = commands.filter(|command| command.starts_with("doorward "));
        let mut seen = BTreeSet::new();
        for command in ours {
            let words: Vec<_> = command.split(' ').map(Into::into).collect();
            assert!(
                args::parse(&words, &Environment::of(&[])).is_ok(),
                "{command}"
            );
            seen.insert(words[1].clone());
        }
        assert_eq!(seen, BTreeSet::from(["kubeconfig".into(), "login".into()]));
    }
}
