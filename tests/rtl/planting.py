# SPDX-License-Identifier: Apache-2.0
"""What mutate.py needs to know of a core: how to Verilate it, and the bugs that its tests must find."""

import dataclasses
from pathlib import Path

HERE = Path(__file__).resolve().parent


@dataclasses.dataclass(frozen=True)
class Mutation:
    """One replacement in one source. The old text must be in the file exactly once."""

    name: str
    file: str
    old: str
    new: str
    model: str = ""  # one in which the bug shows; the core's first if empty


@dataclasses.dataclass(frozen=True)
class Core:
    top: str
    parameters: tuple  # those that a model's name has numbers for, in their order
    constants: dict  # all others
    models: tuple
    mutations: tuple
    devices: Path  # the source of the library of models, which includes `header`
    library: str
    header: str  # defines `macro`, the list of models
    macro: str
    macro_constants: tuple = ()  # constants that it lists behind the parameters
    checks: Path | None = None  # assertions bound to the core
