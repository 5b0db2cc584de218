"""`rft registry publish`: from an authoring file to a version in a store.

Nothing is written anywhere before the store is given the whole document, at the end.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from grader_registry.cli.out import Out, plain_errors
from grader_registry.document import Change, Document
from grader_registry.errors import RegistryError
from grader_registry.project.settings import Project
from grader_registry.publishing.authoring import Authoring, read_authoring
from grader_registry.publishing.bump import Call, bump_of, called_for, is_smaller, lowest
from grader_registry.publishing.history import predecessor
from grader_registry.publishing.signing import check_key, sign
from grader_registry.publishing.target import target
from grader_registry.publishing.trial import Trial, examined
from grader_registry.publishing.yank import reason_for
from grader_registry.replay.comparison import replay
from grader_registry.stores.store import WritableStore
from rft_core.cli.test_report import print_card

MAX_CHANGES: Final = 1_000
"""So many a document holds; the oldest go."""


def publish_command(
    *,
    authoring: Path,
    to: str | None,
    sign: Path | None,
    bump_reason: str | None,
    dry_run: bool,
    project: Path,
) -> int:
    """Test a spec and publish it; return the exit code, 1 if it does not pass its tests.

    `project` is a folder of the project whose settings count. Raises `UsageError`.
    """
    with plain_errors():
        reason = None if bump_reason is None else reason_for("--bump-reason", bump_reason)
        if sign is not None:
            check_key(sign)
        return _Publishing(Out(), Project.find(project), reason, sign).run(authoring, to, dry_run)


@dataclass(frozen=True)
class _Publishing:
    out: Out
    project: Project
    reason: str | None
    key: Path | None

    def run(self, path: Path, to: str | None, dry_run: bool) -> int:
        permissions = self.project.permissions
        store = target(to, self.project)
        authoring = read_authoring(path, permissions)
        draft = authoring.draft
        before = predecessor(draft.spec, store)
        old = None if before is None else store.read(before)
        with self.out.working(f"testing {draft.title}"):
            own = authoring.own
            trial = examined(draft, own.thresholds, own.accept, permissions)
        print_card(self.out.console, trial.parsed)
        if not trial.parsed.passed:
            self.out.line(f"not published: {draft.title} does not pass its tests", "red")
            return 1
        change = self._change(old, authoring)
        document = _whole(authoring, trial, change, old)
        signature = None if self.key is None else sign(document.data, self.key)
        if not dry_run:
            store.publish(document, signature)
        self._tell(document, store, dry_run)
        return 0

    def _change(self, old: Document | None, authoring: Authoring) -> Change:
        """Return what the changelog says of the version. Raises `RegistryError` for its bump."""
        spec = authoring.spec
        today = dt.datetime.now(dt.UTC).date().isoformat()
        change = Change(version=spec.version, date=today, changes=authoring.own.changes)
        if old is None:
            self.out.line("the first version: there is nothing to compare it with")
            return change
        with self.out.working(f"comparing with {old.title}"):
            comparison = replay(old, authoring.draft, self.project.permissions)
        for note in comparison.notes:
            self.out.line(f"note: {note}", "yellow")
        call = called_for(comparison)
        overruled = self._judge(old, spec.version, call)
        return change.model_copy(update={"bump": call.bump, "overruled": overruled})

    def _judge(self, old: Document, version: str, call: Call) -> str | None:
        """Hold the version's bump against the one called for; return why it is overruled."""
        before = old.spec.version
        given = bump_of(before, version)
        self.out.line(f"compared with {old.title}, the scores call for a {call.bump} version:")
        for line in call.why:
            self.out.line(f"  {line}")
        if "-" in before:
            self.out.line(f"{before} is a pre-release, which promises nothing")
        elif is_smaller(given, call.bump):
            if self.reason is None:
                raise RegistryError(
                    f"{version} is a {given} version after {before}, and the scores call for a "
                    f"{call.bump} one",
                    hint=f"Publish it as {lowest(before, call.bump)}, or say why they mislead: "
                    "--bump-reason TEXT. It is recorded.",
                )
            self.out.line(f"overruled: {version} is a {given} version: {self.reason}", "yellow")
            return self.reason
        elif given != call.bump:
            self.out.line(f"{version} is a {given} version, which is more than needed")
        if self.reason is not None:
            self.out.line("--bump-reason is not recorded: nothing is overruled", "yellow")
        return None

    def _tell(self, document: Document, store: WritableStore, dry_run: bool) -> None:
        signed = "" if self.key is None else ", signed"
        done = "would be published to" if dry_run else "published to"
        self.out.line(f"{document.title} {done} {store.address}{signed}", "green")
        self.out.line(f"digest: {document.digest}")
        # To who has 1.2.0, ^1.2.0 gives what changes nothing for the worse.
        self.out.line(f"use: {document.spec.name}@^{document.spec.version}")


def _whole(authoring: Authoring, trial: Trial, change: Change, old: Document | None) -> Document:
    """Return the document with all that was measured. Raises `DocumentError`."""
    earlier = old.spec.changelog if old is not None else ()
    changelog = [change, *earlier][:MAX_CHANGES]
    scores = {"scores": trial.scores} if authoring.spec.cases else {}
    return authoring.document(
        card=trial.card,
        changelog=[one.model_dump(mode="json", exclude_none=True) for one in changelog],
        **scores,
    )
