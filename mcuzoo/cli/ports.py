"""mcuzoo ports: the serial ports of this machine, and which of them a board answers at."""

from __future__ import annotations

import sys
from typing import Annotated

from mcuzoo.cli.options import Json, takes
from mcuzoo.link.transport import SOME_PORT
from mcuzoo.options import Argument, Option

EXAMPLES: tuple[tuple[str, ...], ...] = (
    (),
    ("--json",),
    (SOME_PORT, "--baud", "921600"),
)


@takes()
def ports(
    names: Annotated[
        list[str] | None,
        Argument("Ports to ask [all with a USB device].", metavar="PORT"),
    ] = None,
    baud: Annotated[
        list[int] | None, Option("Rate to ask at, one or several [the boards'].", "--baud", min=1)
    ] = None,
    no_ask: Annotated[bool, Option("List the ports and open none.", "--no-ask")] = False,
    json_output: Json = False,
) -> None:
    """A port that another program has open is left alone. Ports without a USB device are asked only
    if they are named, here or in MCUZOO_PORTS."""
    from mcuzoo.cli.output import print_json
    from mcuzoo.link.ports import PortInfo
    from mcuzoo.link.survey import look, survey
    from mcuzoo.report.ports import port_document, ports_text
    from mcuzoo.rig.find_board import board_bauds, known_ports, may_be_asked

    listed = known_ports()
    if names:
        by_name = {port.device: port for port in listed}
        listed = [by_name.get(name, PortInfo(name)) for name in names]
    asked = [] if no_ask else [port for port in listed if names or may_be_asked(port)]
    answers = {one.port: one for one in survey(asked, baud or board_bauds())}
    found = [answers.get(port) or look([port])[0] for port in listed]
    if json_output:
        print_json("ports", {"ports": [port_document(one, listed) for one in found]})
    else:
        sys.stdout.write(ports_text(found))
