//! The subcommand `jwt`: keys of one's own, their tokens, and what makes them an issuer.

use std::slice;

use doorward::profile::SecretPlace;
use doorward::publication::{Progress, Publication, Rotation, Step};
use doorward::signing::{Algorithm, PrivateKey, Signer};
use doorward::{Error, KeySource, Profile, SecretSource};
use serde_json::json;

use crate::args::{
    FormatName, Issue, JWT_KEY_PASSPHRASE, JwtAction, KeyOptions, Keygen, PassphraseOptions,
    Publish, Rotate, told,
};
use crate::door::own_key;
use crate::environment::Environment;
use crate::report::Report;
use crate::{new_file, product};

/// Does what the action says
pub(crate) fn run(
    action: &JwtAction,
    environment: &Environment,
    report: &Report,
) -> Result<(), Error> {
    match action {
        JwtAction::Keygen(options) => keygen(options, environment, report),
        JwtAction::Issue(options) => issue(options, environment, report),
        JwtAction::Publish(options) => publish(options, environment, report),
        JwtAction::Rotate(options) => rotate(options, environment),
    }
}

fn keygen(options: &Keygen, environment: &Environment, report: &Report) -> Result<(), Error> {
    let algorithm = Algorithm::parse(&options.algorithm)?;
    let passphrase = passphrase(&options.passphrase, environment)?;
    let passphrase = passphrase.map(|passphrase| passphrase.read(&told(JWT_KEY_PASSPHRASE)));
    let passphrase = passphrase.transpose()?;
    let key = PrivateKey::generate(algorithm)?;
    let text = match &passphrase {
        Some(passphrase) => key.to_encrypted_pem(passphrase)?,
        None => key.to_pem()?,
    };
    let taken = "name another one, or rotate the key that is in it";
    new_file::keep(&options.out, &text, "key", taken)?;
    product::print(key.jwk().to_json().to_string().as_bytes())?;
    report.note(&format!(
        "the key is in {}; doorward jwt publish makes an issuer of it",
        options.out.display()
    ));
    Ok(())
}

fn issue(options: &Issue, environment: &Environment, report: &Report) -> Result<(), Error> {
    let mut profile = profile(&options.key);
    profile.issuer = Some(options.issuer.clone());
    profile.subject.clone_from(&options.subject);
    profile.audience.clone_from(&options.audience);
    profile.duration = options.duration.map(|time| time.as_secs());
    profile.claim.clone_from(&options.claim);
    let passphrase = passphrase(&options.key.passphrase, environment)?;
    let token = own_key::of(&profile, passphrase)?.mint()?;
    let token = token.id_token();
    product::print_secret(
        token,
        slice::from_ref(token),
        options.mask,
        environment,
        report,
    )
}

fn publish(options: &Publish, environment: &Environment, report: &Report) -> Result<(), Error> {
    let key = key(&options.key, environment)?;
    let mut publication = Publication::at(&options.folder);
    if options.only {
        publication = publication.without_others();
    }
    let key = publication.publish(&options.issuer, &key)?;
    report.note(&format!(
        "{} has the key {}, to be found at {}",
        options.folder.display(),
        key.key_id(),
        options.issuer
    ));
    Ok(())
}

fn rotate(options: &Rotate, environment: &Environment) -> Result<(), Error> {
    if options.key.algorithm.is_some() || options.key.key_id.is_some() {
        return Err(Error::config(
            "a rotation takes the algorithm of the published key, and names keys by their thumbprints",
        )
        .hint("leave out --algorithm and --key-id"));
    }
    let key = key(&options.key, environment)?;
    let rotation = Rotation::default()
        .overlap(options.overlap)
        .longest_life(options.duration);
    let progress = Publication::at(&options.folder).rotate(&key, &rotation)?;
    product::print(told_progress(&progress, options.format.format).as_bytes())
}

fn told_progress(progress: &Progress, format: FormatName) -> String {
    let done = progress.done.map(Step::as_str);
    let due = progress.due.map(|due| due.to_string());
    match format {
        FormatName::Json => {
            json!({ "done": done, "next": progress.next.as_str(), "due": due }).to_string()
        }
        FormatName::Text => format!(
            "done    {}\nnext    {}\ndue     {}",
            match progress.done {
                None => "nothing: it is too early",
                Some(Step::Publish) => "publish: the next key is published, and the old one signs",
                Some(Step::Sign) => "sign: the next key signs, and both are published",
                _ => "drop: the old key is no longer published",
            },
            progress.next.as_str(),
            due.unwrap_or_else(|| "when you like: it begins another rotation".to_owned())
        ),
    }
}

fn key(options: &KeyOptions, environment: &Environment) -> Result<KeySource, Error> {
    let passphrase = passphrase(&options.passphrase, environment)?;
    own_key::key(&profile(options), passphrase)
}

fn profile(options: &KeyOptions) -> Profile {
    let mut profile = Profile::default();
    profile.jwt_key = Some(options.jwt_key.clone());
    profile.algorithm.clone_from(&options.algorithm);
    profile.key_id.clone_from(&options.key_id);
    profile.allow_shared_files = options.passphrase.allow_shared_files;
    profile
}

fn passphrase(
    options: &PassphraseOptions,
    environment: &Environment,
) -> Result<Option<SecretSource>, Error> {
    match &options.place {
        None => Ok(None),
        Some(SecretPlace::Stdin) => Ok(Some(SecretSource::stdin())),
        Some(place) => place
            .source(&told(JWT_KEY_PASSPHRASE), |name| environment.owned(name))
            .map(Some),
    }
}
