# Two commands matter: `make lab` to read, `make test` to check. `make help` lists the others.
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help env lab test check run results bench guide kit html lint pins
.DEFAULT_GOAL := help

help:  ## list the commands
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## */  make \1|/' | column -t -s '|'

# The stamps say which requirements the environment was made from; with nothing new to install, nothing runs.
.venv/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else f"This needs Python 3.11 or newer; {sys.executable} is {v[0]}.{v[1]}. Try: make PYTHON=python3.11 $(MAKECMDGOALS)")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[test]'
	@touch $@

.venv/ready-check: .venv/ready
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[test,check]'
	@touch $@

env: .venv/ready  ## make the environment and fetch the model, if they are missing
	@$(BIN)/python -m helpers.download

lab: .venv/ready  ## open JupyterLab on your own copies of the notebooks
	@$(BIN)/python -m helpers.lab $(ARGS)

test: env  ## run every test, the notebooks included
	$(BIN)/python -m pytest $(ARGS)

check: env .venv/ready-check kit  ## run the slow checks: kills, conversion, a browser, the kit without a network
	$(BIN)/python -m pytest -m slow tests $(ARGS)

run: env  ## re-execute and save every notebook, normalised
	$(BIN)/python tests/run_notebooks.py $(ARGS)

results: env  ## recompute what is too slow for a notebook into data/results
	$(BIN)/python tests/compute_results.py

bench: env  ## measure speed and memory against named rivals
	$(BIN)/python tests/bench.py

guide: .venv/ready  ## write the minutes, plans and facts of the workshop guide anew from the notebooks
	@$(BIN)/python workshop/guide.py

kit: .venv/ready  ## pack everything for computers without a network into build/, for this system
	$(BIN)/python workshop/kit.py

html: .venv/ready  ## export the notebooks to build/html, as pages that need no kernel
	$(BIN)/jupyter nbconvert --to html --TemplateExporter.extra_template_basedirs=helpers --template accessible \
	  --output-dir build/html notebooks/*.ipynb

lint: .venv/ready  ## check and format code and notebooks
	$(BIN)/ruff check --fix . && $(BIN)/ruff format .

pins:  ## write constraints.txt anew: the newest versions within pyproject.toml's ranges
	$(PYTHON) -m venv .venv-pins
	.venv-pins/bin/python -m pip install --quiet -e '.[test,check]' 'soupsieve<3'  # 3 and 4 refuse Python 3.11.0 to 3.11.4
	.venv-pins/bin/python -m pip freeze --exclude-editable | sed -E '/^(nvidia|cuda|triton)/d; s/[+]cpu$$//' > constraints.txt
	rm -rf .venv-pins
