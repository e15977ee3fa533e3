//! The org's pages, with the shapes that their scripts have had over the years.

use crate::http::escape_html;
use crate::okta::TokenShape;
use crate::okta::authn::DECOY;

/// A page that runs the sign-in widget
pub(super) struct Widget<'a> {
    pub(super) title: &'a str,
    pub(super) base_url: &'a str,
    pub(super) shape: TokenShape,
    pub(super) state_token: Option<&'a str>,
    /// In a hidden input
    pub(super) hidden_from_uri: Option<&'a str>,
    /// In a script
    pub(super) script_from_uri: Option<&'a str>,
    pub(super) decoy: bool,
}

impl Widget<'_> {
    pub(super) fn page(&self) -> String {
        let decoy = if self.decoy {
            format!(
                "<!-- var stateToken = '00{DECOY}InAComment\\x2Dabcdefghijklmnop'; -->\n<script>var i18n = \
                 {{\"help\": \"Set \\\"stateToken\\\":\\\"00{DECOY}InAText\\\" to go on\"}};</script>\n"
            )
        } else {
            String::new()
        };
        let hidden = self
            .hidden_from_uri
            .map(|uri| {
                format!(
                    "<input type=\"hidden\" id=\"fromURI\" name=\"fromURI\" value=\"{}\">\n",
                    escape_hex(uri)
                )
            })
            .unwrap_or_default();
        let script_uri = self
            .script_from_uri
            .map(|uri| format!("var fromUri = '{}';\n", escape_js(uri)))
            .unwrap_or_default();
        let token = self
            .state_token
            .map(|token| self.token_script(token))
            .unwrap_or_default();
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"UTF-8\">\n<title>{}</title>\n</head>\n\
             <body class=\"auth okta-container\">\n{decoy}<div id=\"okta-sign-in\" class=\"auth-container main-container\"></div>\n\
             <noscript id=\"noscript-msg\">Javascript is required. Javascript is disabled on your browser.</noscript>\n\
             {hidden}<script type=\"text/javascript\">\nvar baseUrl = '{}';\n{script_uri}{token}\n\
             var signInLabels = {{\"primaryauth.title\": \"Sign In\"}};\n</script>\n</body>\n</html>\n",
            escape_html(self.title),
            escape_js(self.base_url),
        )
    }

    fn token_script(&self, token: &str) -> String {
        match self.shape {
            TokenShape::Absent => String::new(),
            TokenShape::Variable => format!("var stateToken = '{}';", escape_js(token)),
            TokenShape::JsonKey => format!(
                "OktaLogin.initLoginPage({{\"labels\":{{}},\"stateToken\":\"{token}\",\"baseUrl\":\"{}\"}});",
                self.base_url
            ),
            TokenShape::ModelDataBag => {
                let bag = format!(
                    "{{\"stateToken\":\"{token}\",\"baseUrl\":\"{}\",\"orgLoginPageSettings\":{{\"usernameLabel\":\"Username\"}},\"isMfa\":false}}",
                    self.base_url
                );
                format!("var modelDataBag = '{}';", escape_js(&bag))
            }
            TokenShape::OktaData => format!(
                "window.oktaData = {{signIn: {{\"stateToken\": \"{}\", \"baseUrl\": \"{}\"}}}};",
                escape_js(token),
                escape_js(self.base_url)
            ),
        }
    }
}

/// A page that only says something
pub(super) fn message(title: &str, text: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html>\n<head><title>{title}</title></head>\n<body>\n<div class=\"error-content\">\
         <h2>{text}</h2></div>\n</body>\n</html>\n"
    )
}

/// The dashboard, where a login ends that lost its app
pub(super) fn dashboard() -> String {
    "<!DOCTYPE html>\n<html>\n<head><title>Acme - My Apps Dashboard</title></head>\n<body>\n\
     <div id=\"app-content\">My Apps</div>\n</body>\n</html>\n"
        .to_owned()
}

/// A form that sends itself, its attributes in hexadecimal references
pub(super) fn auto_post(action: &str, fields: &[(&str, &str)]) -> String {
    let inputs: String = fields
        .iter()
        .map(|(name, value)| {
            format!(
                "    <input name=\"{name}\" type=\"hidden\" value=\"{}\"/>\n",
                escape_hex(value)
            )
        })
        .collect();
    format!(
        "<!DOCTYPE html>\n<html>\n<head><title>Acme - Signing in...</title></head>\n<body>\n\
         <noscript><p>Note: Since your browser does not support JavaScript, you must press the Continue button \
         once to proceed.</p></noscript>\n<form id=\"appForm\" action=\"{}\" method=\"POST\">\n{inputs}\
         <noscript><input type=\"submit\" value=\"Continue\"/></noscript>\n</form>\n<script \
         type=\"text/javascript\">document.getElementById('appForm').submit();</script>\n</body>\n</html>\n",
        escape_hex(action)
    )
}

/// Anything but letters and digits as a hexadecimal reference, capital where it is one of base64
fn escape_hex(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            'a'..='z' | 'A'..='Z' | '0'..='9' => letter.to_string(),
            '+' => "&#x2B;".to_owned(),
            other => format!("&#x{:x};", u32::from(other)),
        })
        .collect()
}

/// As the org writes a script's strings
fn escape_js(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '.' | ',' | ' ' => letter.to_string(),
            '/' => "\\/".to_owned(),
            other => format!("\\x{:02X}", u32::from(other)),
        })
        .collect()
}
