"""A reader's copies: an update never touches what they wrote, and never hides what is new."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from helpers.start import lab
from helpers.start.lab import open_lab, update_copies

NAME, BESIDE = "00_start_here.ipynb", "00_start_here.new.ipynb"


def notebook(*sources, output="1", kind="code", **more):
    cells = [{"cell_type": kind, "source": source, "outputs": [output], **more} for source in sources]
    return json.dumps({"cells": cells})


@pytest.fixture
def place(tmp_path):
    project, work = tmp_path / "project", tmp_path / "work"
    (project / "notebooks").mkdir(parents=True)
    theirs, mine = project / "notebooks" / NAME, work / "notebooks" / NAME
    theirs.write_text(notebook("a", "b"))
    assert update_copies(project, work) == [NAME]
    return project, work, theirs, mine


def test_a_first_copy_then_nothing_a_deleted_one_comes_back_and_a_lost_record_keeps_the_readers_work(place):
    project, work, theirs, mine = place
    assert mine.read_text() == theirs.read_text()
    assert update_copies(project, work) == []
    mine.unlink()
    assert update_copies(project, work) == [NAME] and mine.exists()
    (work / ".handed-out" / NAME).unlink()
    mine.write_text(notebook("my answer"))
    update_copies(project, work)
    assert "my answer" in mine.read_text()


def test_two_starts_in_the_same_moment_write_each_copy_once(place):
    project, work, theirs, _ = place
    for n in range(8):
        theirs.with_name(f"0{n}_more.ipynb").write_text(notebook(str(n)))
        with ThreadPoolExecutor(4) as pool:
            written = list(pool.map(lambda _: update_copies(project, work), range(4)))
        assert sorted(written) == [[], [], [], [f"0{n}_more.ipynb"]]
    assert not list(work.rglob("*.new*")) and not list(work.rglob("*.partial"))


@pytest.mark.parametrize("copy, new", [(["a", "b"], ["a", "b", "c"]), (["a", "better"], ["a", "better"])])
def test_an_untouched_copy_is_replaced_and_one_with_the_same_edit(place, copy, new):
    copy, new = notebook(*copy, output="2"), notebook(*new)
    project, work, theirs, mine = place
    mine.write_text(copy)
    theirs.write_text(new)
    assert update_copies(project, work) == [NAME] and mine.read_text() == new


def test_an_answer_is_handed_out_unrevealed_and_to_run_it_is_no_change(place):
    project, work, theirs, mine = place
    answer = {"metadata": {"tags": ["deeper", "reveal"]}, "execution_count": 2}
    for newest in ("b", "c"):
        told = json.loads(notebook("a")) | {"nbformat": 4}
        told["cells"] += json.loads(notebook(newest, "√", **answer))["cells"]
        theirs.write_text(json.dumps(told))
        assert update_copies(project, work) == [NAME] and update_copies(project, work) == []
        shown = json.loads(mine.read_text(encoding="utf-8"))
        assert [cell["outputs"] for cell in shown["cells"]] == [["1"], [], []]
        assert shown["cells"][1] == told["cells"][1] | {"outputs": [], "execution_count": None}
        mine.write_text(theirs.read_text())  # as if it had been run
    theirs.write_text("<<<<<<< half a merge")
    assert update_copies(project, work) == [NAME] and mine.read_text() == theirs.read_text()


EDITED = [notebook("my answer", "b"), notebook("a", "b", kind="markdown"), "<<<<<<< half a merge, and my answer"]
ODD = ["[]", "null", '{"cells": [1]}', '{"cells": [{"cell_type": "code", "source": null}]}']


@pytest.mark.parametrize("copy", EDITED + ODD)
def test_an_edited_copy_of_whatever_shape_is_kept_and_the_new_version_put_beside_it(place, copy):
    project, work, theirs, mine = place
    mine.write_text(copy)
    theirs.write_text(notebook("a", "b", output="3"))
    update_copies(project, work)
    assert [path.name for path in mine.parent.iterdir()] == [NAME]  # new outputs alone are nothing to put there
    theirs.write_text(notebook("a", "b", "c"))
    assert update_copies(project, work) == [BESIDE]
    beside = mine.with_name(BESIDE)
    assert mine.read_text() == copy and beside.read_text() == theirs.read_text()
    assert update_copies(project, work) == []  # once, not at every start
    beside.write_text(notebook("an answer in the new one"))
    theirs.write_text(notebook("a", "b", "c", "d"))
    assert update_copies(project, work) == ["00_start_here.new2.ipynb"]
    assert mine.read_text() == copy and "an answer in the new one" in beside.read_text()


def test_notebooks_are_read_as_utf8_whatever_the_machines_default(place, monkeypatch):
    project, work, theirs, mine = place
    read_text = type(mine).read_text
    monkeypatch.setattr(type(mine), "read_text", lambda self, encoding="cp1252": read_text(self, encoding=encoding))
    theirs.write_text('{"cells": [{"cell_type": "markdown", "source": "√ ⏎ \u0141"}]}', encoding="utf-8")
    assert update_copies(project, work) == [NAME]  # untouched, so replaced
    mine.write_text('{"cells": [{"cell_type": "markdown", "source": "mine: Ł"}]}', encoding="utf-8")
    theirs.write_text('{"cells": []}', encoding="utf-8")
    assert update_copies(project, work) == [BESIDE]


@pytest.mark.parametrize("copy, newest", [(notebook("a", "b"), NAME), (notebook("my answer", "b"), BESIDE)])
def test_a_disk_that_fills_leaves_every_copy_whole_and_the_next_start_goes_on(place, monkeypatch, copy, newest):
    project, work, theirs, mine = place
    mine.write_text(copy)
    theirs.write_text(notebook("a", "b", "c"))

    def fills(target, content):
        target.write_text("half of")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(type(mine), "write_bytes", fills)
        with pytest.raises(OSError, match="No space left"):
            update_copies(project, work)
    assert mine.read_text() == copy and [path.name for path in mine.parent.iterdir()] == [NAME]
    update_copies(project, work)
    assert mine.with_name(newest).read_text() == theirs.read_text()


def test_a_folder_that_cannot_be_written_or_is_not_here_is_told_in_a_sentence(monkeypatch, tmp_path):
    monkeypatch.setattr(lab, "fetch", lambda: None)
    monkeypatch.setattr("helpers.data.PROJECT", tmp_path)
    (tmp_path / "my-work").write_text("a file, not a folder")
    with pytest.raises(OSError, match=r"up to date: .*my-work.*: Not a directory\. Nothing of yours"):
        open_lab([])
    monkeypatch.setattr("helpers.data.PROJECT", None)
    with pytest.raises(FileNotFoundError, match="Installed without its folder: get it"):
        open_lab([])
