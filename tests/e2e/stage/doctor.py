"""The doctor at every portal: it comes to the login page, knows the adapter, and sends nothing of anybody."""

import json
import subprocess
import tempfile
from pathlib import Path

from stage import login
from stage.reported import secret_in


def visits(cases):
    """One case for each way to a login page"""
    ways = {}
    for case in cases:
        ways.setdefault((case.portal, case.providers, bool(case.file)), case)
    return list(ways.values())


def complaint(case, program):
    """What is wrong with what the doctor says of the way of a case, if anything"""
    with tempfile.TemporaryDirectory(prefix="doorward-e2e-doctor-") as folder:
        picture = Path(folder) / "walk.html"
        who, secrets = login.signing_in(case, Path(folder))
        code, found, said = ask(program, [*login.settings_of(case), *who, "--picture", picture], secrets)
        if code != 0:
            return f"exit code {code}: {problems(found)}"
        page = found["login_page"]
        if not page or page["adapter"] not in case.adapter.split("+"):
            return f"the login page is {page}"
        if not page["is_named"]:
            return "the provider counts as unnamed"
        if left := secret_in(said + picture.read_text(), secrets):
            return f"the answer holds {left}"
        # The same with nobody named: the origin of the login page is what is missing.
        code, found, _ = ask(program, login.settings_of(case), {})
        named = [flag["origin"] for flag in found["flags"] if flag["option"] == "--idp-url"]
        if code != 14 or named != [page["origin"]]:
            return f"with nobody named: exit code {code}, {named}: {problems(found)}"
    return None


def ask(program, words, secrets):
    got = subprocess.run(
        [program, "doctor", "--format", "json", *words],
        env=login.settings() | secrets,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=login.WITHIN + 60,
    )
    return got.returncode, json.loads(got.stdout), got.stdout + got.stderr


def problems(found):
    return "; ".join(f"{check['check']}: {check['message']}" for check in found["checks"] if check["state"] == "error")
