"""How Sphinx builds the site from what build_site.py lays beside this file. No page asks for anything outside."""

from docutils import nodes
from latex2mathml.converter import convert
from myst_nb.core.render import NbElementRenderer

project = html_title = "Directions, not points"
author = "the Directions, not points contributors"
extensions = ["myst_nb"]

nb_execution_mode = "off"  # the outputs are the committed ones
nb_render_markdown_format = "myst"
nb_code_prompt_show, nb_code_prompt_hide = "Show the {type}", "Hide the {type}"
nb_merge_streams = True
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

html_theme = "sphinx_book_theme"
html_theme_options = {"use_download_button": False, "show_navbar_depth": 1, "show_toc_level": 2}
html_context = {"default_mode": "auto"}
html_static_path = ["_static"]
html_extra_path = ["extra"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_copy_source = False
html_show_sourcelink = False
html_show_search_summary = False  # it would fetch pages, which a page on a disk may not
linkcheck_anchors_ignore_for_url = ["https://github.com/"]  # made by scripts


def with_alt(render):
    """Pictures with their alt text, which myst-nb leaves out."""

    def render_image(self, data):
        rendered = render(self, data)
        for image in (image for node in rendered for image in node.findall(nodes.image)):
            image["alt"] = data.output_metadata.get(data.mime_type, {}).get("alt", "")
        return rendered

    return render_image


NbElementRenderer.render_image = with_alt(NbElementRenderer.render_image)


def mathml(display):
    """A formula as MathML, which browsers draw by themselves: no script, no font to fetch."""

    def visit(self, node):
        self.body.append(convert(node.astext(), display="block" if display else "inline"))
        raise nodes.SkipNode

    return visit, None


def setup(app):
    app.add_html_math_renderer("mathml", mathml(False), mathml(True))


html_math_renderer = "mathml"
