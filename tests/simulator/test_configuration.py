"""docs/configuration.md tells every field, and its examples are taken."""

import re
from pathlib import Path

import pytest

from simulator import config, config_machines
from simulator.config import read_config

TEXT = (Path(__file__).parents[2] / "docs/configuration.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_is_taken(number: int) -> None:
    read_config(EXAMPLES[number])


@pytest.mark.parametrize("field", [*config._FIELDS, *config_machines._NODE_FIELDS])
def test_a_field_is_told(field: str) -> None:
    assert f"`{field}`" in TEXT or f"`{field}." in TEXT


@pytest.mark.parametrize(
    "choices",
    [
        config.FLAVOURS, config.PROVIDERS, config.CNIS, config.PROXY_MODES, config.ADDONS, tuple(config._GATES), config._VERSIONS,
        config_machines._ROLES, config_machines._SYSTEMS,
    ],
    ids=["flavours", "providers", "cnis", "proxy-modes", "addons", "gates", "versions", "roles", "systems"],
)  # fmt: skip
def test_its_choices_are_told(choices: tuple[str, ...]) -> None:
    assert [one for one in choices if f"`{one}`" not in TEXT] == []
