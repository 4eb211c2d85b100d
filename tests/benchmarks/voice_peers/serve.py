"""The child process of one system: jobs as JSON lines on standard input, measurements on standard output.

The first line says what to load: {"peer", "base", "endless", "adapters": [[version, folder]...], "work", "threads"}.
Each further line is a load: {"rows": [{"turns", "ids", "adapter"}...], "new_tokens"}; the answer has {"seconds",
"rows": [{"seconds", "tokens", "text", ...}...]}, all times from the moment that all were asked.

Imports nothing but the standard library and the one system, as each may live in a virtual environment of its own.
"""

import importlib
import json
import os
import sys
import time
import traceback
from pathlib import Path

sys.path[0] = str(Path(__file__).parents[1])  # not this folder: a module here may have the name of its library


def main() -> None:
    """Load, then measure until standard input ends."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")  # libraries print to standard output
    os.dup2(2, 1)
    job = json.loads(sys.stdin.readline())
    start = time.perf_counter()
    try:
        system = importlib.import_module(f"voice_peers.{job['module']}").System(job)
        reply = {"says": system.says, "load_seconds": time.perf_counter() - start}
    except Exception as error:  # noqa: BLE001 -- whatever hinders one system is a sentence in the table, not the end
        traceback.print_exc()
        reply = {"failed": f"{type(error).__name__}: {error}"}
    print(json.dumps(reply), file=out, flush=True)
    for line in sys.stdin:
        load = json.loads(line)
        try:
            start = time.perf_counter()
            reply = system.answer(load["rows"], load["new_tokens"])
            reply.setdefault("seconds", time.perf_counter() - start)
        except Exception as error:  # noqa: BLE001 -- as above
            traceback.print_exc()
            reply = {"failed": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), file=out, flush=True)
    if hasattr(system, "close"):
        system.close()


if __name__ == "__main__":
    main()
