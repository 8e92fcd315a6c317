/* How deep the stack went: it is painted at reset, and what was used has lost its paint. */
#ifndef MZ_STACK_H
#define MZ_STACK_H

/* Once, right after reset. */
void mz_stack_paint(void);

#endif
