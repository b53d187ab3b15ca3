# SPDX-License-Identifier: MIT
"""The source archive: the same bytes from the same sources, whoever packs it and when."""

import gzip
import os
import subprocess
import tarfile
from pathlib import Path

EXCLUDED = ("build", "od3.lv2", "demo", ".waf", ".waf.new", ".git", "__pycache__", "node_modules")


def _from_git(top):
    """The tracked files and the time of the last commit, or None where there is no git checkout."""
    try:
        files, seconds = (subprocess.run(["git", "-C", top, *words], check=True, capture_output=True, text=True).stdout
                          for words in (("ls-files", "-z"), ("log", "-1", "--format=%ct")))
    except (OSError, subprocess.CalledProcessError):
        return None
    return [name for name in files.split("\0") if name], int(seconds)


def _from_folder(top):
    """All files but built ones, and the time of wscript, which the archive that was unpacked has set."""
    names = []
    for folder, folders, files in os.walk(top):
        folders[:] = [f for f in folders if f not in EXCLUDED and not f.startswith("build")]
        names += [os.path.relpath(os.path.join(folder, name), top) for name in files
                  if not name.startswith(".lock-waf") and not name.endswith((".pyc", ".tar.gz"))]
    return names, int((Path(top) / "wscript").stat().st_mtime)


def write(top, name):
    """Writes name.tar.gz into top; the path of it."""
    files, seconds = _from_git(top) or _from_folder(top)
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
