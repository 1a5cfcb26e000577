"""Builds the parts of a node that are about images: their storage, their files, and who deletes them."""

from __future__ import annotations

from collections.abc import Callable

from starlette.routing import Route

from stoppress.media.cleaner import MediaCleaner
from stoppress.media.library import MediaLibrary
from stoppress.media.storage import storage_from
from stoppress.settings import Settings
from stoppress.store.port import Store
from stoppress.web.editors.auth import Authentication
from stoppress.web.editors.write_limit import WriteLimit
from stoppress.web.gate.gate import Gate
from stoppress.web.media.image_files import ImageFiles
from stoppress.web.media.images_api import ImagesApi


class MediaParts:
    """See the module's docstring.

    Args:
        settings: the settings of the node.
        store: keeps the blogs.
        now: returns the store's time, as Unix time in seconds.

    Raises:
        StartError: the setting names no storage that can be used.
    """

    def __init__(self, settings: Settings, store: Store, now: Callable[[], float]) -> None:
        storage = storage_from(settings.media, settings.read_store())
        self.library = MediaLibrary(storage, store)
        self.cleaner = MediaCleaner(storage, store, now) if storage else None
        """Deletes files; None: there is no storage."""

    def routes(self, authentication: Authentication, limit: WriteLimit, gate: Gate) -> list[Route]:
        """Return the routes of images: how editors upload them, and how readers get their files."""
        return [*ImagesApi(authentication, self.library, limit).routes(), *ImageFiles(gate, self.library).routes()]
