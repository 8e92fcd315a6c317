"""The recipe of a project's model, and what the user's flags change of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mcuzoo.options import RecipeOptions
from mcuzoo.project.manifest import Manifest
from mcuzoo.zoo.recipe_flags import chosen_recipe, recipe_notes


def manifest_with_recipe(
    manifest: Manifest, options: RecipeOptions, uploaded: bool = False
) -> Manifest:
    """`manifest` with the recipe that the flags say over its own.

    uploaded: the model is not the project's, so its recipe_source is right as it is; else it
    becomes "project", with ":" and where the project has it from. Raises as chosen_recipe.
    """
    source = manifest.recipe_source
    if not uploaded:
        source = f"project:{source}" if source else "project"
    chosen = chosen_recipe(manifest.preprocessing, source, options)
    return replace(manifest, preprocessing=chosen.recipe, recipe_source=chosen.source)


def manifest_notes(manifest: Manifest) -> Iterator[str]:
    """A line where nobody ever said how the model sees pictures."""
    return recipe_notes(manifest.preprocessing, manifest.recipe_source, manifest.input.shape)
