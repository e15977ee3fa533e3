//! The portal's pages.

use crate::http::escape_html;

/// One page for wrong passwords and for missing rights
pub(super) fn failed_login() -> String {
    page(
        "OpenUnison Login",
        "<h1>Invalid Login</h1><p>You are not authorized for failed authentication. Contact your system \
         administrator.</p>",
    )
}

pub(super) fn error() -> String {
    page(
        "OpenUnison Login",
        "<h1>Error</h1><p>An error occurred while processing this request.  Please see the system \
         administrator for assistance.</p>",
    )
}

pub(super) fn logged_out() -> String {
    page(
        "OpenUnison Login",
        "<h1>Logged Out of OpenUnison</h1><p>You have been logged out.</p>",
    )
}

pub(super) fn chain_reset(restart: &str) -> String {
    page(
        "OpenUnison Login",
        &format!(
            "<h1>Login Choice Reset</h1><p>Your login was reset. <a id=\"rerunlink\" href=\"{restart}\">Start \
             over</a></p>"
        ),
    )
}

/// The target is written as it is, without any escaping
pub(super) fn login_form(action: &str, target: &str) -> String {
    page(
        "OpenUnison Login",
        &format!(
            "<form action=\"{action}\" method=\"post\">\n\
             <label for=\"user\">User Name</label><input type=\"text\" name=\"user\" id=\"user\" autofocus>\n\
             <label for=\"pwd\">Password</label><input type=\"password\" name=\"pwd\" id=\"pwd\">\n\
             <input type=\"hidden\" name=\"target\" value=\"{target}\">\n\
             <button type=\"submit\" name=\"submit\">Login</button>\n\
             <button type=\"reset\" name=\"reset\">Reset</button>\n</form>"
        ),
    )
}

pub(super) fn chooser(labels: &[String], target: &str) -> String {
    let options: String = labels
        .iter()
        .map(|label| {
            let id = label.replace(' ', "_");
            format!(
                "<input type=\"radio\" name=\"chain\" id=\"option_{}\" value=\"{}\"><label>{}</label><br>\n",
                escape_html(&id),
                escape_html(label),
                escape_html(label)
            )
        })
        .collect();
    page(
        "OpenUnison Login",
        &format!(
            "<form action=\"/auth/loginservice\" method=\"post\">\n{options}\
             <input type=\"checkbox\" name=\"remember\" value=\"true\"> Remember my choice\n\
             <input type=\"hidden\" name=\"target\" value=\"{target}\">\n\
             <button type=\"submit\" name=\"submit\">Continue</button>\n\
             <button type=\"reset\" name=\"reset\">Reset</button>\n</form>"
        ),
    )
}

/// Two forms: one takes the terms, one does not
pub(super) fn terms() -> String {
    let form = |value: &str, label: &str| {
        format!(
            "<form action=\"/auth/acknowledge\" method=\"post\">\
             <input type=\"hidden\" name=\"acknowledge\" value=\"{value}\">\
             <button type=\"submit\">{label}</button></form>\n"
        )
    };
    page(
        "OpenUnison Login",
        &format!(
            "<h1>Terms and Conditions</h1><p>This system is for authorized use only.</p>\n{}{}",
            form("yes", "Acknowledge"),
            form("no", "Do Not Acknowledge")
        ),
    )
}

/// The link's address is not escaped, so that its ampersands stand as they are
pub(super) fn finish_link(url: &str) -> String {
    page(
        "OpenUnison Login",
        &format!(
            "<p>Finish your login:</p><a id=\"finish-login\" href=\"{url}\">Login to OpenUnison</a>\
             <p>{url}</p>"
        ),
    )
}

pub(super) fn jump(url: &str) -> String {
    page(
        "OpenUnison Login",
        &format!(
            "<p>You will be sent on in <span id=\"left\">5</span> seconds.</p><a id=\"next\" \
             href=\"{url}\">Continue</a>\n<script>var left = 5; setInterval(function() {{ left = left - 1; if \
             (left === 0) {{ window.location = document.getElementById('next').href; }} }}, 1000);</script>"
        ),
    )
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n</head>\n<body>\n\
         {body}\n</body>\n</html>\n"
    )
}
