"""Start the series on this computer, without a network:

    python3 start.py            # Windows: py start.py
    python3 start.py --check    # make everything ready, ask whether it is, and stop

The first start makes an environment from the wheels beside this file, which takes a minute or two; later ones take
seconds. Other arguments go to JupyterLab. Nothing outside this folder is changed.
"""

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ENVIRONMENT = os.path.join(HERE, ".venv")
READY = os.path.join(ENVIRONMENT, "kit-ready")
PYTHON = os.path.join(ENVIRONMENT, *(("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")))
BYTES_NEEDED = 2_400_000_000  # the environment 1.6 GB, and the model while it is converted


def main():
    wants_check = sys.argv[1:] == ["--check"]
    kit = the_kit()
    fresh = installed() != fingerprint(kit)
    if fresh:
        python = matching_python(kit)
        check_files(kit)
        install(python, kit)
    model = [PYTHON, "-m", "helpers.download", "--from", os.path.join(HERE, kit["model"])]
    if subprocess.call(model, cwd=HERE, stdout=subprocess.DEVNULL):  # its reason is on the screen
        return 1
    if (fresh or wants_check) and subprocess.call([PYTHON, "-m", "helpers.preflight"], cwd=HERE):
        return 1
    return 0 if wants_check else wait_for(subprocess.Popen([PYTHON, "-m", "helpers.lab", *sys.argv[1:]], cwd=HERE))


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
            return file.read()
    except OSError:
        return ""


def matching_python(kit):
    """A Python of the version that the wheels are for: this one, or another that this machine has."""
    here, wanted = (platform.system(), platform.machine().lower()), (kit["system"], kit["machine"])
    if here != wanted:
        sys.exit("This kit is for {} on {}; this is {} on {}. Ask for the other one.".format(*wanted, *here))
    version, code = kit["python"], "import sys; sys.exit('%d.%d' % sys.version_info[:2] != sys.argv[1])"
    for command in ([sys.executable], ["python" + version], ["py", "-" + version]):
        try:
            if subprocess.call([*command, "-c", code, version], stderr=subprocess.DEVNULL) == 0:
                return command
        except OSError:  # there is none of that name
            pass
    found = "{}.{}".format(*sys.version_info)
    sys.exit(
        f"This kit needs Python {version}, and only {found} was found. Install {version}, or ask for a kit for {found}."
    )


def check_files(kit):
    bad = [name for name, known in kit["files"].items() if size_and_digest(os.path.join(HERE, name)) != known]
    if bad:
        more = f" and {len(bad) - 1} more" if bad[1:] else ""
        sys.exit(f"The kit is not whole: {bad[0]}{more} is missing or altered. Copy the archive and unpack it again.")


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
    if shutil.disk_usage(HERE).free < BYTES_NEEDED:
        sys.exit(
            f"The first start needs {BYTES_NEEDED / 1e9:.1f} GB free in {HERE}. Make room there, or move the folder."
        )
    # pip comes from its own wheel: some systems' Python cannot put it into an environment.
    run([*python, "-m", "venv", "--clear", "--without-pip", ENVIRONMENT])
    pip = os.path.join(HERE, kit["pip"], "pip")
    arguments = ["--no-index", "--find-links", os.path.join(HERE, "wheels"), "-c", "constraints.txt", "-e", "."]
    run(
        [PYTHON, pip, "install", "--quiet", "--disable-pip-version-check", "--no-cache-dir", *arguments],
        kit["packages"],
    )
    with open(READY, "w", encoding="utf-8") as file:
        file.write(fingerprint(kit))


def run(command, packages=0):
    """Run a command, and show on one line how many packages are there; stop with the last thing it said if it fails."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
    with open(os.path.join(HERE, "start.log"), "w+", encoding="utf-8", errors="replace") as log:
        process = subprocess.Popen(command, cwd=HERE, env=environment, stdout=log, stderr=log)
        while process.poll() is None:
            time.sleep(1)
            if packages:
                here = sum(name.endswith(".dist-info") for _, names, _ in os.walk(ENVIRONMENT) for name in names)
                print(f"\rInstalling, once: {min(here, packages)} of {packages} packages", end="", flush=True)
        print("\n" * bool(packages), end="", flush=True)
        if process.returncode:
            log.seek(0)
            last = [line for line in log.read().splitlines() if line.strip()] or ["no reason given"]
            sys.exit(f"The environment could not be made: {last[-1].strip()} (All of it is in start.log.)")


def wait_for(process):
    """Until it ends. Ctrl-C is JupyterLab's, which asks whether to stop."""
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("Stopped. Start it again, and it goes on.")
    except OSError as error:
        sys.exit(
            f"{error.filename or HERE}: {error.strerror}. Unpack the kit into a folder of your own that can be written."
        )
