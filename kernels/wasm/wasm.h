/* What the host calls, src/backends/wasm/kernels.ts. */
#pragma once

/*
 * A thread whose memory another one had grow is told so by an interrupt, for which V8's optimized code does not look at the start of
 * a function that calls none. It would then end a fill or a copy in what is new as out of bounds. So whoever has got an address from
 * another thread sees to it first; mostly that is one comparison.
 */
void see_growth(void);

#define EXPORT(name) __attribute__((export_name(#name)))
