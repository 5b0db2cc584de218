# Everything runs in .venv, which the first target makes; nothing but Python 3.11, make and git is
# needed beforehand. CONSTRAINTS pins what the tests run with; `make CONSTRAINTS= …` takes the newest.
PYTHON ?= python3.11
VENV ?= .venv
BIN := $(VENV)/bin
CONSTRAINTS ?= constraints.txt
PLUGINS := $(wildcard plugins/*/pyproject.toml)
PLUGIN_DIRS := $(patsubst %/pyproject.toml,%,$(PLUGINS))
PIP_INSTALL := $(BIN)/python -m pip install --quiet $(if $(CONSTRAINTS),--constraint $(CONSTRAINTS))

# Two threads of torch that wait for each other by spinning slow everything else down.
export OMP_WAIT_POLICY ?= passive
export TOKENIZERS_PARALLELISM ?= false

# Plugins as third parties write them, and adapters, whose packages do not all get on with ours.
CONTRIB_DIRS := contrib/rft-grader-text-metrics contrib/rft-env-guess $(wildcard contrib/rft-pack-*)
ADAPTERS := $(patsubst contrib/rft-adapter-%/pyproject.toml,%,$(wildcard contrib/rft-adapter-*/pyproject.toml))
CARDS := $(foreach name,multilabel math fuzzy judge,plugins/rft-grader-$(name):$(name)) \
	plugins/rft-grader-jsonschema:json_schema contrib/rft-env-guess:guess \
	contrib/rft-pack-extraction:record contrib/rft-pack-medical:hierarchy \
	contrib/rft-pack-policy:statements \
	$(foreach name,bleu rouge meteor,contrib/rft-grader-text-metrics:$(name))
ADAPTER_VENVS ?= .venv-adapters

.PHONY: demo test test-slow test-contrib test-adapters test-ray lint docs cards bench tiny-policy clean

demo: $(VENV)/installed  ## train the tiny policy with two composed graders, in a few minutes
	$(BIN)/rft train contrib/eurovoc-demo/task.yaml

test: $(VENV)/installed  ## all tests but the slow ones
	$(BIN)/python -m pytest -m "not slow"

test-slow: $(VENV)/installed
	$(BIN)/python -m pytest -m slow

test-contrib: $(VENV)/contrib  ## the plugins in contrib/
	for plugin in $(CONTRIB_DIRS); do $(BIN)/mypy $$plugin/src || exit 1; done
	$(BIN)/python -m pytest $(CONTRIB_DIRS)

test-adapters: $(foreach adapter,$(ADAPTERS),$(ADAPTER_VENVS)/$(adapter)/installed)  ## each in an environment of its own
	for adapter in $(ADAPTERS); do \
		$(ADAPTER_VENVS)/$$adapter/bin/python -m pytest contrib/rft-adapter-$$adapter || exit 1; \
	done

test-ray: $(VENV)/ray  ## the Ray executor, which the other tests do without
	$(BIN)/mypy contrib/rft-executor-ray/src
	$(BIN)/python -m pytest contrib/rft-executor-ray

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	for plugin in $(PLUGIN_DIRS); do $(BIN)/mypy $$plugin/src || exit 1; done
	for adapter in $(ADAPTERS); do $(BIN)/mypy contrib/rft-adapter-$$adapter/src || exit 1; done
	$(BIN)/lint-imports

docs: $(VENV)/docs  ## the site, in docs/_build/html
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html

cards: $(VENV)/contrib  ## rewrite the grade cards in the plugins' READMEs
	set -e; for pair in $(CARDS); do \
		dir=$${pair%:*}; \
		$(BIN)/rft graders test $${pair##*:} --project $$dir --readme $$dir/README.md; \
	done

bench: $(VENV)/installed  ## the quick benchmarks; see benchmarks/RESULTS.md for all
	$(BIN)/python benchmarks/reward_stage.py
	$(BIN)/python benchmarks/multilabel.py
	$(BIN)/python benchmarks/jsonschema_speed.py
	$(BIN)/python benchmarks/fuzzy.py
	$(BIN)/python benchmarks/judge.py
	$(BIN)/python benchmarks/judge_faults.py
	$(PIP_INSTALL) --group bench
	$(BIN)/python benchmarks/math_equivalence.py

tiny-policy: $(VENV)/installed  ## rebuild the demo's policy and its data
	$(BIN)/python contrib/tiny-policy/acts.py --data contrib/eurovoc-demo/data
	$(BIN)/python contrib/tiny-policy/build.py --output contrib/tiny-policy/model

$(VENV)/installed: pyproject.toml $(PLUGINS) $(CONSTRAINTS)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(PIP_INSTALL) --group dev --editable ".[all]" \
		$(foreach dir,$(PLUGIN_DIRS),--editable "$(dir)$(if $(findstring jsonschema,$(dir)),[fast])")
	touch $@

$(VENV)/contrib: $(VENV)/installed $(addsuffix /pyproject.toml,$(CONTRIB_DIRS))
	$(PIP_INSTALL) $(foreach dir,$(CONTRIB_DIRS),--editable $(dir))
	touch $@

$(ADAPTER_VENVS)/%/installed: pyproject.toml contrib/rft-adapter-%/pyproject.toml contrib/rft-adapter-%/constraints.txt
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	$(@D)/bin/python -m pip install --quiet \
		$(if $(CONSTRAINTS),--constraint contrib/rft-adapter-$*/constraints.txt) \
		--editable . --editable contrib/rft-adapter-$* pytest pytest-timeout
	touch $@

$(VENV)/ray: $(VENV)/installed contrib/rft-executor-ray/pyproject.toml
	$(PIP_INSTALL) --editable contrib/rft-executor-ray
	touch $@

$(VENV)/docs: $(VENV)/installed
	$(PIP_INSTALL) --group docs
	touch $@

clean:
	rm -rf $(VENV) $(ADAPTER_VENVS) docs/_build docs/attacks docs/options docs/packages .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
