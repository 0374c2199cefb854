"""The option `--password-stdin`, and the password that is read with it."""

import sys

import click

password_option = click.option(
    # A password argument would be visible in the shell's history and in the list of processes.
    "--password-stdin",
    is_flag=True,
    help="Read the password from standard input; at a terminal, ask for it.",
)


def read_password() -> str:
    """Return the first line of standard input; at a terminal, ask for a password twice.

    It is empty if there is no input.
    """
    if sys.stdin is None:
        return ""
    if sys.stdin.isatty():
        asked: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        return asked
    return sys.stdin.readline().removesuffix("\n").removesuffix("\r")
