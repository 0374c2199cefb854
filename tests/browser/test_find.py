"""The look-up in a browser: the mask, the caret, what is pasted, and hints without a request."""

import random

from playwright.sync_api import Page, expect

from orders.domain.code_hints import hint_for, similar_codes
from orders.domain.short_id import ALPHABET, MistypedShortId, find_code, generate, grouped
from tests.browser.conftest import Desk, Screen


def typed(page: Page) -> tuple[str, int]:
    """Return the field's text and the place of the caret."""
    text, caret = page.locator("#code").evaluate("field => [field.value, field.selectionStart]")
    return text, caret


def test_the_code_is_grouped_while_it_is_typed(stranger: Page, desk: Desk) -> None:
    page, source = stranger, random.Random(7)  # noqa: S311 - not a secret
    page.goto(f"{desk.address}/find")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.keyboard.type("7kq4 m2x")
    assert typed(page) == ("7KQ4-M2X", 8)
    page.keyboard.press("Backspace")
    page.keyboard.press("Backspace")
    assert typed(page) == ("7KQ4-M", 6)
    page.keyboard.press("Backspace")
    assert typed(page) == ("7KQ4", 4)
    page.keyboard.type("m2xd9t")
    assert typed(page) == ("7KQ4-M2XD-9T", 12)
    # In the middle: what is typed pushes the rest on, and the caret stays behind it.
    page.locator("#code").evaluate("field => field.setSelectionRange(2, 2)")
    page.keyboard.type("a")
    assert typed(page) == ("7KAQ-4M2X-D9T", 3)
    page.keyboard.press("Backspace")
    assert typed(page) == ("7KQ4-M2XD-9T", 2)
    # A hyphen is no character: keys delete what is on its other side.
    page.locator("#code").evaluate("field => field.setSelectionRange(5, 5)")
    page.keyboard.press("Backspace")
    assert typed(page) == ("7KQM-2XD9-T", 3)
    page.locator("#code").evaluate("field => field.setSelectionRange(4, 4)")
    page.keyboard.press("Delete")
    assert typed(page) == ("7KQM-XD9T", 5)
    # What an input method still composes is left to it.
    page.fill("#code", "")
    session = page.context.new_cdp_session(page)
    for text in ("7", "7k", "7kq", "7kq4", "7kq4m"):
        session.send("Input.imeSetComposition", {
            "text": text, "selectionStart": len(text), "selectionEnd": len(text),
        })  # fmt: skip
        assert typed(page) == (text, len(text))
    session.send("Input.insertText", {"text": "7kq4m"})
    assert typed(page) == ("7KQ4-M", 6)
    # Pasted: a sentence, a link; what contains no code stays as it is.
    code = generate(source.getrandbits)
    for text, shown in (
        (f"Your order code: {grouped(code)}. Thank you!", grouped(code)),
        (f"https://orders.example/o/{code}?lang=de", grouped(code)),
        (f" {code.lower()}\u200b ", grouped(code)),
        ("Good morning, where is my order?", "Good morning, where is my order?"),
    ):
        page.fill("#code", "")
        page.keyboard.insert_text(text)
        assert typed(page) == (shown, len(shown))
    assert asked == []


def test_hints_are_shown_without_a_request_and_are_those_of_the_server(
    screen: Screen, desk: Desk
) -> None:
    page, source = screen.page, random.Random(8)  # noqa: S311 - not a secret
    page.goto(f"{desk.address}/find")
    code = next(
        one
        for one in iter(lambda: generate(source.getrandbits), "")
        if "B" in one and hint_for(one.replace("B", "8", 1)).offers == (one,)
    )
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.keyboard.type(code[:-1])
    expect(page.locator("#code-message")).to_be_empty()  # someone is still typing
    page.keyboard.press("Enter")
    expect(page.locator("#code-message")).to_contain_text("11")
    expect(page.locator("#code")).to_be_focused()
    page.fill("#code", "")
    page.keyboard.type(code.replace("B", "8", 1))
    expect(page.locator("#code-offers a")).to_have_text([grouped(code)])
    expect(page.locator("#code-offers mark")).to_have_text(["B"])
    expect(page.locator("#code-offers a")).to_have_attribute("href", f"/o/{code}")
    expect(page.locator("#code")).to_have_attribute("aria-invalid", "true")
    screen.check("a hint")
    page.keyboard.press("Backspace")
    expect(page.locator("#code-offers")).to_be_hidden()
    assert asked == []
    codes = ["".join(source.choices(ALPHABET + "U8B5S2Z", k=12)) for _ in range(3000)]
    texts = [source.choice((one, one[:-1], one + "7", f"{one}?", grouped(one).lower()))
             for one in codes]  # fmt: skip
    assert page.evaluate("codes => codes.map(orderCode.similar)", codes) == [
        list(similar_codes(one)) for one in codes
    ]
    hints = page.evaluate("texts => texts.map(one => orderCode.hint(one)?.offers ?? [])", texts)
    assert hints == [list(_offers(one)) for one in texts]


def _offers(text: str) -> tuple[str, ...]:
    try:
        find_code(text)
    except MistypedShortId:
        return hint_for(text).offers
    return ()
