//! The empty home folder in which a command is played: its variables, its files and its kubeconfig, all in memory.

use std::collections::HashMap;

use crate::kubeconfig::{Kubeconfig, Section};
use crate::kubectl::error::{ParseCommandError, Refusal, RefusedKubeconfig, refuse};
use crate::kubectl::files::{Files, HOME};
use crate::kubectl::literal;
use crate::kubectl::settings::Settings;
use crate::kubectl::statement::{Statement, Statements};
use crate::kubectl::words::{Bound, Word};
use crate::redact;

/// What the statements so far have made
#[derive(Debug)]
pub(super) struct Home {
    pub(super) settings: Settings,
    pub(super) files: Files,
    pub(super) origins: Origins,
    bound: Bound,
    /// From here on, foreign text may be part of a secret
    first_secret: usize,
}

impl Home {
    /// Plays the whole text; the kubeconfig, and where each of its fields was set
    pub(super) fn play(text: &str) -> Result<(Kubeconfig, Origins), ParseCommandError> {
        let mut home = Self {
            settings: Settings::default(),
            files: Files::default(),
            origins: Origins::default(),
            bound: Bound::default(),
            first_secret: usize::MAX,
        };
        home.bound.insert("HOME", HOME);
        home.origins.end = text.len();
        let mut statements = Statements::new(text)?;
        let mut played = 0;
        while let Some(statement) = statements.next(&home.bound)? {
            played += 1;
            if played > STATEMENTS {
                return refuse(Refusal::TooLong, statement.offset, "too many statements");
            }
            home.run(&statement)?;
        }
        let kubeconfig = home.settings.into_kubeconfig(&home.files).map_err(|_| {
            let construct = "more certificates than any portal gives";
            ParseCommandError::new(Refusal::TooLong, text.len(), construct)
        })?;
        Ok((kubeconfig, home.origins))
    }

    fn run(&mut self, statement: &Statement) -> Result<(), ParseCommandError> {
        if let Some(name) = &statement.binding {
            return self.bind(name, statement.offset);
        }
        let Some((program, arguments)) = statement.words.split_first() else {
            return Ok(());
        };
        if !program.quoted && KEYWORDS.contains(&program.text.as_str()) {
            return refuse(Refusal::Syntax, program.offset, "a keyword of the shell");
        }
        match program.text.as_str() {
            "echo" | "printf" | "cat" | "base64" => self.write(statement, program, arguments),
            "rm" | "mkdir" | "kubectl" => {
                nothing_redirected(statement)?;
                short_enough(arguments)?;
                match program.text.as_str() {
                    "rm" => self.remove(program.offset, arguments),
                    "mkdir" => self.make_folders(program.offset, arguments),
                    _ => self.kubectl(program.offset, arguments),
                }
            }
            name => {
                let construct = format!("the program {}", self.show(name, program.offset));
                Err(ParseCommandError::new(
                    Refusal::Program,
                    program.offset,
                    construct,
                ))
            }
        }
    }

    fn bind(&mut self, name: &str, offset: usize) -> Result<(), ParseCommandError> {
        let family = |start: &&str| name.starts_with(*start);
        if RESERVED.contains(&name) || RESERVED_FAMILIES.iter().any(family) {
            let construct = "an assignment to a variable that programs read";
            return refuse(Refusal::Syntax, offset, construct);
        }
        let key = self.files.make_temporary();
        self.bound.insert(name, &key);
        Ok(())
    }

    /// A literal that goes into one of the command's own files
    fn write(
        &mut self,
        statement: &Statement,
        program: &Word,
        arguments: &[Word],
    ) -> Result<(), ParseCommandError> {
        let offset = program.offset;
        self.secret_from(arguments.first().map_or(offset, |word| word.offset));
        if let Some(word) = arguments.iter().find(|word| word.text.contains('\0')) {
            return refuse(Refusal::OwnFile, word.offset, "a file's name as text");
        }
        let content = match (program.text.as_str(), arguments, &statement.document) {
            ("echo", _, None) => literal::echo(arguments)?,
            ("printf", _, None) => literal::printf(arguments, offset)?,
            ("cat", [], Some((_, text))) => text.clone().into_bytes(),
            ("base64", [decode], Some((at, text))) if DECODE.contains(&decode.text.as_str()) => {
                literal::decode(text.as_bytes(), *at)?
            }
            ("cat" | "base64", _, _) => {
                let construct = "a program that reads more than a here-document";
                return refuse(Refusal::Program, offset, construct);
            }
            (_, _, _) => {
                let construct = "a here-document that no `cat` reads";
                return refuse(Refusal::Redirection, offset, construct);
            }
        };
        let content = match statement.filter.as_deref() {
            None => content,
            Some([program, decode])
                if program.text == "base64" && DECODE.contains(&decode.text.as_str()) =>
            {
                literal::decode(&content, program.offset)?
            }
            Some(_) => {
                let construct = "a pipe to anything but `base64 -d`";
                return refuse(Refusal::Syntax, statement.pipe, construct);
            }
        };
        let Some(target) = &statement.target else {
            return refuse(Refusal::Redirection, offset, "output that goes to no file");
        };
        let Some(key) = Files::key(&target.text) else {
            let construct = "a redirection to a file that is not the command's own";
            return refuse(Refusal::Redirection, target.offset, construct);
        };
        match self.files.write(&key, content) {
            true => Ok(()),
            false => {
                let construct = "a redirection to where no file can be";
                refuse(Refusal::CommandFails, target.offset, construct)
            }
        }
    }

    fn remove(&mut self, offset: usize, arguments: &[Word]) -> Result<(), ParseCommandError> {
        let (force, arguments) = match arguments {
            [flag, rest @ ..] if flag.text == "-f" => (true, rest),
            all => (false, all),
        };
        if arguments.is_empty() {
            return refuse(Refusal::CommandFails, offset, "an `rm` of nothing");
        }
        for word in arguments {
            let key = Files::key(&word.text).filter(|key| self.files.knows(key));
            let Some(key) = key else {
                let construct = "an `rm` of a file that the command did not make";
                return refuse(Refusal::OwnFile, word.offset, construct);
            };
            if !self.files.remove(&key) && !force {
                let construct = "an `rm` of a file that is gone";
                return refuse(Refusal::CommandFails, word.offset, construct);
            }
        }
        Ok(())
    }

    fn make_folders(&mut self, offset: usize, arguments: &[Word]) -> Result<(), ParseCommandError> {
        let [parents, folders @ ..] = arguments else {
            return refuse(Refusal::CommandFails, offset, "a `mkdir` of nothing");
        };
        if parents.text != "-p" || folders.is_empty() {
            return refuse(
                Refusal::Program,
                offset,
                "a `mkdir` other than `mkdir -p FOLDER`",
            );
        }
        for word in folders {
            if !self.files.make_folder(&word.text) {
                let construct = "a folder that is not below `${HOME}/.kube/certs/`";
                return refuse(Refusal::OwnFile, word.offset, construct);
            }
        }
        Ok(())
    }

    fn kubectl(&mut self, offset: usize, arguments: &[Word]) -> Result<(), ParseCommandError> {
        if arguments.first().is_some_and(|word| word.text == "config") {
            // Whatever secret came before: here the portal's own text goes on.
            self.first_secret = usize::MAX;
        }
        for word in arguments {
            let name = word.text.split('=').next().unwrap_or_default();
            if SECRET_FLAGS.contains(&name.replace('_', "-").as_str()) {
                self.secret_from(word.offset);
            }
        }
        let (subcommand, rest) = match arguments {
            [config, subcommand, rest @ ..] if config.text == "config" => (subcommand, rest),
            [config, ..] if config.text != "config" => return Err(self.subcommand(config)),
            _ => {
                return refuse(
                    Refusal::Subcommand,
                    offset,
                    "a kubectl without a subcommand",
                );
            }
        };
        let at = subcommand.offset;
        match subcommand.text.as_str() {
            "delete-cluster" => self.delete(Section::Clusters, rest, at),
            "delete-context" => self.delete(Section::Contexts, rest, at),
            "delete-user" => self.delete(Section::Users, rest, at),
            "rename-context" => self.rename_context(rest, at),
            "set" => {
                self.secret_from(at);
                self.set_property(rest, at)
            }
            "set-cluster" => self.set_cluster(rest, at),
            "set-context" => self.set_context(rest, at),
            "set-credentials" => self.set_credentials(rest, at),
            "unset" => self.unset_property(rest, at),
            "use-context" | "use" => self.use_context(rest, at),
            _ => Err(self.subcommand(subcommand)),
        }
    }

    fn subcommand(&self, word: &Word) -> ParseCommandError {
        match word.text.starts_with('-') {
            true => self.unknown_flag(&word.text, word.offset),
            false => {
                let shown = self.show(&word.text, word.offset);
                let construct = format!("kubectl's subcommand {shown}");
                ParseCommandError::new(Refusal::Subcommand, word.offset, construct)
            }
        }
    }

    pub(super) fn unknown_flag(&self, flag: &str, offset: usize) -> ParseCommandError {
        let name = flag.split('=').next().unwrap_or_default();
        let construct = format!("the flag {}", self.show(name, offset));
        ParseCommandError::new(Refusal::Flag, offset, construct)
    }

    fn secret_from(&mut self, offset: usize) {
        self.first_secret = self.first_secret.min(offset);
    }

    /// A foreign word as it may stand in an error
    ///
    /// A token with a `;` in it that nobody quoted makes the shell take its rest for a program. So behind a secret only
    /// words are shown that everybody knows, until the next `kubectl config`.
    /// A flag that stands where a program should brings its value with it.
    fn show(&self, word: &str, offset: usize) -> String {
        let short = word.chars().nth(SHOWN).is_none() && !word.contains(['\0', '=']);
        match KNOWN.contains(&word) || (offset < self.first_secret && short) {
            true if word.is_empty() => "without a name".into(),
            true => format!("`{}`", redact::one_line(word)),
            false => "whose name is not shown".into(),
        }
    }
}

/// Where each field of the kubeconfig was set
#[derive(Debug, Default)]
pub(super) struct Origins {
    set: HashMap<(&'static str, String, &'static str), usize>,
    end: usize,
}

impl Origins {
    /// Remembers that `field` of the entry was set at `offset`; the empty field stands for the whole entry
    pub(super) fn mark(&mut self, section: Section, name: &str, field: &'static str, at: usize) {
        self.set
            .insert((section.plural(), name.to_owned(), field), at);
    }

    /// Where the field was set that is refused; the end of the text if none was
    pub(super) fn of(&self, refused: &RefusedKubeconfig) -> usize {
        let Some((section, name)) = refused.entry() else {
            return self.end;
        };
        let at = |field| self.set.get(&(section.plural(), name.to_owned(), field));
        let found = at(refused.field()).or_else(|| at(""));
        found.copied().unwrap_or(self.end)
    }
}

fn nothing_redirected(statement: &Statement) -> Result<(), ParseCommandError> {
    let redirected = match statement {
        Statement {
            filter: Some(_), ..
        } => Some((Refusal::Syntax, statement.pipe, "a pipe")),
        Statement {
            target: Some(target),
            ..
        } => Some((
            Refusal::Redirection,
            target.offset,
            "output that is redirected",
        )),
        Statement {
            document: Some((at, _)),
            ..
        } => Some((
            Refusal::Redirection,
            *at,
            "a here-document that no `cat` reads",
        )),
        _ => None,
    };
    match redirected {
        Some((refusal, offset, construct)) => refuse(refusal, offset, construct),
        None => Ok(()),
    }
}

/// The kernel starts no program with a longer one
fn short_enough(words: &[Word]) -> Result<(), ParseCommandError> {
    match words.iter().find(|word| word.text.len() >= WORD_LENGTH) {
        Some(word) => refuse(Refusal::TooLong, word.offset, "a word of 128 KiB"),
        None => Ok(()),
    }
}

const STATEMENTS: usize = 1000;

const WORD_LENGTH: usize = 128 << 10;

/// The longest name of a program or flag that an error quotes
const SHOWN: usize = 40;

const DECODE: &[&str] = &["-d", "--decode"];

const SECRET_FLAGS: &[&str] = &[
    "--auth-provider-arg",
    "--client-certificate",
    "--client-key",
    "--exec-arg",
    "--exec-env",
    "--password",
    "--token",
    "--username",
];

/// Words of which no secret is made
#[rustfmt::skip]
const KNOWN: &[&str] = &[
    "apply", "apt", "awk", "aws", "az", "base64", "bash", "brew", "cd", "chmod", "cp", "curl",
    "current-context", "dash", "declare", "env", "eval", "exec", "exit", "export", "gcloud", "get",
    "get-clusters", "get-contexts", "get-users", "helm", "kubelogin", "ls", "mkdir", "mktemp", "mv", "oc",
    "openssl", "perl", "python", "python3", "read", "set", "sh", "source", "sudo", "tee", "test", "touch",
    "trap", "unset", "version", "view", "wget", "zsh", "--as", "--cache-dir", "--certificate-authority",
    "--client-certificate", "--client-key", "--cluster", "--context", "--help", "--insecure-skip-tls-verify",
    "--kubeconfig", "--namespace", "--request-timeout", "--server", "--token", "--user", "-h", "-n", "-s",
    "-v",
];

/// What the shell takes for more than a command's name
#[rustfmt::skip]
const KEYWORDS: &[&str] = &[
    "!", "[[", "]]", "case", "coproc", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if",
    "in", "select", "then", "time", "until", "while",
];

/// Variables that bash or the programs take for settings
#[rustfmt::skip]
const RESERVED: &[&str] = &[
    "CDPATH", "COLUMNS", "COMPREPLY", "COPROC", "DIRSTACK", "ENV", "EUID", "EXECIGNORE", "FCEDIT", "FIGNORE",
    "FUNCNAME", "FUNCNEST", "GLOBIGNORE", "GODEBUG", "GOGC", "GOMAXPROCS", "GOMEMLIMIT", "GORACE",
    "GOTRACEBACK", "GROUPS", "HOME", "HOSTFILE", "HOSTNAME", "HOSTTYPE", "IFS", "IGNOREEOF", "INPUTRC",
    "KUBECACHEDIR", "KUBECONFIG", "KUBE_EDITOR", "LINENO", "LINES", "LOCPATH", "LOGNAME", "MACHTYPE", "MAIL",
    "MAILCHECK", "MAILPATH", "MAPFILE", "NLSPATH", "OLDPWD", "OPTARG", "OPTERR", "OPTIND", "OSTYPE", "PATH",
    "PIPESTATUS", "PPID", "PROMPT_COMMAND", "PROMPT_DIRTRIM", "PS0", "PS1", "PS2", "PS3", "PS4", "PWD",
    "RANDOM", "REPLY", "SECONDS", "SHELL", "SHELLOPTS", "SHLVL", "SRANDOM", "TERM", "TIMEFORMAT", "TMOUT",
    "TMPDIR", "TZ", "UID", "USER", "_",
];

/// How whole families of such variables begin
#[rustfmt::skip]
const RESERVED_FAMILIES: &[&str] = &[
    "BASH", "COMP_", "DYLD_", "EPOCH", "GCONV_", "GLIBC_", "HIST", "KUBECTL", "KUBERNETES", "KUBE_FEATURE",
    "KUBE_LOG", "LANG", "LC_", "LD_", "MALLOC_", "POSIX", "READLINE_", "SSL_", "XDG_",
];
