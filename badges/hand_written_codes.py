"""Random codes that users write down and type: recovery codes and set-up codes."""

import secrets

# Without characters that look alike.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
CODE_LENGTH = 10  # of 31 characters: 49 bits


def new_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _character in range(CODE_LENGTH))


def format_code(code: str) -> str:
    """Return a code with a hyphen, as it is shown."""
    return f"{code[: CODE_LENGTH // 2]}-{code[CODE_LENGTH // 2 :]}"


def normalize(entered: str) -> str:
    """Return a typed code without blanks and hyphens, and in lower case."""
    return "".join(entered.split()).replace("-", "").lower()
