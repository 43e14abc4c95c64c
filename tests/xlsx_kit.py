"""A writer of workbooks for tests: an .xlsx as Excel writes it, but only what matters."""

import zipfile
from xml.sax.saxutils import escape

TYPES = ('<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
         '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
         '<Default Extension="xml" ContentType="application/xml"/>'
         '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.'
         'spreadsheetml.sheet.main+xml"/></Types>')  # fmt: skip
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
STYLES = (f'<styleSheet {MAIN}><cellXfs count="2"><xf numFmtId="0"/>'
          '<xf numFmtId="22" applyNumberFormat="1"/></cellXfs></styleSheet>')  # fmt: skip


class Formula(str):
    """A cell that computes: it has the value that was last shown."""

    __slots__ = ()


def cell(value, *, is_time):
    if value is None:
        return "<c/>"
    if isinstance(value, Formula):
        return f'<c t="str"><f>{escape(value)}</f><v>42</v></c>'
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f'<c s="{int(is_time)}"><v>{value}</v></c>'


def workbook(path, sheets):
    """An .xlsx as Excel writes it, but only what matters."""

    def relations(pairs):
        rows = "".join(
            f'<Relationship Id="{name}" Type="{RELATION}/{kind}" Target="{target}"/>'
            for name, kind, target in pairs
        )
        return (
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f"{rows}</Relationships>"
        )

    with zipfile.ZipFile(path, "w") as file:
        file.writestr("[Content_Types].xml", TYPES)
        file.writestr("_rels/.rels", relations([("r1", "officeDocument", "xl/workbook.xml")]))
        listed = "".join(
            f'<sheet name="{name}" sheetId="{at}" r:id="r{at}"/>'
            for at, name in enumerate(sheets, 1)
        )
        file.writestr(
            "xl/workbook.xml",
            f'<workbook {MAIN} xmlns:r="{RELATION}"><sheets>{listed}</sheets></workbook>',
        )
        pairs = [
            (f"r{at}", "worksheet", f"worksheets/s{at}.xml") for at in range(1, len(sheets) + 1)
        ]
        file.writestr(
            "xl/_rels/workbook.xml.rels", relations([*pairs, ("st", "styles", "styles.xml")])
        )
        file.writestr("xl/styles.xml", STYLES)
        for at, (names, rows) in enumerate(sheets.values(), 1):
            body = ""
            for number, row in enumerate([names, *rows], 1):
                cells = "".join(
                    cell(value, is_time=name == "at" and number > 1)
                    for name, value in zip(names, row, strict=True)
                )
                body += f'<row r="{number}">{cells}</row>'
            file.writestr(
                f"xl/worksheets/s{at}.xml",
                f"<worksheet {MAIN}><sheetData>{body}</sheetData></worksheet>",
            )
