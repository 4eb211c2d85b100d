"""The passage itself, where no draft may be sent: between two of the persona's own lines, and in its form."""

from bot.voices import Voice


def quote(voice: Voice, passage: str, question: str, *shorter: str) -> str:
    """Return a passage as it stands, framed by the persona.

    In a form that has no room for all of it, the first of ``shorter`` that fits stands for it; in one that has no
    room for the frame (JSON is one object, and a citation belongs to a note) it stands alone.
    """
    opening, closing = (voice.persona.line(kind, question) for kind in ("quote_opening", "quote_closing"))
    form = voice.persona.card.format
    if form is None:
        quoted = "\n".join(f"> {line}" for line in passage.splitlines() if line.strip())
        return f"{opening}\n{quoted}\n{closing}"
    bodies = [form.render(text, 1, "answered") for text in (passage, *shorter)]
    body = next((body for body in bodies if form.holds(body, 1)), form.fit((passage, *shorter)[-1], 1))
    framed = form.joint.join((opening, body, closing))
    return framed if form.holds(framed, 1) else body
