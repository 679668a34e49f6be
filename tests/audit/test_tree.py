"""Merkle trees, built as in RFC 6962: hashes, and paths that lead to the root."""

from hashlib import sha256

import pytest

from badges.audit.check_export import leaf_hash, levels_of, node_hash, root_by, root_of
from badges.audit.proofs import path_in


def leaves(count):
    return [leaf_hash(b"", bytes([number])) for number in range(count)]


def test_a_leaf_is_hashed_apart_from_a_node():
    assert leaf_hash(b"salt", b"row") == sha256(b"\x00saltrow").digest()
    assert node_hash(b"left", b"right") == sha256(b"\x01leftright").digest()


def test_a_lone_leaf_is_the_root():
    (leaf,) = leaves(1)
    assert root_of([leaf]) == leaf
    assert path_in(levels_of([leaf]), 0) == []


def test_a_lone_node_moves_up_as_it_is():
    one, two, three = leaves(3)
    assert root_of([one, two, three]) == node_hash(node_hash(one, two), three)


@pytest.mark.parametrize("count", range(1, 18))
def test_every_path_leads_to_the_root(count):
    hashes = leaves(count)
    levels = levels_of(hashes)
    for place, leaf in enumerate(hashes):
        path = [(side, neighbour.hex()) for side, neighbour in path_in(levels, place)]
        assert root_by(path, leaf) == root_of(hashes)


def test_the_order_matters():
    assert root_of(leaves(4)) != root_of(leaves(4)[::-1])
