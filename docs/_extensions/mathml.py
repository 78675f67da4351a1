"""Formulas as MathML, made when the site is built: browsers draw it with no script and no network."""

from __future__ import annotations

import html
import re
from typing import Any
from xml.etree import ElementTree

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

logger = logging.getLogger(__name__)


# How many parts an element has, and what lies in what: the converter may miss what it cannot read.
PARTS = {"mfrac": 2, "mroot": 2, "msub": 2, "msup": 2, "msubsup": 3, "munder": 2, "mover": 2, "munderover": 3}
NAMED = re.compile(r"&[A-Za-z]+;")  # characters by names that XML does not know
LIES_IN = {"mtr": "mtable", "mtd": "mtr"}


def mathml(formula: nodes.math | nodes.math_block, block: bool) -> str:
    """Returns the element of a formula in LaTeX; one that cannot be read is a warning, and shown as it is."""
    text = formula.astext().replace(r"\_", "_")  # which the converter would show with its backslash
    text = re.sub(r"(\\[dt]?frac) *(\d) *(\d)", r"\1{\2}{\3}", text)  # which it would take for one number
    try:
        element = tex2mathml(text, as_block=block)
        check(ElementTree.fromstring(NAMED.sub("", element)))
    except (MathError, ValueError) as error:
        logger.warning("formula %r: %s", text, error, location=formula)
        return f"<code>{html.escape(text)}</code>"
    return element


def check(root: ElementTree.Element) -> None:
    """Raises ValueError where an element has not its parts."""
    for parent in root.iter():
        name = parent.tag.rpartition("}")[2]
        if PARTS.get(name, len(parent)) != len(parent):
            raise ValueError(f"{name} of {len(parent)}")
        for child in parent:
            inner = child.tag.rpartition("}")[2]
            if LIES_IN.get(inner, name) != name:
                raise ValueError(f"{inner} in {name}")


def visit_inline(translator: HTML5Translator, node: nodes.math) -> None:
    """Writes a formula within a line."""
    translator.body.append(mathml(node, block=False))
    raise nodes.SkipNode


def visit_block(translator: HTML5Translator, node: nodes.math_block) -> None:
    """Writes a formula on a line of its own."""
    translator.body.append(f'<div class="math">{mathml(node, block=True)}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Adds the renderer "mathml"."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
