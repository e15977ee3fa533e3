//! A real kubectl against the API server's double, where one is at hand.

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use doorward_testkit::{Names, PortalSwitches, Testbed, kubectl, output_within};
use serde_json::{Value, json};

use crate::driver::Browser;

#[test]
fn kubectl_lists_pods_and_refreshes_once_the_token_is_old() -> Result<(), Box<dyn Error>> {
    let Some(kubectl) = kubectl() else {
        return Ok(());
    };
    let life = Duration::from_secs(14);
    let bed = Testbed::builder()
        .names(Names::Loopback)
        .portal(PortalSwitches {
            token_life: life,
            ..PortalSwitches::default()
        })
        .start()?;
    let folder = Folder::new()?;
    let file = folder.0.join("config");
    let mut browser = Browser::new(&bed)?;
    let login = browser.start()?;
    let document = browser.okta_sign_in(&login)?.json()?;
    let born = Instant::now();
    fs::write(&file, kubeconfig(&bed, &document).to_string())?;

    let first = pods(&kubectl, &file)?;
    assert!(first.contains("hello"), "{first}");
    assert_eq!(bed.count("k8sou", "/auth/idp/k8sIdp/token"), 0);

    // kubectl calls a token old ten seconds before its end, and reads the system's clock.
    thread::sleep((life - Duration::from_secs(9)).saturating_sub(born.elapsed()));
    let second = pods(&kubectl, &file)?;
    assert!(second.contains("hello"), "{second}");
    assert_eq!(bed.count("k8sou", "/auth/idp/k8sIdp/token"), 1);
    let written = fs::read_to_string(&file)?;
    let spent = document.pointer("/token/refresh_token");
    let spent = spent.and_then(Value::as_str).ok_or("no refresh token")?;
    assert!(!written.contains(spent));
    assert_eq!(bed.complaints(), Vec::<String>::new());
    Ok(())
}

fn pods(kubectl: &Path, file: &Path) -> Result<String, Box<dyn Error>> {
    let mut command = Command::new(kubectl);
    command
        .arg("--kubeconfig")
        .arg(file)
        .args(["get", "pods", "--request-timeout=20s"])
        .env("HOME", file.parent().ok_or("no folder")?);
    let output = output_within(Duration::from_secs(60), &mut command)?;
    let mut text = String::from_utf8(output.stdout)?;
    text.push_str(&String::from_utf8(output.stderr)?);
    Ok(text)
}

fn kubeconfig(bed: &Testbed, document: &Value) -> Value {
    let token = |name: &str| document.pointer(&format!("/token/{name}")).cloned();
    let ca = STANDARD.encode(bed.ca_pem());
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "kubernetes",
        "clusters": [{"name": "kubernetes", "cluster": {
            "server": bed.api_url(), "certificate-authority-data": ca,
        }}],
        "contexts": [{"name": "kubernetes", "context": {"cluster": "kubernetes", "user": "jdoe"}}],
        "users": [{"name": "jdoe", "user": {"auth-provider": {"name": "oidc", "config": {
            "client-id": "kubernetes", "client-secret": "",
            "idp-issuer-url": format!("{}/auth/idp/k8sIdp", bed.portal_url()),
            "idp-certificate-authority-data": ca,
            "id-token": token("id_token"), "refresh-token": token("refresh_token"),
        }}}}],
    })
}

struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, Box<dyn Error>> {
        let unique = format!("doorward-testkit-{}", std::process::id());
        let path = env::temp_dir().join(unique);
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
