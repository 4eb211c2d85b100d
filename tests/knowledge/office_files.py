"""Small DOCX, XLSX and PDF files from a few words, written here so that nothing needs an office."""

import io
import zipfile
import zlib

import openpyxl

_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def zipped(members):
    """Return a ZIP file of (path, content) pairs."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in members:
            archive.writestr(path, content)
    return made.getvalue()


def run(text, properties=""):
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def paragraph(text, style="", properties=""):
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr>{run(text, properties)}</w:p>'


def table(*rows):
    cells = ["".join(f"<w:tc>{paragraph(cell)}</w:tc>" for cell in row) for row in rows]
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in cells)}</w:tbl>"


def docx(*body, declaration="", more=()):
    """Return a Word file of these paragraphs and tables; Heading1 to Heading3 and Title are its styles."""
    names = {"Title": "Title", **{f"Heading{n}": f"heading {n}" for n in (1, 2, 3)}}
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="{key}"><w:name w:val="{name}"/></w:style>'
        for key, name in names.items()
    )
    relation = f'<?xml version="1.0"?><Relationships xmlns="{_RELATIONS}"><Relationship Id="r1" Type="{_OFFICE}/'
    return zipped([
        ("[Content_Types].xml", _TYPES),
        ("_rels/.rels", f'{relation}officeDocument" Target="word/document.xml"/></Relationships>'),
        ("word/_rels/document.xml.rels", f'{relation}styles" Target="styles.xml"/></Relationships>'),
        ("word/styles.xml", f'<?xml version="1.0"?><w:styles {_W}>{styles}</w:styles>'),
        ("word/document.xml", f'<?xml version="1.0"?>{declaration}<w:document {_W}><w:body>' + "".join(body)
                              + "</w:body></w:document>"),
        *more,
    ])  # fmt: skip


def xlsx(*rows, change=None):
    """Return a workbook with these rows; ``change`` gets the book before it is saved."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    if change:
        change(book)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def pdf(*texts, trailer="", body=None):
    """Return a PDF file of one page with (text, points from the left, from the foot, size, is bold) each."""
    drawn = "\n".join(
        f"BT /{'B' if bold else 'F'} {size} Tf {x} {y} Td ({text}) Tj ET" for text, x, y, size, bold in texts
    )
    return pdf_of([drawn.encode() if body is None else body], trailer)


def pdf_of(contents, trailer=""):
    """Return a PDF file with a page for each content stream."""
    fonts = "/Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> "
    fonts += "/B << /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold >> >>"
    kids = " ".join(f"{3 + 2 * n} 0 R" for n in range(len(contents)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(contents)} /Kids [{kids}] >>".encode(),
    ]
    for number, content in enumerate(contents):
        page = f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Resources << {fonts} >> "
        objects.append(f"{page}/Contents {4 + 2 * number} 0 R >>".encode())
        packed = zlib.compress(content)
        objects.append(f"<< /Filter /FlateDecode /Length {len(packed)} >>\nstream\n".encode() + packed + b"\nendstream")
    made, places = b"%PDF-1.7\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    rows = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = f"trailer << /Root 1 0 R /Size {len(objects) + 1} {trailer} >>\nstartxref\n{len(made)}\n%%EOF".encode()
    return made + b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + rows + end
