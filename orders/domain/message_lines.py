"""Find out what each line of an e-mail is part of: header, quotation, body, and signature.

Patterns are bounded, and look at no more than MAX_LINE characters of a line.
"""

# ruff: noqa: RUF001 - multiplication signs and dashes as people write them
import re
from collections.abc import Sequence
from enum import StrEnum

from orders.domain.message_facts import DATE, MAIL, MAX_LINE, WEEK
from orders.domain.text_tables import SEPARATORS

MIN_SENTENCE = 5  # words
MAX_CLOSING = 5  # words
MAX_NAME_WORDS = 7  # of an unknown product


class LineKind(StrEnum):
    """What a line of a message is part of."""

    HEADER = "header"
    QUOTED = "quoted"
    BODY = "body"
    SIGNATURE = "signature"


_HEADER = re.compile(
    r"\*{0,2}(?:from|von|to|an|cc|bcc|subject|betreff|sent|gesendet|date|datum|reply-to|"
    r"antwort an|attachments?|anlagen?)\*{0,2} ?:",
    re.IGNORECASE,
)
_FORWARDED = re.compile(
    r"[- ]{0,12}(?:begin forwarded message|forwarded message|weitergeleitete nachricht|"
    r"anfang der weitergeleiteten)",
    re.IGNORECASE,
)
_ORIGINAL = re.compile(
    r"[-_ ]{2,12}(?:original message|ursprüngliche nachricht|originalnachricht|"
    r"original-nachricht)|(?:on|am) .{5,120}(?:wrote|schrieb[^:]{0,60}):\s*$",
    re.IGNORECASE,
)
_GREETING = re.compile(
    r"(?:hi|hello|hey|dear|good (?:morning|afternoon|evening|day)|hallo|liebe[rs]?|"
    r"sehr geehrte[rs]?|guten (?:tag|morgen|abend)|moin|servus|grüezi|grüß gott)\b",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"(?:best|kind|warm|with (?:best|kind)|many thanks|thanks|thank you|regards|cheers|sincerely|"
    r"yours|mit (?:freundlich|best|viel|lieb)\w*|"
    r"(?:viele|beste|liebe|freundliche|herzliche|schöne) gr(?:ü|ue)(?:ß|ss)e|"
    r"mfg|lg|vg|gr(?:u|ü)(?:ß|ss)\w*|danke|vielen dank|besten dank|"
    r"sent from|gesendet von|von meinem)\b",
    re.IGNORECASE,
)
# What stands above a list: "Please deliver", "Bestellung", "Invoice address".
_INTRODUCTION = re.compile(
    r"(?:(?:purchase )?order|bestellung|auftrag|[^\W\d_][^\d;|\t]{2,60}:)$", re.IGNORECASE
)
_DASHES = re.compile(r"(?:--|—|__)[-_— ]*$")
_CURRENCY = r"(?:€|\$|£|EUR|USD|CHF|GBP|Euro)"
_MONEY = re.compile(
    rf"{_CURRENCY} ?[0-9][0-9.,'’]{{0,15}}"
    rf"|(?<![\w.,-])[0-9][0-9.,'’]{{0,15}}(?: ?{_CURRENCY}(?!\w)|,-+)"
    r"|(?<![\w.,-])[0-9]{1,3}(?:[., '’]?[0-9]{3}){0,3}[.,][0-9]{2}(?![\w.,])",
    re.IGNORECASE,
)
_PHONE = re.compile(r"(?<![\w/-])(?:\+[0-9]|\(?0[0-9])[0-9 ()/.-]{5,22}[0-9](?![\w-])")
_PHONE_LINE = re.compile(
    r"\W{0,3}(?:tel(?:efon|ephone)?|t|phone|ph|fax|f|mobil(?:e|funk)?|m|handy|cell|durchwahl|"
    r"iban|bic|hrb|amtsgericht|ust\W?id\W?(?:nr)?|vat(?: no)?)\b[.:]? ?[:+(0-9A-Z]",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"(?<![\w.-])[0-9]{1,2}:[0-9]{2}(?! ?(?:x|×))(?: ?(?:am|pm|uhr)\b)?|"
    r"(?<![\w.-])[0-9]{1,2} ?(?:am|pm|uhr)\b|(?<![\w.,-])[0-9]{1,3}(?:[.,][0-9])? ?%",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"https?://\S{1,300}|www\.\S{1,200}", re.IGNORECASE)
_ORDER_NUMBER = re.compile(
    r"(?<![\w-])(?:p\.?o\.?(?: ?(?:no|nr|number)\b)?[ .:#-]{0,3}"
    r"|(?:order|bestell\w{0,12}|auftrags?\w{0,12}|rechnungs?\w{0,12}|invoice|offer|angebots?\w{0,12}|"
    r"quote|kunden\w{0,12}|customer|account|ref\w{0,12})"
    r"(?:[ .-]{0,2}(?:no|nr|number|nummer|id|ref)\b[ .:#]{0,3}| ?[:#] ?))"
    r"(?:[A-Z]{1,4}-?)?[0-9][0-9/_.-]{1,30}",
    re.IGNORECASE,
)
_FACTS = (_ADDRESS, MAIL, _ORDER_NUMBER, DATE, WEEK, _TIME, _MONEY, _PHONE)
_UNIT = r"(?:x|×|\*|pcs|pc|pieces?|st|stk|stck|stück|units?|mal)"
_ORDERED = re.compile(
    rf"(?P<count>[0-9]{{1,4}}) ?(?P<unit>{_UNIT}\b\.?)? ?(?P<name>\S.{{2,80}})", re.IGNORECASE
)
_ORDERED_BEHIND = re.compile(
    rf"(?P<name>\S.{{2,80}}?)[ ,:;–-]{{1,4}}(?:(?:x|×|\*) ?(?P<count>[0-9]{{1,4}})"
    rf"|(?P<other>[0-9]{{1,4}}) ?{_UNIT}\b\.?)",
    re.IGNORECASE,
)
_NO_PRODUCT = re.compile(
    r"\b(?:days?|weeks?|months?|years?|hours?|minutes?|tage?n?|wochen?|monate?n?|jahre?n?|stunden?|"
    r"street|road|avenue|lane|square|drive|floor|straße|strasse|weg|platz|gasse|allee|stock|etage|"
    r"km|kg|percent|prozent|people|personen|attachments?|anlagen?|of (?:them|these|which)|davon)\b"
    r"|str\.|(?:straße|strasse)\b",
    re.IGNORECASE,
)
_POSTAL = re.compile(r"(?:[A-Z]{1,3}-)?[0-9]{4,5} +[A-ZÄÖÜ]")


def is_message(lines: Sequence[str]) -> bool:
    """Return whether a text is a message, and not a table or a list of products."""
    return any(map(_says_message, lines))


def _says_message(line: str) -> bool:
    bare = line[:MAX_LINE].strip().lstrip("> ")
    if any(pattern.match(bare) for pattern in (_HEADER, _FORWARDED, _ORIGINAL)):
        return True
    if _GREETING.match(bare) and not any(map(str.isdigit, bare)):
        return True
    if _is_closing(bare) or _INTRODUCTION.match(bare):
        return True
    is_table = any(separator in bare for separator in SEPARATORS.replace(",", ""))
    words = [word for word in bare.split() if word[0].isalpha() and word.strip(".,!?:").isalpha()]
    return len(words) >= MIN_SENTENCE and bare[-1] in ".!?:" and not is_table


def _is_closing(line: str) -> bool:
    if _DASHES.fullmatch(line):
        return True
    is_short = len(line.split()) <= MAX_CLOSING and not any(map(str.isdigit, line))
    return is_short and _CLOSING.match(line) is not None


def kinds_of(lines: Sequence[str]) -> list[LineKind]:
    """Return what each line of a message is part of.

    Lines behind a closing formula are the signature, until a header begins another message. Quoted
    lines, and those below the mark of an original message, are quoted if there are others.
    """
    kinds: list[LineKind] = []
    kind = LineKind.BODY
    for line in lines:
        bare = line[:MAX_LINE].strip()
        plain = bare.lstrip("> ")
        if _FORWARDED.match(plain):
            kind = LineKind.BODY
            kinds.append(LineKind.HEADER)
        elif _ORIGINAL.match(plain):
            kind = LineKind.QUOTED
            kinds.append(LineKind.HEADER)
        elif _HEADER.match(plain):
            kind = LineKind.BODY if kind is LineKind.SIGNATURE else kind
            kinds.append(LineKind.HEADER)
        elif bare.startswith(">"):
            kinds.append(LineKind.QUOTED)
        else:
            is_end = kind is LineKind.BODY and _is_closing(bare)
            kind = LineKind.SIGNATURE if is_end else kind
            kinds.append(kind)
    return kinds


def without_facts(line: str) -> str:
    """Return a line with a comma in place of what is no count or product.

    That is: days, weeks, times, prices, percentages, phone and order numbers, and addresses of
    mail and web pages. A line of phone or registry numbers becomes empty.
    """
    text = line[:MAX_LINE]
    if not any(map(str.isdigit, text)):
        return text
    if _PHONE_LINE.match(text):
        return ""
    for pattern in _FACTS:
        text = pattern.sub(" , ", text)
    return text.strip(" ,") if text != line[:MAX_LINE] else text


def looks_ordered(text: str) -> tuple[str, str] | None:
    """Return (name, count) if a line orders a product that need not be known, else None.

    Its count is at one of the ends. Postal codes, streets, spans of time and the like are none.
    """
    bare = " ".join(text.split()).strip(" ,;")
    if match := _ORDERED_BEHIND.fullmatch(bare):
        name, count, is_said = match["name"], match["count"] or match["other"], True
    elif match := _ORDERED.fullmatch(bare):
        name, count, is_said = match["name"], match["count"], bool(match["unit"])
    else:
        return None
    words = name.split()
    has_word = any(len(word) > 2 and any(map(str.isalpha, word)) for word in words)
    is_other = _NO_PRODUCT.search(name) or count.startswith("0")
    is_unsure = _POSTAL.match(bare) or name[-1] in ".!?" or not name[0].isalnum()
    if not has_word or len(words) > MAX_NAME_WORDS or is_other or (is_unsure and not is_said):
        return None
    return name.strip(" ,.;:"), count
