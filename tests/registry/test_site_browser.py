"""The site in a real browser: nothing is refused, and keyboard, search and colours work.

It is read from files, as from a disk, and over http. There has to be a Chromium.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from site_browser import NAMES, Browser, browser, chromium
from site_store import store

from grader_registry.site.build import build_site

pytestmark = [
    pytest.mark.skipif(chromium() is None, reason=f"there is none of {', '.join(NAMES)}"),
]

PAGES = (
    "index.html",
    "legal/eurovoc-f1/index.html",
    "maths/word-problems/index.html",
    "odd/hostile/index.html",
    "odd/many-cases/index.html",
    "old/retired/index.html",
)

CONTRAST = """
(() => {
  const parse = (text) => {
    const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number);
    return { rgb: [r, g, b], a };
  };
  const light = ({ rgb }) => rgb
    .map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const found = parse(getComputedStyle(node).backgroundColor);
      if (found.a === 1) return found;
    }
    return parse(getComputedStyle(document.body).backgroundColor);
  };
  const found = {};
  let texts = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !node.getClientRects().length) continue;
    texts += 1;
    const style = getComputedStyle(node), drawn = node instanceof SVGElement;
    const box = drawn && [...node.parentElement.children].find((one) => one.tagName === "rect");
    const back = box ? parse(getComputedStyle(box).fill) : ground(node);
    const [a, b] = [light(parse(drawn ? style.fill : style.color)), light(back)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) found[`${node.tagName}.${node.getAttribute("class")}`] = ratio;
  }
  return [texts, found];
})()
"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_site(store(), tmp_path_factory.mktemp("site") / "out").folder


@pytest.fixture(scope="module")
def served(site: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(site)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    executable = chromium()
    assert executable is not None
    with browser(executable, tmp_path_factory.mktemp("profile")) as one:
        yield one


@pytest.fixture
def tab(started: Browser) -> Browser:
    started.scripts(on=True)
    started.look(1200, 900)
    return started


@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_refused(tab: Browser, site: Path, served: str, page: str) -> None:
    for url in (f"file://{site / page}", f"{served}/{page}"):
        tab.open(url)
        assert tab.run("document.styleSheets.length") == 1
        assert tab.run("document.title") != "owned"
        hidden = "#search" if page == "index.html" else ".copy button"
        assert tab.run(f"document.querySelector('{hidden}').offsetHeight") > 0  # the script ran
        assert tab.complaints == []


def test_the_policy_refuses_an_inline_script(tab: Browser, site: Path) -> None:
    """The check of complaints sees one."""
    tab.open(f"file://{site}/index.html")
    tab.run(
        "const one = document.createElement('script'); one.textContent = 'window.owned = 1';"
        "document.body.append(one)"
    )
    assert tab.run("window.owned === undefined")
    assert tab.complaints


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 360])
def test_texts_can_be_read(tab: Browser, site: Path, scheme: str, width: int) -> None:
    tab.look(width, 900, scheme)
    grounds = set()
    for page in PAGES:
        tab.open(f"file://{site / page}")
        tab.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        texts, low = tab.run(CONTRAST)
        assert texts > 40
        assert low == {}, page
        grounds.add(tab.run("getComputedStyle(document.body).backgroundColor"))
    assert len(grounds) == 1
    assert (grounds == {"rgb(251, 251, 250)"}) == (scheme == "light")


@pytest.mark.parametrize("width", [360, 800])
def test_no_page_is_wider_than_the_screen(tab: Browser, site: Path, width: int) -> None:
    tab.look(width, 900)
    for path in site.rglob("*.html"):
        tab.open(f"file://{path}")
        tab.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        assert tab.run("document.documentElement.scrollWidth") <= width, path


def _shown(tab: Browser) -> list[str]:
    script = "[...document.querySelectorAll('#specs > li:not([hidden]) h2')].map(o => o.innerText)"
    found: list[str] = tab.run(script)
    return found


def test_search_by_keyboard(tab: Browser, site: Path) -> None:
    tab.open(f"file://{site}/index.html")
    names = sorted(store().entries())
    assert _shown(tab) == names
    tab.press("Tab")
    assert tab.run("document.activeElement.className") == "skip"
    assert tab.run("document.activeElement.getBoundingClientRect().left") >= 0
    assert tab.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    tab.press("Enter")
    assert tab.run("document.activeElement.id") == "main"
    tab.press("Tab")
    assert tab.run("document.activeElement.id") == "q"
    assert tab.run("document.activeElement.labels[0].innerText") == "Search"
    tab.type("eurovoc LAW")
    tab.wait("document.querySelector('#count').textContent === '1 of 10 specs'")
    assert _shown(tab) == ["legal/eurovoc-f1"]
    for _ in range(3):  # kind, grader, the first result
        tab.press("Tab")
    tab.press("Enter")
    tab.wait("document.querySelector('h1')?.innerText === 'legal/eurovoc-f1'")


def test_filters(tab: Browser, site: Path) -> None:
    tab.open(f"file://{site}/index.html")
    for _ in range(4):
        tab.press("Tab")
    assert tab.run("document.activeElement.id") == "kind"
    tab.press("ArrowDown")
    assert _shown(tab) == ["code/json-answer", "support/faithful-summary"]
    tab.run(
        "const field = document.querySelector('#grader'); field.value = 'judge';"
        "field.dispatchEvent(new Event('change'))"
    )
    assert _shown(tab) == ["support/faithful-summary"]
    tab.run("document.querySelector('#q').focus()")
    tab.type("no such thing")
    tab.wait("!document.querySelector('#empty').hidden")
    assert _shown(tab) == []
    tab.run("document.querySelector('#clear').focus()")
    tab.press("Enter")
    assert len(_shown(tab)) == 10
    assert tab.run("document.activeElement.id") == "q"


def _cases(tab: Browser) -> list[str]:
    found: list[str] = tab.run(
        "[...document.querySelectorAll('#case-table th[scope=row]')].map(o => o.innerText)"
    )
    return found


def test_pages_of_cases(tab: Browser, site: Path) -> None:
    tab.open(f"file://{site}/odd/many-cases/index.html")
    count = "document.querySelector('#case-count').textContent"
    tab.wait(f"{count} === '1 to 25 of 5,000 cases'")
    tab.run("document.querySelector('#case-next').focus()")
    tab.press("Enter")
    assert _cases(tab) == [f"case-{number}" for number in range(25, 50)]
    assert tab.run("document.activeElement.id") == "case-next"
    tab.run("document.querySelector('#case-q').focus()")
    tab.type("number 4999?")
    tab.wait(f"{count} === '1 to 1 of 1 that fit, of 5,000 cases'")
    assert _cases(tab) == ["case-4999"]
    assert tab.run("document.querySelector('#case-next').disabled")
    tab.run(
        "document.querySelector('#case-q').value = '';"
        "const field = document.querySelector('#case-state'); field.value = 'other than expected';"
        "field.dispatchEvent(new Event('change'))"
    )
    assert tab.run(count) == "1 to 25 of 1,667 that fit, of 5,000 cases"
    assert tab.complaints == []


def test_scrolling_tables_by_keyboard(tab: Browser, site: Path) -> None:
    tab.look(360, 900)
    tab.open(f"file://{site}/legal/eurovoc-f1/index.html")
    region = "document.querySelector('#case-table').parentElement"
    tab.run(f"{region}.focus()")
    tab.press("ArrowRight")
    tab.wait(f"{region}.scrollLeft > 0")


def test_without_scripts_the_lists_are_there(tab: Browser, site: Path) -> None:
    tab.scripts(on=False)
    tab.open(f"file://{site}/index.html")
    assert len(_shown(tab)) == 10
    assert tab.run("document.querySelector('#search').offsetHeight") == 0
    tab.open(f"file://{site}/odd/many-cases/index.html")
    assert len(_cases(tab)) == 25
    assert tab.run("document.querySelector('#case-filters').offsetHeight") == 0
    assert "The first 25 of 5,000" in tab.run("document.querySelector('#case-count').innerText")


def test_print_leaves_out_what_is_for_hands(tab: Browser, site: Path) -> None:
    tab.look(800, 900, "dark", media="print")
    tab.open(f"file://{site}/legal/eurovoc-f1/index.html")
    assert tab.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert tab.run("document.querySelector('.copy button').offsetHeight") == 0
    assert tab.run("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert len(tab.call("Page.printToPDF")["data"]) > 20_000
