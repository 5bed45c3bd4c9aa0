"""What a hub for this series sets, wherever it runs: the learner's server, and what it is given.

`make hub` reads this; The Littlest JupyterHub does, too, by a link (README.md beside this says how).
"""

import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PYTHON = PROJECT / ".venv" / "bin" / "python"

c = get_config()  # noqa: F821  jupyterhub gives it
c.Spawner.cmd = [str(PYTHON if PYTHON.exists() else sys.executable), str(PROJECT / "workshop" / "hub" / "learner.py")]
c.Spawner.default_url = "/lab/tree/notebooks/00_start_here.ipynb"
c.Spawner.environment = {
    "OMP_NUM_THREADS": "1",  # many small servers share the processors better than a few that take them all
    "HF_HUB_OFFLINE": "1",
    "DIRECTIONS_MODEL_HOME": str(PROJECT / "data" / "model"),  # one copy, which all processes map
}
c.Spawner.start_timeout = c.Spawner.http_timeout = 300  # twenty that start at once on two cores need 60 s
c.SystemdSpawner.isolate_tmp = True
