"""Units of measure: whether two numbers with units say the same, such as 90 minutes and 1.5 hours.

Pint converts, because it knows every unit of the SI and the customary ones with their exact factors; which words of
a text are units at all is decided here, since Pint takes "seat" for no unit and "turn" for an angle.
"""

from functools import lru_cache
from typing import TYPE_CHECKING

from knowledge.claims import Claim, stem

if TYPE_CHECKING:
    import pint

_ROUNDING = 0.01
"""Share by which a converted number may differ: "3.1 miles" are 5 km; in the unit of the notes it must be the same."""
_NAMES = {
    "second": "second seconds sec secs", "minute": "minute minutes min mins", "hour": "hour hours hr hrs h",
    "day": "day days", "week": "week weeks", "fortnight": "fortnight fortnights", "month": "month months",
    "year": "year years", "millimeter": "mm millimetre millimeter", "centimeter": "cm centimetre centimeter",
    "meter": "m metre meter metres", "kilometer": "km kilometre kilometer kilometres", "inch": "inch inches",
    "foot": "foot feet ft", "yard": "yard yards yd", "mile": "mile miles mi", "gram": "g gram grams gramme",
    "kilogram": "kg kilo kilos kilogram kilograms", "pound": "lb lbs pound pounds", "ounce": "oz ounce ounces",
    "metric_ton": "t tonne tonnes", "milliliter": "ml millilitre milliliter", "centiliter": "cl centilitre",
    "liter": "l litre liter litres liters", "gallon": "gallon gallons", "cup": "cup cups",
    "kilometer/hour": "km/h kmh kph", "mile/hour": "mph", "watt": "w watt watts", "kilowatt": "kw kilowatt",
}  # fmt: skip
_UNITS = {stem(word): unit for unit, words in _NAMES.items() for word in words.split()}
_MONEY = {
    "$": "$", "€": "€", "£": "£", **dict.fromkeys(map(stem, ("dollar", "dollars", "usd", "buck", "bucks")), "$"),
    **dict.fromkeys(map(stem, ("eur", "euro", "euros")), "€"), **dict.fromkeys(map(stem, ("gbp", "quid")), "£"),
}  # fmt: skip
_CENTS = {stem("cent"), stem("cents")}


def measure(unit: str) -> str:
    """Return one name for a unit in every spelling; of a word that is no unit, the word."""
    return _MONEY.get(unit) or _UNITS.get(unit, unit)


def is_measure(unit: str) -> bool:
    """Tell whether a stem is a currency or a unit of measure, not something that is counted."""
    return unit in _MONEY or unit in _UNITS or unit in _CENTS or unit == "%"


def is_money(unit: str) -> bool:
    """Tell whether a stem is a currency."""
    return unit in _MONEY or unit in _CENTS


def equal(one: Claim, other: Claim) -> bool:  # noqa: PLR0911 -- cents, dimensions and words each fail in their way
    """Tell whether two numbers say the same, in one unit or in two of one dimension."""
    if one.kind != "number" or other.kind != "number":
        return False
    if measure(one.unit) == measure(other.unit):
        return one.value == other.value
    try:
        first, second = float(one.value), float(other.value)
    except ValueError:
        return False
    for cents, cents_of, money, unit in ((first, one.unit, second, other.unit), (second, other.unit, first, one.unit)):
        if cents_of in _CENTS and unit in _MONEY:
            return abs(cents / 100 - money) < 1e-9  # noqa: PLR2004 -- rounding of floats alone
    if one.unit not in _UNITS or other.unit not in _UNITS:
        return False
    try:
        factor = _factor(_UNITS[one.unit], _UNITS[other.unit])
    except ValueError:
        return False
    return abs(first * factor - second) <= _ROUNDING * abs(second)


def alike(unit: str, other: str) -> bool:
    """Tell whether two units are of one dimension, as hours and days are."""
    if unit not in _UNITS or other not in _UNITS:
        return False
    try:
        return bool(_factor(_UNITS[unit], _UNITS[other]))
    except ValueError:
        return False


@lru_cache(maxsize=1_000)
def _factor(unit: str, into: str) -> float:
    """Return what one of a unit is in another. Raises ValueError where they measure different things."""
    import pint

    try:
        return float(_registry().Quantity(1, unit).to(into).magnitude)
    except pint.DimensionalityError as error:
        raise ValueError(str(error)) from None


@lru_cache(maxsize=1)
def _registry() -> "pint.UnitRegistry[float]":
    import pint

    return pint.UnitRegistry()
