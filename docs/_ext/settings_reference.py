"""The directive ``settings-reference``: every setting, from the table that checks them."""

from __future__ import annotations

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from pyfastgz.policy.setting import Setting
from pyfastgz.policy.setting import Topic
from pyfastgz.policy.table import SETTINGS

_SHORT = 60


class SettingsReference(SphinxDirective):
    """A heading for each topic, and below it a list of its settings."""

    def run(self) -> list[nodes.Node]:
        """Return a section for each topic, made of the table of settings."""
        lines = []
        for topic in Topic:
            lines += [f"## {topic.value}", ""]
            for key, setting in SETTINGS.items():
                if setting.topic is topic:
                    lines += [*describe(key, setting), ""]
        source = StringList(lines, source=self.get_source_info()[0])
        return self.parse_text_to_nodes(source, allow_section_headings=True)


def describe(key: str, setting: Setting) -> list[str]:
    """Return what there is to say of a setting, in Markdown."""
    default = repr(setting.default)
    if len(default) > _SHORT:
        default = ", ".join(map(str, setting.default))
        shown = f"Default: {default}."
    else:
        shown = f"Default: `{default}`."
    remarks = [shown, f"It must be {setting.kind.wanted}."]
    if setting.is_live:
        remarks.append("May be changed while the application runs.")
    if setting.is_new:
        remarks.append("Flask-Compress does not have it.")
    return [f"### `{key}`", "", setting.description, "", " ".join(remarks)]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("settings-reference", SettingsReference)
    return {"parallel_read_safe": True}
