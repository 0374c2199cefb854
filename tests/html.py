"""Read pages as a browser does: parts by CSS selectors, texts without tags."""

from collections.abc import Iterator
from html.parser import HTMLParser
from xml.etree.ElementTree import Element, SubElement

from cssselect2 import ElementWrapper

# Elements that have no end.
VOID = {
    *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param"),
    *("source", "track", "wbr"),
}


class _Reader(HTMLParser):
    """Builds the tree of a page, or of a piece of one; an end without its begin is an error."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Element("page")
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        one = SubElement(self._open[-1], tag, {name: value or "" for name, value in attrs})
        if tag == "template":
            self._open.append(Element(tag))  # what is in it is no part of the page
        elif tag not in VOID:
            self._open.append(one)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        ended = self._open.pop()
        assert ended.tag == tag, f"</{tag}> where <{ended.tag} {ended.attrib}> is open"

    def handle_data(self, data: str) -> None:
        inside = self._open[-1]
        if len(inside):
            inside[-1].tail = (inside[-1].tail or "") + data
        else:
            inside.text = (inside.text or "") + data

    def close(self) -> None:
        super().close()
        assert self._open == [self.root], f"<{self._open[-1].tag}> has no end"


class Part:
    """A page, or an element of one."""

    def __init__(self, wrapper: ElementWrapper) -> None:
        self._wrapper = wrapper
        self._element: Element = wrapper.etree_element

    def all(self, selector: str) -> list["Part"]:
        """Return every element inside that a CSS selector names."""
        return [Part(found) for found in self._wrapper.query_all(selector)]

    def first(self, selector: str) -> "Part":
        """Return the first such element, which must be there."""
        found = self._wrapper.query(selector)
        assert found is not None, f"no {selector} in {self.text[:2000]}"
        return Part(found)

    def has(self, selector: str) -> bool:
        """Return whether there is such an element."""
        return self._wrapper.query(selector) is not None

    @property
    def tag(self) -> str:
        """The name of the element."""
        return self._element.tag

    @property
    def text(self) -> str:
        """All text inside, with single spaces between words."""
        return " ".join("".join(self._element.itertext()).split())

    @property
    def words(self) -> str:
        """All text inside, with a space in the place of each tag."""
        return " ".join(" ".join(self._element.itertext()).split())

    @property
    def raw(self) -> str:
        """All text inside, unchanged."""
        return "".join(self._element.itertext())

    def strings(self, *, but_in: tuple[str, ...] = ()) -> list[str]:
        """Return each text between two tags, but for those in elements of some names."""
        found = (" ".join(one.split()) for one in _strings(self._element, but_in))
        return [one for one in found if one]

    def attributes(self, *names: str) -> list[str]:
        """Return the values of these attributes at all elements inside."""
        found = (one.attrib.get(name) for one in self._element.iter() for name in names)
        return [one for one in found if one]

    def __contains__(self, name: str) -> bool:
        return name in self._element.attrib

    def __getitem__(self, name: str) -> str:
        """Return an attribute, which must be there."""
        assert name in self._element.attrib, f"no {name} at <{self.tag} {self._element.attrib}>"
        return self._element.attrib[name]

    def fields(self) -> dict[str, str]:
        """Return name and value of each field, as a browser sends them; a later one wins."""
        return dict(self._fields())

    def sent(self) -> dict[str, str]:
        """Return the fields with what browsers make of line breaks in them.

        Fields of one line lose them, all others get CR LF (HTML, "value sanitization algorithm" and
        "converting an entry list to a list of name-value pairs").
        """
        one_line = {one["name"] for one in self.all("input[name]:not([type=hidden])")}
        fields = {}
        for name, value in self._fields():
            rows = value.replace("\r\n", "\n").replace("\r", "\n").split("\n")
            fields[name] = ("" if name in one_line else "\r\n").join(rows)
        return fields

    def _fields(self) -> Iterator[tuple[str, str]]:
        for one in self.all("input[name], textarea[name], select[name]"):
            if one.tag == "textarea":
                # The parser of a browser leaves out the line break after the tag.
                yield one["name"], one.raw.removeprefix("\n")
            elif one.tag == "select":
                chosen = one.all("option[selected]") or one.all("option")
                yield one["name"], chosen[-1 if "multiple" in one else 0]["value"] if chosen else ""
            elif "checked" in one or one._element.get("type") not in {"checkbox", "radio"}:
                yield one["name"], one._element.get("value", "")


def _strings(element: Element, but_in: tuple[str, ...]) -> Iterator[str]:
    if element.tag not in but_in:
        yield element.text or ""
        for one in element:
            yield from _strings(one, but_in)
            yield one.tail or ""


def read(page: str) -> Part:
    """Read a page, or a piece of one."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return Part(ElementWrapper.from_html_root(reader.root))


def attribute(page: str, selector: str, name: str) -> str:
    """Return an attribute of the first element that a CSS selector names."""
    return read(page).first(selector)[name]


def attributes(page: str, selector: str, name: str) -> list[str]:
    """Return an attribute of every element that a CSS selector names."""
    return [one[name] for one in read(page).all(selector)]


def texts(page: str, selector: str) -> list[str]:
    """Return the text of every element that a CSS selector names."""
    return [one.text for one in read(page).all(selector)]
