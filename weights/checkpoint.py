# SPDX-License-Identifier: MIT
"""Reads PyTorch checkpoints without running any code that they may hold.

Only torch.load's safe mode (weights_only) is used, also where that means to refuse a file.
"""

import io
import pickle
import pickletools
import warnings
import zipfile

import torch

from model_error import ModelError

# Where training programs keep the parameters beside the epoch, the optimiser and so on.
NESTED_IN = ("state_dict", "model_state_dict")
# DataParallel and torch.compile put these before each parameter's name.
PREFIXES = ("module.", "_orig_mod.")
LOAD_ERRORS = (pickle.UnpicklingError, zipfile.BadZipFile, OSError, RuntimeError, EOFError, ValueError, LookupError,
               AttributeError, TypeError, NotImplementedError)


def _refuse_other_files(data):
    """ModelError for files that people often save in place of a checkpoint."""
    if data.startswith(b"version https://git-lfs"):
        raise ModelError("this is a Git LFS pointer, not the checkpoint itself; `git lfs pull` fetches that")
    if data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise ModelError("this is a web page, not a checkpoint; download the file itself")
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if any(name.endswith("/constants.pkl") for name in archive.namelist()):
                raise ModelError("this is a TorchScript archive; save the model's state_dict() instead")


def _without_floats(pickled):
    """The pickled bytes with None in place of each Python float."""
    kept, at = [], 0
    for opcode, _, position in pickletools.genops(pickled):
        if opcode.name == "BINFLOAT":
            kept += [pickled[at:position], pickle.NONE]
            at = position + 9  # the opcode and a double
    return b"".join([*kept, pickled[at:]])


def _archive_without_floats(data):
    """The checkpoint's archive with its Python floats, for example a loss, replaced by None."""
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(changed, "w") as copy:
        for name in archive.namelist():
            content = archive.read(name)
            copy.writestr(name, _without_floats(content) if name.endswith("/data.pkl") else content)
    return changed.getvalue()


def load(data, device="cpu"):
    """torch.load in safe mode, from bytes; ModelError when that refuses them.

    The safe mode of torch 1.13 cannot read Python floats, so that they may be None in the result.
    """
    _refuse_other_files(data)

    def attempt(content):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.load(io.BytesIO(content), map_location=device, weights_only=True)

    try:
        try:
            return attempt(data)
        except pickle.UnpicklingError:
            if not zipfile.is_zipfile(io.BytesIO(data)):
                raise
            return attempt(_archive_without_floats(data))
    except LOAD_ERRORS as error:
        reason = " ".join(str(error).split()).rpartition("WeightsUnpickler error: ")[2][:200]
        raise ModelError("torch's safe mode (weights_only) refuses this file; it must hold only parameters, as "
                         f"state_dict() returns them ({reason or type(error).__name__})") from error


def _without_prefix(parameters):
    for prefix in PREFIXES:
        if parameters and all(str(name).startswith(prefix) for name in parameters):
            return _without_prefix({name[len(prefix):]: value for name, value in parameters.items()})
    return parameters


def read(path):
    """The parameters of a checkpoint, by name; OSError when it can't be read, ModelError when it is none."""
    with open(path, "rb") as file:
        data = file.read()
    parameters = load(data)
    for name in NESTED_IN:
        if isinstance(parameters, dict) and isinstance(parameters.get(name), dict):
            parameters = parameters[name]
    if not isinstance(parameters, dict):
        raise ModelError(f"the checkpoint holds a {type(parameters).__name__}, not a dictionary of parameters")
    return _without_prefix(parameters)
