"""What is written for systemd, Kubernetes and cron, read by those who will read it."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from tui.plan.model import Plan
from tui.plan.notify import Notify
from tui.plan.rule_text import make_rule
from tui.plan.toml_file import format_plan
from tui.repeat.times import Times
from tui.repeat.written.crontab import crontab_files
from tui.repeat.written.job import Job
from tui.repeat.written.kubernetes import kubernetes_files
from tui.repeat.written.systemd import systemd_files

NAME = 'Nächtlich 100% "prod"\n$HOME; rm -rf'
PLAN = Plan(
    NAME,
    (make_rule("harbor.example.com/library/*", "acr.example.com/mirror/{name}"),),
    notify=Notify(url_env="HOOK", secret_env="HOOK_SECRET", shape="dingtalk"),
)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    folder = tmp_path / "a folder 50%$X"
    folder.mkdir()
    plan_file = folder / 'pl"an.toml'
    plan_file.write_text(format_plan(PLAN))
    times = Times.parse("30 2 1,15 * 1-5", "Asia/Shanghai")
    environ = {"REGFERRY_STATE_DIR": str(folder), "HOOK": "s3cret", "REGFERRY_CONFIG_DIR": "/c"}
    return Job(PLAN, plan_file, times, 300.0, ("--retries", "2"), environ)


def test_a_name_that_units_and_objects_may_have(job: Job) -> None:
    assert job.name == "regferry-n-chtlich-100-prod-home-rm-rf"
    assert len(Job(Plan("x" * 200, ()), job.plan_file, job.times).name) <= 52
    assert Job(Plan("夜间", ()), job.plan_file, job.times).name == "regferry-plan"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")
def test_systemd_takes_both_units(job: Job, tmp_path: Path) -> None:
    paths = []
    for name, text in systemd_files(job).items():
        (tmp_path / name).write_text(text)
        paths.append(str(tmp_path / name))
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *paths], capture_output=True, text=True,
        check=False, env={"PATH": "/usr/bin:/bin", "SYSTEMD_LOG_LEVEL": "warning"},
    )  # fmt: skip
    complaints = [line for line in checked.stderr.splitlines() if job.name in line]
    assert complaints == []
    assert checked.returncode == 0, checked.stderr


def test_the_service_runs_the_plan_where_it_is(job: Job) -> None:
    service, timer = systemd_files(job).values()
    (line,) = [line for line in service.splitlines() if line.startswith("ExecStart=")]
    words = shlex.split(line.removeprefix("ExecStart="))
    assert [word.replace("%%", "%").replace("$$", "$") for word in words] == job.command()
    assert "EnvironmentFile=-/etc/regferry/" in service
    assert timer.count("OnCalendar=") == 2
    assert "RandomizedDelaySec=300s" in timer


def test_no_secret_is_written_anywhere(job: Job) -> None:
    texts = [*systemd_files(job).values(), *kubernetes_files(job, "r/i:1").values(), *crontab_files(job).values()]
    assert not any("s3cret" in text for text in texts)


def test_kubernetes_gets_the_plan_and_forbids_overlaps(job: Job) -> None:
    (text,) = kubernetes_files(job, "registry.example.com/regferry:1", endpoints='# "e"\n[x]\n').values()
    plan, cron = yaml.safe_load_all(text)
    assert tomllib.loads(plan["data"]["plan.toml"]) == tomllib.loads(format_plan(PLAN))
    assert plan["data"]["endpoints.toml"] == '# "e"\n[x]\n'
    spec = cron["spec"]
    assert (cron["apiVersion"], cron["kind"]) == ("batch/v1", "CronJob")
    assert (spec["schedule"], spec["timeZone"], spec["concurrencyPolicy"]) == (
        "30 2 1,15 * 1-5", "Asia/Shanghai", "Forbid",
    )  # fmt: skip
    pod = spec["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["args"] == ["run", "/etc/regferry/plan/plan.toml", "--no-overlap", "--retries", "2"]
    assert container["envFrom"] == [{"secretRef": {"name": f"{job.name}-env", "optional": False}}]
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    assert mounted == {volume["name"] for volume in pod["volumes"]}
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert "--from-literal=HOOK=... --from-literal=HOOK_SECRET=..." in text


def test_cron_gets_one_line_with_its_zone(job: Job) -> None:
    (text,) = crontab_files(job).values()
    zone, *variables, line = text.splitlines()
    assert zone == "CRON_TZ=Asia/Shanghai"
    assert any(each.startswith("REGFERRY_STATE_DIR=") for each in variables)
    command = line.removeprefix("30 2 1,15 * 1-5 ")
    assert shlex.split(command.replace("\\%", "%")) == job.command()


def test_the_command_line_says_it_all(job: Job) -> None:
    words = shlex.split(job.foreground())
    assert words[:3] == ["regferry", "schedule", str(job.plan_file)]
    times = ["--cron", "30 2 1,15 * 1-5", "--timezone", "Asia/Shanghai", "--jitter", "300s"]
    assert words[3:] == [*times, "--", "--retries", "2"]
