//! The call that every kubectl command makes, answered before anything else is set up.
//!
//! Reading the command line and the variables as [`args`](crate::args) does costs more than the answer itself. So the
//! words that a login writes into a kubeconfig are recognized here, and a kept token, or one of a key of our own, is handed over at once. Whatever is
//! not quite like that, every error included, is left to [`credential`](crate::credential), which does the same in full.

use std::ffi::OsString;

use doorward::profile::{ProfileName, Profiles};
use doorward::store::FileStore;
use doorward::{ExecInfo, Secret};

use crate::door::{Way, own_key};

/// The ExecCredential, if the words are those of a kubeconfig's entry, and a token with enough life left is kept or can be made
pub(crate) fn answer(
    words: &[OsString],
    variable: impl Fn(&str) -> Option<OsString>,
) -> Option<Secret> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let call = Call::read(words)?;
    if CHANGES.iter().any(|name| set(name).is_some()) {
        return None;
    }
    // By hand in a CI job, the token would have to be masked.
    let info = match set("KUBERNETES_EXEC_INFO") {
        Some(info) => Some(ExecInfo::parse(info.to_str()?).ok()?),
        None if MASKS.iter().any(|name| set(name).is_some()) => return None,
        None => None,
    };
    let folder = |word: Option<&str>, name| word.map(OsString::from).or_else(|| set(name));
    let profiles = match folder(call.profile_dir, "DOORWARD_PROFILE_DIR") {
        Some(folder) => Profiles::at(folder),
        None => Profiles::from_environment(set).ok()?,
    };
    let tokens = match folder(call.cache_dir, "DOORWARD_CACHE_DIR") {
        Some(folder) => FileStore::at(folder),
        None => FileStore::from_environment(set).ok()?,
    };
    let profile = profiles.read(&ProfileName::of(call.profile)).ok()??;
    let token = match tokens.fresh(&profile.cache_key()).ok()? {
        Some(token) => token,
        None if Way::of(&profile) == Way::OwnKey => {
            own_key::of_profile(&profile, &variable).ok()?.mint().ok()?
        }
        None => return None,
    };
    if let Some(server) = info.as_ref().and_then(|info| info.server.as_deref()) {
        let is_for = profile.is_for(server).or_else(|| token.is_for(server));
        is_for.filter(|is_for| *is_for)?;
    }
    let version = info.map(|info| info.api_version).unwrap_or_default();
    Some(token.exec_credential(version).to_json())
}

/// The words of an entry
#[derive(Debug, Eq, PartialEq)]
struct Call<'a> {
    profile: &'a str,
    profile_dir: Option<&'a str>,
    cache_dir: Option<&'a str>,
}

impl<'a> Call<'a> {
    fn read(words: &'a [OsString]) -> Option<Self> {
        let [_, credential, options @ ..] = words else {
            return None;
        };
        if credential != "credential" {
            return None;
        }
        let (mut profile, mut profile_dir, mut cache_dir) = (None, None, None);
        for word in options {
            let (name, value) = word.to_str()?.split_once('=')?;
            let place = match name {
                "--profile" => &mut profile,
                "--profile-dir" => &mut profile_dir,
                "--cache-dir" => &mut cache_dir,
                _ => return None,
            };
            if value.is_empty() || place.replace(value).is_some() {
                return None;
            }
        }
        Some(Self {
            profile: profile?,
            profile_dir,
            cache_dir,
        })
    }
}

/// Variables of options that change what is done or said
const CHANGES: [&str; 3] = ["DOORWARD_FORCE", "DOORWARD_NO_CACHE", "DOORWARD_VERBOSE"];

/// Those by which the systems that take masks are known
const MASKS: [&str; 2] = ["GITHUB_ACTIONS", "TF_BUILD"];

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use doorward::kubeconfig::ExecUser;

    use super::Call;

    fn read(words: &[&str]) -> Option<(String, Option<String>, Option<String>)> {
        let words: Vec<OsString> = words.iter().map(Into::into).collect();
        let owned = |folder: Option<&str>| folder.map(str::to_owned);
        let call = Call::read(&words)?;
        Some((
            call.profile.into(),
            owned(call.profile_dir),
            owned(call.cache_dir),
        ))
    }

    #[test]
    fn the_words_of_an_entry_are_recognized() {
        let entry = ExecUser::credential("doorward", "prod").arg("--cache-dir=/c=d");
        let words: Vec<&str> = ["doorward"]
            .into_iter()
            .chain(entry.args.iter().map(String::as_str))
            .collect();

        assert_eq!(
            read(&words),
            Some(("prod".into(), None, Some("/c=d".into())))
        );
    }

    #[test]
    fn any_other_call_is_left_to_the_whole_program() {
        for words in [
            &["doorward"][..],
            &["doorward", "credential"],
            &["doorward", "login", "--profile=a"],
            &["doorward", "credential", "--profile", "a"],
            &["doorward", "credential", "--profile=a", "--no-cache"],
            &["doorward", "credential", "--profile=a", "--force"],
            &["doorward", "credential", "--profile=a", "-v"],
            &["doorward", "credential", "--profile=a", "--profile=b"],
            &["doorward", "credential", "--profile="],
            &["doorward", "credential", "--profile=a", "--portal=b"],
            &["doorward", "-v", "credential", "--profile=a"],
        ] {
            assert_eq!(read(words), None, "{words:?}");
        }
    }
}
