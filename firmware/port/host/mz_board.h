/* The host process as a board. */
#ifndef MZ_BOARD_H
#define MZ_BOARD_H

#define MZ_BOARD_ID "host"
#define MZ_CORE_CLOCK_HZ 1000000000u

#endif
