"""`rft registry …` as a user types it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from project_kit import document, grader, settings, with_cases
from warm import run_warm

from grader_registry.document import Document
from grader_registry.project.lock import read_lock
from grader_registry.stores.folder import FolderStore
from grader_registry.stores.opening import open_store
from grader_registry.stores.store import WritableStore

HOSTILE = "[red]paid[/red] [link=http://evil]here[/link] :boom: {0} \\[x]"


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    store = FolderStore.create(tmp_path / "specs", "../specs")
    store.publish(document())
    return store


@pytest.fixture
def project(tmp_path: Path, store: FolderStore) -> Path:
    return settings(tmp_path / "project", "../specs")


def registry(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    done = run_warm(["registry", *arguments], folder)
    assert "Traceback" not in done.stderr
    return done


def test_help_is_light(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom grader_registry.plugin import rft_register_commands as commands\n"
        "assert set(commands()) == {'registry'}\nprint(*sys.modules)"
    )
    command = [sys.executable, "-c", code]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert "typer" in loaded
    heavy = {"rich", "torch", "jinja2", "semantic_version", "rfc8785", "grader_registry.document"}
    assert not heavy & set(loaded)


def test_from_init_to_verify(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    done = registry(folder, "init", "../team-specs")
    assert done.returncode == 0, done.stderr
    assert "made an empty store: ../team-specs" in done.stdout
    assert 'stores = [\n    "../team-specs",\n]' in (folder / "rft.toml").read_text()
    FolderStore(tmp_path / "team-specs", "").publish(with_cases(document(version="1.2.0")))

    found = registry(folder, "search", "labels", "f1")
    assert "legal/tags" in found.stdout
    assert "1.2.0" in found.stdout

    shown = registry(folder, "show", "legal/tags").stdout
    assert "legal/tags@1.2.0  (reward, Apache-2.0)" in shown
    assert "owners: Legal <legal@example.org>" in shown
    assert "  reference_answer: the right labels" in shown
    assert "grade card: none" in shown
    assert 'reward: {use: "legal/tags@^1.2.0"}' in shown

    added = registry(folder, "add", "legal/tags@^1")
    assert added.returncode == 0, added.stderr
    assert re.search(r"legal/tags@1\.2\.0 added  \(sha256:[0-9a-f]{12}, from ../t", added.stdout)
    assert 'use it as reward: {use: "legal/tags@^1"}' in added.stdout

    verified = registry(folder, "verify", "--cases")
    assert verified.returncode == 0
    assert "1 spec is as published and locked, their cases score" in verified.stdout


def test_init_overwrites_nothing(project: Path) -> None:
    before = (project / "rft.toml").read_bytes()
    done = registry(project, "init", "../other")
    assert done.returncode == 2
    assert "is there already" in done.stderr
    assert (project / "rft.toml").read_bytes() == before
    assert not (project.parent / "other").exists()


def test_init_with_an_empty_repository(tmp_path: Path) -> None:
    bare = tmp_path / "specs.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(bare)], check=True)
    folder = tmp_path / "project"
    folder.mkdir()
    done = registry(folder, "init", "../specs.git@main")
    assert done.returncode == 0, done.stderr
    assert "nothing found" in registry(folder, "search", "tags").stdout
    store = open_store("../specs.git@main", folder)
    assert isinstance(store, WritableStore)
    store.publish(document())
    added = registry(folder, "add", "legal/tags")
    assert added.returncode == 0, added.stderr
    assert read_lock(folder / "rft.lock").entries[0].store == "../specs.git@main"


def test_init_refuses_what_is_no_address_and_makes_nothing(tmp_path: Path) -> None:
    done = registry(tmp_path, "init", "specs", "ftp://specs.example.org")
    assert done.returncode == 2
    assert list(tmp_path.iterdir()) == []


def test_the_document_is_printed_as_it_was_published(project: Path) -> None:
    done = registry(project, "show", "legal/tags", "--json")
    assert Document.read(done.stdout.removesuffix("\n").encode(), "stdout") == document()


def test_a_verdict_and_its_measures_are_shown(project: Path, store: FolderStore) -> None:
    from rft_core.testing.card import _ADAPTER, GradeCard
    from rft_core.testing.thresholds import Measure

    measure = Measure("agreement", "cases as expected, share", 0.5, 0.9, met=False, loosened=False)
    card = GradeCard(
        1, "tags", "1", "d", True, {}, [], (0, 1), "2026-01-01", False, [measure], None, 0, [], [],
        [], [], None, {}, None,
    )  # fmt: skip
    plain = json.loads(_ADAPTER.dump_json(card))
    store.publish(document(version="1.1.0", card=plain))
    shown = registry(project, "show", "legal/tags").stdout
    assert "grade card: NOT passed" in shown
    assert "cases as expected, share: 0.5 (at least 0.9, NOT met)" in shown
    assert "grade card: NOT passed" in registry(project, "add", "legal/tags").stdout


def test_a_card_that_is_none_is_said(project: Path, store: FolderStore) -> None:
    store.publish(document(version="1.1.0", card={"passed": "[red]", "measures": 3}))
    shown = registry(project, "show", "legal/tags").stdout
    assert "grade card: NOT passed\n  its measures cannot be read" in shown


def test_in_ci_the_lock_is_never_changed(project: Path) -> None:
    done = registry(project, "add", "legal/tags@^1", "--frozen")
    assert done.returncode == 2
    assert "rft registry add 'legal/tags@^1'" in done.stderr
    assert registry(project, "add", "legal/tags@^1").returncode == 0
    before = (project / "rft.lock").read_bytes()
    shutil.rmtree(project / "rft_specs")
    done = registry(project, "add", "--frozen")
    assert "legal/tags@1.0.0 written anew" in done.stdout
    assert (project / "rft.lock").read_bytes() == before
    assert registry(project, "verify").returncode == 0


def test_a_folder_below_is_the_same_project(project: Path) -> None:
    (project / "tasks").mkdir()
    assert registry(project / "tasks", "add", "legal/tags").returncode == 0
    assert (project / "rft.lock").is_file()
    assert registry(project.parent, "verify", "--project", "project").returncode == 0


def test_verify_tells_of_differences_with_exit_code_1(project: Path) -> None:
    registry(project, "add", "legal/tags")
    path = project / "rft_specs/legal/tags/1.0.0/s.json"
    path.write_text("{}")
    done = registry(project, "verify")
    assert done.returncode == 1
    assert f"error: {path}: not what legal/tags@1.0.0 was published with" in done.stdout


def test_an_update_shows_what_changed_and_which_scores_move(
    project: Path, store: FolderStore
) -> None:
    store.publish(with_cases(document(version="1.1.0")))
    registry(project, "add", "legal/tags@^1")
    reward = json.loads(document().data)["reward"]
    reward["graders"]["f1"]["config"] = {"labels": "$.labels[*]", "metric": "precision"}
    changes = [{"version": "1.2.0", "date": "2026-02-03", "changes": f"Precision. {HOSTILE}"}]
    store.publish(with_cases(document(version="1.2.0", reward=reward, changelog=changes)))
    done = registry(project, "update")
    assert done.returncode == 0, done.stderr
    assert "legal/tags 1.1.0 -> 1.2.0" in done.stdout
    assert f"1.2.0 (2026-02-03): Precision. {HOSTILE}" in done.stdout
    assert "1 of 3 cases move" in done.stdout
    assert "0.8 -> 0.6667" in done.stdout
    assert "legal/tags@1.2.0 is the newest for" in registry(project, "update").stdout
    assert registry(project, "verify", "--cases").returncode == 0


def test_what_others_wrote_is_printed_as_it_is(project: Path, store: FolderStore) -> None:
    texts = {"description": HOSTILE, "notes": HOSTILE, "columns": {"a[b]": HOSTILE}}
    store.publish(document(version="1.1.0", **texts, owners=[HOSTILE], keywords=[HOSTILE]))
    assert registry(project, "show", "legal/tags").stdout.count(HOSTILE) == 5
    assert HOSTILE in registry(project, "add", "legal/tags").stdout
    assert "[red]paid[/red]" in registry(project, "search").stdout


def test_errors_hold_no_control_characters(project: Path, store: FolderStore) -> None:
    config = {"labels": "$.labels[*]", "\x1b[31m\u202ered": 1}
    store.publish(grader(grader={"use": "multilabel", "config": config}))
    done = registry(project, "add", "legal/f1")
    assert done.returncode == 2
    assert "\\x1b[31m\\u202ered" in done.stderr
    assert "\x1b" not in done.stderr
    done = registry(project, "add", "legal/\x1b[31m")
    assert done.returncode == 2
    assert "\x1b" not in done.stderr


def test_a_yanked_version_is_warned_of(project: Path, store: FolderStore) -> None:
    store.yank("legal/tags", "1.0.0", "it pays for empty answers")
    done = registry(project, "add", "legal/tags")
    assert done.returncode == 2
    done = registry(project, "add", "legal/tags@1.0.0")
    assert "warning: legal/tags@1.0.0 is yanked: it pays for empty answers" in done.stdout
    assert "yanked: it pays" in registry(project, "search").stdout


def test_what_is_asked_and_sent_is_told(
    project: Path, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEAM_API_KEY", "none")
    endpoint = {"base_url": "http://localhost:8123/v1", "api_key_env": "TEAM_API_KEY"}
    config = {"model": "m", "instructions": "Grade.", "endpoint": endpoint}
    config["verdict"] = {"mode": "score", "range": [0, 10]}
    judge = {"use": "judge", "config": config}
    store.publish(grader(grader=judge, requires={}, graders={"judge": "99"}))
    done = registry(project, "add", "legal/f1")
    assert done.returncode == 2
    assert "http://localhost:8123 if the project allows it" in done.stderr
    settings(project, "../specs", allow_hosts=["http://localhost:8123"])
    done = registry(project, "add", "legal/f1")
    assert done.returncode == 0, done.stderr
    assert "asks http://localhost:8123" in done.stdout
    assert "sends keys out of TEAM_API_KEY" in done.stdout
    assert "published with version 99 of 'judge'" in done.stdout


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="signatures need ssh-keygen")
def test_where_signers_are_named_everything_has_to_be_signed(
    project: Path, store: FolderStore, tmp_path: Path
) -> None:
    from grader_registry.publishing.signing import sign

    key = tmp_path / "key"
    for path in (key, tmp_path / "other"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)]
        subprocess.run(command, check=True)
    public = key.with_suffix(".pub").read_text()
    (project / "signers").write_text(f"ada@example.org {public}")
    settings(project, "../specs", allowed_signers="signers")
    done = registry(project, "add", "legal/tags@1.0.0")
    assert done.returncode == 2
    assert "is not signed" in done.stderr
    for version, with_key in (("1.1.0", key), ("1.2.0", tmp_path / "other")):
        new = document(version=version)
        store.publish(new, sign(new.data, with_key))
    assert registry(project, "add", "legal/tags@1.2.0").returncode == 2
    assert not (project / "rft.lock").exists()
    done = registry(project, "add", "legal/tags@1.1.0")
    assert "signed by ada@example.org" in done.stdout
    assert read_lock(project / "rft.lock").entries[0].signer == "ada@example.org"


def test_update_says_how_ranges_are_given(project: Path) -> None:
    done = registry(project, "update", "legal/tags@^2")
    assert done.returncode == 2
    assert "--to" in done.stderr
    done = registry(project, "update", "--to", "^2")
    assert done.returncode == 2


def test_publish_diff_yank_and_site_are_there(tmp_path: Path) -> None:
    for command in ("publish", "diff", "yank", "site"):
        assert registry(tmp_path, command, "--help").returncode == 0


PAGE = Path(__file__).resolve().parents[2] / "docs" / "registry.md"
INSTEAD = {"rft train task.yaml": "rft check task.yaml"}  # there is no model here


@pytest.mark.slow
def test_two_teams_in_ten_commands_as_the_documentation_has_it(tmp_path: Path) -> None:
    section = PAGE.read_text().split("\n## Two teams in ten commands\n")[1].split("\n## ")[0]
    for name, text in re.findall(
        r"^`(\S+)`:\n\n```\w+\n(.*?)```$", section, re.MULTILINE | re.DOTALL
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    scripts = re.findall(r"^```sh\n(.*?)```$", section, re.MULTILINE | re.DOTALL)
    assert sum(line.startswith("rft") for text in scripts for line in text.splitlines()) == 9
    rows = [{"topic": one, "reference_answer": [one]} for one in ("law", "energy", "trade")]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    task = {
        "data": {"train": "train.jsonl"},
        "messages": [{"role": "user", "content": "{{ item.topic }}?"}],
        "reference": '{"topics": ["{{ item.topic }}"]}',
        "reward": {"use": "legal/topics@^1"},
    }
    (tmp_path / "task.yaml").write_text(json.dumps(task))
    for script in scripts:
        folder = tmp_path
        for line in script.splitlines():
            program, *words = INSTEAD.get(line, line).split()
            if program == "cd":
                folder = tmp_path / words[0]
            if program == "rft":
                done = run_warm(words, folder)
                assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    assert "legal/topics@1.0.0" in {one.title for one in read_lock(tmp_path / "rft.lock").entries}
