"""Glyph pictures: repeatable, balanced, and of characters that a half-turn changes."""

from __future__ import annotations

import numpy as np

from corrconv.commands.train.glyphs import CHARACTERS, SIDE, draw_glyphs


def test_same_seed_same_pictures():
    images, labels = draw_glyphs(30, seed=3)
    again, labels_again = draw_glyphs(30, seed=3)
    others, _ = draw_glyphs(30, seed=4)
    assert (images == again).all()
    assert (labels == labels_again).all()
    assert (images != others).any()


def test_pictures_are_gray_balanced_and_never_alike():
    images, labels = draw_glyphs(45, seed=0)
    assert images.shape == (45, SIDE, SIDE)
    assert images.min() >= 0
    assert images.max() <= 1
    assert sorted(np.bincount(labels)) == [4] * 5 + [5] * 5
    assert len(np.unique(images.reshape(45, -1), axis=0)) == 45


def test_glyphs_lie_whole_inside_their_pictures():
    images, _ = draw_glyphs(200, seed=1)
    edges = np.concatenate([images[:, [0, -1], :].ravel(), images[:, :, [0, -1]].ravel()])
    inner = images[:, 6:14, 6:14]
    assert edges.mean() < 0.5 * inner.mean()


def test_no_character_is_its_own_half_turn_or_mirror_image():
    images, labels = draw_glyphs(600, seed=2)
    means = np.array([images[labels == label].mean(axis=0) for label in range(len(CHARACTERS))])
    means -= means.mean(axis=(1, 2), keepdims=True)
    for changed in (means[:, ::-1, ::-1], means[:, ::-1], means[:, :, ::-1]):
        likeness = (means * changed).sum(axis=(1, 2)) / (means**2).sum(axis=(1, 2))
        assert likeness.max() < 0.95, CHARACTERS[likeness.argmax()]
