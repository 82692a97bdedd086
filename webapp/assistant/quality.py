"""Whether a photo shows enough for somebody to judge a damage or read a label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SIDE = 1024  # detail is judged at one scale, or the same blur would weigh more in a larger photo
_DARK_MEAN = 40  # grey levels
_DARK_HIGH = 120  # the level 99 of 100 pixels stay under; a dark screen with white letters is above
_BLURRED = 20.0  # variance of the Laplacian
_FLAT = 12.0  # standard deviation of a wall or a sheet, where there is no edge to be sharp
_SMALL = 300 * 300  # pixels


@dataclass(frozen=True, slots=True)
class Quality:
    """What is wrong with a photo; a better one is asked for when anything is."""

    dark: bool = False
    blurred: bool = False
    small: bool = False

    @property
    def poor(self) -> bool:
        return self.dark or self.blurred or self.small


def of_photo(image: Image.Image) -> Quality:
    small = image.width * image.height < _SMALL
    grey = image.convert("L")
    grey.thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    levels = np.asarray(grey, dtype=np.float32)
    dark = bool(levels.mean() < _DARK_MEAN and np.percentile(levels, 99) < _DARK_HIGH)
    return Quality(dark, not (dark or small) and _is_blurred(levels), small)


def _is_blurred(levels: NDArray[np.float32]) -> bool:
    return bool(levels.std() > _FLAT and _sharpness(levels) < _BLURRED)


def _sharpness(levels: NDArray[np.float32]) -> float:
    """Variance of the Laplacian: how much neighbours differ beyond a slope."""
    inner = levels[1:-1, 1:-1]
    around = levels[:-2, 1:-1] + levels[2:, 1:-1] + levels[1:-1, :-2] + levels[1:-1, 2:]
    return float((around - 4 * inner).var())
