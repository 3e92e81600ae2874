"""What is known about one endpoint, and the steps of its latest test, for the pane beside the table."""

from __future__ import annotations

from collections.abc import Iterator

from tui.app.i18n import _, said
from tui.app.screens.endpoints.testing import Test
from tui.app.screens.endpoints.words import LASTS, STEPS, SUBJECTS, account, encryption, registry_title, store_title
from tui.app.widgets.detail_pane import Section
from tui.app.widgets.figures import time_text
from tui.app.widgets.fitted import fit, width
from tui.endpoints.model import Endpoint, LastTest
from tui.providers.abilities import abilities, vendor_at

_MARKS = {"ok": "✓", "failed": "✗", "skipped": "-"}


def fields_of(endpoint: Endpoint) -> Iterator[tuple[str, str]]:
    """Yield what the table has no room for."""
    parts = (registry_title(endpoint), endpoint.address, encryption(endpoint))
    yield _("Registry"), " · ".join(part for part in parts if part)
    lasts = _(LASTS[endpoint.store])
    kept = f"{store_title(endpoint)} ({lasts})" if lasts else store_title(endpoint)
    yield _("Account"), account(endpoint) if endpoint.store == "none" else f"{account(endpoint)} · {kept}"
    if endpoint.client_cert:
        yield _("Client cert"), str(endpoint.client_cert)
    if endpoint.proxy:
        yield _("Proxy"), endpoint.proxy
    if endpoint.note:
        yield _("Note"), endpoint.note


def sections_of(endpoint: Endpoint, test: Test | None) -> list[Section]:
    """Return the test: of this opening of the app with its steps, else what was kept of the latest."""
    if test is not None:
        tested = list(_steps(test))
    elif endpoint.last_test is None:
        tested = [_("never: t tests it step by step")]
    else:
        tested = [last_test(endpoint.last_test)]
    # What went wrong needs the room there is.
    went_wrong = test is not None and test.outcome is not None and not test.outcome.ok
    can = [] if went_wrong else list(_abilities(endpoint))
    return [Section(_("Connection test"), tested), *([Section(_("What it can do"), can)] if can else [])]


def _abilities(endpoint: Endpoint) -> Iterator[str]:
    labels = max(width(_(subject)) for subject in SUBJECTS.values())
    for each in abilities(vendor_at(endpoint)):
        yield f"{fit(_(SUBJECTS[each.subject]), labels)}  {said(each.words)}"


def last_test(test: LastTest) -> str:
    """Return when and how the latest test went."""
    when = time_text(test.at)
    if test.ok:
        return _("{when}: all well, {latency} ms").format(when=when, latency=test.latency_ms)
    return f"{when}: {outcome_text(test)}"


def why_failed(test: Test) -> str:
    """Return why a test of this opening of the app failed, '' when it did not."""
    failed = next((step for step in test.steps if step.state == "failed"), None)
    return f"{_(STEPS[failed.name])}: {said(failed.detail)}" if failed else said(test.problem)


def outcome_text(test: LastTest) -> str:
    """Return why a test failed. It is kept in English with the endpoint: what has values of its own stays so."""
    title, colon, detail = test.message.partition(": ")
    return f"{_(title)}{colon}{_(detail)}"


def _steps(test: Test) -> Iterator[str]:
    titles = max(width(_(title)) for title in STEPS.values())
    # Of a test that is over the step that failed comes first: a low screen shows it and what to do about it.
    over = test.outcome is not None
    for step in sorted(test.steps, key=lambda step: over and step.state != "failed"):
        if step.state == "skipped" and test.outcome and not test.outcome.ok and _failed_before(test, step.name):
            continue
        yield f"{_MARKS[step.state]} {fit(_(STEPS[step.name]), titles)}  {said(step.detail)}"
        if step.hint and step.state == "failed":
            yield f"  {' ' * titles}  › {said(step.hint)}"
    if test.next_step is not None:
        yield f"► {fit(_(STEPS[test.next_step]), titles)}  " + _("trying…")
    if test.problem:
        yield f"✗ {said(test.problem)}"
        if test.hint:
            yield f"  › {said(test.hint)}"


def _failed_before(test: Test, name: str) -> bool:
    """Return whether a step was not tried because of an earlier one: that one says it all."""
    names = [step.name for step in test.steps if step.state == "failed"]
    order = list(STEPS)
    return bool(names) and order.index(name) > order.index(names[0])
