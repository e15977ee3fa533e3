//! The portals' commands, and each subcommand, flag and construct once.

use std::fmt::Write as _;

/// Commands of the portals, and each subcommand, flag and construct once
pub(crate) fn written_commands() -> Vec<String> {
    let mut corpus = open_unison();
    corpus.extend(gangway());
    corpus.extend(dex_k8s_authenticator());
    // Several snippets in one command: each kubectl costs as much as a whole parser's test suite.
    for snippets in SNIPPETS.chunks(5) {
        corpus.push(format!("{COMPLETE}{}", snippets.concat()));
    }
    corpus
}

fn open_unison() -> Vec<String> {
    let mut corpus = Vec::new();
    let pem = "-----BEGIN CERTIFICATE-----\\nMIIDdzCC\\nAl+gAwIB\\n-----END CERTIFICATE-----";
    for (certificate, path) in [(pem, "$TMP_CERT"), ("", "/dev/null")] {
        for (idp, servers) in [("LS0tLS1CRUdJTg==", 0), ("", 1), ("LS0tDQo=", 2)] {
            for (lead, end) in [(" ", ""), ("", "\n")] {
                let mut text = format!(
                    "{lead}export TMP_CERT=$(mktemp) && echo -e \"{certificate}\" > $TMP_CERT && kubectl config \
                     set-cluster kubernetes --server=https://k8sapi.example.com --certificate-authority={path} \
                     --embed-certs=true && kubectl config set-context kubernetes --cluster=kubernetes \
                     --user=mmosleyx-64-xexample.com@kubernetes  && kubectl config set-credentials \
                     mmosleyx-64-xexample.com@kubernetes  --auth-provider=oidc --auth-provider-arg=client-secret= \
                     --auth-provider-arg=idp-issuer-url=https://k8sou.example.com/auth/idp/k8sIdp \
                     --auth-provider-arg=client-id=kubernetes --auth-provider-arg=refresh-token=q1bKLF/OyUk+q1CPV0A= \
                     --auth-provider-arg=id-token=eyJraWQ.eyJpc3M.s_i-g \
                     --auth-provider-arg=idp-certificate-authority-data={idp}   && kubectl config use-context \
                     kubernetes && "
                );
                for number in 0..servers {
                    write!(
                        text,
                        "kubectl config set-cluster vip{number} --server=https://vip{number}.example.com:6443 \
                         --certificate-authority={path} --embed-certs=true && kubectl config set-context \
                         vip{number} --cluster=vip{number} --user=mmosleyx-64-xexample.com@kubernetes && "
                    )
                    .unwrap();
                }
                corpus.push(format!("{text} rm $TMP_CERT{end}"));
            }
        }
    }
    // The form of 2017: several lines, and a file for the issuer's certificate.
    corpus.push(
        "TMP=\"$(mktemp)\"\nIDP=$(mktemp)\necho \"LS0tLS0K\" | base64 -d > \"$TMP\"\nprintf '%s\\n' 'PEM' > ${IDP}\n\
         kubectl config set-credentials u \\\n    --auth-provider=oidc \\\n    --auth-provider-arg=idp-issuer-url=https://i/ \\\n    \
         --auth-provider-arg=client-id=kubernetes \\\n    --auth-provider-arg=client-secret=s \\\n    \
         --auth-provider-arg=idp-certificate-authority=$IDP\nkubectl config set-cluster c --server https://s \
         --certificate-authority \"$TMP\"\nkubectl config set-context c --cluster c --user u; kubectl config use c\n\
         rm \"$TMP\" -- $IDP # done\n"
            .replace(" -- ", " "),
    );
    corpus
}

fn gangway() -> Vec<String> {
    let text = |secret: &str, end: &str| {
        format!(
            "echo \"-----BEGIN CERTIFICATE-----\nMIIDdzCC\n-----END CERTIFICATE-----\n\" \\ > \"ca-prod.pem\"\n\
             kubectl config set-cluster \"prod\" --server=https://prod.example.com \
             --certificate-authority=\"ca-prod.pem\" --embed-certs\n\
             kubectl config set-credentials \"me@example.com\"  \\\n    --auth-provider=oidc  \\\n    \
             --auth-provider-arg='idp-issuer-url=https://dex.example.com/'  \\\n    \
             --auth-provider-arg='client-id=gangway'  \\\n    --auth-provider-arg='client-secret={secret}'  \\\n    \
             --auth-provider-arg='refresh-token=Chl+/='  \\\n    --auth-provider-arg='id-token=a.b.c'\n\
             kubectl config set-context \"prod\" --cluster=\"prod\" --user=\"me@example.com\"\n\
             kubectl config use-context \"prod\"\nrm \"ca-prod.pem\"{end}"
        )
    };
    vec![text("secret", "\n"), text("$`!&;|<>(){}*?[~#", "")]
}

fn dex_k8s_authenticator() -> Vec<String> {
    let file = |name: &str| {
        format!(
            "mkdir -p ${{HOME}}/.kube/certs/staging/ && cat << EOF > ${{HOME}}/.kube/certs/staging/{name}.crt\n\
             -----BEGIN CERTIFICATE-----\nMII{name}\n-----END CERTIFICATE-----\nEOF\n"
        )
    };
    let commands = "kubectl config set-cluster staging \\\n    \
         --certificate-authority=${HOME}/.kube/certs/staging/k8s-ca.crt \\\n    --server=https://staging.example.com\n\n\
         kubectl config set-credentials me-staging \\\n    --auth-provider=oidc \\\n    \
         --auth-provider-arg=\"idp-issuer-url=https://dex.example.com\" \\\n    \
         --auth-provider-arg=\"client-id=login\" \\\n    --auth-provider-arg=\"client-secret=s\" \\\n    \
         --auth-provider-arg=\"refresh-token=r\" \\\n    --auth-provider-arg=\"id-token=a.b.c\"IDP\n\n\
         kubectl config set-context me-staging \\\n    --cluster=staging \\\n    --namespace=team \\\n    \
         --user=me-staging\n\nkubectl config use-context me-staging\n";
    let idp = " \\\n    --auth-provider-arg=idp-certificate-authority=$HOME/.kube/certs/staging/idp-ca.crt";
    vec![
        format!("{}{}", file("k8s-ca"), commands.replace("IDP", "")),
        format!(
            "{}{}{}",
            file("idp-ca"),
            file("k8s-ca"),
            commands.replace("IDP", idp)
        ),
    ]
}

pub(crate) const COMPLETE: &str = "kubectl config set-cluster dev --server=https://k8s.example.com
kubectl config set-context dev --cluster=dev --user=me && kubectl config use-context dev
kubectl config set-credentials me
";

/// Each subcommand and flag, on entries of its own
const SNIPPETS: &[&str] = &[
    "F=$(mktemp); echo ca > $F; kubectl config set-cluster a --server https://a --certificate-authority $F\n",
    "kubectl config set-cluster b --server=https://b --insecure-skip-tls-verify; kubectl config set-cluster b --tls-server-name=n\n",
    "kubectl config set-cluster c --tls-server-name=n --server=http://c --proxy-url=socks5://p:1 --insecure-skip-tls-verify=T\n",
    "kubectl config set-cluster d --server=https://d --certificate-authority=/etc//./passwd/../hosts\n",
    "kubectl config set-cluster e --server=https://e --embed-certs=1 --certificate-authority=/etc/hosts\n",
    "G=$(mktemp); echo x > $G; kubectl config set-cluster f --server=https://f --certificate-authority=$G; echo y > $G; rm $G\n",
    "kubectl config set-cluster g --server=https://g --certificate-authority=/dev/null\n",
    "H=$(mktemp); kubectl config set-cluster h --embed_certs --certificate_authority=$H --server=https://h --embed-certs=false\n",
    "kubectl config set-cluster -- i; kubectl config set clusters.i.server https://i\n",
    "kubectl config set-context a --cluster=x --user=y --namespace=z; kubectl config set-context a --namespace=\n",
    "kubectl config set-context --current --namespace=here; kubectl config set-context b; kubectl config rename-context b 'c d'\n",
    "kubectl config rename-context dev prod; kubectl config rename-context prod dev\n",
    "kubectl config set-context c; kubectl config delete-context c\n",
    "kubectl config set-cluster j --server=https://j; kubectl config delete-cluster j\n",
    "kubectl config set-credentials a; kubectl config delete-user a\n",
    "kubectl config set-credentials b --token=t; kubectl config set-credentials b --username=u --password=p\n",
    "kubectl config set-credentials c --username=u; kubectl config set-credentials c --token=t --username=\n",
    "K=$(mktemp); echo k > $K; kubectl config set-credentials d --client-key=$K --client-certificate=$K --embed-certs; rm $K\n",
    "L=$(mktemp); echo k > $L; kubectl config set-credentials e --client-key=$L --client-certificate=$L; rm -f $L $L\n",
    "kubectl config set-credentials f --client-key=/etc/hosts --client-certificate= --embed-certs\n",
    "kubectl config set-credentials g --auth-provider=gcp --auth-provider-arg=a=b,c=d --auth-provider-arg='\"e=f,g\"'\n",
    "kubectl config set-credentials g --auth-provider-arg=a- --auth-provider-arg=c=2,a=3; kubectl config set-credentials g --auth-provider=gcp\n",
    "kubectl config set-credentials h --auth-provider=azure --auth-provider-arg=a=b; kubectl config set-credentials h --auth-provider=gcp\n",
    "kubectl config set-credentials i --auth-provider-arg=ignored=yes --auth-provider-arg=\n",
    "kubectl config set-credentials j --exec-command=plugin --exec-api-version=client.authentication.k8s.io/v1beta1\n",
    "kubectl config set-credentials k --exec-command=plugin --exec-api-version=client.authentication.k8s.io/v1 --exec-interactive-mode=Never\n",
    "kubectl config set-credentials l --exec-command=plugin --exec-arg=a,b --exec-arg='\"c,d\"' --exec-arg=, --exec-env=A=1 --exec-env=B=x,y\n",
    "kubectl config set-credentials l --exec-env=A- --exec-env=B=2 --exec-env=C= --exec-provide-cluster-info\n",
    "kubectl config set-credentials l --exec-command='/opt/plug in'; kubectl config set-credentials m --exec-arg=ignored\n",
    "kubectl config set-credentials n --exec-command plugin --exec-env=X-; kubectl config set-credentials n --exec-arg=\n",
    "kubectl config set-credentials o --auth-provider=gcp --exec-command=plugin; kubectl config unset users.o.exec\n",
    "kubectl config set-credentials p --auth-provider=gcp; kubectl config unset users.p.auth-provider; kubectl config unset users.none\n",
    "kubectl config set clusters.10.0.0.1.server https://10.0.0.1; kubectl config set clusters.10.0.0.1.insecure-skip-tls-verify t\n",
    "kubectl config set clusters.m.server https://m; kubectl config set clusters.m.certificate-authority-data 'YW
Jj'; kubectl config set clusters.m.disable-compression true\n",
    "kubectl config set --set-raw-bytes clusters.m.certificate-authority-data 'a=b c'; kubectl config set clusters.m.proxy-url http://p\n",
    "kubectl config set users.q.client-key-data YR== ; kubectl config set users.q.act-as root; kubectl config set users.q.act-as-uid 1\n",
    "kubectl config set users.q.tokenFile /etc/hosts; kubectl config unset users.q.tokenFile; kubectl config set users.q.token t\n",
    "kubectl config set contexts.d.cluster x; kubectl config set contexts.d.user y; kubectl config set contexts.d.namespace z\n",
    "kubectl config unset contexts.d.namespace; kubectl config unset contexts.d; kubectl config unset contexts.d; kubectl config unset current-context\n",
    "kubectl config set current-context dev; kubectl config unset preferences; kubectl config unset users; kubectl config set-credentials me\n",
    "kubectl config unset contexts; kubectl config set-context dev --cluster dev --user me; kubectl config unset clusters.none\n",
    "kubectl config set-cluster 'x y'\\''\"z' --server=https://a#b; kubectl config set-cluster é☃ --server='https://s/?q=1'\n",
    "M=$(mktemp); echo m > $M; kubectl config set clusters.n.certificate-authority $M; kubectl config set clusters.n.server https://n\n",
    "N=$( mktemp ); base64 -d << 'E O F' > $N\nYWJj\nE O F\nkubectl config set-cluster o --server=https://o --certificate-authority=$N\n",
    "O=$(mktemp); cat > $O <<-EOF # tabs\n\t$ one\n\ttwo $%\n\tEOF\nkubectl config set-cluster p --server=https://p --certificate-authority=$O\n",
    "P=$(mktemp); echo YWJj | base64 --decode > $P && kubectl config set-cluster q --server=https://q --certificate-authority=$P\n",
    "Q=$(mktemp); Q=$(mktemp); echo -n q > $Q; kubectl config set-cluster r --server=https://r --certificate-authority=$Q --embed-certs=t\n",
    "mkdir -p $HOME/.kube/certs/a/b $HOME/.kube/certs; echo r > \"$HOME/.kube/certs/a/b/c d\"; kubectl config set-cluster s --server=https://s --certificate-authority=\"${HOME}/.kube/certs/a/b/c d\"\n",
    "# a comment ; with && operators\n\n  \t\n\\\n  #x\n",
];
