"""The shared server's settings: what they name is there, and they agree with each other and with the measurements."""

import re

import load
import pytest
import yaml
from run_notebooks import PROJECT

from helpers.start.lab import FIRST

HUB = PROJECT / "workshop" / "hub"
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in HUB.iterdir() if path.is_file()}
TLJH, Z2JH = (yaml.safe_load(TEXTS[name]) for name in ("tljh.yaml", "z2jh.yaml"))


def test_both_engines_ask_for_a_password_and_limit_memory_and_processors_alike():
    assert TLJH["auth"]["type"] == Z2JH["hub"]["config"]["JupyterHub"]["authenticator_class"] == "shared-password"
    assert (
        TLJH["auth"]["SharedPasswordAuthenticator"]["allow_all"] and Z2JH["hub"]["config"]["Authenticator"]["allow_all"]
    )
    single = Z2JH["singleuser"]
    assert TLJH["limits"] == {"memory": single["memory"]["limit"], "cpu": single["cpu"]["limit"]}
    assert TLJH["services"]["cull"] == {key: Z2JH["cull"][key] for key in ("enabled", "timeout", "every")}
    for settings in (TLJH["https"], Z2JH["proxy"]["https"]):
        assert settings["enabled"] is True


@pytest.mark.parametrize("name", ["tljh.yaml", "z2jh.yaml"])
def test_no_secret_and_no_address_is_anybodys(name):
    for settings in (TLJH["auth"], Z2JH["hub"]["config"]):
        assert all(
            len(settings["SharedPasswordAuthenticator"][kind]) < 8 for kind in ("user_password", "admin_password")
        )
    own = re.findall(r"(?:password|email|contactEmail|  name|hosts|domains): .*", TEXTS[name])
    assert len(own) >= 4 and [line for line in own if "CHANGE" not in line] == []


def test_what_the_settings_start_is_where_they_say():
    assert "COPY . /srv/directions" in TEXTS["Dockerfile"]
    inside = Z2JH["singleuser"]["cmd"][1].removeprefix("/srv/directions/")
    assert (PROJECT / inside).exists() and Z2JH["singleuser"]["defaultUrl"] == FIRST
    assert FIRST in TEXTS["everywhere.py"]


def test_the_table_of_machines_follows_from_the_measurements():
    assert load.table() in TEXTS["README.md"]
