# SPDX-License-Identifier: MIT
"""The exception for input that the user can correct."""


class ModelError(Exception):
    """Something is wrong with an input file or an option; the text is one line that names it."""
