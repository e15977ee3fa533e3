"""One login, and what must come of it."""

import re
from dataclasses import dataclass

GOOD = 0
CONFIG = 10
REJECTED = 11
ACCOUNT_STATE = 12
UNSUPPORTED = 13
UNEXPECTED_PAGE = 16
DENIED = 17


@dataclass(frozen=True)
class Case:
    """A row of a table

    `portal` is the host's name before `.portal.test`. `state` is one of `stage/matrix.py`, and behind a colon what is special
    about it; `covers` names more of them. `providers` may receive credentials, `via` codes and assertions only; without their
    `.test`. `requests` is how many are made at -v, or the possible numbers, where a peer remembers something. Where a login
    passes two adapters, both are named, with a `+` between.

    `file` are the tables of a credentials file, in place of user and password: the URL's part behind `https://`, without its
    port, a name, a password, and perhaps a seed. `past` is the portal of another application, which the browser is sent past. `needs` are
    peers that only work behind the scenes.
    """

    portal: str
    binding: str
    state: str
    user: str
    password: str
    code: int
    requests: int | tuple[int, ...]
    adapter: str
    providers: tuple[str, ...]
    via: tuple[str, ...] = ()
    seed: str = ""
    options: tuple[str, ...] = ()
    covers: tuple[str, ...] = ()
    file: tuple[tuple[str, ...], ...] = ()
    past: str = ""
    needs: tuple[str, ...] = ()

    @property
    def name(self):
        return f"{self.portal}, {self.binding}: {self.state}"

    @property
    def states(self):
        """What it shows of the matrix; of a binding only a login that came to its end shows something"""
        found = {self.state.partition(":")[0], *self.covers}
        return found | {self.binding} if self.code == GOOD else found

    @property
    def slug(self):
        """What is special about it, as the name of a folder"""
        place, state = self.portal.removeprefix(self.providers[0]).strip("-"), self.state.lower().replace("'", "")
        words = state if place in state else f"{place} {state}"
        return re.sub(r"[^a-z0-9]+", "-", words).strip("-")

    def is_as_expected(self, code, requests):
        return code == self.code and self.takes(requests)

    def takes(self, requests):
        return requests in (self.requests if isinstance(self.requests, tuple) else (self.requests,))


def table(adapter, providers, rows, via=()):
    """The rows of one peer; a row may end with what is special about it, by name"""
    usual = {"adapter": adapter, "providers": providers, "via": via}
    found = []
    for row in rows:
        columns, special = (row[:-1], row[-1]) if isinstance(row[-1], dict) else (row, {})
        found.append(Case(*columns, **(usual | special)))
    return found
