"""The manifests: the schemas of Kubernetes, the rules of its "restricted" standard, and what has to fit together."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import kubernetes_validate
import pytest
import yaml

from stoppress.settings import load as load_settings
from tests.support.paths import ROOT

FOLDER = ROOT / "deploy" / "kubernetes"
NOT_RESOURCES = {"kustomization.yaml", "secret.example.yaml"}


def load(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((FOLDER / name).read_text())
    return content


MANIFESTS = sorted(path.name for path in FOLDER.glob("*.yaml") if path.name != "kustomization.yaml")
POD: dict[str, Any] = load("deployment.yaml")["spec"]["template"]
CONTAINER: dict[str, Any] = POD["spec"]["containers"][0]
VARIABLES: dict[str, str] = {variable["name"]: variable["value"] for variable in CONTAINER["env"]}


@pytest.mark.parametrize("version", ["1.30", "1.34"])
@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_keeps_the_schema_of_kubernetes(name, version):
    kubernetes_validate.validate(load(name), version, strict=True)


def test_kustomize_takes_every_manifest_but_the_example():
    assert set(load("kustomization.yaml")["resources"]) == set(MANIFESTS) - NOT_RESOURCES


def test_the_pod_keeps_the_restricted_standard():
    """kubernetes.io/docs/concepts/security/pod-security-standards, "Restricted"."""
    assert load("namespace.yaml")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    pod, container = POD["spec"]["securityContext"], CONTAINER["securityContext"]
    assert pod["runAsNonRoot"] is True and pod["runAsUser"] > 0
    assert pod["seccompProfile"]["type"] == "RuntimeDefault"
    assert container["allowPrivilegeEscalation"] is False
    assert container["capabilities"] == {"drop": ["ALL"]}
    assert container["readOnlyRootFilesystem"] is True
    assert all(set(volume) <= {"name", "secret", "configMap", "emptyDir"} for volume in POD["spec"]["volumes"])
    assert POD["spec"]["automountServiceAccountToken"] is False


def test_the_labels_that_select_are_those_of_the_pod():
    labels = POD["metadata"]["labels"]
    selectors = [
        load("deployment.yaml")["spec"]["selector"]["matchLabels"],
        load("service.yaml")["spec"]["selector"],
        load("poddisruptionbudget.yaml")["spec"]["selector"]["matchLabels"],
        load("networkpolicy.yaml")["spec"]["podSelector"]["matchLabels"],
        *(spread["labelSelector"]["matchLabels"] for spread in POD["spec"]["topologySpreadConstraints"]),
    ]
    assert selectors == [labels] * len(selectors)


def test_the_files_of_its_variables_are_in_the_secret():
    mounts = {mount["name"]: mount["mountPath"] for mount in CONTAINER["volumeMounts"]}
    secret = load("secret.example.yaml")
    assert POD["spec"]["volumes"][0]["secret"]["secretName"] == secret["metadata"]["name"]
    files = {value for name, value in VARIABLES.items() if name.endswith("_FILE")}
    assert files == {f"{mounts['secrets']}/{name}" for name in secret["stringData"]}


def test_the_pods_of_the_ingress_are_believed_and_are_the_only_ones_that_reach_a_node():
    (proxies,) = load_settings(environ=VARIABLES).trusted_proxies.split()
    assert ip_network(proxies).is_private
    allowed = load("networkpolicy.yaml")["spec"]["ingress"][0]["from"]
    labels = [sender["namespaceSelector"]["matchLabels"] for sender in allowed]
    assert [one["kubernetes.io/metadata.name"] for one in labels] == ["ingress-nginx", "monitoring"]


def test_load_balancers_have_time_to_learn_that_it_goes():
    """By `preStop`. With `STOPPRESS_LEAD`, too, they would have it twice."""
    assert pre_stop() >= CONTAINER["readinessProbe"]["periodSeconds"]
    assert load_settings(environ=VARIABLES).lead == 0


def pre_stop() -> int:
    """Seconds."""
    command, seconds = CONTAINER["lifecycle"]["preStop"]["exec"]["command"]
    assert command == "sleep"
    return int(seconds)


def test_there_are_always_nodes_left():
    budget, scaler = load("poddisruptionbudget.yaml"), load("horizontalpodautoscaler.yaml")
    assert budget["spec"]["maxUnavailable"] < scaler["spec"]["minReplicas"]
    assert load("deployment.yaml")["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert scaler["spec"]["scaleTargetRef"]["name"] == load("deployment.yaml")["metadata"]["name"]


def test_the_ingress_leads_to_the_service_and_not_to_what_is_for_the_operator():
    paths = [
        path["path"]
        for rule in load("ingress.yaml")["spec"]["rules"]
        for path in rule["http"]["paths"]
        if path["backend"]["service"]["name"] == load("service.yaml")["metadata"]["name"]
    ]
    assert {"/blogs", "/api", "/desk", "/client", "/static"} <= set(paths)
    private = ("/metrics", "/readyz", "/livez")
    assert not any(one.startswith(path) for one in private for path in paths if path != "/")


def test_the_probes_ask_the_port_of_the_container_for_what_there_is():
    port = CONTAINER["ports"][0]["name"]
    probes = [CONTAINER[f"{name}Probe"]["httpGet"] for name in ("startup", "readiness", "liveness")]
    assert probes == [{"path": path, "port": port} for path in ("/livez", "/readyz", "/livez")]
    assert load("service.yaml")["spec"]["ports"][0]["targetPort"] == port
