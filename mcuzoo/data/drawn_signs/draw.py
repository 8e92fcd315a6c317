"""Draw one picture of a sign: background, sign, things before it, light, camera."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mcuzoo.data.drawn_signs.background import leaves, random_background
from mcuzoo.data.drawn_signs.camera import light, photograph
from mcuzoo.data.drawn_signs.classes import CLASS_NAMES
from mcuzoo.data.drawn_signs.faces import Face, Rgb, face_of
from mcuzoo.data.drawn_signs.geometry import Points, rectangle
from mcuzoo.data.drawn_signs.pose import Pose, random_pose
from mcuzoo.data.drawn_signs.raster import Image, Sheet, cloud

SOURCE_SIZE = 160
"""Side of a drawn picture in pixels: more than the model's 128, as photographs are."""


def draw_sign(class_index: int, seed: int, index: int) -> npt.NDArray[np.uint8]:
    """Draw picture number `index` of a class, uint8 [SOURCE_SIZE, SOURCE_SIZE, 3], RGB.

    The picture is a function of the three arguments alone.
    Raises ValueError for a class that does not exist or a negative seed or index, and
    MissingExtraError without OpenCV.
    """
    if not 0 <= class_index < len(CLASS_NAMES):
        raise ValueError(f"class_index is {class_index}, not 0 to {len(CLASS_NAMES) - 1}")
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, index, class_index))))
    face = face_of(class_index)
    pose = random_pose(rng, SOURCE_SIZE)
    scene = _with_pole(rng, random_background(rng, SOURCE_SIZE), pose)
    scene = _with_face(rng, scene, face, pose)
    scene = light(rng, _with_obstacle(rng, scene, pose))
    return photograph(rng, _with_glow(rng, scene, face, pose))


def _with_pole(rng: np.random.Generator, scene: Image, pose: Pose) -> Image:
    if rng.random() < 0.15:
        return scene
    sheet = Sheet(SOURCE_SIZE)
    grey = rng.uniform(70, 170)
    half_width = rng.uniform(0.05, 0.1)
    sheet.fill([pose.project(rectangle(-half_width, 0, half_width, 6))], (grey,) * 3)
    sheet.fill([pose.project(rectangle(half_width / 3, 0, half_width, 6))], (grey * 0.7,) * 3)
    return sheet.over(scene)


def _with_face(rng: np.random.Generator, scene: Image, face: Face, pose: Pose) -> Image:
    """Draw the face: bleached by the sun, stained, and with a sheen across it."""
    sheet = Sheet(SOURCE_SIZE)
    gain, bleach = rng.uniform(0.75, 1.05), rng.uniform(0, 0.55) ** 2
    for layer in face.layers:
        colour = np.array(layer.colour) * (1 - bleach) + 165 * bleach
        projected = [pose.project(polygon) for polygon in layer.polygons]
        sheet.fill(projected, colour * gain)
    shine = cloud(rng, SOURCE_SIZE, 5) * rng.uniform(0, 26) - np.maximum(
        cloud(rng, SOURCE_SIZE, 30), 0
    ) * rng.uniform(0, 50)
    return np.asarray(sheet.over(scene) + shine * sheet.coverage(), dtype=np.float32)


def _with_obstacle(rng: np.random.Generator, scene: Image, pose: Pose) -> Image:
    """Sometimes put a twig, a post or a sticker before a part of the sign."""
    kind = rng.choice(4, p=(0.55, 0.22, 0.12, 0.11))
    if kind == 0:
        return scene
    sheet = Sheet(SOURCE_SIZE)
    angle = rng.uniform(0, 2 * np.pi)
    rim = np.array([np.cos(angle), np.sin(angle)]) * rng.uniform(0.5, 1.0)
    center: Points = pose.project(rim[None])[0]
    reach_px = pose.half_width_px
    if kind == 1:
        leaves(rng, sheet, center, 0.26 * reach_px, int(4 + 0.35 * reach_px))
    elif kind == 2:
        half_width_px = rng.uniform(0.06, 0.16) * reach_px
        post = rectangle(center[0] - half_width_px, 0, center[0] + half_width_px, SOURCE_SIZE)
        sheet.fill([post], (rng.uniform(30, 140),) * 3)
    else:
        half_px = rng.uniform(0.12, 0.24) * reach_px
        sticker = rectangle(-half_px, -half_px * 0.7, half_px, half_px * 0.7)
        sheet.fill([center + sticker], rng.uniform(20, 240, 3))
    return sheet.over(scene)


def _with_glow(rng: np.random.Generator, scene: Image, face: Face, pose: Pose) -> Image:
    """Add the light of a lit lens: a halo of its colour and a core near white."""
    if face.lamp is None:
        return scene
    brightness = rng.uniform(0.25, 1.0)
    lens = pose.project(np.array([face.lamp.center]))[0]
    radius_px = face.lamp.radius * pose.half_width_px
    grid = np.arange(SOURCE_SIZE) + 0.5
    distance2 = (grid[None, :] - lens[0]) ** 2 + (grid[:, None] - lens[1]) ** 2
    return np.asarray(
        scene
        + _halo(distance2, 1.5 * radius_px, face.lamp.colour, 0.55 * brightness)
        + _halo(distance2, 0.5 * radius_px, (255, 255, 255), 0.6 * brightness),
        dtype=np.float32,
    )


def _halo(
    distance2: npt.NDArray[np.float64], sigma_px: float, colour: Rgb, brightness: float
) -> npt.NDArray[np.float64]:
    falloff = np.exp(-distance2 / (2 * sigma_px**2))[..., None]
    light_: npt.NDArray[np.float64] = falloff * np.array(colour) * brightness
    return light_
