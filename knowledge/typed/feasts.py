"""Days that have a name, and on which date they fall.

The dates are those of the ``holidays`` library, which follows the law of each country; where countries differ and the
country is not known, a date is only possible, and nothing is computed for it.
"""

import re
from datetime import date, timedelta
from functools import lru_cache
from importlib import resources
from zoneinfo import ZoneInfo

# Key: how it may be written (after the apostrophes are made straight); shown in answers as the key in title case.
FEASTS: dict[str, str] = {
    "new year's eve": r"new year'?s'? eve|nye",
    "new year's day": r"new year'?s'?(?: day)?(?! eve)",
    "valentine's day": r"(?:st\.? )?valentine'?s?(?: day)?|v-day",
    "saint patrick's day": r"(?:saint|st\.?) patrick'?s?(?: day)?",
    "good friday": r"good friday",
    "easter sunday": r"easter(?: sunday)?(?! (?:monday|weekend|eve|week))",
    "easter monday": r"easter monday",
    "mother's day": r"mother'?s'? day",
    "father's day": r"father'?s'? day",
    "memorial day": r"memorial day",
    "juneteenth": r"juneteenth",
    "fourth of july": r"(?:fourth|4th) of july|july fourth",
    "independence day": r"independence day",
    "labor day": r"labou?r day",
    "columbus day": r"columbus day|indigenous peoples'? day",
    "halloween": r"hallow?e'?en",
    "veterans day": r"veteran'?s'? day",
    "thanksgiving": r"thanksgiving(?: day)?(?! (?:eve|weekend|week))",
    "christmas eve": r"(?:christmas|xmas|x-mas) eve",
    "christmas day": r"(?:christmas|xmas|x-mas)(?: day)?(?! (?:eve|week|season|time|holidays?|break|market|weekend))",
    "boxing day": r"boxing day",
}
_FIXED = {
    "new year's eve": (12, 31), "new year's day": (1, 1), "valentine's day": (2, 14), "saint patrick's day": (3, 17),
    "halloween": (10, 31), "christmas eve": (12, 24), "christmas day": (12, 25), "boxing day": (12, 26),
    "juneteenth": (6, 19), "fourth of july": (7, 4),
}  # fmt: skip
_MOVED_BY_EASTER = {"good friday": -2, "easter sunday": 0, "easter monday": 1}
_CATEGORIES = ("government", "half_day", "public", "unofficial")
_AMERICAN = {  # names in the library's calendar of the United States, where the name means no other day elsewhere
    "memorial day": "Memorial Day", "columbus day": "Columbus Day", "veterans day": "Veterans Day",
    "independence day": "Independence Day", "labor day": "Labor Day", "thanksgiving": "Thanksgiving Day",
    "mother's day": "Mother's Day", "father's day": "Father's Day",
}  # fmt: skip


def shown(name: str) -> str:
    """Return a feast's name as a sentence has it."""
    return re.sub(r"(?:^|(?<= ))[a-z](?!f )", lambda first: first[0].upper(), name)


def falls_on(name: str, day: date, country: str | None) -> bool | None:
    """Tell whether a feast falls on a day; None where that depends on a country that is not known."""
    if name in _FIXED:
        return (day.month, day.day) == _FIXED[name]
    if name in _MOVED_BY_EASTER:
        return day - timedelta(days=_MOVED_BY_EASTER[name]) == _american(day.year).get("Easter Sunday")
    american = _american(day.year).get(_AMERICAN[name]) == day
    if country == "US":
        return american
    if country == "CA" and name in {"thanksgiving", "labor day", "mother's day", "father's day"}:
        return _canadian(name, day) if name in {"thanksgiving", "labor day"} else american
    if country in {"GB", "IE"} and name == "mother's day":
        return _british_mothers_day(day)
    possible = american or _british_mothers_day(day) or (name == "thanksgiving" and _canadian(name, day))
    return None if possible else False


def public_holiday(day: date, country: str | None) -> bool | None:
    """Tell whether a day is a public holiday; None where the country is not known and the day one in many countries."""
    import holidays

    if country is None or country not in holidays.list_supported_countries():
        first = {"01-01", "05-01", "12-25", "12-26"}
        return None if f"{day:%m-%d}" in first or _near_easter(day) or day in _national(day.year, "US") else False
    return day in _national(day.year, country)


@lru_cache(maxsize=64)
def country_of(zone: str) -> str | None:
    """Return the ISO code of the one country that a time zone belongs to, by the time zone database; else None."""
    table = resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text("utf-8")
    found = {
        line.split("\t")[0] for line in table.splitlines() if not line.startswith("#") and zone in line.split("\t")
    }
    return found.pop() if len(found) == 1 else None


def zone_named(name: str) -> ZoneInfo | None:
    """Return the zone of a name of the IANA database; None if there is none."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return None


def _british_mothers_day(day: date) -> bool:
    return _american(day.year)["Easter Sunday"] - day == timedelta(days=21)


def _canadian(name: str, day: date) -> bool:
    wanted = "thanksgiving" if name == "thanksgiving" else "labo"
    return wanted in _ontario(day.year).get(day, "").lower()


def _near_easter(day: date) -> bool:
    return day - _american(day.year)["Easter Sunday"] in {timedelta(days=-2), timedelta(days=1)}


@lru_cache(maxsize=64)
def _american(year: int) -> dict[str, date]:
    import holidays

    days = holidays.country_holidays("US", years=year, observed=False, categories=_CATEGORIES)
    return {title: day for day, titles in days.items() for title in titles.split("; ")}


@lru_cache(maxsize=64)
def _ontario(year: int) -> dict[date, str]:
    """Return the holidays of the province that keeps both Thanksgiving and Labour Day, as most of Canada does."""
    import holidays

    return dict(holidays.country_holidays("CA", subdiv="ON", years=year).items())


@lru_cache(maxsize=64)
def _national(year: int, country: str) -> dict[date, str]:
    import holidays

    return {day: title for day, title in holidays.country_holidays(country, years=year).items() if day.year == year}
