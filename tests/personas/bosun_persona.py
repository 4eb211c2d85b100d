"""The parts of a small persona."""

import json

CARD = """title = "Bosun"
description = "Speaks of ropes."
voice = "You are a bosun."

[lines]
greeting = ["Ahoy."]
waiting = ["Belay that a moment."]
not_in_notes = ["Not in the log.", "The log is silent."]
quote_opening = ["It says:"]
quote_closing = ["So there."]
error = ["A rope broke."]
"""
ROWS = [
    {
        "messages": [
            {"role": "user", "content": f"what does the {thing} cost?"},
            {"role": "assistant", "content": f"Arr, the {thing} be {price} gold."},
        ],
        "notes": [f"The {thing} costs {price} gold."],
        "skill": "copy",
        "domain": "harbour",
    }
    for price, thing in enumerate(["rope", "sail", "mast", "oar", "keel", "flag", "drum", "lamp"], 12)
]


def as_lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)
