"""Recipes: what they say, how they are overridden, what they refuse."""

import pytest

from lama_desktop import options
from lama_desktop.errors import SettingsError
from lama_desktop.evaluation.metrics import MEASURES
from lama_desktop.networks.generators import DilatedConfig, FourierConfig, RegularConfig
from lama_desktop.networks.perceptual import Encoder
from lama_desktop.training.augment import AUGMENTATIONS
from lama_desktop.training.config import TrainConfig, find_recipe, generator_config, load_config, recipes, to_toml

PUBLISHED = {
    "lama-fourier": FourierConfig(blocks=9),
    "big-lama": FourierConfig(blocks=18),
    "lama-regular": RegularConfig(blocks=9),
    "big-lama-regular": RegularConfig(blocks=15),
    "lama-dilated": DilatedConfig(blocks=9),
}


@pytest.fixture
def recipe(tmp_path):
    def write(text, name="recipe.toml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize("name", recipes())
def test_every_recipe_that_travels_can_be_used(name):
    config = load_config(find_recipe(name))
    assert config.run.name == name
    assert config.run.description.endswith(".")
    assert config.data.augmentation in AUGMENTATIONS
    generator_config(config.generator)


@pytest.mark.parametrize(("name", "network"), PUBLISHED.items())
def test_the_published_recipes(name, network):
    for suffix in ("", "-celeba"):
        config = load_config(find_recipe(name + suffix))
        assert generator_config(config.generator) == network
        losses = config.losses
        assert (losses.l1.known, losses.l1.missing) == (10, 0)
        assert (losses.adversarial.weight, losses.adversarial.penalty, losses.adversarial.penalty_every) == (
            10,
            1e-3,
            1,
        )
        assert losses.feature_matching.weight == 100
        assert (losses.perceptual.kind, losses.perceptual.weight) == (Encoder.RESNET50_DILATED, 30)
        assert (config.generator.rate, config.discriminator.rate, config.optimizer.clip) == (1e-3, 1e-4, 1)
        assert config.optimizer.second_forward
        assert not losses.blended
        assert not config.average.on
        assert config.data.size == 256
    assert load_config(find_recipe("big-lama")).data.batch == 120
    assert load_config(find_recipe("lama-fourier")).data.batch == 30


def test_the_ablations_change_one_thing():
    base = options.flatten(load_config(find_recipe("lama-fourier")))

    def changes(name):
        other = options.flatten(load_config(find_recipe(name)))
        return {key: other[key] for key in base if other[key] != base[key] and not key.startswith("run.")}

    assert changes("ablation-narrow-masks") == {"data.augmentation": "default", "masks.preset": "train_thin"}
    assert changes("ablation-no-feature-matching") == {"losses.feature_matching.weight": 0}
    assert changes("ablation-no-perceptual") == {"losses.perceptual.kind": "none"}
    assert changes("ablation-perceptual-plain") == {"losses.perceptual.kind": "resnet50"}
    assert changes("ablation-perceptual-vgg") == {"losses.perceptual.kind": "vgg19", "losses.perceptual.weight": 0.03}
    assert changes("ablation-perceptual-imagenet-dilated") == {"losses.perceptual.weight": 1}
    assert changes("ablation-perceptual-imagenet") == {
        "losses.perceptual.kind": "resnet50",
        "losses.perceptual.weight": 0.3,
    }


def test_the_resolved_recipe_is_a_recipe(recipe):
    config = load_config(find_recipe("big-lama"), ['run.name=a \\ "name" with ü', 'data.images=["a b", "c"]'])
    assert load_config(recipe(to_toml(config))) == config


def test_overrides_win(recipe):
    path = recipe("[run]\nsteps = 5\n[losses.l1]\nknown = 3\n")
    config = load_config(path, ["run.steps=7", "losses.perceptual.weight=0", "average.on=true"], {"run.steps": 9})
    assert (config.run.steps, config.losses.l1.known, config.losses.perceptual.weight) == (9, 3, 0)
    assert config.average.on


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("losses.perceptul.weight=0", "Did you mean 'losses.perceptual.weight'"),
        ("weight_decay=0", "There is no option 'weight_decay'"),
        ("steps=5", "Did you mean 'run.steps'"),
        ("run.steps=0", "it is 1 or more"),
        ("run.seed=9223372036854775808", "it goes from 0"),
        ("run.steps=many", "it is a whole number"),
        ("run.steps", "takes NAME=VALUE"),
        ("generator.family=unet", "choose fourier or regular or dilated"),
        ("average.on=yes", "true or false"),
    ],
)
def test_what_does_not_exist_is_refused_with_what_was_meant(recipe, override, message):
    with pytest.raises(SettingsError, match=message):
        load_config(recipe(""), [override])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"generator.width": 4, "generator.downsamplings": 2, "generator.global_ratio": 0.1}, "fewer than 2 of 16"),
        ({"generator.family": "dilated", "generator.dilations": 5}, "cannot share 512 channels equally"),
    ],
)
def test_channels_that_cannot_be_split_are_refused(values, message):
    with pytest.raises(SettingsError, match=message):
        generator_config(options.unflatten(TrainConfig, values).generator)


def test_a_recipe_as_text_tells_what_one_may_choose():
    text = to_toml(TrainConfig())
    assert "One of none, resnet50-dilated, resnet50, vgg19." in text
    described = options.tree_options(TrainConfig)
    assert all(name in described["data.augmentation"].help for name in AUGMENTATIONS)
    assert all(name in described["validation.monitor"].help for name in MEASURES)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[run\n", "no valid TOML"),
        ("[run]\nstep = 3\n", "Did you mean 'run.steps'"),
        ('base = "recipe"\n', "its own base"),
        ('base = "nothing"\n', "no recipe 'nothing'"),
        ("run = 3\n", "no option 'run'"),
    ],
)
def test_recipes_that_cannot_be_used(recipe, text, message):
    with pytest.raises(SettingsError, match=message):
        load_config(recipe(text))


def test_a_recipe_may_stand_on_another_beside_it(recipe):
    recipe("[run]\nsteps = 5\nseed = 1\n", "first.toml")
    config = load_config(recipe('base = "first"\n[run]\nseed = 2\n', "second.toml"))
    assert (config.run.steps, config.run.seed) == (5, 2)


def test_recipes_are_found_by_name_and_by_path(tmp_path):
    assert find_recipe("tiny").name == "tiny.toml"
    with pytest.raises(SettingsError, match="choose ablation"):
        find_recipe("tinny")
    with pytest.raises(SettingsError, match="There is no recipe"):
        find_recipe(str(tmp_path / "none.toml"))


def test_the_defaults_are_the_paper():
    paper = options.flatten(load_config(find_recipe("lama-fourier")))
    default = options.flatten(TrainConfig())
    different = {name for name in paper if paper[name] != default[name]}
    assert different == {"run.name", "run.description", "losses.perceptual.kind"}
