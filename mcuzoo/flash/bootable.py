"""The boot header of an image, checked before anything is sent: by our own reading of the boot ROM,
and by NXP's SPSDK where it is installed."""

from __future__ import annotations

from mcuzoo.errors import EmulatorError, command
from mcuzoo.extras import missing_packages
from mcuzoo.flash.image import Payload, check_boot

_SHOWN = 400


def check_bootable(payload: Payload) -> str:
    """Who found no error in the image's boot header, in words. Raises EmulatorError for errors."""
    check_boot(payload)
    if missing_packages(["spsdk"]):
        return "checked by mcuzoo (SPSDK is not installed)"
    _check_by_spsdk(payload)
    return f"checked by mcuzoo and by SPSDK as {payload.board.spsdk_family}"


def _check_by_spsdk(payload: Payload) -> None:
    from spsdk.exceptions import SPSDKError
    from spsdk.image.bootable_image.bimg import BootableImage
    from spsdk.image.mem_type import MemoryType
    from spsdk.utils.family import FamilyRevision

    family = payload.board.spsdk_family
    try:
        image = BootableImage.parse(
            payload.content, family=FamilyRevision(family), mem_type=MemoryType.FLEXSPI_NOR
        )
        report = image.verify()
    except SPSDKError as error:
        raise _refused(payload, " ".join(str(error).split())) from error
    if report.has_errors:
        raise _refused(payload, " ".join(report.draw(colorize=False).split()))


def _refused(payload: Payload, said: str) -> EmulatorError:
    family = payload.board.spsdk_family
    return EmulatorError(
        f"SPSDK finds no bootable image for {family} in {payload.bin}: {said[:_SHOWN]}",
        "Export and build the project again: " + command("mcuzoo", "build", payload.project),
    )
