"""The probe, by engines that see this machine's folders and by ones that do not."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from engine_fixtures import PodmanService

from sm_container.harness.engines.client import Client, Dialect
from sm_container.harness.engines.container import ContainerEngine
from sm_container.harness.engines.engine import EngineError, ImageTarget, Probe
from sm_container.harness.store.home import Home

pytestmark = pytest.mark.container


def test_folder_of_this_machine_is_seen(
    container_engine: ContainerEngine, home: Home, hostile_tmp_path: Path, base_image: str
) -> None:
    folder = home.path / hostile_tmp_path.name
    folder.mkdir()
    assert container_engine.probe(folder, ImageTarget(base_image), job="a-job") == Probe()
    assert os.listdir(folder) == []
    [kept] = (home.cache / "engines").iterdir()
    assert json.loads(kept.read_text()) == {"fifos": True}


@pytest.fixture
def elsewhere(base_image: str, host: dict[str, str]) -> Iterator[tuple[Client, Path]]:
    """An engine that has a folder of this machine's name, and not its files: a podman service in
    a mount namespace of its own, as a virtual machine's or another machine's daemon is."""
    with tempfile.TemporaryDirectory(prefix="sm-hidden-") as hidden:
        mount = f'mount -t tmpfs hidden "{hidden}" && exec "$@"'
        with PodmanService(
            Path(hidden).with_suffix(".sock"), "unshare", "--mount", "sh", "-c", mount, "sh"
        ) as endpoint:
            program = host["SM_CONTAINER_TEST_DOCKER"]
            yield Client(Dialect.DOCKER, program, {"DOCKER_HOST": endpoint}), Path(hidden)
        Path(hidden).with_suffix(".sock").unlink(missing_ok=True)


def test_engine_elsewhere_is_refused(
    elsewhere: tuple[Client, Path], home: Home, notes: list[str], base_image: str
) -> None:
    client, hidden = elsewhere
    engine = ContainerEngine(client, home, notes.append)
    with pytest.raises(EngineError, match=r"do not see .*hidden.*set SM_CONTAINER_HOME") as fault:
        engine.probe(hidden, ImageTarget(base_image), job="a-job")
    assert client.endpoint in str(fault.value)
    assert "\n" not in str(fault.value)
    assert os.listdir(hidden) == []
    assert not (home.cache / "engines").exists()  # a refusal is looked for again


def test_fifo_that_does_not_carry_is_told(
    podman_client: Client, home: Home, notes: list[str], base_image: str, tmp_path: Path
) -> None:
    """A virtual machine's shared folder shows files on both sides and has FIFOs of its own: so
    does an engine whose command puts another FIFO of the same name in the place of the one here."""
    wrapper = tmp_path / "podman"
    wrapper.write_text(
        "#!/usr/bin/python3\n"
        "import os, sys\n"
        "for word in sys.argv:\n"
        "    at = word.find('.probe-')\n"
        "    if at >= 0 and sys.argv[1] == 'create':\n"
        "        place = word[:word.find(',', at)] if ',' in word[at:] else word.split(':')[0]\n"
        "        fifo = place.partition('source=')[2] + '/fifo'\n"
        "        os.unlink(fifo); os.mkfifo(fifo)\n"
        f"os.execv({shutil.which('podman')!r}, ['podman', *sys.argv[1:]])\n"
    )
    wrapper.chmod(0o755)
    (tmp_path / "folder").mkdir()
    engine = ContainerEngine(Client(Dialect.PODMAN, str(wrapper)), home, notes.append)
    probe = engine.probe(tmp_path / "folder", ImageTarget(base_image), job="a-job")
    assert not probe.fifos
    assert "Pipe mode does not work with it" in probe.notes[0]
    assert os.listdir(tmp_path / "folder") == []
    # It is remembered, and told again.
    assert engine.probe(tmp_path / "folder", ImageTarget("localhost/no:1"), job="a-job") == probe


def test_image_without_a_shell_cannot_be_probed(
    container_engine: ContainerEngine, home: Home, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    name = f"localhost/sm-test-empty-{home.identity}:1"
    archive = subprocess.run(["tar", "-C", empty, "-c", "."], capture_output=True, check=True)
    subprocess.run(["podman", "import", "-", name], input=archive.stdout, check=True)
    try:
        probe = container_engine.probe(tmp_path, ImageTarget(name), job="a-job")
    finally:
        subprocess.run(["podman", "rmi", "--force", name], check=True, capture_output=True)
    assert probe.fifos
    assert "neither sh nor python3" in probe.notes[0]


def test_image_that_is_missing_is_told(
    container_engine: ContainerEngine, home: Home, tmp_path: Path
) -> None:
    with pytest.raises(EngineError, match="is not on this machine"):
        container_engine.probe(tmp_path, ImageTarget("localhost/no-such:1"), job="a-job")
