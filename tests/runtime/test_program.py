"""Which program is found, and how it is started."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.runtime.processes import Tree


def said(tree: Tree, *arguments: str, **variables: str) -> bytes:
    done = tree.run(*arguments, variables=variables)
    assert done.returncode == 0, done.stderr.decode()
    stdout: bytes = done.stdout
    return stdout


class TestChoice:
    def test_nothing_found_says_what_was_looked_at_and_what_to_set(self, tree: Tree) -> None:
        done = tree.run("train")
        assert done.returncode == 1
        assert done.stderr.count(b"\n") == 1
        for word in (
            "the container's arguments (train)",
            "SM_CONTAINER_PROGRAM (not set)",
            "SAGEMAKER_PROGRAM (not set)",
            f"sagemaker_program (not in {tree.layout.hyperparameters})",
            "Set SM_CONTAINER_PROGRAM=module:attribute",
        ):
            assert word in tree.failure()

    def test_the_arguments_come_first(self, tree: Tree) -> None:
        tree.write_code("train.py", "print('script')")
        variables = {"SAGEMAKER_PROGRAM": "train.py", "SM_CONTAINER_PROGRAM": "a:b"}
        assert said(tree, "echo", "train", "me", **variables) == b"train me\n"

    def test_a_function_before_a_script(self, tree: Tree) -> None:
        tree.write_code("train.py", "print('script')")
        tree.write_code("mine.py", "def main(): print('function')")
        variables = {"SAGEMAKER_PROGRAM": "train.py", "SM_CONTAINER_PROGRAM": "mine:main"}
        assert said(tree, "train", **variables) == b"function\n"

    def test_the_variable_before_the_hyperparameter(self, tree: Tree) -> None:
        tree.configure({"sagemaker_program": "other.py"})
        tree.write_code("train.py", "print('variable')")
        tree.write_code("other.py", "print('hyperparameter')")
        assert said(tree, SAGEMAKER_PROGRAM="train.py") == b"variable\n"
        assert said(tree) == b"hyperparameter\n"

    def test_a_program_that_is_not_there(self, tree: Tree) -> None:
        done = tree.run("no-such-program")
        assert done.returncode == 127
        assert tree.failure().startswith("there is no program 'no-such-program' in PATH (")

    def test_a_file_that_is_not_executable(self, tree: Tree) -> None:
        path = tree.write_code("tool", "#!/bin/sh\n")
        assert tree.run(str(path)).returncode == 126
        assert "is not an executable file; run chmod +x" in tree.failure()

    def test_an_option_is_no_program(self, tree: Tree) -> None:
        """A job whose ContainerArguments leave out ``train``."""
        assert tree.run("--epochs", "5").returncode == 127
        assert tree.failure().startswith("there is no program '--epochs' in PATH (")
        assert "; put 'train' before the arguments that are for your program" in tree.failure()

    @pytest.mark.parametrize("option", ["-h", "--help"])
    def test_help(self, tree: Tree, option: str) -> None:
        done = tree.run(option)
        assert (done.returncode, done.stderr) == (0, b"")
        assert done.stdout.startswith(b"usage: sm-train [train] [ARGUMENTS] ")
        assert not tree.layout.failure.exists()

    def test_a_script_with_a_carriage_return(self, tree: Tree) -> None:
        path = tree.write_code("tool", "#!/bin/sh\r\nexit 0\r\n")
        path.chmod(0o755)
        assert tree.run(str(path)).returncode == 126
        assert "save with Unix line ends" in tree.failure()

    def test_one_line_says_what_is_started_and_why(self, tree: Tree) -> None:
        tree.configure({"sagemaker_program": "train.py", "name": "two words"})
        tree.write_code("train.py", "")
        done = tree.run("train")
        assert done.stderr.decode() == (
            "sm-train: script mode (hyperparameter sagemaker_program), "
            f"code in {tree.layout.code}: {sys.executable} train.py --name 'two words'\n"
        )

    def test_code_that_the_image_has(self, tree: Tree) -> None:
        tree.configure({})
        tree.layout.code.rmdir()
        done = tree.run("train", variables={"SM_CONTAINER_PROGRAM": "os:getpid"})
        assert b"(SM_CONTAINER_PROGRAM), code in the image: " in done.stderr


class TestScriptMode:
    def test_a_python_file(self, tree: Tree) -> None:
        tree.configure({"sagemaker_program": "sub folder/it's.py", "epochs": "3"})
        tree.write_code("sub folder/it's.py", "import sys, helper; print(sys.argv, helper.x)")
        tree.write_code("helper.py", "x = 'found'")
        expected = ["sub folder/it's.py", "--epochs", "3"]
        assert said(tree) == f"{expected} found\n".encode()

    def test_a_shell_script_whose_arguments_reach_no_shell(self, tree: Tree) -> None:
        tree.configure({"sagemaker_program": "train.sh", "name": "$(touch escaped); `id` '"})
        path = tree.write_code("train.sh", '#!/bin/sh\npwd\nprintf "%s\\n" "$@"\n')
        path.chmod(0o644)  # made executable
        expected = f"{tree.layout.code}\n--name\n$(touch escaped); `id` '\n"
        assert said(tree) == expected.encode()
        assert not (tree.layout.code / "escaped").exists()

    def test_a_script_without_a_first_line(self, tree: Tree) -> None:
        tree.configure({"sagemaker_program": "run", "x": "1"})
        tree.write_code("run", 'echo "$0" "$@"')
        assert said(tree) == b"./run -x 1\n"

    def test_more_arguments_come_last(self, tree: Tree) -> None:
        tree.configure({"sagemaker_program": "train.py", "x": "1"})
        tree.write_code("train.py", "import sys; print(*sys.argv[1:])")
        assert said(tree, "train", "--more") == b"-x 1 --more\n"

    @pytest.mark.parametrize("project", ["setup.py", "pyproject.toml"])
    def test_a_package_is_installed_and_run_as_a_module(self, tree: Tree, project: str) -> None:
        """pip itself is another's to test: a stand-in shows what it is asked for."""
        text = {"setup.py": "", "pyproject.toml": "[project]\nname = 'mine'\nversion = '1'\n"}
        tree.write_code(project, text[project])
        tree.write_code("requirements.txt", "")
        tree.write_code("mine/train.py", "import sys; print(__package__, sys.argv[1:])")
        pip = tree.layout.base / "stand-in" / "pip"
        pip.mkdir(parents=True)
        (pip / "__init__.py").touch()
        (pip / "__main__.py").write_text("import sys; print('pip', *sys.argv[1:])")
        output = said(tree, SAGEMAKER_PROGRAM="mine/train", PYTHONPATH=str(pip.parent))
        assert output == b"pip install . -r requirements.txt\nmine []\n"

    def test_a_script_beside_a_project_file_stays_a_script(self, tree: Tree) -> None:
        tree.write_code("pyproject.toml", "[project]\nname = 'mine'\n")
        tree.write_code("train.py", "print(__name__, __package__)")
        assert said(tree, SAGEMAKER_PROGRAM="train.py") == b"__main__ None\n"

    @pytest.mark.parametrize("name", ["/etc/passwd", "../train.py", "a/../../x.sh", "-c", ".", ""])
    def test_a_name_that_leaves_the_folder(self, tree: Tree, name: str) -> None:
        tree.configure({"sagemaker_program": name})
        assert tree.run().returncode == 1
        assert ("is not a path within" in tree.failure()) is (name != "")

    def test_a_link_that_leaves_the_folder(self, tree: Tree) -> None:
        (tree.layout.code / "train.py").symlink_to(Path("/etc/passwd"))
        assert tree.run(variables={"SAGEMAKER_PROGRAM": "train.py"}).returncode == 1
        assert "is not a path within" in tree.failure()

    def test_a_script_that_is_missing(self, tree: Tree) -> None:
        for name in ("other.py", "data.csv"):
            tree.write_code(name, "")
        assert tree.run(variables={"SAGEMAKER_PROGRAM": "train.py"}).returncode == 1
        assert tree.failure() == (
            f"the entry point 'train.py' is not in {tree.layout.code}, which holds 'data.csv', "
            "'other.py'; correct SAGEMAKER_PROGRAM or the submit directory"
        )

    def test_an_image_that_has_its_code_where_a_job_hides_it(self, tree: Tree) -> None:
        assert tree.run(variables={"SAGEMAKER_PROGRAM": "train.py"}).returncode == 1
        assert tree.failure() == (
            f"the entry point 'train.py' is not in {tree.layout.code}, which holds nothing; what "
            "an image has below /opt/ml is hidden in a job; correct SAGEMAKER_PROGRAM or the "
            "submit directory"
        )

    def test_mpi_is_refused_and_not_ignored(self, tree: Tree) -> None:
        tree.configure({"sagemaker_program": "train.py", "sagemaker_mpi_enabled": "true"})
        tree.write_code("train.py", "")
        assert tree.run().returncode == 1
        assert tree.failure().startswith("sagemaker_mpi_enabled is set, but")

    def test_code_is_on_the_path_of_what_the_program_starts(self, tree: Tree) -> None:
        tree.write_code("helper.py", "print('helped')")
        tree.write_code("train.sh", 'cd / && echo "$PYTHONPATH" && python3 -c "import helper"')
        output = said(tree, SAGEMAKER_PROGRAM="train.sh", PYTHONPATH="/inherited")
        assert output == f"{tree.layout.code}:/inherited\nhelped\n".encode()


def test_a_command_as_it_stands_has_its_environment_untouched(tree: Tree) -> None:
    tree.configure({"x": "1"})
    assert said(tree, "--", "sh", "-c", 'echo "${SM_HP_X-unset}"') == b"unset\n"
    assert said(tree, "sh", "-c", 'echo "${SM_HP_X-unset}"') == b"1\n"
    assert tree.run("--").returncode == 1
    assert tree.failure() == "after -- comes the command to run; give one"
