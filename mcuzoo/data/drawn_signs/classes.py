"""The classes of the signs data set, in the order of the model's outputs."""

from __future__ import annotations

CLASS_NAMES: tuple[str, ...] = (
    "stop",
    "yield",
    "no_entry",
    "speed_limit_30",
    "speed_limit_50",
    "speed_limit_80",
    "priority_road",
    "pedestrian_crossing",
    "roundabout",
    "turn_left",
    "turn_right",
    "road_works",
    "no_parking",
    "light_red",
    "light_yellow",
    "light_green",
)
