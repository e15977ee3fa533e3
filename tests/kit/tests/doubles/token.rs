//! The token document and the portal's own issuer.

use std::error::Error;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use doorward_testkit::{CommandShape, Person, PortalIdp, PortalSwitches, Testbed, USER};
use reqwest::Method;
use serde_json::Value;

use crate::driver::{Browser, claims, document};

fn with(portal: PortalSwitches) -> Result<Testbed, Box<dyn Error>> {
    Ok(Testbed::builder().portal(portal).start()?)
}

#[test]
fn the_command_follows_the_template_word_for_word() -> Result<(), Box<dyn Error>> {
    let bed = with(PortalSwitches {
        additional_servers: vec![("vip".to_owned(), "https://vip.example.test".to_owned())],
        ..PortalSwitches::default()
    })?;

    let page = document(&bed)?;

    let command = page.string("/token/kubectl Command")?;
    let (id, refresh) = (
        page.string("/token/id_token")?,
        page.string("/token/refresh_token")?,
    );
    let pem = page.string("/token/OpenUnison Server CA Certificate")?;
    let echoed = pem.replace('\r', "").replace('\n', "\\n");
    let (portal, api) = (bed.portal_url(), bed.api_url());
    let data = STANDARD.encode(&pem);
    assert_eq!(
        command,
        format!(
            " export TMP_CERT=$(mktemp) && echo -e \"{echoed}\" > $TMP_CERT && kubectl config set-cluster kubernetes --server={api} --certificate-authority=$TMP_CERT --embed-certs=true && kubectl config set-context kubernetes --cluster=kubernetes --user=jdoex-64-xacme.test@kubernetes  && kubectl config set-credentials jdoex-64-xacme.test@kubernetes  --auth-provider=oidc --auth-provider-arg=client-secret= --auth-provider-arg=idp-issuer-url={portal}/auth/idp/k8sIdp --auth-provider-arg=client-id=kubernetes --auth-provider-arg=refresh-token={refresh}  --auth-provider-arg=id-token={id}  --auth-provider-arg=idp-certificate-authority-data={data}   && kubectl config use-context kubernetes && kubectl config set-cluster vip --server=https://vip.example.test --certificate-authority=$TMP_CERT --embed-certs=true && kubectl config set-context vip --cluster=vip --user=jdoex-64-xacme.test@kubernetes &&  rm $TMP_CERT"
        )
        .replace("___", "${")
    );
    let windows = page.string("/token/kubectl Windows Command")?;
    assert!(windows.starts_with("$TMP_CERT=New-TemporaryFile ; \"-----BEGIN CERTIFICATE-----`n"));
    assert!(windows.ends_with(" ;   Remove-Item -recurse -force $TMP_CERT\n"));
    assert_eq!(
        page.string("/token/ou login plugin")?,
        "kubectl oulogin --host=k8sou.example.test"
    );
    Ok(())
}

#[test]
fn every_release_has_its_command() -> Result<(), Box<dyn Error>> {
    for (command, start, end) in [
        (CommandShape::Repositories, "export ", "&& rm $TMP_CERT"),
        (CommandShape::Charts2021, "export ", "&& rm $TMP_CERT\n"),
        (CommandShape::Charts2023, " export ", "&& rm $TMP_CERT"),
        (CommandShape::Charts2026, " export ", "&&  rm $TMP_CERT"),
        (CommandShape::ManyLines, "export ", "&& rm $TMP_CERT\n"),
    ] {
        let bed = with(PortalSwitches {
            command,
            ..PortalSwitches::default()
        })?;

        let text = document(&bed)?.string("/token/kubectl Command")?;

        assert!(
            text.starts_with(start) && text.ends_with(end),
            "{command:?}"
        );
    }
    Ok(())
}

#[test]
fn certificates_and_refresh_token_may_be_absent() -> Result<(), Box<dyn Error>> {
    let bed = with(PortalSwitches {
        cluster_ca: false,
        portal_ca: false,
        refresh_token: false,
        ..PortalSwitches::default()
    })?;

    let page = document(&bed)?;

    let command = page.string("/token/kubectl Command")?;
    assert!(command.starts_with(" export TMP_CERT=$(mktemp) && echo -e \"\" > $TMP_CERT && "));
    assert!(command.contains(" --certificate-authority=/dev/null --embed-certs=true "));
    assert!(command.contains(" --auth-provider-arg=idp-certificate-authority-data=   && "));
    assert!(command.contains(" --auth-provider-arg=refresh-token=  "));
    assert!(page.string("/token/refresh_token").is_err());
    assert!(
        page.string("/token/OpenUnison Server CA Certificate")
            .is_err()
    );
    assert!(
        page.string("/token/Kubernetes API Server CA Certificate")
            .is_err()
    );
    assert!(
        !page
            .string("/token/kubectl Windows Command")?
            .contains("out-file")
    );
    Ok(())
}

#[test]
fn certificates_end_their_lines_in_two_ways() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;

    let pem = document(&bed)?.string("/token/Kubernetes API Server CA Certificate")?;

    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----\nMII"));
    assert!(pem.ends_with("\r\n-----END CERTIFICATE-----"));
    let plain = |text: &str| -> String { text.lines().collect() };
    assert_eq!(
        plain(&pem.replace('\r', "")),
        plain(&bed.ca_pem().replace('\r', ""))
    );
    Ok(())
}

#[test]
fn three_underscores_corrupt_the_command_but_not_the_keys() -> Result<(), Box<dyn Error>> {
    let bed = with(PortalSwitches {
        corrupt_command: true,
        ..PortalSwitches::default()
    })?;

    let page = document(&bed)?;

    assert!(page.string("/token/id_token")?.contains("___"));
    let command = page.string("/token/kubectl Command")?;
    assert!(!command.contains("___") && command.contains("${"));
    Ok(())
}

#[test]
fn user_ids_may_be_plain_and_clusters_named() -> Result<(), Box<dyn Error>> {
    let bed = with(PortalSwitches {
        plain_user_ids: true,
        cluster_name: "prod-1".to_owned(),
        server: Some("https://10.0.0.1:6443".to_owned()),
        ..PortalSwitches::default()
    })?;

    let command = document(&bed)?.string("/token/kubectl Command")?;

    assert!(
        command.contains(" set-context prod-1 --cluster=prod-1 --user=jdoe@acme.test@prod-1  && ")
    );
    assert!(command.contains(" set-cluster prod-1 --server=https://10.0.0.1:6443 "));
    Ok(())
}

#[test]
fn each_fetch_opens_a_session_of_its_own() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let mut browser = Browser::new(&bed)?;
    let login = browser.start()?;
    let first = browser
        .okta_sign_in(&login)?
        .string("/token/refresh_token")?;

    let second = browser.start()?.string("/token/refresh_token")?;

    assert_ne!(first, second);
    for token in [first, second] {
        assert_eq!(browser.refresh(&token)?.status, 200);
    }
    Ok(())
}

#[test]
fn claims_are_those_of_the_charts() -> Result<(), Box<dyn Error>> {
    for (groups, shown) in [
        (vec!["admins"], Some(Value::from("admins"))),
        (vec!["a", "b"], Some(Value::from(vec!["a", "b"]))),
        (vec![], None),
    ] {
        let bed = Testbed::builder()
            .idp(PortalIdp::Form)
            .person(Person::new("mmosley", "secret-of-mmosley").groups(&groups))
            .start()?;
        let mut browser = Browser::new(&bed)?;
        let form = browser.start()?;
        let posted = browser.post(
            form.url.join("/auth/formlogin")?.as_str(),
            &[("user", "mmosley"), ("pwd", "secret-of-mmosley")],
        )?;

        let claims = claims(&browser.follow(posted)?.string("/token/id_token")?)?;

        assert_eq!(claims.get("groups").cloned(), shown);
        assert_eq!(claims.get("name"), Some(&" Doe".into()));
        assert_eq!(claims.get("aud"), Some(&"kubernetes".into()));
        assert_eq!(claims.get("nonce"), None);
        let number = |name: &str| claims.get(name).and_then(Value::as_u64).unwrap_or_default();
        assert_eq!(number("exp"), number("iat") + 60);
        assert_eq!(number("nbf"), number("iat") - 120);
    }
    Ok(())
}

#[test]
fn the_token_endpoint_refuses_without_a_word() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let mut browser = Browser::new(&bed)?;
    let url = format!("{}/auth/idp/k8sIdp/token", bed.portal_url());
    let code = STANDARD.encode("no code of ours!!!!!");
    let mut check = |fields: &str, status: u16, text: &str| -> Result<(), Box<dyn Error>> {
        let page = browser.send(Method::POST, &url, |request| {
            request
                .header("Content-Type", "application/x-www-form-urlencoded")
                .body(fields.to_owned())
        })?;
        assert_eq!(page.status, status, "{fields}");
        assert!(page.text.starts_with(text) && text.is_empty() == page.text.is_empty());
        Ok(())
    };
    let client = "client_id=kubernetes";
    check(client, 400, "")?;
    check(
        &format!("{client}&grant_type=refresh_token&refresh_token=q1bK"),
        401,
        "",
    )?;
    check(
        &format!("{client}&grant_type=authorization_code&code={code}"),
        403,
        "",
    )?;
    check(
        &format!("{client}&grant_type=password"),
        400,
        "{\"error\":\"unsupported_grant_type\"}",
    )?;
    check(&format!("{client}&grant_type=client_credentials"), 403, "")?;
    check(
        "grant_type=refresh_token&refresh_token=q1bK",
        500,
        "<!DOCTYPE",
    )?;
    let asked_for_json = browser.send(Method::POST, &url, |request| {
        request
            .header("Accept", "application/json")
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body("grant_type=authorization_code")
    })?;
    assert_eq!(asked_for_json.text, "{\"error\":\"invalid_request\"}");
    assert_eq!(browser.get(&url)?.text, "");
    Ok(())
}

#[test]
fn a_plus_sign_that_was_not_encoded_is_complained_of() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let token = document(&bed)?.string("/token/refresh_token")?;
    let mut browser = Browser::new(&bed)?;

    let page = browser.send(
        Method::POST,
        &format!("{}/auth/idp/k8sIdp/token", bed.portal_url()),
        |request| {
            request
                .header("Content-Type", "application/x-www-form-urlencoded")
                .body(format!(
                    "grant_type=refresh_token&client_id=kubernetes&refresh_token={token}"
                ))
        },
    )?;

    assert_eq!(page.status, 401);
    assert_eq!(bed.complaints().len(), 1);
    Ok(())
}

#[test]
fn discovery_and_keys_are_those_of_the_portal() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let mut browser = Browser::new(&bed)?;
    let issuer = format!("{}/auth/idp/k8sIdp", bed.portal_url());

    let discovery = browser.get(&format!("{issuer}/.well-known/openid-configuration"))?;
    assert_eq!(discovery.string("/issuer")?, issuer);
    assert_eq!(
        discovery.string("/token_endpoint")?,
        format!("{issuer}/token")
    );
    let keys = browser.get(&discovery.string("/jwks_uri")?)?.json()?;
    assert_eq!(keys.pointer("/keys/0/use"), Some(&"sig".into()));
    let kid = keys.pointer("/keys/0/kid").and_then(Value::as_str);
    assert!(kid.is_some_and(|kid| kid.starts_with("C=MyCountry, ST=, L=My Cluster")));
    assert_eq!(browser.get(&format!("{issuer}/revoke"))?.text, "");
    Ok(())
}

#[test]
fn an_authorization_code_gives_kubectls_own_tokens() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let mut browser = Browser::new(&bed)?;
    let issuer = format!("{}/auth/idp/k8sIdp", bed.portal_url());
    let request = format!(
        "{issuer}/auth?client_id=kubernetes&response_type=code&scope=openid&redirect_uri=http%3A%2F%2Flocalhost%3A8000\
         &state=a%2Bb&nonce=n1&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
    );
    let login = browser.open(&request)?;

    let end = browser
        .okta_sign_in(&login)?
        .location()?
        .ok_or("no redirect")?;

    assert_eq!(end.origin().ascii_serialization(), "http://localhost:8000");
    let param = |name: &str| {
        let mut pairs = end.query_pairs();
        pairs
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    };
    assert_eq!(param("state"), "a+b");
    let token = format!("{issuer}/token");
    let code = param("code");
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("client_id", "kubernetes"),
        ("code", code.as_str()),
    ];
    assert_eq!(browser.post(&token, &fields)?.status, 400);
    fields.push((
        "code_verifier",
        "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    ));
    let tokens = browser.post(&token, &fields)?;
    let id = tokens.string("/id_token")?;
    assert_eq!(claims(&id)?.get("nonce"), Some(&"n1".into()));
    let access = tokens.string("/access_token")?;
    let info = browser.bearer(&format!("{issuer}/userinfo"), &access)?;
    assert_eq!(info.string("/sub")?, USER);
    assert_eq!(
        browser.bearer(&format!("{issuer}/userinfo"), &id)?.status,
        401
    );
    let other = [
        ("grant_type", "authorization_code"),
        ("client_id", "cli-local"),
        ("code", code.as_str()),
    ];
    let other_idp = token.replace("k8sIdp", "k8s-login-cli");
    assert_eq!(browser.post(&other_idp, &other)?.status, 401);
    assert_eq!(bed.complaints(), Vec::<String>::new());
    Ok(())
}

#[test]
fn a_wrong_authorization_request_is_sent_back_without_its_state() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let mut browser = Browser::new(&bed)?;
    let back = "redirect_uri=http%3A%2F%2Flocalhost%3A8000";
    for (query, error) in [
        (
            format!("client_id=kubernetes&scope=openid&{back}"),
            "state_missing",
        ),
        (
            format!("client_id=nobody&scope=openid&state=s&{back}"),
            "unauthorized_client",
        ),
        (
            format!("client_id=kubernetes&scope=email+openid&state=s&{back}"),
            "invalid_scope",
        ),
    ] {
        let page = browser.get(&format!(
            "{}/auth/idp/k8sIdp/auth?{query}",
            bed.portal_url()
        ))?;
        let location = format!("http://localhost:8000?error={error}");
        assert_eq!(page.header("location"), Some(location.as_str()));
    }
    Ok(())
}

#[test]
fn the_cli_page_has_other_values_under_the_same_keys() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let mut browser = Browser::new(&bed)?;
    let issuer = format!("{}/auth/idp/k8s-login-cli", bed.portal_url());
    let request = format!(
        "{issuer}/auth?client_id=cli-local&response_type=code&scope=openid+profile&state=s\
         &redirect_uri=http%3A%2F%2F127.0.0.1%3A8400%2Fredirect"
    );
    let login = browser.open(&request)?;
    let end = browser
        .okta_sign_in(&login)?
        .location()?
        .ok_or("no redirect")?;
    let code = end.query_pairs().next().ok_or("no code")?.1.into_owned();
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", "cli-local"),
        ("code", &code),
    ];
    let tokens = browser.post(&format!("{issuer}/token"), &fields)?;
    let url = format!("{}/k8slogin/token/user", bed.portal_url());

    let page = browser.bearer(&url, &tokens.string("/id_token")?)?;

    assert_eq!(page.string("/token/kubectl Command")?, "kubernetes");
    assert_eq!(
        page.string("/token/kubectl Windows Command")?,
        bed.api_url()
    );
    assert!(page.string("/token/ou login plugin").is_err());
    assert_eq!(page.set_cookies(), Vec::<&str>::new());
    let refused = browser.bearer(&url, &page.string("/token/id_token")?)?;
    assert_eq!((refused.status, refused.text.as_str()), (401, ""));
    let wanted = "Bearer realm=\"kubernetes\",scope=\"auth\"";
    assert_eq!(refused.header("www-authenticate"), Some(wanted));
    let useless = tokens.string("/refresh_token")?;
    assert_eq!(browser.refresh(&useless)?.status, 401);
    Ok(())
}
