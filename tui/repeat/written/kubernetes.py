"""A CronJob with its plan (kubernetes.io, "CronJob"; API batch/v1, `timeZone` since 1.27).

`concurrencyPolicy: Forbid` prevents overlaps, `startingDeadlineSeconds` makes up for one missed start at most. The plan
and the list of endpoints are a ConfigMap, since neither holds a secret; logins are a Secret in docker's form.
"""

from __future__ import annotations

from typing import Any

from tui.plan.toml_file import format_plan
from tui.repeat.written.calendar import kubernetes_schedule
from tui.repeat.written.job import Job

_DEADLINE = 3600
_USER = 65532
_HOME = "/home/regferry"
_PLAN = "plan.toml"
_HEAD = """\
# regferry: {plan}
# 1. Logins in docker's form:
#    kubectl create secret generic {name}-logins --from-file=config.json=$HOME/.docker/config.json
# 2. Variables with secrets{which}:
#    kubectl create secret generic {name}-env {literals}
# 3. kubectl apply -f {name}.yaml
# Runs are kept in an emptyDir and go with the pod; a PersistentVolumeClaim in its place keeps them.
"""


def kubernetes_files(job: Job, image: str, endpoints: str = "") -> dict[str, str]:
    """Return the text by its file name; `endpoints` is the endpoint list (TOML), '' for none.

    Raises TimesError for times that Kubernetes cannot say.
    """
    import yaml

    documents = [_config_map(job, endpoints), _cron_job(job, image, bool(endpoints))]
    names = job.secret_variables or ("NAME",)
    head = _HEAD.format(
        plan=" ".join(job.plan.name.split()),
        name=job.name,
        which="" if job.secret_variables else ", where an endpoint has its login in one",
        literals=" ".join(f"--from-literal={name}=..." for name in names),
    )
    text = yaml.dump_all(documents, Dumper=_dumper(), sort_keys=False, allow_unicode=True)
    return {f"{job.name}.yaml": head + str(text)}


def _dumper() -> Any:
    """Return a dumper that writes texts of several lines as such."""
    import yaml

    class Dumper(yaml.SafeDumper):
        pass

    def text(dumper: Any, value: str) -> Any:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)

    Dumper.add_representer(str, text)
    return Dumper


def _config_map(job: Job, endpoints: str) -> dict[str, Any]:
    data = {_PLAN: format_plan(job.plan)}
    if endpoints:
        data["endpoints.toml"] = endpoints
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": job.name}, "data": data}


def _cron_job(job: Job, image: str, with_endpoints: bool) -> dict[str, Any]:
    zone = {"timeZone": job.times.timezone} if job.times.timezone else {}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": job.name, "labels": {"app.kubernetes.io/name": "regferry"}},
        "spec": {
            "schedule": kubernetes_schedule(job.times),
            **zone,
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": _DEADLINE,
            "successfulJobsHistoryLimit": 3,
            "failedJobsHistoryLimit": 3,
            "jobTemplate": {"spec": {"backoffLimit": 0, "template": {"spec": _pod(job, image, with_endpoints)}}},
        },
    }


def _pod(job: Job, image: str, with_endpoints: bool) -> dict[str, Any]:
    environment = {"HOME": _HOME, "REGFERRY_STATE_DIR": f"{_HOME}/state", "DOCKER_CONFIG": "/etc/regferry/docker"}
    # The vault and the endpoint list belong to one folder; a run only reads it.
    environment["REGFERRY_CONFIG_DIR"] = "/etc/regferry/plan" if with_endpoints else f"{_HOME}/config"
    container: dict[str, Any] = {
        "name": "regferry",
        "image": image,
        "command": ["regferry"],
        "args": ["run", f"/etc/regferry/plan/{_PLAN}", "--no-overlap", *job.options],
        "env": [{"name": name, "value": value} for name, value in environment.items()],
        "envFrom": [{"secretRef": {"name": f"{job.name}-env", "optional": not job.secret_variables}}],
        "resources": {"requests": {"cpu": "500m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "plan", "mountPath": "/etc/regferry/plan", "readOnly": True},
            {"name": "logins", "mountPath": "/etc/regferry/docker", "readOnly": True},
            {"name": "home", "mountPath": _HOME},
            {"name": "tmp", "mountPath": "/tmp"},
        ],
    }
    return {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 120,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "fsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [
            {"name": "plan", "configMap": {"name": job.name}},
            {"name": "logins", "secret": {"secretName": f"{job.name}-logins", "optional": True}},
            {"name": "home", "emptyDir": {}},
            {"name": "tmp", "emptyDir": {}},
        ],
    }
