"""Draw one picture of a sign: what stands behind it, the sign, turned in space, things before
it, and what light and camera do to the scene."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mcuzoo.data.drawn_signs.classes import CLASS_NAMES
from mcuzoo.data.drawn_signs.faces import BLUE, RED, WHITE, YELLOW, Face, Rgb, face_of
from mcuzoo.data.drawn_signs.raster import (
    Image,
    Points,
    Sheet,
    arc,
    cloud,
    load_cv2,
    points,
    rectangle,
    regular_polygon,
)


def light(rng: np.random.Generator, image: Image) -> Image:
    """Apply a lighting gradient, sometimes the edge of a shadow, a colour cast and haze."""
    size = image.shape[0]
    axis = np.linspace(-1, 1, size, dtype=np.float32)
    slope_x, slope_y = rng.uniform(-0.28, 0.28, 2)
    gain = 1 + slope_x * axis[None, :, None] + slope_y * axis[:, None, None]
    if rng.random() < 0.3:
        gain = gain * (1 - rng.uniform(0.25, 0.6) * _half_plane(rng, size))
    lit = image * gain * rng.uniform(0.9, 1.1, 3)
    haze = 1.3 * rng.uniform(0, 0.55) ** 2
    return np.asarray(lit * (1 - haze) + 205 * haze, dtype=np.float32)


def photograph(rng: np.random.Generator, image: Image) -> npt.NDArray[np.uint8]:
    """Return the scene as a cheap camera delivers it, uint8 [size, size, 3]."""
    blurred = _defocus(rng, _motion_blur(rng, image))
    exposed = blurred * float(np.exp(rng.normal(-0.06, 0.27)))
    shot_noise = np.sqrt(np.maximum(exposed, 1)) * rng.uniform(0, 0.9)
    noise = rng.standard_normal(image.shape, dtype=np.float32) * (shot_noise + rng.uniform(0, 7))
    mottle = cloud(rng, image.shape[0], 40) * rng.uniform(0, 8)
    pixels = np.clip(np.rint(exposed + noise + mottle), 0, 255).astype(np.uint8)
    return _through_jpeg(pixels, quality=int(rng.integers(22, 93)))


def _half_plane(rng: np.random.Generator, size: int) -> npt.NDArray[np.float32]:
    """Return coverage, float32 [size, size, 1], of everything on one side of a random line."""
    angle = rng.uniform(0, 2 * np.pi)
    along = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-along[1], along[0]])
    start = rng.uniform(0.3, 0.7, 2) * size - along * 2 * size
    far = start + along * 4 * size
    sheet = Sheet(size)
    depth = across * 2 * size
    sheet.fill([np.stack([start, far, far + depth, start + depth])], (255, 255, 255))
    return sheet.coverage()


def _motion_blur(rng: np.random.Generator, image: Image) -> Image:
    if rng.random() < 0.5:
        return image
    cv2 = load_cv2()
    length_px, angle = rng.uniform(1.5, 7.5), rng.uniform(0, np.pi)
    kernel = np.zeros((9, 9), np.float32)
    for along in np.linspace(-length_px / 2, length_px / 2, 33):
        x, y = 4 + along * np.cos(angle), 4 + along * np.sin(angle)
        kernel[round(y), round(x)] += 1
    return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum()), dtype=np.float32)


def _defocus(rng: np.random.Generator, image: Image) -> Image:
    sigma_px = float(rng.uniform(0.2, 1.0) if rng.random() < 0.65 else rng.uniform(1.0, 2.4))
    return np.asarray(load_cv2().GaussianBlur(image, (0, 0), sigma_px), dtype=np.float32)


def _through_jpeg(pixels: npt.NDArray[np.uint8], *, quality: int) -> npt.NDArray[np.uint8]:
    cv2 = load_cv2()
    bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.cvtColor(cv2.imdecode(encoded, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    return np.asarray(decoded, dtype=np.uint8)


_CAMERA_DISTANCE = 4.5
"""Distance from the sign's centre to the camera, in half sign widths."""


@dataclass(frozen=True)
class Pose:
    """A sign's centre and half width in pixels, and its turns about the three axes.

    center_px: x, y. half_width_px: in pixels. yaw_deg, pitch_deg, roll_deg: in degrees.
    """

    center_px: tuple[float, float]
    half_width_px: float
    yaw_deg: float
    pitch_deg: float
    roll_deg: float

    def project(self, face_points: Points) -> Points:
        """Project points of the face (float64 [N, 2], -1 to 1) to pixels, float64 [N, 2]."""
        yaw, pitch, roll = np.radians([self.yaw_deg, self.pitch_deg, self.roll_deg])
        turn_roll = np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
        x, y = turn_roll @ face_points.T
        depth = x * np.sin(yaw)
        x = x * np.cos(yaw)
        depth, y = depth + y * np.sin(pitch), y * np.cos(pitch)
        zoom = self.half_width_px * _CAMERA_DISTANCE / (_CAMERA_DISTANCE + depth)
        pixels: Points = np.stack([x * zoom, y * zoom], axis=1) + self.center_px
        return pixels


def random_pose(rng: np.random.Generator, size_px: int) -> Pose:
    """Return a pose that keeps the sign's centre well inside a square image of `size_px`."""
    half_width_px = size_px * float(np.exp(rng.uniform(np.log(0.14), np.log(0.36))))
    reach_px = max(0.0, 0.42 * size_px - half_width_px)
    offset_px = rng.uniform(-1, 1, 2) * min(reach_px, 0.24 * size_px)
    return Pose(
        center_px=(size_px / 2 + float(offset_px[0]), size_px / 2 + float(offset_px[1])),
        half_width_px=half_width_px,
        yaw_deg=float(np.clip(rng.normal(0, 18), -45, 45)),
        pitch_deg=float(np.clip(rng.normal(0, 9), -25, 25)),
        roll_deg=float(np.clip(rng.normal(0, 7), -20, 20)),
    )


_SKIES = (
    ((92, 148, 214), (206, 224, 240)),
    ((150, 160, 172), (214, 218, 222)),
    ((60, 70, 110), (238, 168, 120)),
    ((12, 16, 34), (48, 46, 62)),
)
_FACADES = ((150, 96, 76), (178, 168, 150), (122, 126, 134), (206, 188, 156), (96, 84, 80))
_LEAF = arc((0, 0), (1.0, 0.45), 0, 360)[::4]
_LEAVES = ((40, 74, 30), (66, 98, 40), (88, 108, 52), (104, 90, 44), (28, 52, 30))


def random_background(rng: np.random.Generator, size: int) -> Image:
    """Return a random scene without a sign, float32 [size, size, 3]."""
    kind = rng.choice(3, p=(0.62, 0.23, 0.15))
    image = (_street, _foliage, _wall)[kind](rng, size)
    image = _with_clutter(rng, image)
    grain = sum(cloud(rng, size, cells) * gain for cells, gain in ((5, 14.0), (24, 9.0), (70, 7.0)))
    return np.asarray(image + grain, dtype=np.float32)


def leaves(rng: np.random.Generator, sheet: Sheet, center: Points, spread: float, n: int) -> None:
    """Draw `n` leaves on `sheet` around `center` ([2], pixels), spread by that many pixels."""
    for position in center + rng.normal(0, spread, (n, 2)):
        colour = np.array(_LEAVES[rng.integers(len(_LEAVES))]) * rng.uniform(0.7, 1.35)
        sheet.fill([_leaf(rng, position, rng.uniform(2.5, 7.5))], colour)


def _leaf(rng: np.random.Generator, center: Points, length: float) -> Points:
    angle = rng.uniform(0, 2 * np.pi)
    along = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-along[1], along[0]])
    outline: Points = center + length * (_LEAF[:, :1] * along + _LEAF[:, 1:] * across)
    return outline


def _street(rng: np.random.Generator, size: int) -> Image:
    top, bottom = np.array(_SKIES[rng.choice(len(_SKIES), p=(0.4, 0.3, 0.15, 0.15))])
    night = top.sum() < 150
    dim = 0.3 if night else rng.uniform(0.7, 1.1)
    horizon = size * rng.uniform(0.5, 0.85)
    ramp = np.clip(np.arange(size) / horizon, 0, 1)[:, None, None]
    sky = np.broadcast_to(top + (bottom - top) * ramp, (size, size, 3)).astype(np.float32)
    sky = np.asarray(sky + cloud(rng, size, 4) * rng.uniform(0, 22), dtype=np.float32)
    sheet = Sheet(size)
    if rng.random() < 0.75:
        _tree_line(rng, sheet, size, horizon, dim)
    if rng.random() < 0.6:
        _houses(rng, sheet, size, horizon, dim, night)
    ground = np.array(_LEAVES[rng.integers(len(_LEAVES))] if rng.random() < 0.5 else (120,) * 3)
    sheet.fill([rectangle(0, horizon, size, size)], ground * dim)
    vanishing = rng.uniform(0.2, 0.8) * size
    left, right = np.sort(rng.uniform(-0.6, 1.6, 2)) * size
    grey = rng.uniform(60, 105) * dim
    sheet.fill([points((vanishing, horizon), (right, size), (left, size))], (grey, grey, grey + 4))
    middle = (left + right) / 2
    marking = points((vanishing, horizon), (middle + 4, size), (middle - 4, size))
    sheet.fill([marking], (grey * 2.0,) * 3)
    return sheet.over(sky)


def _tree_line(
    rng: np.random.Generator, sheet: Sheet, size: int, horizon: float, dim: float
) -> None:
    x = np.linspace(0, size, 40)
    bumps = np.convolve(rng.uniform(0, 1, 44), np.ones(5) / 5, mode="valid")
    crown = horizon - size * (rng.uniform(0.02, 0.25) + 0.25 * bumps)
    outline = np.concatenate([np.stack([x, crown], axis=1), [[size, horizon], [0, horizon]]])
    sheet.fill([outline], np.array(_LEAVES[rng.integers(len(_LEAVES))]) * dim)


def _houses(
    rng: np.random.Generator, sheet: Sheet, size: int, horizon: float, dim: float, night: bool
) -> None:
    for _ in range(rng.integers(1, 4)):
        left = rng.uniform(-0.2, 0.9) * size
        width, height = rng.uniform(0.2, 0.55, 2) * size
        top = horizon - height
        facade = np.array(_FACADES[rng.integers(len(_FACADES))]) * dim
        sheet.fill([rectangle(left, top, left + width, horizon)], facade)
        pitch = rng.uniform(10, 20)
        pane = (240, 200, 120) if night and rng.random() < 0.6 else facade * 0.55
        windows = [
            rectangle(x, y, x + pitch * 0.5, y + pitch * 0.6)
            for x in np.arange(left + 4, left + width - pitch * 0.6, pitch)
            for y in np.arange(top + 5, horizon - pitch * 0.7, pitch * 1.2)
        ]
        sheet.fill(windows, pane)


def _foliage(rng: np.random.Generator, size: int) -> Image:
    base = np.array(_LEAVES[rng.integers(len(_LEAVES))]) * rng.uniform(0.4, 1.0)
    image = np.asarray(base + cloud(rng, size, 6) * 22, dtype=np.float32)
    sheet = Sheet(size)
    for corner in rng.uniform(0, size, (12, 2)):
        leaves(rng, sheet, corner, size * 0.12, 12)
    return sheet.over(image)


def _wall(rng: np.random.Generator, size: int) -> Image:
    base = np.array(_FACADES[rng.integers(len(_FACADES))]) * rng.uniform(0.6, 1.15)
    image = np.broadcast_to(base * 0.8, (size, size, 3)).astype(np.float32)
    sheet = Sheet(size)
    height = rng.uniform(7, 18)
    width = height * rng.uniform(1.6, 3)
    for row, y in enumerate(np.arange(0, size, height)):
        for x in np.arange(-width * (0.5 if row % 2 else 1), size, width):
            brick = rectangle(x + 0.6, y + 0.6, x + width - 0.6, y + height - 0.6)
            sheet.fill([brick], base * rng.uniform(0.85, 1.12))
    return sheet.over(image)


def _with_clutter(rng: np.random.Generator, image: Image) -> Image:
    """Add poles, wires and bits of shops and cars in the colours of signs."""
    size = image.shape[0]
    sheet = Sheet(size)
    for _ in range(rng.integers(0, 3)):
        x = rng.uniform(0, size)
        lean, thickness = rng.uniform(-6, 6), rng.uniform(0.8, 4)
        grey = (rng.uniform(40, 150),) * 3
        pole = points((x, 0), (x + thickness, 0), (x + lean + thickness, size), (x + lean, size))
        sheet.fill([pole], grey)
    bright = (RED, BLUE, YELLOW, WHITE)
    for _ in range(rng.integers(0, 5)):
        center, radius = rng.uniform(0, size, 2), rng.uniform(3, 14)
        sides = int(rng.choice((3, 4, 24)))
        shape = center + regular_polygon(sides, radius, rng.uniform(0, 360))
        colour = np.array(bright[rng.integers(len(bright))]) * rng.uniform(0.3, 0.9)
        sheet.fill([shape], colour)
    return sheet.over(image)


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
