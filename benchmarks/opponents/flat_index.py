"""Exact search of FAISS over vectors, in one thread: no words, no names, no encoding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import faiss
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class FlatIndex:
    def __init__(self, vectors: NDArray[np.float32]) -> None:
        faiss.omp_set_num_threads(1)
        self._index = faiss.IndexFlatIP(vectors.shape[1])
        self._index.add(vectors)

    def search(self, vector: NDArray[np.float32], k: int) -> NDArray[np.int64]:
        return np.asarray(self._index.search(vector, k)[1][0], np.int64)
