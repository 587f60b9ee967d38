"""Makes pages of a site of what was written for GitHub: the hooks that mkdocs.yml names.

The pages of docs/ link to files beside that folder, as a reader of the repository follows them.
Here these files become pages too: Markdown as it is, any other as a listing. The pages of docs/api
link to the source of each name; here what its docstrings say stands below the links.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent
DOCS = "docs"
FRONT = "README.md"

_FENCE = re.compile(r"^ *(```+|~~~+)")
_FOR_TESTS = re.compile(r' (?:run|exit)="[^"]*"')  # what a fence says to tests/docs alone
_LINK = re.compile(r"(?<=\]\()(?![a-z]+:)([^)#\s]*)(#[^)\s]*)?(?=\))")
_NAME = re.compile(r"\[`([\w.]+)`\]\((?:\.\./)+(sm_container/[\w/]+)\.py\)")
_ROW = re.compile(r"^ *\|")
_CODE = re.compile(r"`[^`]*`")
_LANGUAGES = {".py": "python", ".yaml": "yaml", ".toml": "toml", "": "dockerfile"}

# What a class needs from the package's own modules, and no reader calls.
HIDDEN = {
    "sm_container.channels.channel.InputChannel": ("declared_type", "numbers"),
    "sm_container.runtime.memory.budget.Memory": ("told", "callbacks"),
    "sm_container.runtime.stop.Stop": (
        *("raising", "run_callbacks", "was_lost", "is_deferred", "signal"),
    ),
    "sm_container.records.recordio.format.RecordIOFormat": ("batches_of",),
    "sm_container.records.tensors.format.TensorFormat": ("batches_of", "decoder", "encode"),
    "sm_container.records.protobuf.format.ProtobufFormat": ("decoder", "encode"),
    "sm_container.records.msgpack_records.format.MsgpackFormat": ("decoder", "encode"),
    "sm_container.declaration.channels.Channel": ("sole_content_type", "accepts"),
    "sm_container.declaration.memory.MemoryPolicy": ("reservation",),
    "sm_container.testing.jobs.data.Data": ("of", "is_there", "channel"),
    "sm_container.testing.jobs.training_job.TrainingJob": ("live", "told"),
    "sm_container.testing.opt_ml.tree.OptMl": ("close",),
}
# What a reader is given, and never makes.
GIVEN = frozenset(
    {
        "sm_container.channels.channel.InputChannel",
        "sm_container.channels.channels.InputChannels",
        "sm_container.channels.lazy.ChannelFile",
        "sm_container.channels.passes.Pass",
        "sm_container.runtime.checkpoints.checkpoint.Checkpoint",
        "sm_container.runtime.checkpoints.checkpoints.Checkpoints",
        "sm_container.runtime.memory.budget.Memory",
        "sm_container.runtime.metrics.MetricLog",
        "sm_container.testing.jobs.result.JobResult",
        "sm_container.testing.jobs.training_job.TrainingJob",
        "sm_container.testing.opt_ml.tree.OptMl",
    }
)


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add a page for each file outside docs/ that a page leads to."""
    waiting = [
        *(f"{DOCS}/{file.src_uri}" for file in files.documentation_pages()),
        *(page for page in _pages_in(config.nav) if not (Path(config.docs_dir) / page).exists()),
    ]
    seen = set(waiting)
    while waiting:
        path = waiting.pop()
        if not path.startswith(f"{DOCS}/"):
            files.append(_page(path, config))
        if path.endswith(".md"):
            found = {target for target in _targets(path) if not target.startswith(f"{DOCS}/")}
            found -= {FRONT}  # docs/ has a front page of its own
            waiting += found - seen
            seen |= found
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Have the links lead to the site's pages, and write the API's directives."""
    path = _repository_path(page.file)
    documented = _documented if path.startswith(f"{DOCS}/api/") else _unchanged
    return documented(_outside_fences(markdown, lambda line: _line(line, path)))


def _line(line: str, path: str) -> str:
    """One line of a page, outside of fenced blocks."""
    if _ROW.match(line):  # GitHub wants a bar in code escaped there, Python-Markdown does not
        line = _CODE.sub(lambda code: code[0].replace(r"\|", "|"), line)
    if path.startswith(f"{DOCS}/api/"):
        line = _NAME.sub(lambda link: f"[`{link[1]}`][{_identifier(link)}]", line)
    return _LINK.sub(lambda link: _site_link(path, *link.groups()), line)


def _site_link(path: str, link: str, anchor: str | None) -> str:
    if not link:
        return anchor or ""
    target = _site_path(_target(path, link))
    return posixpath.relpath(target, posixpath.dirname(_site_path(path)) or ".") + (anchor or "")


def _documented(markdown: str) -> str:
    """A page of names with what there is to say of each, section by section."""
    done = []
    for section in re.split(r"(?m)^(?=## )", markdown):
        names = re.findall(r"\[`([\w.]+)`\]\[([\w.]+)\]", section)
        done += [section.rstrip(), *(_directive(*name) for name in names)]
    return "\n\n".join(done)


def _directive(shown: str, identifier: str) -> str:
    """The lines by which mkdocstrings writes of a name."""
    filters = ["!^_", *(f"!^{name}$" for name in HIDDEN.get(identifier, ()))]
    options = {
        "heading": shown,
        "toc_label": shown,
        "heading_level": 3,
        "filters": filters,
        "show_bases": shown.endswith("Error"),
        "merge_init_into_class": identifier not in GIVEN and not shown.endswith("Error"),
    }
    return f"::: {identifier}\n    options: {json.dumps(options)}"


def _unchanged(markdown: str) -> str:
    return markdown


def _identifier(link: re.Match[str]) -> str:
    """The full name of what a link to a source file is about: ``sm.Job`` in its module."""
    return f"{link[2].replace('/', '.')}.{link[1].removeprefix('sm.')}"


def _targets(path: str) -> Iterator[str]:
    """The files of the repository that a page links to, without the sources of the API's names."""
    text = (ROOT / path).read_text(encoding="utf-8")
    links: list[str] = []
    _outside_fences(text, lambda line: links.append(_NAME.sub("", line)) or line)
    for line in links:
        for link in _LINK.finditer(line):
            if link[1]:
                yield _target(path, link[1])


def _target(path: str, link: str) -> str:
    """A link of a page as a path in the repository; a folder is its README."""
    target = posixpath.normpath(posixpath.join(posixpath.dirname(path), link))
    return f"{target}/README.md" if (ROOT / target).is_dir() else target


def _site_path(path: str) -> str:
    """Where the site has a file of the repository."""
    if path.startswith(f"{DOCS}/"):
        return path.removeprefix(f"{DOCS}/")
    if path == FRONT:  # which the site's front page takes the place of
        return FRONT
    return path if path.endswith(".md") else f"{path}.md"


def _repository_path(file: File) -> str:
    if file.abs_src_path is not None:
        return Path(file.abs_src_path).relative_to(ROOT).as_posix()
    return file.src_uri.removesuffix(".md")


def _page(path: str, config: MkDocsConfig) -> File:
    """A page of a file outside docs/."""
    source = ROOT / path
    if path.endswith(".md"):
        return File.generated(
            config,
            _site_path(path),
            abs_src_path=str(source),
            inclusion=InclusionLevel.NOT_IN_NAV,
        )
    language = _LANGUAGES.get(source.suffix, "text")
    listing = f"# {path}\n\n````{language}\n{source.read_text(encoding='utf-8')}````\n"
    return File.generated(
        config, _site_path(path), content=listing, inclusion=InclusionLevel.NOT_IN_NAV
    )


def _pages_in(nav: object) -> Iterator[str]:
    """The files that a navigation names, at any depth."""
    if isinstance(nav, str):
        yield nav
    elif isinstance(nav, dict):
        for value in nav.values():
            yield from _pages_in(value)
    elif isinstance(nav, list):
        for value in nav:
            yield from _pages_in(value)


def _outside_fences(markdown: str, change: Callable[[str], str]) -> str:
    """The text with each line changed that is not in a fenced block; blocks without their settings
    for tests."""
    lines, fence = [], None
    for line in markdown.split("\n"):
        mark = _FENCE.match(line)
        if fence is None and mark:
            fence, line = mark[1], _FOR_TESTS.sub("", line)
        elif fence is not None and mark and mark[1].startswith(fence):
            fence = None
        elif fence is None:
            line = change(line)
        lines.append(line)
    return "\n".join(lines)
