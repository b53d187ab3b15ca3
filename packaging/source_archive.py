# SPDX-License-Identifier: MIT
"""Writes the source archive. The same sources give the same bytes on every machine, at any time."""

import gzip
import os
import subprocess
import tarfile
from pathlib import Path

EXCLUDED = ("build", "od3.lv2", "demo", ".waf", ".waf.new", ".git", "__pycache__", "node_modules")


class Incomplete(Exception):
    """Says why there is no whole archive."""


def _git(top, *words):
    try:
        result = subprocess.run(["git", "-C", top, *words], check=False, capture_output=True, text=True)
    except OSError as error:
        raise Incomplete(f"{top} is a git checkout, and git does not run: {error.strerror}") from None
    if result.returncode:
        raise Incomplete(f"git {words[0]} failed: {result.stderr.strip()}")
    return result.stdout


def _from_git(top):
    """Returns (tracked files, time of the last commit in seconds). Only a repository whose top is here counts."""
    files = [name for name in _git(top, "ls-files", "-z").split("\0") if name]
    missing = [name for name in files if not (Path(top) / name).is_file()]
    if missing:
        raise Incomplete(f"git tracks files that are not there: {', '.join(missing)}")
    return files, int(_git(top, "log", "-1", "--format=%ct"))


def _from_folder(top):
    """Returns (all files but built ones, time of wscript in seconds): an unpacked archive keeps its time."""
    names = []
    for folder, folders, files in os.walk(top):
        folders[:] = [f for f in folders if f not in EXCLUDED and not f.startswith("build")]
        names += [os.path.relpath(os.path.join(folder, name), top) for name in files
                  if not name.startswith(".lock-waf") and not name.endswith((".pyc", ".tar.gz"))]
    return names, int((Path(top) / "wscript").stat().st_mtime)


def write(top, name):
    """Writes name.tar.gz into the folder top. Returns its path, or raises Incomplete."""
    files, seconds = _from_git(top) if (Path(top) / ".git").exists() else _from_folder(top)
    seconds = int(os.environ.get("SOURCE_DATE_EPOCH", seconds))
    path = Path(top) / f"{name}.tar.gz"
    with open(path, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed, \
            tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for member in sorted(files):
            source = Path(top) / member
            info = tarfile.TarInfo(f"{name}/{member}")
            info.size, info.mtime = source.stat().st_size, seconds
            info.mode = 0o755 if os.access(source, os.X_OK) else 0o644
            with open(source, "rb") as data:
                archive.addfile(info, data)
    return path
