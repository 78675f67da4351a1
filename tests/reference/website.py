"""A site as files: its pages, what they link to and what they load."""

from __future__ import annotations

import zlib
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """What a page has: the anchors that others may link to, its links, and what the browser loads with it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(path.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.anchors |= {attributes[name] for name in ("id", "name") if name in attributes}
        address = attributes.get("href", attributes.get("src"))
        if address is not None:
            (self.links if tag == "a" else self.loaded).append(address)


class Website:
    """The pages below a folder.

    Args:
        root: the folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.pages = {path: Page(path) for path in sorted(root.rglob("*.html"))}

    def target(self, page: Path, link: str) -> tuple[Path, str] | None:
        """The file and the anchor that a link of a page leads to; None where it leads out of the site."""
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            return None
        return (page.parent / unquote(parts.path)).resolve() if parts.path else page, unquote(parts.fragment)

    def reachable(self, first: str) -> set[Path]:
        """The pages that links lead to from one of them, over others."""
        found, ahead = set(), [self.root / first]
        while ahead:
            page = ahead.pop()
            if page in self.pages and page not in found:
                found.add(page)
                ahead += [target[0] for link in self.pages[page].links if (target := self.target(page, link))]
        return found


def inventory(path: Path) -> set[str]:
    """The names of Python that an `objects.inv` of Sphinx lists."""
    _, _, _, _, packed = path.read_bytes().split(b"\n", 4)
    lines = zlib.decompress(packed).decode().splitlines()
    return {line.split(" ")[0] for line in lines if line.split(" ")[1].startswith("py:")}
