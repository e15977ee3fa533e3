"""One login, and what must come of it."""

from dataclasses import dataclass

GOOD = 0
REJECTED = 11
ACCOUNT_STATE = 12
UNSUPPORTED = 13
UNEXPECTED_PAGE = 16
DENIED = 17


@dataclass(frozen=True)
class Case:
    """A row of a table

    `portal` is the host's name before `.portal.test`. `providers` may receive credentials, `via` codes and assertions only;
    without their `.test`. `requests` is how many are made at -v, or the possible numbers, where a peer remembers something.
    Where a login passes two adapters, both are named, with a `+` between.
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

    @property
    def name(self):
        return f"{self.portal}, {self.binding}: {self.state}"

    def is_as_expected(self, code, requests):
        wanted = self.requests if isinstance(self.requests, tuple) else (self.requests,)
        return code == self.code and requests in wanted


def table(adapter, providers, rows, via=()):
    """The rows of one peer; a row may end with what is special about it, by name"""
    usual = {"adapter": adapter, "providers": providers, "via": via}
    found = []
    for row in rows:
        columns, special = (row[:-1], row[-1]) if isinstance(row[-1], dict) else (row, {})
        found.append(Case(*columns, **(usual | special)))
    return found
