//! A provider that shows the password which it refuses.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use doorward::{Credentials, Secret, Walk};
use doorward_testkit::{
    Answer, Ask, CodeRequest, IdpDouble, Person, RelyingParty, SignOn, Testbed, World,
};

type Spell = fn(&str) -> String;

/// Ways in which a page may write a text
pub(crate) const SPELLINGS: [Spell; 7] = [
    |text| {
        text.chars()
            .map(|sign| format!("&#{};", u32::from(sign)))
            .collect()
    },
    |text| {
        text.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('"', "&quot;")
    },
    |text| {
        format!(
            "<a href='?x={}'>x</a>",
            url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>()
        )
    },
    |text| {
        format!(
            "<script>var x = {};</script>",
            serde_json::Value::from(text)
        )
    },
    |text| {
        format!(
            "<script>var x = {};</script>",
            serde_json::Value::from(text)
                .to_string()
                .replace('<', "\\u003c")
                .replace('&', "\\u0026")
        )
    },
    |text| text.to_owned(),
    |text| format!("<a href='?x={}'>x</a>", twice(text)),
];

/// Ways in which a page may pack it
pub(crate) const PACKINGS: [Spell; 4] = [
    |text| STANDARD.encode(format!("user=x&password={text}")),
    |text| URL_SAFE_NO_PAD.encode(format!("{{\"p\":\"{text}\"}}")),
    |text| text.bytes().map(|byte| format!("{byte:02x}")).collect(),
    |text| STANDARD.encode(STANDARD.encode(text)),
];

/// Ways in which no page writes a text, which the recorder cannot undo
pub(crate) const RIDDLES: [Spell; 2] = [
    |text| twice(&twice(text)),
    |text| {
        text.chars()
            .map(|sign| format!("\\u{:04x}", u32::from(sign)))
            .collect()
    },
];

fn twice(text: &str) -> String {
    let encode =
        |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    encode(&encode(text))
}

pub(crate) struct Echo {
    spell: Spell,
    has_door: bool,
}

impl Echo {
    pub(crate) fn new(spell: Spell) -> Self {
        Self {
            spell,
            has_door: false,
        }
    }

    /// The login begins at another host, whose cookie the form wants to see
    pub(crate) fn with_a_door(mut self) -> Self {
        self.has_door = true;
        self
    }
}

impl IdpDouble for Echo {
    fn sites(&self) -> Vec<String> {
        vec![SITE.to_owned(), DOOR.to_owned()]
    }

    fn register(&mut self, _: &RelyingParty, world: &World) -> SignOn {
        let site = if self.has_door { DOOR } else { SITE };
        SignOn::Oidc {
            authorize: format!("{}/login", world.origin(site)),
            s256: false,
        }
    }

    fn answer(&mut self, ask: &Ask, world: &World) -> Answer {
        if ask.site() == DOOR {
            let form = format!("{}/login", world.origin(SITE));
            let cookie = "door=0123456789abcdef; Domain=echo.test; Path=/; Secure";
            return Answer::redirect(form).cookie(cookie);
        }
        if self.has_door && ask.cookie("door") != Some("0123456789abcdef") {
            return Answer::html(400, "<p>No cookie of the door</p>");
        }
        let said = match ask.field("password") {
            Some(password) => format!(
                "<p>You said {}, which is wrong.</p>",
                (self.spell)(&password)
            ),
            None => String::new(),
        };
        let form = r#"<form method="post" action="/login"><input name="username"><input type="password" name="password"><button>Log in</button></form>"#;
        Answer::html(200, format!("{said}{form}"))
    }

    fn redeem(&mut self, _: &CodeRequest, _: &World) -> Option<Person> {
        None
    }

    fn read_assertion(&mut self, _: &str, _: &World) -> Option<Person> {
        None
    }
}

pub(crate) fn bed(echo: Echo) -> Testbed {
    Testbed::builder()
        .idp_double(Box::new(echo))
        .start()
        .unwrap()
}

pub(crate) fn walk(bed: &Testbed, password: &str) -> Walk {
    let credentials = Credentials::new("amy", Secret::new(password)).unwrap();
    let walk = Walk::new()
        .network(bed.network().unwrap())
        .credentials(credentials);
    walk.idp_url(&bed.url(SITE)).unwrap()
}

const SITE: &str = "login.echo.test";

const DOOR: &str = "door.echo.test";

pub(crate) const WRONG: &str = "wr&ng <pass\"word";
