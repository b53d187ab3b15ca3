# SPDX-License-Identifier: MIT
"""Reads YAML configurations, with numbers as people write them."""

import re

import yaml

from model_error import ModelError


class _Loader(yaml.SafeLoader):
    """A safe loader that also reads 1e-3 as a number, as YAML 1.2 does; in YAML 1.1 it is text."""


_Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+\Z"),
                              list("-+0123456789"))


def parse(text):
    """The mapping in a YAML document; ModelError if there is none."""
    try:
        document = yaml.load(text, _Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ModelError(f"not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(document, dict):
        raise ModelError("the configuration is not a YAML mapping")
    return document
