"""The engine's worker with a fast runtime that fails in the middle of a step when a file is there.

    python faulty_worker.py FILE BASE ...

It takes the file away and raises; the engine is given this command in place of its own.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from personas import engine_worker
from personas.paged_model import PagedModel


def main():
    flag = Path(sys.argv.pop(1))
    run = PagedModel.run

    def run_or_fail(model, rows):
        logits = run(model, rows)
        if flag.exists():
            flag.unlink()
            raise RuntimeError("a fault inside a step")
        return logits

    PagedModel.run = run_or_fail
    engine_worker.main()


if __name__ == "__main__":
    main()
