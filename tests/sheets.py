"""Files for imports: CSV as text, and XLSX built by hand, also broken ones."""

import io
import zipfile
from xml.sax.saxutils import escape

from orders.domain.sheet_reading import letters

_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
# Number format 14 is a day, 22 a day with its time.
_STYLES = (
    f'<styleSheet xmlns="{_MAIN}"><cellXfs count="3"><xf numFmtId="0"/>'
    '<xf numFmtId="14" applyNumberFormat="1"/><xf numFmtId="22" applyNumberFormat="1"/>'
    "</cellXfs></styleSheet>"
)


def csv_of(*rows: tuple[object, ...], delimiter: str = ",") -> str:
    """Return rows as CSV; the texts need no quotes."""
    return "".join(delimiter.join(map(str, row)) + "\r\n" for row in rows)


def xlsx_of(*rows: tuple[object, ...], hidden: bool = False) -> bytes:
    """Return rows as a spreadsheet: numbers as numbers, texts as texts, None as no cell.

    With `hidden` there is a hidden sheet before it.
    """
    return xlsx_with("".join(_row(at, row) for at, row in enumerate(rows, 1)), hidden=hidden)


def _row(at: int, row: tuple[object, ...]) -> str:
    cells = "".join(_cell(f"{letters(i)}{at}", value) for i, value in enumerate(row))
    return f'<row r="{at}">{cells}</row>'


def _cell(place: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{place}"><v>{value}</v></c>'
    text = escape(str(value))
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def xlsx_with(sheet: str, *, hidden: bool = False) -> bytes:
    """Return a spreadsheet with these rows."""
    first = '<sheet name="Notes" sheetId="2" state="hidden" r:id="rId2"/>' if hidden else ""
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/>'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{first}'
        '<sheet name="Orders" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{_OFFICE}/worksheet" Target="worksheets/sheet2.xml"/>'
        f'<Relationship Id="rId3" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": _STYLES,
        "xl/worksheets/sheet1.xml": _sheet(sheet),
        "xl/worksheets/sheet2.xml": _sheet('<row r="1"><c r="A1"><v>1</v></c></row>'),
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, '<?xml version="1.0" encoding="UTF-8"?>' + text)
    return packed.getvalue()


def _sheet(rows: str) -> str:
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>'
