"""The site, made by `sphinx-build --fail-on-warning docs build/docs` with `.[docs,compare]` installed."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

from pygments.lexers.special import TextLexer
from sphinx.highlighting import lexers

lexers["output"] = TextLexer()  # the fence of what a block prints

project = "fastinit"
author = "the fastinit authors"
language = "en"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "docstrings",
    "mathml",
    "members",
    "reference",
]
exclude_patterns = ["_extensions", "_static", "images"]
default_role = "literal"
smartquotes = False  # quotation marks in docstrings are those of strings
add_module_names = False
toc_object_entries = False  # a page of the reference lists its names itself

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4

autodoc_preserve_defaults = True
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "bysource"
napoleon_numpy_docstring = False
napoleon_use_ivar = True

html_theme = "furo"
html_title = "fastinit"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
html_copy_source = False
html_show_search_summary = False  # a browser lets no page fetch another from a file
html_show_copyright = False
html_show_sphinx = False

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
