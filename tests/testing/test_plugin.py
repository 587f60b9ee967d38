"""The plugin in suites of its own: what it costs, what it says of a failure, how it behaves beside
other plugins."""

from __future__ import annotations

import re
import signal
import subprocess
import sys

import pytest

from sm_container.harness.engines.leftovers import eventually
from sm_container.harness.job.status import JobStatus
from sm_container.harness.store.folder import JobFolder

pytest_plugins = ["pytester"]

HOSTILE = "a base; with 'quotes' \"twice\" & $HOME – ünï ✓ #1"
LOADED = """
import sys
from pathlib import Path


def pytest_unconfigure(config):
    Path(sys.argv[-1] + ".loaded").write_text("\\n".join(sys.modules))
"""
ALGORITHM = """
import sys
import sm_container as sm

algorithm = sm.Algorithm("words", metrics=[sm.Metric("loss")])


@algorithm.train
def train(job):
    print("on the standard output", flush=True)
    print("on the standard error", file=sys.stderr, flush=True)
    job.metrics.log(loss=0.5)
    if job.hyperparameters.get("fail"):
        raise ValueError("the data is too small")
    job.save_model(lambda folder: (folder / "model.txt").write_text("words"))
"""


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A suite that has this plugin alone: to load all that are installed here takes a second."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "sm_container.testing.plugin")
    pytester.makepyfile(words=ALGORITHM)
    pytester.makeini("[pytest]\npythonpath = .\naddopts = -p no:cacheprovider\n")
    return pytester


def test_a_suite_without_jobs_loads_nothing(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(LOADED)
    pytester.makepyfile("def test_nothing(): pass")

    def loaded(*options: str) -> set[str]:
        pytester.runpytest_subprocess(*options).assert_outcomes(passed=1)
        return set((pytester.path / f"{options[-1]}.loaded").read_text().split())

    added = loaded("-rA") - loaded("-pno:sm-container")

    assert {name for name in added if name.partition(".")[0] not in sys.stdlib_module_names} == {
        "sm_container",
        "sm_container.testing",
        "sm_container.testing.plugin",
    }


def test_what_it_offers_is_said(pytester: pytest.Pytester) -> None:
    shown = pytester.runpytest_inprocess("--help", "--fixtures", "--markers").stdout.str()
    markers = pytester.runpytest_inprocess("--markers").stdout.str()
    fixtures = pytester.runpytest_inprocess("--fixtures").stdout.str()

    assert "--sm-container-engine={auto,docker,podman}" in shown
    assert "@pytest.mark.sm_container(engine): the engine that runs images" in markers
    for name in ("training_job", "opt_ml", "pipe_channel", "fastfile_channel"):
        assert re.search(rf"^{name} -- .*\n +``{name}\(", fixtures, re.MULTILINE)


def test_a_failure_tells_of_its_jobs(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import pytest
        from words import algorithm


        @pytest.fixture(scope="module")
        def shared(training_job_factory):
            return training_job_factory(algorithm).run()


        def test_passes(training_job, shared):
            assert training_job(algorithm).run().status == "Completed"


        def test_fails(training_job):
            job = training_job(algorithm, hyperparameters={"fail": 1})
            assert job.run().status == "Completed"


        def test_fails_over_a_shared_job(shared):
            assert shared.model_files() == ["other.txt"]


        def test_that_tidies_up(training_job):
            result = training_job(algorithm).run()
            (result.folder.path / "job.json").write_text("torn")
            raise OSError("of its own")


        @pytest.fixture
        def broken(training_job):
            assert training_job(algorithm).run().status == "Stopped"


        def test_errs(broken):
            pass
        """
    )

    result = suite.runpytest_subprocess(f"--basetemp={suite.path / HOSTILE}", "-q")

    result.assert_outcomes(passed=1, failed=3, errors=1)
    shown = result.stdout.str()
    assert len(re.findall(r"^-+ sm-container job words-\w{8} -+$", shown, re.MULTILINE)) == 4
    result.stdout.fnmatch_lines_random(
        [
            "E       assert 'Failed' == 'Completed'",
            "E         words-*: AlgorithmError: ValueError: the data is too small*",
            "E         its log: */algo-1.log",
            "status: Failed (Failed), exit code 1",
            "failure file: ValueError: the data is too small",
            "command: words, in this process",
            f"job folder: *{HOSTILE}*",
            "log, the last * lines:",
            "on the standard error",
            "it cannot be described: DamagedJobError(*",
        ]
    )


def test_a_log_is_live_without_capturing(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        from pathlib import Path
        from words import algorithm

        PROGRAM = Path(__file__).with_name("train.py")


        def test_here(training_job):
            assert training_job(algorithm).run().log.count("standard output") == 1


        def test_program(training_job):
            assert training_job(PROGRAM).run().log.count("a program of its own") == 1
        """,
        train="print('a program of its own')",
    )

    live = suite.runpytest_subprocess("-s")
    quiet = suite.runpytest_subprocess()

    for result in (live, quiet):
        result.assert_outcomes(passed=2)
    said = ("on the standard output", "on the standard error", "loss=0.5", "a program of its own")
    for line in said:
        assert (live.outlines + live.errlines).count(line) <= 1
        assert (live.stdout.str() + live.stderr.str()).count(line) == 1
        assert line not in quiet.stdout.str() + quiet.stderr.str()


@pytest.mark.parametrize("capture", ["no", "fd", "sys"])
def test_a_breakpoint_in_an_algorithm(suite: pytest.Pytester, capture: str) -> None:
    suite.makepyfile(
        """
        import sm_container as sm

        algorithm = sm.Algorithm("stops")


        @algorithm.train
        def train(job):
            print("before it", flush=True)
            answer = 41
            breakpoint()
            print("after it", flush=True)


        def test_it(training_job):
            result = training_job(algorithm).run()
            assert result.status == "Completed"
            written = [line for line in result.log.splitlines() if line and ">>>" not in line]
            assert written == ["before it", "after it"]
        """
    )

    result = suite.run(
        *suite._getpytestargs(), f"--capture={capture}", stdin=b"p answer + 1\nc\n", timeout=60
    )

    assert result.ret == 0, result.stdout.str()
    assert re.search(r"\(Pdb\) 42$", result.stdout.str(), re.MULTILINE)


def test_two_workers_at_once(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_PLUGINS", "xdist.plugin,sm_container.testing.plugin")
    suite.makepyfile(
        """
        import os
        import pytest
        from words import algorithm


        @pytest.mark.parametrize("number", range(4))
        def test_job(training_job, opt_ml, sm_container_home, number):
            assert os.environ["PYTEST_XDIST_WORKER"] in str(sm_container_home.path)
            result = training_job(algorithm, own_process=number % 2 == 0).run()
            assert result.metrics == {"loss": [0.5]}
            tree = opt_ml(algorithm)
            algorithm.run()
            assert tree.model_files() == ["model.txt"]


        def test_fails(training_job):
            assert training_job(algorithm, hyperparameters={"fail": 1}).run().exit_code == 0
        """
    )

    result = suite.runpytest_subprocess("-n", "2", f"--basetemp={suite.path / HOSTILE}")

    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines(["*- sm-container job words-* -*", "*ValueError: the data is too*"])


@pytest.mark.parametrize(
    ("where", "sent"),
    [("here", signal.SIGINT), ("here", signal.SIGTERM), ("program", signal.SIGINT)],
)
def test_who_ends_the_tests_ends_their_job(
    suite: pytest.Pytester, where: str, sent: signal.Signals
) -> None:
    suite.makepyfile(
        """
        from pathlib import Path
        import sm_container as sm

        algorithm = sm.Algorithm("slow")
        PLACE = Path(__file__).parent


        @algorithm.train
        def train(job):
            (PLACE / "begun").touch()
            for _ in range(600):
                job.stop.wait(0.1)


        def test_slow(training_job):
            training_job(algorithm, own_process=PROGRAM, grace=0.2).run()


        def test_next():
            (PLACE / "went-on").touch()
        """.replace("PROGRAM", str(where == "program"))
    )
    tests = subprocess.Popen(
        [sys.executable, "-m", "pytest", "--basetemp=base"],
        cwd=suite.path,
        stdout=subprocess.PIPE,
    )
    assert eventually((suite.path / "begun").exists, 30)

    tests.send_signal(sent)

    out, _ = tests.communicate(timeout=60)
    assert tests.returncode == 2, out.decode()
    assert b"KeyboardInterrupt" in out
    assert not (suite.path / "went-on").exists()
    (job,) = (suite.path / "base" / "sm-container-home" / "jobs").iterdir()
    assert JobFolder(job).read().status is JobStatus.STOPPED


def test_the_engine_of_a_test(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import pytest


        def test_option(training_job, training_job_factory):
            assert training_job("image").engine == "docker"
            assert training_job_factory("image").engine == "docker"
            assert training_job("image", engine="auto").engine == "auto"


        @pytest.mark.sm_container(engine="podman")
        def test_marker(training_job):
            assert training_job("image").engine == "podman"


        @pytest.mark.sm_container(machine="podman")
        def test_wrong(training_job):
            pass
        """
    )

    result = suite.runpytest_inprocess("--sm-container-engine=docker", "--strict-markers")

    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(
        ["*write @pytest.mark.sm_container(engine=...) with one of auto, docker, podman*"]
    )


def test_without_the_harness_a_fixture_says_what_to_install(suite: pytest.Pytester) -> None:
    suite.makeconftest(
        """
        import importlib.util

        real, missing = importlib.util.find_spec, {"re2", "watchdog"}
        importlib.util.find_spec = lambda name, *a: None if name in missing else real(name, *a)
        """
    )
    suite.makepyfile(
        """
        def test_other(): pass


        def test_job(training_job): pass
        """
    )

    result = suite.runpytest_subprocess()

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        ["*lacks google-re2, watchdog; run: pip install 'sm-container[[]local[]]'*"]
    )


def test_names_are_there_without_pytest(pytester: pytest.Pytester) -> None:
    script = (
        "import sys; sys.modules['pytest'] = None\n"
        "import sm_container.testing as testing\n"
        "for name in testing.__all__: getattr(testing, name)\n"
        "print(testing.Data, [name for name in dir(testing) if name.startswith('assert')])\n"
    )
    result = pytester.runpython_c(script)

    assert result.ret == 0
    result.stdout.fnmatch_lines(["*jobs.data.Data*assert_metric*assert_resumes*assert_same_model*"])


def test_a_name_that_is_not_there() -> None:
    import sm_container.testing

    with pytest.raises(AttributeError, match="has no attribute 'assert_nothing'"):
        _ = sm_container.testing.assert_nothing
