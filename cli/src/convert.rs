//! The subcommand `convert`: a portal's saved JSON becomes a kubeconfig, without network, runtime or TLS.

use std::io::{self, IsTerminal, Read};
use std::path::Path;

use doorward::kubeconfig::UserAuth;
use doorward::{Error, PortalToken, Profile};

use crate::args::{Convert, UserAuthName};
use crate::environment::Environment;
use crate::report::{Report, Success};
use crate::{input, product, settings};

/// Writes the kubeconfig into the file that was named, or prints it
pub(crate) fn run(
    convert: &Convert,
    environment: &Environment,
    report: &Report,
) -> Result<(), Error> {
    let auth = match convert.user_auth {
        UserAuthName::AuthProvider => UserAuth::AuthProvider,
        UserAuthName::Exec => {
            return Err(
                Error::config("a conversion has no profile that an exec entry could call").hint(
                    "doorward kubeconfig use-exec makes one of the kubeconfig that convert writes",
                ),
            );
        }
        UserAuthName::Token => UserAuth::Token,
    };
    let files = convert.kubeconfig.named_files();
    if let Some(files) = &files {
        files.prepare()?;
    }
    let token = PortalToken::parse(&read(&convert.file)?)
        .map_err(|error| Error::portal("this is not a portal's token document").because(error))?;
    let mut allowed = Profile::default();
    settings::put_allowances(&mut allowed, &convert.allowances);
    let mut kubeconfig = token
        .kubeconfig(&settings::allow(&allowed))?
        .with_user_auth(&auth, token.id_token())
        .map_err(product::no_user)?;
    convert.kubeconfig.names.name(&mut kubeconfig)?;
    match files {
        Some(files) => {
            let written = files.write(&kubeconfig, convert.kubeconfig.how())?;
            product::print(written.path().to_string_lossy().as_bytes())?;
        }
        None => {
            let secrets = product::secrets_in(&kubeconfig);
            product::print_secret(
                &kubeconfig.to_yaml(),
                &secrets,
                convert.mask,
                environment,
                report,
            )?;
        }
    }
    report.success(&Success {
        what: "kubeconfig of",
        user: token.display_name().unwrap_or("unknown").to_owned(),
        portal: None,
        expires: token
            .expires()
            .map(|time| (time.to_string(), time.as_second())),
        context: kubeconfig.current_context().map(str::to_owned),
    });
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let wrong = |error: io::Error| {
        Error::config("the portal's JSON cannot be read")
            .at("file", path.to_string_lossy())
            .because(error)
    };
    let mut json = Vec::new();
    if input::is_stdin(path) && io::stdin().is_terminal() {
        return Err(Error::config(
            "the portal's JSON should come from standard input, which is a terminal",
        )
        .hint("name a file, or pipe the JSON in"));
    }
    input::open(path)
        .map_err(wrong)?
        .take(MAX_BYTES + 1)
        .read_to_end(&mut json)
        .map_err(wrong)?;
    match json.len() as u64 > MAX_BYTES {
        true => Err(Error::portal("a portal's token document has 4 MiB at most")),
        false => Ok(json),
    }
}

/// What a login would read of an answer, too
const MAX_BYTES: u64 = 4 << 20;
