"""What chatters and players cut short, written out."""

import re
from collections.abc import Callable

GAMES = {
    "atk": "attack", "dmg": "damage", "def": "defense", "hrs": "hours", "lvl": "level", "mats": "materials",
    "mins": "minutes", "ppl": "people", "pts": "points", "qty": "quantity", "req": "requirement", "xp": "experience",
}  # fmt: skip
CHAT = {
    "2day": "today", "2moro": "tomorrow", "2nite": "tonight", "abt": "about", "acc": "account", "acct": "account",
    "amt": "amount", "b4": "before", "bc": "because", "bday": "birthday", "bdays": "birthdays", "cuz": "because",
    "dm": "direct message", "dms": "direct messages", "fav": "favorite", "hv": "have", "hw": "how", "hwo": "how",
    "info": "information", "msg": "message", "msgs": "messages", "pic": "picture", "pics": "pictures",
    "pls": "please", "plz": "please", "pw": "password", "r": "are", "rn": "right now", "sub": "subscription",
    "subs": "subscriptions", "tho": "though", "thru": "through", "thx": "thanks", "tmr": "tomorrow",
    "tmrw": "tomorrow", "tmw": "tomorrow", "tonite": "tonight", "u": "you", "ur": "your", "wat": "what",
    "wen": "when", "wht": "what", "wk": "week", "wks": "weeks", "wknd": "weekend", "wut": "what", "xmas": "christmas",
    "ya": "you", "yr": "year", "yrs": "years",
}  # fmt: skip
_WORD = re.compile(r"(?<![\w@#/.'\u2019])[^\W_]+(?![\w@/'\u2019])")
_GAMES = re.compile(rf"\b(?:{'|'.join(GAMES)})\b", re.IGNORECASE)


def whole_words(question: str) -> str:
    """Write out what players cut short: "dmg", "lvl", "ppl"."""
    return _GAMES.sub(lambda found: GAMES[found[0].lower()], question)


def written_out(question: str, used: Callable[[str], bool]) -> str:
    """Write out what players and chatters cut short, except words that are ``used`` as they are ("DM" in a game)."""

    def whole(found: re.Match[str]) -> str:
        word = found[0].lower()
        long = CHAT.get(word) or GAMES.get(word)
        return long if long and not used(word) else found[0]

    return _WORD.sub(whole, question)
