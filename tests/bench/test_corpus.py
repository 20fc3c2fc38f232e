"""What holds over the whole benchmark corpus; sizes and content only, never time."""

from __future__ import annotations

import gzip

import pytest

import pyfastgz
from bench.corpus import HALVES
from bench.corpus import SIZE_CLASSES
from bench.corpus import Document
from bench.corpus import load
from bench.encoders.run import LEVELS
from bench.encoders.run import level_sizes


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_is_as_small_as_the_same_level_of_zlib(
    documents: list[Document], level: int
) -> None:
    ours, zlibs = level_sizes(documents, level)
    assert ours <= 1.005 * zlibs


def test_every_document_survives_at_level_6(documents: list[Document]) -> None:
    for document in documents:
        assert gzip.decompress(pyfastgz.compress(document.body)) == document.body, document.name


@pytest.mark.parametrize("half", HALVES)
def test_each_half_has_documents_of_every_size(documents: list[Document], half: str) -> None:
    assert load(half) == [document for document in documents if document.half == half]
    assert {document.size_class for document in load(half)} == set(SIZE_CLASSES)
