"""Reads a spreadsheet in a process of its own, whose end is not ours."""

import json
import subprocess
import sys
from pathlib import Path

from orders.rules import spreadsheet
from orders.rules.sheet_reading import Sheet, UnreadableSheet, sheet_of
from orders.rules.spreadsheet import Answer
from orders.rules.texts import mark
from orders.storage.sqlite import request_lock

PATIENCE = 30.0  # seconds
TOO_LARGE = mark("Unpacked, this spreadsheet is too large. Save the sheet with the orders as CSV.")
# The reader is run by itself, without texts of ours: what it says is made one here.
_SENTENCES = {
    str(sentence): sentence
    for sentence in (
        TOO_LARGE,
        mark("This file is no spreadsheet that can be read. Save it anew as XLSX, or as CSV."),
        mark("This file is protected with a password. Save a copy without one."),
    )
}


def read_xlsx(content: bytes, *, most_rows: int) -> Sheet:
    """Read the first visible sheet of an XLSX file; raises UnreadableSheet with a sentence."""
    answer = _answer(content, most_rows + 2)
    if "error" in answer:
        raise UnreadableSheet(_SENTENCES.get(answer["error"], answer["error"]))
    notes = []
    if answer["sheets"] > 1:
        notes.append(mark("Only the first sheet was read, “%(sheet)s”.", sheet=answer["sheet"]))
    return sheet_of(answer["rows"], most_rows=most_rows, notes=notes)


def _answer(content: bytes, most_rows: int) -> Answer:
    request_lock.release()
    command = [sys.executable, "-I", str(Path(spreadsheet.__file__)), str(most_rows)]
    try:
        done = subprocess.run(  # noqa: S603 - our own file; what was sent is its standard input
            command, input=content, capture_output=True, timeout=PATIENCE, check=True
        )
        answer: Answer = json.loads(done.stdout)
    except subprocess.TimeoutExpired as error:
        raise UnreadableSheet(TOO_LARGE) from error
    except (subprocess.CalledProcessError, ValueError) as error:
        # It asked for more memory or time than it may have, or its reader gave up.
        raise UnreadableSheet(TOO_LARGE) from error
    return answer
