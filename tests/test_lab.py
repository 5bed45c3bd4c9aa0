"""A reader's copies: an update never touches what they wrote, and never hides what is new."""

import json

import pytest

from helpers import lab
from helpers.lab import update_copies

NAME = "00_start_here.ipynb"


def notebook(*sources, output="1"):
    cells = [{"cell_type": "code", "source": source, "outputs": [output]} for source in sources]
    return json.dumps({"cells": cells})


@pytest.fixture
def place(tmp_path):
    project, work = tmp_path / "project", tmp_path / "work"
    (project / "notebooks").mkdir(parents=True)
    theirs, mine = project / "notebooks" / NAME, work / "notebooks" / NAME
    theirs.write_text(notebook("a", "b"))
    assert update_copies(project, work) == [NAME]
    return project, work, theirs, mine


def test_a_first_copy_and_then_nothing(place):
    project, work, theirs, mine = place
    assert mine.read_text() == theirs.read_text()
    assert update_copies(project, work) == []


def test_an_untouched_copy_is_replaced_even_if_it_was_run(place):
    project, work, theirs, mine = place
    mine.write_text(notebook("a", "b", output="2"))
    theirs.write_text(notebook("a", "b", "c"))
    assert update_copies(project, work) == [NAME]
    assert mine.read_text() == theirs.read_text()


def test_an_edited_copy_is_kept_and_the_new_version_put_beside_it(place):
    project, work, theirs, mine = place
    mine.write_text(notebook("my answer", "b"))
    theirs.write_text(notebook("a", "b", "c"))
    assert update_copies(project, work) == ["00_start_here.new.ipynb"]
    assert "my answer" in mine.read_text()
    beside = mine.with_suffix(".new.ipynb")
    assert beside.read_text() == theirs.read_text()
    assert update_copies(project, work) == []  # once, not at every start
    beside.write_text(notebook("an answer in the new one"))
    theirs.write_text(notebook("a", "b", "c", "d"))
    assert update_copies(project, work) == ["00_start_here.new2.ipynb"]
    assert "an answer in the new one" in beside.read_text()


def test_new_outputs_alone_are_not_put_beside_an_edited_copy(place):
    project, work, theirs, mine = place
    mine.write_text(notebook("my answer", "b"))
    theirs.write_text(notebook("a", "b", output="3"))
    assert update_copies(project, work) == []
    assert "my answer" in mine.read_text()


def test_a_copy_that_is_not_a_notebook_any_more_is_kept(place):
    project, work, theirs, mine = place
    mine.write_text("<<<<<<< half a merge, and my answer")
    theirs.write_text(notebook("c"))
    assert update_copies(project, work) == ["00_start_here.new.ipynb"]
    assert "my answer" in mine.read_text()


@pytest.mark.parametrize("text", ["[]", "null", '{"cells": [1]}', '{"cells": [{"cell_type": "code", "source": null}]}'])
def test_a_copy_of_any_odd_shape_is_kept(place, text):
    project, work, theirs, mine = place
    mine.write_text(text)
    theirs.write_text(notebook("c"))
    assert update_copies(project, work) == ["00_start_here.new.ipynb"] and mine.read_text() == text


def test_notebooks_are_read_as_utf8_whatever_the_machines_default(place, monkeypatch):
    project, work, theirs, mine = place
    read_text = type(mine).read_text
    monkeypatch.setattr(type(mine), "read_text", lambda self, encoding="cp1252": read_text(self, encoding=encoding))
    theirs.write_text('{"cells": [{"cell_type": "markdown", "source": "√ ⏎ \u0141"}]}', encoding="utf-8")
    assert update_copies(project, work) == [NAME]  # untouched, so replaced
    mine.write_text('{"cells": [{"cell_type": "markdown", "source": "mine: Ł"}]}', encoding="utf-8")
    theirs.write_text('{"cells": []}', encoding="utf-8")
    assert update_copies(project, work) == ["00_start_here.new.ipynb"]


@pytest.mark.parametrize("answer", [notebook("a", "b"), notebook("my answer", "b")])
def test_a_disk_that_fills_leaves_every_copy_whole_and_the_next_start_goes_on(place, monkeypatch, answer):
    project, work, theirs, mine = place
    mine.write_text(answer)
    theirs.write_text(notebook("a", "b", "c"))

    def fills(source, target):
        target.write_text("half of")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(lab.shutil, "copyfile", fills)
        with pytest.raises(OSError, match="No space left"):
            update_copies(project, work)
    assert mine.read_text() == answer and [path.name for path in mine.parent.iterdir()] == [NAME]
    update_copies(project, work)
    newest = mine if "my answer" not in answer else mine.with_suffix(".new.ipynb")
    assert newest.read_text() == theirs.read_text()


def test_a_folder_that_cannot_be_written_is_told_in_a_sentence(monkeypatch, tmp_path):
    monkeypatch.setattr(lab, "PROJECT", tmp_path)
    monkeypatch.setattr(lab, "fetch", lambda: None)
    (tmp_path / "my-work").write_text("a file, not a folder")
    with pytest.raises(SystemExit, match=r"up to date: .*my-work.*: Not a directory\. Nothing of yours"):
        lab.main()


def test_a_deleted_copy_comes_back(place):
    project, work, _, mine = place
    mine.unlink()
    assert update_copies(project, work) == [NAME] and mine.exists()


def test_a_lost_record_keeps_the_readers_work(place):
    project, work, _, mine = place
    (work / ".handed-out" / NAME).unlink()
    mine.write_text(notebook("my answer"))
    update_copies(project, work)
    assert "my answer" in mine.read_text()


def test_an_edit_that_the_new_version_also_made_is_no_edit(place):
    project, work, theirs, mine = place
    mine.write_text(notebook("a", "better"))
    theirs.write_text(notebook("a", "better"))
    assert update_copies(project, work) == [NAME]


def test_turning_a_cell_into_prose_is_an_edit(place):
    project, work, theirs, mine = place
    mine.write_text(mine.read_text().replace('"code"', '"markdown"', 1))
    theirs.write_text(notebook("a", "b", "c"))
    assert update_copies(project, work) == ["00_start_here.new.ipynb"]
