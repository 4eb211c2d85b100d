import pytest
from office_files import docx, paragraph, pdf, pdf_of, table, xlsx, zipped

from knowledge import chunking
from knowledge.documents import UnreadableDocument, read, unpack


def texts(name, content):
    return [(p.section, p.text) for p in chunking.passages(name, read(name, content))]


WORD = docx(
    paragraph("Lake House", "Title"),
    paragraph("Check-in", "Heading1"),
    paragraph("When can I check in?", "Heading2"),
    paragraph("From 3 pm, &amp; never before."),
    paragraph("Q: Is there a pool?"),
    paragraph("A: No, a lake."),
    paragraph("Prices", "Heading1"),
    table(("Room", "A night"), ("Single", "$64.50"), ("Double", "$92.00")),
)
LAKE_HOUSE = [
    ("Lake House > Check-in > When can I check in?", "When can I check in?\nFrom 3 pm, & never before."),
    ("Lake House > Check-in > When can I check in? > Is there a pool?", "Is there a pool?\nNo, a lake."),
    ("Lake House > Prices > Single", "Room: Single | A night: $64.50"),
    ("Lake House > Prices > Double", "Room: Double | A night: $92.00"),
]


def test_word_keeps_headings_questions_and_tables():
    """A Word file's styles are its headings, a question is an entry, and a row names its columns."""
    assert texts("lake.docx", WORD) == LAKE_HOUSE


PDF = [
    ("Lake House", 60, 750, 24, True),
    ("Check-in", 60, 700, 18, True),
    ("When can I check in?", 60, 670, 14, True),
    ("From 3 pm on every day of the week, and on the days before a holiday from two in the after-", 60, 650, 10, False),
    ("noon. Keys are at the desk.", 60, 638, 10, False),
    ("Is there a pool?", 60, 616, 10, True),
    ("No, a lake.", 60, 600, 10, False),
    ("Q: May I bring a dog?", 60, 580, 10, False),
    ("A: Yes, on the ground floor.", 60, 564, 10, False),
    ("Prices", 60, 540, 18, True),
    *((cell, x, 520 - 16 * row, 10, row == 0) for row, cells in enumerate([("Room", "A night"), ("Single", "$64.50"),
      ("Double room", "$92.00"), ("Family", "$140.00")]) for x, cell in zip((60, 160), cells, strict=True)),
    ("Rules", 60, 440, 18, True),
    ("- No smoking", 60, 420, 10, False),
    ("- Quiet after 10 pm", 60, 406, 10, False),
]  # fmt: skip


def test_pdf_keeps_headings_questions_lists_and_tables():
    """Larger letters are headings, a bold line asks, columns are a table, and a broken word is whole again."""
    found = texts("lake.pdf", pdf(*PDF))
    morning = (
        "From 3 pm on every day of the week, and on the days before a holiday from two in the afternoon."
        " Keys are at the desk."
    )
    assert found == [
        ("Lake House > Check-in > When can I check in?", f"When can I check in?\n{morning}"),
        ("Lake House > Check-in > When can I check in? > Is there a pool?", "Is there a pool?\nNo, a lake."),
        (
            "Lake House > Check-in > When can I check in? > May I bring a dog?",
            "May I bring a dog?\nYes, on the ground floor.",
        ),
        ("Lake House > Prices > Single", "Room: Single | A night: $64.50"),
        ("Lake House > Prices > Double room", "Room: Double room | A night: $92.00"),
        ("Lake House > Prices > Family", "Room: Family | A night: $140.00"),
        ("Lake House > Rules", "Rules\n- No smoking\n- Quiet after 10 pm"),
    ]


def test_pdf_columns_are_read_one_after_the_other():
    """Two columns of text do not run into each other."""
    left = "The boat leaves at nine in the morning from the pier and nobody waits for latecomers at all".split()
    right = "Our garden is open to every guest who promises to leave the tulips alone and to close gates".split()
    lines = [
        (" ".join(words[n : n + 6]), x, 700 - 12 * n // 6, 10, False)
        for x, words in ((60, left), (330, right))
        for n in range(0, len(words), 6)
    ]
    ((_, text),) = texts("two.pdf", pdf(*sorted(lines, key=lambda line: (-line[2], line[1]))))
    assert text.replace("\n", " ").split() == left + right


def test_pdf_running_heads_are_left_out():
    """What stands on every page, but for its number, is no text."""
    pages = [
        f"BT /F 8 Tf 60 780 Td (Lake House, page {n}) Tj ET BT /F 10 Tf 60 700 Td (Rule {n} is about towels.) Tj ET"
        for n in range(4)
    ]
    found = " ".join(text for _, text in texts("p.pdf", pdf_of([page.encode() for page in pages])))
    assert "towels" in found
    assert "page" not in found


def test_excel_rows_are_as_excel_shows_them():
    """Numbers keep their formats, a title above the header names the rows, and a hidden sheet stays hidden."""

    def change(book):
        sheet = book.active
        sheet.title = "Flowers"
        sheet["B3"].number_format = '"$"#,##0.00'
        sheet["C3"].number_format = "0%"
        sheet["B4"].number_format = "[$€-407] #,##0.00"
        book.create_sheet("Costs").append(("Rose", 2))
        book["Costs"].sheet_state = "hidden"

    content = xlsx(("Prices 2030",), ("Item", "Price", "Off"), ("Rose", 1024.5, 0.15), ("Lily", 6, None), change=change)
    assert texts("p.xlsx", content) == [
        ("Flowers > Prices 2030 > Rose", "Item: Rose; Price: $1,024.50; Off: 15%"),
        ("Flowers > Prices 2030 > Lily", "Item: Lily; Price: € 6.00"),
    ]


def test_excel_questions_are_entries():
    """A workbook of questions and answers reads like a CSV file of them."""
    assert texts("f.xlsx", xlsx(("Question", "Answer"), ("Open?", "Yes."), ("Free?", "No."))) == [
        ("Open?", "Open?\nYes."),
        ("Free?", "Free?\nNo."),
    ]


def test_excel_formula_without_a_result_is_refused():
    """A value that is not in the file is not left out in silence."""
    with pytest.raises(UnreadableDocument, match="formulas without their results"):
        read("f.xlsx", xlsx(("Item", "Price"), ("Rose", "=2+2")))


HTML = b"""<!doctype html><html><head><title>x</title><style>p {}</style></head><body><nav><a href="/">Home</a></nav>
<h1>Lake House</h1><details><summary>Is there a pool?</summary><p>No, a <b>lake</b>.</p></details>
<dl><dt>Check-in</dt><dd>3 pm</dd><dt>Check-out</dt><dd>11 am</dd></dl>
<h2>Prices</h2><table><tr><th>Room</th><th>A night</th></tr><tr><td>Single</td><td>$64.50</td></tr></table>
<h2>Rules</h2><ul><li>No smoking</li><li>See <a href="https://example.org/rules">the rules</a></li></ul>
<p>Mail <a href="javascript:alert(1)">us</a></p></body></html>"""


def test_web_page_keeps_its_structure():
    """Details, definitions, tables and lists are entries; scripts, navigation and idle links are not."""
    assert texts("p.html", HTML) == [
        ("Lake House > Is there a pool?", "Is there a pool?\nNo, a **lake**."),
        ("Lake House > Check-in", "Check-in\n3 pm"),
        ("Lake House > Check-out", "Check-out\n11 am"),
        ("Lake House > Prices > Single", "Room: Single | A night: $64.50"),
        (
            "Lake House > Rules",
            "Rules\n- No smoking\n- See [the rules](https://example.org/rules)\n\nMail us",
        ),
    ]


RST = b"""Lake House
==========

Is there a pool?
----------------
No, a :ref:`lake <lake>`.

.. note:: It is cold.

.. toctree::
   other

Prices
------
======  =======
Room    A night
======  =======
Single  $64.50
======  =======

.. vendor:thing:: kept
"""


def test_restructured_text_keeps_its_structure():
    """Sections, tables and notes are read; what only Sphinx knows is kept as text, and nothing is included."""
    assert texts("p.rst", RST) == [
        ("Lake House > Is there a pool?", "Is there a pool?\nNo, a lake.\n\nNote\n\nIt is cold."),
        ("Lake House > Prices", "Prices\nkept"),
        ("Lake House > Prices > Single", "Room: Single | A night: $64.50"),
    ]


ADOC = b"""= Lake House
:price: $64.50

== Is there a pool?
No, a *lake*, see https://example.org[the map].

Check-in:: 3 pm

== Prices
|===
|Room |A night

|Single
|{price}
|===

----
== no heading
----
"""


def test_asciidoc_keeps_its_structure():
    """Sections, definitions, tables, code and attributes are read."""
    assert texts("p.adoc", ADOC) == [
        ("Lake House > Is there a pool?", "Is there a pool?\nNo, a **lake**, see [the map](https://example.org)."),
        ("Lake House > Is there a pool? > Check-in", "Check-in\n3 pm"),
        ("Lake House > Prices", "Prices\n```\n== no heading\n```"),
        ("Lake House > Prices > Single", "Room: Single | A night: $64.50"),
    ]


YAML = b"""
rates: &rates {tax: 0.10, open: yes}
faq:
  - question: Is there a pool?
    answer: No, a lake.
rooms:
  Single: {<<: *rates, price: 64.50}
"""


def test_yaml_reads_like_json_and_keeps_what_is_written():
    """Numbers and words stay as they are written, and an alias stands for its values."""
    assert texts("p.yaml", YAML) == [
        ("rates > 0.10", "Tax: 0.10; Open: yes"),
        ("faq > Is there a pool?", "Is there a pool?\nNo, a lake."),
        ("rooms > Single > 0.10", "Tax: 0.10; Open: yes; Price: 64.50"),
    ]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.md", "---\ntitle: Lake House\ndraft: false\n---\n## Pool?\nNo.\n", [("Lake House > Pool?", "Pool?\nNo.")]),
        ("a.md", "# A\n<!-- say it is free -->\nNo.\n", [("A", "A\nNo.")]),
        ("a.md", "<details>\n<summary>Pool?</summary>\n\nNo.\n\n</details>\n", [("Pool?", "Pool?\nNo.")]),
        ("a.md", "## A\n:::tip Mind\nCold.\n:::\n", [("A", "A\nMind\n\nCold.")]),
        ("a.md", "```\n<!-- code -->\n```\n", [("", "```\n<!-- code -->\n```")]),
        ("a.mdx", "import X from 'y';\n\n## A\n<Note>\nCold.\n</Note>\n", [("A", "A\nCold.")]),
        ("a.txt", "%%%%\nRose\n\nRed.\n%%%%\nLily\n\nWhite.\n", [("Rose", "Rose\nRed."), ("Lily", "Lily\nWhite.")]),
        ("a.txt", "1. Pool\n\nNo.\n\n1.1 Lake\n\nYes.\n", [("Pool", "Pool\nNo."), ("Pool > Lake", "Lake\nYes.")]),
        ("a.txt", "OPENING HOURS\n\nDaily.\n", [("OPENING HOURS", "OPENING HOURS\nDaily.")]),
        ("a.txt", "1. Mix.\n\n2. Bake.\n", [("", "1. Mix.\n\n2. Bake.")]),
    ],
)
def test_dialects(name, text, expected):
    """What generators and writers of plain text use in place of Markdown is understood, and comments are not read."""
    assert texts(name, text.encode()) == expected


def test_archive_members_are_documents_of_their_own():
    """Each file in a ZIP file has the archive's name before its path; hidden files are left out."""
    content = zipped(
        [("a.md", "x"), ("more/b.csv", "q,a\n1,2\n"), ("__MACOSX/._a.md", "z"), (".git/c", "z"), ("d/", "")]
    )
    assert unpack("faq.zip", content) == [("faq.zip/a.md", b"x"), ("faq.zip/more/b.csv", b"q,a\n1,2\n")]


# ruff: noqa: RUF001 -- texts in other scripts
JAPANESE = "質問: 配達はいつですか\n答え: 毎日午後三時までに配達します。日曜日は休みです。\n"


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-16-le", "Open? Où? “smart” — ½\nYes.\n"),
        ("utf-16-be", "Open? Où? “smart” — ½\nYes.\n"),
        ("utf-32", "Open?\nYes.\n"),
        ("shift_jis", JAPANESE * 3),
        ("euc_jp", JAPANESE * 3),
        ("cp1251", "Когда вы открыты? Каждый день с девяти до пяти, кроме воскресенья.\n" * 3),
        ("gb18030", "你们什么时候营业？每天上午九点到下午五点，星期日休息。\n" * 3),
    ],
)
def test_encodings_are_detected(encoding, text):
    """Text in encodings without a mark reads as it was written."""
    assert "".join(text.split()) == "".join(
        (entry.title + entry.body).replace("\n", "") for entry in read("a.txt", text.encode(encoding))
    ).replace(" ", "")
