"""What every page carries: small, without inline code, in logical directions, readable in both schemes."""

import re
from pathlib import Path

import pytest

import comity.node.site.apps as site_apps
from comity.base.tlp import Tlp

SITE = Path(site_apps.__file__).parent
STATIC = SITE / "static" / "site"
STYLES = {name: (STATIC / name).read_text() for name in ("tokens.css", "comity.css")}
TEMPLATES = sorted(SITE.parent.glob("*/templates/**/*.html"))
MOST_CSS = 40_000  # a quarter of it travels, packed
LEAST_CONTRAST = 4.5
PHYSICAL = re.compile(
    r"(?<![\w.-])(?:(?:margin|padding|border)-(?:left|right|top|bottom)|left|right|top|bottom|width|height|"
    r"(?:min|max)-(?:width|height)|float(?=:\s*(?:left|right))|text-align:\s*(?:left|right))\s*:"
)


def test_styles_are_small():
    assert sum(len(css.encode()) for css in STYLES.values()) < MOST_CSS


@pytest.mark.parametrize("name", STYLES)
def test_styles_know_no_left_and_right(name):
    assert PHYSICAL.findall(STYLES[name]) == []
    assert "!important" not in STYLES[name]
    assert "url(" not in STYLES[name]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(SITE.parent)))
def test_templates_carry_no_inline_code(path):
    html = path.read_text()
    assert not re.search(r"\sstyle\s*=", html)
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", html)
    assert "<style" not in html
    assert "|safe" not in html.replace("totp_svg|safe", "").replace("hint|safe", "")
    for script in re.findall(r"<script\b[^>]*>", html):
        assert "src=" in script or 'type="application/json"' in script
    assert not re.search(r"(?:src|action)=\"https?:", html)


def channel(value: int) -> float:
    part = value / 255
    return part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4


def luminance(colour: str) -> float:
    red, green, blue = (channel(int(colour[at : at + 2], 16)) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


PAIRS = re.findall(r"--([a-z-]+): light-dark\((#\w{6}), (#\w{6})\)", STYLES["tokens.css"])
COLOURS = {name: colours for name, *colours in PAIRS}
GROUNDS = ("paper", "surface", "sunken")
READ = [
    *((ink, ground) for ink in ("ink", "ink-soft", "accent", "accent-strong") for ground in GROUNDS),
    *((tone, f"{tone}-ground") for tone in ("good", "bad", "waiting", "moving")),
    *((tone, "surface") for tone in ("good", "bad", "waiting", "moving")),
    *(("ink", f"{tone}-ground") for tone in ("good", "bad", "waiting", "moving", "quiet", "accent")),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("accent-strong", "accent-ground"),
]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), READ)
def test_text_can_be_read(ink, ground, scheme):
    assert contrast(COLOURS[ink][scheme], COLOURS[ground][scheme]) >= LEAST_CONTRAST


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("mark", ["line-strong", "focus"])
def test_edges_and_focus_can_be_seen(mark, scheme):
    for ground in GROUNDS:
        assert contrast(COLOURS[mark][scheme], COLOURS[ground][scheme]) >= 3


FIRST = {Tlp.RED: "#ff2b2b", Tlp.AMBER: "#ffc000", Tlp.AMBER_STRICT: "#ffc000", Tlp.GREEN: "#33ff00"} | {
    Tlp.CLEAR: "#ffffff"
}


@pytest.mark.parametrize("label", Tlp)
def test_tlp_has_the_colours_of_first(label):
    css = label.value.replace("+", "-")
    rule = re.search(rf"\.tlp-{css}\b[^{{]*\{{ color: var\(--(tlp-[a-z]+)\)", STYLES["comity.css"])
    assert rule
    assert f"--{rule[1]}: {FIRST[label]};" in STYLES["tokens.css"]
    assert "--tlp-ground: #000000;" in STYLES["tokens.css"]
