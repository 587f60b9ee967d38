"""``module:attribute``: found, called, and its exceptions told."""

from __future__ import annotations

import pytest

from tests.runtime.processes import Tree


def run(tree: Tree, reference: str, code: str = "") -> tuple[int, str, str]:
    tree.write_code("mine.py", code)
    done = tree.run(variables={"SM_CONTAINER_PROGRAM": reference})
    return done.returncode, done.stdout.decode(), done.stderr.decode()


class TestFound:
    def test_a_function(self, tree: Tree) -> None:
        code = "import sys\ndef work(): print('worked', sys.argv); return object()"
        assert run(tree, "mine:work", code)[:2] == (0, "worked ['mine:work']\n")

    def test_an_object_with_a_main(self, tree: Tree) -> None:
        code = "class Algorithm:\n    def main(self): print('main')\nalgorithm = Algorithm()"
        assert run(tree, "mine:algorithm", code)[:2] == (0, "main\n")

    def test_an_attribute_of_an_attribute(self, tree: Tree) -> None:
        code = "class Holder:\n    @staticmethod\n    def work(): print('worked')"
        assert run(tree, "mine:Holder.work", code)[:2] == (0, "worked\n")

    def test_a_click_command_gets_the_hyperparameters(self, tree: Tree) -> None:
        tree.configure({"epochs": "3"})
        code = (
            "import click\n"
            "@click.command()\n"
            "@click.option('--epochs', type=int)\n"
            "def train(epochs): print(epochs + 1)"
        )
        assert run(tree, "mine:train", code)[:2] == (0, "4\n")

    def test_sys_exit_is_the_exit_code(self, tree: Tree) -> None:
        assert run(tree, "mine:work", "import sys\ndef work(): sys.exit(7)")[0] == 7


class TestFaults:
    @pytest.mark.parametrize(
        ("reference", "said"),
        [
            ("mine", "'mine' is not module:attribute; write for example"),
            (":main", "':main' is not module:attribute; write for example"),
            ("no_such:main", "there is no module 'no_such' in"),
            ("mine.no_such:main", "there is no module 'mine.no_such' in"),
            ("mine:no_such", "mine has no 'no_such'; correct the name"),
            ("mine:VALUE", "'VALUE' is a int, which cannot be called and has no main"),
        ],
    )
    def test_a_reference_that_leads_nowhere(self, tree: Tree, reference: str, said: str) -> None:
        code, _, stderr = run(tree, reference, "VALUE = 1")
        assert code == 1
        assert said in tree.failure()
        assert "Traceback" not in stderr

    def test_an_exception(self, tree: Tree) -> None:
        code, _, stderr = run(tree, "mine:work", "def work():\n    raise ValueError('bad row')")
        assert code == 1
        assert tree.failure().startswith("ValueError: bad row\nat ")
        traceback = stderr.partition("\n")[2].splitlines()
        assert traceback[0] == "Traceback (most recent call last):"
        assert traceback[1].endswith('mine.py", line 2, in work')  # none of the frames are ours
        assert traceback[-1] == "ValueError: bad row"

    @pytest.mark.parametrize("level", ["20", "10"])
    def test_a_fault_of_the_data_has_a_traceback_for_debugging_alone(
        self, tree: Tree, level: str
    ) -> None:
        code = (
            "from sm_container.records.formats import format_of\n"
            "def work():\n    list(format_of('csv').batches(b'1,2\\n3\\n', 'a', rows=9))"
        )
        tree.configure({"sagemaker_container_log_level": level})
        status, _, stderr = run(tree, "mine:work", code)
        assert status == 1
        said = "RecordError: a, record 1, byte 4: 1 field, where the first row has 2\nat "
        assert tree.failure().startswith(said)
        assert (f"ERROR: {tree.failure()}\n" in stderr) is (level == "20")
        assert ("Traceback" in stderr) is (level == "10")

    def test_an_exception_of_the_import(self, tree: Tree) -> None:
        code, _, stderr = run(tree, "mine:work", "import no_such_module")
        assert code == 1
        assert tree.failure().startswith("ModuleNotFoundError: No module named 'no_such_module'")
        assert "importlib" not in stderr

    def test_the_algorithms_own_file_is_kept(self, tree: Tree) -> None:
        tree.layout.failure.write_text("mine")
        assert run(tree, "mine:work", "def work():\n    raise ValueError('x')")[0] == 1
        assert tree.failure() == "mine"
