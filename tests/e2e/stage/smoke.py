"""What must hold before a login is tried: each portal leads to its provider, and Kubernetes believes the stage's tokens."""

import json

from peers import keycloak
from portal import own_token
from stage import gateway, listening
from stage.curl import curl, follow
from stage.kubectl import kubectl
from stage.places import STAGE, url

# Elsewhere the language is a script's matter, or there is one only.
GERMAN = ("keycloak-branch.portal.test", "simplesamlphp-german.portal.test")


def complaints(up, issuers):
    """One line for each thing that does not hold"""
    found = [problem for host in gateway.portals(up) if (problem := portal(host))]
    found += [f"{issuer} has no discovery document" for issuer in issuers if not discovery(issuer)]
    if "kube" in up:
        found += tokens(up)
    return found + listening.complaints()


def portal(host):
    """A portal's name begins with its provider's, or says at its end whose page comes first"""
    provider = host.removesuffix(".portal.test").rpartition("-to-")[2]
    said, page = follow(url(host, "/k8stoken/token/user"))
    status, _, address = said.partition(" ")
    place = address.removeprefix("https://").partition(".test:")[0]
    is_there = status == "200" and (provider == place or provider.startswith(f"{place}-"))
    if not is_there:
        return f"{host} ends with {said or 'nothing'}"
    return f"{host} is not in German" if host in GERMAN and "Passwort" not in page else None


def discovery(issuer):
    said = curl("--fail", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    return said and json.loads(said)["issuer"] == issuer


def tokens(up):
    """A token that the portals make, and where Keycloak is there, one of a provider"""
    found = []
    texts = {
        f"the own token of {issuer}": own_token.make(issuer, "smoke", STAGE / "keys/issuer.key")
        for issuer in gateway.issuers(up)
    }
    if "keycloak" in up:
        texts["Keycloak's token"] = keycloak.token("amelia", "amelia-at-corp")
    for name, token in texts.items():
        got = kubectl(token, "get", "pods", "--no-headers")
        if "web" not in got.stdout:
            found.append(f"{name} brings no pods: {got.stderr.strip() or got.stdout}")
        refused = kubectl(f"{token[:-8]}AAAAAAAA", "get", "pods")
        if "logged in" not in refused.stderr:
            found.append(f"{name} is taken with a wrong signature: {refused.stderr.strip() or refused.stdout}")
    return found
