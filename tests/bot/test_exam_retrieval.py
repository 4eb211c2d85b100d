"""Notes for exam rows, searched for among those of their own subject."""

from marked import row

from bot.exam_retrieval import find_notes
from knowledge.embedding import HashEmbedder


def about(domain, question, *notes):
    return row(question, notes=notes).model_copy(update={"domain": domain})


def test_a_row_gets_the_note_that_answers_it():
    """One note each, from its own subject alone, whatever other subjects hold."""
    rows = [
        about("zoo", "when do the penguins walk?", "The penguins walk at 11 am.", "Tickets cost $9."),
        about("zoo", "what do tickets cost?", "Tickets cost $9."),
        about("museum", "what do tickets cost?", "Tickets cost $30."),
        about("office", "hello"),
    ]
    found = find_notes(rows[:3], rows, HashEmbedder())
    assert found == [("The penguins walk at 11 am.",), ("Tickets cost $9.",), ("Tickets cost $30.",)]
