"""The project's files agree with each other: pins, ranges, the conda route, the README, make and CI."""

import re
import tomllib
from importlib import metadata

import nbformat
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version
from run_notebooks import IDEA, NOTEBOOKS, PROJECT, first_picture

PYPROJECT = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
EXTRAS = PYPROJECT["optional-dependencies"]
RANGES = [Requirement(line) for line in [*PYPROJECT["dependencies"], *EXTRAS["test"], *EXTRAS["check"]]]
PINS = dict(line.lower().split("==") for line in (PROJECT / "constraints.txt").read_text().split())
CONDA_NAMES = {"pytorch-cpu": "torch", "matplotlib-base": "matplotlib"}
README = (PROJECT / "README.md").read_text()
TABLE = re.findall(r"^\| (\d\d) \| (.+?) \| (.+?) \|\s*(.*?)\s*\| (ready|planned) \|$", README, re.M)


@pytest.mark.parametrize("requirement", RANGES, ids=lambda requirement: requirement.name)
def test_every_range_has_a_pin_inside_it(requirement):
    assert Version(PINS[requirement.name]) in requirement.specifier
    assert any(spec.operator == "<" for spec in requirement.specifier)  # no range is open above


def test_pins_are_plain_versions_for_every_machine():
    assert not [name for name, version in PINS.items() if "+" in version or re.match("nvidia|cuda|triton", name)]


def test_every_pinned_package_takes_the_oldest_python_that_we_promise():
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
    needed = {"jupyter", "numpy", "torch", "transformers", "matplotlib", "nbval", "scipy"}
    assert {CONDA_NAMES.get(name, name) for name in versions} == needed
    assert pip == ["-e .[test]"]  # constraints.txt would have pip replace what conda has just installed


def test_the_readmes_table_is_the_notebooks_own():
    assert [number for number, *_ in TABLE] == [f"{n:02}" for n in range(12)]
    there = {path.name[:2]: path for path in NOTEBOOKS.glob("*.ipynb")}
    for number, title, question, minutes, state in TABLE:
        assert (state == "ready") == (number in there)
        if state == "ready":
            about = nbformat.read(there[number], as_version=4).metadata["directions"]
            assert title == f"[{about['title']}](notebooks/{there[number].name})"
            assert (question, minutes) == (about["question"], str(about["minutes"]))


def test_notebook_00s_map_is_the_readmes_table():
    start = (NOTEBOOKS / "00_start_here.ipynb").read_text()
    for number, title, question, minutes, state in TABLE:
        name = re.sub(r"\[(.+)\]\(.+\)", r"\1", title)
        assert f"| {number} | {name} | {question} | {minutes if state == 'ready' else 'planned'} |" in start


def test_the_readmes_picture_is_the_notebooks():
    assert first_picture(nbformat.read(NOTEBOOKS / "00_start_here.ipynb", as_version=4)) == IDEA.read_bytes()


def test_the_readme_links_to_what_is_there():
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (PROJECT / target).exists(), target


def test_ci_and_the_workflow_call_the_readmes_commands():
    assert "make test\n" in (PROJECT / ".ci" / "run").read_text()
    workflow = yaml.safe_load((PROJECT / ".github" / "workflows" / "test.yml").read_text())
    assert {"run": "make test"} in workflow["jobs"]["test"]["steps"]


def test_make_help_has_a_line_for_each_target():
    makefile = (PROJECT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.M)[1].split()
    assert sorted(phony) == sorted(re.findall(r"^([a-z]+):.*##", makefile, re.M))
    assert {"env", "lab", "test", "check", "run", "results", "bench", "help"} <= set(phony)


def test_the_citation_has_the_projects_version():
    citation = yaml.safe_load((PROJECT / "CITATION.cff").read_text())
    assert citation["version"] == PYPROJECT["version"] and citation["cff-version"] == "1.2.0"
