"""Fills in a GitLab CI component as GitLab does, and writes its scripts: component.py FILE OUT NAME=VALUE…

It reads the little of YAML that the component uses, so that nothing has to be installed for it.
"""

import pathlib
import re
import sys


def main() -> None:
    file, out, *given = sys.argv[1:]
    spec, job = pathlib.Path(file).read_text().split("\n---\n")
    values = defaults(spec) | dict(pair.split("=", 1) for pair in given)
    missing = [name for name, value in values.items() if value is None]
    if missing:
        sys.exit(f"inputs without a value: {missing}")

    def value(match: re.Match) -> str:
        return values[match[1]]

    job = re.sub(r"\$\[\[ inputs\.([a-z-]+) \]\]", value, job)
    folder = pathlib.Path(out)
    folder.mkdir()
    variables = [f'export {name}="{text}"' for name, text in re.findall(r'^    ([A-Z_]+): "(.*)"$', job, re.M)]
    (folder / "before").write_text("\n".join(variables + lines(job, "before_script")) + "\n")
    (folder / "after").write_text("\n".join(lines(job, "after_script")) + "\n")


def defaults(spec: str) -> dict:
    """The inputs with their defaults; None for one that has none"""
    found: dict = {}
    for line in spec.splitlines():
        if name := re.fullmatch(r"    ([a-z-]+):", line):
            found[name[1]] = None
        elif default := re.fullmatch(r"      default: '?(.*?)'?", line):
            found[list(found)[-1]] = default[1]
    return found


def lines(job: str, key: str) -> list:
    """The commands of a list, folded ones as one line"""
    block = re.search(rf"^  {key}:\n((?:    .*\n)+)", job, re.M)
    if block is None:
        sys.exit(f"the component has no {key}")
    commands = re.split(r"^    - ", block[1], flags=re.M)[1:]
    return [" ".join(command.removeprefix(">-").split()) for command in commands]


main()
