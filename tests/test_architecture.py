"""Rules that hold for the whole tree: which room may import which, and where each outside library lives."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("bot", "personas", "knowledge")
MAY_IMPORT = {"bot": {"bot", "personas", "knowledge"}, "personas": {"personas"}, "knowledge": {"knowledge"}}
HOMES = {
    "torch": {
        "knowledge.embedder_training",
        "knowledge.sqlite_search",
        "personas.train",
        "personas.trainer",
        "personas.exact_adamw",
        "personas.training_method",
        "personas.training_loss",
        "personas.training_probe",
        "personas.base_model",
        "personas.drift",
        "personas.llama_graph",
        "personas.lora_slots",
        "personas.peft_runtime",
    },
    "trl": {"personas.trainer"},
    "datasets": {"personas.trainer"},
    "unsloth": {"personas.training_method"},
    "transformers": {
        "knowledge.embedder_training",
        "knowledge.embedding",
        "personas.trainer",
        "personas.training_method",
        "personas.base_model",
        "personas.engine_worker",
        "personas.llama_graph",
        "personas.peft_runtime",
    },
    "peft": {
        "knowledge.embedder_training",
        "knowledge.embedding",
        "personas.training_method",
        "personas.base_model",
        "personas.drift",
        "personas.peft_runtime",
    },
    "openvino": {"personas.llama_graph", "personas.paged_model", "personas.continuous_batching"},
    "safetensors": {
        "knowledge.embedder_training",
        "personas.train",
        "personas.adapter_weights",
        "personas.llama_graph",
        "personas.lora_slots",
        "personas.peft_runtime",
    },
    "huggingface_hub": {"personas.base_weights", "personas.engine_worker"},
    "llguidance": {"personas.grammars"},
    "jinja2": {"personas.card_page"},
    "jsonschema": {"personas.reply_format"},
    "sentence_transformers": {"knowledge.embedding"},
    "holidays": {"knowledge.typed.feasts"},
    "price_parser": {"knowledge.typed.money"},
    "sqlite_utils": {
        "knowledge.question_log",
        "knowledge.sqlite_file",
        "knowledge.sqlite_schema",
        "knowledge.sqlite_search",
        "bot.servers",
    },
    "pysqlite3": {"knowledge.sqlite_file", "knowledge.sqlite_store", "knowledge.question_log", "bot.servers"},
    "psycopg": {
        "knowledge.postgres_connection",
        "knowledge.postgres_schema",
        "knowledge.postgres_search",
        "knowledge.postgres_store",
        "knowledge.postgres_writing",
    },
    "psycopg_pool": {"knowledge.postgres_connection"},
    "pgvector": {"knowledge.postgres_connection", "knowledge.postgres_search"},
    "markdown_it": {"knowledge.markdown_dialects", "knowledge.prose", "knowledge.wrapped_lines"},
    "aiohttp": {"knowledge.linked_pages"},
    "yarl": {"knowledge.linked_pages"},
    "AntiSSRF": {"knowledge.linked_pages"},
    "charset_normalizer": {"knowledge.decoding"},
    "docutils": {"knowledge.restructured_text"},
    "html_to_markdown": {"knowledge.web_pages"},
    "mammoth": {"knowledge.word_files"},
    "openpyxl": {"knowledge.workbooks"},
    "pdf_oxide": {"knowledge.pdf_files"},
    "seccompy": {"knowledge.sandbox"},
    "yaml": {"knowledge.yaml_files"},
    "snowballstemmer": {"knowledge.claims", "knowledge.index_terms"},
    "rapidfuzz": {"knowledge.spelling"},
    "wordfreq": {"knowledge.word_frequency"},
    "pint": {"knowledge.units"},
    "PIL": {"personas.avatars"},
    "sklearn": {"bot.advice", "knowledge.gaps", "personas.duplicates", "personas.voice_classifier"},
    "lingua": {"personas.language"},
    "apscheduler": {"bot.schedule"},
    "discord": {
        "bot.discord_adding",
        "bot.discord_admin",
        "bot.discord_chat",
        "bot.discord_client",
        "bot.discord_gaps",
        "bot.discord_growing",
        "bot.discord_questions",
        "bot.discord_replies",
        "bot.discord_reports",
        "bot.discord_text",
        "bot.discord_zones",
    },
    "pydantic": {
        "bot.settings",
        "knowledge.typed.kinds",
        "personas.persona",
        "personas.dressing",
        "personas.interchange",
        "personas.reply_format",
        "personas.rows",
        "personas.scaffold",
    },
    "pydantic_settings": {"bot.settings"},
    "openai": {"personas.managed_training", "personas.remote_server"},
    "platformdirs": {"bot.settings"},
    "tavern_card": {"personas.character_card"},
    "cachetools": {"bot.conversations", "bot.outages"},
    "filelock": {"bot.models", "personas.managed_job", "personas.version_files"},
    "click": {
        "bot.__main__",
        "bot.adding",
        "bot.advise",
        "bot.calibrate",
        "bot.doctor",
        "bot.knowledge_commands",
        "bot.persona_check",
        "bot.persona_commands",
        "bot.persona_evaluate",
        "bot.persona_managed",
        "bot.persona_new",
        "bot.persona_rows",
        "bot.persona_train",
        "bot.question_commands",
        "bot.sentences",
    },
}
HEAVY = {
    "torch", "openvino", "transformers", "peft", "sentence_transformers", "apscheduler", "openai", "sklearn",
}  # fmt: skip
SLOW = HEAVY | {"discord", "pydantic", "pydantic_settings", "sqlite_utils", "numpy", "psycopg", "rich"}
BANNED = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers", "core"}
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for room in ROOMS
    for path in sorted((ROOT / room).rglob("*.py"))
}


def imports(node: ast.AST, *, everywhere: bool) -> Iterator[str]:
    """Yield the full names that are imported: in functions too, or only while the module is loaded."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert not child.level, "imports are absolute"
            yield str(child.module)
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        elif isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            continue
        elif everywhere or not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from imports(child, everywhere=everywhere)


def graph(*, everywhere: bool) -> dict[str, set[str]]:
    return {
        name: set(imports(ast.parse(path.read_text("utf-8")), everywhere=everywhere)) for name, path in MODULES.items()
    }


ALL = graph(everywhere=True)
AT_LOAD = graph(everywhere=False)


def reached(start: str, edges: dict[str, set[str]]) -> set[str]:
    seen, waiting = set(), [start]
    while waiting:
        name = waiting.pop()
        if name in MODULES and name not in seen:
            seen.add(name)
            waiting += edges[name]
    return seen


@pytest.mark.parametrize("name", MODULES)
def test_rooms_import_only_what_they_may(name):
    """Personas and knowledge import nothing of ours but their own room; nothing imports the tests."""
    room = name.partition(".")[0]
    ours = {found.partition(".")[0] for found in ALL[name]} & {*ROOMS, "tests"}
    assert ours <= MAY_IMPORT[room]


@pytest.mark.parametrize("library", HOMES)
def test_each_library_lives_in_its_homes(library):
    """An outside library is imported by the modules that are its homes, and by each of them."""
    users = {name for name, found in ALL.items() if library in {full.partition(".")[0] for full in found}}
    assert users <= HOMES[library]
    assert users


def test_no_module_imports_itself_around_corners():
    """There is no cycle of imports, not even through functions."""
    edges = {name: {found for found in ALL[name] if found in MODULES and found != name} for name in MODULES}
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


@pytest.mark.parametrize("name", MODULES)
def test_model_libraries_load_only_when_they_are_used(name):
    """No module loads a model library or the scheduler while it is itself being loaded."""
    assert not HEAVY & {found.partition(".")[0] for found in AT_LOAD[name]}


def test_the_command_line_loads_nothing_slow():
    """Whatever `bot.__main__` loads at once is free of every library that takes its time."""
    loaded = reached("bot.__main__", AT_LOAD)
    assert "bot.knowledge_commands" in loaded
    slow = {name: found for name in loaded if (found := SLOW & {full.partition(".")[0] for full in AT_LOAD[name]})}
    assert not slow


@pytest.mark.parametrize("name", MODULES)
def test_modules_are_short_and_say_what_they_hold(name):
    """No module has more than 300 lines or a name that says only that it is code."""
    assert len(MODULES[name].read_text("utf-8").splitlines()) <= 300
    assert not BANNED & set(name.split(".")[-1].split("_"))


def test_there_is_a_test_room_for_each_room():
    """Each room has its tests in the folder of its name."""
    for room in ROOMS:
        assert list((ROOT / "tests" / room).glob("test_*.py"))
