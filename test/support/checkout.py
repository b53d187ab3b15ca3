# SPDX-License-Identifier: MIT
"""Copies of the source tree in which tests build and install."""

import contextlib
import os
import shutil
import subprocess

import common

NOT_SOURCES = ("build*", "od3.lv2", ".lock-waf*", ".git", "demo", "*.tar.gz", "__pycache__")

CACHE = common.BUILD / "ccache"


def cached(folder=CACHE):
    """Returns variables with which ./waf compiles equal files once, where ccache is there. It keeps them in folder,
    which several tests may share at once."""
    return {"PATH": f"/usr/lib/ccache:{os.environ['PATH']}", "CCACHE_DIR": str(folder), "CCACHE_SLOPPINESS": "locale",
            "CCACHE_MAXSIZE": "500M"}


def copy_cache(folder):
    """Copies what cached() has kept so far to a folder that does not exist, for another user."""
    folder.mkdir()
    with contextlib.suppress(FileNotFoundError, shutil.Error):  # there is none, or another test is writing there
        shutil.copytree(CACHE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("tmp", "*.tmp*", "*.lock"))


def copy(folder):
    """Copies the sources, and the waf library if ./waf unpacked one, since tests do not download. Returns folder."""
    shutil.copytree(common.TOP, folder, ignore=shutil.ignore_patterns(*NOT_SOURCES))
    return folder


def waf(top, *words, user=None, umask=-1, **variables):
    """Runs ./waf of a source tree, as the user with this number if one is given. Returns (exit status, its output)."""
    result = subprocess.run([top / "waf", "--no-install", *words], env={**os.environ, **variables}, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, user=user, group=user,
                            extra_groups=None if user is None else [], umask=umask)
    return result.returncode, result.stdout


def must_waf(top, *words, **options):
    """Runs ./waf as waf() does; it must succeed. Returns its output."""
    status, said = waf(top, *words, **options)
    if status:
        raise AssertionError(f"./waf {' '.join(words)} exits with {status}:\n{said}")
    return said
