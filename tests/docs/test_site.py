"""The site is built without a warning, leads nowhere that is not there, and asks for nothing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from markdown_it import MarkdownIt

import sm_container as sm
from sm_container import _HOMES, testing
from tests.docs.blocks import ROOT

API = ROOT / "docs" / "api"
NAME = re.compile(r"^\| \[`([\w.]+)`\]\((?:\.\./)+(sm_container/[\w/]+)\.py\) \|", re.MULTILINE)
# What a browser fetches by itself, in contrast to what a reader follows.
FETCHED = {"img": "src", "script": "src", "iframe": "src", "source": "src", "link": "href"}
OF_A_PAGE = ("table", "pre", "li")


@dataclass
class Html(HTMLParser):
    """What is looked at of a page."""

    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(OF_A_PAGE, 0))
    text: str = ""
    """What is read of its article, without code."""
    cells: str = ""
    """What is read of its tables, with code."""
    in_cell: bool = False
    in_article: bool = False
    in_code: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.in_code = self.in_code or tag == "code"
        self.in_cell = self.in_cell or tag == "td"
        self.in_article = self.in_article or tag == "article"
        self.ids |= {value for name in ("id", "name") if (value := given.get(name))}
        if tag == "a" and given.get("href"):
            self.links.append(str(given["href"]))
        if tag in FETCHED and given.get(FETCHED[tag]) and given.get("rel") != "canonical":
            self.fetched.append(str(given[FETCHED[tag]]))
        if self.in_article and tag in OF_A_PAGE:
            self.counts[tag] += 1

    def handle_endtag(self, tag: str) -> None:
        self.in_article = self.in_article and tag != "article"
        self.in_code = self.in_code and tag != "code"
        self.in_cell = self.in_cell and tag != "td"

    def handle_data(self, data: str) -> None:
        if self.in_article and not self.in_code:
            self.text += data
        if self.in_cell:
            self.cells += data


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not os.environ.get("CI"):
        pytest.importorskip("mkdocs")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def html(site: Path) -> dict[Path, Html]:
    """Every page of the site by its file."""
    pages = {}
    for file in site.rglob("*.html"):
        pages[file] = Html()
        pages[file].feed(file.read_text(encoding="utf-8"))
    return pages


def test_every_page_of_the_repository_is_there(site: Path, html: dict[Path, Html]) -> None:
    for page in (ROOT / "docs").rglob("*.md"):
        assert built(site, page) in html
    assert site / "examples" / "xgboost_algo" / "train.py.html" in html


def test_every_link_and_anchor_leads_somewhere(html: dict[Path, Html]) -> None:
    lost = []
    for file, page in html.items():
        if file.name == "404.html":
            continue  # whose links begin at the root of a server
        for link in filter(is_local, page.links):
            path, _, anchor = unquote(link).partition("#")
            target = (file.parent / path).resolve() if path else file
            target = target / "index.html" if target.is_dir() else target
            if not target.exists() or (anchor and anchor not in html[target].ids):
                lost.append(f"{file.name}: {link}")

    assert not lost


def is_local(link: str) -> bool:
    return not re.match(r"[a-z]+:", link)


def test_nothing_is_asked_for_from_outside(site: Path, html: dict[Path, Html]) -> None:
    assert not [link for page in html.values() for link in page.fetched if not is_local(link)]
    for sheet in site.rglob("*.css"):
        assert not re.findall(r"url\(\s*[\"']?(?:https?:)?//", sheet.read_text(encoding="utf-8"))


def test_it_can_be_searched(site: Path) -> None:
    index = (site / "search" / "search_index.json").read_text(encoding="utf-8")

    assert "SIGTERM never arrives" in index
    assert "rows_that_fit" in index


@pytest.mark.parametrize(
    "page",
    sorted(page for page in (ROOT / "docs").rglob("*.md") if page.parent != API),
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_a_page_is_read_as_on_github(page: Path, site: Path, html: dict[Path, Html]) -> None:
    """As many lists, tables and blocks: what one of the two does not take for one is text there."""
    tokens = MarkdownIt().enable("table").parse(page.read_text(encoding="utf-8"))
    types = [token.type for token in tokens]
    read = html[built(site, page)]

    assert read.counts["table"] == types.count("table_open")
    assert read.counts["pre"] == types.count("fence")
    assert read.counts["li"] == types.count("list_item_open")
    assert not re.search(r"```|\]\(|\]\[", read.text)
    assert r"\|" not in read.cells


def built(site: Path, page: Path) -> Path:
    path = page.relative_to(ROOT / "docs").with_suffix(".html")
    return site / (path.with_name("index.html") if path.stem == "README" else path)


def names_of_the_api() -> list[tuple[Path, str, str]]:
    """Page, name and module of each name that the pages of the API have."""
    return [
        (page, name, path.replace("/", "."))
        for page in sorted(API.glob("*.md"))
        for name, path in NAME.findall(page.read_text(encoding="utf-8"))
    ]


def test_all_that_an_author_imports_is_documented() -> None:
    documented = [name.removeprefix("sm.") for _, name, _ in names_of_the_api() if "sm." in name]

    assert sorted(documented) == sorted(sm.__all__)


def test_all_that_a_test_imports_is_documented() -> None:
    documented = [
        (name, module) for page, name, module in names_of_the_api() if page.stem == "testing"
    ]

    assert sorted(documented) == sorted(
        (name, f"sm_container.testing.{testing._HOMES[name]}") for name in testing.__all__
    )


@pytest.mark.parametrize(("page", "name", "module"), names_of_the_api())
def test_a_name_is_where_its_page_says(
    page: Path, name: str, module: str, site: Path, html: dict[Path, Html]
) -> None:
    bare = name.removeprefix("sm.")
    if bare != name:
        assert module == f"sm_container.{_HOMES[bare]}"

    assert f"{module}.{bare}" in html[built(site, page)].ids
