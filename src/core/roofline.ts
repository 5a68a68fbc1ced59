import type { Cost } from "./cost.ts";

/** What a machine can do at most. */
export interface MachineLimits {
  /** Floating-point operations a second, a multiply-add being two. */
  readonly flops: number;
  /** Bytes a second to and from memory, reads and writes together. */
  readonly bandwidth: number;
}

export interface Bound {
  readonly binds: "compute" | "memory";
  /** The least time that it can take. */
  readonly seconds: number;
}

/** Williams, Waterman and Patterson 2009: no more than the peak, and no more than intensity times bandwidth. */
export function boundOf({ flops, bytesRead, bytesWritten }: Cost, limits: MachineLimits): Bound {
  const compute = flops / limits.flops;
  const memory = (bytesRead + bytesWritten) / limits.bandwidth;
  return compute >= memory ? { binds: "compute", seconds: compute } : { binds: "memory", seconds: memory };
}
