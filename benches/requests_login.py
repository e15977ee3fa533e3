"""The login that people script today: requests, and what the pages are known to hold.

Reads the DOORWARD_… variables of `examples/doubles/`. With `--kubernetes` it imports the Kubernetes client, too,
as a pipeline does that goes on in Python. The portal's command is not run.
"""

import os
import sys
from urllib.parse import parse_qs, urljoin, urlsplit

import requests

if "--kubernetes" in sys.argv:
    import kubernetes  # noqa: F401

PORTAL = os.environ["DOORWARD_PORTAL"]
IDP = os.environ["DOORWARD_IDP_URL"]
# With each request: REQUESTS_CA_BUNDLE wins over a session's own `verify`.
OPTIONS = {"timeout": 60, "verify": os.environ["DOORWARD_CA_FILE"]}


def log_in(session):
    login_page = session.get(f"{PORTAL}/k8stoken/token/user", **OPTIONS)
    login_page.raise_for_status()
    resume = parse_qs(urlsplit(login_page.url).query)["fromURI"][0]
    answer = session.post(
        f"{IDP}/api/v1/authn",
        headers={"Accept": "application/json"},
        json={
            "username": os.environ["DOORWARD_USERNAME"],
            "password": os.environ["DOORWARD_PASSWORD"],
            "options": {"multiOptionalFactorEnroll": False, "warnBeforePasswordExpired": True},
        },
        **OPTIONS,
    )
    answer.raise_for_status()
    document = session.get(
        f"{IDP}/login/sessionCookieRedirect",
        params={
            "checkAccountSetupComplete": "true",
            "token": answer.json()["sessionToken"],
            "redirectUrl": urljoin(IDP, resume),
        },
        **OPTIONS,
    )
    document.raise_for_status()
    return document.json()["token"]["kubectl Command"]


with requests.Session() as session:
    command = log_in(session)
sys.exit("kubectl config set-cluster" not in command)
