use std::error::Error as _;

use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use serde_json::json;

use crate::error::{Error, ErrorKind};
use crate::kubeconfig::{Kubeconfig, Section};
use crate::kubectl::{Allow, KubectlCommand, ParseCommandError, Refusal};

#[test]
fn each_open_unison_variant_is_understood() {
    let plain = open_unison(PEM, "$TMP_CERT", IDP_CA, "");
    let kubeconfig = parse(plain.trim_start());
    let expected = json!({
        "certificate-authority-data": encoded(
            "-----BEGIN CERTIFICATE-----\nAAcOFRwj\noKeutQ==\n-----END CERTIFICATE-----\n",
        ),
        "server": "https://k8sapi.example.com",
    });
    assert_eq!(kubeconfig.current_context(), Some("kubernetes"));
    assert_eq!(
        field(&kubeconfig, Section::Clusters, "kubernetes"),
        expected
    );
    assert_eq!(
        field(&kubeconfig, Section::Contexts, "kubernetes"),
        json!({ "cluster": "kubernetes", "user": "mmosley@kubernetes" })
    );
    assert_eq!(
        field(&kubeconfig, Section::Users, "mmosley@kubernetes"),
        json!({ "auth-provider": { "name": "oidc", "config": {
            "client-id": "kubernetes",
            "client-secret": "",
            "id-token": "eyJraWQ.eyJpc3M.sig",
            "idp-certificate-authority-data": IDP_CA,
            "idp-issuer-url": "https://k8sou.example.com/auth/idp/k8sIdp",
            "refresh-token": "q1bKLFOyUkq1CPVK/+LVUrVQ0A=",
        } } })
    );

    // A leading blank since 2023, a line end between 2021 and 2023.
    assert_eq!(parse(&plain), kubeconfig);
    assert_eq!(parse(&format!("{plain}\n")), kubeconfig);
}

#[test]
fn additional_servers_share_the_user_and_the_certificate() {
    let extra = "kubectl config set-cluster vip --server=https://vip.example.com \
                 --certificate-authority=$TMP_CERT --embed-certs=true && kubectl config set-context vip \
                 --cluster=vip --user=mmosley@kubernetes && ";
    let kubeconfig = parse(&open_unison(PEM, "$TMP_CERT", IDP_CA, extra));

    let cluster =
        |name| field(&kubeconfig, Section::Clusters, name)["certificate-authority-data"].clone();
    assert_eq!(cluster("vip"), cluster("kubernetes"));
    assert_eq!(
        field(&kubeconfig, Section::Contexts, "vip"),
        json!({ "cluster": "vip", "user": "mmosley@kubernetes" })
    );
    assert_eq!(kubeconfig.current_context(), Some("kubernetes"));
}

#[test]
fn a_portal_without_certificates_means_the_system_s_roots() {
    let kubeconfig = parse(&open_unison("", "/dev/null", "", ""));

    let cluster = field(&kubeconfig, Section::Clusters, "kubernetes");
    assert_eq!(cluster, json!({ "server": "https://k8sapi.example.com" }));
}

#[test]
fn a_template_of_several_lines_is_understood() {
    let text = "# set up kubectl\nexport TMP_CERT=\"$(mktemp)\"\nIDP=$(mktemp); echo -e \"a\\nb\" > $IDP\n\
                echo YWJj | base64 -d > \"${TMP_CERT}\"\nkubectl config set-credentials u \\\n  --auth-provider=oidc \\\n\
                \t--auth-provider-arg=idp-issuer-url=https://i/ \\\n --auth-provider-arg=idp-certificate-authority=$IDP\n\
                kubectl config set-cluster c --server https://s --certificate-authority \"$TMP_CERT\"\n\
                kubectl config set-context c --cluster c --user u; kubectl config use c\nrm $TMP_CERT $IDP";
    let kubeconfig = parse(text);

    let expected = json!({ "certificate-authority-data": "YWJj", "server": "https://s" });
    assert_eq!(field(&kubeconfig, Section::Clusters, "c"), expected);
    let config = &field(&kubeconfig, Section::Users, "u")["auth-provider"]["config"];
    let expected = json!({ "idp-certificate-authority-data": encoded("a\nb\n"), "idp-issuer-url": "https://i/" });
    assert_eq!(*config, expected);
}

#[test]
fn gangway_s_blank_before_the_redirection_is_part_of_the_file() {
    let kubeconfig = parse(
        "echo \"-----BEGIN CERTIFICATE-----\nMIID\n-----END CERTIFICATE-----\n\" \\ > \"ca-prod.pem\"\n\
         kubectl config set-cluster \"prod\" --server=https://p --certificate-authority=\"ca-prod.pem\" --embed-certs\n\
         kubectl config set-credentials \"me@example.com\"  \\\n    --auth-provider=oidc  \\\n    \
         --auth-provider-arg='idp-issuer-url=https://idp.example.com/'  \\\n    \
         --auth-provider-arg='id-token=a.b.c'\n\
         kubectl config set-context \"prod\" --cluster=\"prod\" --user=\"me@example.com\"\n\
         kubectl config use-context \"prod\"\nrm \"ca-prod.pem\"",
    );

    let expected = encoded("-----BEGIN CERTIFICATE-----\nMIID\n-----END CERTIFICATE-----\n  \n");
    let cluster = field(&kubeconfig, Section::Clusters, "prod");
    assert_eq!(cluster["certificate-authority-data"], expected);
}

#[test]
fn dex_k8s_authenticator_s_files_are_embedded() {
    let kubeconfig = parse(
        "mkdir -p ${HOME}/.kube/certs/dev/ && cat << EOF > ${HOME}/.kube/certs/dev/k8s-ca.crt\nPEM\nEOF\n\n\
         kubectl config set-cluster dev \\\n    --certificate-authority=${HOME}/.kube/certs/dev/k8s-ca.crt \\\n    \
         --server=https://dev\nkubectl config set-credentials me-dev \\\n    --auth-provider=oidc \\\n    \
         --auth-provider-arg=\"idp-issuer-url=https://idp\" \\\n    \
         --auth-provider-arg=idp-certificate-authority=${HOME}/.kube/certs/dev/k8s-ca.crt\n\
         kubectl config set-context me-dev \\\n    --cluster=dev \\\n    --namespace=team \\\n    --user=me-dev\n\
         kubectl config use-context me-dev\n",
    );

    let cluster = field(&kubeconfig, Section::Clusters, "dev");
    assert_eq!(cluster["certificate-authority-data"], encoded("PEM\n"));
    let context = field(&kubeconfig, Section::Contexts, "me-dev");
    assert_eq!(context["namespace"], "team");
    let config = &field(&kubeconfig, Section::Users, "me-dev")["auth-provider"]["config"];
    assert_eq!(config["idp-certificate-authority-data"], encoded("PEM\n"));
    assert_eq!(config["idp-certificate-authority"], json!(null));
}

#[test]
fn preferences_are_kept() {
    let on = parse(&format!(
        "{COMPLETE}kubectl config set preferences.colors true"
    ));
    assert_eq!(on.root()["preferences"], json!({ "colors": true }));

    let off = format!(
        "{COMPLETE}kubectl config set preferences.colors 1; kubectl config unset preferences"
    );
    assert_eq!(parse(&off).root().get("preferences"), None);
}

/// `«` stands before what is refused
#[test]
fn what_is_outside_the_grammar_is_refused_where_it_stands() {
    #[rustfmt::skip]
    let table = [
        (Refusal::Program, "«curl https://x -o f"),
        (Refusal::Program, "mkdir -p ${HOME}/.kube/certs/d/ && «curl --create-dirs -s https://x -o f"),
        (Refusal::Program, "«./kubectl config use-context x"),
        (Refusal::Program, "«/usr/bin/kubectl config use-context x"),
        (Refusal::Program, "«set -e"),
        (Refusal::Program, "«source f"),
        (Refusal::Program, "«cat f"),
        (Refusal::Program, "F=$(mktemp); «cat f << EOF > $F\nEOF\n"),
        (Refusal::Program, "«mkdir ${HOME}/.kube/certs/d"),
        (Refusal::Subcommand, "kubectl «get pods"),
        (Refusal::Subcommand, "kubectl config «view"),
        (Refusal::Subcommand, "«kubectl"),
        (Refusal::Subcommand, "«kubectl config"),
        (Refusal::Flag, "kubectl «--kubeconfig=f config use-context x"),
        (Refusal::Flag, "kubectl config «--kubeconfig f use-context x"),
        (Refusal::Flag, "kubectl config use-context x «--kubeconfig=/etc/f"),
        (Refusal::Flag, "kubectl config set-cluster x «--context=y"),
        (Refusal::Flag, "kubectl config set-cluster x «-s https://s"),
        (Refusal::Flag, "kubectl config set-context x «-n y"),
        (Refusal::Flag, "kubectl config set-cluster x «--help"),
        (Refusal::Substitution, "kubectl config use-context «$(id)"),
        (Refusal::Substitution, "kubectl config use-context \"a«$(id)\""),
        (Refusal::Substitution, "kubectl config use-context «`id`"),
        (Refusal::Substitution, "kubectl config use-context \"«`id`\""),
        (Refusal::Substitution, "kubectl config use-context «$((1+1))"),
        (Refusal::Substitution, "kubectl config set-cluster x --certificate-authority=«$(mktemp)"),
        (Refusal::Substitution, "kubectl config use-context «<(id)"),
        (Refusal::Substitution, "F=«$(mktemp -u)"),
        (Refusal::Substitution, "export F=«$(id)"),
        (Refusal::Substitution, "F=«`mktemp`"),
        (Refusal::Substitution, "F=«$(mktemp)x"),
        (Refusal::Substitution, "F=$(mktemp); cat << EOF > $F\n«$(id)\nEOF\n"),
        (Refusal::Substitution, "F=$(mktemp); cat << EOF > $F\nab«`id`\nEOF\n"),
        (Refusal::Expansion, "kubectl config use-context «$USER"),
        (Refusal::Expansion, "kubectl config use-context \"«${USER}\""),
        (Refusal::Expansion, "F=$(mktemp); rm «${F:-x}"),
        (Refusal::Expansion, "F=$(mktemp); rm «$Fx"),
        (Refusal::Expansion, "F=$(mktemp); rm «$F\\\nx"),
        (Refusal::Expansion, "kubectl config use-context «$1"),
        (Refusal::Expansion, "kubectl config use-context «$@"),
        (Refusal::Expansion, "kubectl config use-context «$'a'"),
        (Refusal::Expansion, "kubectl config use-context «$\"a\""),
        (Refusal::Expansion, "kubectl config use-context «$[1]"),
        (Refusal::Expansion, "kubectl config use-context a«*"),
        (Refusal::Expansion, "kubectl config use-context a«?"),
        (Refusal::Expansion, "kubectl config use-context «[a]"),
        (Refusal::Expansion, "kubectl config use-context a«{b,c}"),
        (Refusal::Expansion, "«{ kubectl config use-context x; }"),
        (Refusal::Expansion, "kubectl config use-context «~"),
        (Refusal::Expansion, "kubectl config set-cluster x --certificate-authority=«~/ca"),
        (Refusal::Expansion, "F=$(mktemp); cat << EOF > $F\n a «$USER\nEOF\n"),
        (Refusal::Expansion, "F=$(mktemp); cat << EOF > $F\n«\\\nEOF\n"),
        (Refusal::Expansion, "F=$(mktemp); printf «'%d' 1 > $F"),
        (Refusal::Expansion, "F=$(mktemp); printf «'%s-' a > $F"),
        (Refusal::Expansion, "F=$(mktemp); echo -e «'\\u20ac' > $F"),
        (Refusal::Expansion, "«$TMP_CERT=New-TemporaryFile ; \"a`nb\" | out-file $TMP_CERT -encoding oem"),
        (Refusal::Syntax, "kubectl config use-context x «| cat"),
        (Refusal::Syntax, "F=$(mktemp); echo x «| tee $F"),
        (Refusal::Syntax, "F=$(mktemp); echo x | base64 -d «| cat > $F"),
        (Refusal::Syntax, "kubectl config use-context x «|| true"),
        (Refusal::Syntax, "kubectl config use-context x «|& cat"),
        (Refusal::Syntax, "kubectl config use-context x «&"),
        (Refusal::Syntax, "kubectl config set-context x; «;"),
        (Refusal::Syntax, "«&& kubectl config use-context x"),
        (Refusal::Syntax, "«; kubectl config use-context x"),
        (Refusal::Syntax, "kubectl config set-context x && «&& y"),
        (Refusal::Syntax, "«(kubectl config use-context x)"),
        (Refusal::Syntax, "kubectl config use-context x«)"),
        (Refusal::Syntax, "«if true; then rm x; fi"),
        (Refusal::Syntax, "«! rm x"),
        (Refusal::Syntax, "«time rm x"),
        (Refusal::Syntax, "«A=b"),
        (Refusal::Syntax, "F=$(mktemp) «kubectl config use-context x"),
        (Refusal::Syntax, "export F=$(mktemp) «G"),
        (Refusal::Syntax, "«export F"),
        (Refusal::Syntax, "export «F=b"),
        (Refusal::Syntax, "«PATH=$(mktemp)"),
        (Refusal::Syntax, "«export KUBECONFIG=$(mktemp)"),
        (Refusal::Syntax, "«HOME=$(mktemp)"),
        (Refusal::Syntax, "F=$(mktemp); cat << EOF > $F «&& rm $F\nEOF\n"),
        (Refusal::Syntax, "F=$(mktemp); echo x «> ; rm $F"),
        (Refusal::Redirection, "F=$(mktemp); echo x «>> $F"),
        (Refusal::Redirection, "F=$(mktemp); echo x «2> $F"),
        (Refusal::Redirection, "F=$(mktemp); echo x «&> $F"),
        (Refusal::Redirection, "F=$(mktemp); echo x «>| $F"),
        (Refusal::Redirection, "F=$(mktemp); echo x > $F «> $F"),
        (Refusal::Redirection, "F=$(mktemp); echo x > $F «y"),
        (Refusal::Redirection, "kubectl config use-context x «< f"),
        (Refusal::Redirection, "F=$(mktemp); cat «<<< x > $F"),
        (Refusal::Redirection, "F=$(mktemp); kubectl config view > «$F"),
        (Refusal::Redirection, "echo x > «/etc/passwd"),
        (Refusal::Redirection, "echo x > «../f"),
        (Refusal::Redirection, "echo x > «./f"),
        (Refusal::Redirection, "echo x > «-f"),
        (Refusal::Redirection, "echo x > «${HOME}/.kube/config"),
        (Refusal::Redirection, "echo x > «${HOME}/.kube/certs/../config"),
        (Refusal::Redirection, "echo x > «/dev/null"),
        (Refusal::Redirection, "«echo x"),
        (Refusal::Redirection, "rm x > «y"),
        (Refusal::OwnFile, "rm «x"),
        (Refusal::OwnFile, "rm -f «/etc/passwd"),
        (Refusal::OwnFile, "rm «-rf /"),
        (Refusal::OwnFile, "F=$(mktemp); kubectl config set-cluster «$F"),
        (Refusal::OwnFile, "F=$(mktemp); kubectl config set-cluster x «--server=https://$F"),
        (Refusal::OwnFile, "kubectl config set-credentials x «--token=$HOME"),
        (Refusal::OwnFile, "F=$(mktemp); echo «$F > $F"),
        (Refusal::OwnFile, "mkdir -p «${HOME}/.kube/certs/../x"),
        (Refusal::OwnFile, "mkdir -p «/tmp/x"),
        (Refusal::ControlCharacter, "kubectl config use-context x«\r\n"),
        (Refusal::ControlCharacter, "kubectl config use-context x \\«\r\n"),
        (Refusal::ControlCharacter, "kubectl config use-context «\0"),
        (Refusal::ControlCharacter, "kubectl config use-context «\u{1b}[0m"),
        (Refusal::Unterminated, "kubectl config use-context «'x"),
        (Refusal::Unterminated, "kubectl config use-context «\"x"),
        (Refusal::Unterminated, "kubectl config use-context x«\\"),
        (Refusal::Unterminated, "F=$(mktemp) &&«"),
        (Refusal::Unterminated, "F=$(mktemp); cat << «EOF > $F\nx\n EOF\n"),
        (Refusal::Unterminated, "F=$(mktemp); cat << EOF > $F«"),
    ];
    for (refusal, text) in table {
        let offset = text.find('«').unwrap();
        let text = text.replace('«', "");
        let error = KubectlCommand::parse(&text, &Allow::nothing()).unwrap_err();
        assert_eq!(
            (error.refusal(), error.offset()),
            (refusal, offset),
            "{text}: {error}"
        );
        assert_eq!(error.option(), None, "{text}");
    }
}

/// In a home in which [`COMPLETE`] was played, and `$F` is a temporary file
#[test]
fn what_bash_or_kubectl_fails_at_is_refused() {
    #[rustfmt::skip]
    let table = [
        "kubectl config use-context «none",
        "kubectl config «use-context",
        "kubectl config «use-context a b",
        "kubectl config use-context «''",
        "kubectl config delete-context «none",
        "kubectl config «delete-cluster",
        "kubectl config delete-user «none",
        "kubectl config rename-context «none x",
        "kubectl config rename-context dev «dev",
        "kubectl config rename-context dev «''",
        "kubectl config «set-cluster",
        "kubectl config set-cluster «''",
        "kubectl config set-cluster x «--server",
        "kubectl config «set-cluster x --embed-certs",
        "kubectl config «set-cluster x --embed-certs --certificate-authority=",
        "kubectl config set-cluster x «--embed-certs=yes --certificate-authority=$F",
        "kubectl config «set-cluster x --embed-certs true --certificate-authority=$F",
        "kubectl config «set-cluster x --insecure-skip-tls-verify --certificate-authority=$F",
        "kubectl config «set-context",
        "kubectl config «set-context dev --current",
        "kubectl config unset current-context; kubectl config «set-context --current --namespace=x",
        "kubectl config «set-credentials x --token=a --username=b",
        "kubectl config «set-credentials x --token=a --password=b",
        "kubectl config «set-credentials x --embed-certs",
        "kubectl config «set-credentials x --exec-interactive-mode=Sometimes",
        "kubectl config set-credentials x «--auth-provider-arg=a",
        "kubectl config set-credentials x «--auth-provider-arg==a",
        "kubectl config set-credentials x «--auth-provider-arg=a=b,c",
        "kubectl config set-credentials x «--auth-provider-arg='a=\"b'",
        "kubectl config set-credentials x «--auth-provider-arg='a=b\nc'",
        "kubectl config set-credentials x «--exec-env=-",
        "kubectl config set-credentials x «--exec-arg='\"a\"b'",
        "kubectl config «set a",
        "kubectl config set clusters.dev.server «''",
        "kubectl config set «clusters x",
        "kubectl config set «clusters.dev x",
        "kubectl config set «cluster.dev.server x",
        "kubectl config set «clusters.dev.server.x y",
        "kubectl config set «clusters.dev.- y",
        "kubectl config set «clusters..server y",
        "kubectl config set «users.me.act-as-groups y",
        "kubectl config set «users.me.exec y",
        "kubectl config set «users.me.exec.command y",
        "kubectl config set «users.me.auth-provider.name y",
        "kubectl config set «users.me.extensions.x y",
        "kubectl config set «kind y",
        "kubectl config set «preferences y",
        "kubectl config set clusters.dev.insecure-skip-tls-verify «yes",
        "kubectl config set clusters.dev.certificate-authority-data «YQ",
        "kubectl config unset «clusters.none.server",
        "kubectl config unset «none",
        "kubectl config «unset",
        "«rm",
        "rm $F; rm «$F",
        "«mkdir",
        "echo x > «${HOME}/.kube/certs/a/b",
        "mkdir -p ${HOME}/.kube/certs/a; echo x > «${HOME}/.kube/certs/a",
        "«printf > $F",
        "printf «-x > $F",
        "printf «'\\x' > $F",
        "echo '*' | «base64 -d > $F",
        "echo YQ | «base64 -d > $F",
    ];
    for text in table {
        let offset = text.find('«').unwrap() + COMPLETE.len() + TEMPORARY.len();
        let text = format!("{COMPLETE}{TEMPORARY}{}", text.replace('«', ""));
        let error = KubectlCommand::parse(&text, &Allow::nothing()).unwrap_err();
        let found = (error.refusal(), error.offset());
        assert_eq!(found, (Refusal::CommandFails, offset), "{text}: {error}");
    }
}

#[test]
fn what_no_option_allows_is_refused() {
    #[rustfmt::skip]
    let table = [
        (Refusal::Url, "kubectl config set-cluster x «--server=k8s.example.com"),
        (Refusal::Url, "kubectl config set-cluster x «--server=https://"),
        (Refusal::Url, "kubectl config set-cluster x «--server=https:///path"),
        (Refusal::Url, "kubectl config set-cluster x «--server=https://:6443"),
        (Refusal::Url, "kubectl config set-cluster x «--server=https:k8s.example.com"),
        (Refusal::Url, "kubectl config set-cluster x «--server='https://a\\b'"),
        (Refusal::Url, "kubectl config set-cluster x «--server='https://a b'"),
        (Refusal::Url, "kubectl config set-cluster x «--server=https://ex%61mple.com"),
        (Refusal::Url, "kubectl config set-cluster x «--server=ftp://k8s.example.com"),
        (Refusal::Url, "kubectl config set-cluster «x --tls-server-name=y"),
        (Refusal::Url, "kubectl config set clusters.dev.server «x"),
        (Refusal::Url, "kubectl config set-cluster dev «--proxy-url=proxy:3128"),
        (Refusal::Userinfo, "kubectl config set-cluster x «--server=https://a@k8s.example.com"),
        (Refusal::Userinfo, "kubectl config set-cluster x «--server=https://a:b@k8s.example.com"),
        (Refusal::Userinfo, "kubectl config set-cluster x «--server=https://@k8s.example.com"),
        (Refusal::Userinfo, "kubectl config set-cluster dev «--proxy-url=http://a:b@proxy:1"),
        (Refusal::Url, "kubectl config set-credentials «me --auth-provider=oidc"),
        (Refusal::Url, "kubectl config set-credentials me --auth-provider=oidc «--auth-provider-arg=idp-issuer-url="),
        (Refusal::Userinfo, "kubectl config set-credentials me --auth-provider=oidc «--auth-provider-arg=idp-issuer-url=https://a@b"),
        (Refusal::HiddenCharacter, "kubectl config set-context «'a\u{202e}b'"),
        (Refusal::HiddenCharacter, "kubectl config set-context «a\u{200b}b"),
        (Refusal::HiddenCharacter, "kubectl config set-context «'a\nb'"),
        (Refusal::HiddenCharacter, "kubectl config set-context «'a\rb'"),
        (Refusal::HiddenCharacter, "kubectl config set-context x «--namespace=a\u{feff}"),
        (Refusal::HiddenCharacter, "kubectl config set-context x «--user=a\u{2066}"),
        (Refusal::HiddenCharacter, "kubectl config set-cluster «a\u{200d} --server=https://a"),
        (Refusal::HiddenCharacter, "kubectl config set-cluster a «--server=https://a\u{200d}"),
        (Refusal::HiddenCharacter, "kubectl config set-credentials «a\u{85}"),
        (Refusal::HiddenCharacter, "kubectl config set-credentials me «--token='a\nb'"),
        (Refusal::HiddenCharacter, "kubectl config rename-context dev «a\u{ad}"),
        (Refusal::Incomplete, "kubectl config unset current-context«"),
        (Refusal::Incomplete, "kubectl config delete-context dev«"),
        (Refusal::Incomplete, "kubectl config set-context dev «--cluster=none"),
        (Refusal::Incomplete, "kubectl config set contexts.dev.user «none"),
        (Refusal::Incomplete, "kubectl config set-context dev «--user="),
        (Refusal::LocalPath, "kubectl config set-cluster dev «--certificate-authority=ca.crt"),
        (Refusal::LocalPath, "kubectl config set-cluster dev «--certificate-authority="),
        (Refusal::LocalPath, "kubectl config set-credentials me «--client-key=../key"),
        (Refusal::LocalPath, "kubectl config set users.me.tokenFile «token"),
        (Refusal::Exec, "kubectl config set-credentials me «--exec-command=./plugin"),
        (Refusal::OwnFile, "rm $F; kubectl config set-cluster dev «--certificate-authority=$F"),
        (Refusal::OwnFile, "kubectl config set users.me.tokenFile «$F"),
    ];
    for (refusal, text) in table {
        let offset = text.find('«').unwrap() + COMPLETE.len() + TEMPORARY.len();
        let text = format!("{COMPLETE}{TEMPORARY}{}", text.replace('«', ""));
        let error = KubectlCommand::parse(&text, &everything()).unwrap_err();
        assert_eq!(
            (error.refusal(), error.offset()),
            (refusal, offset),
            "{text}: {error}"
        );
        assert_eq!(error.option(), None, "{text}");
    }
}

#[test]
fn what_an_option_allows_is_taken_with_it_only() {
    let none = Allow::nothing;
    #[rustfmt::skip]
    let table = [
        ("--allow-http", none().http(), "set-cluster dev «--server=http://127.0.0.1:8001"),
        ("--allow-http", none().http(), "set clusters.dev.server «http://k8s.example.com"),
        ("--allow-http", none().http(), "set-credentials me --auth-provider=oidc «--auth-provider-arg=idp-issuer-url=http://i"),
        ("--allow-insecure", none().insecure(), "set-cluster dev «--insecure-skip-tls-verify"),
        ("--allow-insecure", none().insecure(), "set clusters.dev.insecure-skip-tls-verify «1"),
        ("--allow-local-path", none().local_path(), "set-cluster dev «--certificate-authority=/ca"),
        ("--allow-local-path", none().local_path(), "set-cluster dev --embed-certs «--certificate-authority=/ca"),
        ("--allow-local-path", none().local_path(), "set-credentials me «--client-key=/key"),
        ("--allow-local-path", none().local_path(), "set-credentials me «--client-certificate=/c"),
        ("--allow-local-path", none().local_path(), "set users.me.tokenFile «/token"),
        (
            "--allow-local-path",
            none().local_path(),
            "set-credentials me --auth-provider=oidc --auth-provider-arg=idp-issuer-url=https://i \
             «--auth-provider-arg=idp-certificate-authority=/ca",
        ),
        ("--allow-exec", none().exec("kubelogin"), "set-credentials me «--exec-command=kubelogin"),
        ("--allow-exec", none().exec("/bin/x"), "set-credentials me «--exec-command=/bin/x"),
        ("--allow-auth-provider", none().auth_provider("gcp"), "set-credentials me «--auth-provider=gcp"),
        ("--allow-auth-provider", none().auth_provider("gcp").exec("gcloud"), "set-credentials me «--auth-provider=gcp --auth-provider-arg=cmd-path=gcloud"),
        ("--allow-auth-provider", none().auth_provider(""), "set-credentials me «--auth-provider="),
    ];
    for (option, allow, text) in table {
        let offset = text.find('«').unwrap() + COMPLETE.len() + "kubectl config ".len();
        let text = format!("{COMPLETE}kubectl config {}", text.replace('«', ""));
        let error = KubectlCommand::parse(&text, &Allow::nothing()).unwrap_err();
        assert_eq!(
            (error.option(), error.offset()),
            (Some(option), offset),
            "{text}"
        );
        assert!(error.to_string().contains(option), "{error}");
        assert!(KubectlCommand::parse(&text, &allow).is_ok(), "{text}");
    }
}

#[test]
fn an_option_allows_nothing_else() {
    let others = [
        (
            "set-credentials me --exec-command=kubelogin",
            Allow::nothing().exec("kubelogin2"),
        ),
        (
            "set-credentials me --exec-command=/tmp/kubelogin",
            Allow::nothing().exec("kubelogin"),
        ),
        (
            "set-credentials me --auth-provider=gcp --auth-provider-arg=cmd-path=sh",
            Allow::nothing().auth_provider("gcp"),
        ),
        (
            "set-cluster dev --insecure-skip-tls-verify",
            Allow::nothing().http(),
        ),
        (
            "set-cluster dev --server=http://a",
            Allow::nothing().insecure(),
        ),
    ];
    for (text, allow) in others {
        let text = format!("{COMPLETE}kubectl config {text}");
        assert!(KubectlCommand::parse(&text, &allow).is_err(), "{text}");
    }
}

#[test]
fn a_local_path_is_named_and_not_read() {
    let text = format!(
        "{COMPLETE}kubectl config set-cluster dev --certificate-authority=/etc/./hosts --embed-certs"
    );
    let command = KubectlCommand::parse(&text, &Allow::nothing().local_path()).unwrap();

    let cluster = command
        .kubeconfig()
        .entry(Section::Clusters, "dev")
        .unwrap();
    assert_eq!(cluster["certificate-authority"], "/etc/hosts");
    assert_eq!(cluster.get("certificate-authority-data"), None);
}

#[test]
fn no_error_holds_a_secret() {
    let secrets = [
        "kubectl config set-credentials u --token=SECRET",
        "kubectl config set-credentials u --token SECRET",
        "kubectl config set-credentials u --username=x --password=SECRET",
        "kubectl config set-credentials u --auth-provider=oidc --auth-provider-arg=id-token=SECRET",
        "kubectl config set-credentials u --auth-provider=oidc --auth_provider_arg refresh-token=SECRET",
        "kubectl config set-credentials u --exec-command=x --exec-env=TOKEN=SECRET",
        "kubectl config set-credentials u --exec-command=x --exec-arg=--token=SECRET",
        "kubectl config set-credentials u --client-key=/SECRET",
        "kubectl config set users.u.token SECRET",
        "kubectl config set --set-raw-bytes users.u.client-key-data SECRET",
        "echo SECRET > $F",
        "echo -e 'SECRET' > $F",
        "printf SECRET > $F",
        "echo U0VDUkVU | base64 -d > $F; echo SECRET > $F",
        "cat << EOF > $F\nSECRET\nEOF",
    ];
    #[rustfmt::skip]
    let ends = [
        ";SECRET2", "; SECRET2 x", "\nSECRET2\n", "&&SECRET2", "&SECRET2", "|SECRET2", "|| SECRET2",
        " --SECRET2", " -SECRET2", " SECRET2", "$SECRET2", "${SECRET2}", "$(SECRET2)", "`SECRET2`",
        "'SECRET2", "\"SECRET2", "\\", "*SECRET2", "{SECRET2}", "> SECRET2", ">SECRET2", "< SECRET2",
        "<< SECRET2", "\r", "; kubectl SECRET2", "; kubectl --SECRET2 config", "; SECRET2=x", "; rm SECRET2",
        "; kubectl config set-cluster a --server=http://b", "",
    ];
    for secret in secrets {
        for end in ends {
            let text = format!("{TEMPORARY}{secret}{end}")
                .replace("SECRET2", "c4n4ry-Rest")
                .replace("SECRET", "c4n4ry-First");
            for allow in [Allow::nothing(), everything()] {
                let error = KubectlCommand::parse(&text, &allow).unwrap_err();
                let shown = format!("{error} {error:?} {:?}", Error::from(error.clone()));
                assert!(!shown.contains("c4n4ry"), "{text}: {shown}");
            }
        }
    }
    let text = format!("{COMPLETE}kubectl config set-credentials me --token=c4n4ry");
    let command = KubectlCommand::parse(&text, &Allow::nothing()).unwrap();
    assert!(!format!("{command:?}").contains("c4n4ry"));
}

#[test]
fn a_program_is_named_where_it_cannot_be_a_secret() {
    let construct = |text: &str| {
        let error = KubectlCommand::parse(text, &Allow::nothing()).unwrap_err();
        error.construct().to_owned()
    };
    assert_eq!(construct("evil --now"), "the program `evil`");
    assert_eq!(construct("''"), "the program without a name");
    assert_eq!(
        construct("--token=canary && x"),
        "the program whose name is not shown"
    );
    assert_eq!(
        construct("'e\u{202e}\nvil'"),
        "the program `e\\u{202e} vil`"
    );
    assert_eq!(
        construct("kubectl config use-context x --bad=1"),
        "the flag `--bad`"
    );
    let token = "kubectl config set-credentials u --token=a";
    assert_eq!(
        construct(&format!("{token}; evil")),
        "the program whose name is not shown"
    );
    assert_eq!(construct(&format!("{token}; curl x")), "the program `curl`");
    let later = format!("{token}; kubectl config set-context x; evil");
    assert_eq!(construct(&later), "the program `evil`");
}

#[test]
fn the_login_s_error_keeps_the_cause_and_names_the_option() {
    let text = format!("{COMPLETE}kubectl config set-cluster dev --server=http://a");
    let error = Error::from(KubectlCommand::parse(&text, &Allow::nothing()).unwrap_err());

    assert_eq!(error.kind(), ErrorKind::UnsafeCommand);
    assert!(error.next_step().unwrap().starts_with("--allow-http"));
    let cause = error.source().unwrap().to_string();
    assert_eq!(
        cause,
        "at byte 218: a server without TLS (taken only with --allow-http)"
    );
    assert!(!error.to_string().contains(&cause));
}

#[test]
fn ten_megabytes_are_too_long_whatever_they_are() {
    for unit in HOSTILE {
        let text = unit.repeat(10 * MEBIBYTE / unit.len() + 1);
        let error = KubectlCommand::parse(&text, &Allow::nothing()).unwrap_err();
        assert_eq!(
            (error.refusal(), error.offset()),
            (Refusal::TooLong, MEBIBYTE)
        );
    }
}

#[test]
fn a_text_below_the_limit_ends_in_an_error() {
    for unit in HOSTILE {
        let text = unit.repeat(MEBIBYTE / 4 / unit.len());
        let error = KubectlCommand::parse(&text, &everything()).unwrap_err();
        assert_ne!(error.construct(), "a text of more than 1 MiB");
    }
    // Each of these is one good command, to which much of the same is added.
    for (line, refusal) in [
        (
            "kubectl config set clusters.dev.server https://a\n",
            Refusal::TooLong,
        ),
        (
            "kubectl config set-credentials me --exec-command=x --exec-env=A=1\n",
            Refusal::TooLong,
        ),
        ("rm -f $F;", Refusal::TooLong),
        (
            "echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa > $F;",
            Refusal::TooLong,
        ),
    ] {
        let text = format!("{COMPLETE}{TEMPORARY}{}", line.repeat(1001));
        let error = KubectlCommand::parse(&text, &everything()).unwrap_err();
        assert_eq!(error.refusal(), refusal);
    }
    let many = |word: &str, count: usize| {
        let start = "kubectl config set-credentials me --exec-command=x";
        KubectlCommand::parse(
            &format!("{COMPLETE}{start}{}", word.repeat(count)),
            &everything(),
        )
    };
    assert_eq!(
        many(" --exec-arg=a", 4096).unwrap_err().refusal(),
        Refusal::TooLong
    );
    assert!(many(" --exec-arg=a", 4000).is_ok());
    let variables: String = (0..1001).map(|n| format!(" --exec-env=A{n}=1")).collect();
    assert_eq!(many(&variables, 1).unwrap_err().refusal(), Refusal::TooLong);
    assert_eq!(
        many(&"a".repeat(128 << 10), 1).unwrap_err().refusal(),
        Refusal::TooLong
    );
}

#[test]
fn one_certificate_in_a_thousand_clusters_is_too_much() {
    let mut text = format!(
        "{COMPLETE}{TEMPORARY}echo {} > $F\n",
        "a".repeat(MEBIBYTE / 2)
    );
    for number in 0..900 {
        text.push_str(&format!(
            "kubectl config set-cluster c{number} --server=https://a --certificate-authority=$F --embed-certs\n"
        ));
    }
    let error = KubectlCommand::parse(&text, &Allow::nothing()).unwrap_err();
    assert_eq!(error.construct(), "more certificates than any portal gives");
}

#[test]
fn a_kubeconfig_that_no_command_made_meets_the_same_rules() {
    let good = || {
        parse(&format!(
            "{COMPLETE}kubectl config set-credentials me --token=t"
        ))
    };
    let refusal = |change: fn(&mut Kubeconfig), allow: &Allow| {
        let mut kubeconfig = good();
        change(&mut kubeconfig);
        allow
            .check(&kubeconfig)
            .map_err(|refused| refused.refusal())
    };
    let nothing = Allow::nothing();
    assert_eq!(nothing.check(&good()), Ok(()));

    let exec = |kubeconfig: &mut Kubeconfig| {
        let user = kubeconfig.entry_mut(Section::Users, "me");
        user.insert(
            "exec".into(),
            json!({ "command": "kubelogin", "args": ["get-token"] }),
        );
    };
    assert_eq!(refusal(exec, &nothing), Err(Refusal::Exec));
    assert_eq!(refusal(exec, &Allow::nothing().exec("kubelogin")), Ok(()));

    struct Case(fn(&mut Kubeconfig), Refusal);
    #[rustfmt::skip]
    let table = [
        Case(
            |k| set(k, Section::Clusters, "server", json!("http://a")),
            Refusal::Http,
        ),
        Case(
            |k| set(k, Section::Clusters, "server", json!(1)),
            Refusal::Malformed,
        ),
        Case(
            |k| {
                set(
                    k,
                    Section::Clusters,
                    "insecure-skip-tls-verify",
                    json!("true"),
                )
            },
            Refusal::Malformed,
        ),
        Case(
            |k| set(k, Section::Clusters, "certificate-authority", json!("/ca")),
            Refusal::LocalPath,
        ),
        Case(
            |k| set(k, Section::Users, "exec", json!("sh")),
            Refusal::Malformed,
        ),
        Case(
            |k| set(k, Section::Users, "auth-provider", json!({ "name": "gcp" })),
            Refusal::AuthProvider,
        ),
        Case(
            |k| set(k, Section::Contexts, "user", json!("you")),
            Refusal::Incomplete,
        ),
        Case(
            |k| drop(k.root_mut().insert("users".into(), json!({}))),
            Refusal::Malformed,
        ),
        Case(
            |k| {
                let twice = json!([{ "name": "me" }, { "name": "me" }]);
                k.root_mut().insert("users".into(), twice);
            },
            Refusal::Malformed,
        ),
    ];
    for Case(change, expected) in table {
        assert_eq!(refusal(change, &nothing), Err(expected));
    }
    assert_eq!(
        nothing.check(&Kubeconfig::new()).unwrap_err().to_string(),
        "no current context"
    );
    let mut insecure = good();
    set(
        &mut insecure,
        Section::Clusters,
        "insecure-skip-tls-verify",
        json!(true),
    );
    assert_eq!(
        nothing.check(&insecure).unwrap_err().to_string(),
        "cluster dev: a cluster without TLS verification (taken only with --allow-insecure)"
    );
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>()) {
        let _ = KubectlCommand::parse(&text, &everything());
    }

    #[test]
    fn no_mutated_command_panics(text in mutated()) {
        if let Ok(command) = KubectlCommand::parse(&text, &everything()) {
            assert!(everything().check(command.kubeconfig()).is_ok());
        }
    }

    #[test]
    fn an_offset_is_in_the_text(text in mutated()) {
        if let Err(error) = KubectlCommand::parse(&text, &Allow::nothing()) {
            assert!(text.is_char_boundary(error.offset()), "{error}");
        }
    }
}

/// A good command in which pieces were cut, doubled or replaced
fn mutated() -> impl Strategy<Value = String> {
    let extra =
        "kubectl config set-cluster vip --server=https://vip --certificate-authority=$TMP_CERT && ";
    let piece = prop_oneof![
        Just(String::new()),
        any::<char>().prop_map(String::from),
        proptest::sample::select(PIECES).prop_map(str::to_owned),
    ];
    let cuts =
        proptest::collection::vec((any::<proptest::sample::Index>(), 0_usize..12, piece), 1..6);
    let texts = proptest::sample::select(vec![
        open_unison(PEM, "$TMP_CERT", IDP_CA, extra),
        open_unison("", "/dev/null", "", ""),
        format!(
            "{COMPLETE}{TEMPORARY}cat << EOF > $F\nPEM\nEOF\nkubectl config set users.me.client-key-data YQ==\nrm $F"
        ),
        format!(
            "{COMPLETE}kubectl config set-credentials me --exec-command=plugin --exec-arg='a,\"b\"' --exec-env=A=b"
        ),
    ]);
    (texts, cuts).prop_map(|(text, cuts)| {
        let mut letters: Vec<char> = text.chars().collect();
        for (place, length, piece) in cuts {
            if letters.is_empty() {
                break;
            }
            let start = place.index(letters.len());
            let end = (start + length).min(letters.len());
            letters.splice(start..end, piece.chars());
        }
        letters.into_iter().collect()
    })
}

fn parse(text: &str) -> Kubeconfig {
    let parsed: Result<_, ParseCommandError> = KubectlCommand::parse(text, &Allow::nothing());
    parsed.unwrap().into_kubeconfig()
}

fn field(kubeconfig: &Kubeconfig, section: Section, name: &str) -> serde_json::Value {
    kubeconfig.entry(section, name).unwrap().clone().into()
}

fn set(kubeconfig: &mut Kubeconfig, section: Section, field: &str, value: serde_json::Value) {
    let name = kubeconfig.names(section).next().unwrap().to_owned();
    kubeconfig
        .entry_mut(section, &name)
        .insert(field.into(), value);
}

fn encoded(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

fn everything() -> Allow {
    Allow::nothing()
        .auth_provider("gcp")
        .exec("plugin")
        .exec("x")
        .http()
        .insecure()
        .local_path()
}

fn open_unison(certificate: &str, path: &str, idp: &str, extra: &str) -> String {
    format!(
        " export TMP_CERT=$(mktemp) && echo -e \"{certificate}\" > $TMP_CERT && kubectl config set-cluster kubernetes \
         --server=https://k8sapi.example.com --certificate-authority={path} --embed-certs=true && kubectl config \
         set-context kubernetes --cluster=kubernetes --user=mmosley@kubernetes  && kubectl config set-credentials \
         mmosley@kubernetes  --auth-provider=oidc --auth-provider-arg=client-secret= \
         --auth-provider-arg=idp-issuer-url=https://k8sou.example.com/auth/idp/k8sIdp \
         --auth-provider-arg=client-id=kubernetes --auth-provider-arg=refresh-token=q1bKLFOyUkq1CPVK/+LVUrVQ0A=  \
         --auth-provider-arg=id-token=eyJraWQ.eyJpc3M.sig  \
         --auth-provider-arg=idp-certificate-authority-data={idp}   && kubectl config use-context kubernetes && {extra} \
         rm $TMP_CERT"
    )
}

const COMPLETE: &str = "kubectl config set-cluster dev --server=https://k8s.example.com
kubectl config set-context dev --cluster=dev --user=me && kubectl config use-context dev
kubectl config set-credentials me
";

const TEMPORARY: &str = "F=$(mktemp); echo x > $F\n";

const PEM: &str = "-----BEGIN CERTIFICATE-----\\nAAcOFRwj\\noKeutQ==\\n-----END CERTIFICATE-----";

const IDP_CA: &str = "LS0tLS1CRUdJTg0KLS0tLS0=";

const MEBIBYTE: usize = 1 << 20;

#[rustfmt::skip]
const HOSTILE: &[&str] = &[
    "a", " ", "a ", "\n", "'", "\"", "\\", "''", "\"\\\"\"", "&&", "a&&", ";", "a;", "a\n", "#", "# \n", "$",
    "${", "$a", "$(", "`", "<<", "cat << EOF\n", "cat << '' > a\n", "\\\n", "-", "=", "é", "\t", "(", "{",
    "*", "F=$(mktemp);", "export F=$(mktemp)\n", "kubectl ",
    "kubectl config set-cluster a --server=https://a;",
    "kubectl config set-credentials a --auth-provider-arg=a=b,c=d\n", "kubectl config set users.a.token b\n",
    "kubectl config unset users.a.b.c.d.e.f.g\n", "--auth-provider-arg=a=b ", "'a'\"b\"\\c$d",
    "mkdir -p ${HOME}/.kube/certs/a;", "echo -e '\\x41' > a;", "rm -f a;",
];

#[rustfmt::skip]
const PIECES: &[&str] = &[
    "'", "\"", "\\", "\n", "&&", ";", "|", ">", "<<", "$", "${HOME}", "$(mktemp)", "--", "-", "=", ",", ".",
    "#", "\0", "\r", "\u{202e}", "kubectl config ", "--token=", "set-credentials me ", "unset ",
    "users.me.token", "EOF\n", "%s", "\\x", "\\0777", "base64 -d",
];
