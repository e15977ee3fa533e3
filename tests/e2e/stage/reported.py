"""What `login --report` wrote about a login: complete, and with nothing secret in it."""

import base64
import json

NAMES = ["report.json", "report.txt", "walk.html"]


def complaint(folder, code, requests, secrets):
    """What is wrong with the report of a login that ended with `code`, if anything"""
    found = sorted(path.name for path in folder.glob("*"))
    if found != NAMES:
        return f"the report is {found}"
    facts = json.loads((folder / "report.json").read_text())
    told = facts["error"]["exit_code"] if facts["error"] else 0
    if told != code:
        return f"the report tells of exit code {told}, not {code}"
    # A good login may ask the issuer for its endpoints afterwards.
    if len(facts["walk"]) > requests or not facts["walk"]:
        return f"the report has {len(facts['walk'])} requests, not {requests}"
    picture = (folder / "walk.html").read_text()
    boxes = picture.count("<circle class=number")
    if boxes < len(facts["walk"]):
        return f"the picture has {boxes} requests, not {len(facts['walk'])}"
    for name in NAMES:
        if left := secret_in((folder / name).read_text(), secrets):
            return f"{name} holds {left}"
    return None


def secret_in(text, secrets):
    """The first of the variables whose value is in a text, also packed"""
    for name, value in secrets.items():
        plain = value.encode()
        forms = [value, base64.b64encode(plain).decode().rstrip("="), plain.hex(), base64.urlsafe_b64encode(plain).decode().rstrip("=")]
        if any(form and form in text for form in forms):
            return name
    return None
