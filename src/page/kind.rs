use std::fmt;
use std::time::Duration;

use url::Url;

use crate::page::control::State;
use crate::page::document::{Document, Link, refresh_target};
use crate::page::form::Form;
use crate::redact;

/// What a [`Page`](crate::Page) is, and so what a browser would do about it
///
/// The first that fits, in the order below, is the page's kind.
#[derive(Clone)]
#[non_exhaustive]
pub enum PageKind {
    /// A status of 301, 302, 303, 307 or 308, and the address in the `Location` header
    Redirect(Url),
    /// A page whose one form takes a SAML, WS-Federation or OpenID Connect message onward
    ///
    /// The form has no field that a person could fill in. Whether a script submits it does not count: many of these
    /// pages keep their script elsewhere.
    AutoSubmit(Box<Form>),
    /// A JSON document
    Json,
    /// A page with a form that asks for a password
    Login,
    /// A page that sends its reader onward by a `meta` element or a `Refresh` header
    #[non_exhaustive]
    Refresh {
        /// For where: of scheme `http` or `https`
        url: Url,
        /// After how long
        delay: Duration,
    },
    /// A page on which a portal asks its reader to follow one link: `a#finish-login` or `a#next`
    Link(Url),
    /// Anything else
    Other,
}

impl PageKind {
    /// The kind's name, as it stands in a trail
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Redirect(_) => "redirect",
            Self::AutoSubmit(_) => "auto-submit form",
            Self::Json => "JSON",
            Self::Login => "login page",
            Self::Refresh { .. } => "meta refresh",
            Self::Link(_) => "link page",
            Self::Other => "page",
        }
    }

    /// Whether a page of this kind goes on by itself: a redirect, or a form that submits itself, which the walk does for adapters
    pub fn goes_on(&self) -> bool {
        matches!(self, Self::Redirect(_) | Self::AutoSubmit(_))
    }

    /// The kind of an answer, by its status and `Location` headers alone
    pub(super) fn of_redirect(status: u16, url: &Url, locations: &[&str]) -> Option<Self> {
        let locations: Vec<_> = locations
            .iter()
            .filter(|text| !text.trim().is_empty())
            .collect();
        match (status, &*locations) {
            (301 | 302 | 303 | 307 | 308, [location]) => {
                url.join(location).ok().map(Self::Redirect)
            }
            _ => None,
        }
    }

    /// The kind of a page that is no redirect
    pub(super) fn of(document: &Document, is_json: bool, refresh: Option<&str>, url: &Url) -> Self {
        if let Some(form) = auto_submit(&document.forms) {
            return Self::AutoSubmit(Box::new(form.clone()));
        }
        if is_json {
            return Self::Json;
        }
        if document.forms.iter().any(asks_for_a_password) {
            return Self::Login;
        }
        let header = refresh.and_then(|text| refresh_target(text, url, url));
        let refresh = header.or_else(|| document.refresh.clone());
        if let Some((delay, url)) = refresh.filter(|(_, url)| is_web(url)) {
            return Self::Refresh { url, delay };
        }
        match next_link(document, url) {
            Some(link) => Self::Link(link.url.clone()),
            None => Self::Other,
        }
    }
}

impl fmt::Debug for PageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = match self {
            Self::Redirect(url) | Self::Refresh { url, .. } | Self::Link(url) => url,
            Self::AutoSubmit(form) => form.action(),
            Self::Json | Self::Login | Self::Other => return f.write_str(self.as_str()),
        };
        let host = url.host_str().unwrap_or_default();
        write!(f, "{} to {host}{}", self.as_str(), redact::path(url.path()))
    }
}

/// The form that a browser would submit without its reader
fn auto_submit(forms: &[Form]) -> Option<&Form> {
    let [form] = forms else {
        return None;
    };
    let is_unseen = form
        .controls
        .iter()
        .all(|control| control.kind == "hidden" || control.is_button());
    // Two buttons with names are a decision, such as accept and cancel.
    let named = form
        .controls
        .iter()
        .filter(|control| matches!(control.state, State::Button(_)) && !control.name.is_empty());
    let decides = named.count() > 1;
    let fits = is_unseen && !decides && is_web(form.action()) && carries_a_message(form);
    fits.then_some(form)
}

/// Whether the fields are those of a federation protocol
///
/// `code` alone is not enough: consent pages have hidden fields of that name, too.
fn carries_a_message(form: &Form) -> bool {
    let is_filled = |name: &&str| form.value(name).is_some_and(|value| !value.is_empty());
    MESSAGES.iter().any(is_filled) || (RESPONSES.iter().any(is_filled) && form.has("state"))
}

fn asks_for_a_password(form: &Form) -> bool {
    let mut controls = form.controls.iter();
    controls.any(|control| control.kind == "password" && !control.disabled && !control.concealed)
}

fn next_link<'a>(document: &'a Document, page: &Url) -> Option<&'a Link> {
    let link = |id| {
        let mut links = document.links.iter();
        links.find(|link| link.id.as_deref() == Some(id) && leads_away(&link.url, page))
    };
    // `next` is a common name: beside a form, the form is what the page is for.
    link("finish-login").or_else(|| link("next").filter(|_| document.forms.is_empty()))
}

/// Whether a link goes anywhere but to a place on the page itself
fn leads_away(url: &Url, page: &Url) -> bool {
    let (mut url, mut page) = (url.clone(), page.clone());
    url.set_fragment(None);
    page.set_fragment(None);
    url != page
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

/// Fields that hold nothing but what one server says to another
pub(crate) const MESSAGES: [&str; 3] = ["SAMLResponse", "SAMLRequest", "wresult"];

const RESPONSES: [&str; 3] = ["code", "id_token", "error"];

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::Page;
    use crate::page::PageKind;

    const URL: &str = "https://idp.example/sso/login?flow=1";

    fn kind(html: &str) -> PageKind {
        Page::html(URL, html).unwrap().kind().clone()
    }

    fn is_auto_submit(html: &str) -> bool {
        matches!(kind(html), PageKind::AutoSubmit(_))
    }

    fn redirect(status: u16, headers: &[(&str, &str)]) -> Option<String> {
        let page = Page::response(URL, status, headers, "<form><input type=password>").unwrap();
        page.redirect().map(ToString::to_string)
    }

    fn refresh(html: &str) -> Option<(u64, String)> {
        match kind(html) {
            PageKind::Refresh { url, delay } => Some((delay.as_secs(), url.into())),
            _ => None,
        }
    }

    fn link(html: &str) -> Option<String> {
        match kind(html) {
            PageKind::Link(url) => Some(url.into()),
            _ => None,
        }
    }

    #[test]
    fn a_redirect_is_resolved_against_the_page() {
        for status in [301, 302, 303, 307, 308] {
            let url = redirect(
                status,
                &[("LOCATION", "../cb?code=a%2Fb&state=security_token%3Dx#top")],
            );
            assert_eq!(
                url.as_deref(),
                Some("https://idp.example/cb?code=a%2Fb&state=security_token%3Dx#top")
            );
        }
        assert_eq!(
            redirect(302, &[("Location", "?")]).as_deref(),
            Some("https://idp.example/sso/login?")
        );
        assert_eq!(
            redirect(302, &[("Location", "http://localhost:8000/?code=1")]).as_deref(),
            Some("http://localhost:8000/?code=1")
        );
        assert_eq!(
            redirect(302, &[("Location", ""), ("Location", "/a")]).as_deref(),
            Some("https://idp.example/a")
        );
    }

    #[test]
    fn what_names_no_place_is_no_redirect() {
        assert_eq!(redirect(302, &[]), None);
        assert_eq!(redirect(302, &[("Location", "")]), None);
        assert_eq!(redirect(302, &[("Location", "https://[")]), None);
        assert_eq!(
            redirect(302, &[("Location", "/a"), ("Location", "/b")]),
            None
        );
        for status in [200, 201, 300, 304, 305, 306, 401] {
            assert_eq!(redirect(status, &[("Location", "/a")]), None, "{status}");
        }
    }

    #[test]
    fn a_posted_assertion_is_auto_submit() {
        assert!(is_auto_submit(
            "<html><body><form id='appForm' action='https&#x3a;&#x2f;&#x2f;sp.example&#x2f;auth&#x2f;saml2' method='POST'>
             <input name='SAMLResponse' type='hidden' value='PD94bWw&#x2B;&#x3d;&#x3d;'/><input name='RelayState' type='hidden' value=''/></form>"
        ));
        assert!(is_auto_submit(
            "<FORM METHOD=POST ACTION='https://sp.example/cb'><INPUT TYPE=HIDDEN NAME=SAMLRequest VALUE=x>
             <NOSCRIPT><P>Press the button<INPUT TYPE=SUBMIT NAME=continue VALUE=Continue></P></NOSCRIPT></FORM>"
        ));
    }

    #[test]
    fn no_script_is_needed_for_auto_submit() {
        assert!(is_auto_submit(
            "<script src=/redirect.min.js></script><form id=form action='https://sp.example/postResponse' method=post>
             <input type=hidden name=RelayState value=r><input type=hidden name=SAMLResponse value=x></form>"
        ));
    }

    #[test]
    fn a_ws_federation_response_is_auto_submit() {
        let html = "<form method=post action='https://sp.example/'><input type=hidden name=wa value='wsignin1.0'>
            <input type=hidden name=wresult value='&lt;t:RequestSecurityTokenResponse&gt;&#10;&lt;/t&gt;'>
            <input type=hidden name=wctx value=abc><input type=submit value=Continue></form>";

        let PageKind::AutoSubmit(form) = kind(html) else {
            panic!("{:?}", kind(html));
        };

        assert_eq!(
            form.value("wresult"),
            Some("<t:RequestSecurityTokenResponse>\n</t>")
        );
    }

    #[test]
    fn an_openid_connect_response_is_auto_submit() {
        let with = |name: &str, state: &str| {
            is_auto_submit(&format!(
                "<form method=post action='https://sp.example/cb'><input type=hidden name={name} value=x>{state}"
            ))
        };
        for name in ["code", "id_token", "error"] {
            assert!(
                with(name, "<input type=hidden name=state value=s>"),
                "{name}"
            );
            assert!(!with(name, ""), "{name}");
        }
        assert!(!with(
            "access_token",
            "<input type=hidden name=state value=s>"
        ));
    }

    #[test]
    fn a_consent_page_is_not_auto_submit() {
        assert!(!is_auto_submit(
            "<form action='/realms/r/login-actions/consent?session_code=1' method=POST><input type=hidden name=code value=c>
             <input type=submit name=accept value=Yes><input type=submit name=cancel value=No></form>"
        ));
        // Even where it carries all of the request along.
        assert!(!is_auto_submit(
            "<form method=post><input type=hidden name=code value=c><input type=hidden name=state value=s>
             <button name=yes>Yes</button><button name=no>No</button></form>"
        ));
    }

    #[test]
    fn hidden_fields_alone_are_no_message() {
        for fields in [
            "<input type=hidden name=tryAnotherWay value=on>",
            "<input type=hidden name=req value=r><input type=hidden name=approval value=approve><button>Grant</button>",
            "<input type=hidden name=prompt value=consent><button>Continue</button>",
            "<input type=hidden name=authenticationExecution value=1><input type=hidden name=state value=s>",
        ] {
            assert!(
                !is_auto_submit(&format!("<form method=post>{fields}")),
                "{fields}"
            );
        }
    }

    #[test]
    fn a_page_that_a_script_fills_in_is_not_auto_submit() {
        let webauthn = "<form id=webauth method=post><input type=hidden name=clientDataJSON><input type=hidden name=signature>
            <input type=hidden name=error>";
        assert!(!is_auto_submit(webauthn));
        assert!(!is_auto_submit(
            "<form method=post><input type=hidden name=SAMLResponse>"
        ));
        assert!(!is_auto_submit(
            "<form method=post><input type=hidden name=code><input type=hidden name=state value=s>"
        ));
    }

    #[test]
    fn a_visible_field_is_a_question() {
        for field in [
            "<input name=otp>",
            "<input type=checkbox>",
            "<select></select>",
            "<textarea></textarea>",
            "<input type=password disabled>",
        ] {
            let html =
                format!("<form method=post><input type=hidden name=SAMLResponse value=x>{field}");
            assert!(!is_auto_submit(&html), "{field}");
        }
    }

    #[test]
    fn two_forms_are_a_choice() {
        let form =
            "<form method=post action=/acs><input type=hidden name=SAMLResponse value=x></form>";
        assert!(is_auto_submit(form));
        assert!(!is_auto_submit(&form.repeat(2)));
        assert!(!is_auto_submit(&format!(
            "{form}<form action=/help></form>"
        )));
    }

    #[test]
    fn an_auto_submit_form_goes_to_a_web_address() {
        assert!(!is_auto_submit(
            "<form method=post action='javascript:go()'><input type=hidden name=SAMLResponse value=x>"
        ));
        assert!(!is_auto_submit(
            "<form method=post action='mailto:a@b'><input type=hidden name=SAMLResponse value=x>"
        ));
    }

    #[test]
    fn a_visible_password_field_is_a_login() {
        assert!(matches!(
            kind("<form><input TYPE=Password name=p></form>"),
            PageKind::Login
        ));
        assert!(matches!(
            kind("<form><input type=password></form>"),
            PageKind::Login
        ));
        for field in [
            "type=hidden",
            "type=password hidden",
            "type=password disabled",
            "type=password style='Display : NONE'",
        ] {
            assert!(
                matches!(
                    kind(&format!("<form><input {field} name=password>")),
                    PageKind::Other
                ),
                "{field}"
            );
        }
    }

    #[test]
    fn a_login_is_one_whatever_its_status() {
        for status in [200, 400, 401, 403, 500] {
            let page = Page::response(
                URL,
                status,
                &[("content-type", "text/html")],
                "<form><input type=password>",
            )
            .unwrap();
            assert!(matches!(page.kind(), PageKind::Login), "{status}");
        }
    }

    #[test]
    fn a_meta_element_refreshes() {
        assert_eq!(
            refresh("<base href='/x/'><meta http-equiv=Refresh content='3; URL=next?a=1&amp;b=2'>"),
            Some((3, "https://idp.example/x/next?a=1&b=2".to_owned()))
        );
        assert_eq!(
            refresh("<meta http-equiv=refresh content=60>"),
            Some((60, URL.to_owned()))
        );
        assert_eq!(
            refresh(
                "<meta http-equiv=refresh content=no><body><meta http-equiv=refresh content='0;/a'><meta http-equiv=refresh content='0;/b'>"
            ),
            Some((0, "https://idp.example/a".to_owned()))
        );
    }

    #[test]
    fn a_refresh_for_readers_without_scripts_is_none() {
        assert_eq!(
            refresh("<head><noscript><meta http-equiv=refresh content='0;url=/no'></noscript>"),
            None
        );
        assert_eq!(
            refresh("<template><meta http-equiv=refresh content='0;url=/no'></template>"),
            None
        );
    }

    #[test]
    fn a_refresh_to_a_script_is_none() {
        for target in [
            "javascript:go()",
            "data:text/html,x",
            "mailto:a@b",
            "https://[",
        ] {
            assert_eq!(
                refresh(&format!(
                    "<meta http-equiv=refresh content='0;url={target}'>"
                )),
                None,
                "{target}"
            );
        }
    }

    #[test]
    fn a_refresh_header_counts_first() {
        let html = "<meta http-equiv=refresh content='0;url=/meta'>";
        let headers = [("refresh", "2; url=/header"), ("content-type", "text/html")];

        let page = Page::response(URL, 200, &headers, html).unwrap();

        let PageKind::Refresh { url, delay } = page.kind() else {
            panic!("{page:?}");
        };
        assert_eq!((url.path(), *delay), ("/header", Duration::from_secs(2)));
    }

    #[test]
    fn a_login_page_that_refreshes_is_a_login() {
        assert!(matches!(
            kind("<meta http-equiv=refresh content='300'><form><input type=password>"),
            PageKind::Login
        ));
    }

    #[test]
    fn a_portal_s_link_is_followed() {
        // The portal writes the address without escaping it.
        assert_eq!(
            link("<a id=\"finish-login\" href=\"https://idp.example/auth?client_id=a&state=security_token%3Dx&scope=openid+email&copy=1&lt=2\">Login</a>").as_deref(),
            Some("https://idp.example/auth?client_id=a&state=security_token%3Dx&scope=openid+email&copy=1&lt=2")
        );
        assert_eq!(
            link("<script>setTimeout(go, 5000)</script><a href=/other>x</a><a id=next href='/saml?SAMLRequest=x&amp;RelayState=y'>Go on</a>").as_deref(),
            Some("https://idp.example/saml?SAMLRequest=x&RelayState=y")
        );
    }

    #[test]
    fn not_every_link_named_next_is_a_portal_s() {
        assert_eq!(link("<a id=next href='#'>Next</a>"), None);
        assert_eq!(link("<a id=next>Next</a>"), None);
        assert_eq!(link("<a id=next href='javascript:next()'>Next</a>"), None);
        assert_eq!(
            link("<form><input name=user></form><a id=next href='/terms'>Next</a>"),
            None
        );
        assert_eq!(link("<a id=rerunlink href='/'>again</a>"), None);
    }

    #[test]
    fn a_kind_shows_no_query() {
        let kind = kind("<a id=finish-login href='/a;s=1?code=canary#canary'>x");
        assert_eq!(format!("{kind:?}"), "link page to idp.example/a");
        assert_eq!(kind.as_str(), "link page");
        assert_eq!(format!("{:?}", PageKind::Other), "page");
    }
}
