/**
 * The longest delay of this process's event loop since it was last asked, in ms. Not `monitorEventLoopDelay`, which forgets the delay
 * under way when it is reset: what ends a phase, such as an event, comes in the middle of one.
 */
"use strict";

function watchDelays() {
  let last = performance.now();
  let longest = 0;
  setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last - 1);
    last = now;
  }, 1).unref();
  return () => {
    const found = longest;
    longest = 0;
    return found;
  };
}

/** Phases one behind the other, from the first call of `begin`: in their order, each with its longest delay in ms and what it took in s. */
exports.watchPhases = () => {
  const phases = new Map();
  let began;
  let longestDelay;
  return {
    begin() {
      if (began !== undefined) return;
      began = performance.now();
      longestDelay = watchDelays();
    },
    end(name) {
      const now = performance.now();
      const { longest = 0, seconds = 0 } = phases.get(name) ?? {};
      phases.set(name, {
        name,
        longest: Math.max(longest, longestDelay()),
        seconds: seconds + (now - began) / 1000,
      });
      began = now;
    },
    all: () => [...phases.values()],
  };
};
