"""Says what to install for :class:`pyfastgz.Compress`, where it cannot be had.

``from pyfastgz import Compress`` takes an attribute of the package, and where there is none it
imports the module of that name. The package has no such attribute where Flask is missing: that
is what ``hasattr`` is for, and an ``AttributeError`` would be told to nobody by an import.
"""

from __future__ import annotations

from .flask.extra import require_flask

require_flask("pyfastgz.Compress")
raise ModuleNotFoundError(f"{__name__} is a class, not a module", name=__name__)
