/// The first page of a provider's login
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct FirstPage {
    /// The name of the adapter whose it is
    pub owner: &'static str,
    /// Where it stands
    pub url: &'static str,
    /// What makes it out
    pub html: &'static str,
}

/// First pages of the providers that doorward has adapters for
///
/// An adapter knows those of its own name, and no other.
///
/// ```
/// use doorward::Page;
/// use doorward_testkit::first_pages;
///
/// for page in first_pages() {
///     assert!(!Page::html(page.url, page.html)?.structure().is_empty(), "{}", page.owner);
/// }
/// # Ok::<(), doorward::Error>(())
/// ```
pub fn first_pages() -> &'static [FirstPage] {
    FIRST_PAGES
}

const FIRST_PAGES: &[FirstPage] = &[
    FirstPage {
        owner: "dex",
        url: "https://dex.acme.test/dex/auth?client_id=kube&state=x",
        html: r#"<a href="/dex/auth/local?client_id=kube&amp;state=x">Email</a><a href="/dex/auth/corp?client_id=kube&amp;state=x">Corp</a>"#,
    },
    FirstPage {
        owner: "dex",
        url: "https://dex.acme.test/dex/auth/local/login?back=&state=abc",
        html: r#"<form method="post" action="/dex/auth/local/login?back=&amp;state=abc"><input name="login">
        <input name="password" type="password"><button>x</button></form>"#,
    },
    FirstPage {
        owner: "form",
        url: "https://id.acme.test/login",
        html: r#"<form method="post"><input name="email"><input type="password" name="pass"><button>Go</button></form>"#,
    },
    FirstPage {
        owner: "form",
        url: "https://id.acme.test/login",
        html: r#"<form method="post"><input name="identifier" autocomplete="username"><button>Go</button></form>"#,
    },
    FirstPage {
        owner: "keycloak",
        url: "https://id.acme.test/realms/corp/protocol/openid-connect/auth?client_id=kube",
        html: r#"<form method="post" action="/realms/corp/login-actions/authenticate?session_code=1&amp;execution=2&amp;client_id=kube&amp;tab_id=3">
        <input name="username"><input name="password" type="password"><input type="hidden" name="credentialId"></form>"#,
    },
    FirstPage {
        owner: "lemonldap",
        url: "https://auth.acme.test/oauth2/authorize?client_id=kube",
        html: r##"<div role="alert"><span trmsg="9"></span></div><form id="lform" action="#" method="post">
        <input type="hidden" name="url" value="aHR0"><input type="hidden" name="timezone"><input type="hidden" name="skin" value="acme">
        <input type="hidden" name="token" value="1_2"><input id="userfield" name="user"><input id="passwordfield" name="password" type="password">
        <button type="submit"><span trspan="connect"></span></button></form>"##,
    },
    FirstPage {
        owner: "okta",
        url: "https://acme.okta.test/login/login.htm?fromURI=%2Foauth2%2Fv1%2Fauthorize",
        html: r#"<div id="signin-container"></div><script>var config = {}; var stateToken = '00abcdefghijklmnopqrstuvwxyz';
        OktaLogin.initLoginPage(config);</script>"#,
    },
    FirstPage {
        owner: "openunison",
        url: "https://k8sou.acme.test/auth/forms/defaultForm.jsp",
        html: r#"<form action="/auth/formlogin" method="post"><input name="user"><input type="password" name="pwd">
        <input type="hidden" name="target" value="https://k8sou.acme.test/"></form>"#,
    },
    FirstPage {
        owner: "simplesamlphp",
        url: "https://sso.acme.test/module.php/core/loginuserpass.php?AuthState=_1",
        html: r#"<form action="?" method="post" name="f"><input id="username" name="username"><input id="password" type="password" name="password">
        <button id="submit_button">x</button><input type="hidden" name="AuthState" value="_1:https://sso.acme.test/"></form>"#,
    },
];
