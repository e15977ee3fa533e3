"""The tables of cases/."""

import importlib

from stage.places import E2E


def tables(names=()):
    """Those of these names, or all, by their names"""
    paths = sorted((E2E / "cases").glob("*.py"))
    return {path.stem: importlib.import_module(f"cases.{path.stem}") for path in paths if not names or path.stem in names}


def cases(names=()):
    return [case for table in tables(names).values() for case in table.CASES]
