"""id_tokens that a portal makes itself, where it has none from a provider, and the documents by which they are verified."""

import base64
import json
import subprocess
import time

AUDIENCE = "kubernetes"


def make(issuer, user, key, life=60):
    """A token for `user`; OpenUnison's live for a minute"""
    now = int(time.time())
    claims = {"iss": issuer, "aud": AUDIENCE, "sub": user, "iat": now, "nbf": now - 60, "exp": now + life}
    text = ".".join(encode(json.dumps(part).encode()) for part in ({"alg": "RS256", "kid": "portal"}, claims))
    words = ["openssl", "dgst", "-sha256", "-sign", key]
    signed = subprocess.run(words, input=text.encode(), stdout=subprocess.PIPE, check=True, timeout=10)
    return f"{text}.{encode(signed.stdout)}"


def write_documents(issuer, key, folder):
    """What the API server reads before it believes a token: the discovery document and the public key"""
    words = ["openssl", "rsa", "-noout", "-modulus", "-in", key]
    said = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True, timeout=10).stdout
    modulus = bytes.fromhex(said.strip().removeprefix("Modulus="))
    public = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "portal", "n": encode(modulus), "e": "AQAB"}
    discovery = {
        "issuer": issuer,
        "jwks_uri": f"{issuer}/keys",
        "authorization_endpoint": f"{issuer}/none",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }
    (folder / ".well-known").mkdir(parents=True, exist_ok=True)
    (folder / ".well-known/openid-configuration").write_text(json.dumps(discovery))
    (folder / "keys").write_text(json.dumps({"keys": [public]}))


def encode(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
