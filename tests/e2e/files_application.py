"""Serves the files of a folder, and tells what its process has read and has open."""

from __future__ import annotations

import os

from flask import Flask

from pyfastgz import Compress

FOLDER = "PYFASTGZ_TEST_FOLDER"
"""The environment variable that has the folder."""


def create_app() -> Flask:
    app = Flask(__name__, static_folder=os.environ[FOLDER], static_url_path="/files")
    Compress(app)

    @app.get("/used")
    def used() -> dict[str, int]:
        with open("/proc/self/io", encoding="ascii") as file:
            counters = dict(line.split(": ") for line in file.read().splitlines())
        with open("/proc/self/statm", encoding="ascii") as file:
            pages = int(file.read().split()[1])
        return {
            "read": int(counters["rchar"]),
            "opened": len(os.listdir("/proc/self/fd")),
            "resident": pages * os.sysconf("SC_PAGE_SIZE"),
        }

    return app
