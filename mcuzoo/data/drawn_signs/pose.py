"""Where a sign stands before the camera: a turn in space and a pinhole projection."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcuzoo.data.drawn_signs.geometry import Points

_CAMERA_DISTANCE = 4.5
"""Distance from the sign's centre to the camera, in half sign widths."""


@dataclass(frozen=True)
class Pose:
    """A sign's centre and half width in pixels, and its turns about the three axes."""

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
