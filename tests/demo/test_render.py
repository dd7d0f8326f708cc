"""Pictures: the same for the same seed, whole, and different where captions differ."""

import itertools

import numpy as np
import pytest

from catalog.demo import world
from catalog.demo.footage import cut_order
from catalog.demo.pictures import as_encoder_sees
from catalog.demo.render import Stage, render
from catalog.demo.subjects import cut_out
from catalog.demo.world import Scene

SIZE = (192, 108)


@pytest.mark.parametrize("scene", world.sample(world.scenes(), 20, 3), ids=lambda scene: scene.name)
def test_equal_arguments_give_equal_pixels(scene):
    picture = render(scene, size=SIZE, time=0.3, seed=4)
    assert picture.shape == (108, 192, 3)
    assert picture.dtype == np.uint8
    assert np.array_equal(picture, render(scene, size=SIZE, time=0.3, seed=4))
    assert not np.array_equal(picture, render(scene, size=SIZE, time=0.3, seed=5))


@pytest.mark.parametrize("setting", world.SETTINGS)
@pytest.mark.parametrize("light", world.LIGHTS)
def test_every_place_has_a_picture_in_every_light(setting, light):
    picture = render(Scene("car", "red", setting, light), size=(96, 54))
    assert picture.std() > 8


@pytest.mark.parametrize("subject", world.SUBJECTS)
def test_colours_show(subject):
    """Most of what tells a red subject from a blue one is red in the one and blue in the other."""

    def cut(colour):
        picture = cut_out(subject, colour, unit=40, mirrored=False, tint=(1, 1, 1), edge=(0, 0, 0))
        return np.asarray(picture, dtype=float)

    red, blue = cut("red"), cut("blue")
    own = np.abs(red - blue).max(axis=2) > 60
    assert own.sum() > 0.2 * (red[..., 3] > 128).sum()
    assert red[own][:, 0].mean() > blue[own][:, 0].mean() + 60
    assert blue[own][:, 2].mean() > red[own][:, 2].mean() + 60


def test_motion_goes_where_it_says():
    def middle(motion, time):
        stage = Stage(Scene("car", "red", "meadow", "day", motion), size=SIZE, seed=2)
        return stage._place(time)

    assert middle("left", 1.0)[0] < middle("left", 0.0)[0]
    assert middle("right", 1.0)[0] > middle("right", 0.0)[0]
    assert middle("rising", 1.0)[1] > middle("rising", 0.0)[1] > middle("still", 0.5)[1]
    assert middle("still", 0.0) == middle("still", 1.0)


def test_the_encoder_sees_the_whole_width():
    picture = np.zeros((108, 192, 3), dtype=np.uint8)
    picture[:, :20] = 255
    seen = as_encoder_sees(picture, 96, 95)
    assert seen.shape == (96, 96, 3)
    assert seen[:, :8].mean() > 200
    assert seen[:, 16:].mean() < 20


def test_neighbouring_shots_differ_in_place_and_light():
    order = cut_order(world.sample(world.held_out(), 60, 1))
    same = [
        a for a, b in itertools.pairwise(order) if a.light == b.light and a.setting == b.setting
    ]
    assert len(set(order)) == 60
    assert not same
