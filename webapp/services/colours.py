"""A firm's colour, made readable in both themes: contrast as WCAG 2.2 counts it."""

from __future__ import annotations

READABLE = 4.5
READABLE_IN_THE_DARK = 6.0  # light on dark, a thin letter needs more
WHITE, BLACK = "#ffffff", "#000000"
LIGHT_SUNKEN = "#f1efeb"  # the darkest ground of the light theme, as in app.css
DARK_SUNKEN, DARK_RAISED, DARK_GROUND = "#22282b", "#1b2023", "#14181a"
STEPS = 50


def contrast(one: str, other: str) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(part / 255) for part in _parts(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)  # noqa: PLR2004  sRGB's own


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def mix(colour: str, other: str, share: float) -> str:
    """Return a colour with a share of another in it."""
    pairs = zip(_parts(colour), _parts(other), strict=True)
    return "#" + "".join(f"{round(own + (foreign - own) * share):02x}" for own, foreign in pairs)


def light(accent: str) -> dict[str, str]:
    """Return the tokens of the light theme; the accent is darkened as little as reading it on grey needs."""
    own = _until(accent, BLACK, LIGHT_SUNKEN, READABLE)
    return {
        "accent": own,
        "accent-strong": mix(own, BLACK, 0.22),
        "on-accent": WHITE,
        "tint": _ground_for(own, WHITE),
    }


def dark(accent: str) -> dict[str, str]:
    own = _until(accent, WHITE, DARK_SUNKEN, READABLE_IN_THE_DARK)
    return {
        "accent": own,
        "accent-strong": mix(own, WHITE, 0.35),
        "on-accent": DARK_GROUND,
        "tint": _ground_for(own, DARK_RAISED),
    }


def _until(colour: str, other: str, ground: str, enough: float) -> str:
    steps = (mix(colour, other, step / STEPS) for step in range(STEPS + 1))
    return next(each for each in steps if contrast(each, ground) >= enough)


def _ground_for(colour: str, ground: str) -> str:
    """Return a ground tinted with a colour which can still be read on it."""
    steps = (mix(ground, colour, percent / 100) for percent in range(14, -1, -1))
    return next(each for each in steps if contrast(colour, each) >= READABLE)
