"""The templates of the desk. They have an environment of their own, so that no publisher's template replaces one."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from stoppress.web.pages.assets import Assets
from stoppress.web.pages.texts import direction_of


class DeskTemplates:
    """Renders the pages of the desk.

    Args:
        assets: the files that pages load.
    """

    def __init__(self, assets: Assets) -> None:
        self._environment = Environment(
            loader=PackageLoader("stoppress.web.desk"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            undefined=StrictUndefined,
        )
        self._environment.globals |= {"assets": assets, "direction_of": direction_of}
        for name in self._environment.list_templates(["html"]):
            self._environment.get_template(name)  # an error in it appears at the start

    def render(self, template: str, **values: object) -> bytes:
        """Return a page in UTF-8."""
        return self._environment.get_template(template).render(**values).encode()
