//! The options of `passkey`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::args::profile::Format;

/// What to do with passkeys
#[derive(Debug, Subcommand)]
pub(crate) enum PasskeyAction {
    /// Answer an enrolment: make a passkey, keep its secret in a file, and print the answer
    ///
    /// Reads what the provider wants made, the standard's PublicKeyCredentialCreationOptionsJSON, and prints its RegistrationResponseJSON. The
    /// secret in the file is the second factor itself, for DOORWARD_PASSKEY or --passkey-file. Whoever has it is the user.
    #[command(after_long_help = ENROLMENT)]
    Enroll(EnrollPasskey),
    /// Show for whom a passkey is and what it is called, and not its key
    Show(ShowPasskey),
}

/// The options of `passkey enroll`
#[derive(Args, Debug)]
pub(crate) struct EnrollPasskey {
    /// What the provider wants made, as JSON; - or nothing for stdin
    #[arg(default_value = "-", hide_default_value = true)]
    pub(crate) file: PathBuf,

    /// The scheme and host of the page or API that enrols, such as https://acme.okta.com
    #[arg(long, value_name = "URL", required = true, help_heading = "Passkey")]
    pub(crate) origin: String,

    /// The file for the secret: it is made for its owner alone (0600), and one that is there is never overwritten
    #[arg(long, value_name = "FILE", required = true, help_heading = "Passkey")]
    pub(crate) out: PathBuf,
}

/// The options of `passkey show`
#[derive(Args, Debug)]
pub(crate) struct ShowPasskey {
    /// The file with the secret; - for stdin
    pub(crate) file: PathBuf,

    /// Take a file that others can read or write
    #[arg(long, help_heading = "Passkey")]
    pub(crate) allow_shared_files: bool,

    #[command(flatten)]
    pub(crate) format: Format,
}

const ENROLMENT: &str = "\
An API that enrols gives the options and takes the answer as they are. On a page, a person who is signed in as the job's user \
pastes this into the browser's console (F12), and then asks the page for a new key or passkey. The page must wait meanwhile, and \
pages wait for a minute or so:

  navigator.credentials.create = async ({publicKey}) => {
    const isView = v => ArrayBuffer.isView(v), isBinary = v => isView(v) || v instanceof ArrayBuffer;
    const bytes = v => isView(v) ? new Uint8Array(v.buffer, v.byteOffset, v.byteLength)
      : new Uint8Array(v);
    const write = v => btoa(String.fromCharCode(...bytes(v)))
      .replace(/[+]/g, '-').replace(/[/]/g, '_').replace(/=/g, '');
    const read = t => Uint8Array.from(atob(t.replace(/-/g, '+').replace(/_/g, '/')),
      c => c.charCodeAt(0)).buffer;
    console.log(JSON.stringify(publicKey, (_, v) => isBinary(v) ? write(v) : v));
    const json = await new Promise(done => { window.answer = done; });
    const r = json.response;
    return {
      ...json, rawId: read(json.rawId), toJSON: () => json, getClientExtensionResults: () => ({}),
      response: {
        clientDataJSON: read(r.clientDataJSON), attestationObject: read(r.attestationObject),
        getTransports: () => r.transports, getAuthenticatorData: () => read(r.authenticatorData),
        getPublicKey: () => read(r.publicKey), getPublicKeyAlgorithm: () => r.publicKeyAlgorithm,
      },
    };
  };

The console shows one line of JSON: that goes into doorward. What doorward prints goes back as

  answer( ... )

Then the file goes into the CI system's secrets, and is removed.";
