"""The pytest plugin: fixtures for the tests of a training algorithm. pytest loads it by its entry
point; what the fixtures need is imported by the first test that asks for one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from sm_container.channels.channel import InputChannel
    from sm_container.harness.store.home import Home
    from sm_container.testing.jobs.describing import StartedJob
    from sm_container.testing.jobs.result import JobResult
    from sm_container.testing.jobs.subject import Target
    from sm_container.testing.jobs.training_job import TrainingJob
    from sm_container.testing.local_service import LocalSageMaker
    from sm_container.testing.opt_ml.factory import Trees
    from sm_container.testing.opt_ml.tree import OptMl

ENGINES = ("auto", "docker", "podman")
EXTRA = "sm-container[local]"
SERVICE_EXTRA = "sm-container[api]"

_OPTION = "--sm-container-engine"
_MARKER = "sm_container"
_NEEDED = {"botocore": "boto3", "re2": "google-re2", "watchdog": "watchdog", "yaml": "pyyaml"}
_NEEDED_BY_SERVICE = {**_NEEDED, "starlette": "starlette", "uvicorn": "uvicorn"}
_STARTED = pytest.StashKey[list["StartedJob"]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("sm-container").addoption(
        _OPTION,
        choices=ENGINES,
        default="auto",
        help="the engine that runs images in training jobs (default: auto, docker else podman)",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        f"{_MARKER}(engine): the engine that runs images in this test's training jobs: auto, "
        "docker or podman",
    )
    config.stash[_STARTED] = []


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    item.config.stash[_STARTED] = []


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Where a test failed, say of each of its jobs what became of it."""
    outcome: Any = yield
    report: pytest.TestReport = outcome.get_result()
    if report.failed:
        for name, text in _jobs_of(item).items():
            report.sections.append((f"sm-container job {name}", text))


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """A status that is not the expected one is shown with the reason for it."""
    jobs = sys.modules.get("sm_container.testing.jobs.result")
    if jobs is None or op != "==":
        return None
    for each in (left, right):
        if isinstance(each, jobs.Status):
            return [f"{left!r} == {right!r}", *each.because()]
    return None


def pytest_enter_pdb(pdb: Any) -> None:
    """The output of an algorithm that trains in this process is not the debugger's."""
    output = sys.modules.get("sm_container.testing.jobs.in_process.output")
    if output is not None:
        output.suspend()
        pdb.stdout = sys.stdout


def pytest_leave_pdb() -> None:
    output = sys.modules.get("sm_container.testing.jobs.in_process.output")
    if output is not None:
        output.resume()


@pytest.fixture(scope="session")
def sm_container_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The home of the jobs that this session runs: a temporary folder, one for each worker."""
    _require_harness()
    from sm_container.harness.store.home import Home

    folder = tmp_path_factory.mktemp("sm-container-home", numbered=False)
    return Home.from_environment({"SM_CONTAINER_HOME": str(folder)})


@pytest.fixture(scope="session")
def training_job_factory(
    sm_container_home: Home, pytestconfig: pytest.Config
) -> Callable[..., TrainingJob]:
    """As ``training_job``, for fixtures of a wider scope: a job that several tests look at."""
    return _maker(sm_container_home, pytestconfig, pytestconfig.getoption(_OPTION))


@pytest.fixture
def training_job(
    sm_container_home: Home, request: pytest.FixtureRequest
) -> Callable[..., TrainingJob]:
    """``training_job(target, **fields)``: a TrainingJob of an algorithm, a program or an image."""
    return _maker(sm_container_home, request.config, _engine(request.node, request.config))


@pytest.fixture
def opt_ml(_sm_container_trees: Trees) -> Callable[..., OptMl]:
    """``opt_ml(algorithm, hyperparameters=..., channels=..., ...)``: a tree as a job's container
    would find it, to which ``SAGEMAKER_BASE_DIR`` leads."""
    return _sm_container_trees.make


@pytest.fixture
def pipe_channel(_sm_container_trees: Trees) -> Callable[..., InputChannel]:
    """``pipe_channel(data, name="train", into=tree)``: a channel through real FIFOs."""
    return _channel_maker(_sm_container_trees, "Pipe")


@pytest.fixture
def fastfile_channel(_sm_container_trees: Trees) -> Callable[..., InputChannel]:
    """``fastfile_channel(data, name="train", into=tree)``: a channel whose files are read when
    they are asked for."""
    return _channel_maker(_sm_container_trees, "FastFile")


@pytest.fixture
def local_sagemaker() -> Iterator[Callable[..., LocalSageMaker]]:
    """``local_sagemaker(images, jobs=..., ...)``: a LocalSageMaker, a service of the SageMaker API
    that AWS clients find by the environment until the test ends."""
    _require_harness(_NEEDED_BY_SERVICE, SERVICE_EXTRA)
    from contextlib import ExitStack

    from sm_container.testing.local_service import local_sagemaker as serving

    with ExitStack() as stack:
        yield lambda *images, **fields: stack.enter_context(serving(*images, **fields))


@pytest.fixture
def _sm_container_trees(
    sm_container_home: Home, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Trees]:
    from sm_container.testing.opt_ml.factory import Trees

    folder = sm_container_home.path / "trees"
    forget = partial(monkeypatch.delenv, raising=False)
    trees = Trees(sm_container_home, folder, monkeypatch.setenv, forget)
    yield trees
    trees.close()


def _maker(home: Home, config: pytest.Config, engine: str) -> Callable[..., TrainingJob]:
    from sm_container.testing.jobs.subject import require_image
    from sm_container.testing.jobs.training_job import TrainingJob

    def told(job: StartedJob) -> None:
        config.stash[_STARTED].append(job)

    known: Mapping[str, Any] = {
        "engine": engine,
        "live": config.getoption("capture") == "no",
        "told": told,
    }

    def make(target: Target, **fields: Any) -> TrainingJob:
        if fields.get("engine", "auto") != "auto":
            require_image(target, fields["engine"])
        return TrainingJob(home, home.path / "scratch", target, **{**known, **fields})

    return make


def _channel_maker(trees: Trees, mode: str) -> Callable[..., InputChannel]:
    from sm_container.contract.inputs import InputMode

    def make(value: Any, name: str = "train", **fields: Any) -> InputChannel:
        return trees.channel(InputMode(mode), value, name, **fields)

    return make


def _engine(item: pytest.Item, config: pytest.Config) -> str:
    """What the test's marker says, else the option."""
    marker = item.get_closest_marker(_MARKER)
    if marker is None:
        return str(config.getoption(_OPTION))
    engine = marker.kwargs.get("engine", "auto")
    if marker.args or set(marker.kwargs) - {"engine"} or engine not in ENGINES:
        raise pytest.UsageError(
            f"{item.nodeid}: write @pytest.mark.{_MARKER}(engine=...) with one of "
            f"{', '.join(ENGINES)}"
        )
    return str(engine)


def _require_harness(needed: Mapping[str, str] = _NEEDED, extra: str = EXTRA) -> None:
    """Raise where the fixtures lack what runs jobs: the plugin is there without it as well."""
    from importlib.util import find_spec

    missing = sorted(package for module, package in needed.items() if find_spec(module) is None)
    if missing:
        raise pytest.UsageError(
            f"the fixtures of sm-container need its harness, which lacks {', '.join(missing)}; "
            f"run: pip install '{extra}'"
        )


def _jobs_of(item: pytest.Item) -> dict[str, str]:
    """By name, what there is to say of the jobs that a test ran or was given."""
    jobs: dict[str, StartedJob | JobResult] = {
        each.name: each for each in item.config.stash[_STARTED]
    }
    module = sys.modules.get("sm_container.testing.jobs.result")
    if module is not None:
        for given in getattr(item, "funcargs", {}).values():
            if isinstance(given, module.JobResult):
                jobs.setdefault(given.name, given)
    return {name: _described(job) for name, job in jobs.items()}


def _described(job: StartedJob | JobResult) -> str:
    """A test may have taken away what a job has left: that is no reason to say nothing."""
    try:
        return job.describe()
    except Exception as fault:  # noqa: BLE001 - shown in the place of what cannot be
        return f"it cannot be described: {fault!r}"
