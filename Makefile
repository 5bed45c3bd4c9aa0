# Two commands matter: `make lab` to read, `make test` to check. `make help` lists the others.
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help env lab test check deep run results ball bench guide kit site links hub load grader lint pins
.DEFAULT_GOAL := help

help:  ## list the commands
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## */  make \1|/' | column -t -s '|'

# On Linux, plain pip would bring gigabytes of CUDA that nothing here uses. So it is shown torch's CPU build as well,
# unless the machine has told it where to look, by environment or configuration.
TORCH_CPU = if [ "$$(uname)" = Linux ] && ! $(BIN)/python -m pip config list | grep -E '(index-url|find-links|no-index)=' > /dev/null; \
  then export PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu; fi
INSTALL = $(TORCH_CPU); $(BIN)/python -m pip install --quiet -c constraints.txt

# The stamps say which requirements the environment was made from; with nothing new to install, nothing runs.
.venv/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else f"This needs Python 3.11 or newer; {sys.executable} is {v[0]}.{v[1]}. Try: make PYTHON=python3.11 $(MAKECMDGOALS)")'
	@echo "Installing the packages into .venv: about 0.4 GB to fetch, 1.7 GB on the disk. This takes minutes, silently."
	$(PYTHON) -m venv .venv
	@$(INSTALL) -e .
	@touch $@

# What `make test` and `make check` need beyond that.
.venv/ready-%: .venv/ready
	@echo "Installing what make $* needs beyond that: some small packages."
	@$(INSTALL) -e '.[$*]'
	@touch $@

.venv/ready-grader: .venv/ready
	@$(INSTALL) -e '.[grader]'
	@$(BIN)/jupyter labextension disable --level=sys_prefix @jupyter/nbgrader 2> /dev/null  # readers keep their menus
	@touch $@

env: .venv/ready  ## make the environment and fetch the model, if they are missing
	@$(BIN)/python -m helpers fetch

lab: .venv/ready  ## open JupyterLab on your own copies of the notebooks
	@$(BIN)/python -m helpers lab $(ARGS)

test: .venv/ready-test env  ## run every test, the notebooks included
	$(BIN)/python -m pytest $(ARGS)

check: .venv/ready-test .venv/ready-check .venv/ready-grader env kit  ## run the slow checks: kills, conversion, a browser, a hub, the kit without a network
	-@$(BIN)/python -m helpers fetch gemma-3-270m  # without it, what compares it skips and says so
	-@$(MAKE) --no-print-directory build/node/node_modules  # without it, the shared server's tests do
	$(BIN)/python -m pytest -m slow tests $(ARGS)

deep: .venv/ready-test env  ## hours: planted faults, other Pythons, oldest and newest versions, odd places
	$(BIN)/python tests/tools/mutants.py
	$(TORCH_CPU); $(BIN)/python tests/tools/reach.py

run: env  ## re-execute and save every notebook, normalised
	$(BIN)/python tests/tools/run_notebooks.py $(ARGS)

results: env  ## recompute what is too slow for a notebook into data/results
	$(BIN)/python tests/tools/compute_results.py

ball: .venv/ready  ## write the ball's page and moving picture anew from data/results
	$(BIN)/python tests/tools/ball.py

bench: env  ## measure speed and memory against named rivals
	@$(BIN)/python -m pip install --quiet 'faiss-cpu>=1.9,<2'  # a rival, needed nowhere else
	$(BIN)/python tests/tools/bench.py

guide: .venv/ready  ## write the minutes, plans and facts of the workshop guide anew from the notebooks
	@$(BIN)/python workshop/guide.py

kit: site  ## pack everything for computers without a network into build/, for this system
	@$(TORCH_CPU); $(BIN)/python workshop/kit.py

site: .venv/ready-site env  ## build the series into build/site, as pages that need no kernel and no network
	@$(BIN)/python workshop/build_site.py

links: .venv/ready-site env  ## ask every address outside that a page links to whether it still answers
	@$(BIN)/python workshop/build_site.py linkcheck

build/node/node_modules: | .venv/ready-hub
	@$(BIN)/npm install --loglevel=error --no-fund --no-audit --prefix build/node configurable-http-proxy@5.3.0

hub: build/node/node_modules env  ## start a shared server on this machine, to try it out
	@$(BIN)/jupyterhub -f workshop/hub/jupyterhub_config.py --log-level=ERROR

load: build/node/node_modules env  ## see how many learners at once this machine bears: make load ARGS="5 10 20"
	@$(BIN)/python workshop/hub/load.py $(ARGS)

grader: .venv/ready-grader  ## write the exercises in nbgrader's form into build/grader
	@$(BIN)/python workshop/grader.py

lint: .venv/ready-test  ## check and format code and notebooks
	$(BIN)/ruff check --fix . && $(BIN)/ruff format .

pins: BIN := .venv-pins/bin
pins:  ## write constraints.txt anew: the newest versions within pyproject.toml's ranges
	$(PYTHON) -m venv .venv-pins
	$(TORCH_CPU); $(BIN)/python -m pip install --quiet -e '.[test,check,site,hub,grader]' 'soupsieve<3'  # 3 and 4 refuse Python 3.11.0 to 3.11.4
	$(BIN)/python -m pip freeze --exclude-editable | sed -E '/^(nvidia|cuda|triton)/d; s/[+]cpu$$//' > constraints.txt
	rm -rf .venv-pins
