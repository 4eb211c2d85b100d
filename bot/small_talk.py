"""Tells small talk, which no note can answer, from a question about the server."""

import re

_PHRASES = (
    r"h(?:i+|ey+|ello+|owdy|iya)|yo+|greetings|ahoy|sup|wass?up|what'?s up|"
    r"good (?:morning|evening|afternoon|night|day)|gm|gn|morning|evening|"
    r"thanks?|thank (?:you|u)|thx|ty|tysm|cheers|much appreciated|appreciate it|nice|cool|great|awesome|lol|haha+|"
    r"ok(?:ay)?|"
    r"(?:good)?bye+|see (?:you|ya|u)(?: later)?|cya|later|good ?night|"
    r"how (?:are|r) (?:you|u|ya)(?: doing| feeling)?(?: today| these days)?|how(?:'s| is) it going|how do you do|"
    r"you (?:ok|alright|there|awake)|are (?:you|u) (?:ok|there|awake|real|a (?:bot|robot|human|person|real \w+))|"
    r"who (?:even )?(?:are|r) (?:you|u|ya)(?: even| actually| anyway)?|what (?:are|r) (?:you|u)|what'?s your name|"
    r"introduce yourself|tell me about yourself|"
    r"(?:tell|give) (?:me|us) a (?:\w+ )?joke|(?:got|know) (?:a|any) (?:good )?jokes?|make me laugh|"
    r"sing (?:me )?a song|tell me a story|say something|"
    r"you(?:'re| are|r)?(?: so| very| really| the)? (?:\w+ )?(?:best|great|funny|awesome|cute|rude|"
    r"mean|nice|cool|grumpy|sweet|helpful|useless|boring|lovely)|"
    r"i (?:love|like|hate|miss) (?:you|u)|love (?:you|u)|good (?:bot|job|boy)|well done|"
    r"i(?:'m| am) (?:bored|tired|sad|happy|back|hungry|lonely)|(?:what|ugh,? what) a day|"
    r"i had a (?:bad|long|rough|great) day"
)
_FILLERS = (
    r"there|again|all|everyone|everybody|guys|friend|mate|matey|pirate|captain|bot|buddy|pal|dear|please|so much|"
    r"a lot|very much|man|bro|dude|today|then|now|anyway"
)
_SMALL_TALK = re.compile(rf"(?:(?:{_PHRASES})(?:[\s,.!?:;)(~-]+(?:{_FILLERS}))*[\s,.!?:;)(~-]*)+", re.IGNORECASE)


def is_small_talk(text: str) -> bool:
    """Tell whether a message is made of greetings, thanks, chatter and nothing else."""
    plain = re.sub(r"[^\w\s,.!?:;'()~-]", "", text.replace("\u2019", "'")).strip()
    return bool(plain) and bool(_SMALL_TALK.fullmatch(plain))
