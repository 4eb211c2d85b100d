"""Opening hours in many spellings, and what is computed of them by calendar and clock."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opening_hours import OpeningHours

from knowledge import chunking, documents
from knowledge.store import Passage
from knowledge.typed.clock import clock_time, minutes_of
from knowledge.typed.computing import compute
from knowledge.typed.feasts import country_of
from knowledge.typed.kinds import Computed, Disputed, Hours, Weekly, from_json, to_json
from knowledge.typed.recognition import recognise
from knowledge.typed.week import Opening, State, Week

NEW_YORK = ZoneInfo("America/New_York")
SATURDAY = datetime(2026, 11, 21, 13, 30, tzinfo=NEW_YORK)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SPELLED = (
    DAYS,
    tuple(day[:3] for day in DAYS),
    tuple(f"{day}s" for day in DAYS),
    ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"),
)
TO = (" to ", "-", " - ", "\u2013", " \u2013 ", " until ", " through ")


def facts_of(*texts):
    """Recognise passages, each with its first line as its heading."""
    return recognise([Passage("hours.md", text.split("\n")[0], None, text) for text in texts])


def answer(question, *texts, now=SATURDAY):
    found = compute(question, facts_of(*texts), now, NEW_YORK)
    return found.sentence if isinstance(found, Computed) else found


def twelve(minutes, style):
    hour, minute = minutes % 1440 // 60, minutes % 60
    shown = f"{(hour - 1) % 12 + 1}" + (f":{minute:02}" if minute or style == "9:00 AM" else "")
    half = "am" if hour < 12 else "pm"
    return shown + {"9 am": f" {half}", "9am": half, "9 a.m.": f" {half[0]}.m.", "9:00 AM": f" {half.upper()}"}[style]


def twenty_four(minutes):
    return f"{minutes % 1440 // 60:02}:{minutes % 60:02}"


quarter = st.integers(20, 95).map(lambda n: n * 15)
span = st.tuples(quarter, quarter).filter(lambda pair: pair[0] < pair[1] >= 13 * 60)  # 10:00 to 11:00 may be at night
week = st.lists(st.one_of(st.none(), span), min_size=7, max_size=7).filter(any)


@st.composite
def written(draw):
    """Draw a week and one of its spellings: prose, lines, bullets, a table, rows of CSV."""
    hours = draw(week)
    style = draw(st.sampled_from(("9 am", "9am", "9 a.m.", "9:00 AM", "24")))
    names, to, between = draw(st.sampled_from(SPELLED)), draw(st.sampled_from(TO)), draw(st.sampled_from(TO[:6]))
    runs: list[list[int]] = []
    for day in range(7):
        if runs and hours[runs[-1][0]] == hours[day] and draw(st.booleans()):
            runs[-1].append(day)
        else:
            runs.append([day])
    parts = []
    for run in runs:
        label = names[run[0]] if len(run) == 1 else f"{names[run[0]]}{to}{names[run[-1]]}"
        time = twenty_four if style == "24" else lambda minutes: twelve(minutes, style)
        told = hours[run[0]]
        parts.append((label, between.join(map(time, told)) if told else "closed"))
    layouts = ("lines", "bullets", "table", "csv") + (("prose",) if names[0] != "Mo" else ())  # "We closed" is no day
    return hours, draw(st.sampled_from(layouts)), parts


def laid_out(layout, parts):
    """Return the passages of a document of that layout."""
    if layout == "csv":
        name, text = "opening-hours.csv", "Day,Hours\n" + "\n".join(f"{day},{told}" for day, told in parts)
    elif layout == "table":
        name = "a.md"
        text = "# Opening hours\n\n| Day | Hours |\n|---|---|\n" + "\n".join(
            f"| {day} | {told} |" for day, told in parts
        )
    else:
        name, mark = "a.md", {"lines": "", "bullets": "- ", "prose": ""}[layout]
        joint, colon = (", ", " ") if layout == "prose" else ("\n", ": ")
        said = joint.join(f"{mark}{day}{colon}{told}" for day, told in parts)
        text = f"# Opening hours\n\n{'We are open ' if layout == 'prose' else ''}{said}"
    if len(parts) == 1 and layout in {"csv", "table"}:
        text += "\nDecember 25,closed" if layout == "csv" else "\n| December 25 | closed |"
    return chunking.passages(name, documents.read(name, text.encode()))


@settings(max_examples=40)
@given(written())
def test_hours_in_many_spellings_come_back_the_same(drawn):
    """A week is recognised whichever way its days and times are written and laid out."""
    hours, layout, parts = drawn
    told = [fact for fact in recognise(laid_out(layout, parts)) if isinstance(fact, Hours)]
    found = {day: fact.spans for fact in told if isinstance(fact.days, Weekly) for day in fact.days.weekdays}
    assert found == {day: (told,) if told else () for day, told in enumerate(hours)}


late_span = st.tuples(st.integers(24, 95), st.integers(1, 60)).map(
    lambda pair: (pair[0] * 15, pair[0] * 15 + pair[1] * 15)
)
minutes_of_2026 = st.integers(3 * 1440, 350 * 1440)
moments = minutes_of_2026.map(lambda n: datetime(2026, 1, 1, tzinfo=ZoneInfo("UTC")) + timedelta(minutes=n))


@settings(max_examples=60)
@given(late_span, st.lists(st.integers(0, 6), min_size=1, max_size=7, unique=True), moments)
def test_open_or_closed_agrees_with_another_evaluator(hours, weekdays, now):
    """At any moment, over midnight and in both directions of the clock's change, opening-hours-py says the same."""
    zone = ZoneInfo("Europe/London")
    passage = Passage("a.md", "Hours", None, "Hours")
    rest = tuple(day for day in range(7) if day not in weekdays)
    facts = [Hours(passage, "", Weekly(tuple(sorted(weekdays))), (hours,))]
    facts += [Hours(passage, "", Weekly(rest), ())] if rest else []
    state = Week(tuple(facts), (), "AQ").at(now.astimezone(zone))
    names = ",".join(("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")[day] for day in sorted(weekdays))
    end = f"{hours[1] // 60:02}:{hours[1] % 60:02}"
    peer = OpeningHours(f"{names} {twenty_four(hours[0])}-{end}")
    if isinstance(state, State):
        assert state.is_open == peer.is_open(now.astimezone(zone).replace(tzinfo=None))


@pytest.mark.parametrize(
    ("text", "weekday", "spans"),
    [
        ("Hours\nMon-Fri 9-5, Sat 10-4, closed Sunday", 6, ()),
        ("Hours\nWe're open daily from 9 to 5 except Sundays.", 6, ()),
        ("Hours\nWe're open daily from 9 to 5 except Sundays.", 2, ((540, 1020),)),
        ("Hours\nTue: 9\u201312, 1\u20135", 1, ((540, 720), (780, 1020))),
        ("Hours\nMonday to Friday 9:00 - 18:00 (closed for lunch 12:30-13:30)", 0, ((540, 750), (810, 1080))),
        ("Hours\nFri & Sat 6 pm to 2 am", 5, ((1080, 1560),)),
        ("Hours\nOpen 24/7", 3, ((0, 1440),)),
        ("Hours\nWe open at 9 am and close at 5 pm on weekdays", 4, ((540, 1020),)),
        ("Hours\nOpen daily 10-5, last entry 4:30 pm, closed Mondays", 0, ()),
        ("Hours\nThe shop is open from 10am to 6pm Monday to Saturday and 11am to 4pm on Sundays.", 6, ((660, 960),)),
        ("Hours\nMonday - Friday\n9am - 5pm", 1, ((540, 1020),)),
        ("Hours\nnoon to midnight, every day", 6, ((720, 1440),)),
    ],
)
def test_lines_of_hours_are_read(text, weekday, spans):
    """Breaks, exceptions, words for times and hours over midnight are understood."""
    hours = tuple(fact for fact in facts_of(text) if isinstance(fact, Hours))
    opening = Week(hours, (), "US").every(weekday)
    assert isinstance(opening, Opening)
    assert opening.spans == spans


@pytest.mark.parametrize(
    "text",
    [
        "Hours\nSunday 10-3 except the last one of the month",
        "Hours\nOpen until 9 pm on Sundays.",
        "Hours\nSunday 8-10",
        "Hours\nWe are open 9 am to 5 pm",
        "Summer hours\nSunday 10-3",
        "Hours\nOn the first Sunday of each month: 10 am to 3 pm",
        "Kitchen hours\nSunday 10-3",
        "Class plan\nDay: Sunday; Time: 9-10 am",
        "Stalls\nBrindle's Apothecary is open Sunday from 9 am to 5 pm",
        "Events\nThe derby is every Sunday from 2 pm to 4 pm",
        "Workshops\nSigning up closes on Sunday at midnight",
    ],
)
def test_what_is_not_certain_is_not_computed(text):
    """A line that is not wholly understood, or that is about something else, answers nothing."""
    assert answer("are you open on Sunday?", text) is None


@pytest.mark.parametrize(
    "doubt",
    [
        "News\nWe are closed until further notice.",
        "News\nSunday hours vary in winter",
        "Hours update\nSunday 10-3 except the last one of the month",
        "News\nOn Sunday we open late",
    ],
)
def test_doubt_in_one_passage_holds_back_another(doubt):
    """What speaks of the same day and is not understood leaves the question to retrieval."""
    hours = "Hours\nOpen every day 9 am to 5 pm"
    assert answer("are you open on Sunday?", hours) == "Yes, we are open on Sunday, from 9 am to 5 pm."
    assert answer("are you open on Sunday?", hours, doubt) is None


def test_contradicting_hours_are_both_shown():
    """Two hours for one day are no answer; both passages come back."""
    found = answer("are you open on Sunday?", "Hours\nSunday 10 am - 3 pm", "Opening hours\nSunday: 9 am - 2 pm")
    assert isinstance(found, Disputed)
    assert len(found.passages) == 2


WEEK = "Hours\nMon-Fri 9am-6pm, Sat 10am-4pm, closed Sunday"
FEASTS = "Holiday hours\n- Christmas Eve: 9 am - 2 pm\n- Thanksgiving: closed\n- December 31, 2026: 9 am - noon"


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("are you open now?", "Yes, we are open now, until 4 pm."),
        ("r u open rn", "Yes, we are open now, until 4 pm."),
        ("are you open tmrw?", "No, we are closed tomorrow, Sunday."),
        ("when do you close on Christmas Eve?", "On Christmas Eve we close at 2 pm."),
        ("open thanksgiving?", "No, we are closed on Thanksgiving."),
        ("are you open this Thursday?", "No, we are closed on Thursday, Thanksgiving."),
        ("what are your hours on Dec 31?", "On December 31 we are open from 9 am to 12 pm."),
        ("are you closed on sundays", "Yes, we are closed on Sundays."),
        ("open at 5 pm on tuesday?", "Yes, we are open on Tuesday from 9 am to 6 pm."),
        ("are you open on monday at 8pm", "No, not at 8 pm: we are open on Monday from 9 am to 6 pm."),
        ("how late are you open today", "Today we close at 4 pm."),
        ("are you open on thursday?",
         "On Thursdays we are usually open from 9 am to 6 pm, but on November 26, Thanksgiving, we are closed."),
        ("are you open on new year's day?", None),
        ("are you open on the 4th?", None),
        ("are you open to new members", None),
        ("do you deliver on monday", None),
        ("do you open wine bottles", None),
        ("is the kitchen open", None),
        ("are you open tonight", None),
        ("are you open at 8 on friday", None),
        ("what are your hours", None),
    ],
)  # fmt: skip
def test_questions_on_hours_are_computed(question, sentence):
    """Days and times in members' words are told by the calendar; what is not certainly asked is left alone."""
    assert answer(question, WEEK, FEASTS) == sentence


def test_the_wall_clock_counts_when_clocks_change():
    """In the night in which clocks go forward, hours are those of the wall clock."""
    hours = "Hours\nSat, Sun 6 pm to 4 am, Mon-Fri closed"
    before = datetime(2026, 3, 8, 6, 30, tzinfo=ZoneInfo("UTC"))  # 1:30 in New York, an hour before the change
    after = datetime(2026, 3, 8, 7, 30, tzinfo=ZoneInfo("UTC"))  # 3:30, a clock hour later than an hour before
    later = datetime(2026, 3, 8, 8, 5, tzinfo=ZoneInfo("UTC"))  # 4:05
    assert answer("are you open now", hours, now=before) == "Yes, we are open now, until 4 am."
    assert answer("are you open now", hours, now=after) == "Yes, we are open now, until 4 am."
    assert answer("are you open now", hours, now=later) == "No, we are closed now; we open today at 6 pm."


def test_a_zone_in_the_text_counts_and_is_said():
    """Hours with a zone of their own are told in it, whatever the server's is."""
    hours = "Hours (all times Pacific)\nOpen every day 9 am to 5 pm"
    assert (
        answer("are you open now?", hours, now=SATURDAY.replace(hour=19)) == "Yes, we are open now, until 5 pm Pacific."
    )
    assert str(answer("are you open now?", hours, now=SATURDAY.replace(hour=11))).startswith("No, we are closed now")


def test_a_moment_without_zone_is_refused():
    """Nothing is guessed of a moment that does not know its zone."""
    with pytest.raises(ValueError, match="time zone"):
        compute("are you open?", (), datetime(2026, 1, 1), NEW_YORK)  # noqa: DTZ001 -- the fault itself


def test_holidays_follow_the_country_of_the_zone():
    """Thanksgiving is in November in New York and in October in Toronto; of a zone without a country it is unknown."""
    texts = ("Hours\nOpen every day 9 am to 5 pm", "Holidays\nClosed on Thanksgiving.")
    for zone, month, day in (("America/New_York", 11, 26), ("America/Toronto", 10, 12)):
        now = datetime(2026, month, day, 12, tzinfo=ZoneInfo(zone))
        found = compute("are you open now", facts_of(*texts), now, ZoneInfo(zone))
        assert isinstance(found, Computed)
        assert found.sentence.startswith("No, we are closed now")
    assert country_of("UTC") is None
    nowhere = ZoneInfo("UTC")
    assert compute("are you open now", facts_of(*texts), datetime(2026, 11, 26, 12, tzinfo=nowhere), nowhere) is None


def test_a_public_holiday_without_hours_of_its_own_is_left_alone():
    """The rule of the week says nothing certain of a public holiday."""
    assert answer("are you open on december 25", "Hours\nOpen every day 9 am to 5 pm") is None


@settings(max_examples=40)
@given(st.text(max_size=200), st.text(max_size=80))
def test_no_text_breaks_it(text, question):
    """Whatever passages and questions hold, recognising and computing end without an error."""
    facts = recognise([Passage("a.md", "Hours", None, f"Hours\n{text}"), Passage("b.csv", "x", "1", text)])
    assert from_json(to_json(facts)) == facts
    compute(question, facts, SATURDAY, NEW_YORK)


@given(st.integers(0, 1439))
def test_times_are_written_as_they_are_read(minutes):
    """A time that an answer writes is read as the same time."""
    assert minutes_of(clock_time(minutes, 12)) == minutes


def test_the_year_of_a_heading_belongs_to_its_dates():
    """Hours of last year's holidays answer nothing this year."""
    hours = "Hours\nOpen every day 9 am to 5 pm"
    assert answer("are you open on dec 24", hours, "Holiday hours 2025\nDec 24: 9 am - 1 pm") is None
    told = answer("are you open on dec 24", hours, "Holiday hours 2026\nDec 24: 9 am - 1 pm")
    assert told == "Yes, we are open on December 24, from 9 am to 1 pm."


def test_each_day_of_the_year_has_one_answer_or_none():
    """Over the whole year, the rule of the week is told except on public holidays and days with hours of their own."""
    hours = tuple(fact for fact in facts_of(WEEK, FEASTS) if isinstance(fact, Hours))
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    unknown = [day for day in days if Week(hours, (), "US").on(day) is None]
    assert date(2026, 7, 4) in unknown
    assert date(2026, 11, 26) not in unknown
    assert len(unknown) < 15
