//! From the tree to plain data: what is kept of a page when its tree is gone.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::time::Duration;

use encoding_rs::{Encoding, UTF_8};
use html5ever::ns;
use scraper::{ElementRef, Node};
use url::Url;

use crate::page::control::BodyEncoding;
use crate::page::form::Form;
use crate::page::html::Tree;
use crate::page::{field, query, refresh};
use crate::redact;

/// What a page holds, in plain data
#[derive(Default)]
pub(super) struct Document {
    pub(super) forms: Vec<Form>,
    pub(super) links: Vec<Link>,
    pub(super) scripts: Vec<String>,
    /// Where the page sends its reader, and after how long
    pub(super) refresh: Option<(Duration, Url)>,
}

impl Document {
    /// Reads the page that came from `url`
    pub(super) fn read(tree: &Tree, url: &Url, charset: &'static Encoding) -> Self {
        let reader = Reader::new(tree, url, charset);
        Self {
            forms: reader.forms(),
            links: reader.links(),
            scripts: reader.scripts(),
            refresh: reader.refresh(),
        }
    }
}

/// A link of a [`Page`](crate::Page), to an address of scheme `http` or `https`
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct Link {
    /// Where it goes, absolute
    pub url: Url,
    /// What stands on it, in one line of limited length
    pub text: String,
    /// The `id` attribute
    pub id: Option<String>,
}

impl Link {
    /// The first parameter of that name in the address, decoded once
    pub fn query(&self, name: &str) -> Option<String> {
        query(&self.url, name)
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("host", &self.url.host_str().unwrap_or_default())
            .field("path", &redact::path(self.url.path()))
            .field("id", &self.id.as_deref().map(redact::one_line))
            .finish_non_exhaustive()
    }
}

/// A page's elements in tree order, and what they refer to
pub(super) struct Reader<'a> {
    tree: &'a Tree,
    elements: Vec<ElementRef<'a>>,
    ids: HashMap<&'a str, ElementRef<'a>>,
    labels: HashMap<&'a str, ElementRef<'a>>,
    /// The page's own address, without a fragment
    document: Url,
    base: Url,
    charset: &'static Encoding,
}

impl<'a> Reader<'a> {
    fn new(tree: &'a Tree, url: &Url, charset: &'static Encoding) -> Self {
        let elements = elements(tree);
        let mut ids = HashMap::new();
        let mut labels = HashMap::new();
        for element in &elements {
            if let Some(id) = attribute(*element, "id") {
                ids.entry(id).or_insert(*element);
            }
            if let Some(id) = attribute(*element, "for").filter(|_| is(*element, "label")) {
                labels.entry(id).or_insert(*element);
            }
        }
        let mut document = url.clone();
        document.set_fragment(None);
        Self {
            base: base(&elements, &document),
            tree,
            elements,
            ids,
            labels,
            document,
            charset,
        }
    }

    /// The address that a form or a button names; the page's own where it names none
    pub(super) fn action(&self, text: &str) -> Option<Url> {
        match text.trim_matches(|c: char| c.is_ascii_whitespace()) {
            "" => Some(self.document.clone()),
            text => self.base.join(text).ok(),
        }
    }

    /// The text of the label that names a control or stands around it
    pub(super) fn label(&self, control: ElementRef<'a>) -> Option<String> {
        let named = attribute(control, "id").and_then(|id| self.labels.get(id).copied());
        let around = || ancestors(control).find(|ancestor| is(*ancestor, "label"));
        let label = named.or_else(around).map(|label| line(label));
        let own = attribute(control, "aria-label").map(redact::one_line);
        label.or(own).filter(|label| !label.is_empty())
    }

    fn forms(&self) -> Vec<Form> {
        let mut forms = Vec::new();
        let mut places = HashMap::new();
        for element in self.of("form") {
            // A dialog's form is closed, never sent.
            let is_dialog = attribute(element, "method")
                .is_some_and(|method| method.eq_ignore_ascii_case("dialog"));
            let action = self.action(attribute(element, "action").unwrap_or_default());
            if let Some(action) = action.filter(|_| !is_dialog) {
                places.insert(element.id(), forms.len());
                forms.push(self.empty_form(element, action));
            }
        }
        for element in &self.elements {
            let Some(control) = field::read(self, *element) else {
                continue;
            };
            let place = self
                .owner(*element)
                .and_then(|owner| places.get(&owner.id()));
            if let Some(form) = place.and_then(|place| forms.get_mut(*place)) {
                form.controls.push(control);
            }
        }
        forms
    }

    fn empty_form(&self, element: ElementRef<'_>, action: Url) -> Form {
        let method = attribute(element, "method").unwrap_or_default();
        let text = |name| attribute(element, name).map(str::to_owned);
        let mut form = Form::new(action, method.eq_ignore_ascii_case("post"));
        form.encoding = BodyEncoding::parse(attribute(element, "enctype").unwrap_or_default());
        form.charset = match attribute(element, "accept-charset") {
            Some(labels) => first_charset(labels).unwrap_or(UTF_8),
            None => self.charset,
        }
        .output_encoding();
        form.id = text("id");
        form.name = text("name");
        form
    }

    /// The form that a control belongs to
    ///
    /// Source: <https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#form-owner>
    fn owner(&self, control: ElementRef<'a>) -> Option<ElementRef<'a>> {
        if let Some(id) = attribute(control, "form") {
            return self.ids.get(id).copied().filter(|owner| is(*owner, "form"));
        }
        let parsers = self.tree.owners.get(&control.id());
        let parsers = parsers.and_then(|owner| self.tree.html.tree.get(*owner));
        parsers
            .and_then(ElementRef::wrap)
            .or_else(|| ancestors(control).find(|ancestor| is(*ancestor, "form")))
    }

    fn links(&self) -> Vec<Link> {
        let mut links = Vec::new();
        let mut size = 0;
        for element in self.of("a") {
            let url = attribute(element, "href").and_then(|href| self.base.join(href).ok());
            let Some(url) = url.filter(|url| matches!(url.scheme(), "http" | "https")) else {
                continue;
            };
            // A parser may repeat an open `a` for each paragraph.
            size += url.as_str().len() + LINK;
            if size > LINKS {
                break;
            }
            links.push(Link {
                url,
                text: line(element),
                id: attribute(element, "id").map(str::to_owned),
            });
        }
        links
    }

    fn scripts(&self) -> Vec<String> {
        self.of("script")
            .filter(|script| attribute(*script, "src").is_none())
            .map(|script| script.text().collect::<String>())
            .filter(|script| !script.trim().is_empty())
            .collect()
    }

    fn refresh(&self) -> Option<(Duration, Url)> {
        self.of("meta")
            .filter(|meta| {
                attribute(*meta, "http-equiv")
                    .is_some_and(|pragma| pragma.eq_ignore_ascii_case("refresh"))
            })
            .find_map(|meta| {
                refresh_target(attribute(meta, "content")?, &self.base, &self.document)
            })
    }

    fn of(&self, name: &'static str) -> impl Iterator<Item = ElementRef<'a>> {
        let elements = self.elements.iter().copied();
        elements.filter(move |element| is(*element, name))
    }
}

/// After how long, and for where, a refresh leaves the page at `document`
pub(super) fn refresh_target(text: &str, base: &Url, document: &Url) -> Option<(Duration, Url)> {
    let (delay, target) = refresh::parse(text)?;
    let url = match target {
        Some(target) => base.join(target).ok()?,
        None => document.clone(),
    };
    Some((delay, url))
}

/// The elements in tree order, but for what is inside a `template`
fn elements(tree: &Tree) -> Vec<ElementRef<'_>> {
    let mut inert = HashSet::new();
    let mut elements = Vec::new();
    for node in tree.html.tree.root().descendants() {
        let is_inert = node
            .parent()
            .is_some_and(|parent| inert.contains(&parent.id()));
        if is_inert || node.value().is_fragment() {
            inert.insert(node.id());
        } else {
            elements.extend(ElementRef::wrap(node));
        }
    }
    elements
}

/// Source: <https://html.spec.whatwg.org/multipage/semantics.html#the-base-element>
fn base(elements: &[ElementRef<'_>], document: &Url) -> Url {
    elements
        .iter()
        .filter(|element| is(**element, "base"))
        .find_map(|element| attribute(*element, "href"))
        .and_then(|href| document.join(href).ok())
        .filter(|base| !matches!(base.scheme(), "data" | "javascript"))
        .unwrap_or_else(|| document.clone())
}

fn first_charset(labels: &str) -> Option<&'static Encoding> {
    let mut labels = labels.split_ascii_whitespace();
    labels.find_map(|label| Encoding::for_label(label.as_bytes()))
}

/// Whether it is an HTML element of that name
pub(super) fn is(element: ElementRef<'_>, name: &str) -> bool {
    element.value().name() == name && element.value().name.ns == ns!(html)
}

pub(super) fn attribute<'a>(element: ElementRef<'a>, name: &str) -> Option<&'a str> {
    element.value().attr(name)
}

pub(super) fn ancestors(element: ElementRef<'_>) -> impl Iterator<Item = ElementRef<'_>> {
    let nodes = element.ancestors();
    nodes.filter_map(ElementRef::wrap)
}

/// The text of a label, a link or a button: one line
pub(super) fn line(element: ElementRef<'_>) -> String {
    redact::one_line(&text(element, LINE, LINE_NODES))
}

/// The text under an element as its reader sees it, blanks folded
///
/// It ends after `limit` bytes, blanks counted, or after `nodes` elements and texts.
pub(super) fn text(element: ElementRef<'_>, limit: usize, nodes: usize) -> String {
    let mut unseen = HashSet::new();
    let mut text = String::new();
    for node in element.descendants().take(nodes) {
        if text.len() >= limit {
            break;
        }
        let is_unseen = node
            .parent()
            .is_some_and(|parent| unseen.contains(&parent.id()));
        match node.value() {
            _ if is_unseen => drop(unseen.insert(node.id())),
            Node::Text(own) => {
                let room = limit - text.len();
                let end = (0..=room.min(own.len()))
                    .rev()
                    .find(|end| own.is_char_boundary(*end));
                text.push_str(own.get(..end.unwrap_or_default()).unwrap_or_default());
            }
            Node::Fragment => drop(unseen.insert(node.id())),
            // Asked for by itself, a script's text is what is wanted.
            Node::Element(_) if node.id() == element.id() => {}
            Node::Element(own) if UNSEEN.contains(&own.name()) => {
                unseen.insert(node.id());
            }
            Node::Element(own) if BLOCKS.contains(&own.name()) => text.push(' '),
            _ => {}
        }
    }
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ")
}

const UNSEEN: [&str; 4] = ["script", "style", "template", "noscript"];

/// Elements that begin a line, so that the words before and after are two
const BLOCKS: [&str; 14] = [
    "br", "dd", "div", "dt", "h1", "h2", "h3", "h4", "label", "li", "p", "td", "th", "tr",
];

/// How much of a page is looked at for one line: one label may stand around many controls
const LINE: usize = 4096;
const LINE_NODES: usize = 200;

/// How much all links may hold, and what each costs besides its address
const LINKS: usize = 1 << 20;
const LINK: usize = 512;

#[cfg(test)]
mod tests {
    use crate::page::encode::sent;
    use crate::{Form, Page};

    fn page(html: &str) -> Page {
        Page::html("https://idp.example/a/b?c=d#e", html).unwrap()
    }

    fn names(form: &Form) -> Vec<&str> {
        form.fields().map(|field| field.name).collect()
    }

    #[test]
    fn a_form_around_table_rows_keeps_its_fields() {
        let page = page(
            "<table><form method=post><tr><td><input name=a></td></tr><tr><td><input name=b type=password></form></table><input name=c>",
        );

        assert_eq!(names(&page.forms()[0]), ["a", "b"]);
    }

    #[test]
    fn a_form_attribute_moves_a_control() {
        let page = page(
            "<input name=a form=two><form id=one><input name=b><input name=c form=two><input name=d form=none><input name=e form></form>
             <form id=two><button name=f form=one>x</button></form><div id=three></div><form id=three><input name=g form=three></form>",
        );

        assert_eq!(names(&page.forms()[0]), ["b", "f"]);
        assert_eq!(names(&page.forms()[1]), ["a", "c"]);
        assert_eq!(names(&page.forms()[2]), [""; 0]);
    }

    #[test]
    fn a_form_inside_a_form_is_none() {
        let page =
            page("<form id=a><input name=a><form id=b><input name=b></form><input name=c></form>");

        assert_eq!(page.forms().len(), 1);
        assert_eq!(names(&page.forms()[0]), ["a", "b"]);
    }

    #[test]
    fn what_stands_in_a_template_is_inert() {
        let page = page(
            "<template><form><input name=a></form><a href=/x>x</a><script>1</script><base href=/base/></template>
             <form><template><input name=b></template><input name=c></form>",
        );

        assert_eq!(page.forms().len(), 1);
        assert_eq!(names(&page.forms()[0]), ["c"]);
        assert!(page.links().is_empty() && page.scripts().is_empty());
    }

    #[test]
    fn a_form_that_goes_nowhere_is_none() {
        assert!(
            page("<form method=dialog><input name=a></form>")
                .forms()
                .is_empty()
        );
        assert!(
            page("<form action='https://['><input name=a></form>")
                .forms()
                .is_empty()
        );
    }

    #[test]
    fn an_action_that_is_no_web_address_stays_what_it_is() {
        for action in ["javascript:go()", "mailto:a@b.c", "data:text/html,x"] {
            let page = page(&format!("<form action='{action}'><input name=a value=1>"));
            let form = &page.forms()[0];
            assert_eq!(form.action().as_str(), action);
            form.encode();
        }
    }

    #[test]
    fn forms_are_known_by_id_and_name() {
        let page = page("<form id=i name=n></form><form></form>");

        assert_eq!(
            (page.forms()[0].id(), page.forms()[0].name()),
            (Some("i"), Some("n"))
        );
        assert_eq!((page.forms()[1].id(), page.forms()[1].name()), (None, None));
    }

    #[test]
    fn links_are_absolute_and_of_the_web() {
        let page = page(
            "<a href='x?y=1&amp;z=2' id=i> Sign
               <b>in</b></a><a name=x>no</a><a href='javascript:x'>no</a><a href=mailto:a@b>no</a><a href=//h.example/>yes</a>
             <svg><a href=/svg>no</a></svg>",
        );

        let links: Vec<_> = page
            .links()
            .iter()
            .map(|link| (link.url.as_str(), &*link.text, link.id.as_deref()))
            .collect();
        assert_eq!(
            links,
            [
                ("https://idp.example/a/x?y=1&z=2", "Sign in", Some("i")),
                ("https://h.example/", "yes", None)
            ]
        );
    }

    #[test]
    fn a_repeated_link_has_a_limit() {
        let html = format!("<a href='/{}'>{}", "x".repeat(100_000), "<p>".repeat(1000));

        assert!(page(&html).links().len() <= 10);
    }

    #[test]
    fn a_link_shows_no_query() {
        let page = page("<a id=i href='/x;s=canary?code=canary'>canary</a>");
        assert_eq!(
            format!("{:?}", page.links()[0]),
            r#"Link { host: "idp.example", path: "/x", id: Some("i"), .. }"#
        );
    }

    #[test]
    fn inline_scripts_are_kept_as_they_are() {
        let page = page(
            "<script>var a = '\\x2D<b>&amp;';</script><script src=x>no</script><script> </script><script type='application/json'>{}</script>",
        );

        assert_eq!(page.scripts(), ["var a = '\\x2D<b>&amp;';", "{}"]);
    }

    #[test]
    fn a_portal_s_password_form_is_read() {
        let page = Page::html(
            "https://k8sou.example.com/auth/forms/defaultForm.jsp",
            "<form action=\"/auth/formlogin\" method=\"post\"><input type=\"text\" name=\"user\"/><input type=\"password\" name=\"pwd\"/>
             <button type=\"submit\" name=\"submit\">Login</button><button type=\"reset\" name=\"reset\">Reset</button>
             <input type=\"hidden\" name=\"target\" value=\"https://k8sou.example.com/login/auth?a=1&b=2&not=3\"/></form>",
        )
        .unwrap();
        let mut form = page.expect_form_with("pwd").unwrap();
        form.set("user", "ci");

        assert_eq!(
            form.action().as_str(),
            "https://k8sou.example.com/auth/formlogin"
        );
        assert_eq!(
            sent(&form),
            [
                "user=ci",
                "pwd=",
                "target=https://k8sou.example.com/login/auth?a=1&b=2&not=3"
            ]
        );
    }

    #[test]
    fn a_portal_that_lost_its_cookies_shows_it_in_the_action() {
        let page = Page::html(
            "https://k8sou.example.com/auth/forms/defaultForm.jsp",
            "<form action='null' method=post><input type=password name=pwd>",
        )
        .unwrap();

        assert_eq!(page.forms()[0].action().path(), "/auth/forms/null");
    }

    #[test]
    fn a_portal_s_chooser_is_read() {
        let page = page(
            "<form action=/auth/loginservice method=post>
             <input type=radio name=chain value='Company SAML' id=option_Company_SAML><label for=option_Company_SAML>Company SAML</label><br>
             <input type=radio name=chain value=LDAP id=option_LDAP><label for=option_LDAP>LDAP</label>
             <input type=checkbox name=remember value=true><input type=hidden name=target value=https://h.example/>
             <button type=submit>Go</button><button type=reset>Reset</button></form>",
        );
        let mut form = page.expect_form_with("chain").unwrap();
        assert_eq!(sent(&form), ["target=https://h.example/"]);

        assert!(form.check("chain", "Company SAML"));

        assert_eq!(
            sent(&form),
            ["chain=Company SAML", "target=https://h.example/"]
        );
        let labels: Vec<_> = form
            .choices("chain")
            .filter_map(|choice| choice.label)
            .collect();
        assert_eq!(labels, ["Company SAML", "LDAP"]);
    }

    #[test]
    fn a_yes_and_a_no_are_two_forms() {
        let page = page(
            "<form action=/auth/acknowledge method=post><input type=hidden name=acknowledge value=yes><button>Yes</button></form>
             <form action=/auth/acknowledge method=post><input type=hidden name=acknowledge value=no><button>No</button></form>",
        );

        let values: Vec<_> = page
            .forms()
            .iter()
            .map(|form| form.value("acknowledge"))
            .collect();
        assert_eq!(values, [Some("yes"), Some("no")]);
    }

    #[test]
    fn an_approval_without_an_action_goes_to_the_page_itself() {
        let page = Page::html(
            "https://idp.example/approval?req=r&hmac=h",
            "<form method=post><input type=hidden name=req value=r><input type=hidden name=approval value=approve><button type=submit>Grant</button></form>
             <form method=post><input type=hidden name=req value=r><input type=hidden name=approval value=rejected><button type=submit>Cancel</button></form>",
        )
        .unwrap();

        assert_eq!(
            page.forms()[0].encode().url.as_str(),
            "https://idp.example/approval?req=r&hmac=h"
        );
        assert_eq!(sent(&page.forms()[0]), ["req=r", "approval=approve"]);
    }

    #[test]
    fn a_consent_by_get_sends_the_pressed_button() {
        let page = page(
            "<form id=yes action=getconsent.php><input type=hidden name=StateId value='_a:https://b'><button name=yes type=submit>Yes</button></form>
             <form id=no action=noconsent.php><input type=hidden name=StateId value=x><button name=no>No</button></form>",
        );
        let mut form = page.expect_form_with("yes").unwrap();

        assert!(form.press("yes"));

        let encoded = form.encode();
        assert_eq!(
            encoded.url.as_str(),
            "https://idp.example/a/getconsent.php?StateId=_a%3Ahttps%3A%2F%2Fb&yes="
        );
        assert!(encoded.body.is_none());
    }

    #[test]
    fn a_realm_s_login_form_is_read() {
        let page = Page::html(
            "https://idp.example/realms/ci/protocol/openid-connect/auth?client_id=a",
            "<form id=kc-form-login onsubmit='return true;' action=\"https://idp.example/realms/ci/login-actions/authenticate?session_code=a&amp;execution=b&amp;client_id=c&amp;tab_id=d\" method=post>
             <input id=username name=username value='' type=text autofocus><input id=password name=password type=password><button type=button aria-label='Show password'></button>
             <input id=rememberMe name=rememberMe type=checkbox><input type=hidden id=id-hidden-input name=credentialId >
             <button name=login id=kc-login type=submit>Sign In</button></form>",
        )
        .unwrap();
        let mut form = page.expect_form_with("password").unwrap();
        form.set("username", "dwho");

        let encoded = form.encode();
        assert_eq!(
            encoded.url.query(),
            Some("session_code=a&execution=b&client_id=c&tab_id=d")
        );
        assert_eq!(sent(&form), ["username=dwho", "password=", "credentialId="]);
    }

    #[test]
    fn an_action_of_a_number_sign_keeps_the_query() {
        let page = Page::html(
            "https://auth.example/oauth2/authorize?client_id=a&state=b",
            "<form id=lform action='#' method=post class=login><input type=hidden name=url value='aHR0cHM6Ly8='><input type=hidden name=timezone />
             <input type=hidden name=token value='1700000000_1'><input name=user type=text value=''><input name=password type=password>
             <input type=checkbox id=checkLogins name=checkLogins><button type=submit>Connect</button></form>",
        )
        .unwrap();
        let form = page.expect_form_with("password").unwrap();

        assert_eq!(
            form.encode().url.as_str(),
            "https://auth.example/oauth2/authorize?client_id=a&state=b"
        );
        assert_eq!(
            sent(&form),
            [
                "url=aHR0cHM6Ly8=",
                "timezone=",
                "token=1700000000_1",
                "user=",
                "password="
            ]
        );
    }

    #[test]
    fn an_action_of_a_question_mark_drops_the_query() {
        let page = Page::html(
            "https://idp.example/module.php/core/loginuserpass.php?AuthState=_1%3Ahttps",
            "<form action='?' method=post name=f><input name=username><input type=password name=password><button>Login</button>
             <input type=hidden id=processing_trans value='Processing...'><input type=hidden name=AuthState value='_1:https://idp.example/SSOService.php?spentityid=x&amp;cookieTime=1'></form>",
        )
        .unwrap();
        let form = page.expect_form_with("AuthState").unwrap();

        assert_eq!(
            form.encode().url.as_str(),
            "https://idp.example/module.php/core/loginuserpass.php?"
        );
        assert_eq!(
            sent(&form),
            [
                "username=",
                "password=",
                "AuthState=_1:https://idp.example/SSOService.php?spentityid=x&cookieTime=1"
            ]
        );
    }

    #[test]
    fn an_empty_relay_state_is_sent() {
        let page = page(
            "<form id=appForm action='https&#x3a;&#x2f;&#x2f;sp.example&#x2f;acs&#x3f;a&#x3d;1' method=POST>
             <input name=SAMLResponse type=hidden value='PHNhbWw&#x2B;&#x2f;&#x3d;&#x3d;'/><input name=RelayState type=hidden value=''/></form>",
        );
        let encoded = page.forms()[0].encode();

        assert_eq!(encoded.url.as_str(), "https://sp.example/acs?a=1");
        assert_eq!(
            **encoded.body.unwrap(),
            *b"SAMLResponse=PHNhbWw%2B%2F%3D%3D&RelayState="
        );
    }

    #[test]
    fn reading_a_hostile_page_has_an_end() {
        let many = if cfg!(debug_assertions) { 900 } else { 9_000 };
        let deep = "<div>".repeat(400);
        let inputs = "<input name=a id=a>".repeat(many);
        let half = "<input name=a>".repeat(many / 2);
        let blocks = "<p></p>".repeat(many);
        let pages = [
            format!("<form>{deep}{inputs}"),
            format!("<form><label>{deep}{inputs}"),
            format!("<form><label for=a></label>{deep}{inputs}"),
            format!("<form>{}{inputs}", "<label>".repeat(400)),
            format!("<form><fieldset disabled>{half}<legend>{half}"),
            format!("<form>{}{inputs}", "<fieldset disabled>".repeat(400)),
            format!(
                "<form>{}{inputs}",
                "<fieldset disabled><legend>".repeat(200)
            ),
            format!("{deep}<label for=a>{blocks}"),
            format!("{}{blocks}", "<a href=/x><table>".repeat(160)),
            format!("<form><select name=a>{}", "<option>x".repeat(many)),
            format!(
                "<form><select name=a>{}{}",
                "<option><div>".repeat(200),
                "x".repeat(1 << 20)
            ),
            format!("<form>{}", "<button name=a>x".repeat(many / 2)),
            "<p><a href=/x id=next>".repeat(many / 2),
            format!("<a href='/{}'>{blocks}", "x".repeat(1 << 20)),
        ];
        for html in pages {
            let page = page(&html);
            page.structure();
            page.text_of("div, label, a");
            for form in page.forms() {
                let mut form = form.clone();
                form.set("b", "1");
                form.check("a", "2");
                form.press("a");
                assert!(form.encode().url.query().is_some());
            }
        }
    }
}
