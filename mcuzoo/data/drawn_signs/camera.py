"""What light and camera do to a scene: shade, haze, blur, exposure, noise, JPEG."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mcuzoo.data.drawn_signs.raster import Image, Sheet, cloud, load_cv2


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
