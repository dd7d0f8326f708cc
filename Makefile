# Two commands do everything on a machine with Linux, Python >= 3.11 and make:
#   make demo   set up, render footage, catalogue it, search it, show the results
#   make test   set up, then run every test
# Everything lands in .venv and demo-output; nothing outside this folder is changed.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
APT    := $(shell command -v apt-get 2>/dev/null)

.PHONY: demo test lint format bench fuzz clean

$(VENV)/.made: Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; found $$($(PYTHON) --version). Set PYTHON=/path/to/python3."; exit 2; }
	@# Debian splits venv from Python; bring it where we may.
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { \
	  echo "This Python has no ensurepip; installing python3-venv."; \
	  test -n "$(APT)" && (apt-get update -qq && apt-get install -y -qq python3-venv) || \
	  { echo "Install your system's python3-venv package, then run make again."; exit 2; }; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@touch $@

$(VENV)/.installed: $(VENV)/.made pyproject.toml constraints.txt
	@echo "Installing the catalogue and what it needs (a few gigabytes, mostly torch; about two minutes) ..."
	$(BIN)/python -m pip install --quiet --progress-bar off -c constraints.txt -e '.[speech]'
	@touch $@

$(VENV)/.developed: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --progress-bar off -c constraints.txt --group dev
	@touch $@

demo: $(VENV)/.installed
	$(BIN)/catalog demo demo-output

# ffprobe is the judge of our technical metadata, Chromium of our proxies; without them those
# tests skip, loudly.
test: $(VENV)/.developed
	@command -v ffprobe >/dev/null || { \
	  if [ -n "$(APT)" ] && [ "$$(id -u)" = 0 ]; then \
	    echo "Installing ffmpeg, whose ffprobe the tests compare with."; \
	    (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ffmpeg) >/dev/null 2>&1 \
	      || echo "WARNING: ffmpeg could not be installed; the ffprobe tests will skip."; \
	  else echo "WARNING: no ffprobe on this machine; the ffprobe tests will skip."; fi; }
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || { \
	  if [ -n "$(APT)" ] && [ "$$(id -u)" = 0 ]; then \
	    echo "Installing Chromium, which plays the proxies in the tests."; \
	    (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium) >/dev/null 2>&1 \
	      || echo "WARNING: Chromium could not be installed; nobody will play the proxies."; \
	  else echo "WARNING: no Chromium on this machine; nobody will play the proxies."; fi; }
	@command -v espeak-ng >/dev/null || { \
	  if [ -n "$(APT)" ] && [ "$$(id -u)" = 0 ]; then \
	    echo "Installing espeak-ng, which speaks in the tests."; \
	    (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends espeak-ng) >/dev/null 2>&1 \
	      || echo "WARNING: espeak-ng could not be installed; the tests that need speech will skip."; \
	  else echo "WARNING: no espeak-ng on this machine; the tests that need speech will skip."; fi; }
	$(BIN)/python -m pytest -n 3 --dist worksteal $(TESTS)

lint: $(VENV)/.developed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.developed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Longer than a test may take: recall of the demo encoder, in the model and through the catalogue.
bench: $(VENV)/.developed
	$(BIN)/python -m benchmarks.demo_encoder
	$(BIN)/python -m benchmarks.pipeline_recall

# Broken media in hundreds; exit code 1 if one of them did what it should not.
fuzz: $(VENV)/.developed
	$(BIN)/python -m benchmarks.fuzz --count 600

clean:
	rm -rf $(VENV) demo-output build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
