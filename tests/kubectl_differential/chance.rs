//! Random commands and pieces of shell text.

use std::env;
use std::fmt::Write as _;

/// Seeded, so that a failure comes again
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new() -> Self {
        let seed = env::var("DOORWARD_SEED").ok();
        Self(seed.and_then(|n| n.parse().ok()).unwrap_or(0x5eed))
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % (limit as u64)).unwrap()
    }

    fn one<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[self.below(of.len())]
    }

    fn often(&mut self) -> bool {
        self.below(3) > 0
    }
}

/// A command that sets this and that; most of them are complete
pub(crate) fn random_command(dice: &mut Dice) -> String {
    let mut text = String::from("A=$(mktemp) && echo -e 'one\\ntwo' > $A; B=$(mktemp)\n");
    text.push_str("export C=$(mktemp); printf 'x%%\\x41' > \"$C\"\n");
    let mut statements = Vec::new();
    for _ in 0..2 + dice.below(4) {
        statements.push(random_statement(dice));
    }
    statements.push(format!(
        "kubectl config set-credentials {}",
        quoted("me", dice)
    ));
    statements.push("kubectl config set-cluster fin --server=https://fin".into());
    statements.push("kubectl config set-context 'fin' --cluster=fin --user=me".into());
    statements.push("kubectl config use-context fin".into());
    if dice.often() {
        statements.push("rm -f $A ${B}".into());
    }
    for statement in statements {
        text.push_str(&statement);
        text.push_str(dice.one(SEPARATORS));
    }
    text.push_str("kubectl config set-context fin --namespace=n\n");
    text
}

fn random_statement(dice: &mut Dice) -> String {
    let name = random_name(dice);
    let other = random_name(dice);
    let (subcommand, positional, flags): (&str, Vec<String>, &[Flag]) = match dice.below(10) {
        0..3 => ("set-cluster", vec![name], CLUSTER_FLAGS),
        3..6 => ("set-credentials", vec![name], USER_FLAGS),
        6..8 => ("set-context", vec![name], CONTEXT_FLAGS),
        8 => match dice.below(6) {
            0 => ("rename-context", vec!["fin".into(), other], &[]),
            1 => ("unset", vec![random_path(dice)], &[]),
            _ => {
                let value = quoted(dice.one(VALUES), dice);
                ("set", vec![random_path(dice), value], SET_FLAGS)
            }
        },
        _ => {
            let make = format!("kubectl config set-cluster {name} --server=https://x; ");
            return format!("{make}kubectl config delete-cluster {name}");
        }
    };
    let mut words = positional;
    if subcommand == "set-cluster" && dice.often() {
        words.push("--server https://s".into());
    }
    for _ in 0..dice.below(5) {
        let Some(Flag(flag, values)) = flags.get(dice.below(flags.len().max(1))) else {
            break;
        };
        let value = dice.one(values);
        let flag = match dice.below(8) {
            0 => flag.replace('-', "_").replacen("__", "--", 1),
            _ => (*flag).to_owned(),
        };
        let switch = SWITCHES.contains(&flag.replace('_', "-").as_str());
        let value = match value.starts_with('$') {
            true => value.to_owned(),
            false if value == NO_VALUE => value.to_owned(),
            false => quoted(value, dice),
        };
        let word = match dice.below(2) {
            _ if value == NO_VALUE => flag,
            1 if !switch => format!("{flag} {value}"),
            _ => format!("{flag}={value}"),
        };
        words.insert(
            dice.below(words.len() + 1)
                .max(usize::from(subcommand == "set")),
            word,
        );
    }
    format!(
        "kubectl config {subcommand} {}",
        words.join(dice.one(&[" ", "  ", " \\\n\t"]))
    )
}

fn random_name(dice: &mut Dice) -> String {
    let name = dice.one(NAMES);
    quoted(name, dice)
}

fn random_path(dice: &mut Dice) -> String {
    let name = dice.one(&["fin", "me", "a.b", "10.0.0.1", "x", "user.x"]);
    let path = match dice.below(8) {
        0 => format!("{}.{name}", dice.one(&["clusters", "users", "contexts"])),
        1 => dice
            .one(&["current-context", "users", "preferences", "clusters"])
            .to_owned(),
        2 | 3 => format!(
            "contexts.{name}.{}",
            dice.one(&["cluster", "user", "namespace"])
        ),
        4 | 5 => {
            let field = dice.one(&[
                "server",
                "certificate-authority-data",
                "insecure-skip-tls-verify",
                "disable-compression",
                "tls-server-name",
            ]);
            format!("clusters.{name}.{field}")
        }
        _ => {
            let field = dice.one(&[
                "token",
                "username",
                "act-as",
                "act-as-uid",
                "exec",
                "client-key-data",
            ]);
            format!("users.{name}.{field}")
        }
    };
    quoted(&path, dice)
}

/// `value`, quoted in one of the ways of the shell
fn quoted(value: &str, dice: &mut Dice) -> String {
    let mut text = String::new();
    let whole = dice.below(4);
    let bare = |c: char| c.is_ascii_alphanumeric() || "._-/:=,@+%".contains(c);
    if whole == 0 && !value.is_empty() && value.chars().all(bare) {
        return value.to_owned();
    }
    for c in value.chars() {
        let way = if whole == 3 { dice.below(3) } else { whole };
        match (way, c) {
            (_, '\'') => text.push_str("\"'\""),
            (2, '$' | '`' | '"' | '\\') => write!(text, "\"\\{c}\"").unwrap(),
            (2, _) => write!(text, "\"{c}\"").unwrap(),
            (1, _) if c != '\n' => write!(text, "\\{c}").unwrap(),
            _ => write!(text, "'{c}'").unwrap(),
        }
    }
    match value.is_empty() {
        true => "''".into(),
        false => text.replace("''", ""),
    }
}

/// Shell text with all that quoting does, and with much that is refused
pub(crate) fn random_fragment(dice: &mut Dice) -> String {
    let length = 1 + dice.below(8);
    (0..length).map(|_| dice.one(FRAGMENTS)).collect()
}

pub(crate) fn random_literal(dice: &mut Dice) -> String {
    let escapes: String = (0..1 + dice.below(6)).map(|_| dice.one(ESCAPES)).collect();
    let program = dice.one(&[
        "echo -e",
        "echo",
        "echo -ne",
        "echo -e -E",
        "echo -x",
        "printf",
        "printf --",
        "printf '%s'",
        "printf '%s\\n' b",
    ]);
    format!("{program} {escapes}")
}

/// Statements and operators in any order, in a home with the temporary file `$F`
pub(crate) fn random_structure(dice: &mut Dice) -> String {
    let length = 2 + dice.below(8);
    let glue = dice.one(&["", " "]);
    let pieces: Vec<&str> = (0..length).map(|_| dice.one(STRUCTURE)).collect();
    pieces.join(glue)
}

/// A flag's name and what may stand behind it
struct Flag(&'static str, &'static [&'static str]);

#[rustfmt::skip]
const SEPARATORS: &[&str] = &[
    " && ",
    "; ",
    "\n",
    " &&\n\n\t",
    "\\\n&& ",
    " # note\n",
    ";\n# '\n",
    "&&",
];

#[rustfmt::skip]
const NAMES: &[&str] = &[
    "fin", "me", "x", "a.b", "10.0.0.1", "x y", "ünï ☃", "it's", "q\"q", "semi;colon", "$HOME", "back\\slash",
    "a=b", "server", "#hash", "~tilde", "{b,c}", "*glob*", "100%", "user@dev", "a&b|c<d>e(f)", "`id`",
    "!bang", "true", "null", "1e3", "- x", "a: b", "yes", "0x10", "é", "[x]", "a,b", "~",
];

#[rustfmt::skip]
const SWITCHES: &[&str] = &[
    "--current",
    "--embed-certs",
    "--exec-provide-cluster-info",
    "--insecure-skip-tls-verify",
    "--set-raw-bytes",
];

/// A switch alone
const NO_VALUE: &str = "<none>";

const CLUSTER_FLAGS: &[Flag] = &[
    Flag(
        "--server",
        &[
            "https://a",
            "http://b.example.com:8080/path",
            "https://[::1]:6443",
            "HTTPS://c",
            "https://d/~x?y*#[z]",
        ],
    ),
    Flag(
        "--certificate-authority",
        &["$A", "${B}", "\"$C\"", "/dev/null", "/etc/hosts"],
    ),
    Flag("--embed-certs", &[NO_VALUE, "true", "false", "T", "0"]),
    Flag("--insecure-skip-tls-verify", &[NO_VALUE, "true", "false"]),
    Flag("--tls-server-name", &["name", ""]),
    Flag("--proxy-url", &["http://proxy:3128", ""]),
];

const USER_FLAGS: &[Flag] = &[
    Flag("--token", &["a.b.c", "", "-----", "t;$`'\"\\"]),
    Flag("--username", &["u", ""]),
    Flag("--password", &["p w", "", "é"]),
    Flag("--client-certificate", &["$A", "/dev/null"]),
    Flag("--client-key", &["$C", "$B"]),
    Flag("--embed-certs", &[NO_VALUE, "false", "f"]),
    Flag("--auth-provider", &["gcp", "azure"]),
    Flag(
        "--auth-provider-arg",
        &[
            "a=b",
            "a=b=c",
            "c=1,d=2",
            "a-",
            "e=",
            "\"q=x,\"\"y\"",
            "k=-",
        ],
    ),
    Flag("--exec-command", &["plugin", "/opt/plug in"]),
    Flag(
        "--exec-api-version",
        &[
            "client.authentication.k8s.io/v1beta1",
            "client.authentication.k8s.io/v1",
        ],
    ),
    Flag("--exec-arg", &["a", "a,b", "", "\"x,y\"", "--flag=1"]),
    Flag("--exec-env", &["A=1", "B=x,y", "A-", "C=", "A=\"2\""]),
    Flag(
        "--exec-interactive-mode",
        &["Never", "Always", "IfAvailable"],
    ),
    Flag("--exec-provide-cluster-info", &[NO_VALUE, "false"]),
];

const CONTEXT_FLAGS: &[Flag] = &[
    Flag("--cluster", &["fin", "x y", ""]),
    Flag("--user", &["me", "ünï ☃", ""]),
    Flag("--namespace", &["default", ""]),
    Flag("--current", &["false", "0"]),
];

const SET_FLAGS: &[Flag] = &[Flag("--set-raw-bytes", &[NO_VALUE, "false", "true"])];

#[rustfmt::skip]
const VALUES: &[&str] = &[
    "fin", "me", "true", "YWJj", "https://x", "a b", "0", "YR==", "YQ",
];

#[rustfmt::skip]
const FRAGMENTS: &[&str] = &[
    "a", "B9", "é", "☃", " ", "\\", "\\\\", "\\\"", "\\'", "\\$", "\\`", "\\n", "\\\n", "\\a", "\\ ", "\\;",
    "\\&", "\\#", "'", "''", "'x'", "'$x'", "'\\'", "'\"'", "' '", "'\n'", "\"", "\"\"", "\"x\"", "\"'\"",
    "\"\\\"\"", "\"\\\\\"", "\"\\$\"", "\"\\n\"", "\"\\\n\"", "\"$\"", "\"$ \"", "\"!\"", "\"\\!\"", "\"*\"",
    "\"~\"", "\"#\"", "\"\\`\"", "\"{a,b}\"", "\"$%\"", "$", "$ ", "$.", "$%", "$'a'", "$\"a\"", "$x", "${x}",
    "$1", "$$", "$(x)", "`", "#", " #", "~", "=~", ":~", "a~", "!", "*", "?", "[", "]", "{", "}", "{a,b}",
    "^", "%", "@", "+", ",", ".", "/", ":", "=", "-", "_", ";", "&", "|", "<", ">", "(", ")", "\n", "\t",
    "1>", "\"$'\"", "\\\t", "\\é", "\"\\é\"", "\"\\a\"",
];

#[rustfmt::skip]
const ESCAPES: &[&str] = &[
    "'\\n'", "'\\\\'", "'\\t'", "'\\a\\b\\e\\E\\f\\r\\v'", "'\\0'", "'\\012'", "'\\0101'", "'\\07777'",
    "'\\777'", "'\\1'", "'\\8'", "'\\x41'", "'\\x4'", "'\\xfff'", "'\\x'", "'\\q'", "'\\'", "'\\\"'",
    "'\\'\\'''", "'\\?'", "'\\c'", "'\\u0041'", "'%'", "'%%'", "'%s'", "'%d'", "a", " b", "\"x y\"", "' '",
    "\\ ", "é", "-n", " -e", "-----BEGIN", "'\n'", "\\\\n", "'\\%'", "'\\%%'", "''", "'\\xg'", "'\\09'",
];

#[rustfmt::skip]
const STRUCTURE: &[&str] = &[
    "kubectl config set-context x", "kubectl config set-context y;", "kubectl config set-context z\n", "echo a", "echo b > $F",
    "echo -n 'c;d' >$F;", "printf e", "cat", "cat << EOF > $F\nf\nEOF\n", "cat > $F << 'E'\n$f\nE\n", "<< EOF", "<<-EOF", "\nEOF\n", "\n\tEOF\n",
    "EOF", "| base64 -d", "echo YQ== | base64 -d > $F", "> $F", "> f", ">f;", "> \"$F\"", "> $HOME/.kube/certs/d/f", "mkdir -p $HOME/.kube/certs/d",
    "mkdir -p ${HOME}/.kube/certs/d/;", "rm $F", "rm f", "rm -f f;", "rm $HOME/.kube/certs/d/f", "F=$(mktemp)", "export F=$(mktemp);", "&&", " && ",
    ";", "\n", "\n\n", "\\\n", "# c", " # c\n", "#", "|", ">", "<<", "&", "\t", "\\", "'", "\"", "x",
    "export", "F=", "$F", "$", "true", "!",
];
