//! Who signs in where, as a file says: for logins that lead through more than one provider.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::folders::writable_by_others;
use crate::url_prefix::UrlPrefix;
use crate::whole_file::resolve;
use crate::{Error, SecretSource};

/// The file of `--credentials-file`: TOML with one table for each URL prefix, and no secret in it
///
/// A table has `username`, one of `password-file`, `password-command` and `password-env`, and perhaps one of `totp-seed-file`,
/// `totp-seed-command` and `totp-seed-env`. A path is one from the file's own folder, unless it is absolute.
///
/// ```
/// use std::path::Path;
///
/// use doorward::{Credentials, Walk};
/// use doorward::profile::CredentialsFile;
///
/// let file = CredentialsFile::parse(
///     r#"
///     ["https://idp.example/realms/corp"]
///     username = "ci-bot"
///     password-file = "corp.password"
///
///     ["https://idp.example/realms/partner"]
///     username = "ext-7"
///     password-env = "PARTNER_PASSWORD"
///     "#,
///     Path::new("/etc/ci"),
/// )?;
///
/// let mut walk = Walk::new();
/// for entry in file.entries() {
///     let credentials = Credentials::with_source(&entry.username, entry.password.clone())?;
///     walk = walk.credentials_at(&entry.url, credentials)?;
/// }
/// # Ok::<(), doorward::Error>(())
/// ```
///
/// Source: <https://toml.io/en/v1.0.0>
#[derive(Clone, Debug)]
pub struct CredentialsFile {
    entries: Vec<CredentialsEntry>,
}

/// One table of the file: who signs in below a URL
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CredentialsEntry {
    /// The URL prefix, as [`Walk::credentials_at`](crate::Walk::credentials_at) takes it
    pub url: String,
    /// The user name there
    pub username: String,
    /// Where the password comes from
    pub password: SecretSource,
    /// Where the seed of one-time codes comes from
    pub totp_seed: Option<SecretSource>,
}

impl CredentialsFile {
    /// Reads the file at `path`; the secrets that it leads to are not read
    ///
    /// Others may read it, since no secret is in it. Who can write it decides which password goes where.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): the file is not there, is larger than 64 KiB, or others can write it; else as
    /// [`Self::parse`].
    pub fn read(path: &Path) -> Result<Self, Error> {
        let named = |error: Error| error.at("file", path.to_string_lossy());
        let unreadable = |error: io::Error| {
            named(Error::config("the credentials file cannot be read")).because(error)
        };
        // A pipe would wait for a writer, and a device may have no end.
        let resolved = resolve(path)
            .map_err(|error| Error::config("the credentials file cannot be read").because(error))?;
        let file = File::open(&resolved).map_err(unreadable)?;
        if let Some(exposed) = writable_by_others(&file.metadata().map_err(unreadable)?) {
            let (key, value) = exposed.context();
            let error = Error::config("others can write the credentials file").at(key, value);
            return Err(named(error).hint(
                "who can write it decides where passwords go: chmod go-w closes it, in a folder that others cannot write",
            ));
        }
        let mut bytes = Vec::new();
        let limited = file.take(MAX_BYTES + 1).read_to_end(&mut bytes);
        let length = limited.map_err(unreadable)?;
        if u64::try_from(length).unwrap_or(u64::MAX) > MAX_BYTES {
            return Err(named(Error::config(
                "the credentials file is larger than 64 KiB",
            )));
        }
        let text = String::from_utf8(bytes)
            .map_err(|_| named(Error::config("the credentials file is no UTF-8 text")))?;
        // A link's target is where the author of the file thinks it is.
        let folder = resolved.parent().unwrap_or(&resolved);
        Self::parse(&text, folder).map_err(named)
    }

    /// Reads the text of such a file, whose paths are those from `folder`
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): it is no TOML, a prefix is no https URL or occurs twice, a table lacks something or
    /// holds something else, such as a password. The error has the line, and quotes nothing of it.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, Error> {
        let reader = Reader { text, folder };
        let document = DeTable::parse(text).map_err(|error| {
            let at = error.span().map_or(text.len(), |span| span.start);
            reader.refused(at, "the credentials file is no TOML")
        })?;
        let mut entries = Vec::new();
        let mut prefixes = Vec::new();
        let mut tables: Vec<_> = document.get_ref().iter().collect();
        tables.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in tables {
            let at = key.span().start;
            let Some(table) = value.get_ref().as_table() else {
                return Err(reader.foreign_key(key.get_ref(), at));
            };
            // The name may be a misplaced secret, so that only the reason is told.
            let prefix = UrlPrefix::parse(key.get_ref()).map_err(|error| {
                let told = "a table of the credentials file has a wrong name";
                reader.refused(at, &format!("{told}: {}", error.message()))
            })?;
            if prefixes.contains(&prefix) {
                return Err(reader
                    .refused(
                        at,
                        "two tables of the credentials file are for the same URLs",
                    )
                    .at("prefix", prefix.to_string()));
            }
            entries.push(reader.entry(&prefix, table, at)?);
            prefixes.push(prefix);
        }
        match entries.is_empty() {
            true => Err(Error::config("the credentials file has no table").hint(EXAMPLE)),
            false => Ok(Self { entries }),
        }
    }

    /// The same, whose files with secrets may be open to others
    ///
    /// For CI file variables and mounted Kubernetes secrets: `--allow-shared-files`.
    #[must_use]
    pub fn allow_shared_files(mut self) -> Self {
        for entry in &mut self.entries {
            entry.password = entry.password.clone().allow_shared_files();
            let seed = entry.totp_seed.take();
            entry.totp_seed = seed.map(SecretSource::allow_shared_files);
        }
        self
    }

    /// The tables, in the order of the file
    pub fn entries(&self) -> &[CredentialsEntry] {
        &self.entries
    }

    /// The user names, by URL prefix
    pub fn users(&self) -> BTreeMap<String, String> {
        let entries = self.entries.iter();
        entries
            .map(|entry| (entry.url.clone(), entry.username.clone()))
            .collect()
    }
}

/// The text, for the lines of errors, and the folder that paths are from
struct Reader<'a> {
    text: &'a str,
    folder: &'a Path,
}

impl Reader<'_> {
    fn entry(
        &self,
        prefix: &UrlPrefix,
        table: &DeTable<'_>,
        at: usize,
    ) -> Result<CredentialsEntry, Error> {
        let mut username = None;
        let (mut password, mut totp_seed) = (None, None);
        for (key, value) in table {
            let at = key.span().start;
            let name = key.get_ref().as_ref();
            let (secret, way) = match name {
                "username" => {
                    username = Some(self.text_of(value)?.to_owned());
                    continue;
                }
                "password-file" | "password-command" | "password-env" => (&mut password, name),
                "totp-seed-file" | "totp-seed-command" | "totp-seed-env" => (&mut totp_seed, name),
                _ => return Err(self.foreign_key(name, at)),
            };
            let source = self.source(way, value)?;
            if secret.replace(source).is_some() {
                return Err(self
                    .refused(
                        at,
                        "two keys of a table say where the same secret comes from",
                    )
                    .at("prefix", prefix.to_string()));
            }
        }
        let lacks = |what: &str| {
            self.refused(
                at,
                &format!("a table of the credentials file has no {what}"),
            )
            .at("prefix", prefix.to_string())
            .hint(EXAMPLE)
        };
        let username = username.filter(|username| !username.trim().is_empty());
        Ok(CredentialsEntry {
            url: prefix.to_string(),
            username: username.ok_or_else(|| lacks("username"))?,
            password: password.ok_or_else(|| lacks("password-file, -command or -env"))?,
            totp_seed,
        })
    }

    /// Where a secret comes from, by the key that says so
    fn source(&self, key: &str, value: &Spanned<DeValue<'_>>) -> Result<SecretSource, Error> {
        let text = self.text_of(value)?;
        let refused = |told| Err(self.refused(value.span().start, told));
        match key.rsplit('-').next() {
            _ if text.is_empty() => refused("a value of the credentials file is empty"),
            Some("file") if text == "-" => {
                refused("a secret of the credentials file cannot come from standard input")
            }
            Some("file") => Ok(SecretSource::file(self.folder.join(text))),
            Some("env") => Ok(SecretSource::variable(text)),
            _ => {
                let words = shlex::split(text).unwrap_or_default();
                // It would be another program in another working directory.
                let is_from_here = |program: &String| {
                    let program = Path::new(program);
                    program.components().count() > 1 && program.is_relative()
                };
                match words.first().is_some_and(is_from_here) {
                    true => refused(
                        "a command of the credentials file begins with a relative path; a name, or an absolute path, is found from any folder",
                    ),
                    false => Ok(SecretSource::command(text)),
                }
            }
        }
    }

    fn text_of<'a>(&self, value: &'a Spanned<DeValue<'_>>) -> Result<&'a str, Error> {
        let text = value.get_ref().as_str();
        text.ok_or_else(|| {
            self.refused(
                value.span().start,
                "a value of the credentials file is no text",
            )
        })
    }

    /// A key that has no place here: the name may be a secret, too, and is shown only where it is known
    fn foreign_key(&self, name: &str, at: usize) -> Error {
        let secret = SECRETS
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        match secret {
            Some((known, keys)) => self
                .refused(at, "a secret has no place in the credentials file")
                .at("key", known)
                .hint(format!(
                    "{keys} says where it comes from; take the secret out, and change it if others could read the file"
                )),
            None => self
                .refused(at, "the credentials file holds a key that has no place there")
                .hint(
                    "a table has username, password-file, -command or -env, and totp-seed-file, -command or -env; \
                     no secret belongs into the file itself",
                ),
        }
    }

    /// The library's own errors quote the line that they are about
    fn refused(&self, at: usize, told: &str) -> Error {
        let before = self.text.as_bytes().iter().take(at);
        let line = before.filter(|byte| **byte == b'\n').count() + 1;
        Error::config(told)
            .at("line", line.to_string())
            .hint(EXAMPLE)
    }
}

/// What people call a secret, and the keys to use instead
const SECRETS: &[(&str, &str)] = &[
    ("password", PASSWORD_KEYS),
    ("passwd", PASSWORD_KEYS),
    ("pass", PASSWORD_KEYS),
    ("pw", PASSWORD_KEYS),
    ("secret", PASSWORD_KEYS),
    ("totp-seed", SEED_KEYS),
    ("totp_seed", SEED_KEYS),
    ("totp", SEED_KEYS),
    ("seed", SEED_KEYS),
    ("otp", SEED_KEYS),
];

const PASSWORD_KEYS: &str = "password-file, password-command or password-env";

const SEED_KEYS: &str = "totp-seed-file, totp-seed-command or totp-seed-env";

const EXAMPLE: &str = "a table is such as [\"https://idp.example/realms/corp\"] with username = \"ci-bot\" and \
                       password-file = \"corp.password\"; a secret itself belongs into that file, a command or a variable";

const MAX_BYTES: u64 = 64 << 10;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use proptest::prelude::{any, proptest};

    use super::CredentialsFile;
    use crate::{Error, ErrorKind};

    const CORP: &str = "[\"https://idp.example/realms/corp\"]\nusername = \"ci\"\n";

    fn parse(text: &str) -> Result<CredentialsFile, Error> {
        CredentialsFile::parse(text, Path::new("/etc/ci"))
    }

    /// An error of a setting that shows no canary
    #[track_caller]
    fn refused(text: &str) -> Error {
        let error = parse(text).unwrap_err();
        let hint = error.next_step().unwrap_or_default();
        assert_eq!(error.kind(), ErrorKind::Config, "{text}");
        let shown = format!("{error} {error:?} {hint}").to_lowercase();
        assert!(!shown.contains("canary"), "{shown}");
        error
    }

    #[test]
    fn a_table_says_who_signs_in_and_where_the_secrets_come_from() {
        let text = r#"
            # two realms
            ["https://IDP.example:443/realms/corp/"]
            username = "ci"
            password-file = "corp.password"
            totp-seed-command = "vault read 'totp seed'"

            ["https://idp.example/realms/partner"]
            username = "ext"
            password-env = "PARTNER_PASSWORD"
        "#;

        let file = parse(text).unwrap();

        let urls: Vec<&str> = file
            .entries()
            .iter()
            .map(|entry| entry.url.as_str())
            .collect();
        let corp = "https://idp.example/realms/corp";
        assert_eq!(urls, [corp, "https://idp.example/realms/partner"]);
        let entry = &file.entries()[0];
        let place = format!("{:?}", entry.password);
        assert!(place.contains("\"/etc/ci/corp.password\""), "{place}");
        assert!(entry.totp_seed.is_some());
        assert_eq!(file.users()[corp], "ci");
        assert_eq!(file.users().len(), 2);
    }

    #[test]
    fn a_secret_in_the_file_is_refused_and_told_where_it_belongs() {
        for (key, keys) in [
            ("password", "password-env"),
            ("Password", "password-file"),
            ("secret", "password-command"),
            ("totp-seed", "totp-seed-file"),
            ("totp_seed", "totp-seed-env"),
        ] {
            let error = refused(&format!("{CORP}{key} = \"canary\"\n"));
            assert!(error.next_step().unwrap().contains(keys), "{error}");
            assert!(error.to_string().contains("line 3"), "{error}");
        }
        for text in [
            "password = \"canary\"\n",
            "seed = \"canary\"\n[\"https://a.test\"]\n",
        ] {
            let error = refused(text);
            assert!(error.to_string().contains("line 1"), "{error}");
        }
    }

    #[test]
    fn a_key_that_has_no_place_is_refused_unseen() {
        for line in [
            "canary = 1",
            "passwordfile = \"canary\"",
            "password.value = \"canary\"",
            "password = { value = \"canary\" }",
            "passkey-file = \"canary\"",
            "\"canary\" = \"x\"",
            "password-value = \"canary\"",
        ] {
            let error = refused(&format!("{CORP}password-env = \"X_Y\"\n{line}\n"));
            assert!(
                error.next_step().unwrap().contains("password-file"),
                "{line}"
            );
        }
    }

    #[test]
    fn what_is_no_toml_is_refused_by_its_line_alone() {
        for line in [
            "password: canary",
            "canary",
            "password-env = canary",
            "password-env = \"canary",
            "username = \"canary\"",
            "[canary",
            "password-env = \"canary\\q\"",
        ] {
            let error = refused(&format!("{CORP}{line}\n"));
            assert!(error.to_string().contains("line 3"), "{line}: {error}");
        }
    }

    #[test]
    fn a_value_is_text_and_not_empty() {
        for line in [
            "password-env = 1",
            "password-file = [\"canary\"]",
            "password-command = true",
            "password-file = \"\"",
            "password-file = \"-\"",
            "password-command = \"bin/canary x\"",
            "password-command = \"./canary\"",
        ] {
            refused(&format!("{CORP}{line}\n"));
        }
        refused("[\"https://a.test\"]\nusername = \" \"\npassword-env = \"X_Y\"\n");
        assert!(parse(&format!("{CORP}password-command = \"/bin/canary x\"\n")).is_ok());
    }

    #[test]
    fn a_table_has_one_user_and_one_place_for_each_secret() {
        for text in [
            "",
            "# canary",
            CORP,
            "[\"https://a.test\"]\npassword-env = \"X_Y\"\n",
            &format!("{CORP}totp-seed-env = \"X_Y\"\n"),
            &format!("{CORP}password-env = \"X_Y\"\npassword-file = \"canary\"\n"),
            &format!("{CORP}password-env = \"X_Y\"\npassword-env = \"canary\"\n"),
            &format!(
                "{CORP}password-env = \"X_Y\"\ntotp-seed-env = \"X_Y\"\ntotp-seed-file = \"canary\"\n"
            ),
        ] {
            refused(text);
        }
    }

    #[test]
    fn a_table_is_named_by_an_https_url_and_no_two_by_the_same() {
        for name in [
            "[canary]",
            "[\"canary\"]",
            "[\"http://a.test\"]",
            "[\"https://ci:canary@a.test\"]",
            "[\"https://a.test/?canary\"]",
            "[idp.canary]",
            "[[\"https://a.test\"]]",
        ] {
            refused(&format!(
                "{name}\nusername = \"ci\"\npassword-env = \"X_Y\"\n"
            ));
        }
        for same in [
            "https://idp.example/realms/corp/",
            "https://IDP.example:443/realms/%63orp",
        ] {
            let table = "username = \"ci\"\npassword-env = \"X_Y\"\n";
            refused(&format!(
                "{CORP}password-env = \"X_Y\"\n[\"{same}\"]\n{table}"
            ));
        }
    }

    #[test]
    fn a_file_is_read_up_to_a_limit_and_named_in_errors() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credentials.toml");
        let good = format!("{CORP}password-file = \"pw\"\n");
        let long = format!("{good}# {}\n", "x".repeat(64 << 10));

        fs::write(&path, &good).unwrap();
        let file = CredentialsFile::read(&path).unwrap();
        let place = format!("{:?}", file.entries()[0].password);
        assert!(place.contains(folder.path().to_str().unwrap()), "{place}");

        for content in [long.as_bytes(), b"\xff", b"canary"] {
            fs::write(&path, content).unwrap();
            let error = CredentialsFile::read(&path).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains("credentials.toml"), "{error}");
            assert!(!format!("{error:?}").contains("canary"), "{error:?}");
        }
        for path in [folder.path(), &folder.path().join("none")] {
            let error = CredentialsFile::read(path).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_credentials_file_that_others_can_write_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credentials.toml");
        fs::write(&path, format!("{CORP}password-file = \"pw\"\n")).unwrap();
        let read = |mode| {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            CredentialsFile::read(&path)
        };

        for mode in [0o600, 0o644, 0o444] {
            assert!(read(mode).is_ok(), "{mode:o}");
        }
        for mode in [0o666, 0o620, 0o602] {
            let error = read(mode).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{mode:o}");
            assert!(error.next_step().unwrap().contains("chmod go-w"));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_file_or_an_error(text in any::<String>()) {
            let _ = parse(&text);
            let _ = parse(&format!("{CORP}{text}"));
        }
    }
}
