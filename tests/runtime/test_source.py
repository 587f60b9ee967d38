"""Where the author's code comes from: folders, archives, channels, S3."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import venv
from pathlib import Path

import pytest

import sm_container
from tests.runtime.processes import DEADLINE, Tree
from tests.storage.servers import ACCESS_KEY, SECRET_KEY, rclone

CHANNEL = {"TrainingInputMode": "File", "S3DistributionType": "FullyReplicated"}


@pytest.fixture
def submitted(tree: Tree) -> Path:
    """A folder with a script, elsewhere than the code folder."""
    folder = tree.layout.base.parent / "submitted; $(code)"
    (folder / "package").mkdir(parents=True)
    (folder / "train.py").write_text("from package import word; print(word)")
    (folder / "package" / "__init__.py").write_text("word = 'submitted'")
    return folder


def packed(folder: Path, path: Path) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        archive.add(folder, arcname=".")
    return path


def submit(tree: Tree, directory: str) -> subprocess.CompletedProcess[bytes]:
    tree.configure({"sagemaker_program": "train.py", "sagemaker_submit_directory": directory})
    return tree.run()


def test_a_folder(tree: Tree, submitted: Path) -> None:
    done = submit(tree, str(submitted))
    assert (done.returncode, done.stdout) == (0, b"submitted\n")
    assert f"code from {submitted}: ".encode() in done.stderr


def test_an_archive(tree: Tree, submitted: Path) -> None:
    archive = packed(submitted, submitted.parent / "sourcedir.tar.gz")
    assert submit(tree, str(archive)).stdout == b"submitted\n"


def test_by_its_variable(tree: Tree, submitted: Path) -> None:
    variables = {"SAGEMAKER_PROGRAM": "train.py", "SAGEMAKER_SUBMIT_DIRECTORY": str(submitted)}
    assert tree.run(variables=variables).stdout == b"submitted\n"


@pytest.mark.parametrize("form", ["a folder", "an archive"])
def test_a_channel_named_code(tree: Tree, submitted: Path, form: str) -> None:
    channel = tree.layout.channel("code")
    if form == "a folder":
        submitted.rename(channel)
    else:
        channel.mkdir()
        packed(submitted, channel / "sourcedir.tar.gz")
    tree.configure({"sagemaker_program": "train.py"}, {"code": CHANNEL})
    done = tree.run()
    assert done.stdout == b"submitted\n"


def test_a_code_folder_that_is_not_empty_is_left_as_it_is(tree: Tree, submitted: Path) -> None:
    """As in sagemaker-training; but it is said."""
    tree.write_code("train.py", "print('in the image')")
    done = submit(tree, str(submitted))
    assert done.stdout == b"in the image\n"
    assert f"was not empty, so {submitted} was not fetched".encode() in done.stderr


def test_a_code_folder_that_is_not_there_yet(tree: Tree, submitted: Path) -> None:
    tree.layout.code.rmdir()
    assert submit(tree, str(submitted)).stdout == b"submitted\n"


@pytest.mark.parametrize(
    ("directory", "said"),
    [
        ("/no/such/folder", "the submit directory /no/such/folder does not exist; set"),
        ("https://host/x.tar.gz", "is of no kind that can be fetched; set"),
        ("/", "the submit directory / holds the code folder; set"),
        ("s3://..", "cannot be a bucket's name"),
    ],
)
def test_what_cannot_be_fetched(tree: Tree, directory: str, said: str) -> None:
    done = submit(tree, directory)
    assert done.returncode == 1
    assert said in tree.failure()
    assert b"Traceback" not in done.stderr


def test_an_archive_that_means_harm(tree: Tree) -> None:
    archive = tree.layout.base / "sourcedir.tar.gz"
    with tarfile.open(archive, "w:gz") as members:
        info = tarfile.TarInfo("../../escaped")
        info.size = 1
        members.addfile(info, io.BytesIO(b"x"))
    assert submit(tree, str(archive)).returncode == 1
    assert "'../../escaped' would be written outside of" in tree.failure()
    assert not (tree.layout.base.parent / "escaped").exists()


class TestS3:
    @pytest.fixture
    def variables(self, tree: Tree, submitted: Path) -> dict[str, str]:
        """A bucket with the archive in it, and the variables that lead there."""
        bucket = tree.layout.base.parent / "s3" / "bucket"
        (bucket / "a key").mkdir(parents=True)
        packed(submitted, bucket / "a key" / "sourcedir.tar.gz")
        return {
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
        }

    def test_an_archive_and_one_that_is_not_there(
        self, tree: Tree, variables: dict[str, str]
    ) -> None:
        with rclone(tree.layout.base.parent / "s3") as endpoint:
            variables["AWS_ENDPOINT_URL"] = endpoint
            tree.configure(
                {
                    "sagemaker_program": "train.py",
                    "sagemaker_submit_directory": '"s3://bucket/a key/missing.tar.gz"',
                }
            )
            assert tree.run(variables=variables).returncode == 1
            assert "there is no object s3://bucket/a key/missing.tar.gz" in tree.failure()
            tree.configure(
                {
                    "sagemaker_program": "train.py",
                    "sagemaker_submit_directory": '"s3://bucket/a key/sourcedir.tar.gz"',
                }
            )
            done = tree.run(variables=variables)
        assert (done.returncode, done.stdout) == (0, b"submitted\n")

    def test_without_credentials_the_job_s_own_are_named(
        self, tree: Tree, variables: dict[str, str]
    ) -> None:
        del variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"]
        tree.configure(
            {"sagemaker_program": "train.py", "sagemaker_submit_directory": "s3://bucket/x.tar.gz"}
        )
        variables["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9"
        assert tree.run(variables=variables).returncode == 1
        assert "s3://bucket/x.tar.gz: no AWS credentials were found; have" in tree.failure()
        assert "run --credentials env" in tree.failure()
        assert "--s3-root" not in tree.failure()

    def test_without_boto3_the_extra_is_named(self, tree: Tree) -> None:
        blocked = tree.layout.base / "blocked"
        blocked.mkdir()
        (blocked / "boto3.py").write_text("raise ModuleNotFoundError('No module named boto3')")
        tree.configure(
            {"sagemaker_program": "train.py", "sagemaker_submit_directory": "s3://bucket/x.tar.gz"}
        )
        done = tree.run(variables={"PYTHONPATH": str(blocked)})
        assert done.returncode == 1
        assert "pip install 'sm-container[s3]'" in tree.failure()


def test_nothing_dear_is_imported_for_code_in_the_image() -> None:
    """What only some starts need must not cost all of them."""
    script = "import sys, sm_container.runtime.preparation; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, check=True)
    dear = {b"tarfile", b"shutil", b"subprocess", b"tempfile", b"logging", b"argparse", b"boto3"}
    assert not dear & set(loaded.stdout.split())


def test_without_any_pip_the_image_is_to_bring_one(tree: Tree) -> None:
    tree.configure({"sagemaker_program": "train.py"})
    tree.write_code("train.py", "")
    tree.write_code("requirements.txt", "no-such-package")
    bare = tree.layout.base / "bare"
    venv.create(bare, with_pip=False, symlinks=True)
    library = str(Path(sm_container.__file__).parents[1])
    done = subprocess.run(
        [bare / "bin" / "python", "-m", "sm_container.runtime.supervisor"],
        env=tree.environ(PATH="/nowhere", PYTHONPATH=library),
        capture_output=True,
        timeout=DEADLINE,
    )
    assert done.returncode == 1
    assert tree.failure() == (
        f"requirements.txt cannot be installed: {bare}/bin/python has no pip and PATH neither; "
        "install the requirements, or pip, in the image"
    )
