"""Saved questions asked again after every change of a server's files."""

from collections.abc import Callable
from dataclasses import replace

from bot.settings import Settings
from bot.wiring import open_questions
from knowledge.embedding import Embedder
from knowledge.indexing import Report
from knowledge.replay import replay
from knowledge.store import Store


def replayed(report: Report, store: Store, embedder: Callable[[], Embedder], settings: Settings, server: str) -> Report:
    """Return the report with the answers that changed; the embedder is opened only where something is to be asked."""
    log = open_questions(settings)
    if not report.altered or not log.saved(server):
        return report
    return replace(report, answers=replay(store, embedder(), log, server, settings.silence))
