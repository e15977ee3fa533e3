//! What is no network: a portal's command and document to a kubeconfig, and a login page to an adapter.

#![allow(clippy::unwrap_used, reason = "a benchmark may fail in any line")]

use std::hint::black_box;

use criterion::Criterion;
use doorward::{Allow, IdpAdapter, KubectlCommand, Page, PortalToken};
use doorward_providers::Okta;
use serde_json::json;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let allow = Allow::nothing();

    let command = command();
    criterion.bench_function("command to kubeconfig", |bencher| {
        bencher.iter(|| {
            let command = KubectlCommand::parse(black_box(&command), &allow).unwrap();
            command.kubeconfig().to_yaml()
        });
    });

    let document = json!({
        "displayName": "mmosley@example.com",
        "token": {
            "kubectl Command": command,
            "id_token": id_token(),
            "refresh_token": "q1bKLF".repeat(200),
        },
    });
    let document = document.to_string().into_bytes();
    criterion.bench_function("token document to kubeconfig", |bencher| {
        bencher.iter(|| {
            let token = PortalToken::parse(black_box(&document)).unwrap();
            token.kubeconfig(&allow).unwrap().to_yaml()
        });
    });

    let html = login_page();
    criterion.bench_function("login page to adapter", |bencher| {
        bencher.iter(|| {
            let page = Page::html("https://acme.okta.test/login/login.htm", black_box(&html));
            Okta::default().recognizes(&page.unwrap())
        });
    });
    criterion.final_summary();
}

/// As long as the real ones: a certificate of 1.1 KB, tokens of 0.9 and 1.2 KB
fn command() -> String {
    let line = format!("{}\\n", "MIIDdzCCAl+gAwIB".repeat(4));
    let certificate = line.repeat(17);
    let ca_data = "LS0tLS1CRUdJTiBD".repeat(96);
    format!(
        " export TMP_CERT=$(mktemp) && echo -e \"-----BEGIN CERTIFICATE-----\\n{certificate}-----END \
         CERTIFICATE-----\" > $TMP_CERT && kubectl config set-cluster kubernetes \
         --server=https://k8sapi.example.com --certificate-authority=$TMP_CERT --embed-certs=true && kubectl config \
         set-context kubernetes --cluster=kubernetes --user=mmosleyx-64-xexample.com@kubernetes  && kubectl config \
         set-credentials mmosleyx-64-xexample.com@kubernetes  --auth-provider=oidc \
         --auth-provider-arg=client-secret= \
         --auth-provider-arg=idp-issuer-url=https://k8sou.example.com/auth/idp/k8sIdp \
         --auth-provider-arg=client-id=kubernetes --auth-provider-arg=refresh-token={}  \
         --auth-provider-arg=id-token={}  --auth-provider-arg=idp-certificate-authority-data={ca_data}   && kubectl \
         config use-context kubernetes &&  rm $TMP_CERT",
        "q1bKLF".repeat(200),
        id_token(),
    )
}

fn id_token() -> String {
    format!(
        "eyJhbGciOiJSUzI1NiJ9.{}.{}",
        "eyJpc3Mi".repeat(64),
        "c2ln".repeat(86)
    )
}

/// A widget's page with 30 KB of scripts and styles, as hosted ones have
fn login_page() -> String {
    let labels = "\"primaryauth.title\": \"Sign In\", // a label\n".repeat(500);
    let styles = ".auth-container .main { color: #333; }\n".repeat(250);
    format!(
        "<!DOCTYPE html><html><head><title>Acme - Sign In</title><style>{styles}</style></head><body class=\"auth\">\
         <div id=\"okta-sign-in\"></div><script>var baseUrl = 'https\\x3A\\x2F\\x2Facme.okta.test';\n\
         var labels = {{{labels}}};</script></body></html>"
    )
}
