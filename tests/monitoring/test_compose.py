"""docker-compose.yml and the Dockerfile: checked as far as can be without an engine."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from launcher import configuration, programs
from tests.monitoring.programs import COMPOSE, MONITORING, PATH, ROOT, read_yaml
from webapp.domain import Queue
from webapp.routes.pages import source
from webapp.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

EXAMPLE = ROOT / "compose.env.example"
DOCKERFILE = ROOT / "Dockerfile"
REFERENCE = re.compile(r"(?<!\$)\$\{(\w+)(:?[-?])?([^}]*)\}")
SECRET = re.compile(r"PASSWORD|SECRET|BASIC_AUTH|_FILE$")
OPTIONAL_SECRETS = {"OPENAI_API_KEY", "SMTP_URL", "STAFF_WEBHOOK_URL"}  # what is not used has none
OF_THE_LAUNCHER = {"PROMETHEUS_MULTIPROC_DIR"}
ONE_SHOTS = {"migrate", "prepare"}
UNITS = {"s": 1, "m": 60}
BINARIES = Path("/opt/venv/bin")


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = read_yaml(COMPOSE)["services"]
    return found


def ours() -> dict[str, dict[str, Any]]:
    """The services that run the application's own image."""
    return {name: service for name, service in services().items() if service["image"] == "chatbot-sav"}


def references() -> list[tuple[str, str, str]]:
    """Each ${NAME...} with how it is taken (:? required, :- default) and what follows."""
    return [(name, how, rest) for name, how, rest in REFERENCE.findall(COMPOSE.read_text("utf-8"))]


def seconds(duration: str) -> int:
    return int(duration[:-1]) * UNITS[duration[-1]]


def test_every_variable_is_one_the_application_reads() -> None:
    read = {name.upper() for name in Settings.model_fields} | OF_THE_LAUNCHER
    for name, service in ours().items():
        assert set(service["environment"]) <= read, name
    image = re.findall(r"^(?:ENV)? +(\w+)=\S", DOCKERFILE.read_text("utf-8"), re.MULTILINE)
    assert {name for name in image if name in read} == {"DATA_DIR", "HOST", "PORT"}


def test_every_secret_is_required_and_has_no_default() -> None:
    for name, how, rest in references():
        assert how in (":?", ":-"), name
        if SECRET.search(name):
            assert how == ":?", name
        if how == ":?":
            assert len(rest) > len("say how"), name
        if name in OPTIONAL_SECRETS:
            assert (how, rest) == (":-", ""), name


def test_only_who_needs_a_secret_is_given_it() -> None:
    given = {name: set(service.get("environment") or ()) for name, service in services().items()}
    assert {name for name, variables in given.items() if "ADMIN_PASSWORD" in variables} == {"prepare"}
    assert {name for name, variables in given.items() if "FLOWER_BASIC_AUTH" in variables} == {"flower"}
    text = COMPOSE.read_text("utf-8")
    for line in text.splitlines():
        if "command" in line or line.lstrip().startswith("test:"):
            assert "${" not in line, line


def test_the_example_names_every_variable_and_gives_no_secret() -> None:
    lines = re.findall(r"^(#?)([A-Z_]+)=(.*)$", EXAMPLE.read_text("utf-8"), re.MULTILINE)
    required = {name for name, how, _ in references() if how == ":?"}
    assert {name for mark, name, _ in lines if not mark} == required
    assert {name for _, name, _ in lines} == {name for name, _, _ in references()}
    defaults = {name: rest for name, how, rest in references() if how == ":-"}
    assert {name: value for mark, name, value in lines if mark} == defaults
    assert [name for mark, name, value in lines if not mark and value] == []


def _launched() -> dict[str, tuple[str, ...]]:
    environment: Mapping[str, str] = {"FLOWER_BASIC_AUTH": "somebody:something"}
    found = configuration.read({}, Path("/nowhere"))
    started = [*programs.one_shots(BINARIES, {}), *programs.services(BINARIES, environment, found)]
    return {program.name: (Path(program.argv[0]).name, *program.argv[1:]) for program in started}


def _without_addresses(argv: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(argument for argument in argv if not argument.startswith(("--address=", "--port=")))


def test_every_command_is_what_the_launcher_runs() -> None:
    launched = {_without_addresses(argv): name for name, argv in _launched().items()}
    ran = {_without_addresses(tuple(service["command"])): name for name, service in ours().items()}
    assert set(ran) <= set(launched)
    # The second process of a queue is a replica of the first here.
    assert {name for argv, name in launched.items() if argv not in ran} == {"replies-2", "background-2"}
    assert {name for name in ("replies", "background") if ours()[name]["deploy"]["replicas"] == 2} == {
        "replies",
        "background",
    }


def test_every_queue_has_its_worker() -> None:
    commands = [service["command"] for service in ours().values() if "-Q" in service["command"]]
    assert sorted(command[command.index("-Q") + 1] for command in commands) == sorted(Queue)


def test_a_container_may_drain_before_it_is_killed() -> None:
    for name, service in ours().items():
        drain = int(service["environment"]["DRAIN_SECONDS"])
        assert seconds(service["stop_grace_period"]) > drain + 5, name
    assert all("stop_grace_period" in service for service in services().values())


def test_every_container_is_contained() -> None:
    for name, service in services().items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert "privileged" not in service, name
        limits = service["deploy"]["resources"]["limits"]
        assert {"cpus", "memory"} <= set(limits), name
        assert service.get("user", "root" if name not in ours() else "sav") not in ("root", "0", "0:0"), name
        if name not in ONE_SHOTS:
            assert {"test", "interval", "timeout", "retries"} <= set(service["healthcheck"]), name
            assert service["restart"] == "unless-stopped", name


def test_only_the_proxy_is_seen_from_elsewhere() -> None:
    open_to_all = [
        name
        for name, service in services().items()
        if any(not port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    ]
    assert open_to_all == ["proxy"]
    published = {
        port.removeprefix("127.0.0.1:") for service in services().values() for port in service.get("ports", ())
    }
    assert published == {"${WEB_PORT:-8001}:8443", "8003:8003", "9090:9090", "9093:9093", "3000:3000"}
    inside = read_yaml(COMPOSE)["networks"]["inside"]
    assert inside == {"internal": True}
    for name in ("postgres", "redis", "images"):
        assert services()[name]["networks"] == ["inside"]


def test_the_database_and_redis_are_as_promised() -> None:
    assert services()["postgres"]["image"] == "postgres:15"
    assert services()["redis"]["image"] == "redis:7"
    assert "--appendonly yes" in services()["redis"]["command"][-1]


def test_prometheus_reads_services_it_can_reach() -> None:
    mine = set(services()["prometheus"]["networks"])
    configured = read_yaml(MONITORING / "prometheus" / "prometheus.yml")
    jobs = {job["job_name"]: job["static_configs"][0]["targets"][0] for job in configured["scrape_configs"]}
    for target in [*jobs.values(), configured["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"][0]]:
        name = target.partition(":")[0]
        assert name == "localhost" or mine & set(services()[name]["networks"]), target
    environment = ours()["dispatcher"]["environment"]
    assert jobs["sav"] == f"dispatcher:{environment['METRICS_PORT']}"
    assert environment["METRICS_HOST"] == "0.0.0.0"  # noqa: S104  of the container alone, which publishes no port
    assert "ports" not in ours()["dispatcher"]
    assert jobs["flower"] == f"flower:{environment['FLOWER_PORT']}"
    datasource = read_yaml(MONITORING / "grafana" / "provisioning" / "datasources" / "prometheus.yml")
    assert datasource["datasources"][0]["url"] == f"http://prometheus:{9090}"


def test_what_is_mounted_and_made_is_there() -> None:
    declared = read_yaml(COMPOSE)
    for name, service in services().items():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (ROOT / source).exists(), (name, volume)
                assert volume.endswith(":ro"), (name, volume)
            else:
                assert source == "/" or source in declared["volumes"], (name, volume)
        assert set(service.get("networks", ())) <= set(declared["networks"]), name
        assert set(service.get("depends_on", ())) <= set(services()), name
        assert set(service.get("secrets", ())) <= set(declared["secrets"]), name
    # Compose copies what is no file into a container's root, which is read-only.
    assert all(set(secret) == {"file"} for secret in declared["secrets"].values())


def test_images_are_pinned_short_names() -> None:
    images = [service["image"] for name, service in services().items() if name not in ours()]
    images += re.findall(r"^FROM (\S+)", DOCKERFILE.read_text("utf-8"), re.MULTILINE)
    for image in images:
        name, _, tag = image.partition(":")
        assert tag, image
        assert tag != "latest", image
        assert "." not in name, image


def test_the_image_is_ours_alone_compiled_and_nobody_s() -> None:
    text = DOCKERFILE.read_text("utf-8")
    build, run = re.split(r"^FROM ", text, flags=re.MULTILINE)[1:]
    assert "--require-hashes -r /tmp/requirements.lock" in build
    assert "compileall" in build
    assert "PYTHONDONTWRITEBYTECODE" not in text
    assert "://" not in text
    user = re.search(r"^USER (\w+)$", run, re.MULTILINE)
    assert user is not None
    assert run.index("USER ") < run.index("CMD ")
    assert f"--uid {_owner_of_counts()} " in run


def _owner_of_counts() -> str:
    options: str = read_yaml(COMPOSE)["volumes"]["counts"]["driver_opts"]["o"]
    return dict(option.split("=") for option in options.split(","))["uid"]


def test_one_service_builds_the_image_and_the_others_take_it() -> None:
    """Compose marks an image with the service it was built for: with several, each `up` would replace the rest."""
    assert [name for name, service in services().items() if "build" in service] == ["migrate"]


def test_the_image_holds_the_source_it_offers_and_nothing_else() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE.read_text("utf-8"), re.MULTILINE)
    assert copied == ["requirements.lock", "."]
    let_through = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text("utf-8"), re.MULTILINE)
    assert let_through == sorted(source.FILES + source.FOLDERS)
    assert all((ROOT / name).exists() for name in let_through)


def test_the_tool_itself_takes_it(tmp_path: Path) -> None:
    tool = _compose_tool()
    given = {name: "x" * 48 for name, how, _ in references() if how == ":?"}
    file = tmp_path / "filled.env"
    file.write_text("".join(f"{name}={value}\n" for name, value in given.items()))
    whole = _config(tool, file)
    assert whole.returncode == 0, whole.stderr
    file.write_text("".join(f"{name}={value}\n" for name, value in given.items() if name != "SECRET_KEY"))
    lacking = _config(tool, file)
    assert lacking.returncode != 0
    assert "SECRET_KEY" in lacking.stderr


def _compose_tool() -> list[str]:
    for tool in (["docker", "compose"], ["docker-compose"]):
        found = shutil.which(tool[0])
        if found and subprocess.run([found, *tool[1:], "version"], capture_output=True, check=False).returncode == 0:
            return [found, *tool[1:]]
    return pytest.skip("neither docker compose nor docker-compose is installed")


def _config(tool: list[str], environment: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*tool, "-f", str(COMPOSE), "--env-file", str(environment), "config", "-q"],
        env={"PATH": PATH, "HOME": str(environment.parent)},
        cwd=environment.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
