"""``flask compress`` and ``python -m pyfastgz``: the same commands in two ways."""

from __future__ import annotations

import click

from .application import named
from .dictionary import dictionary_command
from .info import info_command
from .static import folders_command
from .static import static_command

compress = click.Group("compress", help="Response compression by pyfastgz.")
compress.add_command(info_command)
compress.add_command(static_command)
compress.add_command(dictionary_command)


@click.group(help="Response compression by pyfastgz.")
@click.option(
    "-A",
    "--app",
    metavar="IMPORT",
    envvar="FLASK_APP",
    help="The Flask application, as in flask --app.",
)
@click.pass_context
def main(context: click.Context, app: str | None) -> None:
    """Run a command of ``flask compress`` as one of ``python -m pyfastgz``."""
    if app is not None:
        context.obj = named(app)


main.add_command(info_command)
main.add_command(folders_command)
main.add_command(dictionary_command)
