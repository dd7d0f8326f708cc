"""The world of the demonstration: how large it is, and what is kept from training."""

import pytest

from catalog.demo import world
from catalog.demo.world import Scene


def combination(scene):
    return (scene.subject, scene.colour, scene.setting, scene.light)


def test_the_world_holds_at_least_five_thousand_combinations():
    assert world.combinations() >= 5000
    assert len({combination(scene) for scene in world.scenes()}) == world.combinations()
    assert (
        len(set(world.scenes())) == len(world.scenes()) == world.combinations() * len(world.MOTIONS)
    )


def test_no_held_out_combination_is_trained_on_with_any_motion():
    trained = {combination(scene) for scene in world.training()}
    kept = {combination(scene) for scene in world.held_out()}
    assert not trained & kept
    assert len(trained) + len(kept) == world.combinations()
    assert 0.06 < len(kept) / world.combinations() < 0.10


def test_every_word_of_the_world_is_trained_on():
    for field, values in (
        ("subject", world.SUBJECTS),
        ("colour", world.COLOURS),
        ("setting", world.SETTINGS),
        ("light", world.LIGHTS),
        ("motion", world.MOTIONS),
    ):
        assert {getattr(scene, field) for scene in world.training()} == set(values)


def test_the_split_never_moves():
    # A shipped encoder was trained on one side of it.
    assert len(world.held_out()) == 2528
    assert (
        Scene("car", "red", "beach", "night").is_held_out
        is Scene("car", "red", "beach", "night", "left").is_held_out
    )


def test_a_sample_never_repeats_a_combination_and_follows_its_seed():
    drawn = world.sample(world.held_out(), 200, 5)
    assert len({combination(scene) for scene in drawn}) == 200
    assert drawn == world.sample(world.held_out(), 200, 5)
    assert drawn != world.sample(world.held_out(), 200, 6)
    with pytest.raises(ValueError, match="holds only"):
        world.sample(world.held_out(), 5000, 1)
