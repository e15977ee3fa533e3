"""The tables of cases/."""

import importlib

from stage.places import E2E


def tables(names=()):
    """Those of these names, or all, by their names"""
    paths = sorted((E2E / "cases").glob("*.py"))
    return {path.stem: importlib.import_module(f"cases.{path.stem}") for path in paths if not names or path.stem in names}


def cases(names=()):
    return [case for table in tables(names).values() for case in table.CASES]


def rows(names=()):
    """Logins at issuers without a portal, of these names or all"""
    paths = sorted((E2E / "issuers").glob("*.py"))
    found = [importlib.import_module(f"issuers.{path.stem}") for path in paths if not names or path.stem in names]
    return [row for table in found for row in table.ROWS]
