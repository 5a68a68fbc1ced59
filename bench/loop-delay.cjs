/**
 * The longest delay of this process's event loop since it was last asked, in ms. Not `monitorEventLoopDelay`, which forgets the delay
 * under way when it is reset: what ends a phase, such as an event, comes in the middle of one.
 */
"use strict";

exports.watchDelays = () => {
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
};
