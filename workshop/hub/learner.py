"""A learner's server on a hub: their own copies of the notebooks, brought up to date, then JupyterLab on them."""

import os
import sys
from pathlib import Path

from jupyterhub.singleuser import main

from helpers.start.lab import prepare

IDLE = 1800  # seconds until a kernel that does nothing ends, and gives back its memory; the notebook stays

if __name__ == "__main__":
    os.environ["DIRECTIONS_WORK"] = str(Path.home() / "directions-not-points")
    try:
        work = prepare()
    except OSError as error:  # a full disk, a home that cannot be written
        sys.exit(str(error))
    sys.argv += [f"--ServerApp.root_dir={work}", "--allow-root"]  # which page it opens, the hub says
    sys.argv += [f"--MappingKernelManager.cull_idle_timeout={IDLE}", "--MappingKernelManager.cull_connected=True"]
    sys.exit(main())
