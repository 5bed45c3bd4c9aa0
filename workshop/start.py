"""Start the series on this computer, without a network:

    python3 start.py            # Windows: py start.py
    python3 start.py --check    # make everything ready, ask whether it is, and stop

The first start makes an environment from the wheels beside this file, which takes a minute or two; later ones take
seconds. Other arguments go to JupyterLab. No program or package outside this folder is touched; Jupyter keeps its
usual small files in your home folder.
"""

import errno
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ENVIRONMENT = os.path.join(HERE, ".venv")
READY = os.path.join(ENVIRONMENT, "kit-ready")
CHECKED = os.path.join(ENVIRONMENT, "kit-checked")
PYTHON = os.path.join(ENVIRONMENT, *(("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")))
TARGET = """import platform, sys
print(platform.python_implementation(), "%d.%d" % sys.version_info[:2], "for", platform.system(),
platform.machine().lower(), 64 if sys.maxsize > 2**32 else 32, "bit")"""
BYTES_NEEDED = 2_400_000_000  # the environment 1.6 GB, and the model while it is converted


def main():
    wants_check = sys.argv[1:] == ["--check"]
    kit = the_kit()
    if installed() != fingerprint(kit):
        python = matching_python(kit)
        check_files(kit)
        install(python, kit)
    model = [PYTHON, "-m", "helpers", "fetch", "--from", os.path.join(HERE, kit["model"])]
    if call(model, stdout=subprocess.DEVNULL):  # its reason is on the screen
        return 1
    if wants_check or not os.path.exists(CHECKED):
        if call([PYTHON, "-m", "helpers", "ready"]):
            return 1
        open(CHECKED, "w").close()
    return 0 if wants_check else call([PYTHON, "-m", "helpers", "lab", *sys.argv[1:]])


def the_kit():
    """What this kit was made for, and the sizes and SHA-256 of its wheels and its model."""
    try:
        with open(os.path.join(HERE, "kit.json"), encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        sys.exit("kit.json is not beside start.py, or is cut short: unpack the whole archive again.")


def fingerprint(kit):
    """Another kit, or the same in another place, needs another environment; changed notebooks do not."""
    return hashlib.sha256(json.dumps([kit, HERE], sort_keys=True).encode()).hexdigest()


def installed():
    try:
        with open(READY, encoding="utf-8") as file:
            return file.read() if os.path.exists(PYTHON) else ""  # it is a link to a Python that may be gone
    except OSError:
        return ""


def matching_python(kit):
    """A Python like the one that the wheels are for: this one, or another that this machine has."""
    version = kit["target"].split()[1]
    this = getattr(sys, "_base_executable", sys.executable)  # not the environment's own, which is made anew
    for command in ([this], ["python" + version], ["py", "-" + version]):
        if target_of(command) == kit["target"]:
            return command
    sys.exit(
        f"This kit is for {kit['target']}; this is {target_of([this])}. Install that Python from python.org, or ask "
        "for a kit for this one."
    )


def target_of(command):
    """What the Python that `command` starts needs wheels for, in words; "" where there is none."""
    try:
        return subprocess.check_output([*command, "-c", TARGET], stderr=subprocess.DEVNULL, env=ours()).decode().strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def check_files(kit):
    """Stop where a file of the kit is not as it was packed; take away wheels that an older kit left here."""
    bad = [name for name, known in kit["files"].items() if size_and_digest(os.path.join(HERE, name)) != known]
    if bad:
        more = f" and {len(bad) - 1} more" if bad[1:] else ""
        sys.exit(f"The kit is not whole: {bad[0]}{more} is missing or altered. Copy the archive and unpack it again.")
    for name in os.listdir(os.path.join(HERE, "wheels")):
        if "wheels/" + name not in kit["files"]:
            os.remove(os.path.join(HERE, "wheels", name))


def size_and_digest(path):
    digest, size = hashlib.sha256(), 0
    try:
        with open(path, "rb") as file:
            for block in iter(lambda: file.read(1 << 20), b""):
                digest.update(block)
                size += len(block)
    except OSError:
        return None
    return [size, digest.hexdigest()]


def install(python, kit):
    """The environment, from the wheels alone. Its stamp is written last: without it the next start begins again."""
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    if shutil.disk_usage(HERE).free < BYTES_NEEDED:
        sys.exit(
            f"The first start needs {BYTES_NEEDED / 1e9:.1f} GB free in {HERE}. Make room there, or move the folder."
        )
    # pip comes from its own wheel: some systems' Python cannot put it into an environment.
    run([*python, "-m", "venv", "--clear", "--without-pip", ENVIRONMENT])
    pip = os.path.join(HERE, kit["pip"], "pip")
    arguments = ["--no-index", "--find-links", os.path.join(HERE, "wheels"), "-c", "constraints.txt", "-e", "."]
    run([PYTHON, pip, "install", "--quiet", "--no-cache-dir", *arguments], kit["packages"])
    with open(READY, "w", encoding="utf-8") as file:
        file.write(fingerprint(kit))


def run(command, packages=0):
    """Run a command, and show on one line how many packages are there; stop with the last thing it said if it fails."""
    with open(os.path.join(HERE, "start.log"), "w+", encoding="utf-8", errors="replace") as log:
        process = subprocess.Popen(command, cwd=HERE, env=ours(), stdout=log, stderr=log)
        while process.poll() is None:
            time.sleep(1)
            if packages:
                here = sum(name.endswith(".dist-info") for _, names, _ in os.walk(ENVIRONMENT) for name in names)
                print(f"\rInstalling, once: {min(here, packages)} of {packages} packages", end="", flush=True)
        print("\n" * bool(packages), end="", flush=True)
        if process.returncode:
            log.seek(0)
            last = [line.strip() for line in log.read().splitlines() if line.strip()] or ["no reason given"]
            full = " The disk is full: make room and start again." if shutil.disk_usage(HERE).free < 5e7 else ""
            sys.exit(f"The environment could not be made: {last[-1]} (All of it is in start.log.){full}")


def call(command, **how):
    """The exit code of a command. While it runs Ctrl-C is the command's: JupyterLab asks whether to stop."""
    process = subprocess.Popen(command, cwd=HERE, env=ours(), **how)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return process.wait()
    finally:
        signal.signal(signal.SIGINT, before)


def ours():
    """The environment variables without those, and without the settings file, that send pip or Python elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
    return {**kept, "PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONNOUSERSITE": "1"}


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("Stopped. Start it again, and it goes on.")
    except OSError as error:
        what = f"{error.filename or HERE}: {error.strerror}."
        if isinstance(error, PermissionError) or error.errno == errno.EROFS:
            what += " Unpack the kit into a folder of your own that can be written."
        sys.exit(what)
