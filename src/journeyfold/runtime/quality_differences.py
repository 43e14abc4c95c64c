"""Everything in which two systems differ, where a run keeps the first twenty (quality Q32)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from journeyfold.core.errors import UsageError
from journeyfold.project.compile import compile_project
from journeyfold.project.nearest import did_you_mean
from journeyfold.project.quality import Bound, bound_rules
from journeyfold.quality.registry import load_registry
from journeyfold.quality.result import Run
from journeyfold.quality.rule import Rule
from journeyfold.quality.side import reconciliation
from journeyfold.runtime.quality_run import Progress, rows_of
from journeyfold.runtime.quality_sets import own_side
from journeyfold.runtime.workspace import Workspace


def differences(workspace: Workspace, named: str, progress: Progress) -> list[str]:
    """A sentence a group or key, of what is recorded now; nothing is stored. `named` is the rule's
    id, or `<file>/<id>` where several files have one of it.
    """
    project = workspace.project_in_force()
    compiled = compile_project(project)
    bound = bound_rules(project, load_registry(project.schemas), compiled.bound.scope)
    each, rule = _meant(bound, named)
    assert rule.reconcile is not None, "it was looked for"
    now_us, (head, _) = workspace.clock.now_us(), workspace.log.head()
    run = Run(f"d-{now_us}", now_us, head, "", each.ruleset.dataset, project.hash)
    with rows_of(workspace, project, [each], run, progress) as (tables, engine):
        here, _ = own_side(each, tables, engine)
        far = tables.side(each, rule.reconcile.other, engine)
        sql = reconciliation(rule, each.ruleset.key, here, far, shown=True, most=0)
        return [str(row[0]) for row in engine.rows(sql)]


def _meant(bound: Sequence[Bound], named: str) -> tuple[Bound, Rule]:
    """UsageError unless it is one rule that reconciles."""
    known = {
        f"{PurePosixPath(each.path).stem}/{rule.id}": (each, rule)
        for each in bound
        for rule in each.ruleset.rules
        if rule.reconcile is not None
    }
    found = [name for name in known if named in {name, name.partition("/")[2]}]
    if len(found) == 1:
        return known[found[0]]
    if found:
        raise UsageError(f"several rules are called '{named}': say {' or '.join(found)}")
    hint = did_you_mean(named, [name.partition("/")[2] for name in known])
    raise UsageError(f"no rule '{named}' reconciles anything; {hint}")
