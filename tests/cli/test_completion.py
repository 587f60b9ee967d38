"""``completion``: scripts that a real shell takes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_its_script(invoke: Any, shell: str) -> None:
    done = invoke("completion", shell)

    assert done.exit_code == 0
    assert f"_SM_CONTAINER_COMPLETE={shell}_complete" in done.stdout


@pytest.mark.parametrize(("words", "completed"), [("des", "describe"), ("recordio co", "convert")])
def test_bash_completes(desk: Any, invoke: Any, words: str, completed: str) -> None:
    bash = shutil.which("bash")
    assert bash is not None
    script = invoke("completion", "bash").stdout
    count = len(words.split())
    words = f"COMP_WORDS=(sm-container {words}); COMP_CWORD={count}"
    words = f"{words}; _sm_container_completion sm-container"

    done = subprocess.run(
        [bash, "-c", f'{script}\n{words}\nprintf "%s\\n" "${{COMPREPLY[@]}}"'],
        capture_output=True,
        text=True,
        env={**desk.environment, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
    )

    assert done.stdout == f"{completed}\n"
