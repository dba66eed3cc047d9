"""Each service may name an image of its own, so that one of them is released alone."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from helm_python import chart as helm

from charts.rendering import (
    CHART,
    ENVIRONMENTS,
    NAMESPACE,
    RELEASE,
    deep_merged,
    given_values,
    merged_values,
    render,
    rendered,
)
from common.gateway import SERVICES, Service
from tests.platform.support.chart import JSON, of_kind, pod_templates

DIGEST = f"sha256:{'0123456789abcdef' * 4}"


def image_of(objects: tuple[JSON, ...] | list[JSON], kubernetes_name: str) -> str:
    """Return the one image that the Deployment, the migration and the test of a service run."""
    pods = pod_templates(tuple(objects))
    names = (f"Deployment/{kubernetes_name}", f"Pod/check-{kubernetes_name}")
    containers = [one for name in names for one in pods[name]["spec"]["containers"]]
    containers += [one for one in pods["Job/migrate"]["spec"]["containers"] if one["name"] == kubernetes_name]
    assert len(containers) == 3
    (image,) = {container["image"] for container in containers}
    return image


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_images_are_named_by_service_and_never_by_a_moving_tag(environment: str) -> None:
    values = merged_values(environment)
    registry = values["global"]["imageRegistry"]
    for service in SERVICES:
        recorded = values["services"][service.name].get("image", {}).get("digest")

        image = image_of(rendered(environment), service.kubernetes_name)

        named = f"@{recorded}" if recorded else ":0.1.0"
        assert image == f"{registry}/{service.kubernetes_name}{named}".lstrip("/")


@pytest.mark.parametrize(
    ("image", "global_tag", "named", "version"),
    [
        (("0.2.0", ""), "0.1.1", ":0.2.0", "0.2.0"),
        (("", DIGEST), "0.1.1", f"@{DIGEST}", "sha256-0123456789ab"),
        (("0.2.0", DIGEST), "0.1.1", f"@{DIGEST}", "0.2.0"),
        (("", ""), "0.1.1", ":0.1.1", "0.1.1"),
        (("", ""), "", ":0.1.0", "0.1.0"),
    ],
)
def test_a_services_own_image_wins_and_a_digest_over_every_tag(
    image: tuple[str, str], global_tag: str, named: str, version: str
) -> None:
    tag, digest = image
    none = {"image": {"tag": "", "digest": ""}}
    services = {"alerts": none, "nlp": {"image": {"tag": tag, "digest": digest}}}
    changes = {"global": {"imageTag": global_tag}, "services": services}

    objects = render("staging", changes)

    registry = merged_values("staging")["global"]["imageRegistry"]
    assert image_of(objects, "nlp-processing") == f"{registry}/nlp-processing{named}"
    labels = of_kind(objects, "Deployment")["nlp-processing"]["spec"]["template"]["metadata"]["labels"]
    assert labels["app.kubernetes.io/version"] == version
    assert image_of(objects, "alert-signal").endswith(f":{global_tag or '0.1.0'}")


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
@pytest.mark.parametrize("image", [("0.1.1", ""), ("", DIGEST)], ids=["tag", "digest"])
def test_a_service_is_released_alone(service: Service, image: tuple[str, str]) -> None:
    """Whatever belongs to the others is the same, their checksums too, so that Flagger tries this one alone."""
    before = {(item["kind"], item["metadata"]["name"]): item for item in rendered("production")}
    name = service.kubernetes_name
    tag, digest = image

    after = render("production", {"services": {service.name: {"image": {"tag": tag, "digest": digest}}}})

    changed = [item for item in after if item != before.pop((item["kind"], item["metadata"]["name"]))]
    assert before == {}
    owners = {item["metadata"].get("labels", {}).get("app.kubernetes.io/name", name) for item in changed}
    assert owners == {name}
    assert {f"{item['kind']}/{item['metadata']['name']}" for item in changed} >= {
        f"Deployment/{name}",
        "Job/migrate",
    }
    assert image_of(after, name) != image_of(rendered("production"), name)
    pods = pod_templates(tuple(after))
    for other in SERVICES:
        if other is not service:
            deployment = f"Deployment/{other.kubernetes_name}"
            assert pods[deployment] == pod_templates(rendered("production"))[deployment]


def test_the_next_release_of_the_chart_leaves_services_alone_that_name_their_images(tmp_path: Path) -> None:
    images = {"services": {service.name: {"image": {"tag": "0.1.0", "digest": DIGEST}} for service in SERVICES}}

    def pods(version: str) -> dict[str, JSON]:
        archive = helm.package(CHART, destination=tmp_path, version=version, app_version=version)
        values = deep_merged(given_values("production"), images)
        with helm.Chart.load(archive) as loaded:
            files = loaded.render(values, name=RELEASE, namespace=NAMESPACE, is_install=True)
        texts = (text for path, text in files.items() if path.endswith(".yaml"))
        return pod_templates(tuple(item for text in texts for item in yaml.safe_load_all(text) if item))

    assert pods("0.1.0") == pods("0.2.0")


def test_what_is_not_named_otherwise_is_the_version_of_the_distribution() -> None:
    """The chart's own version is that of the release, and may be ahead."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    project = tomllib.loads((CHART.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert chart["appVersion"] == project["version"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", chart["version"])
