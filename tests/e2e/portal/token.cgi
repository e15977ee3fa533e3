#!/usr/bin/env python3
"""The portal's token document, in OpenUnison's shape; the one part of the stage's portals that is not a stock package.

Behind mod_auth_openidc it holds the provider's own tokens, so that a refresh at the provider works. SAML brings none:
the portal then makes an id_token itself, as OpenUnison does.
"""

import base64
import json
import os
import sys
from pathlib import Path

import own_token

ENV = os.environ
STAGE = Path(ENV["STAGE"])


def login():
    """Who it is, and what the API server will be shown"""
    if id_token := ENV.get("OIDC_id_token"):
        user = ENV.get("OIDC_CLAIM_preferred_username") or ENV.get("OIDC_CLAIM_email") or ENV["OIDC_CLAIM_sub"]
        issuer, client, secret = ENV["OIDC_CLAIM_iss"], ENV["CLIENT_ID"], ENV["CLIENT_SECRET"]
        return user, issuer, client, secret, id_token, ENV.get("OIDC_refresh_token", "")
    user = ENV.get("MELLON_uid") or ENV["REMOTE_USER"]
    id_token = own_token.make(ENV["ISSUER"], user, STAGE / "keys/issuer.key")
    return user, ENV["ISSUER"], own_token.AUDIENCE, "", id_token, ""


def command(user, issuer, client, secret, id_token, refresh_token, lines):
    """What OpenUnison gives to be pasted, with the blanks that its template leaves"""
    # Its PEM texts end their inner lines by CRLF.
    authority = lines[0] + "\n" + "".join(f"{line}\r\n" for line in lines[1:-1]) + lines[-1]
    arguments = {
        "client-secret": secret,
        "idp-issuer-url": issuer,
        "client-id": client,
        "refresh-token": refresh_token,
        "id-token": id_token,
        "idp-certificate-authority-data": base64.b64encode(authority.encode()).decode(),
    }
    provider = " ".join(f"--auth-provider-arg={name}={value}" for name, value in arguments.items())
    escaped = "\\n".join(lines)
    server = f"https://127.0.0.1:{ENV['KUBE']}"
    return (
        f' export TMP_CERT=$(mktemp) && echo -e "{escaped}" > $TMP_CERT'
        f" && kubectl config set-cluster stage --server={server} --certificate-authority=$TMP_CERT --embed-certs=true"
        f" && kubectl config set-context stage --cluster=stage --user={user}@stage "
        f" && kubectl config set-credentials {user}@stage  --auth-provider=oidc {provider}  "
        " && kubectl config use-context stage &&  rm $TMP_CERT"
    )


def main():
    found = login()
    lines = (STAGE / "keys/ca.pem").read_text().split("\n")[:-1]
    token = {
        "kubectl Command": command(*found, lines),
        "id_token": found[4],
        "Usage": "Run the kubectl command to set your user-context and server connection",
        "Kubernetes API Server CA Certificate": "\n".join(lines),
    }
    if found[5]:
        token["refresh_token"] = found[5]
    # Gson, which OpenUnison writes with, escapes what could end a script's text.
    text = json.dumps({"displayName": found[0], "token": token})
    for sign in "=&<>'":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    sys.stdout.write(f"Content-Type: application/json\r\nCache-Control: no-store\r\n\r\n{text}\n")


main()
