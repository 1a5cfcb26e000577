"""What deployments say to a node: settings that there are, and time to send its readers away."""

from __future__ import annotations

import re

import pytest

from stoppress.process.server import GRACE_SECONDS
from stoppress.settings import SETTINGS, load
from tests.deploy.test_compose import ENVIRONMENT, SERVICES
from tests.deploy.test_kubernetes import POD, VARIABLES, pre_stop
from tests.deploy.units import UNIT, environment_of_the_unit
from tests.support.paths import ROOT

GUIDE = ROOT / "docs" / "howto" / "deploy-without-a-blink.md"
ASSIGNED = dict(re.findall(r"^(?:Environment=)?(\w+)=(\S+)$", UNIT.read_text(), re.MULTILINE))
OF_UNIT = {name: value for name, value in ASSIGNED.items() if name.startswith("STOPPRESS_")}


@pytest.mark.parametrize("variables", [ENVIRONMENT, VARIABLES, OF_UNIT, environment_of_the_unit()])
def test_the_variables_of_a_deployment_are_settings(variables):
    assert variables and set(variables) <= {setting.variable for setting in SETTINGS}


@pytest.mark.parametrize(
    ("name", "said", "variables", "before"),
    [
        ("stop_grace_period", SERVICES["node1"]["stop_grace_period"], ENVIRONMENT, 0),
        ("terminationGracePeriodSeconds", POD["spec"]["terminationGracePeriodSeconds"], VARIABLES, pre_stop()),
        ("TimeoutStopSec", ASSIGNED["TimeoutStopSec"], OF_UNIT, 0),
    ],
)
def test_a_node_has_the_time_of_the_guide_to_send_its_readers_away(name, said, variables, before):
    """For the load balancer, for readers and for requests in flight."""
    (seconds,) = re.findall(rf"^\| .* \| `{name}[:=] ?(\d+)s?` \|", GUIDE.read_text(), re.MULTILINE)
    assert str(said).rstrip("s") == seconds
    settings = load(environ=variables)
    assert int(seconds) > before + settings.lead + settings.drain + GRACE_SECONDS
