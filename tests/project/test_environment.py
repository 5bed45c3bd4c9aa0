"""The project's files agree with each other: pins, ranges, the conda route, the README, make and CI."""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata

import nbformat
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version
from run_notebooks import IDEA, NOTEBOOKS, PROJECT, idea

PYPROJECT = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
EXTRAS = PYPROJECT["optional-dependencies"]
RANGES = [Requirement(line) for lines in [PYPROJECT["dependencies"], *EXTRAS.values()] for line in lines]
PINS = dict(line.lower().split("==") for line in (PROJECT / "constraints.txt").read_text().split())
CONDA_NAMES = {"pytorch-cpu": "torch", "matplotlib-base": "matplotlib"}
README = (PROJECT / "README.md").read_text()
PAGES = [path for name in (".", "data", "workshop", "workshop/hub") for path in (PROJECT / name).glob("*.md")]


@pytest.mark.parametrize("requirement", RANGES, ids=lambda requirement: requirement.name)
def test_every_range_has_a_pin_inside_it(requirement):
    assert Version(PINS[requirement.name]) in requirement.specifier
    assert any(spec.operator == "<" for spec in requirement.specifier)  # no range is open above


def test_pins_are_plain_versions_for_every_machine():
    assert not [name for name, version in PINS.items() if "+" in version or re.match("nvidia|cuda|triton", name)]


def test_every_pinned_package_takes_the_oldest_python_that_we_promise(pinned):
    """A system's Python 3.11 may be 3.11.2 (Debian 12), and newer releases of a package may refuse it."""
    oldest = PYPROJECT["requires-python"].removeprefix(">=") + ".0"
    wants = {d.metadata["Name"]: d.metadata["Requires-Python"] for d in metadata.distributions()}
    pinned = {name: wanted for name, wanted in wants.items() if wanted and name and name.lower() in PINS}
    assert len(pinned) > 100
    assert [name for name, wanted in pinned.items() if oldest not in SpecifierSet(wanted)] == []


def test_conda_gives_the_pinned_versions_with_cpu_builds():
    environment = yaml.safe_load((PROJECT / "environment.yml").read_text())
    packages = [line for line in environment["dependencies"] if isinstance(line, str)]
    pip = next(line["pip"] for line in environment["dependencies"] if isinstance(line, dict))
    versions = dict(line.split("=") for line in packages if "=" in line)
    assert versions.pop("python") == "3.11" and "pip" in packages
    assert "pytorch-cpu" in versions and "pytorch" not in versions and "torch" not in versions
    for name, version in versions.items():
        assert PINS[CONDA_NAMES.get(name, name)].startswith(version + "."), name
    needed = {"jupyter", "numpy", "torch", "transformers", "matplotlib", "nbval", "scipy", "anywidget"}
    assert {CONDA_NAMES.get(name, name) for name in versions} == needed
    assert pip == ["-e .[test]"]  # constraints.txt would have pip replace what conda has just installed


def test_other_ways_in_install_and_fetch_what_the_readme_does():
    here, binder = (yaml.safe_load((PROJECT / name / "environment.yml").read_text()) for name in ("", ".binder"))
    assert binder["dependencies"][:-1] == here["dependencies"][:-1]
    assert binder["dependencies"][-1] == {"pip": ["-e .."]}  # seen from its own folder
    assert os.access(PROJECT / ".binder" / "postBuild", os.X_OK)
    assert json.loads((PROJECT / ".devcontainer" / "devcontainer.json").read_text())["postCreateCommand"] == "make env"
    colab = nbformat.read(PROJECT / "colab.ipynb", as_version=4)
    code = "\n".join(cell.source for cell in colab.cells if cell.cell_type == "code")
    compile(code, "colab.ipynb", "exec")
    assert '"-m", "helpers", "fetch"' in code and not any(cell.get("outputs") for cell in colab.cells)


def test_notebook_00s_map_is_the_readmes_table():
    rows = re.findall(r"^\| (\d\d) \| \[?(.+?)(?:\]\(.+?\))? \| (.+?) \|", README, re.M)
    start = (NOTEBOOKS / "00_start_here.ipynb").read_text(encoding="utf-8")
    assert len(rows) == 12 and all(f"| {' | '.join(row)} |" in start for row in rows)


def test_what_the_readme_shows_is_there_and_its_still_is_the_notebooks():
    shown = idea(nbformat.read(NOTEBOOKS / "00_start_here.ipynb", as_version=4)).data["image/png"]
    assert base64.b64decode(shown) == IDEA.read_bytes()
    assert all((PROJECT / path).exists() for path in re.findall(r'(?:src|srcset|href)="([^"]+)"', README))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_a_page_links_to_what_is_there(page):
    lost = []
    for target, _, anchor in (link.partition("#") for link in re.findall(r"\]\((?!http)([^)]+)\)", read(page))):
        there = page.parent / target if target else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            lost.append(f"{target}#{anchor}")
    assert lost == []


def read(page):
    return page.read_text(encoding="utf-8")


def anchors(page):
    """What GitHub calls a page's headings: small letters, hyphens for spaces, no other signs."""
    heads = re.findall(r"^#+ (.+)$", read(page), re.M)
    return {re.sub(r"[^\w -]", "", re.sub(r"\]\([^)]*\)", "]", head)).lower().replace(" ", "-") for head in heads}


def test_ci_and_the_workflow_call_the_readmes_commands():
    assert "make test\n" in (PROJECT / ".ci" / "run").read_text()
    workflow = yaml.safe_load((PROJECT / ".github" / "workflows" / "test.yml").read_text())
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    assert {"make test", ".ci/run"} <= {step.get("run") for step in steps}
    assert workflow["permissions"] == {"contents": "read"}  # what runs there cannot write here
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"]) for step in steps if "uses" in step)


def test_make_help_has_a_line_for_each_target():
    makefile = (PROJECT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.M)[1].split()
    assert sorted(phony) == sorted(re.findall(r"^([a-z]+):.*##", makefile, re.M))
    assert {"env", "lab", "test", "check", "run", "results", "bench", "help"} <= set(phony)


def test_one_version_everywhere():
    citation = yaml.safe_load((PROJECT / "CITATION.cff").read_text())
    assert citation["cff-version"] == "1.2.0"
    newest = re.search(r"^## (\S+), (\S+)$", (PROJECT / "CHANGELOG.md").read_text(), re.M)
    assert newest.groups() == (citation["version"], citation["date-released"])
    hub = yaml.safe_load((PROJECT / "workshop" / "hub" / "z2jh.yaml").read_text())["singleuser"]["image"]["tag"]
    assert PYPROJECT["version"] == citation["version"] == hub
    archived = json.loads((PROJECT / ".zenodo.json").read_text())
    assert archived["title"] == citation["title"] and archived["license"] == citation["license"]


def test_what_the_platform_reads_is_well_formed():
    templates = [yaml.safe_load(path.read_text()) for path in (PROJECT / ".github" / "ISSUE_TEMPLATE").glob("[0-9]*")]
    assert len(templates) == 3 and all(one["name"] and one["description"] and one["body"] for one in templates)
    fields = [field["attributes"].get("label") for one in templates for field in one["body"]]
    assert all(fields)
    updates = yaml.safe_load((PROJECT / ".github" / "dependabot.yml").read_text())["updates"]
    assert [update["package-ecosystem"] for update in updates] == ["github-actions", "pip"]
    assert "*.ipynb diff=jupyternotebook" in (PROJECT / ".gitattributes").read_text()


# Stands for Python: makes an environment with itself in it, and notes what pip would install, told of which index.
PYTHON = f"""#!/bin/sh
case "$*" in
  "-m venv .venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
  "-m pip install"*) echo "$PIP_EXTRA_INDEX_URL $*" >> log ;;
  *) exec "{sys.executable}" "$@" ;;
esac
"""
TOLD = ["SYSTEM=Linux", "PIP_EXTRA_INDEX_URL=mine", "PIP_FIND_LINKS=.", "PIP_CONFIG_FILE=pip.conf", "SYSTEM=Darwin"]


@pytest.mark.parametrize("told", TOLD)
def test_make_shows_pip_the_cpu_build_on_linux_where_it_is_told_nothing(tmp_path, told):
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(PROJECT / name, tmp_path)
    (tmp_path / "pip.conf").write_text("[global]\nextra-index-url = mine\n")
    for name, script in {"python": PYTHON, "uname": "#!/bin/sh\necho ${SYSTEM:-Linux}\n"}.items():
        (tmp_path / name).write_text(script)
        (tmp_path / name).chmod(0o755)
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "MAKE"))}
    mine |= {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PIP_CONFIG_FILE": os.devnull} | dict([told.split("=")])
    make = ["make", f"PYTHON={tmp_path}/python", ".venv/ready-test"]
    said = subprocess.run(make, cwd=tmp_path, env=mine, capture_output=True, text=True, check=True).stdout
    index = {"SYSTEM=Linux": "https://download.pytorch.org/whl/cpu", "PIP_EXTRA_INDEX_URL=mine": "mine"}.get(told, "")
    pip = f"{index} -m pip install --quiet -c constraints.txt -e"
    assert (tmp_path / "log").read_text() == f"{pip} .\n{pip} .[test]\n" and " GB to fetch" in said


def test_a_package_without_its_folder_has_the_texts_and_says_what_it_lacks(copied_project, tmp_path):
    copy, site = copied_project[0], tmp_path / "site"
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-w", tmp_path, copy]
    subprocess.run(build, check=True, capture_output=True)
    shutil.unpack_archive(next(tmp_path.glob("*.whl")), site, "zip")
    packed = {path.relative_to(site).as_posix() for path in site.rglob("*.*") if ".dist-info" not in path.as_posix()}
    ours = [
        path
        for glob in ("helpers/**/*.py", "helpers/report/*.j2", "helpers/figures/*.js", "data/*.json")
        for path in copy.glob(glob)
    ]
    assert packed == {path.relative_to(copy).as_posix().replace("data/", "helpers/texts/") for path in ours}
    before = sorted(tmp_path.rglob("*"))
    code = "from helpers.data import passages, saved; from helpers.weights.home import model_home\n"
    code += "print(len(passages('test')), model_home()); saved('wins')"
    bare = {"PYTHONPATH": str(site), "HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=bare, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.split() == ["5", str(tmp_path / ".cache" / "directions-not-points")]
    assert "FileNotFoundError: " in done.stderr and "without its folder" in done.stderr
    assert sorted(tmp_path.rglob("*")) == before  # nothing was written
