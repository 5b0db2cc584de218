"""Several stores with an order, installed packs, and addresses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from store_kit import document

from grader_registry.errors import IntegrityError, RegistryError, StoreError
from grader_registry.naming import Reference
from grader_registry.stores import packs
from grader_registry.stores.folder import FolderStore
from grader_registry.stores.git import GitStore
from grader_registry.stores.opening import open_store
from grader_registry.stores.packs import PackStore, open_pack
from grader_registry.stores.several import Stores
from grader_registry.stores.store import WritableStore
from grader_registry.stores.web import WebStore
from rft_core.plugins import plugin_manager

Make = Callable[[str], FolderStore]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    return lambda name: FolderStore.create(tmp_path / name, name)


def ref(text: str) -> Reference:
    return Reference.parse(text)


def test_the_highest_version_that_fits(make: Make) -> None:
    store = make("one")
    for version in ("1.0.0", "1.2.0", "1.10.0", "2.0.0", "3.0.0-rc.1"):
        store.publish(document(version=version))
    stores = Stores([store])
    for wanted, version in {
        "legal/f1": "2.0.0",
        "legal/f1@^1": "1.10.0",
        "legal/f1@~1.2": "1.2.0",
        "legal/f1@1.0.0": "1.0.0",
        "legal/f1@3.0.0-rc.1": "3.0.0-rc.1",
    }.items():
        entry, found = stores.find(ref(wanted))
        assert (entry.version, found) == (version, store)
    with pytest.raises(RegistryError) as caught:
        stores.find(ref("legal/f1@^4"))
    assert "no version of legal/f1 fits ^4" in str(caught.value)
    assert "There: 3.0.0-rc.1, 2.0.0, 1.10.0, 1.2.0, 1.0.0." in str(caught.value)


def test_the_first_store_with_the_name_decides(make: Make) -> None:
    ours, theirs = make("ours"), make("theirs")
    ours.publish(document(version="1.0.0"))
    theirs.publish(document(version="9.0.0"))
    theirs.publish(document("else/where"))
    stores = Stores([ours, theirs])
    assert stores.find(ref("legal/f1"))[0].version == "1.0.0"
    assert stores.find(ref("else/where"))[1] is theirs
    with pytest.raises(RegistryError, match=r"^ours: no version of legal/f1 fits \^9"):
        stores.find(ref("legal/f1@^9"))
    assert Stores([theirs, ours]).find(ref("legal/f1"))[0].version == "9.0.0"


def test_a_version_that_two_stores_have_differently(make: Make) -> None:
    ours, theirs = make("ours"), make("theirs")
    ours.publish(document(version="1.0.0"))
    ours.publish(document(version="2.0.0"))
    theirs.publish(document(version="2.0.0"))
    assert Stores([ours, theirs]).find(ref("legal/f1"))[1] is ours
    theirs.publish(document(version="1.0.0", notes="changed"))
    with pytest.raises(IntegrityError, match=r"in ours, and sha256:.* in theirs"):
        Stores([ours, theirs]).find(ref("legal/f1@^1"))
    assert Stores([ours, theirs]).find(ref("legal/f1@^2"))[0].version == "2.0.0"
    [problem] = Stores([ours, theirs]).search([]).problems
    assert problem.startswith("legal/f1@1.0.0 is sha256:")


def test_yanked_versions_are_taken_by_their_exact_name_alone(make: Make) -> None:
    store = make("one")
    store.publish(document(version="1.0.0"))
    store.publish(document(version="1.1.0"))
    store.yank("legal/f1", "1.1.0", "pays for nothing")
    stores = Stores([store])
    assert stores.find(ref("legal/f1"))[0].version == "1.0.0"
    assert stores.find(ref("legal/f1@1.1.0"))[0].yanked == "pays for nothing"
    with pytest.raises(RegistryError, match="those that would are yanked") as caught:
        stores.find(ref("legal/f1@^1.1"))
    assert "1.1.0 (yanked: pays for nothing), 1.0.0" in str(caught.value)
    [hit] = stores.search(["f1"]).hits
    assert hit.entry.version == "1.0.0"
    store.yank("legal/f1", "1.0.0", "neither")
    with pytest.raises(RegistryError, match="those that would are yanked"):
        stores.find(ref("legal/f1"))
    assert stores.search(["f1"]).hits[0].entry.yanked == "pays for nothing"


def test_a_name_that_is_nowhere(make: Make) -> None:
    store = make("one")
    store.publish(document())
    with pytest.raises(RegistryError, match=r"one: no store has legal/fl\n.*mean 'legal/f1'"):
        Stores([store]).find(ref("legal/fl"))
    with pytest.raises(RegistryError, match="no store to look for"):
        Stores([]).find(ref("legal/f1"))


def test_a_store_that_cannot_be_read(make: Make, tmp_path: Path) -> None:
    store, gone = make("one"), FolderStore(tmp_path / "gone", "gone")
    store.publish(document())
    for order in ([store, gone], [gone, store]):
        with pytest.raises(StoreError, match="gone: there is no such folder"):
            Stores(order).find(ref("legal/f1"))
        search = Stores(order).search(["f1"])
        assert [hit.entry.name for hit in search.hits] == ["legal/f1"]
        assert len(search.problems) == 1
        assert search.problems[0].startswith("gone: there is no such folder")
    (store.path / "legal/f1/2.0.0.json").write_text("{")
    assert "one: legal/f1@2.0.0: " in Stores([store]).search([]).problems[0]


def test_search_ranks_names_before_keywords_before_descriptions(make: Make) -> None:
    store = make("one")
    store.publish(document("a/other", description="Has dates in it"))
    store.publish(document("b/keyed", keywords=["dates"]))
    store.publish(document("c/dates"))
    store.publish(document("d/my-dates"))
    store.publish(document("e/updates"))
    store.publish(document("f/none"))
    stores = Stores([store])

    def names(*words: str) -> list[str]:
        return [hit.entry.name for hit in stores.search(words).hits]

    assert names("dates") == ["c/dates", "d/my-dates", "e/updates", "b/keyed", "a/other"]
    assert names("DATES", "my") == ["d/my-dates"]
    assert names("dates my") == ["d/my-dates"]
    assert names("a/other") == ["a/other"]
    assert names("string_check")[:2] == ["a/other", "b/keyed"]
    assert names() == sorted(names())
    assert len(names()) == 6
    assert names("nothing-like-it") == []


def test_search_shows_releases_of_the_first_store(make: Make) -> None:
    ours, theirs = make("ours"), make("theirs")
    ours.publish(document(version="1.0.0"))
    ours.publish(document(version="2.0.0-rc.1"))
    theirs.publish(document(version="3.0.0"))
    [hit] = Stores([ours, theirs]).search(["f1"]).hits
    assert (hit.entry.version, hit.store) == ("1.0.0", ours)
    assert [one.version for one in hit.versions] == ["1.0.0", "2.0.0-rc.1"]


def test_packs(make: Make, tmp_path: Path) -> None:
    first, second = make("first"), make("second")
    first.publish(document(), b"signed")
    second.publish(document(version="1.1.0"))
    second.publish(document("legal/other"))
    store = PackStore("rft-pack-made-up 0.1.0", [first.path, second.path])
    assert store.address == "pack rft-pack-made-up 0.1.0"
    assert not isinstance(store, WritableStore)
    assert set(store.entries()) == {"legal/f1", "legal/other"}
    low, high = store.versions("legal/f1")
    assert store.entries()["legal/f1"] == (low, high)
    assert (store.read(low), store.signature(low)) == (document(), b"signed")
    assert (store.read(high), store.signature(high)) == (document(version="1.1.0"), None)
    (first.path / "bad").mkdir()
    (first.path / "bad/one").symlink_to(tmp_path)
    store.entries()
    assert len(store.problems()) == 1
    second.publish(document(version="1.0.0", notes="changed"))
    with pytest.raises(IntegrityError, match="two folders of the pack have legal/f1"):
        store.versions("legal/f1")
    with pytest.raises(StoreError, match=r"^pack gone 1: there is no such folder"):
        PackStore("gone 1", [tmp_path / "gone"]).entries()


def test_packs_that_plugins_register(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make("folder")
    folder.publish(document())

    class Plugin:
        pass

    from rft_core.plugins import PluginManager

    manager = PluginManager()
    plugin = Plugin()
    import pluggy

    plugin.rft_register_packs = pluggy.HookimplMarker("rft")(  # type: ignore[attr-defined]
        lambda: [folder.path]
    )
    manager.register(plugin, "legal", "rft-pack-made-up 0.1.0")
    monkeypatch.setattr("rft_core.plugins.plugin_manager", lambda: manager)
    store = next(s for s in packs.installed_packs() if s.address == "pack rft-pack-made-up 0.1.0")
    assert set(store.entries()) == {"legal/f1"}
    for address in ("pack rft-pack-made-up 0.1.0", "pack rft_pack_Made_up"):
        assert open_store(address, folder.path).address == "pack rft-pack-made-up 0.1.0"
    with pytest.raises(StoreError, match=r"0\.2\.0 is wanted, and 0\.1\.0 is installed"):
        open_pack("rft-pack-made-up 0.2.0")
    with pytest.raises(StoreError, match=r"no pack 'rft-pack-made-u' .*\n.*'rft-pack-made-up'"):
        open_pack("rft-pack-made-u")


def test_a_pack_that_is_not_installed() -> None:
    assert plugin_manager() is plugin_manager()
    with pytest.raises(StoreError, match="no pack 'no-such-pack' is installed"):
        open_store("pack no-such-pack", Path())


def test_addresses(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make("shared").publish(document())
    monkeypatch.chdir("/")
    for address in ("shared", "./shared", str(tmp_path / "shared"), "../x/../shared"):
        base = tmp_path / "x" if address.startswith("..") else tmp_path
        (tmp_path / "x").mkdir(exist_ok=True)
        store = open_store(address, base)
        assert isinstance(store, FolderStore)
        assert store.address == address
        assert set(store.entries()) == {"legal/f1"}
    monkeypatch.setenv("HOME", str(tmp_path))
    assert set(open_store("~/shared", Path("/")).entries()) == {"legal/f1"}
    web = open_store("https://me:secret@example.org/store", tmp_path)
    assert isinstance(web, WebStore)
    assert web.address == "https://example.org/store"
    git = open_store("git+https://me:secret@example.org/x.git@main", tmp_path)
    assert isinstance(git, GitStore)
    assert git.address == "git+https://example.org/x.git@main"
    for address in ("store.git", "store.git@v1", "../x/store.git@release/1"):
        local = open_store(address, tmp_path)
        assert isinstance(local, GitStore)
        assert local.address == address


@pytest.mark.parametrize(
    "address",
    ["", " ", " x", "x\n", "x\x1b[2J", "x\0", "x" * 1001, "ftp://example.org/", "s3://bucket/x",
     "http://example.org/", "git+http://example.org/x.git", "data:,x"],
)  # fmt: skip
def test_addresses_of_nothing(address: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        open_store(address, tmp_path)
    assert str(caught.value).replace("\n", "").isprintable()
