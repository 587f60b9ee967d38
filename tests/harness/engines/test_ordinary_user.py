"""What a user who is not root can do: run programs, drive a rootful engine, keep their files."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from engine_fixtures import Runner, executable

import sm_container
from sm_container.harness.engines.client import Client
from sm_container.harness.engines.container import ContainerEngine
from sm_container.harness.engines.engine import ImageTarget
from sm_container.harness.engines.reclaim import foreign
from sm_container.harness.store.home import Home

pytestmark = pytest.mark.container

HARNESS = """
import os, sys
from pathlib import Path
from sm_container.harness.engines.client import Client, Dialect
from sm_container.harness.engines.container import ContainerEngine
from sm_container.harness.engines.engine import *
from sm_container.harness.engines.isolation import MlPlace, Plain, Unshare
from sm_container.harness.engines.process import ProcessEngine
from sm_container.harness.engines.reclaim import foreign
from sm_container.harness.store.home import Home

folder = Path(sys.argv[1])
home = Home.from_environment({"SM_CONTAINER_HOME": str(folder / "home")})
tree = folder / "tree"
for name in ("model", "output/data"):
    (tree / name).mkdir(parents=True, exist_ok=True)

def run(engine, target, *command, **fields):
    spec = ContainerSpec(
        f"sm-test-{home.identity}", target, tree, entrypoint=command or None,
        labels={JOB_LABEL: "j", HOME_LABEL: home.identity}, network=Network.none(), **fields)
    container = engine.create(spec)
    out, err = container.start()
    end = container.wait(60)
    text = open(out).read() + open(err).read()
    container.remove()
    return text, end
"""

# What makes a tree hard to give back: another owner, a closed folder, a link that leads out.
WRITES_AS_ROOT = """
cd /opt/ml/model && mkdir -p a/b '../o p' && echo x > a/b/f && ln -s /etc/passwd l
chown -h 12345:12345 a/b/f && chmod 700 a
"""


class User:
    """Runs Python as an ordinary user in a folder of theirs."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        self.identity = pwd.getpwnam(name)

    def run(self, script: str, **variables: str) -> str:
        done = subprocess.run(
            [
                *("setpriv", "--reuid", self.name, "--regid", str(self.identity.pw_gid)),
                *("--init-groups", "/usr/bin/python3", "-c", HARNESS + script, str(self.folder)),
            ],
            cwd=self.folder,
            env={
                "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                "HOME": self.identity.pw_dir,
                "PYTHONPATH": str(self.folder / "library"),
                **variables,
            },
            capture_output=True,
            text=True,
            timeout=100,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def user(ordinary_user: str) -> Iterator[User]:
    with tempfile.TemporaryDirectory(prefix="sm user ") as name:
        folder = Path(name)
        package = Path(sm_container.__file__).parent
        shutil.copytree(package, folder / "library" / "sm_container")
        shutil.chown(folder, ordinary_user)
        folder.chmod(0o755)
        yield User(ordinary_user, folder)


@pytest.mark.parametrize(
    "engine",
    [
        "ProcessEngine(home, print)",
        "ProcessEngine(home, print, Unshare('/usr/bin/unshare', MlPlace.find()))",
    ],
)
def test_program_has_a_tree_of_its_own(user: User, engine: str) -> None:
    executable(user.folder / "train", "echo model > /opt/ml/model/m; echo $$; cat /proc/net/dev")
    before = sorted(os.listdir("/opt"))
    said = user.run(
        f"engine = {engine}\n"
        "text, end = run(engine, ProgramTarget(folder / 'train'))\n"
        "print(engine.isolation.kind.value, end.code, text, list(foreign(tree)))"
    )
    assert said.split()[:3] in (["bubblewrap", "0", "1"], ["unshare", "0", "1"])
    assert "eth0" not in said
    assert (user.folder / "tree" / "model" / "m").stat().st_uid == user.identity.pw_uid
    assert sorted(os.listdir("/opt")) == before


def test_files_that_a_container_wrote_as_root_become_the_users(
    user: User, podman_socket: str, docker_client: Client, base_image: str
) -> None:
    said = user.run(
        f"client = Client(Dialect.DOCKER, {docker_client.program!r})\n"
        "engine = ContainerEngine(client, home, print)\n"
        f"image = ImageTarget({base_image!r})\n"
        "assert engine.probe(tree, image, job='j').fifos\n"
        f"text, end = run(engine, image, 'sh', '-c', {WRITES_AS_ROOT!r})\n"
        "assert end.code == 0, text\n"
        "print(len(list(foreign(tree))) > 0)\n"
        "engine.reclaim(tree, image)\n"
        "print(list(foreign(tree)))\n"
        "print((tree / 'model/a/b/f').read_text().strip())\n"
        "import shutil; shutil.rmtree(tree)\n"
        "print(os.lstat('/etc/passwd').st_uid)\n",
        DOCKER_HOST=podman_socket,
    )
    assert said.split() == ["True", "[]", "x", "0"]


def test_image_without_chown_and_with_a_volume(
    user: User, podman_socket: str, docker_client: Client, base_image: str, home: Home
) -> None:
    name = f"localhost/sm-test-bare-{home.identity}:1"
    lines = f"FROM {base_image}\nRUN rm /bin/chown\nVOLUME /opt/ml/model\n"
    subprocess.run(
        ["podman", "build", "--quiet", "--tag", name, "-"], input=lines.encode(), check=True
    )
    try:
        said = user.run(
            f"client = Client(Dialect.DOCKER, {docker_client.program!r})\n"
            "engine = ContainerEngine(client, home, print)\n"
            f"image = ImageTarget({name!r})\n"
            "run(engine, image, 'python3', '-c', 'import os; os.makedirs(\"/opt/ml/model/x/y\")')\n"
            "print(len(list(foreign(tree))) > 0)\n"
            "engine.reclaim(tree, image)\n"
            "print(list(foreign(tree)))\n",
            DOCKER_HOST=podman_socket,
        )
    finally:
        subprocess.run(["podman", "rmi", "--force", name], check=True, capture_output=True)
    assert said.split() == ["True", "[]"]


@pytest.fixture
def rootless(user: User, base_image: str) -> Iterator[dict[str, str]]:
    """The variables with which the user drives a podman of their own, which has the base image."""
    with tempfile.TemporaryDirectory(prefix="sm-run-") as name:
        shutil.chown(name, user.name)
        variables = {"XDG_RUNTIME_DIR": name}
        if "CONTAINERS_CONF" in os.environ:
            variables["CONTAINERS_CONF"] = shutil.copy(os.environ["CONTAINERS_CONF"], user.folder)
        call = "import subprocess; print(subprocess.call(['podman', {}]))"
        look = call.format(f"'image', 'exists', {base_image!r}")
        if user.run(look, **variables).split()[-1] != "0":
            archive = user.folder / "image.tar"
            subprocess.run(["podman", "save", "--quiet", "-o", archive, base_image], check=True)
            archive.chmod(0o644)
            loaded = user.run(call.format(f"'load', '--input', {str(archive)!r}"), **variables)
            assert loaded.split()[-1] == "0"
        yield variables


def test_files_of_a_rootless_engines_other_users_become_the_users(
    user: User, rootless: dict[str, str], base_image: str
) -> None:
    said = user.run(
        "engine = ContainerEngine(Client(Dialect.PODMAN, 'podman'), home, print)\n"
        f"image = ImageTarget({base_image!r})\n"
        "(tree / 'model').chmod(0o777)\n"
        "write = 'touch /opt/ml/model/f; mkdir -m 700 /opt/ml/model/d; id -u'\n"
        "text, end = run(engine, image, 'sh', '-c', write, user='1234')\n"
        "print(text.strip(), len(list(foreign(tree))))\n"
        "engine.reclaim(tree, image)\n"
        "print(list(foreign(tree)), engine.remove_orphans('j'))\n",
        **rootless,
    )
    assert said.splitlines() == ["1234 2", "[] []"]


def test_rootless_engine_cannot_hand_credentials_over(
    user: User, rootless: dict[str, str], base_image: str
) -> None:
    said = user.run(
        "from sm_container.harness.credentials.choice import CredentialsError\n"
        "from sm_container.harness.credentials.network import credentials_network\n"
        "try:\n"
        f"    with credentials_network(Client(Dialect.PODMAN, 'podman'), {base_image!r}):\n"
        "        print('reached')\n"
        "except CredentialsError as fault:\n"
        "    print(fault)\n",
        **rootless,
    )
    assert "the engine is rootless" in said


def test_nothing_to_reclaim_asks_no_engine(
    container_runner: Runner, container_engine: ContainerEngine, tree: Path
) -> None:
    assert list(foreign(tree)) == []
    container_engine.reclaim(tree, ImageTarget("localhost/no-such:1"))


def test_what_cannot_be_reclaimed_is_told(user: User, podman_socket: str, tmp_path: Path) -> None:
    said = user.run(
        "from sm_container.harness.engines.reclaim import reclaim\n"
        "client = Client(Dialect.DOCKER, '/bin/true')\n"
        "os.rename(tree, folder / 'mine')\n"
        "try:\n"
        "    reclaim(client, Path('/root'), ImageTarget('i'))\n"
        "except EngineError as fault:\n"
        "    print(fault)\n"
    )
    assert "belongs to another user; run: sudo chown -R" in said
