"""Run in the image: which modules, of all that the worker can import, lack bytecode, and which hold the time of their source."""

import importlib
import json
import pkgutil
import sys
from importlib.util import cache_from_source
from pathlib import Path

import worker

UNCHECKED_HASH = (1).to_bytes(4, "little")  # PEP 552's flags of a .pyc that is never held against its source

for module in pkgutil.walk_packages(worker.__path__, "worker."):
    importlib.import_module(module.name)
files = {getattr(module, "__file__", None) or "" for module in sys.modules.values()}
compiled = {file: Path(cache_from_source(file)) for file in files if file.endswith(".py")}
lacking = [file for file, found in compiled.items() if not found.exists()]
checked = [file for file in compiled.keys() - set(lacking) if compiled[file].read_bytes()[4:8] != UNCHECKED_HASH]
sys.stdout.write(json.dumps({"imported": len(compiled), "lacking": lacking, "checked": checked}))
