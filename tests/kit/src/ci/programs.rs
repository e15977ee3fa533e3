//! The programs that some platforms put into a job, as scripts that take the right words only.
//!
//! Source: <https://buildkite.com/docs/agent/v3/cli-oidc>, <https://circleci.com/docs/openid-connect-tokens/>

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A program that gives a job its identity
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum CiProgram {
    /// `buildkite-agent oidc request-token --audience AUDIENCE`
    Buildkite,
    /// `circleci run oidc get --claims JSON`
    CircleCi,
}

/// Writes the program into `folder`, which prints `token` where it is asked for that audience, and fails else
///
/// It wants to know that it is in a job: by `BUILDKITE_AGENT_ACCESS_TOKEN`, or by `CIRCLECI`. A script of `sh`.
///
/// # Errors
///
/// When it cannot be written.
pub fn ci_program(
    folder: &Path,
    program: CiProgram,
    audience: &str,
    token: &str,
) -> io::Result<PathBuf> {
    let (name, variable, words) = match program {
        CiProgram::Buildkite => (
            "buildkite-agent",
            "BUILDKITE_AGENT_ACCESS_TOKEN",
            format!("oidc request-token --audience {audience}"),
        ),
        CiProgram::CircleCi => (
            "circleci",
            "CIRCLECI",
            format!("run oidc get --claims {{\"aud\":\"{audience}\"}}"),
        ),
    };
    let script = format!(
        "#!/bin/sh\n[ -n \"${variable}\" ] || {{ echo 'not in a job' >&2; exit 1; }}\n\
         [ \"$*\" = '{words}' ] || {{ echo \"wrong words: $*\" >&2; exit 2; }}\n\
         [ -z \"$DOORWARD_PASSWORD\" ] || {{ echo 'a password is here' >&2; exit 3; }}\n\
         echo '{token}'\n"
    );
    let path = folder.join(name);
    fs::write(&path, script)?;
    make_runnable(&path)?;
    Ok(path)
}

#[cfg(unix)]
fn make_runnable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn make_runnable(_: &Path) -> io::Result<()> {
    Ok(())
}
