"""The site of a store, read back from its files: structure, escaping, links, folders."""

from __future__ import annotations

import html
import json
import re
import shlex
import sys
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from site_store import BIDI, HOSTILE, HUGE, LyingStore, MemoryStore, cases, spec, store

from grader_registry.document import Document
from grader_registry.errors import IntegrityError, StoreError
from grader_registry.site.build import MAX_COMPARED, SiteSummary, build_site
from grader_registry.site.compare import compare
from grader_registry.site.composition import flow, in_words
from grader_registry.site.drawing import wrapped
from grader_registry.site.folder import MARKER
from grader_registry.site.text import linked, visible
from grader_registry.stores.folder import FolderStore
from grader_registry.stores.layout import newest
from rft_core.errors import UsageError

TIMES = "\N{MULTIPLICATION SIGN}"
VOID = {"meta", "link", "input", "br", "path", "rect"}


class Page(HTMLParser):
    """A page: its elements, its texts by element, and whether its tags are balanced."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(set(names)) == len(names), (tag, names)
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, self.getpos()

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((self._open[-1] if self._open else "", data))

    def text(self) -> str:
        return "".join(text for _, text in self.texts)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def ids(self) -> list[str]:
        return [attributes["id"] for _, attributes in self.tags if "id" in attributes]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("site") / "out"
    build_site(store(), output)
    return output


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Page]:
    return {path.relative_to(site).as_posix(): Page(path) for path in site.rglob("*.html")}


def test_summary_and_progress(tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    summary = build_site(store(), tmp_path / "a" / "out", on_written=lambda *one: seen.append(one))
    assert summary == SiteSummary(tmp_path / "a" / "out", specs=10, versions=14, yanked=2)
    assert [done for _, done, _ in seen] == list(range(1, 11))
    assert {total for _, _, total in seen} == {10}


def test_a_folder_store_reads_the_site(site: Path) -> None:
    made, served = store(), FolderStore(site, "the site")
    assert served.entries() == made.entries()
    for entries in made.entries().values():
        for entry in entries:
            assert served.read(entry).data == made.read(entry).data
            assert served.signature(entry) == made.signature(entry)


def test_index_json_is_of_the_common_form(site: Path) -> None:
    index = json.loads((site / "index.json").read_text())
    assert index["index"] == 1
    versions = index["specs"]["legal/eurovoc-f1"]
    assert list(versions) == ["1.0.0", "1.1.0", "2.0.0"]
    assert versions["1.1.0"]["yanked"] == "pays for labels that are there twice"
    assert versions["1.1.0"]["passed"] is False
    assert "yanked" not in versions["2.0.0"]


def test_every_page_is_sound(pages: dict[str, Page]) -> None:
    assert len(pages) == 11
    for page in pages.values():
        assert len(set(page.ids)) == len(page.ids)
        assert len(page.all("h1")) == len(page.all("main")) == 1
        assert page.tags[0][0] == "html"
        assert page.all("html") == [{"lang": "en"}]
        levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
        assert all(after <= before + 1 for before, after in pairwise(levels))
        for kind in ("aria-labelledby", "aria-describedby", "for"):
            wanted = [one[kind] for _, one in page.tags if kind in one]
            assert set(wanted) <= set(page.ids)


def test_what_scrolls_is_reached_by_keyboard(pages: dict[str, Page]) -> None:
    for page in pages.values():
        regions = [one for one in page.all("div") if one.get("class") == "scroll"]
        assert len(regions) == len(page.all("table"))
        assert all(one["tabindex"] == "0" and one["aria-label"] for one in regions)
        assert all(one.get("tabindex") == "0" for one in page.all("pre"))


def test_links_lead_somewhere(site: Path, pages: dict[str, Page]) -> None:
    for page in pages.values():
        addresses = [one["href"] for tag in ("a", "link") for one in page.all(tag)]
        addresses += [one["src"] for one in page.all("script")]
        for address in addresses:
            parts = urlsplit(address)
            if parts.scheme:
                assert parts.scheme in {"http", "https"}
                continue
            target = (page.path.parent / parts.path).resolve() if parts.path else page.path
            assert target.is_file(), address
            assert target.is_relative_to(site), address
            if parts.fragment:
                assert parts.fragment in page.ids


def test_links_outward_give_nothing_away(pages: dict[str, Page]) -> None:
    outward = [one for page in pages.values() for one in page.all("a") if ":" in one["href"]]
    assert len(outward) > 3
    assert all("noopener" in one["rel"].split() for one in outward)


def test_nothing_in_a_document_becomes_markup(pages: dict[str, Page]) -> None:
    for name, page in pages.items():
        sources = {one.get("src", "") for one in page.all("script")}
        root = "" if name == "index.html" else "../../"
        assert sources <= {f"{root}site.js", "cases.js"}
        assert not {"img", "iframe", "style", "object", "b", "form", "base"} & {
            tag for tag, _ in page.tags
        }
        assert not [key for _, one in page.tags for key in one if key.startswith("on")]
        assert not [one for _, one in page.tags if "style" in one]
        assert [text for tag, text in page.texts if tag == "script"] == []
    assert HOSTILE in pages["odd/hostile/index.html"].text()
    assert "{{ 7 * 7 }}" in pages["odd/hostile/index.html"].text()


def test_the_policy_lets_no_inline_script_run(pages: dict[str, Page]) -> None:
    for page in pages.values():
        policies = [
            one["content"]
            for one in page.all("meta")
            if one.get("http-equiv") == "Content-Security-Policy"
        ]
        assert len(policies) == 1
        assert "default-src 'none'" in policies[0]
        assert "unsafe" not in policies[0]


def test_what_is_not_seen_is_written_out(site: Path) -> None:
    for path in [*site.rglob("*.html"), *site.rglob("*.js")]:
        text = path.read_text(encoding="utf-8")
        assert all(one.isprintable() or one in "\n\t" for one in text), path
    assert "[U+202E]" in (site / "odd/hostile/index.html").read_text()


def test_visible() -> None:
    assert visible(BIDI) == "right[U+202E]to left[U+2066][U+200B][U+001B][31m"
    assert visible("é\xa0à\n\tx") == "é\xa0à\n\tx"
    assert visible("\ud800\x00\u2028") == "[U+D800][U+0000][U+2028]"


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("see https://example.org/a?b=1&c=2.", ["https://example.org/a?b=1&c=2"]),
        ("(http://example.org) and https://b.example", ["http://example.org", "https://b.example"]),
        ("javascript:alert(1) data:text/html,x ftp://example.org", []),
        ("https://bank.example@evil.example/", []),
        ("https:// http://[broken", []),
        ('https://example.org/"onclick="x', ["https://example.org/"]),
        ("https://ex\u0430mple.org", ["https://ex"]),
        ("https://example.org/\u202egpj.exe", ["https://example.org/"]),
    ],
)
def test_links_in_texts(text: str, addresses: list[str]) -> None:
    found = linked(text)
    assert re.findall('href="([^"]*)"', found) == [one.replace("&", "&amp;") for one in addresses]
    assert html.unescape(re.sub("<[^>]*>", "", found)) == visible(text)


def test_the_page_is_about_the_highest_release_that_is_not_yanked() -> None:
    made = MemoryStore([spec("a/b", one) for one in ("1.0.0", "1.10.0", "1.9.0", "2.0.0-rc.1")])
    assert newest(made.versions("a/b")).version == "1.10.0"
    made.yank("a/b", "1.10.0", "wrong")
    assert newest(made.versions("a/b")).version == "1.9.0"
    for version in ("1.9.0", "1.0.0"):
        made.yank("a/b", version, "wrong")
    assert newest(made.versions("a/b")).version == "2.0.0-rc.1"
    made.yank("a/b", "2.0.0-rc.1", "wrong")
    assert newest(made.versions("a/b")).version == "1.10.0"


def test_a_spec_tells_how_to_use_it(pages: dict[str, Page]) -> None:
    text = pages["legal/eurovoc-f1/index.html"].text()
    assert "use: legal/eurovoc-f1@^2.0.0" in text
    assert "pip install 'rft-grader-jsonschema<0.2,>=0.1' 'rft-grader-multilabel<0.2,>=0.1'" in text
    assert "signature attached" in text
    assert "Yanked: pays for labels that are there twice" in text


def test_the_line_for_a_shell_quotes_what_is_in_it(pages: dict[str, Page]) -> None:
    texts = [text for _, text in pages["odd/hostile/index.html"].texts]
    (line,) = (text for text in texts if text.startswith("pip install"))
    assert shlex.split(line) == ["pip", "install", "evil===$HOME`id`'\""]


def _document(**more: object) -> Document:
    return Document.write(spec("a/b", **more), "a test")


def test_the_drawing_and_the_words_tell_the_composition() -> None:
    graders = {
        "valid": {"use": "json_schema", "gate": {"min": 1, "reward": -1}},
        "both": {"use": "math", "gate": {"min": 0.5}},
        "right": {"use": "math"},
        "seen": {"use": "math", "weight": 0},
    }
    shapers = [{"use": "clip", "config": {"max": 1}}]
    reward = {"graders": graders, "formula": "right * both", "shapers": shapers}
    told = flow(_document(reward=reward).spec)
    assert [one.name for one in told.gates] == ["both", "valid"]
    assert {one.name: one.kind for one in told.graders} == {
        "both": "grader",
        "right": "grader",
        "seen": "logged",
    }
    words = in_words(told)
    assert "Gate valid (json_schema): goes on with a score ≥ 1, else the result is -1." in words
    assert "Composed by formula: right * both." in words
    assert "Shaper clip (max: 1)." in words


def test_weights_are_drawn(pages: dict[str, Page]) -> None:
    page = pages["maths/word-problems/index.html"]
    drawn = [text for tag, text in page.texts if tag == "text"]
    assert {f"{TIMES} {one}" for one in (0.8, 0.15, 0.05)} | {"correct", "reward"} <= set(drawn)
    assert all(one["role"] == "img" and one["aria-label"] for one in page.all("svg"))


def test_a_formula_that_does_not_parse_is_drawn_all_the_same(tmp_path: Path) -> None:
    bad = {"graders": {"x": {"use": "math"}}, "formula": "x +* ("}
    build_site(MemoryStore([spec("a/b", reward=bad)]), tmp_path / "out")
    assert "x +* (" in Page(tmp_path / "out/a/b/index.html").text()


def test_long_names_stay_within_the_drawing(pages: dict[str, Page]) -> None:
    (page,) = (page for name, page in pages.items() if "long-long" in name)
    assert "and 46 more" in page.text()
    for svg in page.all("svg"):
        assert int(svg["height"]) < 4_000
    drawn = [text for tag, text in page.texts if tag == "text"]
    assert max(map(len, drawn)) < 85
    assert HUGE in page.text()


@pytest.mark.parametrize(
    ("text", "columns", "lines", "wanted"),
    [
        ("a b c", 3, 3, ["a b", "c"]),
        ("abcdef", 3, 3, ["abc", "def"]),
        ("abcdefghi", 3, 2, ["abc", "de…"]),
        ("", 3, 2, []),
        ("字字字", 4, 2, ["字字", "字"]),
    ],
)
def test_wrapped(text: str, columns: int, lines: int, wanted: list[str]) -> None:
    assert wrapped(text, columns, lines) == wanted


def test_neighbours_are_compared() -> None:
    one = {"graders": {"x": {"use": "math", "config": {"digits": 2}}}}
    other = {"graders": {"x": {"use": "math", "config": {"digits": 3, "unit": None}}}}
    old = _document(reward=one, files={"a": "1\n2", "b": "x"}, **cases(9)).spec
    new = _document(reward=other, files={"a": "1\n3"}, **cases(12, 0.25)).spec
    found = compare(old, new)
    assert ("reward.graders.x.config.digits", "2", "3") in found.changes
    assert ("reward.graders.x.config.unit", "\N{EN DASH}", "null") in found.changes
    assert len(found.changes) == 2
    assert [(one.name, one.what) for one in found.files] == [("a", "changed"), ("b", "removed")]
    assert [line for line in found.files[0].lines if line[0] in "+-"] == ["-2", "+3"]
    assert (found.moved, found.same, found.added, found.removed) == (3, 6, 3, 0)
    assert {move.id for move in found.moves} == {"case-0", "case-3", "case-6"}
    assert all(move.rises is False for move in found.moves)
    assert found.moves[0].completion == '{"label": "domain 0"}'


def test_scores_are_compared_where_item_and_completion_are_equal() -> None:
    def made(completions: str, scores: list[float | str | None]) -> Document:
        rows = [{"item": {}, "completion": one, "expected": 1} for one in completions]
        return _document(cases=rows, scores=scores)

    found = compare(made("aab", [1, 0, 1]).spec, made("baac", [1, 1, 0.5, 0]).spec)
    assert (found.moved, found.same, found.added, found.removed) == (1, 2, 1, 0)
    found = compare(made("ab", [1, None]).spec, made("ab", ["error", 0]).spec)
    assert [(one.before, one.after, one.rises) for one in found.moves] == [
        ("1", "error", None),
        ("not applicable", "0", None),
    ]
    assert not compare(_document().spec, made("a", [1]).spec).has_scores


def test_the_newest_versions_are_compared(tmp_path: Path) -> None:
    build_site(MemoryStore([spec("a/b", f"1.{minor}.0") for minor in range(24)]), tmp_path / "out")
    page = Page(tmp_path / "out/a/b/index.html")
    texts = [text for tag, text in page.texts if tag == "summary" and "Against" in text]
    assert len(texts) == MAX_COMPARED
    assert texts[0].startswith("Against 1.22.0: 0 options changed")
    assert {f"v1.{minor}.0" for minor in range(24)} <= set(page.ids)


def test_many_cases_stand_in_a_script_of_data(site: Path, pages: dict[str, Page]) -> None:
    page = pages["odd/many-cases/index.html"]
    assert len([one for one in page.all("tr") if "data-state" in one]) == 25
    assert page.path.stat().st_size < 60_000
    script = (site / "odd/many-cases/cases.js").read_text(encoding="ascii")
    rows = json.loads(script.removeprefix("window.rftCases=").removesuffix(";\n"))
    assert len(rows) == 5_000
    assert rows[0] == [
        "case-0",
        "What is the domain of act number 0?",
        '{"label": "domain 0"}',
        "0.25",
        "-0.25",
        "other than expected",
    ]
    assert not (site / "odd/hostile/cases.js").exists()


def test_the_data_of_hostile_cases_holds_no_markup(tmp_path: Path) -> None:
    rows = [{"id": f"{n}", "item": HOSTILE, "completion": BIDI, "expected": 1} for n in range(60)]
    build_site(MemoryStore([spec("a/b", cases=rows)]), tmp_path / "out")
    script = (tmp_path / "out/a/b/cases.js").read_text(encoding="ascii")
    assert "<" not in script
    assert json.loads(script[16:-2])[0][1] == HOSTILE


# Folders


def _tree(root: Path) -> dict[str, bytes]:
    found = root.rglob("*")
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in found if path.is_file()
    }


def test_the_same_store_gives_the_same_site(tmp_path: Path, site: Path) -> None:
    build_site(store(), tmp_path / "out")
    assert _tree(tmp_path / "out") == _tree(site)


def test_a_site_is_replaced_as_a_whole(tmp_path: Path) -> None:
    output = tmp_path / "out"
    output.mkdir()
    build_site(MemoryStore([spec("a/b", cases=cases(60)["cases"]), spec("c/d")]), output)
    assert (output / "a/b/cases.js").exists()
    build_site(MemoryStore([spec("a/b")]), output)
    assert set(_tree(output)) == {
        MARKER,
        "index.html",
        "index.json",
        "site.css",
        "site.js",
        "a/b/index.html",
        "a/b/1.0.0.json",
    }
    assert list(tmp_path.iterdir()) == [output]


def _not_a_site(output: Path) -> None:
    output.mkdir()
    (output / "thesis.txt").write_text("years of work")


def _a_site_with_more(output: Path) -> None:
    build_site(MemoryStore([spec("a/b")]), output)
    (output / "a/b/2.0.0.json").write_text("published here by hand")


def _a_site_in_git(output: Path) -> None:
    build_site(MemoryStore([spec("a/b")]), output)
    (output / ".git").mkdir()
    (output / ".git/HEAD").write_text("ref: refs/heads/pages")


def _a_broken_marker(output: Path) -> None:
    output.mkdir()
    (output / MARKER).write_text('{"files": 7}')


def _a_link(output: Path) -> None:
    build_site(MemoryStore([spec("a/b")]), output)
    (output / "more").symlink_to(output.parent, target_is_directory=True)


def _a_file(output: Path) -> None:
    output.write_text("a file")


@pytest.mark.parametrize(
    "make", [_not_a_site, _a_site_with_more, _a_site_in_git, _a_broken_marker, _a_link, _a_file]
)
def test_what_is_not_the_sites_is_not_overwritten(tmp_path: Path, make: object) -> None:
    output = tmp_path / "out"
    make(output)  # type: ignore[operator]
    before = _tree(tmp_path)
    with pytest.raises(StoreError) as caught:
        build_site(store(), output)
    assert str(output) in str(caught.value)
    assert _tree(tmp_path) == before


def test_a_site_that_cannot_be_finished_changes_nothing(tmp_path: Path) -> None:
    output = tmp_path / "out"
    build_site(MemoryStore([spec("a/b")]), output)
    before = _tree(tmp_path)
    with pytest.raises(IntegrityError, match=r"a/b@1\.0\.0"):
        build_site(LyingStore([spec("a/b")]), output)
    assert _tree(tmp_path) == before


def test_names_of_a_lying_store_do_not_leave_the_folder(tmp_path: Path) -> None:
    class Climbing(MemoryStore):
        def entries(self) -> dict[str, list[object]]:  # type: ignore[override]
            from dataclasses import replace

            (entry,) = self.versions("a/b")
            return {"../../x": [replace(entry, name="../../x")]}

        def read(self, entry: object) -> Document:  # type: ignore[override]
            return self._documents["a/b", "1.0.0"]

    with pytest.raises(IntegrityError):
        build_site(Climbing([spec("a/b")]), tmp_path / "in/out")
    assert _tree(tmp_path) == {}


def test_an_empty_store_has_a_page(tmp_path: Path) -> None:
    assert build_site(MemoryStore(), tmp_path / "out").specs == 0
    assert "The store has no specs yet." in Page(tmp_path / "out/index.html").text()


def test_the_title_is_escaped(tmp_path: Path) -> None:
    build_site(MemoryStore([spec("a/b")]), tmp_path / "out", title=HOSTILE)
    page = Page(tmp_path / "out/a/b/index.html")
    assert next(text for tag, text in page.texts if tag == "title") == f"a/b \N{EN DASH} {HOSTILE}"


def test_a_missing_template_library_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(UsageError) as caught:
        build_site(store(), tmp_path / "out")
    assert caught.value.hint == "pip install 'rft-core[site]'"
    assert list(tmp_path.iterdir()) == []
