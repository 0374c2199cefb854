"""A day as a calendar file: RFC 5545 line by line."""

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from orders.domain.moments import LINE_BYTES, read_day, write_calendar

AT = datetime(2026, 11, 25, 20, 15, 30, tzinfo=UTC)


def calendar(title: str = "Delivery", text: str = "Order") -> str:
    return write_calendar("X-1@here", date(2026, 12, 18), title, text, "https://here/o/X", AT)


def read(file: str) -> dict[str, str]:
    """Read a calendar file as a program does: unfold, part, unescape."""
    lines = file.replace("\r\n ", "").split("\r\n")
    pairs = (line.partition(":") for line in lines if line)
    marks = {"n": "\n"}
    read = {}
    for name, _, value in pairs:
        parts = iter(value)
        read[name] = "".join(
            (marks.get(escaped, escaped) if (escaped := next(parts)) else "")
            if one == "\\"
            else one
            for one in parts
        )
    return read


def test_the_whole_file() -> None:
    assert calendar().split("\r\n") == [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Shortorder//Orders//EN", "METHOD:PUBLISH",
        "BEGIN:VEVENT", "UID:X-1@here", "DTSTAMP:20261125T201530Z", "DTSTART;VALUE=DATE:20261218",
        "SUMMARY:Delivery", "DESCRIPTION:Order", "URL:https://here/o/X", "TRANSP:TRANSPARENT",
        "END:VEVENT", "END:VCALENDAR", "",
    ]  # fmt: skip


@given(st.text(st.characters(exclude_categories=("C", "Z")) | st.sampled_from(" ,;\\:\n")))
def test_any_text_is_read_back_as_it_was(text: str) -> None:
    file = calendar(text, text)
    found = read(file)
    assert found["SUMMARY"] == found["DESCRIPTION"] == "\n".join(text.splitlines())


@given(st.text(max_size=300))
def test_no_text_adds_a_line_of_its_own(text: str) -> None:
    lines = calendar(text, text).split("\r\n")
    assert all(len(line.encode()) <= LINE_BYTES for line in lines)
    assert not any(set(line) & {"\r", "\n", "\0"} for line in lines)
    names = [line.partition(":")[0] for line in lines if not line.startswith(" ")]
    assert names.count("SUMMARY") == names.count("END") / 2 == 1


def test_days_are_read_and_nothing_else() -> None:
    assert read_day("2026-12-18") == date(2026, 12, 18)
    for other in ("2026-02-30", "2026-12-18T10:00", "18.12.2026", "2026-12-1٣", "", None, 5, True):
        assert read_day(other) is None
