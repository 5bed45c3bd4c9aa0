"""What a reader has solved, from what their copies show; a solution that came with a copy is nobody's answer."""

import json

import nbformat
import pytest

from helpers.__main__ import main
from helpers.data import PROJECT
from helpers.exercises import verdict
from helpers.start.progress import progress

TAGS = '{"cells": [{"source": "", "metadata": {"tags": 3}}]}'
NAME = "01_text_to_token_ids.ipynb"


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A function that puts a copy of notebook 01 into a reader's folder, with what some of its cells showed."""
    monkeypatch.setenv("DIRECTIONS_WORK", str(tmp_path))
    (tmp_path / "notebooks").mkdir()

    def put(name=NAME, **answers):
        notebook = nbformat.read(PROJECT / "notebooks" / NAME, as_version=4)
        for number, answer in answers.items():
            cell = next(cell for cell in notebook.cells if cell.id == f"exercise-1-{number[1:]}")
            said = {"text/markdown": verdict(f"1.{number[1:]}", answer)}
            cell.outputs = [nbformat.v4.new_output("display_data", said)]
        (tmp_path / "notebooks" / name).write_text(json.dumps(notebook), encoding="utf-8")
        return progress(tmp_path)

    return put


def test_only_a_readers_own_right_answers_count(copy):
    assert copy()[-1] == "0 of 12 spines solved, 0 of 41 exercises."
    lines = copy(_1="".join, _2=lambda pieces: b"".join(pieces).decode())
    assert lines[-1] == "1 of 12 spines solved, 2 of 41 exercises."
    assert lines[1].split("  ")[-4:] == ["✓ 1.1", "✓ 1.2", "· 1.3", "· 1.4"]
    assert copy(_1=" ".join)[-1].startswith("0 of 12")


def test_an_answer_in_a_copy_beside_counts_and_what_is_no_notebook_does_not(copy, tmp_path, capsys):
    copy(name="01_text_to_token_ids.new.ipynb", _1="".join)
    for n, broken in enumerate(["", "[]", '{"cells": 1}', TAGS, "[" * 10**6, "\udcff"]):
        (tmp_path / "notebooks" / f"{n}.ipynb").write_text(broken, encoding="utf-8", errors="surrogateescape")
    main(["progress"])
    assert capsys.readouterr().out.endswith("1 of 12 spines solved, 1 of 41 exercises.\n")
