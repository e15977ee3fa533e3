//! The subcommand `passkey`: keys that a job signs with, in place of a device that somebody touches.

use std::io::Read;
use std::path::Path;

use doorward::passkey::RegistrationRequest;
use doorward::{Error, Passkey, Url, one_line};
use serde_json::json;

use crate::args::{EnrollPasskey, FormatName, PASSKEY, PasskeyAction, ShowPasskey};
use crate::report::Report;
use crate::{input, new_file, product};

/// Does what the action says
pub(crate) fn run(action: &PasskeyAction, report: &Report) -> Result<(), Error> {
    match action {
        PasskeyAction::Enroll(options) => enroll(options, report),
        PasskeyAction::Show(options) => show(options),
    }
}

fn enroll(options: &EnrollPasskey, report: &Report) -> Result<(), Error> {
    let page = Url::parse(&options.origin).map_err(|error| {
        Error::config("--origin is no URL").because(error).hint(
            "it is the scheme and host of the page that enrols, such as https://acme.okta.com",
        )
    })?;
    let request = RegistrationRequest::parse(&page, &read(&options.file)?)?;
    let passkey = Passkey::for_request(&request)?;
    let answer = passkey.register(&request)?.to_json();
    // The secret is kept before anybody gets to know the key that belongs to it.
    let taken = "name another one, or remove it if nobody needs what is in it";
    new_file::keep(&options.out, &passkey.to_secret()?, PASSKEY, taken)?;
    product::print(answer.to_string().as_bytes())?;
    report.note(&format!(
        "the passkey for {} is in {}, and counts once the provider has the answer",
        passkey.rp_id().unwrap_or_default(),
        options.out.display()
    ));
    Ok(())
}

fn show(options: &ShowPasskey) -> Result<(), Error> {
    let source = input::secret(&options.file, options.allow_shared_files);
    let passkey = Passkey::parse(&source.read(PASSKEY)?)?;
    let rp_id = passkey.rp_id().map(one_line);
    let credential_id = passkey.credential_id().to_base64url();
    let text = match options.format.format {
        FormatName::Json => json!({"rp_id": rp_id, "credential_id": credential_id}).to_string(),
        FormatName::Text => {
            let rp_id = rp_id.unwrap_or_else(|| "any that asks".into());
            format!("rp-id            {rp_id}\ncredential-id    {credential_id}")
        }
    };
    product::print(text.as_bytes())
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let mut json = Vec::new();
    let opened = input::open(path);
    match opened.and_then(|input| input.take(MAX_BYTES).read_to_end(&mut json)) {
        Ok(_) => Ok(json),
        Err(error) => Err(Error::config("the enrolment's options cannot be read")
            .at("file", path.to_string_lossy())
            .because(error)),
    }
}

/// One more than the core takes, so that it notices
const MAX_BYTES: u64 = (64 << 10) + 1;
