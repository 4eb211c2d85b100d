"""True replies in other words than the notes', each beside a twin that says something else with the same words."""

from datetime import date

import pytest

from knowledge.fact_check import check

VOICE = frozenset({"aye", "nay", "warm", "wishes", "my", "dear", "form", "hereby", "closed"})
SHOWS = "If you cancel, your shows stay online until the paid month ends."
AREAS = "We deliver to Princeton ($8), Lawrenceville ($7) and Trenton ($12). Delivery is free for orders above $120."
CLASSES = "Classes are on Tuesday and Thursday at 6 pm."
FRIDAY = date(2026, 5, 15)


def told_apart(question, note, right, wrong, today=None):
    assert check(right, question, [note], VOICE, today=today).findings == ()
    assert not check(wrong, question, [note], VOICE, today=today).passed


@pytest.mark.parametrize(
    ("question", "note", "right", "wrong"),
    [
        ("how far is the station?", "The hotel is 1.2 km from the train station.",
         "The train station is 1200 metres away from the hotel.", "The train station is 12 km from the hotel."),
        ("how much does a locker hold", "Each locker takes parcels of up to 25 kg.",
         "A locker takes parcels of up to 25 kilograms.", "A locker takes parcels of up to 25 pounds."),
        ("how long do i have to pay", "Invoices are due within 14 days.",
         "You have two weeks to pay.", "You have 14 weeks to pay."),
        ("how long is the trail", "The Coastal Trail is 14 km long.",
         "The Coastal Trail is 14 km long.", "The Coastal Trail is 14 miles long."),
        ("how much does the shield weigh", "The oak shield weighs 6 kg and costs 80 silver.",
         "The oak shield weighs 6 kg.", "The oak shield costs 80 silver."),
    ],
)  # fmt: skip
def test_a_measure_may_be_written_out_or_converted(question, note, right, wrong):
    """A unit in another spelling or size is no strange word, and another unit is another value."""
    told_apart(question, note, right, wrong)


@pytest.mark.parametrize(
    ("question", "note", "right", "wrong"),
    [
        ("how many items can i carry", "You can carry up to 23 different items. Each object has a weight.",
         "You can carry up to 23 items.", "Each object has a weight of 23."),
        ("how many members can a guild have", "A guild can have 60 members. Guild ranks are set by the leader.",
         "A guild can have 60 members.", "Guild ranks are 60 members of the leader."),
        ("how do i feed the dragon", "Feed the dragon three fish a day. It grows one level a week.",
         "Feed the dragon three fish a day.", "The dragon grows three levels a day."),
        ("how do i get coins", "Sell fish at the harbour to earn coins. The harbour opens at level 5.",
         "Sell fish at the harbour to earn coins.", "Sell 5 fish at the harbour to earn coins."),
        ("what does a furnace need", "Coal stacks to 64. A furnace burns one piece of coal for 80 seconds.",
         "A furnace burns coal for 80 seconds.", "A furnace burns 64 pieces of coal for 80 seconds."),
    ],
)  # fmt: skip
def test_a_value_stays_with_its_noun(question, note, right, wrong):
    """A value of the notes that is put beside another noun of the notes is not theirs."""
    told_apart(question, note, right, wrong)


@pytest.mark.parametrize(
    ("question", "note", "right", "wrong"),
    [
        ("when was the club founded", "The club was founded in 1923 and moved to the boathouse in 1987.",
         "The club was founded in 1923.", "The club was founded in 1987."),
        ("who built the bridge", "The bridge was designed by Ada Lund and built by the Krohn brothers.",
         "The bridge was built by the Krohn brothers.", "The bridge was designed by Ada Lund."),
        ("where is yoga", "Yoga is held in the Mirror Room, boxing in the Basement and dancing in the Attic Hall.",
         "Yoga is held in the Mirror Room.", "Yoga is held in the Attic Hall."),
        ("when do boosters end", "Double experience runs from Friday at noon to Monday at 6 am.",
         "Double experience ends on Monday at 6 am.", "Double experience ends on Friday at noon."),
        ("when does the gallery open", "The gallery opens at 11 am and closes at 7 pm.",
         "The gallery opens at 11 am.", "The gallery closes at 7 pm."),
        ("where does the hermit live", "Aldous the hermit sells herbs from dawn to dusk. He lives above Moss.",
         "He lives above Moss.", "Aldous the hermit sells herbs from dawn to dusk."),
    ],
)  # fmt: skip
def test_a_value_stays_with_its_verb(question, note, right, wrong):
    """Of two values that one subject has, the one that is asked for is told by the verb beside it."""
    told_apart(question, note, right, wrong)


@pytest.mark.parametrize(
    ("question", "note", "right", "wrong"),
    [
        ("are my shows deleted if i cancel", SHOWS, "No, your shows stay online until the paid month ends.",
         "Yes, your shows stay online until the paid month ends."),
        ("do my shows stay online if i cancel", SHOWS, "Yes, your shows stay online until the paid month ends.",
         "No, your shows stay online until the paid month ends."),
        ("orders over 100 bucks to lawrenceville ship free, right?", AREAS,
         "No, delivery is free for orders above $120.", "Yes, we deliver to Lawrenceville."),
        ("are dogs allowed? shes super small", "Dogs are not allowed in the zoo. Guide dogs may come in.",
         "No, dogs are not allowed in the zoo.", "Yes, dogs are allowed in the zoo."),
        ("can non-members use the courts?", "The courts are for members only.",
         "No, the courts are for members only.", "Yes, the courts are for members only."),
        ("can i return the dress?", "Clothes can be returned within 14 days if the tag is still on.",
         "Yes, within 14 days if the tag is still on.", "No, within 14 days."),
        ("im 17, is a letter from mum ok?", "We only tattoo people who are 18 or older, and no letter changes that.",
         "No, we only tattoo people who are 18 or older.", "Yes, we only tattoo people who are 18 or older."),
    ],
)  # fmt: skip
def test_yes_and_no_follow_from_what_is_said_beside_them(question, note, right, wrong):
    """A yes or no is weighed by the clause that the reply gives for it, and by the limits of the notes."""
    told_apart(question, note, right, wrong)


@pytest.mark.parametrize(
    ("question", "note", "right", "wrong"),
    [
        ("do you have size 46 boots", "Boots in stock: sizes 37, 38, 40, 41, 43 and 44.",
         "No, size 46 is not on the list.", "Yes, size 46 is on the list."),
        ("can you fix my smartwatch?", "We repair mantel clocks, cuckoo clocks, wall clocks and pocket watches.",
         "No, we do not repair smartwatches.", "No, we do not repair pocket watches."),
        ("is it open every day", "The museum is open every day except January 1 and December 25.",
         "The museum is open every day except January 1 and December 25.", "Yes, the museum is open every day."),
        ("do students get in free", "Students get in free on Wednesdays. On other days they pay $5.",
         "Students get in free on Wednesdays.", "Students get in free."),
    ],
)  # fmt: skip
def test_lists_and_exceptions_are_kept(question, note, right, wrong):
    """What a list lacks may be denied, numbers and compounds too; an exception or a day may not be left out."""
    told_apart(question, note, right, wrong)


@pytest.mark.parametrize(
    ("question", "note", "right", "wrong"),
    [
        ("is there a class today?", CLASSES, "No, today is Friday, and classes are on Tuesday and Thursday.",
         "Yes, there is a class today at 6 pm."),
        ("when does the sale start", "The winter sale starts on November 27 at 8 am.",
         "The winter sale starts on November 27.", "The winter sale starts today at 8 am."),
    ],
)  # fmt: skip
def test_the_day_of_today_is_known(question, note, right, wrong):
    """That today is Friday may be said where it is, and no date of the notes is moved to today."""
    told_apart(question, note, right, wrong, FRIDAY)


@pytest.mark.parametrize(
    ("question", "note", "reply"),
    [
        ("how many people fit in the sauna", "The sauna holds up to 8 guests.", "Up to 8 guests fit in the sauna."),
        ("what classes can i play", "Classes of the game: Warden, Hexer and Bard.", "You can play as Warden or Hexer."),
        ("when do i water the fern", "Water the fern when the soil is dry.", "Water the fern when the soil is dry."),
        ("where do u meet", "We meet at the car park. Bring warm layers.",
         "We meet at the car park. Warm wishes, my dear."),
        ("whats the shipping to canada", "Shipping: $5 within the USA, $14 to Canada.", "Shipping to Canada is $14."),
        ("can i bring my dog?", "Dogs are not allowed, except guide dogs.",
         "No, dogs are not allowed, except guide dogs."),
    ],
)  # fmt: skip
def test_other_words_for_the_same_are_accepted(question, note, reply):
    """A verb of the question, a voice's own phrase, a label's word and an exception do not make a reply false."""
    assert check(reply, question, [note], VOICE).findings == ()
