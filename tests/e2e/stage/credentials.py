"""Credentials for several providers in one login, as a file for `--credentials-file`."""

from stage.places import url


def write(tables, folder):
    """Writes the file, and gives the variables that it names: by turns a password is in one, or in a file of its own"""
    variables, lines = {}, []
    for number, (place, user, password, *seed) in enumerate(tables):
        host, slash, path = place.partition("/")
        lines += [f'["{url(host, slash + path)}"]', f'username = "{user}"']
        if number % 2:
            file = folder / f"password-{number}"
            file.touch(mode=0o600)
            file.write_text(password)
            lines.append(f'password-file = "{file.name}"')
        else:
            variables[f"E2E_PASSWORD_{number}"] = password
            lines.append(f'password-env = "E2E_PASSWORD_{number}"')
        if seed:
            variables[f"E2E_SEED_{number}"] = seed[0]
            lines.append(f'totp-seed-env = "E2E_SEED_{number}"')
    file = folder / "credentials.toml"
    file.write_text("\n".join(lines) + "\n")
    return file, variables
